//! What an alarm does.

use crate::findings::{Check, Code, Leak, Reason};
use crate::policy::{Consequence, LeakagePolicy};

impl LeakagePolicy {
    pub(super) fn reason(&self, leak: Leak, found: bool, text: String) -> Reason {
        let code = match (found, self.action) {
            (false, _) => Code::NoLeak,
            (true, Consequence::Block) => Code::LeakBlocks,
            (true, Consequence::Ask) => Code::LeakAsks,
            (true, Consequence::Warn) => Code::LeakWarning,
        };
        Reason::new(Check::Leakage(leak), code, text)
    }
}
