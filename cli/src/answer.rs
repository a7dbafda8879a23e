//! `pawl approve` and `pawl reject`: the answer to the question that a run waits with.

use std::fmt;

use pawl::documents::{Act, Answered, OperatorNote, PersonAnswer, QUESTION, Question, Slot, TRAINING};
use pawl::ledger::{Condition, ETag, Keys, Listed, Store, StoreError};
use pawl::names::{Generation, ModelName};
use serde::Serialize;
use serde_json::json;

use crate::edge::{Delivery, Edge, Services};
use crate::note;
use crate::options::{Model, Why};
use crate::page::Page;
use crate::reply::{Failure, Reply, Verdict};

#[derive(Debug, clap::Args)]
pub(crate) struct Approve {
    #[command(flatten)]
    model: Model,
    /// Why, for the history and the model registry
    #[arg(long, value_name = "TEXT", value_parser = crate::options::text)]
    why: Option<String>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Reject {
    #[command(flatten)]
    model: Model,
    #[command(flatten)]
    why: Why,
}

/// A question, where it stands, and the version that was read.
type Found = (Question, Slot<Question>, ETag);

/// The questions of the run that is open now, the one that it waits with last.
async fn of_open_run(store: &impl Store, keys: &Keys) -> Result<Vec<Found>, StoreError> {
    let Some(open) = TRAINING.of(keys).read_or_default(store).await?.open else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    for Listed { key, .. } in store.list(&keys.questions()).await? {
        let slot = QUESTION.at(key);
        match slot.read_tagged(store).await? {
            Some((question, etag)) if question.generation == open.generation => {
                found.push((question, slot, etag));
            }
            _ => {}
        }
    }
    // A run asks first whether to train, then whether to release.
    found
        .sort_by_key(|(_, slot, _)| !slot.key().rsplit('/').next().unwrap_or_default().starts_with("train-"));
    Ok(found)
}

/// The question that waits for an answer, if one does.
pub(crate) async fn open_question(store: &impl Store, keys: &Keys) -> Result<Option<Question>, StoreError> {
    let last = of_open_run(store, keys).await?.pop();
    Ok(last.map(|(question, ..)| question).filter(|question| question.answered.is_none()))
}

/// An answer that a run took, or did not.
#[derive(Debug, Serialize)]
struct Given {
    model: ModelName,
    generation: Generation,
    question: String,
    answer: PersonAnswer,
    who: String,
    why: String,
    taken: Taken,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Taken {
    Taken,
    TooLate,
}

impl fmt::Display for Given {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { model, generation, .. } = self;
        let word = if self.answer == PersonAnswer::Approve { "Approved" } else { "Rejected" };
        let mut page = Page::default();
        match self.taken {
            Taken::Taken => page.line(&format!("{word}: run {generation} of {model} goes on.")),
            Taken::TooLate => page.line(&format!(
                "Too late: run {generation} of {model} no longer waits. It was answered in the model \
                 registry, or the time to answer is over; `pawl status {model}` shows what came of it."
            )),
        }
        page.field("question", &self.question);
        page.field("who", &self.who);
        page.field("why", &self.why);
        page.fmt(f)
    }
}

pub(crate) async fn approve<S: Store, V: Services>(
    edge: &Edge<S, V>,
    args: &Approve,
) -> Result<Reply, Failure> {
    let why = args.why.clone().unwrap_or_else(|| format!("Approved by {}.", edge.who));
    give(edge, &args.model.model, PersonAnswer::Approve, why).await
}

pub(crate) async fn reject<S: Store, V: Services>(
    edge: &Edge<S, V>,
    args: &Reject,
) -> Result<Reply, Failure> {
    give(edge, &args.model.model, PersonAnswer::Reject, args.why.why.clone()).await
}

async fn give<S: Store, V: Services>(
    edge: &Edge<S, V>,
    model: &ModelName,
    answer: PersonAnswer,
    why: String,
) -> Result<Reply, Failure> {
    edge.pipeline_of(model).await?;
    let (store, keys) = (&edge.store, Keys::new(model));
    let Some((question, slot, etag)) = of_open_run(store, &keys).await?.pop() else {
        return Err(Failure::refused(format!(
            "no run of {model} waits for an answer; see `pawl status {model}`"
        )));
    };
    let generation = question.generation;
    if let Some(before) = &question.answered {
        let before = outcome(before);
        return Err(Failure::refused(format!("run {generation} of {model} was answered before: {before}")));
    }
    let act = if answer == PersonAnswer::Approve { Act::Approve } else { Act::Reject };
    let what = format!("run {generation} asked: {}", question.question);
    let note = OperatorNote { at: edge.services.now(), who: edge.who.clone(), act, why: why.clone(), what };
    note::append(store, model, &note).await?;
    let output = json!({ "answer": answer, "why": why, "who": edge.who });
    let delivery = edge.services.answer(&question.token, &output).await?;
    let (taken, verdict, counted) = match delivery {
        Delivery::Taken => (Taken::Taken, Verdict::Done, answer),
        Delivery::NobodyWaits => {
            let late = OperatorNote {
                act: Act::Unheard,
                why: "The run no longer waited.".to_owned(),
                ..note.clone()
            };
            note::append(store, model, &late).await?;
            (Taken::TooLate, Verdict::Refused, PersonAnswer::Elsewhere)
        }
    };
    let answered = Answered { answer: counted, who: edge.who.clone(), why: why.clone(), at: note.at };
    let asked = question.question.clone();
    // Only so that the next person reads it at once: what counts are the token and the history.
    let noted = Question { answered: Some(answered), ..question };
    match slot.write(store, &noted, Condition::IfMatch(etag)).await {
        Ok(_) | Err(StoreError::Conflict { .. }) => {}
        Err(e) => return Err(e.into()),
    }
    let (model, who) = (model.clone(), edge.who.clone());
    Reply::new(verdict, &Given { model, generation, question: asked, answer, who, why, taken })
}

/// What became of a question, in words.
fn outcome(answered: &Answered) -> String {
    let Answered { answer, who, why, at } = answered;
    match answer {
        PersonAnswer::Approve => format!("{who} approved at {at}: {why}"),
        PersonAnswer::Reject => format!("{who} rejected at {at}: {why}"),
        PersonAnswer::Elsewhere => "in the model registry, or the time to answer is over".to_owned(),
    }
}
