//! The SageMaker requests that follow from a `pipeline.yaml`: typed bodies, which a state machine sends as
//! JSON and the functions send through the SDK.
//!
//! ```
//! use pawl::jobs::{Job, Platform};
//! use pawl::names::Generation;
//! use pawl::pipeline::Pipeline;
//!
//! let yaml = "
//! model: bikes
//! data: {bucket: incoming, prefix: bikes/, label: {column: rented}, features: [hour, weather]}
//! train: {image: 123456789012.dkr.ecr.eu-central-1.amazonaws.com/bikes:1}
//! ";
//! let job = Job {
//!     pipeline: &Pipeline::parse(yaml.as_bytes())?,
//!     generation: Generation(7),
//!     name: "bikes-7-20261120080000",
//!     bucket: "evidence",
//!     run: "runs/bikes/000007/",
//!     platform: &Platform::with_one_role("arn:aws:iam::123456789012:role/sagemaker"),
//! };
//! assert_eq!(job.training().training_job_name, job.name);
//! assert!(job.tuning().is_none(), "the pipeline searches no hyperparameters");
//! # Ok::<(), pawl::pipeline::PipelineError>(())
//! ```

mod endpoint_config;
mod model;
mod owner;
mod package;
#[cfg(test)]
mod tests;
mod text;
mod training;
mod transform;

use crate::fault::Fault;
use crate::names::Generation;
use crate::pipeline::Pipeline;
use crate::release::serving::Vpc;
use crate::requests::{DataSource, ResourceTag, S3DataSource, VpcConfig};

pub use owner::Owner;
pub use text::{on_one_line, property};

/// What containers read and answer.
const JSON_LINES: &str = "application/jsonlines";

/// What a run's resources are called, and where their files lie.
#[derive(Debug, Clone)]
pub struct Job<'a> {
    /// The pipeline.
    pub pipeline: &'a Pipeline,
    /// The run.
    pub generation: Generation,
    /// The name of the training job, the model and the endpoint config: at most 63 characters, never used
    /// twice.
    pub name: &'a str,
    /// The bucket of evidence.
    pub bucket: &'a str,
    /// The prefix of this run's evidence, with a slash at its end.
    pub run: &'a str,
    /// What the stack gives to each job.
    pub platform: &'a Platform,
}

/// What the stack gives to each job of SageMaker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Platform {
    /// The bucket of the stack's evidence at home: what is made says so by a tag.
    pub stack: String,
    /// The roles that containers run under.
    pub roles: Roles,
    /// The KMS key where a pipeline names none.
    pub kms_key: Option<String>,
    /// The place in a VPC where a pipeline names none.
    pub vpc: Option<Vpc>,
}

/// The ARNs of the roles that containers run under, each with just the rights of its work: what is judged
/// must not be able to write what judges it. A transform takes the role of its model, so scoring has models
/// of its own ([`Job::scorer`]).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Roles {
    /// Of trainings and searches.
    pub training: String,
    /// Of the models that score a holdout.
    pub scoring: String,
    /// Of the models that an endpoint serves.
    pub serving: String,
}

impl Platform {
    /// What a stack gives by its settings. Without subnets and security groups there is no VPC.
    ///
    /// # Errors
    /// [`Fault::BadConfig`] for subnets without security groups, or the reverse.
    pub fn new(
        stack: &str,
        roles: Roles,
        kms_key: Option<String>,
        subnets: Vec<String>,
        security_groups: Vec<String>,
    ) -> Result<Self, Fault> {
        if subnets.is_empty() != security_groups.is_empty() {
            let fault = "PAWL_VPC_SUBNETS and PAWL_VPC_SECURITY_GROUPS need each other";
            return Err(Fault::BadConfig(fault.to_owned()));
        }
        let vpc = (!subnets.is_empty()).then_some(Vpc { subnets, security_groups });
        Ok(Self { stack: stack.to_owned(), roles, kms_key, vpc })
    }

    /// The same in another region, where neither key nor network of home exist.
    pub fn abroad(&self) -> Self {
        Self { kms_key: None, vpc: None, ..self.clone() }
    }

    /// One role for everything: for tests.
    pub fn with_one_role(role: &str) -> Self {
        let role = || role.to_owned();
        let roles = Roles { training: role(), scoring: role(), serving: role() };
        Self { stack: "pawl".to_owned(), roles, kms_key: None, vpc: None }
    }
}

impl Job<'_> {
    /// The key of what scores and serves, and of what it writes.
    fn serving_key(&self) -> Option<String> {
        self.pipeline.serve.kms_key.clone().or_else(|| self.platform.kms_key.clone())
    }

    fn uri(&self, name: &str) -> String {
        format!("s3://{}/{}{name}", self.bucket, self.run)
    }

    fn tags(&self) -> Vec<ResourceTag> {
        let mut tags = Owner { model: &self.pipeline.model, bucket: &self.platform.stack }.tags();
        tags.push(ResourceTag { key: "pawl:generation".to_owned(), value: self.generation.to_string() });
        tags
    }

    fn manifest(&self, name: &str, spread: Option<&'static str>) -> DataSource {
        DataSource {
            s3: S3DataSource {
                s3_data_type: "ManifestFile",
                s3_uri: self.uri(name),
                s3_data_distribution_type: spread,
            },
        }
    }
}

/// A place in a VPC as SageMaker takes it: the pipeline's own, else the stack's.
fn network(own: Option<&Vpc>, platform: &Platform) -> Option<VpcConfig> {
    own.or(platform.vpc.as_ref()).map(|vpc| VpcConfig {
        subnets: vpc.subnets.clone(),
        security_group_ids: vpc.security_groups.clone(),
    })
}

/// The key of an instance's volume. Where instances have disks of their own there is no volume to encrypt,
/// and SageMaker refuses a key: the disks encrypt themselves. Source:
/// <https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ResourceConfig.html>.
fn volume_key(key: Option<String>, instance_type: &str) -> Option<String> {
    let family =
        instance_type.strip_prefix("ml.").unwrap_or(instance_type).split('.').next().unwrap_or_default();
    let size = family.trim_start_matches(|c: char| c.is_ascii_alphabetic());
    let own_disks =
        ["g4dn", "g5", "g6", "g6e", "gr6", "p4d", "p4de", "p5", "p5e", "p5en", "trn1", "trn1n", "trn2"]
            .contains(&family)
            || size.trim_start_matches(|c: char| c.is_ascii_digit()).contains('d');
    key.filter(|_| !own_disks)
}
