//! The alarms that watch one config, as CloudWatch takes them.

use crate::config::ConfigName;
use crate::deployment::Deployment;
use crate::policy::{AlarmPolicy, AlarmResponse, LiveLimit};
use pawl_base::metrics::{
    CHALLENGER, DRIFTED_SHARE, Dimension, LIVE_QUALITY, NAMESPACE, VARIANT, WORSE_GROUPS,
};
use serde::{Deserialize, Serialize};

use pawl_base::duration::Duration;

const ABOVE: &str = "GreaterThanThreshold";
pub(super) const BELOW: &str = "LessThanThreshold";
const MISSING: &str = "missing";
pub(super) const BREACHING: &str = "breaching";

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
    /// `GreaterThanThreshold` or `LessThanThreshold`.
    pub comparison_operator: String,
    /// `missing`: without data there is no verdict. `breaching`: silence is bad.
    pub treat_missing_data: String,
}

/// What follows from an alarm of this name; `None` where it is none of those that [`for_config`] makes on
/// what the monitoring publishes. An alarm that outlived its bound keeps the default.
pub fn response(policy: &AlarmPolicy, alarm: &str) -> Option<AlarmResponse> {
    if !alarm.starts_with("pawl-") {
        return None;
    }
    let (limit, default) = match alarm.rsplit('-').next()? {
        "quality" => (&policy.live_quality, AlarmResponse::RollBackAndRetrain),
        "drift" => (&policy.drift, AlarmResponse::Retrain),
        "groups" => (&policy.groups, AlarmResponse::RollBack),
        _ => return None,
    };
    Some(limit.as_ref().and_then(|limit| limit.then).unwrap_or(default))
}

/// Whether an alarm of this name watches releases.
pub(crate) fn watches_releases(policy: &AlarmPolicy, alarm: &str) -> bool {
    response(policy, alarm).is_none_or(AlarmResponse::rolls_back)
}

/// How far back the data reach on which an alarm of this name rests.
pub(crate) fn window(policy: &AlarmPolicy, alarm: &str) -> Duration {
    let is_published = response(policy, alarm).is_some();
    let live = policy.live_quality.iter().chain(&policy.drift).chain(&policy.groups);
    let live = live.filter(|_| is_published);
    let live = live.map(|limit| limit.period.as_secs() * u64::from(limit.periods)).max();
    Duration::seconds(live.unwrap_or_else(|| policy.period.as_secs() * u64::from(policy.periods)))
}

/// On which side of its bound a value is bad.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bad {
    Above,
    Below,
}

/// The names of all alarms that watch a deployment: Pawl's own, then the team's.
pub(crate) fn names(policy: &AlarmPolicy, endpoint: &str, deployment: &Deployment) -> Vec<String> {
    let own = for_deployment(policy, endpoint, deployment).into_iter().map(|spec| spec.alarm_name);
    let own = own.filter(|name| watches_releases(policy, name));
    own.chain(policy.further.iter().cloned()).collect()
}

/// The names of all alarms that Pawl may ever have made for a config, whatever the policy was then.
pub(crate) fn every_name(config: &ConfigName) -> Vec<String> {
    let own = ["errors", "latency", "traffic", "quality", "drift", "groups"];
    let kinds = own.into_iter().chain(["challenger-errors", "challenger-latency"]);
    kinds.map(|kind| format!("pawl-{config}-{kind}")).collect()
}

/// The alarms of one deployment: of its config, and in a trial of the challenger's variant too.
pub fn for_deployment(policy: &AlarmPolicy, endpoint: &str, deployment: &Deployment) -> Vec<AlarmSpec> {
    let mut all = for_config(policy, endpoint, &deployment.config);
    if deployment.trial.is_some() {
        all.extend(of_requests(policy, endpoint, &deployment.config, CHALLENGER, "challenger-"));
    }
    all
}

/// An alarm of one variant, still without what it is about.
fn alarm(
    policy: &AlarmPolicy,
    dimensions: [(&str, &str); 3],
    name: String,
    (namespace, metric): (&str, &str),
    bad: Bad,
    threshold: f64,
) -> AlarmSpec {
    let dimension =
        |(name, value): (&str, &str)| Dimension { name: name.to_owned(), value: value.to_owned() };
    AlarmSpec {
        alarm_name: name,
        alarm_description: String::new(),
        namespace: namespace.to_owned(),
        metric_name: metric.to_owned(),
        dimensions: dimensions.map(dimension).to_vec(),
        statistic: Some("Average".to_owned()),
        extended_statistic: None,
        period: policy.period.as_secs(),
        evaluation_periods: policy.periods,
        datapoints_to_alarm: policy.bad_periods,
        threshold,
        comparison_operator: match bad {
            Bad::Above => ABOVE.to_owned(),
            Bad::Below => BELOW.to_owned(),
        },
        treat_missing_data: MISSING.to_owned(),
    }
}

/// Error rate and p99 latency of one variant.
fn of_requests(
    policy: &AlarmPolicy,
    endpoint: &str,
    config: &ConfigName,
    variant: &str,
    prefix: &str,
) -> [AlarmSpec; 2] {
    let dimensions =
        [("EndpointName", endpoint), ("VariantName", variant), ("EndpointConfigName", &config.0)];
    let alarm = |kind: &str, metric: &str, threshold: f64| {
        let name = format!("pawl-{config}-{prefix}{kind}");
        alarm(policy, dimensions, name, ("AWS/SageMaker", metric), Bad::Above, threshold)
    };
    // The metric is 0 or 1 for each request, so its average is the error rate.
    let errors = AlarmSpec {
        alarm_description: format!("More than {} of the requests to {config} fail", policy.error_rate),
        ..alarm("errors", "Invocation5XXErrors", policy.error_rate)
    };
    // In microseconds.
    let latency = AlarmSpec {
        alarm_description: format!(
            "1 of 100 requests to {config} takes longer than {} ms",
            policy.latency_p99_ms
        ),
        statistic: None,
        extended_statistic: Some("p99".to_owned()),
        ..alarm("latency", "ModelLatency", policy.latency_p99_ms * 1000.0)
    };
    [errors, latency]
}

/// The alarm on too little traffic, where the policy names a bound; only for a config that takes all traffic.
pub fn on_traffic(policy: &AlarmPolicy, endpoint: &str, config: &ConfigName) -> Option<AlarmSpec> {
    let least = policy.requests_per_period?;
    let dimensions =
        [("EndpointName", endpoint), ("VariantName", VARIANT), ("EndpointConfigName", &config.0)];
    let (name, metric) = (format!("pawl-{config}-traffic"), ("AWS/SageMaker", "Invocations"));
    Some(AlarmSpec {
        alarm_description: format!("Fewer than {least} requests to {config} in a period"),
        statistic: Some("Sum".to_owned()),
        // Without requests there is no metric at all.
        treat_missing_data: BREACHING.to_owned(),
        ..alarm(policy, dimensions, name, metric, Bad::Below, least as f64)
    })
}

/// The alarms of one config, with the config's own dimension, so that the old fleet cannot trip them: error
/// rate and p99 latency always; live quality, drift and groups where the policy names a bound.
pub fn for_config(policy: &AlarmPolicy, endpoint: &str, config: &ConfigName) -> Vec<AlarmSpec> {
    let dimensions =
        [("EndpointName", endpoint), ("VariantName", VARIANT), ("EndpointConfigName", &config.0)];
    let alarm = |kind: &str, metric: (&str, &str), bad: Bad, threshold: f64| {
        alarm(policy, dimensions, format!("pawl-{config}-{kind}"), metric, bad, threshold)
    };
    let live = |limit: &LiveLimit, spec: AlarmSpec| AlarmSpec {
        period: limit.period.as_secs(),
        evaluation_periods: limit.periods,
        datapoints_to_alarm: limit.periods,
        ..spec
    };
    let quality = policy.live_quality.as_ref().map(|limit| AlarmSpec {
        alarm_description: format!("The live quality of {config} is below {}", limit.bound),
        ..live(limit, alarm("quality", (NAMESPACE, LIVE_QUALITY), Bad::Below, limit.bound))
    });
    let drift = policy.drift.as_ref().map(|limit| AlarmSpec {
        alarm_description: format!(
            "More than {} of the columns that {config} is asked with drift",
            limit.bound
        ),
        ..live(limit, alarm("drift", (NAMESPACE, DRIFTED_SHARE), Bad::Above, limit.bound))
    });
    let groups = policy.groups.as_ref().map(|limit| AlarmSpec {
        alarm_description: format!(
            "More than {} of the comparisons of groups that {config} answers are worse than allowed",
            limit.bound
        ),
        ..live(limit, alarm("groups", (NAMESPACE, WORSE_GROUPS), Bad::Above, limit.bound))
    });
    let requests = of_requests(policy, endpoint, config, VARIANT, "");
    requests.into_iter().chain(quality).chain(drift).chain(groups).collect()
}
