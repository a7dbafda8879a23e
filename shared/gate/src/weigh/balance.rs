//! Which metrics win and guard where the policy names none.

use crate::findings::{Check, Code, Reason};
use crate::policy::{Balance, ClassShares, Policy, Task};

/// What the shares of the classes choose, where they choose anything.
pub(crate) fn check(policy: &Policy, shares: &ClassShares) -> Option<Reason> {
    let wins = policy.superiority.is_none() && policy.task == Task::Multiclass;
    let by_default = policy.guards.is_none() || wins;
    let (rarest, least) = (100.0 * shares.rarest_share(), 100.0 * shares.least_share());
    let means = match shares.balance() {
        Balance::Balanced => format!("at least {least:.1} %: accuracy counts by default"),
        Balance::Imbalanced => {
            format!("fewer than {least:.1} %: accuracy, which rewards silence there, does not count")
        }
    };
    let text = format!("the rarest class has {rarest:.1} % of the rows, {means}");
    (by_default && rarest.is_finite()).then(|| Reason::new(Check::Balance, Code::DefaultsChosen, text))
}
