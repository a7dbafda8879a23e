//! What the operator's verbs reach: the ledger, the folder of requests, and AWS's word on who acts.

mod aws;

use std::time::Duration;

use jiff::Timestamp;
use pawl::documents::{REQUEST, Request, RequestKey, RequestedAct, UserId};
use pawl::ledger::{Keys, PIPELINES, Store, Stored, Wrote, pipeline};
use pawl::names::ModelName;
use pawl::pipeline::catalog::model_of;

use crate::build::Build;
use crate::reply::Failure;

pub(crate) use aws::connect;

/// The services beside the ledger. Tests have one of their own.
pub(crate) trait Services {
    /// The clock.
    fn now(&self) -> Timestamp;
    /// Who acts, as AWS tells.
    async fn user(&self) -> Result<UserId, Failure>;
    /// What the stack was built from, where it says so.
    async fn deployed(&self) -> Result<Option<Build>, Failure>;
    /// Waits before the ledger is read again.
    async fn pause(&self);
}

/// How often the ledger is read for the effect of a request.
pub(crate) const LOOKS: u32 = 60;
const PAUSE: Duration = Duration::from_millis(500);

/// One stack, and who acts on it.
#[derive(Debug)]
pub(crate) struct Edge<S, V> {
    pub(crate) store: S,
    pub(crate) services: V,
    pub(crate) bucket: String,
    /// Who acts, as they say.
    pub(crate) says: String,
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

    /// Puts a request into this stack's bucket, under the user id of whoever acts; its key.
    ///
    /// An object rather than an event or a call: IAM can bind its key to the caller, so that nobody acts in
    /// another's name, and a person needs no right but to put it there.
    pub(crate) async fn send(
        &self,
        model: &ModelName,
        wish: RequestedAct,
        why: String,
    ) -> Result<RequestKey, Failure> {
        let id = self.services.now().strftime("%Y%m%dT%H%M%S.%9f").to_string();
        let (who, concern) = (self.services.user().await?, wish.concern());
        let key = RequestKey { concern, who, model: model.clone(), id };
        let request = Request { wish, why, says: self.says.clone() };
        match REQUEST.of(&Keys::new(model), &key).write_once(&self.store, &request).await? {
            Wrote::Now => Ok(key),
            Wrote::Before => Err(Failure::cannot_run("you did something at the same moment: try again")),
        }
    }

    /// The failure where a request had no effect in time.
    pub(crate) fn had_no_effect(&self, model: &ModelName) -> Failure {
        let seconds = (PAUSE * LOOKS).as_secs();
        Failure::cannot_run(format!(
            "sent, but nothing took it within {seconds} s: is the stack of {} in this account and region? \
             `pawl history {model}` shows it should it still arrive",
            self.bucket
        ))
    }
}

/// Who acts by their own word, where `--who` does not say: the user of this machine.
pub(crate) fn says() -> String {
    let variable = |name| std::env::var(name).ok().filter(|value: &String| !value.is_empty());
    let user = variable("USER").or_else(|| variable("LOGNAME")).or_else(|| variable("USERNAME"));
    let host = variable("HOSTNAME").or_else(|| std::fs::read_to_string("/proc/sys/kernel/hostname").ok());
    let (user, host) =
        (user.unwrap_or_else(|| "unknown".to_owned()), host.unwrap_or_else(|| "unknown".to_owned()));
    format!("{user}@{}", host.trim())
}
