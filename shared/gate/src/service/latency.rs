//! A quantile of the latency, held to a bound and to the champion's.

use super::bound;
use super::tally::{ServedModel, ServiceTally};
use crate::findings::{Check, Code, Reason};
use crate::policy::LatencyGuard;
use crate::row::Against;
use pawl_stats::Interval;
use pawl_stats::quantile::{interval, quantile, values_needed};

/// The reasons that follow from one guard; none where it says nothing of a first model.
pub(super) fn check(guard: &LatencyGuard, tally: &ServiceTally, alpha: f64, against: Against) -> Vec<Reason> {
    if against == Against::Nobody && guard.at_most.is_none() {
        return Vec::new();
    }
    let name = format!("p{}", (1e6 * guard.quantile).round() / 1e4);
    let reason = |(code, text)| Reason::new(Check::Latency(name.clone()), code, text);
    let models = tally.models(against);
    let unmeasured = |model: &&&ServedModel| model.measured == 0 || model.answers_unmeasured() > 0;
    if let Some(model) = models.iter().find(unmeasured) {
        let (missing, rows) = (model.answers_unmeasured(), model.rows);
        let text =
            format!("{missing} of {rows} answers came without a latency: nothing can be said of {name}");
        return vec![reason((Code::NotMeasured, text))];
    }
    // Each quantile at half the level, so that the ratio's interval holds however the two depend on each
    // other.
    let level = alpha / 2.0;
    let bounded = |model: &&ServedModel| Bounded::new(&model.sorted_latencies(), guard.quantile, level);
    let found: Option<Vec<Bounded>> = models.iter().map(bounded).collect();
    let Some([new, rest @ ..]) = found.as_deref() else {
        let needed = values_needed(guard.quantile, level);
        let text = format!("too few answers to bound {name}: {needed} are needed of each model");
        return vec![reason((Code::TooFewRows, text))];
    };
    let own = guard.at_most.map(|most| {
        let Interval { low, high } = new.interval;
        let text =
            format!("{name} is {:.2} ms, interval {low:.2} to {high:.2}, the bound is {most} ms", new.value);
        (bound::at_most(new.interval, most), text)
    });
    let compared = rest.first().map(|old| compare(&name, new, old, guard.margin));
    own.into_iter().chain(compared).map(reason).collect()
}

/// A quantile in milliseconds, with its interval.
struct Bounded {
    value: f64,
    interval: Interval,
}

impl Bounded {
    fn new(sorted: &[f64], share: f64, level: f64) -> Option<Self> {
        Some(Self { value: quantile(sorted, share)?, interval: interval(sorted, share, level)? })
    }
}

/// Challenger against champion, by the ratio of their quantiles.
fn compare(name: &str, new: &Bounded, old: &Bounded, margin: f64) -> (Code, String) {
    let limit = 1.0 + margin;
    let low = new.interval.low / old.interval.high;
    let high = new.interval.high / old.interval.low;
    let (code, means) = if high < limit {
        (Code::NonInferior, "as fast as the champion")
    } else if low > 1.0 {
        (Code::Harm, "slower than the champion")
    } else {
        (Code::GuardUndecided, "not shown to be as fast as the champion")
    };
    let (new, old) = (new.value, old.value);
    let text = format!(
        "{means}: {name} is {new:.2} ms, the champion's {old:.2}; ratio {low:.3} to {high:.3}, the limit is \
         {limit:.3}"
    );
    (code, text)
}
