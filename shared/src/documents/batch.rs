//! What a run keeps of its batch and of the data that it would train on.

use super::Component::{
    Command, DataValidator, DriftChecker, EvaluationGate, NewDataTrigger, Person, RollbackHandler, SageMaker,
};
use super::{Document, File, OfModel, OfRun};
use crate::constraints::{CONSTRAINTS_VERSION, Constraints};
use crate::drift::{DRIFT_VERSION, Drift, Reference, Remembered};
use crate::ledger::Keys;
use crate::model_monitor::{Rules, Statistics};
use crate::profile::bins::{BASELINE_VERSION, Baseline};
use crate::profile::{PROFILE_VERSION, Profile};

/// The copy of `pipeline.yaml` that counts for the whole run, however often a team edits its own.
pub const PIPELINE: File = File::of_run(
    "pipeline.yaml",
    &[DataValidator, EvaluationGate],
    &[NewDataTrigger, DataValidator, DriftChecker, EvaluationGate, RollbackHandler],
);

/// The constraints that new data must meet. The first accepted batch sets them; a person may edit them.
pub const CONSTRAINTS: Document<Constraints, OfModel> =
    Document::versioned(OfModel(Keys::constraints), CONSTRAINTS_VERSION)
        .written_by(&[DataValidator, Person])
        .read_by(&[DataValidator]);

/// The profile of a run's accepted new rows.
pub const PROFILE: Document<Profile, OfRun> = Document::versioned(OfRun("profile.json"), PROFILE_VERSION)
    .written_by(&[DataValidator])
    .read_by(&[NewDataTrigger]);

/// What a batch is compared with; none without a champion.
pub const REFERENCE: Document<Reference, OfRun> =
    Document::versioned(OfRun("reference.json"), BASELINE_VERSION).written_by(&[DataValidator]).read_by(&[
        NewDataTrigger,
        DataValidator,
        DriftChecker,
    ]);

/// How the batch drifts from its reference; none where there was nothing to compare.
pub const DRIFT: Document<Drift, OfRun> = Document::versioned(OfRun("drift.json"), DRIFT_VERSION)
    .written_by(&[DriftChecker])
    .read_by(&[NewDataTrigger]);

/// What earlier batches' comparisons came to.
pub const DRIFT_HISTORY: Document<Remembered, OfModel> =
    Document::object(OfModel(Keys::drift)).written_by(&[DriftChecker]).read_by(&[DriftChecker]);

/// The bins of the data that the run would train on: the reference of later batches, should its model be
/// promoted.
pub const TRAINED_ON: Document<Baseline, OfRun> =
    Document::versioned(OfRun("trained_on.json"), BASELINE_VERSION)
        .written_by(&[DataValidator, EvaluationGate])
        .read_by(&[DataValidator, DriftChecker, EvaluationGate, RollbackHandler]);

/// The same data for the model registry: Model Monitor's statistics.
pub const STATISTICS: Document<Statistics, OfRun> = Document::foreign(OfRun("statistics.json"))
    .written_by(&[DataValidator, EvaluationGate])
    .read_by(&[EvaluationGate, SageMaker]);

/// The same data for the model registry: Model Monitor's constraints. Not those of [`CONSTRAINTS`].
pub const MONITOR_CONSTRAINTS: Document<Rules, OfRun> = Document::foreign(OfRun("constraints.json"))
    .written_by(&[DataValidator, EvaluationGate])
    .read_by(&[EvaluationGate, SageMaker]);

/// The page that tells the run to a person.
pub const REPORT: File = File::of_run("report.html", &[NewDataTrigger], &[Command]);
