//! One model, `bike`, whose runs are played from the first deployment on.

use std::sync::atomic::{AtomicI64, Ordering};

use jiff::{SignedDuration, Timestamp};
use pawl::documents::{PIPELINE, RELEASE, RELEASE_ENTRY, SPLIT, TRAINED_ON};
use pawl::duration::Duration;
use pawl::fault::Fault;
use pawl::jobs::Platform;
use pawl::ledger::{Condition, Keys, Memory, Store, pipeline};
use pawl::names::{ContentHash, Generation, ModelName, RegionName};
use pawl::pipeline::catalog::Catalog;
use pawl::release::{Audit, Deployment, Release, StateName};
use pawl_testing::RecordedNotices;
use serde_json::{Value, json};

use super::account::Account;
use crate::edge::Edge;
use crate::handle;

/// The function, and everything outside of it.
pub(super) struct Play {
    pub(super) edge: Edge<Memory, Account, RecordedNotices>,
    minute: AtomicI64,
}

/// The rest of a `pipeline.yaml` where a test asks for nothing special.
pub(super) const PLAIN: &str = "release: {strategy: all_at_once}";

fn model() -> ModelName {
    ModelName::try_from("bike".to_owned()).unwrap()
}

pub(super) fn keys() -> Keys {
    Keys::new(&model())
}

pub(super) fn region(name: &str) -> RegionName {
    RegionName::try_from(name.to_owned()).unwrap()
}

pub(super) fn at(minute: i64) -> Timestamp {
    Timestamp::constant(1_800_000_000, 0) + SignedDuration::from_mins(minute)
}

impl Play {
    /// Nothing was ever deployed; the first three runs have come as far as their deployment. `rest` ends
    /// their `pipeline.yaml`.
    pub(super) async fn new(rest: &str) -> Self {
        let edge = Edge {
            store: Memory::default(),
            bucket: "pawl".to_owned(),
            catalog: Catalog::default(),
            services: Account::default(),
            notices: RecordedNotices::default(),
            endpoint_metrics: Duration::seconds(60),
            platform: Platform::with_one_role("role"),
        };
        let play = Self { edge, minute: AtomicI64::new(0) };
        play.put(&pipeline(&model()), &yaml(rest)).await;
        for generation in 1..=3 {
            play.freeze(generation, rest).await;
        }
        let rows = "{\"features\": {\"x\": 1}, \"label\": 1}\n{\"features\": {\"x\": 2}, \"label\": 0}\n";
        play.put(&keys().rows_to_score("rows"), rows).await;
        play.account().with(|home| home.answer = b"0.9\n0.1\n".to_vec());
        play
    }

    /// What the earlier steps of a run leave.
    pub(super) async fn freeze(&self, generation: u64, rest: &str) {
        let version = ContentHash::of(&generation.to_be_bytes());
        let split = json!({ "version": version, "train": [], "holdout": ["rows"] });
        self.put(&PIPELINE.key(&keys(), Generation(generation)), &yaml(rest)).await;
        let bins = json!({ "numeric": { "edges": [0.0, 2.0, 4.0, 6.0] } });
        let column = json!({ "name": "x", "bins": bins, "counts": {} });
        let profile = json!({ "version": 1, "rows": 9, "columns": [column] });
        self.put(TRAINED_ON.of(&keys(), Generation(generation)).key(), &profile.to_string()).await;
        self.put(SPLIT.of(&keys(), Generation(generation)).key(), &split.to_string()).await;
    }

    pub(super) async fn put(&self, key: &str, body: &str) {
        self.edge.store.put(key, body.as_bytes().to_vec(), Condition::Always).await.unwrap();
    }

    /// SageMaker and CloudWatch at home.
    pub(super) fn account(&self) -> &Account {
        &self.edge.services
    }

    /// Sets the clock to this minute.
    pub(super) fn at(&self, minute: i64) {
        self.minute.store(minute, Ordering::Relaxed);
    }

    pub(super) fn now(&self) -> Timestamp {
        at(self.minute.load(Ordering::Relaxed))
    }

    /// One call of the function.
    pub(super) async fn call(&self, event: Value) -> Result<Value, Fault> {
        handle(&self.edge, event, &|| self.now()).await
    }

    /// The same call twice, as after an answer that was lost: it must answer the same and change nothing
    /// more.
    pub(super) async fn twice(&self, event: Value) -> Value {
        let first = self.call(event.clone()).await.unwrap();
        let (changes, notices) = (self.account().changes(), self.edge.notices.sent());
        assert_eq!(self.call(event.clone()).await.as_ref(), Ok(&first), "{event}");
        assert_eq!(self.account().changes(), changes, "{event}");
        assert_eq!(self.edge.notices.sent(), notices, "{event}");
        first
    }

    /// The record of the release at home.
    pub(super) async fn release(&self) -> Release {
        RELEASE.of(&keys()).require(&self.edge.store).await.unwrap()
    }

    /// The history of the release at home.
    pub(super) async fn entries(&self) -> Vec<Audit> {
        let mut entries = Vec::new();
        for found in self.edge.store.list(&keys().trail()).await.unwrap() {
            entries.extend(RELEASE_ENTRY.at(found.key).read(&self.edge.store).await.unwrap());
        }
        entries
    }

    pub(super) async fn state(&self) -> StateName {
        self.release().await.state.name()
    }

    /// Runs were promoted: the last of them serves, at home.
    pub(super) async fn promoted(&self, generations: &[u64]) {
        let mut release = Release::new("bike");
        for generation in generations.iter().copied() {
            let config = format!("bike-{generation}");
            self.account().serve(&config);
            let deployment = Deployment {
                model: Some(config.clone()),
                package: Some(format!("arn:package/{generation}")),
                activated_at: Some(at(-60)),
                ..Deployment::new(Generation(generation), config.as_str())
            };
            release.generation = Generation(generation);
            release.current = Some(deployment.clone());
            release.good.insert(0, deployment);
        }
        self.put(&keys().release(), &json!(release).to_string()).await;
    }

    /// The state machine deploys what the guard allows, and the endpoint gets there.
    pub(super) async fn deploy(&self, generation: u64) -> Value {
        let granted = self.call(guard(generation)).await.unwrap();
        let name = format!("bike-{generation}");
        assert_eq!(granted["config"]["EndpointConfigName"], json!(name), "{granted}");
        self.account().serve(&name);
        self.call(observe(generation)).await.unwrap()
    }
}

fn yaml(rest: &str) -> String {
    format!(
        "{{model: bike, data: {{bucket: data, prefix: bike/, label: {{column: y}}, features: [x]}}, \
         train: {{image: bike:1}}, {rest}}}"
    )
}

pub(super) fn guard(generation: u64) -> Value {
    json!({ "step": "guard", "model": "bike", "generation": generation, "name": format!("bike-{generation}"),
        "package_arn": format!("arn:package/{generation}") })
}

pub(super) fn observe(generation: u64) -> Value {
    let config = format!("bike-{generation}");
    json!({ "step": "observe", "model": "bike", "generation": generation, "config": config })
}

pub(super) fn watch(generation: u64) -> Value {
    let config = format!("bike-{generation}");
    json!({ "step": "watch", "model": "bike", "generation": generation, "config": config })
}

pub(super) fn operator(verb: &str, region: Option<&str>) -> Value {
    json!({ "operator": { "verb": verb, "who": "ada", "why": "slow", "model": "bike", "region": region,
        "at": "2027-01-15T08:00:00Z" } })
}
