//! What an alarm does.

use crate::findings::{Check, Code, Leak, Reason};
use crate::policy::LeakagePolicy;

impl LeakagePolicy {
    pub(super) fn reason(&self, leak: Leak, found: bool, text: String) -> Reason {
        let alarm = Code::of(self.action, Code::LeakBlocks, Code::LeakAsks, Code::LeakWarning);
        let code = if found { alarm } else { Code::NoLeak };
        Reason::new(Check::Leakage(leak), code, text)
    }
}
