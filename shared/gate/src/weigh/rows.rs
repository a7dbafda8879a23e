//! Are there rows enough to decide anything?

use crate::blocks::LEAST_BLOCKS;
use crate::findings::{Check, Code, Reason};
use crate::policy::Policy;
use crate::tally::RowEvidence;

pub(super) fn check_total(policy: &Policy, rows: u64) -> Option<Reason> {
    let text = format!("{rows} holdout rows; the policy asks for {}", policy.minimum_rows);
    (rows < policy.minimum_rows).then(|| Reason::new(Check::Rows, Code::TooFewRows, text))
}

pub(super) fn check(policy: &Policy, evidence: &RowEvidence) -> Vec<Reason> {
    let mut reasons: Vec<Reason> = check_total(policy, evidence.rows).into_iter().collect();
    let least = policy.minimum_rows_per_class;
    if let Some(second) = evidence.second_class.filter(|rows| *rows < least) {
        let text = format!("only one class has more than {second} rows; the policy asks for two of {least}");
        reasons.push(Reason::new(Check::Rows, Code::TooFewOfOneClass, text));
    }
    let enough = LEAST_BLOCKS as u64;
    if let Some(clusters) = evidence.clusters.filter(|clusters| *clusters < enough) {
        let text = format!("rows of {clusters} clusters; how clusters differ is told from {enough} on");
        reasons.push(Reason::new(Check::Rows, Code::TooFewClusters, text));
    }
    reasons
}
