//! `pawl reset`: closes the breaker of the retraining loop.

use std::fmt;

use pawl::documents::{RequestedAct, TRAINING};
use pawl::ledger::training::Breaker;
use pawl::ledger::{Keys, Store};
use pawl::names::ModelName;
use serde::Serialize;

use crate::edge::{Edge, LOOKS, Services};
pub(crate) use crate::options::ModelAndWhy as Args;
use crate::reply::{Failure, Reply};

/// What a reset changed.
#[derive(Debug, Serialize)]
struct Reset {
    model: ModelName,
    /// The breaker that was open.
    breaker: Option<Breaker>,
    rejected_in_a_row: u32,
}

impl fmt::Display for Reset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let model = &self.model;
        match &self.breaker {
            Some(breaker) => {
                writeln!(f, "Closed the breaker of {model}. It had opened because: {}.", breaker.reason)
            }
            None if self.rejected_in_a_row > 0 => {
                writeln!(
                    f,
                    "The breaker of {model} was closed; its count of {} begins anew.",
                    self.rejected_in_a_row
                )
            }
            None => writeln!(f, "The breaker of {model} is closed already: nothing to reset."),
        }
    }
}

pub(crate) async fn run<S: Store, V: Services>(edge: &Edge<S, V>, args: &Args) -> Result<Reply, Failure> {
    let model = &args.model.model;
    edge.pipeline_of(model).await?;
    let keys = Keys::new(model);
    let before = TRAINING.of(&keys).read_or_default(&edge.store).await?;
    let reset =
        Reset { model: model.clone(), breaker: before.breaker, rejected_in_a_row: before.rejected_in_a_row };
    if reset.breaker.is_none() && reset.rejected_in_a_row == 0 {
        return Reply::done(&reset);
    }
    edge.send(model, RequestedAct::Reset, args.why.why.clone()).await?;
    for _ in 0..LOOKS {
        let now = TRAINING.of(&keys).read_or_default(&edge.store).await?;
        if now.breaker.is_none() && now.rejected_in_a_row == 0 {
            return Reply::done(&reset);
        }
        edge.services.pause().await;
    }
    Err(edge.had_no_effect(model))
}
