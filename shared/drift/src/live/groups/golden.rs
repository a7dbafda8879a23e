//! Clarify's measures of live rows against `tests/oracles/groups.py`, which writes them out row by row.
#![allow(clippy::unwrap_used)]

use std::borrow::Cow;

use serde::Deserialize;

use super::HoldoutGroups;
use crate::live::{BiasDrift, GroundTruth, GroupSource, Join, Prediction, QualityPolicy};
use pawl_gate::policy::{Groups, Measure};
use pawl_gate::{Policy, Task};
use pawl_stats::sequential::share_interval;

#[derive(Deserialize)]
struct Golden {
    cases: Vec<Case>,
    /// Hits, rows, level, and the ends of the interval.
    intervals: Vec<(u64, u64, f64, f64, f64)>,
}

#[derive(Deserialize)]
struct Case {
    holdout: Vec<(String, f64, f64)>,
    live: Vec<(String, f64, f64)>,
    reference: String,
    share_alpha: f64,
    measures: Vec<Expected>,
}

#[derive(Deserialize)]
struct Expected {
    group: String,
    measure: Measure,
    holdout: f64,
    value: f64,
    interval: Option<(f64, f64)>,
}

/// The case judged with the groups told by one side or the other.
fn judged(case: &Case, source: GroupSource) -> BiasDrift {
    let mut gate = Policy::default();
    gate.fairness.groups.push(Groups { columns: vec!["sex".into()], disadvantaged: None });
    let features = match source {
        GroupSource::Request => vec!["sex".to_owned()],
        GroupSource::Truth => Vec::new(),
    };
    let mut holdout = HoldoutGroups::new(&gate, 0.3, &features).unwrap();
    for (group, score, label) in &case.holdout {
        holdout.add(
            |_| Some(Cow::Borrowed(group)),
            &Prediction::Number(*score),
            &GroundTruth::Number(*label),
        );
    }
    let holdout = holdout.finish();
    let policy = QualityPolicy::default();
    let mut join = Join::new(Task::Binary, &policy, 10_000);
    join.watch(&holdout);
    for (row, (group, score, label)) in case.live.iter().enumerate() {
        let member = join.groups().unwrap().membership(source, |_| Some(Cow::Borrowed(group)));
        let (asked, told) = match source {
            GroupSource::Request => (Some(member), None),
            GroupSource::Truth => (None, Some(member)),
        };
        // Half of the truths come first.
        if row % 2 == 0 {
            join.predicted_of(&row.to_string(), *score, asked);
            join.truth_of(&row.to_string(), *label, told);
        } else {
            join.truth_of(&row.to_string(), *label, told);
            join.predicted_of(&row.to_string(), *score, asked);
        }
    }
    join.judge_groups(&holdout, &gate.fairness, &policy).unwrap()
}

#[test]
fn measures_and_intervals_follow_clarify_and_robbins() {
    let golden: Golden =
        serde_json::from_str(include_str!("../../../../../tests/oracles/groups.json")).unwrap();
    let close = |one: f64, other: f64| (one - other).abs() < 1e-11 * one.abs().max(1.0);
    for &(hits, rows, alpha, low, high) in &golden.intervals {
        let found = share_interval(hits, rows, alpha).unwrap();
        assert!((found.0 - low).abs() < 1e-9 && (found.1 - high).abs() < 1e-9, "{hits} of {rows}: {found:?}");
    }
    for case in &golden.cases {
        for source in [GroupSource::Request, GroupSource::Truth] {
            let bias = judged(case, source);
            assert!(close(bias.share_alpha.unwrap(), case.share_alpha));
            let of = &bias.groupings[0];
            assert_eq!((of.reference.as_ref(), of.source), (Some(&case.reference), source));
            assert_eq!(of.measures.len(), case.measures.len());
            for expected in &case.measures {
                let same =
                    |m: &&super::GroupMeasure| m.group == expected.group && m.measure == expected.measure;
                let found = of.measures.iter().find(same).unwrap();
                assert!(close(found.holdout.unwrap(), expected.holdout), "{found:?}");
                assert!(close(found.value.unwrap(), expected.value), "{found:?}");
                let ((low, high), ends) = (found.interval.unwrap(), expected.interval.unwrap());
                assert!(close(low, ends.0) && close(high, ends.1), "{found:?} {ends:?}");
            }
        }
    }
}
