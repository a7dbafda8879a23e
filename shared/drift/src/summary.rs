//! From the findings to the head of the document.

use std::collections::{BTreeMap, BTreeSet};

use super::compat;
use super::document::{Axis, Drift, Finding, ImportanceMoved, Role, Verdict};
use super::reason;
use pawl_data::profile::Segment;

/// The most reasons that the head of a document repeats.
const MAX_REASONS: usize = 20;

impl Drift {
    /// Sets verdicts and reasons of the head from the findings. Call it again after changing one.
    pub(super) fn summarise(&mut self) {
        self.list_unjudged();
        self.importance = self.moved_importance();
        self.features = self.worst(Role::Feature).unwrap_or(Verdict::InsufficientData);
        self.label = self.worst(Role::Label);
        self.predictions = self.worst(Role::Prediction);
        let parts = [Some(self.features), self.label, self.predictions];
        self.verdict = parts.into_iter().flatten().max().unwrap_or(Verdict::InsufficientData);
        if let Some(tool) = self.policy.compat {
            self.verdict = compat::of_all(&self.columns, tool);
        }
        self.reasons = self.reasons();
    }

    /// The worst of what could be judged. A column, in all rows or in a part of them, of which nothing could
    /// be judged is no pass: it is `insufficient_data`.
    fn worst(&self, role: Role) -> Option<Verdict> {
        let light = role == Role::Feature && self.drift_is_light();
        let judged = self.judged_segments();
        let verdict = |finding: &Finding| match finding.verdict {
            Verdict::Drift if light => Verdict::Warn,
            verdict => verdict,
        };
        let counts = |finding: &&Finding| finding.role == role && !is_small(finding, &judged);
        let mut columns: BTreeMap<(&str, Option<&Segment>), Option<Verdict>> = BTreeMap::new();
        for finding in self.columns.iter().filter(counts) {
            let worst = columns.entry((&finding.name, finding.segment.as_ref())).or_default();
            if finding.is_judged() {
                *worst = (*worst).max(Some(verdict(finding)));
            }
        }
        columns.into_values().map(|worst| worst.unwrap_or(Verdict::InsufficientData)).max()
    }

    /// The columns of which at least one part of the rows could be judged.
    fn judged_segments(&self) -> BTreeSet<&str> {
        let judged = self.columns.iter().filter(|finding| finding.is_judged());
        judged.filter_map(|finding| Some(finding.segment.as_ref()?.column.as_str())).collect()
    }

    /// The share of the champion's importance that sits in moved features; none unless every feature
    /// reports its own, so that a silent one cannot hide.
    fn moved_importance(&self) -> Option<ImportanceMoved> {
        let judged = self.judged_segments();
        let mut features: BTreeMap<&str, (f64, Verdict)> = BTreeMap::new();
        let alone = |finding: &&Finding| finding.axis != Axis::Together;
        let counts = |finding: &&Finding| finding.role == Role::Feature && !is_small(finding, &judged);
        for finding in self.columns.iter().filter(alone).filter(counts) {
            let entry = features.entry(&finding.name).or_insert((finding.importance?, finding.verdict));
            entry.1 = entry.1.max(finding.verdict);
        }
        for finding in self.columns.iter().filter(|finding| !alone(finding)) {
            for column in self.paired(self.policy.correlation_warn) {
                if let Some(entry) = features.get_mut(column) {
                    entry.1 = entry.1.max(finding.verdict);
                }
            }
        }
        let sum = |least: Verdict| -> f64 {
            features.values().filter(|(_, verdict)| *verdict >= least).map(|(weight, _)| weight).sum()
        };
        let all = sum(Verdict::None);
        (all > 0.0)
            .then(|| ImportanceMoved { drift: sum(Verdict::Drift) / all, warn: sum(Verdict::Warn) / all })
    }

    /// Whether the features that drifted matter too little to the champion.
    fn drift_is_light(&self) -> bool {
        self.importance.as_ref().is_some_and(|moved| moved.drift < self.policy.importance_drift)
    }

    /// The findings that are no pass, the worst first, and last what could not be judged.
    fn reasons(&self) -> Vec<String> {
        if self.columns.is_empty() {
            return vec!["No column was named to compare.".to_owned()];
        }
        let judged = self.judged_segments();
        let (small, mut worst): (Vec<&Finding>, Vec<&Finding>) = self
            .columns
            .iter()
            .filter(|finding| finding.verdict > Verdict::None)
            .partition(|finding| is_small(finding, &judged));
        let weight = |finding: &Finding| finding.importance.unwrap_or(0.0);
        let rank = |finding: &Finding| (finding.is_judged(), finding.verdict);
        worst.sort_by(|a, b| rank(b).cmp(&rank(a)).then(weight(b).total_cmp(&weight(a))));
        let line = |finding: &&Finding| format!("{}: {}", reason::place(finding), finding.reason);
        let mut lines: Vec<String> = worst.iter().take(MAX_REASONS).map(line).collect();
        if worst.len() > MAX_REASONS {
            lines.push(format!("and {} more", worst.len() - MAX_REASONS));
        }
        if !small.is_empty() {
            lines.push(format!("{} comparisons in small segments had too little data", small.len()));
        }
        let light = self.importance.as_ref().filter(|moved| moved.drift > 0.0 && self.drift_is_light());
        if let Some(moved) = light {
            let drifted = reason::percent(moved.drift);
            lines.insert(
                0,
                format!("The features that drifted carry {drifted} of the champion's importance: a warning."),
            );
        }
        lines
    }
}

/// Whether a finding says only that its part of the rows is too small, where other parts are not: the rows of
/// such a part are judged with the whole, and its silence changes no verdict.
fn is_small(finding: &Finding, judged: &BTreeSet<&str>) -> bool {
    let part = finding.segment.as_ref().is_some_and(|segment| judged.contains(segment.column.as_str()));
    part && !finding.is_judged()
}
