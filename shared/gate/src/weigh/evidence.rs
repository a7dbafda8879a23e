//! Everything that a task's rows amount to, weighed.

use super::{floors, guards, rows, superiority, threshold};
use crate::findings::{Check, Code, Reason};
use crate::leakage;
use crate::policy::Policy;
use crate::row::Against;
use crate::tally::RowEvidence;

/// Every check the policy asks for, the weightiest first; p-values of the superiority family are adjusted,
/// and held to the family-wise `level`.
pub(crate) fn weigh(
    policy: &Policy,
    against: Against,
    level: f64,
    mut evidence: RowEvidence,
) -> (RowEvidence, Vec<Reason>) {
    let mut reasons = rows::check(policy, &evidence);
    reasons.extend(policy.floors.iter().map(|floor| floors::check(floor, policy, against, &evidence)));
    match against {
        Against::Champion => {
            reasons.extend(guards::check(policy, &evidence.metrics, &evidence.tests));
            let heavy_tail = evidence.heavy_tail;
            let wins = superiority::check(policy, level, &evidence.metrics, &mut evidence.tests, heavy_tail);
            reasons.extend(wins);
            reasons.extend(threshold::check(policy, &evidence.metrics, &evidence.tests));
        }
        Against::Nobody if policy.floors.is_empty() => reasons.push(Reason::new(
            Check::Win,
            Code::NoFloors,
            "a first model, and no floors in the policy to judge it by",
        )),
        Against::Nobody => {}
    }
    let score = evidence.metrics.challenger.as_ref().and_then(|metrics| metrics.value(policy.task.leading()));
    reasons.extend(leakage::check_ceiling(policy, score));
    reasons.append(&mut evidence.reasons);
    // Stable: within one weight the order of the policy stays.
    reasons.sort_by_key(|r| r.code.weight());
    (evidence, reasons)
}
