//! `pawl approve` and `pawl reject`: the answer to the question that a run waits with.

use std::fmt;

use pawl::documents::{Answered, PersonAnswer, QUESTION, Question, RequestedAct, Slot, TRAINING};
use pawl::ledger::{Keys, Listed, Store, StoreError};
use pawl::names::{Generation, ModelName};
use serde::Serialize;

use crate::edge::{Edge, LOOKS, Services};
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

/// A question, and where it stands.
type Found = (Question, Slot<Question>);

/// The questions of the run that is open now, the one that it waits with last.
async fn of_open_run(store: &impl Store, keys: &Keys) -> Result<Vec<Found>, StoreError> {
    let Some(open) = TRAINING.of(keys).read_or_default(store).await?.open else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    for Listed { key, .. } in store.list(&keys.questions()).await? {
        let slot = QUESTION.at(key);
        match slot.read(store).await? {
            Some(question) if question.generation == open.generation => found.push((question, slot)),
            _ => {}
        }
    }
    // A run asks first whether to train, then whether to release.
    found.sort_by_key(|(_, slot)| !slot.key().rsplit('/').next().unwrap_or_default().starts_with("train-"));
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
    let why = match &args.why {
        Some(why) => why.clone(),
        None => format!("Approved by {}.", edge.services.user().await?),
    };
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
    let Some((question, slot)) = of_open_run(store, &keys).await?.pop() else {
        return Err(Failure::refused(format!(
            "no run of {model} waits for an answer; see `pawl status {model}`"
        )));
    };
    let generation = question.generation;
    if let Some(before) = &question.answered {
        let before = outcome(before);
        return Err(Failure::refused(format!("run {generation} of {model} was answered before: {before}")));
    }
    let name = slot.key().rsplit('/').next().unwrap_or_default().trim_end_matches(".json").to_owned();
    let wish = match answer {
        PersonAnswer::Reject => RequestedAct::Reject { question: name },
        PersonAnswer::Approve | PersonAnswer::Elsewhere => RequestedAct::Approve { question: name },
    };
    let key = edge.send(model, wish, why.clone()).await?;
    let answered = wait(edge, model, &slot).await?;
    if answered.request != Some(key.to_string()) {
        let before = outcome(&answered);
        return Err(Failure::refused(format!("run {generation} of {model} was answered before: {before}")));
    }
    let (taken, verdict) = match answered.answer {
        PersonAnswer::Elsewhere => (Taken::TooLate, Verdict::Refused),
        PersonAnswer::Approve | PersonAnswer::Reject => (Taken::Taken, Verdict::Done),
    };
    let (model, who, question) = (model.clone(), key.who.to_string(), question.question);
    Reply::new(verdict, &Given { model, generation, question, answer, who, why, taken })
}

/// Waits until the question is answered.
async fn wait<S: Store, V: Services>(
    edge: &Edge<S, V>,
    model: &ModelName,
    slot: &Slot<Question>,
) -> Result<Answered, Failure> {
    for _ in 0..LOOKS {
        if let Some(answered) = slot.read(&edge.store).await?.and_then(|question| question.answered) {
            return Ok(answered);
        }
        edge.services.pause().await;
    }
    Err(edge.had_no_effect(model))
}

/// What became of a question, in words.
fn outcome(answered: &Answered) -> String {
    let Answered { answer, who, why, at, .. } = answered;
    match answer {
        PersonAnswer::Approve => format!("{who} approved at {at}: {why}"),
        PersonAnswer::Reject => format!("{who} rejected at {at}: {why}"),
        PersonAnswer::Elsewhere => "in the model registry, or the time to answer is over".to_owned(),
    }
}
