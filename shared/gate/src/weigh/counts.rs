//! A judgement of counts alone.

use std::collections::BTreeMap;

use super::{guards, rows, superiority};
use crate::findings::{BothMetrics, Reason, Test, verdict};
use crate::judgement::{Judgement, RULES_VERSION};
use crate::policy::{Metric, Policy};
use crate::tally::accuracy_tests;
use pawl_stats::mcnemar::Discordance;

impl Judgement {
    /// The judgement of a table of discordant rows alone: accuracy only, against the policy's guard of
    /// accuracy where it has one.
    pub fn of_counts(policy: &Policy, table: Discordance) -> Self {
        let (tests, reasons) = weigh(policy, &table);
        Self {
            rules_version: RULES_VERSION,
            verdict: verdict(&reasons),
            reasons,
            rows: table.rows,
            positives: None,
            tests,
            metrics: BothMetrics::default(),
            fairness: BTreeMap::new(),
            slices: Vec::new(),
            service: None,
            sample: None,
            forced: None,
            inputs: Vec::new(),
            seed: 0,
            policy: policy.clone().with_defaults(),
        }
    }
}

/// Tests and reasons of a table of discordant rows alone.
fn weigh(policy: &Policy, table: &Discordance) -> (Vec<Test>, Vec<Reason>) {
    let accuracy = |metric: Metric| metric == Metric::Accuracy;
    let policy = Policy {
        guards: Some(policy.guards().iter().filter(|g| accuracy(g.metric)).cloned().collect()),
        superiority: Some(policy.superiority().iter().filter(|s| accuracy(s.metric)).cloned().collect()),
        cluster: None,
        ..policy.clone()
    };
    let mut reasons: Vec<Reason> = rows::check_total(&policy, table.rows).into_iter().collect();
    let (mut tests, metrics) = (accuracy_tests(&policy, table), BothMetrics::default());
    reasons.extend(guards::check(&policy, &metrics, &tests));
    reasons.extend(superiority::check(&policy, &metrics, &mut tests, None));
    reasons.sort_by_key(|r| r.code.weight());
    (tests, reasons)
}
