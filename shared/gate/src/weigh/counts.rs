//! A judgement of counts alone.

use std::collections::BTreeMap;

use super::{guards, rows, superiority};
use crate::findings::{BothMetrics, Reason, Test, verdict};
use crate::judgement::{Judgement, RULES_VERSION};
use crate::policy::{Metric, Policy, Superiority};
use crate::tally::accuracy_tests;
use pawl_stats::mcnemar::Discordance;

impl Judgement {
    /// The judgement of a table of discordant rows alone: a gain of accuracy wins, and the policy's guard of
    /// accuracy holds where it has one.
    pub fn of_counts(policy: &Policy, table: Discordance) -> Self {
        let policy = of_accuracy(policy);
        let (tests, reasons) = weigh(&policy, &table);
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
            holdout: None,
            policy,
        }
    }
}

/// What of a policy a table of counts can answer.
fn of_accuracy(policy: &Policy) -> Policy {
    let accuracy = |metric: Metric| metric == Metric::Accuracy;
    let guards = policy.guards().iter().filter(|guard| accuracy(guard.metric)).cloned();
    let named = policy.superiority().iter().find(|win| accuracy(win.metric)).cloned();
    let win = named.unwrap_or(Superiority { metric: Metric::Accuracy, minimum_effect: 0.0 });
    Policy { guards: Some(guards.collect()), superiority: Some(vec![win]), cluster: None, ..policy.clone() }
}

/// Tests and reasons of a table of discordant rows alone.
fn weigh(policy: &Policy, table: &Discordance) -> (Vec<Test>, Vec<Reason>) {
    let mut reasons: Vec<Reason> = rows::check_total(policy, table.rows).into_iter().collect();
    let (mut tests, metrics) = (accuracy_tests(policy, table), BothMetrics::default());
    reasons.extend(guards::check(policy, &metrics, &tests));
    reasons.extend(superiority::check(policy, policy.alpha, &metrics, &mut tests, None));
    reasons.sort_by_key(|r| r.code.weight());
    (tests, reasons)
}
