//! The record of one endpoint: the document `ledger/<model>/release.json`.

use std::collections::BTreeMap;
use std::fmt;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::alarms;
use super::strategy::EndpointKind;
use super::{Action, Audit, Policy};
use pawl_base::names::{ContentHash, Generation};
use pawl_gate::live::TrialKind;
use pawl_ledger::events::{AlarmState, DedupeKey, EndpointStatus};

/// The name of an endpoint config. Never used twice: a new deployment needs a new one.
#[derive(
    Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(transparent)]
pub struct ConfigName(pub String);

impl fmt::Display for ConfigName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl ConfigName {
    /// The config of the trial before this one. No hyphen: the names of its alarms must not begin as this one's do; and no more
    /// than a letter, since SageMaker takes 63.
    fn in_trial(&self) -> Self {
        Self(format!("{self}t"))
    }
}

impl From<&str> for ConfigName {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

/// A config and all that it was made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deployment {
    /// The run that made it.
    pub generation: Generation,
    /// The endpoint config.
    pub config: ConfigName,
    /// The SageMaker model's name.
    pub model: Option<String>,
    /// The model package's ARN.
    pub package: Option<String>,
    /// The version of the data it was trained on.
    pub dataset: Option<ContentHash>,
    /// What kind of endpoint it makes. SageMaker takes no deployment guardrails for serverless ones.
    #[serde(default)]
    pub kind: EndpointKind,
    /// Names of the alarms that watch this config.
    #[serde(default)]
    pub alarms: Vec<String>,
    /// Since when it may take traffic: its deployment was granted then, or it was brought back.
    pub activated_at: Option<Timestamp>,
    /// Set for the config in which the challenger is tried beside the champion.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trial: Option<InTrial>,
}

/// A trial: the first stage of a deployment, with a config of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InTrial {
    /// In which way.
    pub kind: TrialKind,
    /// The config that all traffic moves to when it is won.
    pub then: ConfigName,
}

impl Deployment {
    /// A deployment of which only run and config are known.
    pub fn new(generation: Generation, config: impl Into<ConfigName>) -> Self {
        Self {
            generation,
            config: config.into(),
            model: None,
            package: None,
            dataset: None,
            kind: EndpointKind::default(),
            alarms: Vec::new(),
            activated_at: None,
            trial: None,
        }
    }

    /// The stage before this deployment, in which it is tried.
    pub fn in_trial(&self, kind: TrialKind) -> Self {
        let trial = Some(InTrial { kind, then: self.config.clone() });
        Self { config: self.config.in_trial(), trial, ..self.clone() }
    }

    /// The stage after this one; `None` where there is none.
    pub fn next_stage(&self) -> Option<Self> {
        let then = self.trial.as_ref()?.then.clone();
        Some(Self { config: then, trial: None, activated_at: None, ..self.clone() })
    }

    /// The config that all traffic moves to in the end.
    pub fn last_config(&self) -> &ConfigName {
        self.trial.as_ref().map_or(&self.config, |trial| &trial.then)
    }

    /// Whether a config is one of this deployment's stages.
    pub fn has_stage(&self, config: &ConfigName) -> bool {
        let last = self.last_config();
        config == last || *config == last.in_trial()
    }

    /// Whether two production variants share the traffic.
    pub fn is_split(&self) -> bool {
        self.trial.as_ref().is_some_and(|trial| trial.kind == TrialKind::Ab)
    }
}

/// Where a release stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "name")]
pub enum State {
    /// Nothing is under way.
    Stable,
    /// A deployment was granted or runs.
    Deploying(Deploying),
    /// The new config serves and bakes.
    Watching(Watching),
    /// Traffic goes back to the last known good config.
    RollingBack(RollingBack),
    /// After a rollback: no deployment until then.
    CoolDown {
        /// The end of the cool-down.
        until: Timestamp,
    },
}

impl State {
    /// The state without its data.
    pub fn name(&self) -> StateName {
        match self {
            Self::Stable => StateName::Stable,
            Self::Deploying(_) => StateName::Deploying,
            Self::Watching(_) => StateName::Watching,
            Self::RollingBack(_) => StateName::RollingBack,
            Self::CoolDown { .. } => StateName::CoolDown,
        }
    }
}

/// A state without its data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StateName {
    /// See [`State::Stable`].
    Stable,
    /// See [`State::Deploying`].
    Deploying,
    /// See [`State::Watching`].
    Watching,
    /// See [`State::RollingBack`].
    RollingBack,
    /// See [`State::CoolDown`].
    CoolDown,
}

/// A deployment under way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Deploying {
    /// What is deployed.
    pub candidate: Deployment,
    /// How far it is known to be.
    pub progress: Progress,
    /// When it was granted.
    pub since: Timestamp,
    /// The run must have begun the update by then.
    pub lease_until: Timestamp,
    /// A reason to roll back that came while the endpoint takes no update: acted upon at the end.
    pub intent: Option<Cause>,
    /// A person's word that the watch is not needed, given while the update runs.
    pub forced: bool,
    /// The run's word that it could not begin the update; the endpoint decides whether that is so.
    pub failure: Option<String>,
}

/// How far a deployment is known to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Progress {
    /// A trial was won: its run may ask for all traffic, and has no permission yet.
    Offered,
    /// Granted; no update was seen.
    Granted,
    /// An update was seen running: by its run, or by somebody else.
    Updating,
    /// Its run looked at the endpoint, so its update was accepted.
    Begun,
}

/// A config that bakes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Watching {
    /// Since when.
    pub since: Timestamp,
    /// The bake ends then, if all is well.
    pub until: Timestamp,
    /// The watch is extended no further than this: after it a person is asked.
    pub deadline: Timestamp,
    /// Set when a person is asked: without an answer the config is rolled back then.
    pub decide_by: Option<Timestamp>,
    /// What the smoke test said.
    pub smoke: Smoke,
}

/// What the smoke test of a config said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Smoke {
    /// It has not run to its end.
    Pending,
    /// Real rows were answered.
    Passed,
}

/// A rollback under way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RollingBack {
    /// What is taken out.
    pub from: Deployment,
    /// What comes back.
    pub to: Deployment,
    /// Why.
    pub cause: Cause,
    /// Since when.
    pub since: Timestamp,
    /// How often the update was asked for. A lost update is asked for once more, then a person is paged.
    pub attempts: u8,
    /// What was refused before in this rollback. A refusal tells nothing for good: a quota, or a right that is missing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refused: Vec<ConfigName>,
}

/// Why traffic goes back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "code")]
pub enum Cause {
    /// An alarm of the config.
    Alarm {
        /// The alarm's name.
        alarm: String,
    },
    /// An alarm that changed three times or more within 15 minutes.
    Flapping {
        /// The alarm's name.
        alarm: String,
    },
    /// SageMaker's guardrail had rolled back by itself.
    Guardrail,
    /// Real rows were not answered.
    SmokeTest {
        /// What went wrong.
        reason: String,
    },
    /// The endpoint broke.
    EndpointFailed {
        /// Its status.
        status: EndpointStatus,
    },
    /// The trial showed that the challenger is worse.
    Trial {
        /// What it showed, in plain words.
        reason: String,
    },
    /// The trial was over, and its run did not go on.
    NotDeployed {
        /// Why, in plain words.
        reason: String,
    },
    /// Nobody decided in time about a config that could not be proven good.
    Unproven,
    /// A person rejected the model package.
    PackageRejected,
    /// A person asked.
    Operator {
        /// Who.
        who: String,
        /// Why.
        why: String,
    },
}

impl Cause {
    /// Whether the data that the model was trained on is suspect as well.
    pub fn blames_data(&self) -> bool {
        !matches!(self, Self::EndpointFailed { .. } | Self::Unproven | Self::NotDeployed { .. })
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Alarm { alarm } => write!(f, "alarm {alarm}"),
            Self::Flapping { alarm } => write!(f, "alarm {alarm} changed three times within 15 minutes"),
            Self::Guardrail => f.write_str("SageMaker's guardrail rolled it back"),
            Self::SmokeTest { reason } => write!(f, "real rows were not answered: {reason}"),
            Self::EndpointFailed { status } => write!(f, "the endpoint's status became {status:?}"),
            Self::Trial { reason } => write!(f, "the trial showed that it is worse: {reason}"),
            Self::NotDeployed { reason } => write!(f, "the trial was over and it was not deployed: {reason}"),
            Self::Unproven => {
                f.write_str("nobody decided in time about a config that could not be proven good")
            }
            Self::PackageRejected => f.write_str("a person rejected the model package"),
            Self::Operator { who, why } => write!(f, "{who} asked: {why}"),
        }
    }
}

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
    /// After this moment it is void.
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
    /// Times of the latest changes that concerned what was deployed, watched or served, oldest first, at most [`FLAPS`].
    pub changes: Vec<Timestamp>,
}

/// This many changes within 15 minutes count as an alarm while watching.
pub(super) const FLAPS: usize = 3;
/// A person's word for a deployment that nobody asks for within this time is forgotten.
const PASS_HOLDS: SignedDuration = SignedDuration::from_hours(24);
/// How many good configs are remembered, newest first.
const GOOD: usize = 8;
/// How many revoked packages, configs and datasets are remembered of each kind.
const REVOKED: usize = 500;
/// How many rollbacks and dedupe keys are remembered.
const REMEMBERED: usize = 64;

/// The record of one endpoint, changed only by compare-and-swap.
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
    /// When the look was made that taught the record what it last learnt of the endpoint, or when a run told that it could not
    /// move it. An older look tells what was.
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
    /// A person's word: the next deployment may begin without a last known good config, and in a cool-down. It ends by itself:
    /// [`Release::pass_at`].
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
    /// Audit entries that may not have reached the history yet. They are appended before anything else happens.
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

    /// The person's word that lets the next deployment begin, while it holds: for a day.
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
        let kind = self.subject().map(|subject| subject.kind).unwrap_or_default();
        // It may be a config that Pawl made before: then its alarms are looked at again, where they exist.
        let fallback = Deployment { kind, ..Deployment::new(Generation::default(), config.clone()) };
        let alarms = alarms::names(&policy.alarms, &self.endpoint, &fallback);
        Some(Deployment { alarms, ..fallback })
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
