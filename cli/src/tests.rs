//! The operator's verbs against a stack in memory: the real ledger, decoder and release, and no network.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::cell::{Cell, RefCell};
use std::collections::HashSet;
use std::rc::Rc;
use std::sync::Arc;

use clap::Parser;
use jiff::Timestamp;
use pawl::documents::{
    Answered, CONVERGENCE, JUDGEMENT, PersonAnswer, QUESTION, Question, RELEASE, RELEASE_ENTRY, REQUEST, RUN,
    RUN_ENTRY, Request, RequestKey, RequestedAct, SPLIT, TRAINING, UserId, WAVE,
};
use pawl::events::Operator;
use pawl::gate::convergence::{Converged, TrainedModel, check};
use pawl::gate::{self, Judgement};
use pawl::ledger::dataset::DatasetSplit;
use pawl::ledger::inbox::{self, Completes};
use pawl::ledger::training::{Execution, OpenRun};
use pawl::ledger::{
    Condition, ETag, Ending, Keys, Listed, Memory, RunOutcome, RunRecord, Store, StoreError, Stored,
    Training, Trigger, TriggerId, TriggerKind, pipeline,
};
use pawl::names::{ContentHash, Generation, ModelName};
use pawl::release::{Deployment, Event, Policy, RegionStage, Release, State, Wave, step};
use serde_json::{Value, json};

use crate::build::Build;
use crate::edge::{Edge, Services};
use crate::reply::{Failure, Reply, Verdict};
use crate::{Cli, Command, remote_on};

const YAML: &str = "model: m
data: {bucket: b, prefix: p/, label: {column: y}, features: [x]}
train: {image: i}
";

#[derive(Debug, Clone, Default)]
struct Shared(Arc<Memory>);

impl Store for Shared {
    async fn get(&self, key: &str) -> Result<Option<Stored>, StoreError> {
        self.0.get(key).await
    }
    async fn put(&self, key: &str, body: Vec<u8>, when: Condition) -> Result<ETag, StoreError> {
        self.0.put(key, body, when).await
    }
    async fn list(&self, prefix: &str) -> Result<Vec<Listed>, StoreError> {
        self.0.list(prefix).await
    }
    async fn delete(&self, key: &str) -> Result<(), StoreError> {
        self.0.delete(key).await
    }
}

/// A stack that hears messages as the real functions do, or is deaf.
#[derive(Debug, Clone)]
struct Stack {
    store: Shared,
    hears: Rc<Cell<bool>>,
    heard: Rc<RefCell<HashSet<String>>>,
    /// Whether a run waits for an answer.
    waits: Rc<Cell<bool>>,
    /// The version of Pawl that the stack says it is.
    version: Rc<RefCell<String>>,
    looks: Rc<Cell<u32>>,
    seconds: Rc<Cell<i64>>,
}

const NOW: &str = "2026-11-20T08:00:00Z";

impl Services for Stack {
    fn now(&self) -> Timestamp {
        self.seconds.set(self.seconds.get() + 1);
        NOW.parse::<Timestamp>().unwrap() + jiff::SignedDuration::from_secs(self.seconds.get())
    }

    async fn user(&self) -> Result<UserId, Failure> {
        Ok(UserId::new("AROA1:ann").unwrap())
    }

    async fn deployed(&self) -> Result<Option<Build>, Failure> {
        Ok(Some(Build { version: self.version.borrow().clone(), commit: None }))
    }

    async fn pause(&self) {
        self.looks.set(self.looks.get() + 1);
        if self.hears.get() {
            self.hear().await.unwrap();
        }
    }
}

impl Stack {
    /// Does what each new request asks for, as far as the command can see.
    async fn hear(&self) -> Result<(), StoreError> {
        for Listed { key, .. } in self.store.list("requests/").await? {
            if self.heard.borrow_mut().insert(key.clone()) {
                let request = REQUEST.at(key.as_str()).read(&self.store).await?.unwrap();
                assert_eq!(request.says, "the tests");
                self.act(&RequestKey::parse(&key).unwrap(), request).await?;
            }
        }
        Ok(())
    }

    async fn act(&self, key: &RequestKey, request: Request) -> Result<(), StoreError> {
        let (keys, who, why) = (keys(), key.who.to_string(), request.why);
        match request.wish {
            RequestedAct::Release { verb, region } => {
                let model = Some(key.model.to_string());
                let operator = Operator { verb, who, why, model, region, at: None, key: key.dedupe_key() };
                let record = RELEASE.of(&keys);
                let before = record.read(&self.store).await?.unwrap_or_else(|| Release::new("m"));
                let next = step(&before, &Event::Operator(operator), self.now(), &Policy::default()).release;
                record.write(&self.store, &next, Condition::Always).await?;
                for audit in &next.outbox {
                    let entry = RELEASE_ENTRY.of(&keys, &audit.sequence);
                    entry.write(&self.store, audit, Condition::Always).await?;
                }
            }
            RequestedAct::Run { force } => {
                let completes = if force.is_some() { Completes::Alone } else { Completes::Itself };
                let id = TriggerId::new(&key.dedupe_key(), completes);
                let (kind, received_at) = (TriggerKind::Person, self.now());
                let trigger = Trigger { id, kind, what: why, received_at, event: Value::Null };
                inbox::record(&self.store, &keys, &trigger).await?;
            }
            RequestedAct::Reset => drop(TRAINING.of(&keys).update(&self.store, Training::reset).await?),
            RequestedAct::Approve { question } => {
                self.answered(key, &question, PersonAnswer::Approve, why).await?;
            }
            RequestedAct::Reject { question } => {
                self.answered(key, &question, PersonAnswer::Reject, why).await?;
            }
        }
        Ok(())
    }

    async fn answered(
        &self,
        key: &RequestKey,
        question: &str,
        answer: PersonAnswer,
        why: String,
    ) -> Result<(), StoreError> {
        let slot = QUESTION.of(&keys(), question);
        let asked = slot.read(&self.store).await?.unwrap();
        if asked.answered.is_some() {
            return Ok(());
        }
        let answer = if self.waits.take() { answer } else { PersonAnswer::Elsewhere };
        let (who, at, request) = (key.who.to_string(), self.now(), Some(key.to_string()));
        let answered = Some(Answered { answer, who, why, at, request });
        slot.write(&self.store, &Question { answered, ..asked }, Condition::Always).await?;
        Ok(())
    }
}

fn model() -> ModelName {
    ModelName::try_from("m".to_owned()).unwrap()
}

fn keys() -> Keys {
    Keys::new(&model())
}

async fn stack() -> Stack {
    let store = Shared::default();
    store.put(&pipeline(&model()), YAML.into(), Condition::Always).await.unwrap();
    Stack {
        store,
        hears: Rc::new(Cell::new(true)),
        heard: Rc::default(),
        waits: Rc::default(),
        version: Rc::new(RefCell::new(env!("CARGO_PKG_VERSION").to_owned())),
        looks: Rc::default(),
        seconds: Rc::default(),
    }
}

async fn pawl(stack: &Stack, line: &str) -> Result<Reply, Failure> {
    let words: Vec<&str> = std::iter::once("pawl").chain(line.split(' ')).collect();
    let Command::Remote(verb) = Cli::try_parse_from(words).unwrap().command else { panic!("{line}") };
    let edge = Edge {
        store: stack.store.clone(),
        services: stack.clone(),
        bucket: "evidence".into(),
        says: "the tests".into(),
    };
    remote_on(&edge, &verb).await
}

/// A run that waits with a question.
async fn ask(stack: &Stack, generation: u64) {
    let generation = Generation(generation);
    let at: Timestamp = NOW.parse().unwrap();
    let open = OpenRun { generation, opened_at: at, lease_until: at, execution: Execution::Started };
    let opened = |training: &mut Training| {
        training.generation = generation;
        training.open = Some(open.clone());
    };
    TRAINING.of(&keys()).update(&stack.store, opened).await.unwrap();
    // As the state machine writes it: without a version.
    let question =
        json!({ "token": "T", "model": "m", "generation": generation, "question": "Is it better?" });
    let key = QUESTION.of(&keys(), &format!("package-{generation}")).into_key();
    stack.store.put(&key, question.to_string().into_bytes(), Condition::Always).await.unwrap();
    stack.waits.set(true);
}

#[tokio::test]
async fn an_answer_reaches_the_run_once() {
    let stack = stack().await;
    let none = pawl(&stack, "approve m").await.unwrap_err();
    assert!(none.to_string().contains("no run of m waits"), "{none}");

    ask(&stack, 7).await;
    assert_eq!(pawl(&stack, "status m").await.unwrap().json()["question"]["generation"], 7);
    let reply = pawl(&stack, "reject m --why worse").await.unwrap();
    assert_eq!(reply.verdict, Verdict::Done);
    assert_eq!(reply.json()["who"], "ann (AROA1)", "and not who they say they are");
    assert_eq!(pawl(&stack, "status m").await.unwrap().json()["question"], Value::Null);

    let again = pawl(&stack, "approve m").await.unwrap_err();
    assert!(again.to_string().contains("answered before: ann (AROA1) rejected"), "{again}");
    assert!(!reply.json().to_string().contains("\"T\""), "the token stays secret");
}

#[tokio::test]
async fn an_answer_that_comes_too_late_is_told() {
    let stack = stack().await;
    ask(&stack, 7).await;
    stack.waits.set(false);
    let reply = pawl(&stack, "approve m").await.unwrap();
    assert_eq!(reply.verdict, Verdict::Refused);
    assert_eq!(reply.json()["taken"], "too_late");
    let again = pawl(&stack, "approve m").await.unwrap_err();
    assert!(again.to_string().contains("answered before: in the model registry"), "{again}");
}

#[tokio::test]
async fn a_question_of_a_run_that_is_over_is_not_open() {
    let stack = stack().await;
    ask(&stack, 7).await;
    let training = TRAINING.of(&keys());
    training.update(&stack.store, |training| training.close(Generation(7))).await.unwrap();
    assert!(pawl(&stack, "approve m").await.is_err());
    assert_eq!(stack.store.list("requests/").await.unwrap(), []);
}

#[tokio::test]
async fn an_operator_hears_what_the_release_did() {
    let stack = stack().await;
    let frozen = pawl(&stack, "freeze m --why holidays").await.unwrap();
    assert_eq!((frozen.verdict, &frozen.json()["audit"]["rule"]), (Verdict::Done, &json!("frozen")));
    let status = pawl(&stack, "status m").await.unwrap();
    assert_eq!(status.json()["freeze"]["why"], "holidays");
    assert!(status.text().contains("pawl unfreeze m"), "{}", status.text());
    let nothing = pawl(&stack, "rollback m --why wrong").await.unwrap();
    assert_eq!(nothing.verdict, Verdict::Refused, "nothing serves: {}", nothing.text());
}

#[tokio::test]
async fn a_stack_that_does_not_hear_is_told() {
    let stack = stack().await;
    stack.hears.set(false);
    for line in ["freeze m --why x", "run m --why x"] {
        let failure = pawl(&stack, line).await.unwrap_err();
        assert!(failure.to_string().contains("nothing took it within 30 s"), "{failure}");
    }
    assert_eq!(stack.looks.get(), 2 * crate::edge::LOOKS);
}

#[tokio::test]
async fn a_request_lies_in_the_inbox() {
    let stack = stack().await;
    let reply = pawl(&stack, "run m --why mended").await.unwrap();
    let waiting = inbox::waiting(&stack.store, &keys()).await.unwrap();
    assert_eq!(reply.json()["trigger"], json!(waiting[0]));
    let status = pawl(&stack, "status m").await.unwrap();
    assert_eq!(status.json()["waiting"], json!({ "count": 1, "what": ["mended"] }));
}

#[tokio::test]
async fn a_force_is_refused_or_lies_in_the_inbox_as_a_run_of_its_own() {
    let stack = stack().await;
    let none = pawl(&stack, "force m --run 2 --why because-we-must").await.unwrap_err();
    assert!(none.to_string().contains("there is no run 2"), "{none}");
    let (run, at) = (Generation(2), NOW.parse().unwrap());
    let outcome = RunOutcome { code: Ending::Rejected, reason: String::new(), state: None, error: None };
    let record = RunRecord {
        model: model(),
        generation: run,
        outcome,
        triggers: Vec::new(),
        more_triggers: 0,
        opened_at: None,
        closed_at: at,
    };
    let trained = Some(TrainedModel { job: "m-2".into(), artifact: "s3://elsewhere/model.tar.gz".into() });
    let converged = Converged { check: check(&[], &[]), metrics: Value::Null, trained };
    let judgement = Judgement::unusable(&gate::Policy::default(), 1, &std::fmt::Error);
    let version = ContentHash::of(b"data");
    let split = DatasetSplit { version, train: vec![], holdout: vec![], parts: Default::default() };
    let (store, keys, always) = (&stack.store, keys(), || Condition::Always);
    RUN.of(&keys, run).write(store, &record, always()).await.unwrap();
    JUDGEMENT.of(&keys, run).write(store, &judgement, always()).await.unwrap();
    SPLIT.of(&keys, run).write(store, &split, always()).await.unwrap();
    CONVERGENCE.of(&keys, run).write(store, &converged, always()).await.unwrap();
    let short = pawl(&stack, "force m --run 2 --why because").await.unwrap_err();
    assert!(short.to_string().contains("at least 10 characters"), "{short}");
    let reply = pawl(&stack, "force m --run 2 --why because-we-must").await.unwrap();
    let waiting = inbox::waiting(&stack.store, &keys).await.unwrap();
    assert_eq!((waiting.len(), waiting[0].completes()), (1, Completes::Alone));
    assert_eq!(reply.json()["force"], 2);
    assert!(reply.text().contains("the challenger of run 2"), "{}", reply.text());
}

#[tokio::test]
async fn a_reset_closes_the_breaker_and_is_asked_for_once() {
    let stack = stack().await;
    let training = TRAINING.of(&keys());
    let trip = |t: &mut Training| t.trip("loss was NaN".into(), Timestamp::UNIX_EPOCH);
    training.update(&stack.store, trip).await.unwrap();
    assert!(pawl(&stack, "status m").await.unwrap().text().contains("loss was NaN"));
    for _ in 0..2 {
        assert_eq!(pawl(&stack, "reset m --why mended").await.unwrap().verdict, Verdict::Done);
    }
    assert_eq!(training.require(&stack.store).await.unwrap().breaker, None);
    assert_eq!(stack.store.list("requests/").await.unwrap().len(), 1, "the second had nothing to reset");
}

#[tokio::test]
async fn put_writes_only_what_differs() {
    let stack = stack().await;
    let path = std::env::temp_dir().join(format!("pawl-put-{}.yaml", std::process::id()));
    let line = format!("put {}", path.display());
    for (yaml, change) in [
        (YAML, "unchanged"),
        (&YAML.replace("[x]", "[x, z]"), "replaced"),
        (&YAML.replace(": m\n", ": n\n"), "new"),
    ] {
        std::fs::write(&path, yaml).unwrap();
        assert_eq!(pawl(&stack, &line).await.unwrap().json()["change"], change);
    }
    std::fs::write(&path, "model: -\n").unwrap();
    assert!(pawl(&stack, &line).await.is_err());
    std::fs::remove_file(&path).unwrap();
    assert_eq!(stack.store.list("pipelines/").await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_report_names_the_outcome_and_the_evidence() {
    let stack = stack().await;
    assert!(pawl(&stack, "report m").await.unwrap_err().to_string().contains("not had a run yet"));
    ask(&stack, 2).await;
    let open = pawl(&stack, "report m").await.unwrap();
    assert_eq!((&open.json()["run"], &open.json()["record"]), (&json!(2), &Value::Null));
    let at: Timestamp = NOW.parse().unwrap();
    let outcome =
        RunOutcome { code: Ending::RolledBack, reason: "p99 rose.".into(), state: None, error: None };
    let (model, triggers) = (model(), vec!["s3://b/p/1.csv".to_owned()]);
    let record = RunRecord {
        model,
        generation: Generation(2),
        outcome,
        triggers,
        more_triggers: 0,
        opened_at: None,
        closed_at: at,
    };
    let run = Generation(2);
    for document in [RUN.of(&keys(), run), RUN_ENTRY.of(&keys(), &run)] {
        document.write(&stack.store, &record, Condition::Always).await.unwrap();
    }
    let text = pawl(&stack, "report m 2").await.unwrap().text().to_owned();
    assert!(text.starts_with("Run 2 of m: rolled back. p99 rose."), "{text}");
    assert!(text.contains("s3://evidence/runs/m/000002/") && text.contains("run.json"), "{text}");
    assert!(pawl(&stack, "report m 3").await.unwrap_err().to_string().contains("the newest is 2"));
}

#[tokio::test]
async fn the_history_is_newest_first_and_bounded() {
    let stack = stack().await;
    for why in ["one", "two", "three"] {
        pawl(&stack, &format!("freeze m --why {why}")).await.unwrap();
    }
    let at: Timestamp = "2026-11-20T09:00:00Z".parse().unwrap();
    let outcome =
        RunOutcome { code: Ending::Skipped, reason: "Nothing new.".into(), state: None, error: None };
    let record = RunRecord {
        model: model(),
        generation: Generation(1),
        outcome,
        triggers: vec![],
        more_triggers: 0,
        opened_at: None,
        closed_at: at,
    };
    let entry = RUN_ENTRY.of(&keys(), &record.generation);
    entry.write(&stack.store, &record, Condition::Always).await.unwrap();
    let text = pawl(&stack, "history m --limit 2").await.unwrap().text().to_owned();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 3, "{text}");
    assert!(lines[1].contains("run 1") && lines[1].contains("skipped. Nothing new."), "{text}");
    assert!(lines[2].contains("ann (AROA1): three"), "{text}");
}

#[tokio::test]
async fn a_model_without_a_pipeline_is_told_what_there_is() {
    let stack = stack().await;
    for line in ["status n", "history n", "approve n", "freeze n --why x", "run n --why x", "reset n --why x"]
    {
        let failure = pawl(&stack, line).await.unwrap_err().to_string();
        assert_eq!(failure, "no pipeline is called n in s3://evidence: there are m");
    }
}

#[tokio::test]
async fn status_warns_of_a_stack_of_another_version() {
    let stack = stack().await;
    let status = pawl(&stack, "status m").await.unwrap();
    assert_eq!(status.json()["stack"]["is"], "same");
    assert!(!status.text().contains("\nstack "), "{}", status.text());
    *stack.version.borrow_mut() = "99.0.0".to_owned();
    let status = pawl(&stack, "status m").await.unwrap();
    assert_eq!(status.json()["stack"]["is"], "other");
    assert_eq!(status.json()["stack"]["stack"]["version"], "99.0.0");
    let warning = format!("is Pawl 99.0.0 (commit unknown), and this command {}", Build::own());
    assert!(status.text().replace(['\n', ' '], "").contains(&warning.replace(' ', "")), "{}", status.text());
    assert!(status.text().lines().all(|line| line.chars().count() <= 80), "{}", status.text());
}

#[tokio::test]
async fn status_fits_80_columns() {
    let stack = stack().await;
    let mut release = Release::new("m");
    release.current = Some(Deployment::new(Generation(12), "bike-demand-12-20261120080000"));
    release.good = vec![Deployment::new(Generation(9), "bike-demand-9-20261118080000")];
    release.state = State::CoolDown { until: NOW.parse().unwrap() };
    RELEASE.of(&keys()).write(&stack.store, &release, Condition::Always).await.unwrap();
    ask(&stack, 13).await;
    pawl(&stack, "freeze m --why an-incident").await.unwrap();
    let text = pawl(&stack, "status m").await.unwrap().text().to_owned();
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    insta::assert_snapshot!(text);
}

#[tokio::test]
async fn status_tells_what_serves_in_each_region() {
    let stack = stack().await;
    let region = |name: &str| pawl::release::Region {
        name: name.to_owned().try_into().unwrap(),
        bucket: name.to_owned(),
        image: "bike".to_owned(),
        smoke_rows: Vec::new(),
    };
    let promoted = Deployment::new(Generation(12), "bike-demand-12-20261120080000");
    let regions = [region("eu-west-1"), region("us-east-1")];
    let mut wave = Wave::new(&promoted, "s3://b/model.tar.gz".to_owned(), &regions, NOW.parse().unwrap());
    wave.stops[0].stage = RegionStage::Failed;
    wave.stopped = Some("eu-west-1: Rolled back: alarm pawl-bike-demand-12-errors.".to_owned());
    WAVE.of(&keys()).write(&stack.store, &Some(wave), Condition::Always).await.unwrap();
    let mut release = Release::new("m");
    release.current = Some(Deployment::new(Generation(9), "bike-demand-9-20261118080000"));
    release.state = State::CoolDown { until: NOW.parse().unwrap() };
    let there = keys().in_region(&regions[0].name);
    RELEASE.of(&there).write(&stack.store, &release, Condition::Always).await.unwrap();
    let text = pawl(&stack, "status m").await.unwrap().text().to_owned();
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    let told = text.split_once("regions").unwrap().1.split_whitespace().collect::<Vec<_>>().join(" ");
    let wanted = "run 12 was stopped: eu-west-1: Rolled back: alarm pawl-bike-demand-12-errors. \
                  eu-west-1: failed; run 9 serves; cooling down after a rollback until 2026-11-20 08:00:00 UTC \
                  us-east-1: waiting; nothing serves";
    assert!(told.starts_with(wanted), "{told}");
    let refused = pawl(&stack, "rollback m --region us-east-1 --why x").await.unwrap_err().to_string();
    assert!(refused.starts_with("m was never released in us-east-1"), "{refused}");
    assert!(
        pawl(&stack, "history m --region eu-west-1").await.unwrap().text().contains("Nothing has happened")
    );
}

#[test]
fn every_help_fits_80_columns() {
    use clap::CommandFactory;
    let mut root = Cli::command();
    root.build();
    let mut abouts = HashSet::new();
    for command in std::iter::once(&mut root.clone()).chain(root.get_subcommands_mut()) {
        let help = format!("{}{}", command.render_help(), command.render_long_help());
        let about = command.get_about().map(ToString::to_string).unwrap_or_default();
        assert!(abouts.insert(about), "{} has the help of another verb", command.get_name());
        let wide: Vec<&str> = help.lines().filter(|line| line.chars().count() > 80).collect();
        assert!(wide.is_empty(), "{}: {wide:?}", command.get_name());
    }
}
