//! What a config's metrics say: how many requests, and which of two fleets suffers.

use jiff::{SignedDuration, Timestamp};
use pawl::fault::Fault;
use pawl::release::{AlarmPolicy, ConfigName, FleetComparison};

use crate::edge::{CloudWatch, MetricQuery};

/// How far back two fleets are compared.
const LOOK_BACK: SignedDuration = SignedDuration::from_mins(15);

/// Requests that the config answered since then.
pub(crate) async fn requests(
    cloudwatch: &impl CloudWatch,
    endpoint: &str,
    config: &ConfigName,
    since: Timestamp,
    now: Timestamp,
) -> Result<u64, Fault> {
    let (metric, statistic) = ("Invocations", "Sum");
    let query = MetricQuery { metric, statistic, endpoint, config, since, until: now };
    Ok(cloudwatch.values(query).await?.iter().sum::<f64>().max(0.0) as u64)
}

/// Which of the two fleets suffers: more errors, or slower, than the alarms allow.
pub(crate) async fn compare(
    cloudwatch: &impl CloudWatch,
    limits: &AlarmPolicy,
    endpoint: &str,
    new: &ConfigName,
    old: Option<&ConfigName>,
    now: Timestamp,
) -> Result<FleetComparison, Fault> {
    let Some(old) = old else { return Ok(FleetComparison::Unknown) };
    let new = suffers(cloudwatch, limits, endpoint, new, now).await?;
    let old = suffers(cloudwatch, limits, endpoint, old, now).await?;
    Ok(match (new, old) {
        (Some(true), Some(false)) => FleetComparison::OnlyNew,
        (Some(true), Some(true)) => FleetComparison::Both,
        (Some(false), Some(_)) => FleetComparison::Neither,
        (None, _) | (_, None) => FleetComparison::Unknown,
    })
}

/// Whether a fleet does worse than the alarms allow; `None` where no traffic says so.
async fn suffers(
    cloudwatch: &impl CloudWatch,
    limits: &AlarmPolicy,
    endpoint: &str,
    config: &ConfigName,
    now: Timestamp,
) -> Result<Option<bool>, Fault> {
    let query = |metric, statistic| MetricQuery {
        metric,
        statistic,
        endpoint,
        config,
        since: now - LOOK_BACK,
        until: now,
    };
    let errors = cloudwatch.values(query("Invocation5XXErrors", "Average")).await?;
    let latency = cloudwatch.values(query("ModelLatency", "p99")).await?;
    if errors.is_empty() && latency.is_empty() {
        return Ok(None);
    }
    // SageMaker counts microseconds.
    let slow = limits.latency_p99_ms * 1_000.0;
    Ok(Some(
        errors.iter().any(|rate| *rate > limits.error_rate) || latency.iter().any(|micros| *micros > slow),
    ))
}
