//! Tens of thousands of objects, over a store of which each call takes 30 ms: how long would it take?

use std::time::Duration;

use pawl::dataset::Scanner;
use pawl::dataset::Schema;
use pawl::documents::{Found, PROFILED, Profiled};
use pawl::ledger::Manifest;
use pawl_testing::{SimulatedClock, SlowStore, time_limit};

use super::*;

const MANY: u32 = 50_000;
/// As many as a test without optimisation goes through in a moment: the time limit shrinks as they do.
const FEWER: u32 = 5_000;
const EACH_CALL: Duration = Duration::from_millis(30);

type Slow = Edge<SlowStore<Memory>, MemoryObjects>;

/// A bucket of so many objects, laid there without taking time.
async fn laid(clock: &SimulatedClock, objects: u32) -> Slow {
    let store = SlowStore::new(Memory::default(), clock, EACH_CALL);
    store.quick().put(&pipeline(&model()), YAML.into(), Condition::Always).await.unwrap();
    let edge = Edge { store, bucket: HOME.to_owned(), objects: MemoryObjects::default() };
    for n in 0..objects {
        edge.objects.put("incoming", &format!("m/{n:06}.csv"), "x,y\n1,0\n2,1\n");
    }
    Edge { objects: edge.objects.slowed(clock, EACH_CALL), ..edge }
}

/// What a step answers, and how long it takes.
async fn timed(edge: &Slow, clock: &SimulatedClock, name: &str) -> (Value, Duration) {
    let begun = clock.elapsed();
    let answer = ask(edge, step(name), at(0)).await.unwrap();
    (answer, clock.elapsed() - begun)
}

/// Every object was read: their profiles lie there.
async fn lay_profiles(edge: &Slow) {
    let mut scanner = Scanner::new(&Schema::default());
    scanner.feed(b"x,y\n1,0\n2,1\n", &mut ()).unwrap();
    let scan = scanner.finish(&mut ()).unwrap();
    let manifest = json_at(edge.store.quick(), "runs/m/000001/manifest.json").await.unwrap();
    let manifest: Manifest = serde_json::from_value(manifest).unwrap();
    for object in manifest.batch {
        let found = Found::Scan(Box::new(scan.clone()));
        let slot = PROFILED.of(&keys(), &object.id);
        let profiled = Profiled { object, found, treated: None };
        slot.write(edge.store.quick(), &profiled, Condition::Always).await.unwrap();
    }
}

#[test]
fn a_snapshot_of_many_objects_ends_within_the_time_limit() {
    let clock = SimulatedClock::default();
    let done = clock.run(async {
        let edge = laid(&clock, FEWER).await;
        let (answer, took) = timed(&edge, &clock, "snapshot").await;
        assert_eq!((&answer["partitions"], &answer["calls"]), (&json!(FEWER), &json!(FEWER / 50)));
        assert!(took < time_limit("DataValidator") / 10 / (MANY / FEWER), "{took:?}");
        let calls = json_at(edge.store.quick(), "runs/m/000001/calls.json").await.unwrap();
        let longest = calls.as_array().unwrap().iter().map(|call| call.to_string().len()).max();
        assert!(longest.unwrap() < 100_000, "what a state's payload may hold");
    });
    assert!(done.is_some());
}

#[test]
fn many_objects_are_judged_within_the_time_limit() {
    let clock = SimulatedClock::default();
    let done = clock.run(async {
        let edge = laid(&clock, FEWER).await;
        timed(&edge, &clock, "snapshot").await;
        lay_profiles(&edge).await;
        let (answer, took) = timed(&edge, &clock, "validate").await;
        assert_eq!((&answer["verdict"], &answer["accepted"]), (&json!("accepted"), &json!(FEWER)));
        let limit = time_limit("DataValidator") / (MANY / FEWER);
        // The rest of the time is for the work.
        assert!(took < limit / 5, "{took:?} of {limit:?}");
        let profile = json_at(edge.store.quick(), "runs/m/000001/profile.json").await.unwrap();
        assert_eq!(profile["rows"], 2 * FEWER);
    });
    assert!(done.is_some());
}
