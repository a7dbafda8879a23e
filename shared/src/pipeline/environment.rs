//! The environment of the serving container.

use std::collections::BTreeMap;

use super::Pipeline;

/// The variable in which the serving container finds the share of requests to explore.
const EXPLORATION: &str = "PAWL_EXPLORATION";

/// The team's own variables, and the share to explore.
pub(crate) fn environment(pipeline: &Pipeline) -> BTreeMap<String, String> {
    let mut all = pipeline.serve.environment.clone();
    if let Some(share) = pipeline.feedback.as_ref().and_then(|feedback| feedback.exploration) {
        all.entry(EXPLORATION.to_owned()).or_insert_with(|| share.to_string());
    }
    all
}
