//! The challenger's own value, held to a floor.

use crate::findings::{Check, Code, Reason, TestName};
use crate::policy::{Better, Floor, Policy};
use crate::row::Against;
use crate::tally::RowEvidence;
use pawl_stats::Interval;

pub(super) fn check(floor: &Floor, policy: &Policy, against: Against, evidence: &RowEvidence) -> Reason {
    let (check, metric) = (Check::Floor(floor.metric), floor.metric);
    let metrics = evidence.metrics.challenger.as_ref();
    let Some(value) = metrics.and_then(|m| m.value(metric)) else {
        return Reason::new(check, Code::Undefined, format!("{metric} is undefined on these rows"));
    };
    let beyond = |value: f64| match metric.better() {
        Better::Higher => value >= floor.worst,
        Better::Lower => value <= floor.worst,
    };
    let text = format!("{metric} is {value:.4}, the floor is {}", floor.worst);
    if !beyond(value) {
        return Reason::new(check, Code::FloorBroken, text);
    }
    if against == Against::Champion {
        return Reason::new(check, Code::FloorHeld, text);
    }
    let of_metric = || evidence.tests.iter().filter(|t| t.metric == metric);
    // Where rows belong together, only clusters left out say how far the value may be off.
    let own = match policy.cluster {
        Some(_) => of_metric().find(|t| t.name == TestName::JackknifeInterval),
        None => of_metric().find(|t| t.interval.is_some()),
    };
    match own.and_then(|t| t.interval) {
        Some(Interval { low, high }) => {
            let worst_end = if metric.better() == Better::Higher { low } else { high };
            let code = if beyond(worst_end) { Code::FloorProven } else { Code::FloorUnproven };
            Reason::new(check, code, format!("{text}, the interval {low:.4} to {high:.4}"))
        }
        None => Reason::new(check, Code::FloorUnproven, format!("{text}, without an interval")),
    }
}
