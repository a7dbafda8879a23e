//! The driver against a store in memory and a small model of SageMaker.

use pawl_ledger::edge::Clock;
use std::sync::Mutex;

use jiff::Timestamp;

use super::worlds::*;
use crate::*;
use pawl_base::duration::Duration;
use pawl_base::names::{Generation, ModelName};
use pawl_ledger::events::{AlarmState, EndpointStatus, PackageApproval};
use pawl_ledger::ledger::{Condition, Keys, Memory, Store};

#[derive(Debug, Default)]
struct Fake {
    serving: Mutex<String>,
    done: Mutex<Vec<&'static str>>,
    minutes: Mutex<i64>,
    rejected: Mutex<String>,
}

impl Effects for &Fake {
    async fn perform(&self, action: &Action) -> ActionResult {
        self.done.lock().unwrap().push(action.name());
        let serving = || self.serving.lock().unwrap().clone();
        match action {
            Action::UpdateEndpoint { call } => {
                *self.serving.lock().unwrap() = call.config.0.clone();
                ActionResult::Done
            }
            Action::AwaitConfig { .. } | Action::DescribeEndpoint { .. } => {
                ActionResult::Endpoint { look: look(EndpointStatus::InService, &serving(), 100) }
            }
            Action::SmokeTest { .. } => ActionResult::SmokePassed,
            Action::ReadAlarm { .. } => ActionResult::Alarm { state: Some(AlarmState::Alarm) },
            _ => ActionResult::Done,
        }
    }

    async fn describe(&self, _: &str) -> Result<EndpointDescription, ReadError> {
        let serving = self.serving.lock().unwrap().clone();
        if serving.is_empty() {
            return Ok(EndpointDescription {
                status: EndpointStatus::Absent,
                config: None,
                at: at(100),
                origin: EndpointOrigin::NotAsked,
            });
        }
        Ok(look(EndpointStatus::InService, &serving, 100))
    }

    async fn origin(&self, _: &str) -> Result<EndpointOrigin, ReadError> {
        Ok(EndpointOrigin::Ours)
    }

    async fn verify(&self, target: &Deployment) -> Result<TargetPresence, ReadError> {
        match target.config.0.as_str() {
            "lost" => Ok(TargetPresence::Missing { what: "the model was deleted".to_owned() }),
            _ => Ok(TargetPresence::Present),
        }
    }

    async fn alarms(&self, names: &[String]) -> Result<Vec<AlarmReading>, ReadError> {
        let ok = |name: &String| AlarmReading { name: name.clone(), state: AlarmState::Ok, since: at(0) };
        Ok(names.iter().map(ok).collect())
    }

    async fn definitions(&self, _: &[String]) -> Result<Vec<alarms::AlarmSpec>, ReadError> {
        Ok(Vec::new())
    }

    async fn trial(&self, _: &Deployment) -> Result<Option<TrialReading>, ReadError> {
        Ok(None)
    }

    async fn approval(&self, package: &str) -> Result<Option<PackageApproval>, ReadError> {
        let rejected = self.rejected.lock().unwrap();
        let approval =
            if *rejected == package { PackageApproval::Rejected } else { PackageApproval::Approved };
        Ok(Some(approval))
    }

    async fn requests(&self, _: &str, _: &ConfigName, _: Timestamp) -> Result<u64, ReadError> {
        Ok(1000)
    }
}

fn driver<'a>(
    store: &'a Memory,
    fake: &'a Fake,
    policy: &'a Policy,
    id: &str,
) -> Driver<'a, Memory, &'a Fake, impl Clock> {
    let clock = || at(*fake.minutes.lock().unwrap());
    let caller = Caller { id: id.to_owned(), lease: Duration::seconds(60) };
    Driver::new(store, fake, clock, keys(), policy, caller)
}

fn keys() -> Keys {
    Keys::new(&ModelName::try_from(ENDPOINT.to_owned()).unwrap())
}

async fn seed(store: &Memory, release: &Release) {
    documents::RELEASE.of(&keys()).write(store, release, Condition::Always).await.unwrap();
}

#[tokio::test]
async fn a_rejection_whose_event_was_lost_is_found_by_the_round() {
    let (store, fake, policy) = (Memory::default(), Fake::default(), Policy::default());
    seed(&store, &release(StateName::Stable)).await;
    *fake.serving.lock().unwrap() = "bike-1".to_owned();
    *fake.minutes.lock().unwrap() = 100;
    let driver = driver(&store, &fake, &policy, "one");
    assert_eq!(driver.reconcile().await.unwrap().state, State::Stable);
    *fake.rejected.lock().unwrap() = "arn:package/1".to_owned();
    assert!(driver.reconcile().await.unwrap().rejected.contains(&"arn:package/1".to_owned()));
    assert_eq!(*fake.serving.lock().unwrap(), "bike-0");
}

#[tokio::test]
async fn from_the_first_deployment_to_a_rollback() {
    let (store, fake, policy) = (Memory::default(), Fake::default(), Policy::default());
    let driver = driver(&store, &fake, &policy, "one");
    let plain = |generation| Deployment { alarms: Vec::new(), ..deployment(generation) };

    assert!(matches!(driver.guard(plain(1)).await.unwrap(), Reply::DeployCreate { .. }));
    *fake.serving.lock().unwrap() = "bike-1".to_owned();
    assert!(matches!(
        driver.observe(Generation(1), "bike-1".into()).await.unwrap(),
        Reply::KeepWatching { .. }
    ));
    *fake.minutes.lock().unwrap() = 40;
    assert_eq!(driver.watch(Generation(1), "bike-1".into()).await.unwrap(), Reply::Healthy);

    *fake.minutes.lock().unwrap() = 100;
    assert!(matches!(driver.guard(plain(2)).await.unwrap(), Reply::DeployUpdate { .. }));
    *fake.serving.lock().unwrap() = "bike-2".to_owned();
    driver.observe(Generation(2), "bike-2".into()).await.unwrap();
    *fake.minutes.lock().unwrap() = 101;
    fake.done.lock().unwrap().clear();
    let fires = Event::Alarm(alarm(Some("bike-2"), AlarmState::Alarm, 101));
    driver.handle(&fires).await.unwrap();
    assert_eq!(*fake.serving.lock().unwrap(), "bike-1");
    let order = [
        "update_endpoint",
        "await_config",
        "smoke_test",
        "reject_package",
        "quarantine_dataset",
        "record_outcome",
        "notify",
        "upkeep",
    ];
    assert_eq!(*fake.done.lock().unwrap(), order);
    assert!(matches!(driver.watch(Generation(2), "bike-2".into()).await.unwrap(), Reply::RolledBack { .. }));

    // Ten copies of the alarm do nothing more.
    for _ in 0..10 {
        driver.handle(&fires).await.unwrap();
    }
    assert_eq!(*fake.done.lock().unwrap(), order);

    // The history is complete, in order, and nothing is left.
    let release = driver.load().await.unwrap();
    assert_eq!((release.pending.len(), &release.lease), (0, &None));
    let history = store.list("ledger/bike/history/").await.unwrap();
    assert_eq!(history.len() as u64, release.sequence);
}

#[tokio::test]
async fn a_call_that_died_is_resumed_where_it_was() {
    let (store, fake, policy) = (Memory::default(), Fake::default(), Policy::default());
    *fake.serving.lock().unwrap() = "bike-2".to_owned();
    *fake.minutes.lock().unwrap() = 100;
    // Died after the claim was written and before anything else: not even the history has it.
    let fires = Event::Alarm(alarm(Some("bike-2"), AlarmState::Alarm, 99));
    let mut claimed = step(&release(StateName::Watching), &fires, at(100), &policy).release;
    claimed.lease = Some(Lease { holder: "dead".to_owned(), until: at(101) });
    seed(&store, &claimed).await;

    let driver = driver(&store, &fake, &policy, "next");
    driver.handle(&Event::Tick).await.unwrap();
    assert_eq!(*fake.done.lock().unwrap(), [""; 0], "the dead call's lease still holds");
    *fake.minutes.lock().unwrap() = 101;
    driver.handle(&Event::Tick).await.unwrap();
    assert_eq!(*fake.serving.lock().unwrap(), "bike-1");
    assert_eq!(driver.load().await.unwrap().state.name(), StateName::CoolDown);
    assert!(store.get("ledger/bike/history/00000001.json").await.unwrap().is_some());
}

#[tokio::test]
async fn a_lost_fallback_is_passed_over() {
    let (store, fake, policy) = (Memory::default(), Fake::default(), Policy::default());
    let mut stable = release(StateName::Stable);
    stable.current = Some(Deployment::new(Generation(1), "lost"));
    stable.good[0].config = "lost".into();
    seed(&store, &stable).await;
    *fake.serving.lock().unwrap() = "lost".to_owned();
    let answer = driver(&store, &fake, &policy, "one").guard(deployment(2)).await.unwrap();
    assert!(matches!(answer, Reply::DeployUpdate { .. }));
    assert!(fake.done.lock().unwrap().contains(&"page"));
}
