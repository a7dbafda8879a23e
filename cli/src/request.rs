//! `pawl run`: a person asks for a run.

use std::fmt;

use pawl::ledger::inbox::{self, Completes};
use pawl::ledger::{Keys, Store, TriggerId, training};
use pawl::names::{Generation, ModelName};
use serde::Serialize;
use serde_json::json;

pub(crate) use crate::options::ModelAndWhy as Args;
use crate::reply::{Failure, Reply};
use crate::world::{LOOKS, Reach, Subject, World};

/// A recorded request.
#[derive(Debug, Serialize)]
struct Recorded {
    model: ModelName,
    trigger: TriggerId,
    /// The run that is open now: it takes the trigger, or the next one does.
    open_run: Option<Generation>,
}

impl fmt::Display for Recorded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.open_run {
            Some(run) => writeln!(
                f,
                "Recorded. Run {run} of {model} is open: it takes the request, or the next run does.\n\
                 Follow it with `pawl status {model}`.",
                model = self.model
            ),
            None => writeln!(
                f,
                "Recorded. A run of {model} begins; see `pawl status {model}`.",
                model = self.model
            ),
        }
    }
}

pub(crate) async fn run<S: Store, R: Reach>(world: &World<S, R>, args: &Args) -> Result<Reply, Failure> {
    let model = &args.model.model;
    world.pipeline_of(model).await?;
    let keys = Keys::new(model);
    let detail = json!({ "model": model, "why": args.why.why });
    let id = world.publish(Subject::Request, "request", detail).await?;
    let trigger = TriggerId::new(&format!("request:{id}"), Completes::Itself);
    for _ in 0..LOOKS {
        if inbox::get(&world.store, &keys, &trigger).await?.is_some() {
            let open_run = training::load(&world.store, &keys).await?.open.map(|run| run.generation);
            return Reply::done(&Recorded { model: model.clone(), trigger, open_run });
        }
        world.reach.pause().await;
    }
    Err(world.unheard(model))
}
