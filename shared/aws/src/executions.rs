//! Executions of the retraining state machine in Step Functions.

use aws_sdk_sfn::Client;
use aws_sdk_sfn::types::ExecutionStatus;

use super::{SdkConfig, Setting, Settings, fault};
use pawl_base::fault::Fault;
use pawl_ledger::edge::{Delivery, ExecutionStart, ExecutionState, Executions};

/// The state machine that `PAWL_RETRAINING_ARN` names.
#[derive(Debug, Clone)]
pub struct StateMachine {
    client: Client,
    arn: String,
}

impl StateMachine {
    /// The retraining state machine of this environment.
    pub fn from_env(config: &SdkConfig) -> Result<Self, Fault> {
        Ok(Self::new(config, Settings.get(Setting::Retraining)?))
    }

    /// The state machine of this ARN.
    pub fn new(config: &SdkConfig, arn: String) -> Self {
        Self { client: Client::new(config), arn }
    }

    /// The ARN of its execution of this name:
    /// <https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeExecution.html>.
    fn execution_arn(&self, name: &str) -> String {
        format!("{}:{name}", self.arn.replace(":stateMachine:", ":execution:"))
    }
}

impl Executions for StateMachine {
    async fn start(&self, name: &str, input: &str) -> Result<ExecutionStart, Fault> {
        let request = self.client.start_execution().state_machine_arn(&self.arn).name(name).input(input);
        match request.send().await {
            Ok(_) => Ok(ExecutionStart::Runs),
            Err(e) if e.as_service_error().is_some_and(|e| e.is_execution_already_exists()) => {
                Ok(ExecutionStart::NameTaken)
            }
            Err(e) => Err(fault(&format!("start execution {name}"), &e)),
        }
    }

    async fn state(&self, name: &str) -> Result<ExecutionState, Fault> {
        match self.client.describe_execution().execution_arn(self.execution_arn(name)).send().await {
            Ok(found) if *found.status() == ExecutionStatus::Running => Ok(ExecutionState::Running),
            Ok(_) => Ok(ExecutionState::Over),
            Err(e) if e.as_service_error().is_some_and(|e| e.is_execution_does_not_exist()) => {
                Ok(ExecutionState::Over)
            }
            Err(e) => Err(fault(&format!("describe execution {name}"), &e)),
        }
    }

    async fn answer(&self, token: &str, output: &str) -> Result<Delivery, Fault> {
        match self.client.send_task_success().task_token(token).output(output).send().await {
            Ok(_) => Ok(Delivery::Taken),
            Err(e) => {
                let over = e.as_service_error().is_some_and(|e| {
                    e.is_task_timed_out() || e.is_task_does_not_exist() || e.is_invalid_token()
                });
                if over { Ok(Delivery::NobodyWaits) } else { Err(fault("answer the waiting run", &e)) }
            }
        }
    }
}
