//! What a person asks for.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::error::DecodeError;
use super::json::Node;
use pawl_base::names::{ContentHash, Generation, RegionName};

/// What a person does to a release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verb {
    /// Go back to the last known good config.
    Rollback,
    /// Let no new deployment begin.
    Freeze,
    /// Lift a freeze.
    Unfreeze,
    /// Go on where Pawl waits for a person: promote what is watched, end a cool-down, let the next deployment
    /// begin.
    Force,
}

/// A person's act on a release: `{"operator": {"verb", "who", "why", "model"?, "region"?, "id"?, "at"?}}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Operator {
    /// What to do.
    pub verb: Verb,
    /// Who asks.
    pub who: String,
    /// Why, for the audit.
    pub why: String,
    /// Which model, where the payload names it.
    pub model: Option<String>,
    /// The further region whose release is meant; home where the payload names none.
    pub region: Option<RegionName>,
    /// When it was asked.
    pub at: Option<Timestamp>,
    /// The same for every copy of this request: from `id`, else from all fields with `at`. Send one of the
    /// two, or the same words count as a copy for some hours.
    pub key: String,
}

impl Operator {
    pub(super) fn from_payload(payload: Node<'_>) -> Result<Self, DecodeError> {
        let node = payload.at("operator").ok_or_else(|| payload.missing(&["operator"]))?;
        let verb = match node.need(&["verb"])?.as_str() {
            "rollback" => Verb::Rollback,
            "freeze" => Verb::Freeze,
            "unfreeze" => Verb::Unfreeze,
            "force" => Verb::Force,
            _ => return Err(node.invalid(&["operator.verb"], "rollback, freeze, unfreeze or force")),
        };
        let region = node.text(&["region"]).map(RegionName::try_from).transpose();
        Ok(Self {
            verb,
            who: node.need(&["who"])?,
            why: node.need(&["why"])?,
            model: node.text(&["model"]).or_else(|| payload.text(&["model"])),
            region: region.map_err(|_| node.invalid(&["operator.region"], "a region such as eu-west-1"))?,
            at: node.time(&["at"])?,
            key: key_of("operator", node),
        })
    }
}

/// A person's wish for a run: `{"request": {"model", "who", "why", "force"?, "id"?, "at"?}}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonRequest {
    /// Which model.
    pub model: String,
    /// Who asks.
    pub who: String,
    /// Why, for the audit.
    pub why: String,
    /// The run whose challenger is to be promoted against the gate; none asks for a training.
    pub force: Option<Generation>,
    /// When it was asked.
    pub at: Option<Timestamp>,
    /// The same for every copy of this request.
    pub key: String,
}

impl PersonRequest {
    pub(super) fn from_payload(payload: Node<'_>) -> Result<Self, DecodeError> {
        let node = payload.at("request").ok_or_else(|| payload.missing(&["request"]))?;
        Ok(Self {
            model: node.need(&["model"])?,
            who: node.need(&["who"])?,
            why: node.text(&["why"]).unwrap_or_default(),
            force: node.at("force").map(run_number).transpose()?,
            at: node.time(&["at"])?,
            key: key_of("request", node),
        })
    }
}

fn run_number(node: Node<'_>) -> Result<Generation, DecodeError> {
    let number = node.value.as_u64().filter(|number| *number > 0);
    number.map(Generation).ok_or_else(|| node.invalid(&["request.force"], "the number of a run"))
}

fn key_of(kind: &str, node: Node<'_>) -> String {
    match node.text(&["id"]) {
        Some(id) => format!("{kind}:{id}"),
        None => format!("{kind}:{}", ContentHash::of(node.value.to_string().as_bytes()).short()),
    }
}
