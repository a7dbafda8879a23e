//! `pawl approve` and `pawl reject`: the answer to the question that a run waits with.

use std::fmt;

use jiff::Timestamp;
use pawl::ledger::{Condition, ETag, Keys, Listed, Store, StoreError, read, training, write};
use pawl::names::{Generation, ModelName};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::note::{Act, Note};
use crate::options::{Model, Why};
use crate::page::Page;
use crate::reply::{Failure, Reply, Verdict};
use crate::world::{Heard, Reach, World};

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

/// A question: the document `ledger/<model>/questions/<name>.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Question {
    /// Whoever has it can answer: never printed.
    token: String,
    model: ModelName,
    pub(crate) generation: Generation,
    #[serde(default)]
    pub(crate) question: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    answered: Option<Answered>,
}

/// What became of a question.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Answered {
    answer: Answer,
    who: String,
    why: String,
    at: Timestamp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Answer {
    Approve,
    Reject,
    /// It was answered in the model registry, or timed out.
    Elsewhere,
}

/// A question, its key and the version that was read.
type Found = (Question, String, ETag);

/// The questions of the run that is open now, the one that it waits with last.
async fn of_open_run(store: &impl Store, keys: &Keys) -> Result<Vec<Found>, StoreError> {
    let Some(open) = training::load(store, keys).await?.open else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    for Listed { key, .. } in store.list(&keys.questions()).await? {
        match read::<Question>(store, &key).await? {
            Some((question, etag)) if question.generation == open.generation => {
                found.push((question, key, etag));
            }
            _ => {}
        }
    }
    // A run asks first whether to train, then whether to release.
    found.sort_by_key(|(_, key, _)| !key.rsplit('/').next().unwrap_or_default().starts_with("train-"));
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
    answer: Answer,
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
        let word = if self.answer == Answer::Approve { "Approved" } else { "Rejected" };
        let mut page = Page::default();
        match self.taken {
            Taken::Taken => page.line(&format!("{word}: run {generation} of {model} goes on.")),
            Taken::TooLate => page.line(&format!(
                "Too late: run {generation} of {model} no longer waits. It was answered in the model registry, or the \
                 time to answer is over; `pawl status {model}` shows what came of it."
            )),
        }
        page.field("question", &self.question);
        page.field("who", &self.who);
        page.field("why", &self.why);
        page.fmt(f)
    }
}

pub(crate) async fn approve<S: Store, R: Reach>(
    world: &World<S, R>,
    args: &Approve,
) -> Result<Reply, Failure> {
    let why = args.why.clone().unwrap_or_else(|| format!("Approved by {}.", world.who));
    give(world, &args.model.model, Answer::Approve, why).await
}

pub(crate) async fn reject<S: Store, R: Reach>(world: &World<S, R>, args: &Reject) -> Result<Reply, Failure> {
    give(world, &args.model.model, Answer::Reject, args.why.why.clone()).await
}

async fn give<S: Store, R: Reach>(
    world: &World<S, R>,
    model: &ModelName,
    answer: Answer,
    why: String,
) -> Result<Reply, Failure> {
    world.pipeline_of(model).await?;
    let (store, keys) = (&world.store, Keys::new(model));
    let Some((question, key, etag)) = of_open_run(store, &keys).await?.pop() else {
        return Err(Failure::refused(format!(
            "no run of {model} waits for an answer; see `pawl status {model}`"
        )));
    };
    let generation = question.generation;
    if let Some(before) = &question.answered {
        return Err(Failure::refused(format!("run {generation} of {model} was answered before: {before}")));
    }
    let act = if answer == Answer::Approve { Act::Approve } else { Act::Reject };
    let what = format!("run {generation} asked: {}", question.question);
    let note = Note { at: world.reach.now(), who: world.who.clone(), act, why: why.clone(), what };
    note.append(store, model).await?;
    let output = json!({ "answer": answer, "why": why, "who": world.who });
    let heard = world.reach.answer(&question.token, &output).await?;
    let (taken, verdict, counted) = match heard {
        Heard::Taken => (Taken::Taken, Verdict::Done, answer),
        Heard::NobodyWaits => {
            let late =
                Note { act: Act::Unheard, why: "The run no longer waited.".to_owned(), ..note.clone() };
            late.append(store, model).await?;
            (Taken::TooLate, Verdict::Refused, Answer::Elsewhere)
        }
    };
    let answered = Answered { answer: counted, who: world.who.clone(), why: why.clone(), at: note.at };
    let asked = question.question.clone();
    // Only so that the next person reads it at once: what counts are the token and the history.
    let noted = Question { answered: Some(answered), ..question };
    match write(store, &key, &noted, Condition::IfMatch(etag)).await {
        Ok(_) | Err(StoreError::Conflict { .. }) => {}
        Err(e) => return Err(e.into()),
    }
    let (model, who) = (model.clone(), world.who.clone());
    Reply::new(verdict, &Given { model, generation, question: asked, answer, who, why, taken })
}

impl fmt::Display for Answered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.answer {
            Answer::Approve => write!(f, "{} approved at {}: {}", self.who, self.at, self.why),
            Answer::Reject => write!(f, "{} rejected at {}: {}", self.who, self.at, self.why),
            Answer::Elsewhere => f.write_str("in the model registry, or the time to answer is over"),
        }
    }
}
