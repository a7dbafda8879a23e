//! The tests on paired rows, as a judgement lists them.

use serde::{Deserialize, Serialize};

use crate::policy::Metric;
use pawl_stats::Interval;

/// The tests by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TestName {
    /// McNemar's exact binomial test of equal accuracy.
    McnemarExact,
    /// McNemar's test with the mid-p-value: decides superiority of accuracy.
    McnemarMidP,
    /// Tango's score test of non-inferiority of accuracy; its interval is of the difference.
    Tango,
    /// DeLong's test of equal areas under the curve.
    Delong,
    /// Paired t-test on the rows' losses.
    PairedT,
    /// Wilcoxon's signed-rank test on the rows' losses; its estimate is the median of the pairs' means.
    Wilcoxon,
    /// Diebold and Mariano's test on losses in the order of time, corrected by Harvey, Leybourne and Newbold.
    DieboldMariano,
    /// Jackknife over whole clusters: decides every metric where the policy names a cluster column.
    ClusterJackknife,
    /// Jackknife over blocks of rows, for metrics without a test of their own.
    Jackknife,
    /// BCa bootstrap over whole clusters: what judgements by rules up to version 3 hold.
    ClusterBootstrap,
    /// BCa bootstrap over rows: the same.
    Bootstrap,
    /// A first model's own area with DeLong's interval.
    DelongInterval,
    /// A first model's own accuracy with Wilson's interval.
    WilsonInterval,
    /// A first model's own mean loss with Student's interval.
    TInterval,
    /// A first model's own value with a jackknife interval.
    JackknifeInterval,
    /// A first model's own value with a bootstrap interval: what judgements by rules up to version 3 hold.
    BootstrapInterval,
}

/// One test: effect and interval always beside the p-value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Test {
    /// Which test.
    pub name: TestName,
    /// On what.
    pub metric: Metric,
    /// Challenger − champion in the metric's unit; without a champion the challenger's value.
    pub estimate: Option<f64>,
    /// The test's statistic.
    pub statistic: Option<f64>,
    /// Two-sided, but Tango's, which is one-sided for "not worse by the margin".
    pub p_value: Option<f64>,
    /// Holm's adjustment over the superiority family, for the tests in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adjusted_p_value: Option<f64>,
    /// Interval of the estimate at the policy's two-sided level.
    pub interval: Option<Interval>,
    /// Non-inferiority margin, for a test that has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub margin: Option<f64>,
    /// Rows the test saw.
    pub n: u64,
}

impl Test {
    pub(crate) fn new(name: TestName, metric: Metric, n: u64) -> Self {
        Self {
            name,
            metric,
            estimate: None,
            statistic: None,
            p_value: None,
            adjusted_p_value: None,
            interval: None,
            margin: None,
            n,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn tests_of_earlier_rules_are_read() {
        for (written, name) in [
            ("cluster_bootstrap", TestName::ClusterBootstrap),
            ("bootstrap", TestName::Bootstrap),
            ("bootstrap_interval", TestName::BootstrapInterval),
        ] {
            let json = format!(
                r#"{{"name": "{written}", "metric": "f1", "estimate": 0.1, "statistic": null, "p_value": 0.2,
                     "interval": [-0.1, 0.3], "n": 400}}"#
            );
            assert_eq!(serde_json::from_str::<Test>(&json).unwrap().name, name);
        }
    }
}
