//! What CloudWatch says of a config: its alarms, its requests, its errors.

use jiff::{SignedDuration, Timestamp};
use pawl::fault::Fault;
use pawl::metrics::{self, VARIANT};
use pawl::release::alarms::AlarmSpec;
use pawl::release::{AlarmPolicy, AlarmReading, ConfigName, FleetComparison};
use pawl_aws::{cloudwatch, fault};

use crate::effects::alarm_state;
use crate::world::World;
use cloudwatch::operation::describe_alarms::DescribeAlarmsOutput;
use cloudwatch::primitives::DateTime;
use cloudwatch::types::{AlarmType, Dimension, Metric, MetricAlarm, MetricDataQuery, MetricStat};

/// How far back two fleets are compared.
const LOOK_BACK: SignedDuration = SignedDuration::from_mins(15);
/// SageMaker publishes once a minute.
const PERIOD: i32 = 60;

/// One dimension of a metric.
pub(crate) fn dimension(name: &str, value: &str) -> Dimension {
    Dimension::builder().name(name).value(value).build()
}

async fn describe(world: &World, names: &[String]) -> Result<DescribeAlarmsOutput, Fault> {
    let request = world.cloudwatch.describe_alarms().set_alarm_names(Some(names.to_vec()));
    let request = request.alarm_types(AlarmType::MetricAlarm).alarm_types(AlarmType::CompositeAlarm);
    request.send().await.map_err(|e| fault("describe alarms", &e))
}

/// The alarms of these names, as far as they exist.
pub(crate) async fn alarms(world: &World, names: &[String]) -> Result<Vec<AlarmReading>, Fault> {
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let found = describe(world, names).await?;
    let metric = found
        .metric_alarms()
        .iter()
        .map(|alarm| (alarm.alarm_name(), alarm.state_value(), alarm.state_updated_timestamp()));
    let composite = found
        .composite_alarms()
        .iter()
        .map(|alarm| (alarm.alarm_name(), alarm.state_value(), alarm.state_updated_timestamp()));
    let read = metric.chain(composite).map(|(name, state, since)| AlarmReading {
        name: name.unwrap_or_default().to_owned(),
        state: alarm_state(state),
        since: since.and_then(|at| Timestamp::from_second(at.secs()).ok()).unwrap_or(Timestamp::UNIX_EPOCH),
    });
    Ok(read.collect())
}

/// The definitions of these alarms, as far as they exist and judge one metric.
pub(crate) async fn definitions(world: &World, names: &[String]) -> Result<Vec<AlarmSpec>, Fault> {
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let found = describe(world, names).await?;
    Ok(found.metric_alarms().iter().filter_map(definition).collect())
}

fn definition(alarm: &MetricAlarm) -> Option<AlarmSpec> {
    let count = |number: Option<i32>| number.and_then(|number| u32::try_from(number).ok());
    let evaluation_periods = count(alarm.evaluation_periods())?;
    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
    let dimensions = alarm.dimensions().iter();
    Some(AlarmSpec {
        alarm_name: text(alarm.alarm_name()),
        alarm_description: text(alarm.alarm_description()),
        namespace: text(alarm.namespace()),
        metric_name: alarm.metric_name()?.to_owned(),
        dimensions: dimensions
            .map(|dimension| metrics::Dimension {
                name: text(dimension.name()),
                value: text(dimension.value()),
            })
            .collect(),
        statistic: alarm.statistic().map(|statistic| statistic.as_str().to_owned()),
        extended_statistic: alarm.extended_statistic().map(str::to_owned),
        period: count(alarm.period())?.into(),
        evaluation_periods,
        datapoints_to_alarm: count(alarm.datapoints_to_alarm()).unwrap_or(evaluation_periods),
        threshold: alarm.threshold()?,
        comparison_operator: text(alarm.comparison_operator().map(|operator| operator.as_str())),
        // CloudWatch's own default.
        treat_missing_data: alarm.treat_missing_data().unwrap_or("missing").to_owned(),
    })
}

/// Requests that the config answered since then.
pub(crate) async fn requests(
    world: &World,
    endpoint: &str,
    config: &ConfigName,
    since: Timestamp,
) -> Result<u64, Fault> {
    let values = read(world, "Invocations", "Sum", endpoint, config, since).await?;
    Ok(values.iter().sum::<f64>().max(0.0) as u64)
}

/// Which of the two fleets suffers: more errors, or slower, than the alarms allow.
pub(crate) async fn compare(
    world: &World,
    limits: &AlarmPolicy,
    endpoint: &str,
    new: &ConfigName,
    old: Option<&ConfigName>,
) -> Result<FleetComparison, Fault> {
    let Some(old) = old else { return Ok(FleetComparison::Unknown) };
    Ok(match (suffers(world, limits, endpoint, new).await?, suffers(world, limits, endpoint, old).await?) {
        (Some(true), Some(false)) => FleetComparison::OnlyNew,
        (Some(true), Some(true)) => FleetComparison::Both,
        (Some(false), Some(_)) => FleetComparison::Neither,
        (None, _) | (_, None) => FleetComparison::Unknown,
    })
}

/// `None` where there was no traffic to tell.
async fn suffers(
    world: &World,
    limits: &AlarmPolicy,
    endpoint: &str,
    config: &ConfigName,
) -> Result<Option<bool>, Fault> {
    let since = Timestamp::now() - LOOK_BACK;
    let errors = read(world, "Invocation5XXErrors", "Average", endpoint, config, since).await?;
    let latency = read(world, "ModelLatency", "p99", endpoint, config, since).await?;
    if errors.is_empty() && latency.is_empty() {
        return Ok(None);
    }
    let slow = limits.latency_p99_ms * 1_000.0;
    Ok(Some(
        errors.iter().any(|rate| *rate > limits.error_rate) || latency.iter().any(|micros| *micros > slow),
    ))
}

/// A metric of one config, a value a minute.
async fn read(
    world: &World,
    metric: &str,
    statistic: &str,
    endpoint: &str,
    config: &ConfigName,
    since: Timestamp,
) -> Result<Vec<f64>, Fault> {
    let metric = Metric::builder()
        .namespace("AWS/SageMaker")
        .metric_name(metric)
        .dimensions(dimension("EndpointName", endpoint))
        .dimensions(dimension("VariantName", VARIANT))
        .dimensions(dimension("EndpointConfigName", &config.0))
        .build();
    let statistic = MetricStat::builder().metric(metric).period(PERIOD).stat(statistic).build();
    let query = MetricDataQuery::builder().id("m").metric_stat(statistic).return_data(true).build();
    // From the start of the minute to the end of this one: a period counts where it begins.
    let start = since.as_second().div_euclid(i64::from(PERIOD)) * i64::from(PERIOD);
    let end = Timestamp::now().as_second() + i64::from(PERIOD);
    let mut values = Vec::new();
    let mut pages = world
        .cloudwatch
        .get_metric_data()
        .start_time(DateTime::from_secs(start))
        .end_time(DateTime::from_secs(end))
        .metric_data_queries(query)
        .into_paginator()
        .send();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|e| fault("get metric data", &e))?;
        values.extend(page.metric_data_results().iter().flat_map(|result| result.values()));
    }
    Ok(values)
}
