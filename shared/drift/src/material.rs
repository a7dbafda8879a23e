//! Material or not: how far a column moved, leaving significance aside.
//!
//! Each kind of column has an effect size of its own: numbers the Wasserstein distance in deviations,
//! values that are counted each by itself the Jensen–Shannon distance. Shares (of missing values, of one
//! type, of one value, of one bin, beyond a quantile) all go by one rule, so that the same event comes to
//! the same verdict however it is spelled.

use super::document::{Axis, CountedBin, Distances, ShareChange, Verdict};
use super::policy::Policy;
use super::power::Z_95;
use pawl_stats::newcombe::newcombe;

/// Beyond a quantile with at most this share of the baseline lies a tail.
const TAIL: f64 = 0.06;

/// A share that moved, and how much that matters.
#[derive(Debug, Clone)]
pub(super) struct Moved {
    pub cell: CountedBin,
    pub verdict: Verdict,
}

/// A share to watch.
pub(super) struct Watched {
    pub cell: CountedBin,
    /// Whether it counts if the share was multiplied: not of a bin among others, whose share is as wide as it
    /// was cut.
    pub by_ratio: bool,
}

/// The cell whose change matters most; of several alike, the one that moved furthest.
pub(super) fn most(
    axis: Axis,
    cells: impl IntoIterator<Item = Watched>,
    (n, m): (u64, u64),
    policy: &Policy,
) -> Option<Moved> {
    let judged = cells.into_iter().map(|watched| {
        let verdict = share(axis, &watched, (n, m), policy);
        Moved { cell: watched.cell, verdict }
    });
    judged.max_by(|a, b| {
        let moved = |it: &Moved| change(&it.cell, (n, m)).abs();
        a.verdict.cmp(&b.verdict).then(moved(a).total_cmp(&moved(b)))
    })
}

/// The share of the batch less the share of the baseline; 0 without rows.
fn change(cell: &CountedBin, (n, m): (u64, u64)) -> f64 {
    if n == 0 || m == 0 { 0.0 } else { cell.current as f64 / m as f64 - cell.baseline as f64 / n as f64 }
}

/// What a change of a share comes to. Drift: it moved by `share_drift` at least (one-sided 95 %); or it
/// moved, by `share_warn` or more, and became `ratio_drift` times larger or smaller, seen on its rarer side,
/// so that a share and its complement say the same. A warning: it moved by at least `share_warn`. Of unseen
/// values any that were added count, from `unseen_drift` on.
fn share(axis: Axis, Watched { cell, by_ratio }: &Watched, (n, m): (u64, u64), policy: &Policy) -> Verdict {
    let Some(lower) = lower_bound(axis, cell, (n, m)) else { return Verdict::None };
    let moved = change(cell, (n, m));
    if axis == Axis::Unseen {
        return if lower > 0.0 && moved >= policy.unseen_drift { Verdict::Drift } else { Verdict::None };
    }
    let (p, q) = (cell.baseline as f64 / n as f64, cell.current as f64 / m as f64);
    let (p, q) = if p + q <= 1.0 { (p, q) } else { (1.0 - p, 1.0 - q) };
    let least = policy.share_warn;
    let multiplied = *by_ratio && moved.abs() >= least && p.max(q) >= policy.ratio_drift * p.min(q);
    if lower >= policy.share_drift || lower > 0.0 && multiplied {
        Verdict::Drift
    } else if lower >= least {
        Verdict::Warn
    } else {
        Verdict::None
    }
}

/// By how much a share moved at least (one-sided 95 %), 0 if that is not sure; only upwards if unseen.
fn lower_bound(axis: Axis, cell: &CountedBin, (n, m): (u64, u64)) -> Option<f64> {
    let (low, high) = newcombe(cell.baseline, n, cell.current, m, Z_95)?;
    Some(if axis == Axis::Unseen { low.max(0.0) } else { low.max(-high).max(0.0) })
}

/// The change as the document tells it.
pub(super) fn told(axis: Axis, cell: &CountedBin, (n, m): (u64, u64)) -> ShareChange {
    ShareChange {
        of: Some(cell.bin.clone()),
        baseline: (n > 0).then(|| cell.baseline as f64 / n as f64),
        current: (m > 0).then(|| cell.current as f64 / m as f64),
        lower_bound: lower_bound(axis, cell, (n, m)),
    }
}

/// What a moved shape comes to, by its distances and by the share that moved most. A share that moved by less
/// than drift is no warning here: values change by a point all the time.
pub(super) fn shape(scores: &Distances, moved: Option<&Moved>, policy: &Policy) -> Verdict {
    let reaches = |score: Option<f64>, threshold: f64| score.is_some_and(|score| score >= threshold);
    let far = reaches(scores.wasserstein_sigma, policy.wasserstein_drift)
        || reaches(scores.jensen_shannon_debiased, policy.jensen_shannon_drift)
        || reaches(scores.ks_lower, policy.ks_drift)
        || reaches(scores.psi_debiased, policy.psi_drift)
        || moved.is_some_and(|moved| moved.verdict == Verdict::Drift);
    match (far, reaches(scores.psi_debiased, policy.psi_warn)) {
        (true, _) => Verdict::Drift,
        (false, true) => Verdict::Warn,
        (false, false) => Verdict::None,
    }
}

/// What a correlation of two columns that moved comes to, by how far it moved at least.
pub(super) fn correlation(lower_bound: Option<f64>, policy: &Policy) -> Verdict {
    match lower_bound.unwrap_or(0.0) {
        change if change >= policy.correlation_drift => Verdict::Drift,
        change if change >= policy.correlation_warn => Verdict::Warn,
        _ => Verdict::None,
    }
}

/// The tails of ordered cells: what lies below or above each edge beyond which the baseline has little.
pub(super) fn tails(cells: &[CountedBin], edges: &[f64], n: u64) -> Vec<CountedBin> {
    let beyond = |side: &mut dyn Iterator<Item = (&CountedBin, String)>| {
        let (mut baseline, mut current) = (0, 0);
        let mut tails = Vec::new();
        for (cell, bin) in side {
            baseline += cell.baseline;
            current += cell.current;
            if baseline as f64 > TAIL * n as f64 {
                break;
            }
            tails.push(CountedBin { bin, baseline, current });
        }
        tails
    };
    // Cell i ends at edge i and begins at the edge before it.
    let named = |word: &'static str| move |edge: &f64| format!("{word} {edge}");
    let mut low = cells.iter().zip(edges.iter().map(named("below")));
    let mut high = cells.iter().rev().zip(edges.iter().rev().map(named("from")));
    let mut all = beyond(&mut low);
    all.extend(beyond(&mut high));
    all
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cell(baseline: u64, current: u64) -> CountedBin {
        CountedBin { bin: "x".to_owned(), baseline, current }
    }

    fn watched(baseline: u64, current: u64) -> Watched {
        Watched { cell: cell(baseline, current), by_ratio: true }
    }

    fn verdict(p: f64, q: f64) -> Verdict {
        let rows = 1_000_000;
        let count = |share: f64| (share * rows as f64).round() as u64;
        share(Axis::Missingness, &watched(count(p), count(q)), (rows, rows), &Policy::default())
    }

    #[test]
    fn a_share_drifts_by_difference_or_by_ratio() {
        assert_eq!(verdict(0.40, 0.46), Verdict::Drift);
        assert_eq!(verdict(0.01, 0.03), Verdict::Drift);
        assert_eq!(verdict(0.011, 0.065), Verdict::Drift);
        assert_eq!(verdict(0.40, 0.43), Verdict::Warn);
        assert_eq!(verdict(0.10, 0.105), Verdict::None);
        assert_eq!(verdict(0.001, 0.009), Verdict::None);
    }

    #[test]
    fn a_change_that_chance_alone_makes_is_none() {
        let few = share(Axis::Missingness, &watched(3, 7), (200, 200), &Policy::default());
        assert_eq!(few, Verdict::None, "1.5 % against 3.5 % of 200 rows");
    }

    #[test]
    fn a_bin_among_others_drifts_by_difference_alone() {
        let of = |b, c| Watched { by_ratio: false, ..watched(b, c) };
        let verdict = |of: Watched| share(Axis::Shape, &of, (10_000, 10_000), &Policy::default());
        assert_eq!(verdict(of(300, 700)), Verdict::Warn);
        assert_eq!(verdict(of(300, 1_000)), Verdict::Drift);
    }

    #[test]
    fn unseen_values_count_only_where_they_are_added() {
        let of = |b, c| share(Axis::Unseen, &watched(b, c), (10_000, 10_000), &Policy::default());
        assert_eq!((of(0, 150), of(150, 0), of(0, 50)), (Verdict::Drift, Verdict::None, Verdict::None));
    }

    #[test]
    fn tails_are_what_lies_beyond_each_outer_edge() {
        let cells: Vec<CountedBin> = [0, 5, 45, 900, 45, 5, 0].map(|count| cell(count, count)).into();
        let tails = tails(&cells, &[0.0, 1.0, 2.0, 3.0, 4.0, 5.0], 1000);
        let told: Vec<_> = tails.iter().map(|tail| (tail.bin.as_str(), tail.baseline)).collect();
        let low = [("below 0", 0), ("below 1", 5), ("below 2", 50)];
        let high = [("from 5", 0), ("from 4", 5), ("from 3", 50)];
        assert_eq!(told, [low, high].concat());
    }

    proptest! {
        #[test]
        fn a_share_and_its_complement_say_the_same(b in 0u64..=5_000, c in 0u64..=3_000) {
            let of = |b, c| share(Axis::TypeMix, &watched(b, c), (5_000, 3_000), &Policy::default());
            prop_assert_eq!(of(b, c), of(5_000 - b, 3_000 - c));
        }
    }
}
