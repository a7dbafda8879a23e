//! The record of one endpoint: the document `ledger/<model>/release.json`.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::action::Action;
use crate::alarms;
use crate::audit::Audit;
use crate::cause::Cause;
use crate::config::ConfigName;
use crate::deployment::Deployment;
use crate::policy::Policy;
use crate::state::State;
use pawl_base::names::{ContentHash, Generation};
use pawl_ledger::events::{AlarmState, DedupeKey};

/// A lock against new deployments.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Freeze {
    /// Who set it: a person, or `pawl`.
    pub who: String,
    /// Why.
    pub why: String,
    /// When.
    pub at: Timestamp,
}

/// The right to perform actions, held by one caller for a while.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    /// Who holds it.
    pub holder: String,
    /// When it expires.
    pub until: Timestamp,
}

/// A rollback that happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rollback {
    /// The generation that was taken out.
    pub generation: Generation,
    /// Why.
    pub cause: Cause,
    /// When it began.
    pub at: Timestamp,
}

/// An action that waits to be performed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Pending {
    /// Its number, never used twice in one record.
    pub id: u64,
    /// What to do.
    pub action: Action,
    /// How often it failed.
    pub tries: u8,
    /// Not before this moment.
    pub not_before: Option<Timestamp>,
}

/// What is remembered of an alarm: orders its events and counts its changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlarmMemory {
    /// The newest `state.timestamp` seen.
    pub at: Timestamp,
    /// The state then.
    pub state: AlarmState,
    /// Times of the latest changes that concerned what was deployed, watched or served, oldest first, at most
    /// three.
    pub changes: Vec<Timestamp>,
}

/// This many changes within 15 minutes count as an alarm while watching.
pub(super) const FLAPS: usize = 3;
/// A person's permission for the next deployment expires after this time.
const PASS_HOLDS: SignedDuration = SignedDuration::from_hours(24);
/// How many good configs are remembered, newest first.
const GOOD: usize = 8;
/// How many revoked packages, configs and datasets are remembered of each kind.
const REVOKED: usize = 500;
/// How many rollbacks and dedupe keys are remembered.
const REMEMBERED: usize = 64;

/// The record of one endpoint, changed only by compare-and-swap.
// Long: its fields are those of the document. A group of them would be a level that the document does not
// have, and each is read together with `state` and `current` somewhere, so no group would be handed around
// alone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Release {
    /// The endpoint's name.
    pub endpoint: String,
    /// The newest generation that was granted a deployment.
    pub generation: Generation,
    /// Where it stands.
    pub state: State,
    /// What serves, as last verified.
    pub current: Option<Deployment>,
    /// The time of the newest description of the endpoint that changed this record, or of a run's report that
    /// its update failed. An older description is out of date and changes nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen_at: Option<Timestamp>,
    /// Configs that finished their watch healthy, newest first. Some may be revoked: [`Release::is_revoked`].
    pub good: Vec<Deployment>,
    /// Configs that were taken out: they never return by themselves.
    pub revoked_configs: Vec<ConfigName>,
    /// Model packages that were rejected.
    pub rejected: Vec<String>,
    /// Dataset versions that never train again.
    pub quarantined: Vec<ContentHash>,
    /// Rollbacks so far, newest last.
    pub rollbacks: Vec<Rollback>,
    /// Cool-downs in a row, since the last promotion: 6, 12, 24 hours.
    pub cool_downs: u32,
    /// The lock against new deployments.
    pub freeze: Option<Freeze>,
    /// A person allowed the next deployment to begin without a last known good config, or in a cool-down. The
    /// permission expires after a day: [`Release::pass_at`].
    pub pass: Option<Freeze>,
    /// Who may perform actions.
    pub lease: Option<Lease>,
    /// What waits to be performed, in order.
    pub pending: Vec<Pending>,
    /// The number that the next pending action gets.
    pub next_action: u64,
    /// What is remembered of alarms, by ARN.
    pub alarms: BTreeMap<String, AlarmMemory>,
    /// Dedupe keys of other events, with their time, newest last.
    pub seen: Vec<(DedupeKey, Timestamp)>,
    /// Number of the last audit entry.
    pub sequence: u64,
    /// Audit entries that may not have reached the history yet. They are appended before anything else
    /// happens.
    pub outbox: Vec<Audit>,
}

impl Release {
    /// An endpoint that Pawl has not touched.
    pub fn new(endpoint: impl Into<String>) -> Self {
        Self {
            endpoint: endpoint.into(),
            generation: Generation::default(),
            state: State::Stable,
            current: None,
            seen_at: None,
            good: Vec::new(),
            revoked_configs: Vec::new(),
            rejected: Vec::new(),
            quarantined: Vec::new(),
            rollbacks: Vec::new(),
            cool_downs: 0,
            freeze: None,
            pass: None,
            lease: None,
            pending: Vec::new(),
            next_action: 1,
            alarms: BTreeMap::new(),
            seen: Vec::new(),
            sequence: 0,
            outbox: Vec::new(),
        }
    }

    /// Whether the deployment was taken out, rejected or quarantined.
    pub fn is_revoked(&self, deployment: &Deployment) -> bool {
        self.revoked_configs.contains(&deployment.config)
            || deployment.package.as_ref().is_some_and(|package| self.rejected.contains(package))
            || deployment.dataset.as_ref().is_some_and(|dataset| self.quarantined.contains(dataset))
    }

    /// The person's permission for the next deployment, unless it has expired: it lasts for a day.
    pub fn pass_at(&self, now: Timestamp) -> Option<&Freeze> {
        self.pass.as_ref().filter(|pass| now.duration_since(pass.at) < PASS_HOLDS)
    }

    /// The deployment with this config, if it finished its watch healthy. It may be revoked by now.
    pub fn good_with(&self, config: &ConfigName) -> Option<&Deployment> {
        self.good.iter().find(|good| good.config == *config)
    }

    /// The newest good deployment, whatever serves: the last known good.
    pub fn last_known_good(&self) -> Option<&Deployment> {
        self.good.iter().find(|deployment| !self.is_revoked(deployment))
    }

    /// Where a rollback of what serves now would go.
    pub fn rollback_target(&self) -> Option<&Deployment> {
        let serving = self.current.as_ref().map(|current| &current.config);
        self.good.iter().find(|good| Some(&good.config) != serving && !self.is_revoked(good))
    }

    /// What a deployment that begins now would go back to: the last known good, else the configured fallback.
    pub fn fallback_of_next(&self, policy: &Policy) -> Option<Deployment> {
        self.last_known_good().cloned().or_else(|| self.configured_fallback(policy))
    }

    /// The newest good deployment but this one, else the configured fallback.
    pub(super) fn target_from(&self, serving: &ConfigName, policy: &Policy) -> Option<Deployment> {
        self.target_but(|config| config == serving, policy)
    }

    /// The newest good deployment that is not left out, else the configured fallback.
    pub(super) fn target_but(
        &self,
        left_out: impl Fn(&ConfigName) -> bool,
        policy: &Policy,
    ) -> Option<Deployment> {
        let good = self.good.iter().find(|good| !left_out(&good.config) && !self.is_revoked(good));
        let fallback = self.configured_fallback(policy).filter(|fallback| !left_out(&fallback.config));
        good.cloned().or(fallback)
    }

    fn configured_fallback(&self, policy: &Policy) -> Option<Deployment> {
        let config = policy.fallback.as_ref().filter(|config| !self.revoked_configs.contains(config))?;
        let subject = self.subject().map(|subject| (subject.kind, subject.instances));
        let (kind, instances) = subject.unwrap_or_default();
        // If Pawl made this config earlier, its alarms are read again, where they still exist.
        let fallback =
            Deployment { kind, instances, ..Deployment::new(Generation::default(), config.clone()) };
        let alarms = alarms::names(&policy.alarms, &self.endpoint, &fallback);
        Some(Deployment { alarms, ..fallback })
    }

    /// Whether this release has put the config there, or has found it there and said so.
    pub fn knows(&self, config: &ConfigName) -> bool {
        let under_way: &[&Deployment] = match &self.state {
            State::Deploying(deploying) => &[&deploying.candidate],
            State::RollingBack(rolling) => &[&rolling.from, &rolling.to],
            State::Stable | State::Watching(_) | State::CoolDown { .. } => &[],
        };
        let known = self.good.iter().chain(&self.current).chain(under_way.iter().copied());
        known.into_iter().any(|known| known.has_stage(config)) || self.revoked_configs.contains(config)
    }

    /// Whose model clients are answered by: what serves, or what it is tried beside.
    pub fn champion(&self) -> Option<&Deployment> {
        let current = self.current.as_ref()?;
        if current.trial.is_some() { self.rollback_target() } else { Some(current) }
    }

    /// The config that is being deployed, watched or taken out, else what serves.
    pub fn subject(&self) -> Option<&Deployment> {
        match &self.state {
            State::Deploying(deploying) => Some(&deploying.candidate),
            State::RollingBack(rolling) => Some(&rolling.from),
            _ => self.current.as_ref(),
        }
    }

    /// Whether this generation was rolled back before.
    pub fn was_rolled_back(&self, generation: Generation) -> bool {
        self.rollbacks.iter().any(|rollback| rollback.generation == generation)
    }

    pub(super) fn add_good(&mut self, deployment: Deployment) {
        self.good.retain(|good| good.config != deployment.config);
        self.good.insert(0, deployment);
        self.good.truncate(GOOD);
    }

    pub(super) fn add_rollback(&mut self, rollback: Rollback) {
        push_bounded(&mut self.rollbacks, rollback, REMEMBERED);
    }

    pub(super) fn revoke_config(&mut self, config: &ConfigName) {
        push_new(&mut self.revoked_configs, config.clone());
    }

    pub(super) fn reject(&mut self, package: &str) {
        push_new(&mut self.rejected, package.to_owned());
    }

    pub(super) fn quarantine(&mut self, dataset: &ContentHash) {
        push_new(&mut self.quarantined, dataset.clone());
    }

    pub(super) fn remember(&mut self, key: DedupeKey, at: Timestamp) {
        push_bounded(&mut self.seen, (key, at), REMEMBERED);
    }

    pub(super) fn remember_alarm(&mut self, arn: &str, at: Timestamp, state: AlarmState) {
        if !self.alarms.contains_key(arn) && self.alarms.len() >= REMEMBERED {
            let oldest = self.alarms.iter().min_by_key(|(_, memory)| memory.at).map(|(arn, _)| arn.clone());
            if let Some(oldest) = oldest {
                self.alarms.remove(&oldest);
            }
        }
        let memory = self.alarms.entry(arn.to_owned());
        let memory = memory.or_insert_with(|| AlarmMemory { at, state, changes: Vec::new() });
        (memory.at, memory.state) = (at, state);
    }

    pub(super) fn count_change(&mut self, arn: &str, at: Timestamp) {
        if let Some(memory) = self.alarms.get_mut(arn) {
            push_bounded(&mut memory.changes, at, FLAPS);
        }
    }
}

fn push_bounded<T>(list: &mut Vec<T>, item: T, most: usize) {
    list.push(item);
    if list.len() > most {
        list.remove(0);
    }
}

fn push_new<T: PartialEq>(list: &mut Vec<T>, item: T) {
    if !list.contains(&item) {
        push_bounded(list, item, REVOKED);
    }
}
