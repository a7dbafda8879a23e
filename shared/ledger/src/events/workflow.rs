//! Schedules, executions and code pushes.

use jiff::Timestamp;

use super::error::DecodeError;
use super::json::Node;

/// A schedule's tick.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScheduleTick {
    /// The rule's or schedule's ARN.
    pub rule: String,
    /// The model that the schedule is for, where its input names one.
    pub model: Option<String>,
    /// When it was due.
    pub at: Timestamp,
}

/// An execution of Step Functions, or of a SageMaker pipeline, that changed its state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExecutionChange {
    /// The execution's ARN.
    pub arn: String,
    /// The state machine's or pipeline's ARN.
    pub machine: String,
    /// The execution's name.
    pub name: String,
    /// The status in the service's words, for example `FAILED` or `Succeeded`.
    pub status: String,
    /// When.
    pub at: Timestamp,
}

impl ExecutionChange {
    pub(super) fn of_step_functions(detail: Node<'_>, sent: Timestamp) -> Result<Self, DecodeError> {
        let arn = detail.need(&["executionArn"])?;
        let name = detail.text(&["name"]).unwrap_or_else(|| last_segment(&arn).to_owned());
        Ok(Self {
            name,
            machine: detail.need(&["stateMachineArn"])?,
            status: detail.need(&["status"])?,
            at: detail.time(&["stopDate", "startDate"])?.unwrap_or(sent),
            arn,
        })
    }

    pub(super) fn of_pipeline(detail: Node<'_>, sent: Timestamp) -> Result<Self, DecodeError> {
        let arn = detail.need(&["pipelineExecutionArn"])?;
        Ok(Self {
            name: last_segment(&arn).to_owned(),
            machine: detail.need(&["pipelineArn"])?,
            status: detail.need(&["currentPipelineExecutionStatus"])?,
            at: detail.time(&["executionEndTime", "executionStartTime"])?.unwrap_or(sent),
            arn,
        })
    }
}

fn last_segment(arn: &str) -> &str {
    arn.rsplit([':', '/']).next().unwrap_or(arn)
}

/// Code, an image or a configuration that was pushed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodePush {
    /// The repository, pipeline or image repository.
    pub repository: String,
    /// The tag of an image, or the branch of a commit.
    pub reference: Option<String>,
    /// The commit, image digest or execution id.
    pub revision: String,
    /// The model that it is for, where the event names one.
    pub model: Option<String>,
    /// When.
    pub at: Timestamp,
}

impl CodePush {
    /// `None` where the event is about something other than a finished push.
    pub(super) fn from_event(
        source: &str,
        detail: Node<'_>,
        at: Timestamp,
    ) -> Result<Option<Self>, DecodeError> {
        let model = detail.text(&["model"]);
        let (repository, reference, revision) = match source {
            "aws.codecommit" => {
                if detail.text(&["referenceType"]).is_some_and(|kind| kind != "branch")
                    || detail.text(&["event"]).is_some_and(|event| event == "referenceDeleted")
                {
                    return Ok(None);
                }
                (
                    detail.need(&["repositoryName"])?,
                    detail.text(&["referenceName"]),
                    detail.need(&["commitId"])?,
                )
            }
            "aws.codepipeline" => {
                if detail.need(&["state"])? != "SUCCEEDED" {
                    return Ok(None);
                }
                (detail.need(&["pipeline"])?, None, detail.need(&["execution-id"])?)
            }
            "aws.ecr" => {
                let done = detail.text(&["result"]).is_none_or(|result| result == "SUCCESS");
                if detail.need(&["action-type"])? != "PUSH" || !done {
                    return Ok(None);
                }
                (
                    detail.need(&["repository-name"])?,
                    detail.text(&["image-tag"]),
                    detail.need(&["image-digest"])?,
                )
            }
            _ => (detail.need(&["repository"])?, detail.text(&["reference"]), detail.need(&["revision"])?),
        };
        Ok(Some(Self { repository, reference, revision, model, at }))
    }
}
