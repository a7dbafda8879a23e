//! `pawl run`: a person asks for a run, or forces the challenger of an earlier one.

use std::fmt;

use pawl::documents::{RequestedAct, TRAINING};
use pawl::ledger::inbox::{self, Completes};
use pawl::ledger::{Keys, Store, TriggerId};
use pawl::names::{Generation, ModelName};
use serde::Serialize;

use crate::edge::{Edge, LOOKS, Services};
pub(crate) use crate::options::ModelAndWhy as Args;
use crate::reply::{Failure, Reply};

/// A recorded request.
#[derive(Debug, Serialize)]
struct Recorded {
    model: ModelName,
    trigger: TriggerId,
    /// The run that is open now: it takes the trigger, or the next one does.
    open_run: Option<Generation>,
    /// The run whose challenger is forced.
    #[serde(skip_serializing_if = "Option::is_none")]
    force: Option<Generation>,
}

impl fmt::Display for Recorded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.open_run, self.force) {
            (_, Some(forced)) => writeln!(
                f,
                "Recorded. A run of its own promotes the challenger of run {forced}, \
                 as soon as no other is open.\n\
                 Follow it with `pawl status {model}`.",
                model = self.model
            ),
            (Some(run), None) => writeln!(
                f,
                "Recorded. Run {run} of {model} is open: it takes the request, or the next run does.\n\
                 Follow it with `pawl status {model}`.",
                model = self.model
            ),
            (None, None) => writeln!(
                f,
                "Recorded. A run of {model} begins; see `pawl status {model}`.",
                model = self.model
            ),
        }
    }
}

pub(crate) async fn run<S: Store, V: Services>(edge: &Edge<S, V>, args: &Args) -> Result<Reply, Failure> {
    edge.pipeline_of(&args.model.model).await?;
    send(edge, args, None).await
}

/// Sends the wish, and waits until it is recorded.
pub(crate) async fn send<S: Store, V: Services>(
    edge: &Edge<S, V>,
    args: &Args,
    force: Option<Generation>,
) -> Result<Reply, Failure> {
    let model = &args.model.model;
    let keys = Keys::new(model);
    let key = edge.send(model, RequestedAct::Run { force }, args.why.why.clone()).await?;
    let completes = if force.is_some() { Completes::Alone } else { Completes::Itself };
    let trigger = TriggerId::new(&key.dedupe_key(), completes);
    for _ in 0..LOOKS {
        if inbox::get(&edge.store, &keys, &trigger).await?.is_some() {
            let open_run =
                TRAINING.of(&keys).read_or_default(&edge.store).await?.open.map(|run| run.generation);
            return Reply::done(&Recorded { model: model.clone(), trigger, open_run, force });
        }
        edge.services.pause().await;
    }
    Err(edge.had_no_effect(model))
}
