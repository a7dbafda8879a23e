//! `pawl status`: what serves, what is under way, what stops it, and who is asked.

mod regions;

use std::fmt;

use jiff::Timestamp;
use pawl::documents::{RELEASE, TRAINING};
use pawl::ledger::training::{Breaker, OpenRun};
use pawl::ledger::{Keys, Store, Training, inbox};
use pawl::names::{Generation, ModelName};
use pawl::pipeline::{Decide, Pipeline};
use pawl::release::{Deployment, Freeze, State};
use serde::Serialize;

use crate::answer::open_question;
use crate::build::{Build, StackBuild};
use crate::edge::{Edge, Services};
use crate::options::Model;
use crate::page::Page;
use crate::reply::{Failure, Reply};
use regions::Regions;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    model: Model,
}

/// How many waiting triggers are named; all are counted.
const NAMED: usize = 3;

/// What an operator wants to know first.
// Long: one field for each line of the answer.
#[derive(Debug, Serialize)]
struct Status {
    model: ModelName,
    at: Timestamp,
    /// Which Pawl the stack is, beside this command.
    stack: StackBuild,
    /// Why the stored `pipeline.yaml` cannot be used, if so.
    pipeline_error: Option<String>,
    serving: Option<Deployment>,
    last_known_good: Option<Deployment>,
    release: Option<State>,
    /// Actions of the release that are still to be done.
    pending: Vec<&'static str>,
    freeze: Option<Freeze>,
    /// A person's word that lets the next deployment begin.
    pass: Option<Freeze>,
    newest_run: Generation,
    open_run: Option<OpenRun>,
    breaker: Option<Breaker>,
    rejected_in_a_row: u32,
    budget: Budget,
    waiting: Waiting,
    question: Option<Asked>,
    /// The newest promoted model's way through further regions, where there are any.
    regions: Option<Regions>,
}

/// What may still be trained.
#[derive(Debug, Serialize)]
struct Budget {
    trained_today: u32,
    trainings_per_day: u32,
    /// The cool-down's end, where it lies ahead.
    not_before: Option<Timestamp>,
    rejections_before_breaker: u32,
}

/// Triggers that no run has taken.
#[derive(Debug, Serialize)]
struct Waiting {
    count: usize,
    /// The first few.
    what: Vec<String>,
}

/// A question to a person, without the token that answers it.
#[derive(Debug, Serialize)]
struct Asked {
    generation: Generation,
    question: String,
}

pub(crate) async fn run<S: Store, V: Services>(edge: &Edge<S, V>, args: &Args) -> Result<Reply, Failure> {
    let (store, model, at) = (&edge.store, &args.model.model, edge.services.now());
    let keys = Keys::new(model);
    let parsed = Pipeline::parse(&edge.pipeline_of(model).await?.body);
    let pipeline_error = parsed.as_ref().err().map(ToString::to_string);
    let decide = parsed.map_or_else(|_| Decide::default(), |pipeline| pipeline.decide);
    let release = RELEASE.of(&keys).read(store).await?;
    let training = TRAINING.of(&keys).read_or_default(store).await?;
    let ids = inbox::waiting(store, &keys).await?;
    let mut what = Vec::new();
    for id in ids.iter().take(NAMED) {
        what.extend(inbox::get(store, &keys, id).await?.map(|trigger| trigger.what));
    }
    let question = open_question(store, &keys).await?;
    let question = question.map(|asked| Asked { generation: asked.generation, question: asked.question });
    let regions = Regions::read(store, &keys).await?;
    Reply::done(&Status {
        model: model.clone(),
        at,
        stack: StackBuild::compare(Build::own(), edge.services.deployed().await),
        pipeline_error,
        serving: release.as_ref().and_then(|release| release.current.clone()),
        last_known_good: release.as_ref().and_then(|release| release.last_known_good().cloned()),
        pending: release.iter().flat_map(|release| &release.pending).map(|due| due.action.name()).collect(),
        freeze: release.as_ref().and_then(|release| release.freeze.clone()),
        pass: release.as_ref().and_then(|release| release.pass_at(at).cloned()),
        release: release.map(|release| release.state),
        newest_run: training.generation,
        rejected_in_a_row: training.rejected_in_a_row,
        budget: budget(&training, &decide, at),
        open_run: training.open,
        breaker: training.breaker,
        waiting: Waiting { count: ids.len(), what },
        question,
        regions,
    })
}

fn budget(training: &Training, decide: &Decide, now: Timestamp) -> Budget {
    let day = |at: Timestamp| at.strftime("%F").to_string();
    let today = training.last_trained_at.is_some_and(|last| day(last) == day(now));
    let cool = training.last_trained_at.and_then(|last| last.checked_add(decide.cool_down.signed()).ok());
    Budget {
        trained_today: if today { training.trained_that_day } else { 0 },
        trainings_per_day: decide.trainings_per_day,
        not_before: cool.filter(|until| now < *until),
        rejections_before_breaker: decide.rejections_before_breaker,
    }
}

/// A moment as people read it.
pub(crate) fn clock(at: Timestamp) -> String {
    at.strftime("%F %T UTC").to_string()
}

/// A value of a closed set in words: `rolled_back` is read as `rolled back`.
pub(crate) fn words(value: &impl Serialize) -> String {
    let value = serde_json::to_value(value).unwrap_or_default();
    value.as_str().unwrap_or_default().replace('_', " ")
}

fn deployment(deployment: Option<&Deployment>) -> String {
    match deployment {
        None => "nothing".to_owned(),
        Some(found) => {
            let since = found.activated_at.map_or(String::new(), |at| format!(", since {}", clock(at)));
            format!("run {}: {}{since}", found.generation, found.config)
        }
    }
}

fn release_words(state: Option<&State>, serving: Option<&Deployment>) -> String {
    match state {
        None => "untouched: nothing was released yet".to_owned(),
        Some(State::Stable) => "stable".to_owned(),
        Some(State::Deploying(d)) => {
            let intent =
                d.intent.as_ref().map_or(String::new(), |cause| format!("; to be rolled back: {cause}"));
            format!("deploying {} since {}{intent}", d.candidate.config, clock(d.since))
        }
        Some(State::Watching(w)) => match w.decide_by {
            None if serving.is_some_and(|serving| serving.trial.is_some()) => {
                format!("on trial beside the champion, at most until {}", clock(w.deadline))
            }
            None => format!("watching until {}", clock(w.until)),
            Some(by) => {
                format!("nothing proves it good or bad: decide by {}, or it is rolled back", clock(by))
            }
        },
        Some(State::RollingBack(r)) => {
            format!("rolling back from {} to {}: {}", r.from.config, r.to.config, r.cause)
        }
        Some(State::CoolDown { until }) => {
            format!("cooling down after a rollback until {}", clock(*until))
        }
    }
}

impl Status {
    fn budget_words(&self) -> String {
        let Budget { trained_today, trainings_per_day, not_before, .. } = &self.budget;
        let cool =
            not_before.map_or(String::new(), |until| format!("; the next not before {}", clock(until)));
        format!("{trained_today} of {trainings_per_day} trainings used today{cool}")
    }

    /// What serves, and what the release does.
    fn show_release(&self, page: &mut Page) {
        page.field("serving", &deployment(self.serving.as_ref()));
        page.field("last good", &deployment(self.last_known_good.as_ref()));
        page.field("release", &release_words(self.release.as_ref(), self.serving.as_ref()));
        if !self.pending.is_empty() {
            page.field("to do", &self.pending.join(", ").replace('_', " "));
        }
        let freeze = match &self.freeze {
            None => "no".to_owned(),
            Some(freeze) => format!("by {} since {}: {}", freeze.who, clock(freeze.at), freeze.why),
        };
        page.field("freeze", &freeze);
        if let Some(pass) = &self.pass {
            let words = format!(
                "by {} since {}: {}; the next deployment may begin without trial and last known good, \
                 within a day; `pawl freeze {}` takes it back",
                pass.who,
                clock(pass.at),
                pass.why,
                self.model
            );
            page.field("forced", &words);
        }
    }

    /// The retraining loop: its run, its breaker, its budget, and what waits for it.
    fn show_training(&self, page: &mut Page) {
        let run = match &self.open_run {
            None if self.newest_run == Generation::default() => "none yet".to_owned(),
            None => format!("none open; the newest was {}", self.newest_run),
            Some(run) => format!("{} open since {}", run.generation, clock(run.opened_at)),
        };
        page.field("run", &run);
        let (rejected, allowed) = (self.rejected_in_a_row, self.budget.rejections_before_breaker);
        let breaker = match &self.breaker {
            None => format!("closed; {rejected} of {allowed} rejections in a row"),
            Some(breaker) => format!("open since {}: {}", clock(breaker.at), breaker.reason),
        };
        page.field("breaker", &breaker);
        page.field("budget", &self.budget_words());
        let waiting = match self.waiting.count {
            0 => "no trigger".to_owned(),
            1 => "1 trigger".to_owned(),
            count => format!("{count} triggers"),
        };
        page.field("waiting", &waiting);
    }

    /// What a person can do now.
    fn advice(&self) -> Vec<String> {
        let model = &self.model;
        let mut advice = Vec::new();
        if self.question.is_some() {
            advice.push(format!("pawl approve {model}"));
            advice.push(format!("pawl reject {model} --why TEXT"));
        }
        if matches!(&self.release, Some(State::Watching(watching)) if watching.decide_by.is_some()) {
            advice.push(format!("pawl force {model} --why TEXT"));
            advice.push(format!("pawl rollback {model} --why TEXT"));
        }
        if self.freeze.is_some() {
            advice.push(format!("pawl unfreeze {model} --why TEXT"));
        }
        if self.breaker.is_some() {
            advice.push(format!("pawl reset {model} --why TEXT"));
        }
        advice
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut page = Page::default();
        page.field("model", self.model.as_str());
        if let Some(warning) = self.stack.warning() {
            page.field("stack", &warning);
        }
        if let Some(error) = &self.pipeline_error {
            page.field("pipeline", error);
        }
        self.show_release(&mut page);
        self.show_training(&mut page);
        for what in &self.waiting.what {
            page.field("", what);
        }
        let question = match &self.question {
            None => "none".to_owned(),
            Some(asked) => format!("run {} asks: {}", asked.generation, asked.question),
        };
        page.field("question", &question);
        if let Some(regions) = &self.regions {
            regions.show(&mut page);
        }
        let advice = self.advice();
        if !advice.is_empty() {
            page.gap();
            for line in advice {
                page.field("you can", &line);
            }
        }
        page.fmt(f)
    }
}
