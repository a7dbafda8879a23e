//! SageMaker and CloudWatch of an account in memory, in any number of regions.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use pawl::documents::Awaited;
use pawl::events::{AlarmState, EndpointStatus, PackageApproval};
use pawl::fault::Fault;
use pawl::names::{ModelName, RegionName};
use pawl::release::alarms::AlarmSpec;
use pawl::release::autoscaling::Scaling;
use pawl::release::garbage::{ListedPage, ListedResource};
use pawl::release::{AlarmReading, ConfigName, UpdateCall};
use pawl::requests::{
    CreateEndpoint, CreateEndpointConfig, CreateModel, CreateModelPackage, CreateModelPackageGroup,
};
use pawl_sagemaker::{Asked, Standing};

use crate::edge::{CloudWatch, MetricQuery, SageMaker, Services};

/// What stands in one region.
#[derive(Debug, Default)]
pub(super) struct Region {
    pub(super) endpoint: Option<(EndpointStatus, ConfigName)>,
    /// Endpoint configs, each with its models.
    pub(super) configs: BTreeMap<String, Vec<String>>,
    /// Models, each with the address of its archive.
    pub(super) models: BTreeMap<String, String>,
    pub(super) packages: BTreeMap<String, PackageApproval>,
    pub(super) alarms: BTreeMap<String, AlarmSpec>,
    /// The alarms that are on.
    pub(super) firing: BTreeMap<String, Timestamp>,
    /// The values of a metric, by its name and config.
    pub(super) values: BTreeMap<(String, String), Vec<f64>>,
    pub(super) scaling: Option<Scaling>,
    /// What the endpoint answers to rows.
    pub(super) answer: Vec<u8>,
    /// Why it answers no rows.
    pub(super) silence: Option<Fault>,
    /// The rows that it was sent last.
    pub(super) rows: String,
    /// What every call is answered with.
    pub(super) fault: Option<Fault>,
    /// What has no tags of Pawl's, by name.
    pub(super) foreign: BTreeSet<String>,
    /// How many configs or models a page of a list holds; 0 means all.
    pub(super) page: usize,
    /// Each change that was made, in order. What was there already is no change.
    pub(super) changes: Vec<String>,
}

/// An account as one of its regions shows it.
#[derive(Debug, Clone, Default)]
pub(super) struct Account {
    regions: Arc<Mutex<BTreeMap<String, Region>>>,
    region: String,
}

impl Account {
    /// What stands in this region.
    pub(super) fn with<R>(&self, f: impl FnOnce(&mut Region) -> R) -> R {
        let mut regions = self.regions.lock().unwrap_or_else(PoisonError::into_inner);
        f(regions.entry(self.region.clone()).or_default())
    }

    fn ask<R>(&self, f: impl FnOnce(&mut Region) -> Result<R, Fault>) -> Result<R, Fault> {
        self.with(|region| match region.fault.clone() {
            Some(fault) => Err(fault),
            None => f(region),
        })
    }

    /// The endpoint serves this config, which stands on the model of the same name.
    pub(super) fn serve(&self, config: &str) {
        self.with(|region| {
            region.endpoint = Some((EndpointStatus::InService, config.into()));
            region.configs.insert(config.to_owned(), vec![config.to_owned()]);
            region.models.insert(config.to_owned(), format!("s3://elsewhere/{config}.tar.gz"));
        });
    }

    /// The endpoint comes where it was sent.
    pub(super) fn arrive(&self) {
        self.with(|region| {
            if let Some((status, _)) = &mut region.endpoint {
                *status = EndpointStatus::InService;
            }
        });
    }

    /// The config that the endpoint has.
    pub(super) fn config(&self) -> Option<String> {
        self.with(|region| region.endpoint.as_ref().map(|(_, config)| config.0.clone()))
    }

    /// The changes so far.
    pub(super) fn changes(&self) -> Vec<String> {
        self.with(|region| region.changes.clone())
    }
}

impl Services for Account {
    fn in_region(&self, region: &RegionName) -> Self {
        Self { regions: Arc::clone(&self.regions), region: region.to_string() }
    }

    fn is_in(&self, region: &RegionName) -> bool {
        self.region == region.as_str()
    }
}

impl SageMaker for Account {
    async fn describe(&self, _: &str) -> Result<(EndpointStatus, Option<ConfigName>), Fault> {
        self.ask(|region| {
            let endpoint = region.endpoint.clone();
            Ok(endpoint.map_or((EndpointStatus::Absent, None), |(status, config)| (status, Some(config))))
        })
    }

    async fn endpoint_tags(&self, endpoint: &str) -> Result<BTreeMap<String, String>, Fault> {
        self.tags(endpoint).await
    }

    async fn tags(&self, arn: &str) -> Result<BTreeMap<String, String>, Fault> {
        self.ask(|region| {
            let own = [("pawl:model", "bike"), ("pawl:bucket", "pawl")];
            let own = own.into_iter().filter(|_| !region.foreign.contains(arn));
            Ok(own.map(|(key, value)| (key.to_owned(), value.to_owned())).collect())
        })
    }

    async fn verify(&self, config: &ConfigName) -> Result<Standing, Fault> {
        self.ask(|region| {
            let Some(models) = region.configs.get(&config.0) else {
                return Ok(Standing::Missing { what: format!("endpoint config {config}") });
            };
            let archives = models.iter().filter_map(|model| region.models.get(model).cloned());
            Ok(Standing::On { archives: archives.collect() })
        })
    }

    async fn archive(&self, model: &str) -> Result<Option<String>, Fault> {
        self.ask(|region| Ok(region.models.get(model).cloned()))
    }

    async fn approval(&self, package: &str) -> Result<Option<PackageApproval>, Fault> {
        self.ask(|region| Ok(region.packages.get(package).copied()))
    }

    async fn reject(&self, package: &str, _: &str) -> Result<(), Fault> {
        self.ask(|region| {
            if region.packages.insert(package.to_owned(), PackageApproval::Rejected)
                != Some(PackageApproval::Rejected)
            {
                region.changes.push(format!("reject {package}"));
            }
            Ok(())
        })
    }

    async fn create_endpoint(&self, request: &CreateEndpoint) -> Result<(), Fault> {
        self.ask(|region| {
            if region.endpoint.is_some() {
                return Err(Fault::Refused("Cannot create already existing endpoint".to_owned()));
            }
            let config = request.endpoint_config_name.clone();
            region.changes.push(format!("create endpoint with {config}"));
            region.endpoint = Some((EndpointStatus::Creating, config));
            Ok(())
        })
    }

    async fn create_endpoint_config(&self, request: &CreateEndpointConfig) -> Result<(), Fault> {
        self.ask(|region| {
            let variants = request.production_variants.iter();
            let models = variants.map(|variant| variant.model_name.clone()).collect();
            let name = request.endpoint_config_name.0.clone();
            if region.configs.insert(name.clone(), models).is_none() {
                region.changes.push(format!("create config {name}"));
            }
            Ok(())
        })
    }

    async fn create_model(&self, request: &CreateModel) -> Result<(), Fault> {
        self.ask(|region| {
            let archive = request.primary_container.model_data_url.clone();
            if region.models.insert(request.model_name.clone(), archive).is_none() {
                region.changes.push(format!("create model {}", request.model_name));
            }
            Ok(())
        })
    }

    async fn create_package_group(&self, _: &CreateModelPackageGroup) -> Result<(), Fault> {
        self.ask(|_| Ok(()))
    }

    async fn create_package(&self, request: &CreateModelPackage) -> Result<Option<String>, Fault> {
        self.ask(|region| {
            let package = format!("arn:package/{}", request.client_token);
            if region.packages.insert(package.clone(), PackageApproval::Approved).is_none() {
                region.changes.push("create package".to_owned());
            }
            Ok(Some(package))
        })
    }

    async fn update(&self, call: &UpdateCall) -> Result<Asked, Fault> {
        self.ask(|region| match &mut region.endpoint {
            Some((EndpointStatus::InService, config)) if region.configs.contains_key(&call.config.0) => {
                config.clone_from(&call.config);
                region.endpoint = Some((EndpointStatus::Updating, call.config.clone()));
                region.changes.push(format!("update to {}", call.config));
                Ok(Asked::Begun)
            }
            Some((EndpointStatus::InService, _)) => {
                Err(Fault::Refused("Could not find endpoint config".to_owned()))
            }
            Some(_) => Ok(Asked::Busy),
            None => Err(Fault::Refused("Could not find endpoint".to_owned())),
        })
    }

    async fn delete(&self, _: &str) -> Result<(), Fault> {
        self.ask(|region| {
            region.endpoint = None;
            region.changes.push("delete endpoint".to_owned());
            Ok(())
        })
    }

    async fn scale(&self, wanted: &Scaling) -> Result<(), Fault> {
        self.ask(|region| {
            if region.scaling.replace(wanted.clone()).as_ref() != Some(wanted) {
                let on = matches!(wanted, Scaling::On { .. });
                region.changes.push(if on { "scale" } else { "stop scaling" }.to_owned());
            }
            Ok(())
        })
    }

    async fn configs(&self, _: &ModelName, after: Option<&str>) -> Result<ListedPage, Fault> {
        self.ask(|region| Ok(page(region.configs.keys(), after, region.page)))
    }

    async fn models(&self, _: &ModelName, after: Option<&str>) -> Result<ListedPage, Fault> {
        self.ask(|region| Ok(page(region.models.keys(), after, region.page)))
    }

    async fn delete_config(&self, name: &str) -> Result<(), Fault> {
        self.ask(|region| {
            if region.configs.remove(name).is_some() {
                region.changes.push(format!("delete config {name}"));
            }
            Ok(())
        })
    }

    async fn delete_model(&self, name: &str) -> Result<(), Fault> {
        self.ask(|region| {
            if region.models.remove(name).is_some() {
                region.changes.push(format!("delete model {name}"));
            }
            Ok(())
        })
    }

    async fn invoke(&self, _: &str, _: Option<&str>, lines: Vec<u8>) -> Result<Vec<u8>, Fault> {
        self.ask(|region| {
            region.rows = String::from_utf8_lossy(&lines).into_owned();
            region.silence.clone().map_or_else(|| Ok(region.answer.clone()), Err)
        })
    }

    async fn invoke_later(&self, _: &str, input: &str) -> Result<Awaited, Fault> {
        self.ask(|region| {
            region.changes.push(format!("invoke with {input}"));
            Ok(Awaited {
                answer: "s3://pawl/answers/1.out".to_owned(),
                failure: Some("s3://pawl/answers-failed/1.out".to_owned()),
            })
        })
    }
}

/// A page behind a name. Everything in the account was made long ago.
fn page<'a>(names: impl Iterator<Item = &'a String>, after: Option<&str>, most: usize) -> ListedPage {
    let most = if most == 0 { usize::MAX } else { most };
    let mut names = names.filter(|name| after.is_none_or(|after| name.as_str() > after)).peekable();
    let found: Vec<ListedResource> = names.by_ref().take(most).map(|name| old(name)).collect();
    let last = found.last().map(|last| last.name.clone());
    ListedPage { found, next: last.filter(|_| names.peek().is_some()) }
}

fn old(name: &str) -> ListedResource {
    ListedResource { name: name.to_owned(), arn: name.to_owned(), created_at: Timestamp::UNIX_EPOCH }
}

impl CloudWatch for Account {
    async fn alarms(&self, names: &[String]) -> Result<Vec<AlarmReading>, Fault> {
        self.ask(|region| {
            let found = names.iter().filter(|name| region.alarms.contains_key(*name));
            let reading = |name: &String| {
                let since = region.firing.get(name).copied();
                let state = if since.is_some() { AlarmState::Alarm } else { AlarmState::Ok };
                AlarmReading { name: name.clone(), state, since: since.unwrap_or(Timestamp::UNIX_EPOCH) }
            };
            Ok(found.map(reading).collect())
        })
    }

    async fn definitions(&self, names: &[String]) -> Result<Vec<AlarmSpec>, Fault> {
        self.ask(|region| Ok(names.iter().filter_map(|name| region.alarms.get(name).cloned()).collect()))
    }

    async fn put_alarm(&self, alarm: &AlarmSpec) -> Result<(), Fault> {
        self.ask(|region| {
            let name = alarm.alarm_name.clone();
            if region.alarms.insert(name.clone(), alarm.clone()).as_ref() != Some(alarm) {
                region.changes.push(format!("put alarm {name}"));
            }
            Ok(())
        })
    }

    async fn delete_alarms(&self, names: Vec<String>) -> Result<(), Fault> {
        self.ask(|region| {
            for name in names.iter().filter(|name| region.alarms.remove(*name).is_some()) {
                region.changes.push(format!("delete alarm {name}"));
            }
            Ok(())
        })
    }

    async fn values(&self, query: MetricQuery<'_>) -> Result<Vec<f64>, Fault> {
        let of = (query.metric.to_owned(), query.config.0.clone());
        self.ask(|region| Ok(region.values.get(&of).cloned().unwrap_or_default()))
    }
}
