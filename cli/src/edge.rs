//! What the operator's verbs reach: the ledger, the task tokens of waiting runs, the event bus.

mod aws;

use std::time::Duration;

use jiff::Timestamp;
use pawl::ledger::{PIPELINES, Store, Stored, pipeline};
use pawl::names::ModelName;
use pawl::pipeline::catalog::model_of;
use serde_json::{Value, json};

use crate::reply::Failure;

pub(crate) use aws::connect;

/// The services beside the ledger. Tests have one of their own.
pub(crate) trait Services {
    /// The clock.
    fn now(&self) -> Timestamp;
    /// Answers the run that waits with this task token.
    async fn answer(&self, token: &str, output: &Value) -> Result<Delivery, Failure>;
    /// Sends a message to the functions of this stack.
    async fn publish(&self, subject: Subject, detail: &Value) -> Result<(), Failure>;
    /// Waits before the ledger is read again.
    async fn pause(&self);
}

/// Whether a run took an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Delivery {
    Taken,
    /// It was answered before, timed out, or is over.
    NobodyWaits,
}

/// Whom a message is for: the rules of `template.yaml` go by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Subject {
    /// An act on a release, for the rollback handler.
    Operator,
    /// The wish for a run, for the trigger function.
    Request,
}

impl Subject {
    fn detail_type(self) -> &'static str {
        match self {
            Self::Operator => "Pawl Operator",
            Self::Request => "Pawl Request",
        }
    }
}

/// How often the ledger is read for the effect of a message.
pub(crate) const LOOKS: u32 = 60;
const PAUSE: Duration = Duration::from_millis(500);

/// One stack, and who acts on it.
#[derive(Debug)]
pub(crate) struct Edge<S, V> {
    pub(crate) store: S,
    pub(crate) services: V,
    pub(crate) bucket: String,
    pub(crate) who: String,
}

impl<S: Store, V: Services> Edge<S, V> {
    /// The model's `pipeline.yaml`, or which models there are.
    pub(crate) async fn pipeline_of(&self, model: &ModelName) -> Result<Stored, Failure> {
        if let Some(stored) = self.store.get(&pipeline(model)).await? {
            return Ok(stored);
        }
        let listed = self.store.list(PIPELINES).await?;
        let names = listed.iter().filter_map(|found| model_of(&found.key)).take(8);
        let names: Vec<String> = names.map(|model| model.to_string()).collect();
        let known = match names.as_slice() {
            [] => "there is none yet; begin with `pawl put pipeline.yaml`".to_owned(),
            names => format!("there are {}", names.join(", ")),
        };
        Err(Failure::cannot_run(format!("no pipeline is called {model} in s3://{}: {known}", self.bucket)))
    }

    /// Sends a message to this stack. Its bucket names it, so that several stacks can share an account's bus.
    ///
    /// The bus rather than a function's own name: an operator needs to know the bucket and nothing else, may
    /// be given `events:PutEvents` instead of the right to invoke functions with anything, and what arrives
    /// gets the same retries and dead-letter queue as an alarm.
    pub(crate) async fn publish(
        &self,
        subject: Subject,
        field: &str,
        mut detail: Value,
    ) -> Result<String, Failure> {
        let at = self.services.now();
        let id = format!("{}-{at}", self.who);
        detail["who"] = json!(self.who);
        detail["at"] = json!(at);
        detail["id"] = json!(id);
        self.services.publish(subject, &json!({ "bucket": self.bucket, field: detail })).await?;
        Ok(id)
    }

    /// The failure where a message had no effect in time.
    pub(crate) fn had_no_effect(&self, model: &ModelName) -> Failure {
        let seconds = (PAUSE * LOOKS).as_secs();
        Failure::cannot_run(format!(
            "sent, but nothing took it within {seconds} s: is the stack of {} in this account and region? \
             `pawl history {model}` shows it should it still arrive",
            self.bucket
        ))
    }
}

/// Who acts, where `--who` does not say: the user of this machine.
pub(crate) fn who() -> String {
    let variable = |name| std::env::var(name).ok().filter(|value: &String| !value.is_empty());
    let user = variable("USER").or_else(|| variable("LOGNAME")).or_else(|| variable("USERNAME"));
    let host = variable("HOSTNAME").or_else(|| std::fs::read_to_string("/proc/sys/kernel/hostname").ok());
    let (user, host) =
        (user.unwrap_or_else(|| "unknown".to_owned()), host.unwrap_or_else(|| "unknown".to_owned()));
    format!("{user}@{}", host.trim())
}
