//! What a run keeps of its training, and of champion against challenger.

use serde_json::Value;

use super::Component::{Command, DriftChecker, EvaluationGate, NewDataTrigger, RollbackHandler, SageMaker};
use super::{Document, OfRun};
use crate::gate::Judgement;
use crate::gate::convergence::Converged;
use crate::gate::live::TrialEvidence;

/// The objects that SageMaker trains on: a manifest as in
/// <https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_S3DataSource.html>.
pub const TRAIN_OBJECTS: Document<Vec<Value>, OfRun> =
    Document::foreign(OfRun("train.manifest")).written_by(&[EvaluationGate]).read_by(&[SageMaker]);

/// The objects that SageMaker scores, of the same form.
pub const HOLDOUT_OBJECTS: Document<Vec<Value>, OfRun> =
    Document::foreign(OfRun("holdout.manifest")).written_by(&[EvaluationGate]).read_by(&[SageMaker]);

/// Whether the training ended with a model worth scoring, and what it trained.
pub const CONVERGENCE: Document<Converged, OfRun> = Document::object(OfRun("convergence.json"))
    .written_by(&[EvaluationGate])
    .read_by(&[NewDataTrigger, DriftChecker, EvaluationGate]);

/// The gate's judgement on the challenger.
pub const JUDGEMENT: Document<Judgement, OfRun> = Document::object(OfRun("judgement.json"))
    .written_by(&[EvaluationGate])
    .read_by(&[NewDataTrigger, DriftChecker, EvaluationGate, Command]);

/// The judgement for the model registry: Model Monitor's model quality.
pub const EVALUATION: Document<Value, OfRun> = Document::foreign(OfRun("evaluation.json"))
    .written_by(&[EvaluationGate])
    .read_by(&[EvaluationGate, SageMaker]);

/// The judgement for the model registry: Clarify's bias.
pub const ANALYSIS: Document<Value, OfRun> = Document::foreign(OfRun("analysis.json"))
    .written_by(&[EvaluationGate])
    .read_by(&[EvaluationGate, SageMaker]);

/// The newest look at the challenger beside the champion in production; none without a trial.
pub const TRIAL: Document<TrialEvidence, OfRun> = Document::object(OfRun("trial.json"))
    .written_by(&[DriftChecker])
    .read_by(&[NewDataTrigger, RollbackHandler]);
