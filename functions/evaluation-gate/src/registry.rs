//! What the model registry says of a challenger.

use std::collections::BTreeMap;

use pawl::gate::Judgement;
use pawl::ledger::dataset::DatasetSplit;

use crate::edge::Run;

/// Where a challenger comes from, as the properties of its model package.
pub(crate) fn lineage(
    bucket: &str,
    run: &Run,
    split: &DatasetSplit,
    training: &str,
) -> BTreeMap<String, String> {
    BTreeMap::from([
        ("pawl.generation".to_owned(), run.generation.to_string()),
        ("pawl.dataset".to_owned(), split.version.to_string()),
        ("pawl.training-job".to_owned(), training.to_owned()),
        ("pawl.evidence".to_owned(), format!("s3://{bucket}/{}", run.prefix)),
    ])
}

/// The three weightiest reasons of a judgement, in plain words.
pub(crate) fn reasons(judgement: &Judgement) -> String {
    let reasons: Vec<&str> = judgement.reasons.iter().take(3).map(|reason| reason.text.as_str()).collect();
    reasons.join("; ")
}
