//! `pawl reset`: closes the breaker of the retraining loop.

use std::fmt;

use pawl::documents::{Act, Note, TRAINING};
use pawl::ledger::training::{self, Breaker};
use pawl::ledger::{Keys, Store, Training};
use pawl::names::ModelName;
use serde::Serialize;

use crate::edge::{Edge, Services};
use crate::note;
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
    let before = training::load(&edge.store, &keys).await?;
    let reset =
        Reset { model: model.clone(), breaker: before.breaker, rejected_in_a_row: before.rejected_in_a_row };
    if reset.breaker.is_some() || reset.rejected_in_a_row > 0 {
        let what = match &reset.breaker {
            Some(breaker) => format!("the breaker was open: {}", breaker.reason),
            None => format!("{} challengers in a row were rejected", reset.rejected_in_a_row),
        };
        let (who, why) = (edge.who.clone(), args.why.why.clone());
        let note = Note { at: edge.services.now(), who, act: Act::Reset, why, what };
        note::append(&edge.store, model, &note).await?;
        TRAINING.of(&keys).update(&edge.store, Training::reset).await?;
    }
    Reply::done(&reset)
}
