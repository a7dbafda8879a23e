//! What people ask by a request in the bucket: a run, an answer to a question, the breaker closed. The
//! request's key tells who.

use jiff::Timestamp;
use pawl::documents::{
    Act, Answered, NOTE, OperatorNote, PersonAnswer, QUESTION, Question, Request, RequestKey, RequestedAct,
    Slot, TRAINING,
};
use pawl::edge::{Delivery, Executions};
use pawl::events::{ObjectChange, decode};
use pawl::fault::Fault;
use pawl::ledger::{Condition, ETag, Keys, StoreError, Training, Wrote};
use pawl::names::Generation;
use serde_json::{Value, json};

use crate::edge::{Edge, Services};
use crate::intake;

/// Does what a request asks for. One that cannot be read is kept, as any event that starts nothing.
pub(crate) async fn accept(
    edge: &Edge<impl Services>,
    event: &Value,
    object: &ObjectChange,
    now: Timestamp,
) -> Result<Value, Fault> {
    let (key, request) = match Request::open(&edge.store, object).await? {
        Ok(opened) => opened,
        Err(reason) => return intake::keep(edge, event, &reason, None, now).await,
    };
    let person = Person { keys: Keys::new(&key.model), key, why: request.why, at: object.at };
    let done = match &request.wish {
        RequestedAct::Run { force } => return person.ask(edge, *force, now).await,
        RequestedAct::Reset => person.reset(edge).await?,
        RequestedAct::Approve { question } => person.answer(edge, question, PersonAnswer::Approve).await?,
        RequestedAct::Reject { question } => person.answer(edge, question, PersonAnswer::Reject).await?,
        RequestedAct::Release { .. } => Err("an act on a release is not for this function".to_owned()),
    };
    match done {
        Ok(done) => Ok(json!({ "request": done })),
        Err(reason) => intake::keep(edge, event, &reason, None, now).await,
    }
}

/// Who asks, about which model, and why.
struct Person {
    key: RequestKey,
    keys: Keys,
    why: String,
    /// When S3 took the request.
    at: Timestamp,
}

/// What came of a request in a word, or in plain words why nothing can.
type Done = Result<&'static str, String>;

impl Person {
    /// Records the wish for a run. The event is told anew, with the person whom AWS names.
    async fn ask(
        &self,
        edge: &Edge<impl Services>,
        force: Option<Generation>,
        now: Timestamp,
    ) -> Result<Value, Fault> {
        let event = json!({ "request": {
            "model": self.key.model, "who": self.key.who.to_string(), "why": self.why, "force": force,
            "id": self.key.to_string(), "at": self.at,
        } });
        let signals = decode(&event).map_err(|e| Fault::BadInput(format!("request: {e}")))?;
        let mut results = Vec::new();
        for signal in &signals {
            results.push(intake::record_triggers(edge, &event, signal, now).await?);
        }
        Ok(json!({ "request": results }))
    }

    fn note(&self, act: Act, why: &str, what: String) -> OperatorNote {
        let (who, why) = (self.key.who.to_string(), why.to_owned());
        OperatorNote { at: self.at, who, act, why, what, request: Some(self.key.to_string()) }
    }

    /// Closes the breaker. The note in the history says that it was done: a copy of the event that comes
    /// later does not close a breaker that opened since.
    async fn reset(&self, edge: &Edge<impl Services>) -> Result<Done, Fault> {
        let training = TRAINING.of(&self.keys);
        let note = |what| self.note(Act::Reset, &self.why, what);
        if NOTE.of(&self.keys, &note(String::new())).read(&edge.store).await?.is_some() {
            return Ok(Ok("done before"));
        }
        let reset = |training: &mut Training| {
            let what = match (&training.breaker, training.rejected_in_a_row) {
                (Some(breaker), _) => format!("the breaker was open: {}", breaker.reason),
                (None, 0) => "the breaker was closed already".to_owned(),
                (None, count) => format!("{count} challengers in a row were rejected"),
            };
            training.reset();
            what
        };
        let (_, what) = training.update(&edge.store, reset).await?;
        let note = note(what);
        NOTE.of(&self.keys, &note).write_once(&edge.store, &note).await?;
        Ok(Ok("done"))
    }

    /// Answers the run that waits with this question. The history says so first.
    async fn answer(
        &self,
        edge: &Edge<impl Services>,
        name: &str,
        answer: PersonAnswer,
    ) -> Result<Done, Fault> {
        let slot = QUESTION.of(&self.keys, name);
        let Some((question, etag)) = slot.read_tagged(&edge.store).await? else {
            return Ok(Err(format!("{}: no run of {} asked {name}", self.key, self.key.model)));
        };
        let what = format!("run {} asked: {}", question.generation, question.question);
        match &question.answered {
            Some(before) if before.request.as_ref() == Some(&self.key.to_string()) => {
                return Ok(Ok("done before"));
            }
            Some(_) => {
                self.unheard(edge, "It was answered before.", what).await?;
                return Ok(Ok("answered before"));
            }
            None => {}
        }
        let act = if answer == PersonAnswer::Approve { Act::Approve } else { Act::Reject };
        let note = self.note(act, &self.why, what.clone());
        let wrote = NOTE.of(&self.keys, &note).write_once(&edge.store, &note).await?;
        let output = json!({ "answer": answer, "why": self.why, "who": note.who }).to_string();
        let delivery = edge.executions.answer(&question.token, &output).await?;
        if delivery == Delivery::NobodyWaits {
            let why = match wrote {
                Wrote::Now => "The run no longer waited.",
                Wrote::Before => "The run no longer waited. An earlier try may have reached it.",
            };
            self.unheard(edge, why, what).await?;
        }
        self.mark(edge, &slot, (question, etag), answer, delivery).await?;
        Ok(Ok(if delivery == Delivery::Taken { "taken" } else { "too late" }))
    }

    async fn unheard(&self, edge: &Edge<impl Services>, why: &str, what: String) -> Result<(), Fault> {
        let note = self.note(Act::Unheard, why, what);
        NOTE.of(&self.keys, &note).write_once(&edge.store, &note).await?;
        Ok(())
    }

    /// Marks the question as answered, which tells the person and the next one. Whoever's answer the run took
    /// has the last word.
    async fn mark(
        &self,
        edge: &Edge<impl Services>,
        slot: &Slot<Question>,
        (question, etag): (Question, ETag),
        answer: PersonAnswer,
        delivery: Delivery,
    ) -> Result<(), Fault> {
        let (answer, when) = match delivery {
            Delivery::Taken => (answer, Condition::Always),
            Delivery::NobodyWaits => (PersonAnswer::Elsewhere, Condition::IfMatch(etag)),
        };
        let (who, why) = (self.key.who.to_string(), self.why.clone());
        let answered = Answered { answer, who, why, at: self.at, request: Some(self.key.to_string()) };
        match slot.write(&edge.store, &Question { answered: Some(answered), ..question }, when).await {
            Ok(_) | Err(StoreError::Conflict { .. }) => Ok(()),
            Err(e) => Err(e.into()),
        }
    }
}
