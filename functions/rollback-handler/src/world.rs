//! Everything outside, at home or in a further region.

use std::sync::atomic::{AtomicU64, Ordering};

use jiff::Timestamp;
use pawl::fault::Fault;
use pawl::names::RegionName;
use pawl::pipeline::catalog::Catalog;
use pawl::release::alarms::AlarmSpec;
use pawl_aws::{S3Store, SdkConfig, Topic, cloudwatch, fault, in_region};
use pawl_sagemaker::SageMaker;

use crate::metrics;

/// Everything outside.
pub(crate) struct World {
    pub(crate) store: S3Store,
    pub(crate) catalog: Catalog,
    pub(crate) sagemaker: SageMaker,
    pub(crate) cloudwatch: cloudwatch::Client,
    pub(crate) topic: Topic,
    config: SdkConfig,
}

/// Calls of this process so far.
static CALLS: AtomicU64 = AtomicU64::new(0);

impl World {
    pub(crate) fn from_env(config: &SdkConfig) -> Result<Self, Fault> {
        Ok(Self {
            store: S3Store::from_env(config)?,
            catalog: Catalog::default(),
            sagemaker: SageMaker::new(config),
            cloudwatch: cloudwatch::Client::new(config),
            topic: Topic::from_env(config)?,
            config: config.clone(),
        })
    }

    /// The same world from a further region: SageMaker and CloudWatch are the region's, what is remembered and told stays at home.
    pub(crate) fn in_region(&self, region: &RegionName) -> Self {
        let there = in_region(&self.config, region);
        Self {
            store: self.store.clone(),
            catalog: Catalog::default(),
            sagemaker: SageMaker::new(&there),
            cloudwatch: cloudwatch::Client::new(&there),
            topic: self.topic.clone(),
            config: there,
        }
    }

    /// Whether this is the region.
    pub(crate) fn is_in(&self, region: &RegionName) -> bool {
        self.config.region().is_some_and(|own| own.as_ref() == region.as_str())
    }

    /// A name for one call that no other call has, on whatever machine.
    pub(crate) fn holder(&self) -> String {
        let call = CALLS.fetch_add(1, Ordering::Relaxed);
        format!("{}-{}-{call}", std::process::id(), Timestamp::now().as_nanosecond())
    }

    /// Deletes alarms. What is not there is passed over.
    pub(crate) async fn delete_alarms(&self, names: Vec<String>) -> Result<(), Fault> {
        let request = self.cloudwatch.delete_alarms().set_alarm_names(Some(names));
        request.send().await.map(|_| ()).map_err(|e| fault("delete alarms", &e))
    }

    pub(crate) async fn put_alarm(&self, alarm: &AlarmSpec) -> Result<(), Fault> {
        let count = |number: u32| i32::try_from(number).unwrap_or(i32::MAX);
        let dimensions =
            alarm.dimensions.iter().map(|dimension| metrics::dimension(&dimension.name, &dimension.value));
        let request = self
            .cloudwatch
            .put_metric_alarm()
            .alarm_name(&alarm.alarm_name)
            .alarm_description(&alarm.alarm_description)
            .namespace(&alarm.namespace)
            .metric_name(&alarm.metric_name)
            .set_dimensions(Some(dimensions.collect()))
            .set_statistic(alarm.statistic.as_deref().map(cloudwatch::types::Statistic::from))
            .set_extended_statistic(alarm.extended_statistic.clone())
            .period(i32::try_from(alarm.period).unwrap_or(i32::MAX))
            .evaluation_periods(count(alarm.evaluation_periods))
            .datapoints_to_alarm(count(alarm.datapoints_to_alarm))
            .threshold(alarm.threshold)
            .comparison_operator(alarm.comparison_operator.as_str().into())
            .treat_missing_data(&alarm.treat_missing_data);
        request.send().await.map(|_| ()).map_err(|e| fault(&format!("put alarm {}", alarm.alarm_name), &e))
    }
}
