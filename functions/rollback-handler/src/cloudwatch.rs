//! CloudWatch through the SDK: alarms and metrics.

use jiff::Timestamp;
use pawl::events::AlarmState;
use pawl::fault::Fault;
use pawl::metrics::{self, VARIANT};
use pawl::release::AlarmReading;
use pawl::release::alarms::AlarmSpec;
use pawl_aws::cloudwatch::Client;
use pawl_aws::cloudwatch::operation::describe_alarms::DescribeAlarmsOutput;
use pawl_aws::cloudwatch::primitives::DateTime;
use pawl_aws::cloudwatch::types::{
    AlarmType, Dimension, Metric, MetricAlarm, MetricDataQuery, MetricStat, StateValue, Statistic,
};
use pawl_aws::fault;

use crate::aws::AwsServices;
use crate::edge::{CloudWatch, MetricQuery};

/// SageMaker publishes once a minute.
const PERIOD: i32 = 60;

impl CloudWatch for AwsServices {
    async fn alarms(&self, names: &[String]) -> Result<Vec<AlarmReading>, Fault> {
        if names.is_empty() {
            return Ok(Vec::new());
        }
        let found = describe(&self.cloudwatch, names).await?;
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
            since: since
                .and_then(|at| Timestamp::from_second(at.secs()).ok())
                .unwrap_or(Timestamp::UNIX_EPOCH),
        });
        Ok(read.collect())
    }

    async fn definitions(&self, names: &[String]) -> Result<Vec<AlarmSpec>, Fault> {
        if names.is_empty() {
            return Ok(Vec::new());
        }
        let found = describe(&self.cloudwatch, names).await?;
        Ok(found.metric_alarms().iter().filter_map(definition).collect())
    }

    async fn put_alarm(&self, alarm: &AlarmSpec) -> Result<(), Fault> {
        let count = |number: u32| i32::try_from(number).unwrap_or(i32::MAX);
        let dimensions = alarm.dimensions.iter().map(|of| dimension(&of.name, &of.value));
        let request = self
            .cloudwatch
            .put_metric_alarm()
            .alarm_name(&alarm.alarm_name)
            .alarm_description(&alarm.alarm_description)
            .namespace(&alarm.namespace)
            .metric_name(&alarm.metric_name)
            .set_dimensions(Some(dimensions.collect()))
            .set_statistic(alarm.statistic.as_deref().map(Statistic::from))
            .set_extended_statistic(alarm.extended_statistic.clone())
            .period(i32::try_from(alarm.period).unwrap_or(i32::MAX))
            .evaluation_periods(count(alarm.evaluation_periods))
            .datapoints_to_alarm(count(alarm.datapoints_to_alarm))
            .threshold(alarm.threshold)
            .comparison_operator(alarm.comparison_operator.as_str().into())
            .treat_missing_data(&alarm.treat_missing_data);
        request.send().await.map(|_| ()).map_err(|e| fault(&format!("put alarm {}", alarm.alarm_name), &e))
    }

    async fn delete_alarms(&self, names: Vec<String>) -> Result<(), Fault> {
        let request = self.cloudwatch.delete_alarms().set_alarm_names(Some(names));
        request.send().await.map(|_| ()).map_err(|e| fault("delete alarms", &e))
    }

    async fn values(&self, query: MetricQuery<'_>) -> Result<Vec<f64>, Fault> {
        let metric = Metric::builder()
            .namespace("AWS/SageMaker")
            .metric_name(query.metric)
            .dimensions(dimension("EndpointName", query.endpoint))
            .dimensions(dimension("VariantName", VARIANT))
            .dimensions(dimension("EndpointConfigName", &query.config.0))
            .build();
        let statistic = MetricStat::builder().metric(metric).period(PERIOD).stat(query.statistic).build();
        let wanted = MetricDataQuery::builder().id("m").metric_stat(statistic).return_data(true).build();
        // A period counts where it begins.
        let start = query.since.as_second().div_euclid(i64::from(PERIOD)) * i64::from(PERIOD);
        let end = query.until.as_second() + i64::from(PERIOD);
        let mut values = Vec::new();
        let mut pages = self
            .cloudwatch
            .get_metric_data()
            .start_time(DateTime::from_secs(start))
            .end_time(DateTime::from_secs(end))
            .metric_data_queries(wanted)
            .into_paginator()
            .send();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|e| fault("get metric data", &e))?;
            values.extend(page.metric_data_results().iter().flat_map(|result| result.values()));
        }
        Ok(values)
    }
}

fn dimension(name: &str, value: &str) -> Dimension {
    Dimension::builder().name(name).value(value).build()
}

async fn describe(client: &Client, names: &[String]) -> Result<DescribeAlarmsOutput, Fault> {
    let request = client.describe_alarms().set_alarm_names(Some(names.to_vec()));
    let request = request.alarm_types(AlarmType::MetricAlarm).alarm_types(AlarmType::CompositeAlarm);
    request.send().await.map_err(|e| fault("describe alarms", &e))
}

/// An alarm's state in Pawl's words. One that the SDK does not know yet is no proof of health.
fn alarm_state(state: Option<&StateValue>) -> AlarmState {
    match state {
        Some(StateValue::Ok) => AlarmState::Ok,
        Some(StateValue::Alarm) => AlarmState::Alarm,
        _ => AlarmState::InsufficientData,
    }
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
