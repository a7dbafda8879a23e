//! Every environment variable that a function reads, in one place.

use pawl_base::duration::Duration;
use pawl_base::fault::Fault;

/// One variable of the environment, set by `template.yaml`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Setting {
    /// `PAWL_BUCKET`: the bucket of evidence and ledger.
    Bucket,
    /// `PAWL_TOPIC_ARN`: the SNS topic that people are notified through.
    Topic,
    /// `PAWL_RETRAINING_ARN`: the retraining state machine.
    Retraining,
    /// `PAWL_TRAINING_ROLE_ARN`: the role that trainings and searches run under.
    TrainingRole,
    /// `PAWL_SCORING_ROLE_ARN`: the role of the models that score.
    ScoringRole,
    /// `PAWL_SERVING_ROLE_ARN`: the role of the models that an endpoint serves.
    ServingRole,
    /// `PAWL_KMS_KEY_ARN`: the key of SageMaker's volumes and outputs, where a pipeline names none. May be
    /// empty.
    KmsKey,
    /// `PAWL_VPC_SUBNETS`: the subnets that containers run in, with commas, where a pipeline names none. May
    /// be empty.
    VpcSubnets,
    /// `PAWL_VPC_SECURITY_GROUPS`: their security groups.
    VpcSecurityGroups,
    /// `PAWL_ENDPOINT_METRICS_SECONDS`: how often the metrics of endpoints come. Only the stand-in sets it:
    /// on AWS they come once a minute.
    EndpointMetrics,
}

impl Setting {
    /// The variable's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Bucket => "PAWL_BUCKET",
            Self::Topic => "PAWL_TOPIC_ARN",
            Self::Retraining => "PAWL_RETRAINING_ARN",
            Self::TrainingRole => "PAWL_TRAINING_ROLE_ARN",
            Self::ScoringRole => "PAWL_SCORING_ROLE_ARN",
            Self::ServingRole => "PAWL_SERVING_ROLE_ARN",
            Self::KmsKey => "PAWL_KMS_KEY_ARN",
            Self::VpcSubnets => "PAWL_VPC_SUBNETS",
            Self::VpcSecurityGroups => "PAWL_VPC_SECURITY_GROUPS",
            Self::EndpointMetrics => "PAWL_ENDPOINT_METRICS_SECONDS",
        }
    }
}

/// The environment of a function.
#[derive(Debug, Clone, Copy, Default)]
pub struct Settings;

impl Settings {
    /// A variable's value, or what is missing and where it is set.
    pub fn get(self, setting: Setting) -> Result<String, Fault> {
        self.find(setting).ok_or_else(|| {
            Fault::BadConfig(format!(
                "the environment variable {} is not set; \
                 template.yaml sets it for each function that needs it",
                setting.name()
            ))
        })
    }

    /// A variable's value, where it is set to something.
    pub fn find(self, setting: Setting) -> Option<String> {
        std::env::var(setting.name()).ok().filter(|value| !value.is_empty())
    }

    /// The words of a list with commas; none where it is not set.
    pub fn list(self, setting: Setting) -> Vec<String> {
        let text = self.find(setting).unwrap_or_default();
        text.split(',').map(str::trim).filter(|word| !word.is_empty()).map(str::to_owned).collect()
    }

    /// How often the metrics of endpoints come: once a minute, unless the environment says otherwise.
    pub fn endpoint_metrics(self) -> Result<Duration, Fault> {
        let Some(text) = self.find(Setting::EndpointMetrics) else { return Ok(Duration::seconds(60)) };
        let wrong = || Fault::BadConfig(format!("{} is {text:?}: seconds", Setting::EndpointMetrics.name()));
        text.parse()
            .ok()
            .filter(|seconds| (1..=60).contains(seconds))
            .map(Duration::seconds)
            .ok_or_else(wrong)
    }
}
