//! Everything outside of this function: the ledger, the people, and SageMaker and CloudWatch of a region.

use std::collections::BTreeMap;
use std::future::Future;

use jiff::Timestamp;
use pawl::documents::Awaited;
use pawl::duration::Duration;
use pawl::edge::Notices;
use pawl::events::{EndpointStatus, PackageApproval};
use pawl::fault::Fault;
use pawl::jobs::Platform;
use pawl::ledger::Store;
use pawl::names::{ModelName, RegionName};
use pawl::pipeline::catalog::Catalog;
use pawl::release::alarms::AlarmSpec;
use pawl::release::autoscaling::Scaling;
use pawl::release::garbage::ListedPage;
use pawl::release::{AlarmReading, ConfigName, UpdateCall};
use pawl::requests::{
    CreateEndpoint, CreateEndpointConfig, CreateModel, CreateModelPackage, CreateModelPackageGroup,
};
use pawl_sagemaker::{Asked, Standing};

/// Everything outside, as the home region sees it.
pub(crate) struct Edge<S: Store, A: Services, N: Notices> {
    pub(crate) store: S,
    /// The name of the bucket that the store lies in.
    pub(crate) bucket: String,
    /// All models' pipelines, kept between calls.
    pub(crate) catalog: Catalog,
    /// SageMaker and CloudWatch at home.
    pub(crate) services: A,
    /// The people to notify.
    pub(crate) notices: N,
    /// How often the metrics of endpoints come.
    pub(crate) endpoint_metrics: Duration,
    /// What the stack gives to SageMaker's models and endpoints.
    pub(crate) platform: Platform,
}

/// The clock.
pub(crate) type Clock<'a> = &'a (dyn Fn() -> Timestamp + Sync);

/// SageMaker and CloudWatch of one region.
pub(crate) trait Services: SageMaker + CloudWatch + Clone {
    /// Those of another region.
    fn in_region(&self, region: &RegionName) -> Self;
    /// Whether these are the region's.
    fn is_in(&self, region: &RegionName) -> bool;
}

/// What a release asks of SageMaker. Each call may be repeated with the effect of one.
pub(crate) trait SageMaker: Sync {
    /// Status of the endpoint and the config that it serves; `Absent` where there is none.
    fn describe(
        &self,
        endpoint: &str,
    ) -> impl Future<Output = Result<(EndpointStatus, Option<ConfigName>), Fault>> + Send;
    /// The tags of an endpoint that stands there.
    fn endpoint_tags(
        &self,
        endpoint: &str,
    ) -> impl Future<Output = Result<BTreeMap<String, String>, Fault>> + Send;
    /// The tags of what has this ARN.
    fn tags(&self, arn: &str) -> impl Future<Output = Result<BTreeMap<String, String>, Fault>> + Send;
    /// What a config stands on.
    fn verify(&self, config: &ConfigName) -> impl Future<Output = Result<Standing, Fault>> + Send;
    /// The `s3://` address of a model's archive; `None` where it has none.
    fn archive(&self, model: &str) -> impl Future<Output = Result<Option<String>, Fault>> + Send;
    /// How the registry holds a model package; `None` where it is gone, or may not be read.
    fn approval(&self, package: &str) -> impl Future<Output = Result<Option<PackageApproval>, Fault>> + Send;
    /// Sets a model package to `Rejected`.
    fn reject(&self, package: &str, description: &str) -> impl Future<Output = Result<(), Fault>> + Send;
    /// Creates an endpoint. One of this name that exists already is a refusal.
    fn create_endpoint(&self, request: &CreateEndpoint) -> impl Future<Output = Result<(), Fault>> + Send;
    /// Creates an endpoint config.
    fn create_endpoint_config(
        &self,
        request: &CreateEndpointConfig,
    ) -> impl Future<Output = Result<(), Fault>> + Send;
    /// Creates a model.
    fn create_model(&self, request: &CreateModel) -> impl Future<Output = Result<(), Fault>> + Send;
    /// Creates the group that a model's packages stand in.
    fn create_package_group(
        &self,
        request: &CreateModelPackageGroup,
    ) -> impl Future<Output = Result<(), Fault>> + Send;
    /// Creates a model package; its ARN.
    fn create_package(
        &self,
        request: &CreateModelPackage,
    ) -> impl Future<Output = Result<Option<String>, Fault>> + Send;
    /// Asks for a change of the endpoint.
    fn update(&self, call: &UpdateCall) -> impl Future<Output = Result<Asked, Fault>> + Send;
    /// Deletes an endpoint that has failed.
    fn delete(&self, endpoint: &str) -> impl Future<Output = Result<(), Fault>> + Send;
    /// Makes Application Auto Scaling hold this.
    fn scale(&self, wanted: &Scaling) -> impl Future<Output = Result<(), Fault>> + Send;
    /// A page of the endpoint configs with this model's name in theirs, the oldest first.
    fn configs(
        &self,
        model: &ModelName,
        after: Option<&str>,
    ) -> impl Future<Output = Result<ListedPage, Fault>> + Send;
    /// A page of the models with this model's name in theirs, the oldest first.
    fn models(
        &self,
        model: &ModelName,
        after: Option<&str>,
    ) -> impl Future<Output = Result<ListedPage, Fault>> + Send;
    /// Deletes an endpoint config.
    fn delete_config(&self, name: &str) -> impl Future<Output = Result<(), Fault>> + Send;
    /// Deletes a model.
    fn delete_model(&self, name: &str) -> impl Future<Output = Result<(), Fault>> + Send;
    /// Sends JSON Lines to the endpoint, or to this variant of it; its answer.
    fn invoke(
        &self,
        endpoint: &str,
        variant: Option<&str>,
        lines: Vec<u8>,
    ) -> impl Future<Output = Result<Vec<u8>, Fault>> + Send;
    /// Sends an asynchronous endpoint to JSON Lines at an `s3://` address.
    fn invoke_later(
        &self,
        endpoint: &str,
        input: &str,
    ) -> impl Future<Output = Result<Awaited, Fault>> + Send;
}

/// A metric of one config behind an endpoint, a value a minute.
#[derive(Debug, Clone, Copy)]
pub(crate) struct MetricQuery<'a> {
    /// The metric's name, as SageMaker publishes it.
    pub(crate) metric: &'a str,
    /// How the values of a minute become one.
    pub(crate) statistic: &'a str,
    pub(crate) endpoint: &'a str,
    pub(crate) config: &'a ConfigName,
    /// From the start of this time's minute.
    pub(crate) since: Timestamp,
    /// To the end of this time's minute.
    pub(crate) until: Timestamp,
}

/// What a release asks of CloudWatch.
pub(crate) trait CloudWatch: Sync {
    /// The alarms of these names, as far as they exist.
    fn alarms(&self, names: &[String]) -> impl Future<Output = Result<Vec<AlarmReading>, Fault>> + Send;
    /// The definitions of these alarms, as far as they exist and judge one metric.
    fn definitions(&self, names: &[String]) -> impl Future<Output = Result<Vec<AlarmSpec>, Fault>> + Send;
    /// Creates an alarm, or replaces the one of its name.
    fn put_alarm(&self, alarm: &AlarmSpec) -> impl Future<Output = Result<(), Fault>> + Send;
    /// Deletes alarms. What is not there is passed over.
    fn delete_alarms(&self, names: Vec<String>) -> impl Future<Output = Result<(), Fault>> + Send;
    /// The values of a metric; none for a minute without traffic.
    fn values(&self, query: MetricQuery<'_>) -> impl Future<Output = Result<Vec<f64>, Fault>> + Send;
}
