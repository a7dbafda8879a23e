//! What a run left: every document of its folder, and what serves. Each may be missing.

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::constraints::Validation;
use crate::drift::Drift;
use crate::gate::Judgement;
use crate::gate::convergence::Converged;
use crate::gate::live::TrialEvidence;
use crate::ledger::dataset::{DatasetSplit, ObjectFate};
use crate::ledger::{Keys, Manifest, Object, RunOutcome, RunRecord, Store, TriggerKind, read};
use crate::names::{ContentHash, Generation, ModelName};
use crate::profile::Profile;
use crate::profile::bins::Baseline;
use crate::release::{self, Release};
use crate::run::PIPELINE;

/// The evidence of one run. A run may end early: what is `None` was not reached, or could not be read, which
/// [`Evidence::unreadable`] then says.
#[derive(Debug, Clone)]
pub struct Evidence {
    /// The model.
    pub model: ModelName,
    /// The run.
    pub generation: Generation,
    /// The digest of the `pipeline.yaml` that was frozen for the run.
    pub pipeline: Option<ContentHash>,
    /// `manifest.json`: the objects that the run looked at.
    pub manifest: Option<Manifest>,
    /// `validation.json`: one entry for each new object.
    pub validation: Option<Vec<Judged>>,
    /// `profile.json`: the accepted rows of the new objects.
    pub profile: Option<Profile>,
    /// `split.json`: which objects train and which judge.
    pub split: Option<DatasetSplit>,
    /// `reference.json`: what the batch was compared with; none without a champion.
    pub reference: Option<Baseline>,
    /// `drift.json`; none where there was nothing to compare.
    pub drift: Option<Drift>,
    /// `decision.json`.
    pub decision: Option<Decision>,
    /// `convergence.json`.
    pub convergence: Option<Converged>,
    /// `judgement.json`.
    pub judgement: Option<Judgement>,
    /// `trial.json`: the newest look at the challenger beside the champion in production; none without a trial.
    pub trial: Option<TrialEvidence>,
    /// `release.json`: what became of the challenger's deployment.
    pub released: Option<Released>,
    /// `run.json`: how the run ended.
    pub run: Option<RunRecord>,
    /// `failure.json`: what failed, where something did.
    pub failure: Option<RunOutcome>,
    /// The release record, `ledger/<model>/release.json`: what serves as the page is written.
    pub serving: Option<Release>,
    /// What is there and could not be read.
    pub unreadable: Vec<Unreadable>,
}

/// A document that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    /// Its key.
    pub key: String,
    /// Why.
    pub reason: String,
}

/// One object's entry in `validation.json`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Judged {
    /// The object.
    pub object: Object,
    /// What became of it.
    pub fate: ObjectFate,
    /// Why, in plain words; empty where nothing is wrong.
    #[serde(default)]
    pub reason: String,
    /// `None` where the object could not be read.
    #[serde(default)]
    pub validation: Option<Validation>,
}

/// The document `decision.json`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Decision {
    /// Train, skip or ask.
    pub decision: Choice,
    /// Why, in plain words.
    pub reason: String,
    /// The name of the training job and of all that comes of it.
    pub name: String,
    /// What the run was started for.
    #[serde(default)]
    pub triggers: Vec<TriggerKind>,
    /// The digest of data, code and parameters.
    pub fingerprint: ContentHash,
    /// The version of the dataset.
    pub dataset: ContentHash,
    /// When it was decided.
    pub at: Timestamp,
}

/// Whether to train.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Choice {
    /// A model is trained.
    Train,
    /// None is, for the stated reason.
    Skip,
    /// A person decides.
    Ask,
}

/// The document `release.json` of a run.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Released {
    /// The run.
    pub generation: Generation,
    /// What became of its deployment.
    pub outcome: release::ReleaseOutcome,
    /// When.
    pub at: Timestamp,
}

impl Evidence {
    /// A run of which nothing is known yet.
    pub fn new(model: &ModelName, generation: Generation) -> Self {
        Self {
            model: model.clone(),
            generation,
            pipeline: None,
            manifest: None,
            validation: None,
            profile: None,
            split: None,
            reference: None,
            drift: None,
            decision: None,
            convergence: None,
            judgement: None,
            trial: None,
            released: None,
            run: None,
            failure: None,
            serving: None,
            unreadable: Vec::new(),
        }
    }
}

/// Reads what a run left. Never fails: what is missing is `None`, and what is there but cannot be read is named, so
/// that a report can be written of a run that broke, too.
pub async fn load(store: &impl Store, model: &ModelName, generation: Generation) -> Evidence {
    let keys = Keys::new(model);
    let key = |name: &str| keys.evidence(generation, name);
    let mut unreadable = Vec::new();
    let bad = &mut unreadable;
    let frozen = key(PIPELINE);
    let pipeline = match store.get(&frozen).await {
        Ok(stored) => stored.map(|stored| ContentHash::of(&stored.body)),
        Err(e) => {
            bad.push(Unreadable { key: frozen, reason: e.to_string() });
            None
        }
    };
    Evidence {
        model: model.clone(),
        generation,
        pipeline,
        manifest: take(store, key("manifest.json"), bad).await,
        validation: take(store, key("validation.json"), bad).await,
        profile: take(store, key("profile.json"), bad).await,
        split: take(store, key("split.json"), bad).await,
        reference: take(store, key("reference.json"), bad).await,
        drift: take(store, key("drift.json"), bad).await,
        decision: take(store, key("decision.json"), bad).await,
        convergence: take(store, key("convergence.json"), bad).await,
        judgement: take(store, key("judgement.json"), bad).await,
        trial: take(store, key("trial.json"), bad).await,
        released: take(store, key("release.json"), bad).await,
        run: take(store, key("run.json"), bad).await,
        failure: take(store, key("failure.json"), bad).await,
        serving: take(store, keys.release(), bad).await,
        unreadable,
    }
}

async fn take<T: DeserializeOwned>(
    store: &impl Store,
    key: String,
    unreadable: &mut Vec<Unreadable>,
) -> Option<T> {
    match read(store, &key).await {
        Ok(found) => found.map(|(value, _)| value),
        Err(e) => {
            unreadable.push(Unreadable { key, reason: e.to_string() });
            None
        }
    }
}
