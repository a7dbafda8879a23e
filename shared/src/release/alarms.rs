//! The alarms that watch one config, and the lint that refuses alarms which could never trip.

use serde::{Deserialize, Serialize};

use super::{AlarmPolicy, AlarmReading, ConfigName, Policy, Strategy};
use crate::events::AlarmState;
use crate::pipeline::Span;

/// SageMaker's name of the one production variant that Pawl deploys.
pub const VARIANT: &str = "AllTraffic";

/// An alarm as `PutMetricAlarm` takes it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct AlarmSpec {
    /// Unique in the account and region.
    pub alarm_name: String,
    /// For a person.
    pub alarm_description: String,
    /// `AWS/SageMaker` for the endpoint's own metrics.
    pub namespace: String,
    /// The metric.
    pub metric_name: String,
    /// `EndpointName`, `VariantName`, `EndpointConfigName`.
    pub dimensions: Vec<Dimension>,
    /// `Average`, `Sum`: one of this and the next.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub statistic: Option<String>,
    /// A percentile, like `p99`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub extended_statistic: Option<String>,
    /// The length of one period, in seconds.
    pub period: u64,
    /// How many periods are judged together.
    pub evaluation_periods: u32,
    /// How many of them must be bad.
    pub datapoints_to_alarm: u32,
    /// The bound, in the metric's unit.
    pub threshold: f64,
    /// `GreaterThanThreshold`.
    pub comparison_operator: String,
    /// `missing`: without traffic there is no verdict.
    pub treat_missing_data: String,
}

/// One dimension of a metric.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Dimension {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
}

/// The alarms of one config: error rate and p99 latency, with the config's own dimension, so that the old fleet cannot trip them.
pub fn for_config(policy: &AlarmPolicy, endpoint: &str, config: &ConfigName) -> Vec<AlarmSpec> {
    let dimension = |name: &str, value: &str| Dimension { name: name.to_owned(), value: value.to_owned() };
    let alarm = |kind: &str, metric: &str, threshold: f64, description: String| AlarmSpec {
        alarm_name: format!("pawl-{config}-{kind}"),
        alarm_description: description,
        namespace: "AWS/SageMaker".to_owned(),
        metric_name: metric.to_owned(),
        dimensions: vec![
            dimension("EndpointName", endpoint),
            dimension("VariantName", VARIANT),
            dimension("EndpointConfigName", &config.0),
        ],
        statistic: None,
        extended_statistic: None,
        period: policy.period.as_secs(),
        evaluation_periods: policy.periods,
        datapoints_to_alarm: policy.bad_periods,
        threshold,
        comparison_operator: "GreaterThanThreshold".to_owned(),
        treat_missing_data: "missing".to_owned(),
    };
    // The metric is 0 or 1 for each request, so its average is the error rate.
    let errors = alarm(
        "errors",
        "Invocation5XXErrors",
        policy.error_rate,
        format!("More than {} of the requests to {config} fail", policy.error_rate),
    );
    // In microseconds.
    let latency = alarm(
        "latency",
        "ModelLatency",
        policy.latency_p99_ms * 1000.0,
        format!("1 of 100 requests to {config} takes longer than {} ms", policy.latency_p99_ms),
    );
    vec![
        AlarmSpec { statistic: Some("Average".to_owned()), ..errors },
        AlarmSpec { extended_statistic: Some("p99".to_owned()), ..latency },
    ]
}

/// What is wrong with an alarm.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case", tag = "code")]
pub enum Lint {
    /// No value that the metric can take crosses the threshold.
    #[error("{alarm} can never trip: {reason}")]
    NeverTrips {
        /// The alarm or setting.
        alarm: String,
        /// Why.
        reason: String,
    },
    /// It needs more time than the config is watched for.
    #[error(
        "{alarm} needs {needs} s of data, the bake lasts {bake} s: lengthen the bake or shorten the periods"
    )]
    LongerThanBake {
        /// The alarm.
        alarm: String,
        /// Seconds it needs.
        needs: u64,
        /// Seconds of the bake.
        bake: u64,
    },
    /// It would be tripped by the old fleet as well.
    #[error("{alarm} lacks the dimension EndpointConfigName={config}: the old fleet would trip it too")]
    NotOfConfig {
        /// The alarm.
        alarm: String,
        /// The new config.
        config: ConfigName,
    },
    /// It fires already.
    #[error("{alarm} is in ALARM before the deployment begins")]
    FiresAlready {
        /// The alarm.
        alarm: String,
    },
    /// It does not exist.
    #[error("{alarm} does not exist")]
    Absent {
        /// The alarm.
        alarm: String,
    },
    /// Silence would pass as health.
    #[error("{setting}: at least one request must be asked for, or silence passes as health")]
    NoMinimumTraffic {
        /// The setting.
        setting: String,
    },
    /// SageMaker takes at most ten.
    #[error("{count} alarms: SageMaker takes at most 10 for one deployment")]
    TooMany {
        /// How many.
        count: usize,
    },
    /// The strategy is none.
    #[error("{reason}")]
    Strategy {
        /// Why.
        reason: String,
    },
}

/// Looks for alarms that could never trip, would trip for others, or fire already. Nothing found is the only pass.
pub fn lint(policy: &Policy, config: &ConfigName, specs: &[AlarmSpec], read: &[AlarmReading]) -> Vec<Lint> {
    let mut found: Vec<Lint> = specs.iter().flat_map(|spec| lint_spec(spec, config, policy.bake)).collect();
    for name in &policy.alarms.further {
        if !read.iter().any(|alarm| alarm.name == *name) {
            found.push(Lint::Absent { alarm: name.clone() });
        }
    }
    let firing = read.iter().filter(|alarm| alarm.state == AlarmState::Alarm);
    found.extend(firing.map(|alarm| Lint::FiresAlready { alarm: alarm.name.clone() }));
    if policy.alarms.minimum_requests == 0 {
        found.push(Lint::NoMinimumTraffic { setting: "release.alarms.minimum_requests".to_owned() });
    }
    let count = specs.len() + policy.alarms.further.len();
    if count > 10 {
        found.push(Lint::TooMany { count });
    }
    if let Err(error) = Strategy::check(&policy.strategy) {
        found.push(Lint::Strategy { reason: error.to_string() });
    }
    found
}

fn lint_spec(spec: &AlarmSpec, config: &ConfigName, bake: Span) -> Vec<Lint> {
    let alarm = || spec.alarm_name.clone();
    let never = |reason: &str| Lint::NeverTrips { alarm: alarm(), reason: reason.to_owned() };
    let mut found = Vec::new();
    let is_share = spec.metric_name.ends_with("Errors") && spec.statistic.as_deref() == Some("Average");
    if !spec.threshold.is_finite() || spec.threshold < 0.0 {
        found.push(never("its threshold is no number at or above 0"));
    } else if is_share && spec.threshold >= 1.0 {
        found.push(never("an average of zeros and ones is at most 1; for 1 % write 0.01"));
    } else if spec.metric_name == "ModelLatency" && spec.threshold > 60.0e6 {
        // SageMaker ends a request after 60 s.
        found.push(never("a request ends after 60 s; ModelLatency is in microseconds"));
    }
    if spec.datapoints_to_alarm == 0 || spec.datapoints_to_alarm > spec.evaluation_periods {
        found.push(never("it wants more bad periods than it judges, or none"));
    }
    let minutes = spec.period > 0 && spec.period.is_multiple_of(60);
    if !minutes && spec.period != 10 && spec.period != 30 {
        found.push(never("a period is 10 s, 30 s or a multiple of 60 s"));
    }
    let needs = spec.period.saturating_mul(u64::from(spec.evaluation_periods));
    if needs > bake.as_secs() {
        found.push(Lint::LongerThanBake { alarm: alarm(), needs, bake: bake.as_secs() });
    }
    let own = spec.dimensions.iter().any(|d| d.name == "EndpointConfigName" && d.value == config.0);
    if !own {
        found.push(Lint::NotOfConfig { alarm: alarm(), config: config.clone() });
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn specs(policy: &AlarmPolicy) -> Vec<AlarmSpec> {
        for_config(policy, "bike-demand", &"bike-demand-000007".into())
    }

    fn lints(policy: &Policy) -> Vec<Lint> {
        lint(policy, &"bike-demand-000007".into(), &specs(&policy.alarms), &[])
    }

    #[test]
    fn the_default_alarms_pass() {
        assert_eq!(lints(&Policy::default()), []);
        let specs = specs(&AlarmPolicy::default());
        let dimensions = serde_json::json!([
            {"Name": "EndpointName", "Value": "bike-demand"},
            {"Name": "VariantName", "Value": "AllTraffic"},
            {"Name": "EndpointConfigName", "Value": "bike-demand-000007"},
        ]);
        let expected = serde_json::json!([
            {"AlarmName": "pawl-bike-demand-000007-errors",
             "AlarmDescription": "More than 0.01 of the requests to bike-demand-000007 fail",
             "Namespace": "AWS/SageMaker", "MetricName": "Invocation5XXErrors", "Dimensions": dimensions,
             "Statistic": "Average", "Period": 60, "EvaluationPeriods": 3, "DatapointsToAlarm": 2, "Threshold": 0.01,
             "ComparisonOperator": "GreaterThanThreshold", "TreatMissingData": "missing"},
            {"AlarmName": "pawl-bike-demand-000007-latency",
             "AlarmDescription": "1 of 100 requests to bike-demand-000007 takes longer than 500 ms",
             "Namespace": "AWS/SageMaker", "MetricName": "ModelLatency", "Dimensions": dimensions,
             "ExtendedStatistic": "p99", "Period": 60, "EvaluationPeriods": 3, "DatapointsToAlarm": 2,
             "Threshold": 500_000.0, "ComparisonOperator": "GreaterThanThreshold", "TreatMissingData": "missing"},
        ]);
        assert_eq!(serde_json::to_value(&specs).ok(), Some(expected));
    }

    #[test]
    fn the_sample_alarm_that_can_never_trip_is_refused() {
        // AWS's own sample: average of Invocation4XXErrors above 1.
        let alarms = AlarmPolicy { error_rate: 1.0, ..AlarmPolicy::default() };
        assert!(matches!(lints(&Policy { alarms, ..Policy::default() })[..], [Lint::NeverTrips { .. }]));
    }

    #[test]
    fn each_fault_is_named() {
        let with = |alarms: AlarmPolicy| lints(&Policy { alarms, ..Policy::default() });
        let base = AlarmPolicy::default;
        assert!(matches!(
            with(AlarmPolicy { error_rate: f64::NAN, ..base() })[..],
            [Lint::NeverTrips { .. }]
        ));
        assert!(matches!(
            with(AlarmPolicy { latency_p99_ms: 100_000.0, ..base() })[..],
            [Lint::NeverTrips { .. }]
        ));
        assert_eq!(with(AlarmPolicy { bad_periods: 4, ..base() }).len(), 2);
        assert_eq!(with(AlarmPolicy { period: Span::seconds(45), ..base() }).len(), 2);
        assert_eq!(with(AlarmPolicy { period: Span::seconds(30), ..base() }), []);
        assert!(matches!(
            with(AlarmPolicy { periods: 60, ..base() })[..],
            [Lint::LongerThanBake { .. }, Lint::LongerThanBake { .. }]
        ));
        assert!(matches!(
            with(AlarmPolicy { minimum_requests: 0, ..base() })[..],
            [Lint::NoMinimumTraffic { .. }]
        ));
        let further = (0..9).map(|n| format!("mine-{n}")).collect();
        let found = with(AlarmPolicy { further, ..base() });
        assert_eq!(found.iter().filter(|lint| matches!(lint, Lint::Absent { .. })).count(), 9);
        assert!(found.contains(&Lint::TooMany { count: 11 }));
        let policy = Policy::default();
        let other = lint(&policy, &"another".into(), &specs(&policy.alarms), &[]);
        assert!(matches!(other[..], [Lint::NotOfConfig { .. }, Lint::NotOfConfig { .. }]));
    }
}
