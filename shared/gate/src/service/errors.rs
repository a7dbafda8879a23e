//! The share of requests without an answer, held to a bound and to the champion's.

use super::bound;
use super::tally::{ServedModel, ServiceTally};
use crate::findings::{Check, Code, Reason};
use crate::policy::ErrorGuard;
use crate::row::Against;
use pawl_stats::{tango, wilson};

/// The reasons that follow from the guard; none where it says nothing of a first model.
pub(super) fn check(guard: &ErrorGuard, tally: &ServiceTally, alpha: f64, against: Against) -> Vec<Reason> {
    if against == Against::Nobody && guard.at_most.is_none() {
        return Vec::new();
    }
    let reason = |(code, text)| Reason::new(Check::Errors, code, text);
    let models = tally.models(against);
    if let Some(model) = models.iter().find(|model| model.watched < model.rows || model.rows == 0) {
        let (missing, rows) = (model.rows - model.watched, model.rows);
        let text = format!("of {missing} of {rows} requests nobody measured whether they failed");
        return vec![reason((Code::NotMeasured, text))];
    }
    let compared = match against {
        Against::Champion => match compare(tally, guard.margin, alpha) {
            Some(compared) => Some(compared),
            None => {
                let text = "the difference of error rates has no interval".to_owned();
                return vec![reason((Code::Undefined, text))];
            }
        },
        Against::Nobody => None,
    };
    let own = guard.at_most.map(|most| hold(&tally.challenger, most, alpha));
    own.into_iter().chain(compared).map(reason).collect()
}

/// The challenger's own rate against the most that it may be.
fn hold(ServedModel { failed, rows, .. }: &ServedModel, most: f64, alpha: f64) -> (Code, String) {
    let found = wilson(*failed, *rows, alpha);
    let code = found.map_or(Code::Undefined, |interval| bound::at_most(interval, most));
    let text = format!(
        "{failed} of {rows} requests failed, at most {:.3} % for sure, the bound is {:.3} %",
        100.0 * found.map_or(f64::NAN, |interval| interval.high),
        100.0 * most
    );
    (code, text)
}

/// Challenger against champion on the same rows, hence by a paired interval; `None` without rows.
fn compare(tally: &ServiceTally, margin: f64, alpha: f64) -> Option<(Code, String)> {
    // The table counts answers, so higher is better.
    let gain = tango::interval(&tally.answers, alpha)?;
    let (code, means) = if gain.low > -margin {
        (Code::NonInferior, "as reliable as the champion")
    } else if gain.high < 0.0 {
        (Code::Harm, "fails more often than the champion")
    } else {
        (Code::GuardUndecided, "not shown to be as reliable as the champion")
    };
    let (ServedModel { failed, rows, .. }, old) = (&tally.challenger, &tally.champion);
    let text = format!(
        "{means}: {failed} of {rows} requests failed, the champion's {} of {}; difference {:+.4} to {:+.4}, \
         margin {margin}",
        old.failed, old.rows, -gain.high, -gain.low
    );
    Some((code, text))
}
