//! Tens of thousands of triggers, over a store of which each call takes 30 ms: how long would it take?

use std::time::Duration;

use pawl::documents::{HANDLED, MANIFEST, TRIGGER};
use pawl::ledger::inbox::Completes;
use pawl::ledger::{Ending, Manifest, Object, RunOutcome, Trigger, TriggerId, TriggerKind};
use pawl_testing::{SlowStore, time_limit};

use super::*;

const MANY: usize = 50_000;
const EACH_CALL: Duration = Duration::from_millis(30);

type Slow = Edge<InMemory<SlowStore<Memory>>>;

/// A run that is open, and so many triggers that wait, laid there without taking time.
async fn laid(clock: &SimulatedClock, triggers: usize) -> Slow {
    let edge = edge_over(SlowStore::new(Memory::default(), clock, EACH_CALL), clock.clone());
    put_pipeline(&edge, "m", "").await;
    for n in 0..triggers {
        let id = TriggerId::new(&n.to_string(), Completes::Itself);
        let what = format!("s3://incoming/m/{n}.csv");
        let kind = TriggerKind::NewData;
        let trigger =
            Trigger { id: id.clone(), kind, what, received_at: at(0), event: Value::from("as it came") };
        TRIGGER.of(&keys(), &id).write(edge.store.quick(), &trigger, Condition::Always).await.unwrap();
    }
    handle(&edge, object_event("m/last.csv", "v1"), at(0)).await.unwrap();
    edge
}

/// How long a request takes, and what it answers. The function's time limit holds.
async fn timed(edge: &Slow, clock: &SimulatedClock, request: Value) -> (Duration, Value) {
    let begun = clock.elapsed();
    let answer = handle(edge, request, at(60)).await.unwrap();
    let took = clock.elapsed() - begun;
    assert!(took < time_limit("NewDataTrigger"), "{took:?}");
    (took, answer)
}

async fn freeze_manifest(edge: &Slow) {
    let triggers = inbox::waiting(edge.store.quick(), &keys()).await.unwrap();
    let object = |n| Object::new("incoming".into(), format!("m/{n}.csv"), Some("v".into()), "e".into(), 1);
    let objects: Vec<Object> = (0..MANY).map(object).collect();
    let manifest = Manifest {
        generation: Generation(1),
        at: at(1),
        triggers,
        batch: objects.clone(),
        objects,
        left_out: 0,
    };
    let document = MANIFEST.of(&keys(), Generation(1));
    document.write(edge.store.quick(), &manifest, Condition::Always).await.unwrap();
}

fn close() -> Value {
    let outcome = RunOutcome { code: Ending::Skipped, reason: "old".into(), state: None, error: None };
    json!({ "step": "close", "model": "m", "generation": 1, "outcome": outcome })
}

#[test]
fn a_run_of_many_triggers_settles_and_closes_within_the_time_limit() {
    let clock = SimulatedClock::default();
    let done = clock.run(async {
        let edge = laid(&clock, MANY).await;
        let settle = json!({ "step": "settle", "model": "m", "looks": 1, "seen": MANY + 1 });
        assert_eq!(timed(&edge, &clock, settle).await.1["state"], "ready");
        freeze_manifest(&edge).await;
        // What arrives meanwhile stays.
        handle(&edge, object_event("m/later.csv", "v1"), at(2)).await.unwrap();

        let mut left = Vec::new();
        loop {
            let (_, answer) = timed(&edge, &clock, close()).await;
            left.push(answer["left"].as_u64().unwrap());
            if answer["closed"] == 1 {
                break;
            }
            assert!(training_of(&edge).await.open.is_some(), "the lock is held until all are filed");
        }
        assert!((2..8).contains(&left.len()) && left.is_sorted_by(|a, b| a > b), "{left:?}");
        assert_eq!(waiting(&edge).await, 1);
        let id = TriggerId::new("7", Completes::Itself);
        let handled = HANDLED.of(&keys(), &id).require(edge.store.quick()).await.unwrap();
        assert_eq!((handled.generation, handled.outcome.as_str()), (Generation(1), "old"));
        let record = json_at(edge.store.quick(), "runs/m/000001/run.json").await.unwrap();
        let told = record["triggers"].as_array().unwrap().len();
        assert_eq!(told as u64 + record["more_triggers"].as_u64().unwrap(), MANY as u64 + 1);
        assert_eq!(training_of(&edge).await.open.unwrap().generation, Generation(2), "the next run");
    });
    assert!(done.is_some());
}

#[test]
fn a_call_that_dies_while_it_closes_costs_what_it_had_under_way() {
    let clock = SimulatedClock::default();
    let done = clock.run(async {
        let edge = laid(&clock, 3_000).await;
        freeze_manifest(&edge).await;
        for _ in 0..2 {
            let before = waiting(&edge).await;
            let died = clock.sleep(Duration::from_secs(3));
            let request = handle(&edge, close(), at(60));
            let request = std::pin::pin!(request);
            assert!(first_of(request, std::pin::pin!(died)).await, "it closed in three seconds");
            assert!(waiting(&edge).await + 500 < before);
        }
        assert_eq!(timed(&edge, &clock, close()).await.1["closed"], 1);
    });
    assert!(done.is_some());
}

/// Whether the second ended first.
async fn first_of<A, B>(first: A, second: B) -> bool
where
    A: Future + Unpin,
    B: Future + Unpin,
{
    matches!(futures_util::future::select(first, second).await, futures_util::future::Either::Right(_))
}

#[test]
fn what_an_event_costs_does_not_depend_on_how_many_wait() {
    let clock = SimulatedClock::default();
    let done = clock.run(async {
        let mut took = Vec::new();
        for waiting in [1, MANY] {
            let edge = laid(&clock, waiting).await;
            took.push(timed(&edge, &clock, object_event("m/one-more.csv", "v1")).await.0);
            let duplicate = timed(&edge, &clock, object_event("m/one-more.csv", "v1")).await;
            assert_eq!(duplicate.1["signals"][0][0]["trigger"], "duplicate");
            took.push(duplicate.0);
        }
        assert_eq!(took[..2], took[2..]);
        assert!(took.iter().all(|took| *took <= EACH_CALL * 10), "{took:?}");
    });
    assert!(done.is_some());
}

#[test]
fn a_run_that_ended_without_closing_itself_is_closed_by_the_rounds() {
    let clock = SimulatedClock::default();
    let done = clock.run(async {
        let edge = laid(&clock, MANY).await;
        edge.executions.end("m-1");
        let round = json!({ "step": "reconcile", "pipeline": "pipelines/m/pipeline.yaml" });
        for _ in 0..8 {
            timed(&edge, &clock, round.clone()).await;
        }
        assert_eq!((training_of(&edge).await.open, waiting(&edge).await), (None, 0));
        assert_eq!(edge.notices.sent().len(), 1, "people are told once");
        let record = json_at(edge.store.quick(), "runs/m/000001/run.json").await.unwrap();
        assert_eq!(record["outcome"]["code"], "failed");
    });
    assert!(done.is_some());
}
