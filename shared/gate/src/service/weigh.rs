//! What latencies and failures mean for the challenger.

use super::tally::{Model, Tally};
use super::{ErrorGuard, LatencyGuard};
use crate::pairs::Against;
use crate::verdict::{Check, Code, Reason};
use pawl_stats::quantile::{enough, interval, quantile};
use pawl_stats::{Interval, tango, wilson};

impl Tally {
    pub(super) fn latency(
        &self,
        guard: &LatencyGuard,
        alpha: f64,
        against: Against,
        models: &[&Model],
    ) -> Vec<Reason> {
        if against == Against::Nobody && guard.at_most.is_none() {
            return Vec::new();
        }
        let name = format!("p{}", (1e6 * guard.quantile).round() / 1e4);
        let reason = |code, text: String| Reason::new(Check::Latency(name.clone()), code, text);
        if let Some(model) = models.iter().find(|model| model.measured == 0 || model.answers_unmeasured() > 0)
        {
            let (missing, rows) = (model.answers_unmeasured(), model.rows);
            let text =
                format!("{missing} of {rows} answers came without a latency: nothing can be said of {name}");
            return vec![reason(Code::NotMeasured, text)];
        }
        // Each quantile at half the level, so that the ratio's interval holds however the two depend on each other.
        let share = guard.quantile;
        let told = |model: &Model| {
            let sorted = model.sorted();
            Some((quantile(&sorted, share)?, interval(&sorted, share, alpha / 2.0)?))
        };
        let found: Option<Vec<_>> = models.iter().map(|model| told(model)).collect();
        let Some([(new, of_new), rest @ ..]) = found.as_deref() else {
            let text = format!(
                "too few answers to bound {name}: {} are needed of each model",
                enough(share, alpha / 2.0)
            );
            return vec![reason(Code::TooFewRows, text)];
        };
        let mut reasons = Vec::new();
        if let Some(most) = guard.at_most {
            let code = bound(*of_new, most);
            let text = format!(
                "{name} is {new:.2} ms, interval {:.2} to {:.2}, the bound is {most} ms",
                of_new.low, of_new.high
            );
            reasons.push(reason(code, text));
        }
        if let (Against::Champion, [(old, of_old)]) = (against, rest) {
            let ratio = Interval { low: of_new.low / of_old.high, high: of_new.high / of_old.low };
            let (code, means) = if ratio.high < 1.0 + guard.margin {
                (Code::NonInferior, "as fast as the champion")
            } else if ratio.low > 1.0 {
                (Code::Harm, "slower than the champion")
            } else {
                (Code::GuardUndecided, "not shown to be as fast as the champion")
            };
            let text = format!(
                "{means}: {name} is {new:.2} ms, the champion's {old:.2}; ratio {:.3} to {:.3}, the limit is {:.3}",
                ratio.low,
                ratio.high,
                1.0 + guard.margin
            );
            reasons.push(reason(code, text));
        }
        reasons
    }

    pub(super) fn errors(
        &self,
        guard: &ErrorGuard,
        alpha: f64,
        against: Against,
        models: &[&Model],
    ) -> Vec<Reason> {
        if against == Against::Nobody && guard.at_most.is_none() {
            return Vec::new();
        }
        let reason = |code, text: String| Reason::new(Check::Errors, code, text);
        if let Some(model) = models.iter().find(|model| model.watched < model.rows || model.rows == 0) {
            let (missing, rows) = (model.rows - model.watched, model.rows);
            let text = format!("of {missing} of {rows} requests nobody measured whether they failed");
            return vec![reason(Code::NotMeasured, text)];
        }
        let Model { failed, rows, .. } = self.challenger;
        let mut reasons = Vec::new();
        if let Some(most) = guard.at_most {
            let found = wilson(failed, rows, alpha);
            let code = found.map_or(Code::Undefined, |interval| bound(interval, most));
            let high = found.map_or(f64::NAN, |interval| interval.high);
            let text = format!(
                "{failed} of {rows} requests failed, at most {:.3} % for sure, the bound is {:.3} %",
                100.0 * high,
                100.0 * most
            );
            reasons.push(reason(code, text));
        }
        if against == Against::Champion {
            let (old, asked) = (self.champion.failed, self.champion.rows);
            // On the same rows, so a paired interval; of answers, so higher is better.
            let Some(gain) = tango::interval(&self.answers, alpha) else {
                return vec![reason(
                    Code::Undefined,
                    "the difference of error rates has no interval".to_owned(),
                )];
            };
            let (code, means) = if gain.low > -guard.margin {
                (Code::NonInferior, "as reliable as the champion")
            } else if gain.high < 0.0 {
                (Code::Harm, "fails more often than the champion")
            } else {
                (Code::GuardUndecided, "not shown to be as reliable as the champion")
            };
            let text = format!(
                "{means}: {failed} of {rows} requests failed, the champion's {old} of {asked}; difference {:+.4} to {:+.4}, margin {}",
                -gain.high, -gain.low, guard.margin
            );
            reasons.push(reason(code, text));
        }
        reasons
    }
}

/// A value whose interval this is, held to a bound.
fn bound(interval: Interval, most: f64) -> Code {
    if interval.high <= most {
        Code::FloorHeld
    } else if interval.low > most {
        Code::FloorBroken
    } else {
        Code::FloorUnproven
    }
}
