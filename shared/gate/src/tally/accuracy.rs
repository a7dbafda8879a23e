//! Tests of who is right on which rows.

use crate::findings::{Test, TestName};
use crate::policy::{Metric, Policy};
use pawl_stats::mcnemar::Discordance;
use pawl_stats::{tango, wilson};

/// McNemar's and Tango's tests of who is right on which rows.
pub(crate) fn accuracy_tests(policy: &Policy, table: &Discordance) -> Vec<Test> {
    let root = table.chi_squared().map(f64::sqrt);
    let signed = match table.difference() {
        Some(d) if d < 0.0 => root.map(|z| -z),
        _ => root,
    };
    let margin = policy.guards().iter().find(|g| g.metric == Metric::Accuracy).map(|g| g.margin);
    let non_inferiority = margin.and_then(|m| tango::non_inferiority(table, m));
    let interval = tango::interval(table, policy.alpha);
    let accuracy = |name, statistic, p_value, margin| Test {
        estimate: table.difference(),
        statistic,
        p_value,
        interval,
        margin,
        ..Test::new(name, Metric::Accuracy, table.rows)
    };
    let some = |p: f64| (table.rows > 0).then_some(p);
    let (z, p) = non_inferiority.unzip();
    vec![
        accuracy(TestName::McnemarMidP, signed, some(table.mid_p()), None),
        accuracy(TestName::McnemarExact, signed, some(table.exact()), None),
        accuracy(TestName::Tango, z, p, margin),
    ]
}

/// Wilson's interval of a first model's accuracy.
pub(super) fn accuracy_interval(right: u64, rows: u64, alpha: f64) -> Test {
    Test {
        estimate: (rows > 0).then(|| right as f64 / rows as f64),
        interval: wilson(right, rows, alpha),
        ..Test::new(TestName::WilsonInterval, Metric::Accuracy, rows)
    }
}
