//! What could never protect a deployment is said before it begins.

use serde::{Deserialize, Serialize};

use crate::config::ConfigName;
use crate::observation::AlarmReading;
use crate::policy::Policy;
use crate::strategy::Strategy;
use pawl_base::metrics::{DRIFTED_SHARE, LIVE_QUALITY, WORSE_GROUPS};

use super::spec::{AlarmSpec, BELOW, BREACHING, watches_releases};
use pawl_ledger::events::AlarmState;

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
    /// Every value that the metric can take crosses the threshold.
    #[error("{alarm} always trips: {reason}")]
    AlwaysTrips {
        /// The alarm.
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
    /// Silence would pass as health.
    #[error(
        "{alarm} has TreatMissingData {treated}: without requests it would read OK, and silence would pass \
         as health; set it to missing or breaching"
    )]
    HidesSilence {
        /// The alarm.
        alarm: String,
        /// Its setting.
        treated: String,
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

/// Looks for alarms that could never trip, would trip for others, or fire already. Nothing found is the only
/// pass.
///
/// `specs` are the alarms that Pawl makes; `read` and `defined` are the states and, of those that have a
/// metric, the definitions of the team's own alarms.
pub fn lint(
    policy: &Policy,
    config: &ConfigName,
    specs: &[AlarmSpec],
    read: &[AlarmReading],
    defined: &[AlarmSpec],
) -> Vec<Lint> {
    let mut found = Vec::new();
    for spec in specs {
        lint_spec(spec, policy, &mut found);
        let own = spec.dimensions.iter().any(|d| d.name == "EndpointConfigName" && d.value == config.0);
        if !own {
            let alarm = spec.alarm_name.clone();
            found.push(Lint::NotOfConfig { alarm, config: config.clone() });
        }
    }
    // A team's own alarm may watch several configs: the fleets are compared before anything is done.
    defined.iter().for_each(|spec| lint_spec(spec, policy, &mut found));
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
    let watching = specs.iter().filter(|spec| watches_releases(&policy.alarms, &spec.alarm_name)).count();
    let count = watching + policy.alarms.further.len();
    if count > 10 {
        found.push(Lint::TooMany { count });
    }
    if let Err(error) = Strategy::check(&policy.strategy) {
        found.push(Lint::Strategy { reason: error.to_string() });
    }
    found
}

/// The least and the largest value that a metric can take with this statistic, where that is known.
fn range(spec: &AlarmSpec) -> Option<(f64, f64, &'static str)> {
    let averaged =
        spec.statistic.as_deref().is_none_or(|statistic| statistic != "Sum" && statistic != "SampleCount");
    match spec.metric_name.as_str() {
        "Invocation4XXErrors" | "Invocation5XXErrors" | "InvocationModelErrors" if averaged => {
            Some((0.0, 1.0, "an average of zeros and ones lies between 0 and 1; for 1 % write 0.01"))
        }
        "ModelLatency" if averaged => {
            Some((0.0, 60.0e6, "a request ends after 60 s; ModelLatency is in microseconds"))
        }
        LIVE_QUALITY | DRIFTED_SHARE | WORSE_GROUPS if averaged => {
            Some((0.0, 1.0, "it lies between 0 and 1"))
        }
        "Invocations"
        | "ModelLatency"
        | "Invocation4XXErrors"
        | "Invocation5XXErrors"
        | "InvocationModelErrors" => Some((0.0, f64::INFINITY, "it is never below 0")),
        _ => None,
    }
}

/// Whether a value crosses the threshold, as CloudWatch compares; `None` for comparisons with a band.
fn crosses(spec: &AlarmSpec, value: f64) -> Option<bool> {
    match spec.comparison_operator.as_str() {
        "GreaterThanThreshold" => Some(value > spec.threshold),
        "GreaterThanOrEqualToThreshold" => Some(value >= spec.threshold),
        BELOW => Some(value < spec.threshold),
        "LessThanOrEqualToThreshold" => Some(value <= spec.threshold),
        _ => None,
    }
}

fn lint_spec(spec: &AlarmSpec, policy: &Policy, found: &mut Vec<Lint>) {
    let alarm = || spec.alarm_name.clone();
    let never = |reason: &str| Lint::NeverTrips { alarm: alarm(), reason: reason.to_owned() };
    if !spec.threshold.is_finite() {
        found.push(never("its threshold is no number"));
    } else if let Some((least, most, reason)) = range(spec) {
        // Comparisons are monotonic: if neither end of the range crosses, nothing between does.
        match (crosses(spec, least), crosses(spec, most)) {
            (Some(false), Some(false)) => found.push(never(reason)),
            (Some(true), Some(true)) => {
                found.push(Lint::AlwaysTrips { alarm: alarm(), reason: reason.to_owned() });
            }
            _ => {}
        }
    }
    let below = spec.comparison_operator.starts_with("LessThan");
    if below && spec.metric_name == "Invocations" && spec.treat_missing_data != BREACHING {
        found.push(never("without requests there is no metric: let missing data be breaching"));
    }
    if spec.treat_missing_data == "ignore" || spec.treat_missing_data == "notBreaching" {
        found.push(Lint::HidesSilence { alarm: alarm(), treated: spec.treat_missing_data.clone() });
    }
    if spec.datapoints_to_alarm == 0 || spec.datapoints_to_alarm > spec.evaluation_periods {
        found.push(never("it wants more bad periods than it judges, or none"));
    }
    if let Some(reason) = period_fault(spec, policy) {
        found.push(never(reason));
    }
    let (needs, bake) = (spec.period.saturating_mul(u64::from(spec.evaluation_periods)), policy.bake);
    // One that counts in no bake may take as long as it needs.
    if needs > bake.as_secs() && watches_releases(&policy.alarms, &spec.alarm_name) {
        found.push(Lint::LongerThanBake { alarm: alarm(), needs, bake: bake.as_secs() });
    }
}

/// Why no data can come in each period, if so. Metrics of AWS's own come once a minute: an alarm with a
/// shorter period has no data most of the time.
fn period_fault(spec: &AlarmSpec, policy: &Policy) -> Option<&'static str> {
    let multiple_of = |every: u64| spec.period > 0 && spec.period.is_multiple_of(every.max(1));
    if spec.namespace.starts_with("AWS/") {
        let every = policy.endpoint_metrics.as_secs();
        return (!multiple_of(every))
            .then_some("its metric comes once a minute: a period is a multiple of 60 s");
    }
    let short = matches!(spec.period, 10 | 30);
    (!short && !multiple_of(60)).then_some("a period is 10 s, 30 s or a multiple of 60 s")
}

#[cfg(test)]
mod tests {
    use super::super::spec::{for_config, on_traffic};
    use super::*;
    use crate::{AlarmPolicy, AlarmResponse, LiveLimit};
    use pawl_base::duration::Duration;

    fn specs(policy: &AlarmPolicy) -> Vec<AlarmSpec> {
        let (endpoint, config) = ("bike-demand", "bike-demand-000007".into());
        let mut specs = for_config(policy, endpoint, &config);
        specs.extend(on_traffic(policy, endpoint, &config));
        specs
    }

    fn lints(policy: &Policy) -> Vec<Lint> {
        lint(policy, &"bike-demand-000007".into(), &specs(&policy.alarms), &[], &[])
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
             "Statistic": "Average", "Period": 60, "EvaluationPeriods": 3, "DatapointsToAlarm": 2,
                 "Threshold": 0.01,
             "ComparisonOperator": "GreaterThanThreshold", "TreatMissingData": "missing"},
            {"AlarmName": "pawl-bike-demand-000007-latency",
             "AlarmDescription": "1 of 100 requests to bike-demand-000007 takes longer than 500 ms",
             "Namespace": "AWS/SageMaker", "MetricName": "ModelLatency", "Dimensions": dimensions,
             "ExtendedStatistic": "p99", "Period": 60, "EvaluationPeriods": 3, "DatapointsToAlarm": 2,
             "Threshold": 500_000.0, "ComparisonOperator": "GreaterThanThreshold",
                 "TreatMissingData": "missing"},
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
        assert_eq!(with(AlarmPolicy { period: Duration::seconds(45), ..base() }).len(), 2);
        for short in [10, 30, 90] {
            let period = Duration::seconds(short);
            assert_eq!(with(AlarmPolicy { period, ..base() }).len(), 2, "SageMaker's come once a minute");
        }
        let seconds = Policy {
            alarms: AlarmPolicy { period: Duration::seconds(10), ..base() },
            endpoint_metrics: Duration::seconds(1),
            ..Policy::default()
        };
        assert_eq!(lints(&seconds), [], "where they come more often");
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
        let other = lint(&policy, &"another".into(), &specs(&policy.alarms), &[], &[]);
        assert!(matches!(other[..], [Lint::NotOfConfig { .. }, Lint::NotOfConfig { .. }]));
    }

    #[test]
    fn traffic_live_quality_drift_and_groups_are_watched_where_a_bound_is_named() {
        let limit = |bound| Some(LiveLimit { bound, period: Duration::seconds(300), periods: 2, then: None });
        let alarms = AlarmPolicy {
            requests_per_period: Some(10),
            live_quality: limit(0.8),
            drift: limit(0.3),
            groups: limit(0.0),
            ..AlarmPolicy::default()
        };
        let all = specs(&alarms);
        let told: Vec<_> = all[2..]
            .iter()
            .map(|spec| {
                (
                    spec.alarm_name.as_str(),
                    spec.metric_name.as_str(),
                    spec.comparison_operator.as_str(),
                    spec.threshold,
                    spec.treat_missing_data.as_str(),
                )
            })
            .collect();
        assert_eq!(
            told,
            [
                ("pawl-bike-demand-000007-quality", "LiveQuality", "LessThanThreshold", 0.8, "missing"),
                ("pawl-bike-demand-000007-drift", "DriftedShare", "GreaterThanThreshold", 0.3, "missing"),
                ("pawl-bike-demand-000007-groups", "WorseGroups", "GreaterThanThreshold", 0.0, "missing"),
                ("pawl-bike-demand-000007-traffic", "Invocations", "LessThanThreshold", 10.0, "breaching"),
            ]
        );
        assert_eq!(lints(&Policy { alarms: alarms.clone(), ..Policy::default() }), []);
        let response = |name: &str| super::super::response(&alarms, name);
        let asks: Vec<&str> = told
            .iter()
            .map(|spec| spec.0)
            .filter(|name| response(name).is_some_and(AlarmResponse::retrains))
            .collect();
        assert_eq!(asks, ["pawl-bike-demand-000007-quality", "pawl-bike-demand-000007-drift"]);
        let known = super::super::every_name(&"bike-demand-000007".into());
        assert!(told.iter().all(|spec| known.iter().any(|name| name == spec.0)), "{known:?}");
        let window = |name: &str| super::super::window(&alarms, name).as_secs();
        assert_eq!((window("pawl-x-groups"), window("pawl-x-errors")), (600, 180));

        let with = |alarms: AlarmPolicy| lints(&Policy { alarms, ..Policy::default() });
        let base = AlarmPolicy::default;
        for never in [
            AlarmPolicy { requests_per_period: Some(0), ..base() },
            AlarmPolicy { live_quality: limit(0.0), ..base() },
            AlarmPolicy { drift: limit(1.0), ..base() },
            AlarmPolicy { groups: limit(1.0), ..base() },
            AlarmPolicy { drift: limit(f64::NAN), ..base() },
        ] {
            assert!(matches!(with(never)[..], [Lint::NeverTrips { .. }]));
        }
        for always in [
            AlarmPolicy { live_quality: limit(1.5), ..base() },
            AlarmPolicy { drift: limit(-0.1), ..base() },
            AlarmPolicy { error_rate: -0.1, ..base() },
        ] {
            assert!(matches!(with(always)[..], [Lint::AlwaysTrips { .. }]));
        }
        let daily = Some(LiveLimit { bound: 0.8, period: Duration::seconds(86_400), periods: 1, then: None });
        let late = with(AlarmPolicy { live_quality: daily, ..base() });
        assert!(matches!(late[..], [Lint::LongerThanBake { needs: 86_400, .. }]));
        let daily = Some(LiveLimit { bound: 0.8, period: Duration::seconds(86_400), periods: 1, then: None });
        assert_eq!(with(AlarmPolicy { drift: daily, ..base() }), [], "it counts in no bake");
    }

    #[test]
    fn a_teams_own_alarm_is_looked_at_as_well() {
        let policy = Policy {
            alarms: AlarmPolicy { further: vec!["mine".to_owned()], ..AlarmPolicy::default() },
            ..Policy::default()
        };
        let mine = AlarmSpec {
            alarm_name: "mine".to_owned(),
            metric_name: "Invocation4XXErrors".to_owned(),
            threshold: 1.0,
            dimensions: Vec::new(),
            ..specs(&policy.alarms).swap_remove(0)
        };
        let read = [AlarmReading {
            name: "mine".to_owned(),
            state: AlarmState::Ok,
            since: jiff::Timestamp::UNIX_EPOCH,
        }];
        let found = |mine: AlarmSpec| {
            lint(&policy, &"bike-demand-000007".into(), &specs(&policy.alarms), &read, &[mine])
        };
        assert!(matches!(found(mine.clone())[..], [Lint::NeverTrips { .. }]), "AWS's own sample");
        let silent =
            AlarmSpec { treat_missing_data: "notBreaching".to_owned(), threshold: 0.01, ..mine.clone() };
        let told = found(silent);
        assert!(matches!(told[..], [Lint::HidesSilence { .. }]));
        assert!(
            told[0].to_string().starts_with("mine has TreatMissingData notBreaching: without"),
            "{}",
            told[0]
        );
        let or_equal =
            AlarmSpec { comparison_operator: "GreaterThanOrEqualToThreshold".to_owned(), ..mine.clone() };
        assert_eq!(found(or_equal), [], "all of them failing reaches 1");
        let own = AlarmSpec {
            namespace: "Shop".to_owned(),
            metric_name: "Sales".to_owned(),
            period: 10,
            ..mine.clone()
        };
        assert_eq!(found(own), [], "a team's own metric may come every ten seconds");
        let unknown = AlarmSpec { metric_name: "Sales".to_owned(), threshold: -3.0, ..mine };
        assert_eq!(found(unknown), [], "nobody knows what it can be");
    }
}
