//! What is deployed: an endpoint config and all that it was made of.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::config::ConfigName;
use crate::strategy::{EndpointKind, InstanceCount};
use pawl_base::names::{ContentHash, Generation};
use pawl_gate::live::TrialKind;

/// A config and all that it was made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deployment {
    /// The run that made it.
    pub generation: Generation,
    /// The endpoint config.
    pub config: ConfigName,
    /// The SageMaker model's name.
    pub model: Option<String>,
    /// The model package's ARN.
    pub package: Option<String>,
    /// The version of the data it was trained on.
    pub dataset: Option<ContentHash>,
    /// What kind of endpoint it makes. SageMaker takes no deployment guardrails for serverless ones.
    #[serde(default)]
    pub kind: EndpointKind,
    /// What rules its number of instances when traffic moves to it. A record of an earlier release does not
    /// say: the number is kept then.
    #[serde(default)]
    pub instances: InstanceCount,
    /// Names of the alarms that watch this config.
    #[serde(default)]
    pub alarms: Vec<String>,
    /// Since when it may take traffic: its deployment was granted then, or it was brought back.
    pub activated_at: Option<Timestamp>,
    /// Set for the config in which the challenger is tried beside the champion.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trial: Option<TrialStage>,
}

/// A trial: the first stage of a deployment, with a config of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrialStage {
    /// In which way.
    pub kind: TrialKind,
    /// The config that all traffic moves to when it is won.
    pub then: ConfigName,
}

impl Deployment {
    /// A deployment of which only run and config are known.
    pub fn new(generation: Generation, config: impl Into<ConfigName>) -> Self {
        Self {
            generation,
            config: config.into(),
            model: None,
            package: None,
            dataset: None,
            kind: EndpointKind::default(),
            instances: InstanceCount::default(),
            alarms: Vec::new(),
            activated_at: None,
            trial: None,
        }
    }

    /// The stage before this deployment, in which it is tried.
    pub fn in_trial(&self, kind: TrialKind) -> Self {
        let trial = Some(TrialStage { kind, then: self.config.clone() });
        Self { config: self.config.in_trial(), trial, ..self.clone() }
    }

    /// The stage after this one; `None` where there is none.
    pub fn next_stage(&self) -> Option<Self> {
        let then = self.trial.as_ref()?.then.clone();
        Some(Self { config: then, trial: None, activated_at: None, ..self.clone() })
    }

    /// The config that all traffic moves to in the end.
    pub fn last_config(&self) -> &ConfigName {
        self.trial.as_ref().map_or(&self.config, |trial| &trial.then)
    }

    /// Whether a config is one of this deployment's stages.
    pub fn has_stage(&self, config: &ConfigName) -> bool {
        let last = self.last_config();
        config == last || *config == last.in_trial()
    }

    /// Whether two production variants share the traffic.
    pub fn is_split(&self) -> bool {
        self.trial.as_ref().is_some_and(|trial| trial.kind == TrialKind::Ab)
    }
}
