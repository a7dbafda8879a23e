//! The tests that only numbers have.

use crate::findings::{Test, TestName};
use crate::policy::Metric;
use crate::tally::means::NO_DIFFERENCE;
use pawl_stats::Interval;
use pawl_stats::diebold_mariano::DieboldMariano;
use pawl_stats::wilcoxon::{hodges_lehmann, signed_rank};

/// Wilcoxon's signed-rank test, with the interval of the shift by Hodges and Lehmann.
pub(super) fn wilcoxon(differences: &[f64], alpha: f64) -> Test {
    let mut differences = differences.to_vec();
    let found = signed_rank(&mut differences);
    let shifted = hodges_lehmann(&mut differences, alpha);
    Test {
        estimate: shifted.map(|(median, _)| median),
        statistic: found.map(|f| f.statistic),
        p_value: found.map(|f| f.p_value),
        interval: shifted.map(|(_, interval)| interval),
        ..Test::new(TestName::Wilcoxon, Metric::Mae, found.map_or(0, |f| f.used))
    }
}

/// Diebold and Mariano's test of one loss.
pub(super) fn diebold_mariano(
    metric: Metric,
    test: &DieboldMariano,
    alike: bool,
    rows: u64,
    alpha: f64,
) -> Test {
    let found = test.test(alpha);
    Test {
        estimate: found.map(|f| f.estimate).or(alike.then_some(0.0)),
        statistic: found.map(|f| f.statistic),
        p_value: found.map(|f| f.p_value).or(alike.then_some(1.0)),
        interval: found.map(|f| f.interval).or(alike.then_some(NO_DIFFERENCE)),
        ..Test::new(TestName::DieboldMariano, metric, rows)
    }
}

/// A first model's root mean squared error: the root keeps the order, so the ends of the interval are roots
/// too.
pub(super) fn root_mean_squared(tests: &[Test], rows: u64) -> Test {
    let squared = tests.iter().find(|test| test.metric == Metric::Mse);
    let ends = squared.and_then(|test| test.interval);
    Test {
        estimate: squared.and_then(|test| test.estimate).map(f64::sqrt),
        interval: ends.map(|it| Interval { low: it.low.max(0.0).sqrt(), high: it.high.sqrt() }),
        ..Test::new(TestName::TInterval, Metric::Rmse, rows)
    }
}
