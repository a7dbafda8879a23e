//! What the model registry says of a challenger.

use pawl::gate::Judgement;
use pawl::ledger::dataset::DatasetSplit;
use serde_json::{Value, json};

use crate::edge::Run;

/// Where a challenger comes from, as the properties of its model package.
pub(crate) fn lineage(bucket: &str, run: &Run, split: &DatasetSplit, training: &str) -> Value {
    json!({
        "pawl.generation": run.generation.to_string(),
        "pawl.dataset": split.version,
        "pawl.training-job": training,
        "pawl.evidence": format!("s3://{bucket}/{}", run.prefix),
    })
}

/// The three weightiest reasons of a judgement, in plain words.
pub(crate) fn reasons(judgement: &Judgement) -> String {
    let reasons: Vec<&str> = judgement.reasons.iter().take(3).map(|reason| reason.text.as_str()).collect();
    reasons.join("; ")
}
