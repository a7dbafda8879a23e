//! The clients of this function.

use pawl::fault::Fault;
use pawl::pipeline::catalog::Catalog;
use pawl_aws::{Objects, S3Store, SdkConfig, Setting, Settings, Topic, fault, sfn};

/// Everything outside: the ledger, the data, the state machine, the topic.
pub(crate) struct Edge {
    pub(crate) store: S3Store,
    pub(crate) catalog: Catalog,
    pub(crate) objects: Objects,
    sfn: sfn::Client,
    retraining: String,
    pub(crate) topic: Topic,
}

/// What Step Functions knows of an execution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Execution {
    Running,
    Over,
}

impl Edge {
    pub(crate) fn from_env(config: &SdkConfig) -> Result<Self, Fault> {
        Ok(Self {
            store: S3Store::from_env(config)?,
            catalog: Catalog::default(),
            objects: Objects::new(config),
            sfn: sfn::Client::new(config),
            retraining: Settings.get(Setting::Retraining)?,
            topic: Topic::from_env(config)?,
        })
    }

    /// Starts an execution; one of the same name counts as started. Names are never used twice, so it is the same run.
    pub(crate) async fn start(&self, name: &str, input: &str) -> Result<(), Fault> {
        let request = self.sfn.start_execution().state_machine_arn(&self.retraining).name(name).input(input);
        match request.send().await {
            Ok(_) => Ok(()),
            Err(e) if e.as_service_error().is_some_and(|e| e.is_execution_already_exists()) => Ok(()),
            Err(e) => Err(fault(&format!("start execution {name}"), &e)),
        }
    }

    /// Whether the execution of this name runs.
    pub(crate) async fn execution(&self, name: &str) -> Result<Execution, Fault> {
        let arn = format!("{}:{name}", self.retraining.replace(":stateMachine:", ":execution:"));
        match self.sfn.describe_execution().execution_arn(&arn).send().await {
            Ok(found) if *found.status() == sfn::types::ExecutionStatus::Running => Ok(Execution::Running),
            Ok(_) => Ok(Execution::Over),
            Err(e) if e.as_service_error().is_some_and(|e| e.is_execution_does_not_exist()) => {
                Ok(Execution::Over)
            }
            Err(e) => Err(fault(&format!("describe execution {name}"), &e)),
        }
    }
}
