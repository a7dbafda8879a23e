//! Tens of thousands of objects, over a store of which each call takes 30 ms: how long would it take?

use std::time::Duration;

use pawl::documents::{MANIFEST, TRIGGER};
use pawl::ledger::{Manifest, Object};
use pawl_testing::{SimulatedClock, SlowStore, time_limit};

use super::*;

const MANY: usize = 50_000;
const EACH_CALL: Duration = Duration::from_millis(30);

/// A run that as many objects started, each with a trigger and accepted rows of its own.
async fn laid(clock: &SimulatedClock) -> Edge<SlowStore<Memory>, MemoryObjects> {
    let quick = edge("").await;
    let ids: Vec<String> = (0..MANY).map(|n| format!("o{n:06}")).collect();
    let (holdout, train) = ids.split_at(MANY / 10);
    let split = json!({ "version": ContentHash::of(b"data"), "train": train, "holdout": holdout });
    put_json(&quick, &keys().evidence(RUN, "split.json"), &split).await;
    let mut triggers = Vec::new();
    for id in &ids {
        let kind = if *id == ids[MANY - 1] { TriggerKind::Person } else { TriggerKind::NewData };
        let id = TriggerId::new(id, Completes::Itself);
        let (what, event) = (String::new(), Value::Null);
        let trigger = Trigger { id: id.clone(), kind, what, received_at: at(0), event };
        TRIGGER.of(&keys(), &id).write(&quick.store, &trigger, Condition::Always).await.unwrap();
        triggers.push(id);
    }
    let manifest = Manifest {
        generation: RUN,
        at: at(0),
        triggers,
        objects: Vec::<Object>::new(),
        batch: vec![],
        left_out: 0,
    };
    MANIFEST.of(&keys(), RUN).write(&quick.store, &manifest, Condition::Always).await.unwrap();
    for (n, id) in ids.iter().enumerate() {
        let row = json!({ "row": format!("{id}:0"), "label": n % 2, "columns": {}, "features": { "x": n } });
        quick.objects.put(HOME, &format!("accepted/m/{id}.jsonl"), row.to_string());
        let label = (n % 2) as f64;
        let score = json!({ "row": format!("{id}:0"), "label": label, "columns": {},
            "features": { "x": n }, "SageMakerOutput": { "score": 0.2 + 0.6 * label } });
        let key = format!("runs/m/000002/scores/challenger/{id}.jsonl.out");
        quick.objects.put(HOME, &key, score.to_string());
    }
    let Edge { store, bucket, objects, platform } = quick;
    let store = SlowStore::new(store, clock, EACH_CALL);
    Edge { store, bucket, objects: objects.slowed(clock, EACH_CALL), platform }
}

#[test]
fn many_triggers_and_objects_are_decided_and_judged_within_the_time_limit() {
    let clock = SimulatedClock::default();
    let done = clock.run(async {
        let edge = laid(&clock).await;
        let drift = json!({ "verdict": null, "share": 0.0 });
        let request = json!({ "step": "decide", "model": "m", "generation": 2, "drift": drift });
        let answer = ask(&edge, request, at(0)).await.unwrap();
        assert_eq!(answer["decision"], "train", "{answer}");
        let took = clock.elapsed();
        assert!(took < time_limit("EvaluationGate") / 5, "{took:?}");
        let decision = keys().evidence(RUN, "decision.json");
        let decision = pawl_testing::json_at(edge.store.quick(), &decision).await.unwrap();
        assert_eq!(decision["triggers"], json!(["new_data", "person"]));

        let request =
            json!({ "step": "judge", "model": "m", "generation": 2, "name": "n", "artifact": "s3://b/a" });
        let answer = ask(&edge, request, at(0)).await.unwrap();
        let took = clock.elapsed() - took;
        assert!(took < time_limit("EvaluationGate") / 5, "{took:?}");
        assert!(answer["verdict"].is_string(), "{answer}");
    });
    assert!(done.is_some());
}
