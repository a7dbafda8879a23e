//! What an alarm does.

use crate::findings::{Check, Code, Leak, Reason};
use crate::policy::{Action, LeakagePolicy};

impl LeakagePolicy {
    pub(super) fn reason(&self, leak: Leak, found: bool, text: String) -> Reason {
        let code = match (found, self.action) {
            (false, _) => Code::NoLeak,
            (true, Action::Block) => Code::LeakBlocks,
            (true, Action::Ask) => Code::LeakAsks,
            (true, Action::Warn) => Code::LeakWarning,
        };
        Reason::new(Check::Leakage(leak), code, text)
    }
}
