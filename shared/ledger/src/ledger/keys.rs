//! Where each thing lies in the bucket of evidence: the one place that spells keys.

use jiff::Timestamp;
use pawl_base::names::{ContentHash, Generation, ModelName, RegionName};

use super::trigger::TriggerId;

/// The key under which a team's `pipeline.yaml` lies.
pub fn pipeline(model: &ModelName) -> String {
    format!("{PIPELINES}{model}/pipeline.yaml")
}

/// The prefix of all pipelines.
pub const PIPELINES: &str = "pipelines/";

/// Where events lie that no pipeline asked for, or that could not be read. Nothing that arrives is lost.
pub fn unrouted(event: &ContentHash) -> String {
    format!("ledger/_unrouted/{event}.json")
}

/// Where it stands that people were told today (UTC) of objects that no pipeline takes: once for each first
/// part of their keys, however many there are.
pub fn unrouted_objects(bucket: &str, key: &str, now: Timestamp) -> String {
    let prefix = key.split_once('/').map_or("", |(first, _)| first);
    let day = now.strftime("%Y-%m-%d");
    let of = ContentHash::of(format!("{bucket}/{prefix}").as_bytes());
    format!("ledger/_unrouted/objects/{day}/{of}.json")
}

/// The file of accepted rows as CSV, in the folder [`Keys::accepted`].
pub fn csv(part: &str) -> String {
    format!("{part}.csv")
}

/// The file of accepted rows as JSON lines, in the folder [`Keys::accepted`].
pub fn json_lines(part: &str) -> String {
    format!("{part}.jsonl")
}

/// The keys of one model. A further region has a release of its own, with a record and a trail of its own;
/// all else is one.
#[derive(Debug, Clone)]
pub struct Keys {
    model: ModelName,
    region: Option<RegionName>,
}

impl Keys {
    /// The keys of this model.
    pub fn new(model: &ModelName) -> Self {
        Self { model: model.clone(), region: None }
    }

    /// The keys of this model's release in a further region.
    pub fn in_region(&self, region: &RegionName) -> Self {
        Self { model: self.model.clone(), region: Some(region.clone()) }
    }

    /// The further region whose release this is about; `None` at home.
    pub fn region(&self) -> Option<&RegionName> {
        self.region.as_ref()
    }

    /// The folder of one release's memory.
    fn place(&self) -> String {
        match &self.region {
            None => format!("ledger/{}/", self.model),
            Some(region) => format!("ledger/{}/regions/{region}/", self.model),
        }
    }

    /// The model.
    pub fn model(&self) -> &ModelName {
        &self.model
    }

    /// The retraining loop's memory: [`super::Training`].
    pub fn training(&self) -> String {
        format!("ledger/{}/training.json", self.model)
    }

    /// What serves: the release record.
    pub fn release(&self) -> String {
        format!("{}release.json", self.place())
    }

    /// What became of a generation's release.
    pub fn outcome(&self, generation: Generation) -> String {
        match &self.region {
            None => self.evidence(generation, "release.json"),
            Some(region) => self.evidence(generation, &format!("regions/{region}.json")),
        }
    }

    /// The way of a promoted generation through the further regions: `pawl_release::Wave`.
    pub fn wave(&self) -> String {
        format!("ledger/{}/wave.json", self.model)
    }

    /// The order to take a generation through the further regions. Writing it starts the state machine.
    pub fn wave_order(&self, generation: Generation) -> String {
        format!("regions/{}/{}.json", self.model, generation.0)
    }

    /// Where a model's archive is kept, at home and in a further region's bucket. No training may write
    /// there.
    pub fn archive(&self, name: &str) -> String {
        format!("models/{}/{name}/model.tar.gz", self.model)
    }

    /// The order for autoscaling and garbage collection: `pawl_release::upkeep::Upkeep`.
    pub fn upkeep(&self) -> String {
        match &self.region {
            None => format!("upkeep/{}.json", self.model),
            Some(region) => format!("upkeep/{}/{region}.json", self.model),
        }
    }

    /// The known data objects and what became of them: [`super::Dataset`].
    pub fn dataset(&self) -> String {
        format!("ledger/{}/dataset.json", self.model)
    }

    /// The constraints that new data must meet. A person may edit them.
    pub fn constraints(&self) -> String {
        format!("ledger/{}/constraints.json", self.model)
    }

    /// The folder of the triggers that wait to be handled.
    pub fn inbox(&self) -> String {
        format!("ledger/{}/inbox/", self.model)
    }

    /// A trigger that waits to be handled.
    pub fn waiting(&self, trigger: &TriggerId) -> String {
        format!("{}{trigger}.json", self.inbox())
    }

    /// A trigger that was handled, with its outcome.
    pub fn handled(&self, trigger: &TriggerId) -> String {
        format!("ledger/{}/handled/{trigger}.json", self.model)
    }

    /// The newest slot of the pipeline's schedule that the round has seen.
    pub fn schedule(&self) -> String {
        format!("ledger/{}/schedule.json", self.model)
    }

    /// How far the round has listed objects to find those whose event was lost.
    pub fn sweep(&self) -> String {
        format!("ledger/{}/sweep.json", self.model)
    }

    /// The audit trail, append only.
    pub fn history(&self, entry: &str) -> String {
        format!("{}{entry}.json", self.trail())
    }

    /// The folder of the audit trail.
    pub fn trail(&self) -> String {
        format!("{}history/", self.place())
    }

    /// The folder of the questions that runs have put to people, each with the token that answers it. The
    /// state machine names them: `train-<run>.json` before a training, `package-<version>.json` before a
    /// release.
    pub fn questions(&self) -> String {
        format!("ledger/{}/questions/", self.model)
    }

    /// The folder of one run's evidence.
    pub fn run(&self, generation: Generation) -> String {
        format!("runs/{}/{:06}/", self.model, generation.0)
    }

    /// A file in the folder of one run's evidence.
    pub fn evidence(&self, generation: Generation, name: &str) -> String {
        format!("{}{name}", self.run(generation))
    }

    /// The rows of an object that were refused, each with its reason.
    pub fn quarantine(&self, generation: Generation, object: &str) -> String {
        format!("quarantine/{}/{:06}/{object}.jsonl", self.model, generation.0)
    }

    /// The note that a version of the dataset never trains again.
    pub fn quarantined_dataset(&self, dataset: &ContentHash) -> String {
        format!("quarantine/{}/datasets/{dataset}.json", self.model)
    }

    /// The profile of one object.
    pub fn profile(&self, object: &str) -> String {
        format!("profiles/{}/{object}.json", self.model)
    }

    /// The profile of one part of an object that is read in several.
    pub fn part(&self, object: &str, part: u32) -> String {
        format!("profiles/{}/{object}/{part:05}.json", self.model)
    }

    /// What earlier batches' comparisons came to: `pawl_drift::Remembered`.
    pub fn drift(&self) -> String {
        format!("ledger/{}/drift.json", self.model)
    }

    /// What the monitoring remembers: `pawl_drift::monitor::Monitor`.
    pub fn monitor(&self) -> String {
        format!("ledger/{}/monitor.json", self.model)
    }

    /// What the comparison in a trial remembers between two looks.
    pub fn trial(&self) -> String {
        format!("ledger/{}/trial.json", self.model)
    }

    /// What the holdout of a run lets expect of its model in production.
    pub fn expected(&self, generation: Generation) -> String {
        format!("{}expected.json", self.monitored(generation))
    }

    /// One look of the monitoring at the champion of a run; the first has number 1.
    pub fn look(&self, generation: Generation, number: u64) -> String {
        format!("{}{number:06}.json", self.monitored(generation))
    }

    /// The folder of the monitoring's evidence on the champion of a run.
    fn monitored(&self, generation: Generation) -> String {
        format!("monitoring/{}/{:06}/", self.model, generation.0)
    }

    /// The folder that SageMaker captures into.
    pub fn captured(&self) -> String {
        format!("capture/{}/", self.model)
    }

    /// The folder that a team puts ground truth into, in keys that grow with time.
    pub fn truths(&self) -> String {
        format!("truth/{}/", self.model)
    }

    /// The folder of accepted rows.
    pub fn accepted(&self) -> String {
        format!("accepted/{}/", self.model)
    }

    /// The accepted rows of one part of an object as CSV, to train on. The part's name is that of
    /// [`super::dataset::part_name`].
    pub fn rows_to_train(&self, part: &str) -> String {
        format!("{}{}", self.accepted(), csv(part))
    }

    /// The same rows as JSON lines, to score.
    pub fn rows_to_score(&self, part: &str) -> String {
        format!("{}{}", self.accepted(), json_lines(part))
    }

    /// The folder of one side's scores. Which of them is that of which file, [`super::Outputs`] finds out.
    pub fn scores(&self, generation: Generation, side: &str) -> String {
        format!("{}scores/{side}/", self.run(generation))
    }
}
