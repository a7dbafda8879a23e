//! The comparison of a batch with its baseline.

use super::dependence::{Dependence, dependence};
use super::document::{DRIFT_VERSION, Drift, Verdict, formulas};
use super::input::Input;
use super::policy::Policy;
use super::together::{self, SampledRows, Together};
use super::{compat, decide, measure, unjudged};

/// Compares a batch with its baseline, column by column, on four axes.
///
/// Pure and total: nothing to compare, counts that do not fit the bins, or a policy that cannot be
/// used come out as `insufficient_data` with the reason, never as a pass.
pub fn compare(inputs: &[Input<'_>], policy: &Policy) -> Drift {
    compared(inputs, None, policy)
}

/// The same, and whether the columns still move together: one more test of the family, on a sample of the
/// rows of either side. Where a side has no sample, or too small a one, `warnings` says so, and nothing else
/// changes. The rules of other tools do not know this test.
pub fn compare_rows(inputs: &[Input<'_>], rows: SampledRows<'_>, policy: &Policy) -> Drift {
    compared(inputs, Some(rows), policy)
}

fn compared(inputs: &[Input<'_>], rows: Option<SampledRows<'_>>, policy: &Policy) -> Drift {
    let dependent = rows.and_then(|rows| looks_dependent(inputs, rows));
    let ungrouped = ungrouped(inputs);
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
        pairs: Vec::new(),
        warnings: Vec::new(),
        formulas: formulas(),
    };
    if let Err(error) = policy.check() {
        drift.reasons = vec![error.to_string()];
        return drift;
    }
    (drift.columns, drift.tests) = match policy.compat {
        Some(tool) => (compat::decide_all(inputs, tool), 0),
        None => {
            let together = rows.map(|rows| match &dependent {
                Some(found) if found.is_strong() => together::untested_dependent(),
                _ => together::measure(inputs, rows, policy),
            });
            let Together { draft, pairs, warnings } = together.unwrap_or_default();
            drift.pairs = pairs;
            drift.warnings =
                dependent.iter().map(Dependence::warning).chain(ungrouped).chain(warnings).collect();
            let drafts = inputs.iter().flat_map(|input| measure::measure(input, policy));
            decide::decide_all(drafts.chain(draft).collect(), policy)
        }
    };
    together::name_pairs(&mut drift);
    drift.summarise();
    drift
}

/// What speaks against independent rows, where nobody said which belong together.
fn looks_dependent(inputs: &[Input<'_>], rows: SampledRows<'_>) -> Option<Dependence> {
    if inputs.iter().any(|input| input.groups.is_some()) {
        return None;
    }
    let whole = inputs.iter().filter(|input| input.segment.is_none());
    let names: Vec<&str> = whole.map(|input| input.name).collect();
    [rows.current, rows.baseline].into_iter().flatten().find_map(|sample| dependence(sample, &names))
}

/// That rows belong to no known group, where it was said which belong together.
fn ungrouped(inputs: &[Input<'_>]) -> Option<String> {
    let rows = inputs.iter().find_map(|input| input.groups)?.ungrouped;
    (rows > 0).then(|| format!("{rows} rows of the batch belong to no known group."))
}
