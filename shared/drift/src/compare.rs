//! The comparison of a batch with its baseline.

use super::document::{DRIFT_VERSION, Drift, Verdict, formulas};
use super::input::Input;
use super::policy::Policy;
use super::{compat, decide, measure, unjudged};

/// Compares a batch with its baseline, column by column, on four axes.
///
/// Pure and total: nothing to compare, counts that do not fit the bins, or a policy that cannot be
/// used come out as `insufficient_data` with the reason, never as a pass.
pub fn compare(inputs: &[Input<'_>], policy: &Policy) -> Drift {
    let mut drift = Drift {
        version: DRIFT_VERSION,
        compared_with: None,
        verdict: Verdict::InsufficientData,
        features: Verdict::InsufficientData,
        label: None,
        predictions: None,
        reasons: Vec::new(),
        importance: None,
        tests: 0,
        policy: policy.clone(),
        not_judged: inputs.iter().filter_map(unjudged::time).collect(),
        columns: Vec::new(),
        formulas: formulas(),
    };
    if let Err(error) = policy.check() {
        drift.reasons = vec![error.to_string()];
        return drift;
    }
    (drift.columns, drift.tests) = match policy.compat {
        Some(tool) => (compat::decide_all(inputs, tool), 0),
        None => {
            let drafts = inputs.iter().flat_map(|input| measure::measure(input, policy)).collect();
            decide::decide_all(drafts, policy)
        }
    };
    drift.summarise();
    drift
}
