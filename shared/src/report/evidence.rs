//! What a run left: every document of its folder, and what serves. Each may be missing.

use serde::de::DeserializeOwned;

use crate::documents::{self, Decision, Judged, PIPELINE, Released, Slot};
use crate::drift::{Drift, Reference};
use crate::gate::Judgement;
use crate::gate::convergence::Converged;
use crate::gate::live::TrialEvidence;
use crate::ledger::dataset::DatasetSplit;
use crate::ledger::{Ending, Keys, Manifest, RunOutcome, RunRecord, Store};
use crate::names::{ContentHash, Generation, ModelName};
use crate::profile::Profile;
use crate::release::Release;

/// The evidence of one run. A run may end early: what is `None` was not reached, or could not be read, which
/// [`Evidence::unreadable`] then says.
// Long: one field for each document of a run.
#[derive(Debug, Clone)]
pub struct Evidence {
    /// The model.
    pub model: ModelName,
    /// The run.
    pub generation: Generation,
    /// The digest of the `pipeline.yaml` that was frozen for the run.
    pub pipeline: Option<ContentHash>,
    /// [`documents::MANIFEST`]: the objects that the run looked at.
    pub manifest: Option<Manifest>,
    /// [`documents::VALIDATION`]: one entry for each new object.
    pub validation: Option<Vec<Judged>>,
    /// [`documents::PROFILE`]: the accepted rows of the new objects.
    pub profile: Option<Profile>,
    /// [`documents::SPLIT`]: which objects train and which judge.
    pub split: Option<DatasetSplit>,
    /// [`documents::REFERENCE`]: what the batch was compared with; none without a champion.
    pub reference: Option<Reference>,
    /// [`documents::DRIFT`]; none where there was nothing to compare.
    pub drift: Option<Drift>,
    /// [`documents::DECISION`].
    pub decision: Option<Decision>,
    /// [`documents::CONVERGENCE`].
    pub convergence: Option<Converged>,
    /// [`documents::JUDGEMENT`].
    pub judgement: Option<Judgement>,
    /// [`documents::TRIAL`]: the newest look at the challenger beside the champion in production; none
    /// without a trial.
    pub trial: Option<TrialEvidence>,
    /// [`documents::RELEASED`]: what became of the challenger's deployment.
    pub released: Option<Released>,
    /// [`documents::RUN`]: how the run ended.
    pub run: Option<RunRecord>,
    /// [`documents::FAILURE`]: what failed, where something did.
    pub failure: Option<RunOutcome>,
    /// [`documents::RELEASE`]: what serves as the page is written.
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

impl Evidence {
    /// How the run ended, as far as it is recorded.
    pub fn ending(&self) -> Option<Ending> {
        let ended = self.run.as_ref().map(|run| run.outcome.code);
        ended.or(self.failure.as_ref().map(|failure| failure.code))
    }

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

/// Reads what a run left. Never fails: what is missing is `None`, and what is there but cannot be read is
/// named, so that a report can be written of a run that broke, too.
pub async fn load(store: &impl Store, model: &ModelName, generation: Generation) -> Evidence {
    let (keys, run) = (Keys::new(model), generation);
    let mut unreadable = Vec::new();
    let bad = &mut unreadable;
    let frozen = PIPELINE.key(&keys, run);
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
        manifest: take(store, &documents::MANIFEST.of(&keys, run), bad).await,
        validation: take(store, &documents::VALIDATION.of(&keys, run), bad).await,
        profile: take(store, &documents::PROFILE.of(&keys, run), bad).await,
        split: take(store, &documents::SPLIT.of(&keys, run), bad).await,
        reference: take(store, &documents::REFERENCE.of(&keys, run), bad).await,
        drift: take(store, &documents::DRIFT.of(&keys, run), bad).await,
        decision: take(store, &documents::DECISION.of(&keys, run), bad).await,
        convergence: take(store, &documents::CONVERGENCE.of(&keys, run), bad).await,
        judgement: take(store, &documents::JUDGEMENT.of(&keys, run), bad).await,
        trial: take(store, &documents::TRIAL.of(&keys, run), bad).await,
        released: take(store, &documents::RELEASED.of(&keys, &run), bad).await,
        run: take(store, &documents::RUN.of(&keys, run), bad).await,
        failure: take(store, &documents::FAILURE.of(&keys, run), bad).await,
        serving: take(store, &documents::RELEASE.of(&keys), bad).await,
        unreadable,
    }
}

async fn take<T: DeserializeOwned>(
    store: &impl Store,
    document: &Slot<T>,
    unreadable: &mut Vec<Unreadable>,
) -> Option<T> {
    match document.read(store).await {
        Ok(found) => found,
        Err(e) => {
            unreadable.push(Unreadable { key: document.key().to_owned(), reason: e.to_string() });
            None
        }
    }
}
