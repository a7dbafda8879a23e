//! The `gate` section of pipeline.yaml: what a challenger must show to replace the champion.

use std::collections::BTreeSet;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::fairness::FairnessPolicy;
use super::slices::SlicePolicy;

/// A measure of a binary classifier that the gate can test on paired rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// Area under the ROC curve; tested by DeLong.
    Auc,
    /// Share of rows classified rightly at the threshold; tested by McNemar and Tango.
    Accuracy,
    /// Mean negative log-likelihood, in nats; lower is better; tested by a paired t-test.
    LogLoss,
    /// Mean squared error of the probability; lower is better; tested by a paired t-test.
    Brier,
    /// Share of predicted positives that are positive; tested by bootstrap.
    Precision,
    /// Share of positives predicted positive; tested by bootstrap.
    Recall,
    /// Harmonic mean of precision and recall; tested by bootstrap.
    F1,
}

impl Metric {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Auc, Self::Accuracy, Self::LogLoss, Self::Brier, Self::Precision, Self::Recall, Self::F1];

    /// The name as written in pipeline.yaml.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Auc => "auc",
            Self::Accuracy => "accuracy",
            Self::LogLoss => "log_loss",
            Self::Brier => "brier",
            Self::Precision => "precision",
            Self::Recall => "recall",
            Self::F1 => "f1",
        }
    }

    /// The metric of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|m| m.as_str() == name)
    }

    /// Whether more of it is better or worse.
    pub fn better(self) -> Better {
        match self {
            Self::Auc | Self::Accuracy | Self::Precision | Self::Recall | Self::F1 => Better::Higher,
            Self::LogLoss | Self::Brier => Better::Lower,
        }
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The direction in which a metric improves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Better {
    /// As with accuracy.
    Higher,
    /// As with a loss.
    Lower,
}

/// A way to win: the challenger must be significantly better in at least one of these.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Superiority {
    /// What must improve.
    pub metric: Metric,
    /// The least improvement worth a deployment, in the metric's own unit, beside significance.
    #[serde(default)]
    pub minimum_effect: f64,
}

/// What must not get worse: the interval of the change must lie above `-margin`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Guard {
    /// What is guarded.
    pub metric: Metric,
    /// The largest loss that would not matter, in the metric's own unit; above 0.
    pub margin: f64,
}

/// A bound on the challenger's own value: with or without a champion, it must hold. For a metric
/// where higher is better it is the least value, for a loss the greatest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Floor {
    /// What is bounded.
    pub metric: Metric,
    /// The worst acceptable value.
    pub worst: f64,
}

/// A training metric that must be present, finite and in bounds when training ends.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TrainingBound {
    /// The name the container reports, for example `validation:auc`.
    pub metric: String,
    /// The least value, if there is one.
    #[serde(default)]
    pub at_least: Option<f64>,
    /// The greatest value, if there is one.
    #[serde(default)]
    pub at_most: Option<f64>,
}

/// What a challenger must show. All fractions and levels are plain numbers from 0 to 1.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Policy {
    /// A score at or above it predicts the positive class. Default 0.5.
    pub threshold: f64,
    /// Two-sided level of every interval, and family-wise level of superiority (Holm). A guard is
    /// thereby decided at a one-sided `alpha / 2`. Default 0.05.
    pub alpha: f64,
    /// Fewer holdout rows than this decide nothing. Default 200.
    pub minimum_rows: u64,
    /// Fewer rows of either class than this decide nothing. Default 30.
    pub minimum_rows_per_class: u64,
    /// The challenger must win in at least one. Default: auc, accuracy, any significant gain.
    pub superiority: Vec<Superiority>,
    /// The challenger must lose in none. Default: auc by 0.01, accuracy by 0.02.
    pub guards: Vec<Guard>,
    /// Worst acceptable values of the challenger itself. A first model has no champion to beat and
    /// is promoted by its floors alone; without any, a person decides. Default: none.
    pub floors: Vec<Floor>,
    /// The area under the curve needs the scores in memory, 24 bytes a row. Above this many rows a
    /// seeded random sample of as many is taken, and the judgement says so. Default 10 million.
    pub sample_above: u64,
    /// The column that says which rows belong together (a day, a user): rows of one value are
    /// resampled as one, and the cluster bootstrap decides instead of tests that take rows for
    /// independent. Default: none.
    pub cluster: Option<String>,
    /// Resamples of the bootstrap. Default 2000.
    pub resamples: u32,
    /// Groups of people that must not be treated worse. Default: none.
    pub fairness: FairnessPolicy,
    /// Parts of the rows that must not be lost. Default: none.
    pub slices: SlicePolicy,
    /// What the training job's final metrics must satisfy. Default: nothing required, but a metric
    /// that is reported must be finite.
    pub convergence: Vec<TrainingBound>,
}

impl Default for Policy {
    fn default() -> Self {
        let win = |metric| Superiority { metric, minimum_effect: 0.0 };
        Self {
            threshold: 0.5,
            alpha: 0.05,
            minimum_rows: 200,
            minimum_rows_per_class: 30,
            superiority: vec![win(Metric::Auc), win(Metric::Accuracy)],
            guards: vec![
                Guard { metric: Metric::Auc, margin: 0.01 },
                Guard { metric: Metric::Accuracy, margin: 0.02 },
            ],
            floors: Vec::new(),
            sample_above: 10_000_000,
            cluster: None,
            resamples: 2000,
            fairness: FairnessPolicy::default(),
            slices: SlicePolicy::default(),
            convergence: Vec::new(),
        }
    }
}

/// A policy that cannot be meant: the field, what it says, what it may say.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("gate.{field}: {found}; {fix}")]
pub struct PolicyError {
    /// The field's path inside the gate section.
    pub field: String,
    /// What stands there.
    pub found: String,
    /// What may stand there.
    pub fix: &'static str,
}

impl Policy {
    /// Reads a gate section from YAML; a whole pipeline.yaml is no gate section.
    pub fn from_yaml(text: &str) -> Result<Self, PolicyError> {
        serde_saphyr::from_str(text).map_err(|error| PolicyError {
            field: "*".to_owned(),
            found: error.to_string(),
            fix: "write the fields of the gate section as they stand in pipeline.yaml",
        })
    }

    /// The columns a row must bring, in the order in which it brings them.
    pub fn columns(&self) -> Vec<String> {
        let groupings = self.groupings();
        let mut columns: Vec<String> = Vec::new();
        for name in self.cluster.iter().chain(groupings.iter().flatten()) {
            if !columns.contains(name) {
                columns.push(name.clone());
            }
        }
        columns
    }

    /// How many resamples this policy's checks need: none where no check is a bootstrap.
    pub(super) fn resamples_needed(&self) -> u32 {
        let metrics = self.guards.iter().map(|g| g.metric).chain(self.superiority.iter().map(|s| s.metric));
        let by_bootstrap = |m: Metric| matches!(m, Metric::Precision | Metric::Recall | Metric::F1);
        let needed = self.cluster.is_some() || !self.fairness.groups.is_empty();
        if needed || metrics.into_iter().any(by_bootstrap) { self.resamples } else { 0 }
    }

    pub(super) fn groupings(&self) -> Vec<Vec<String>> {
        let fairness = self.fairness.groups.iter().map(|g| g.columns.clone());
        fairness.chain(self.slices.groupings()).collect()
    }

    /// Checks what the types cannot: ranges, doubled entries, bounds that no value meets.
    pub fn check(&self) -> Result<(), PolicyError> {
        let wrong =
            |field: &str, found: String, fix| Err(PolicyError { field: field.to_owned(), found, fix });
        if !(self.threshold > 0.0 && self.threshold < 1.0) {
            return wrong("threshold", self.threshold.to_string(), "write a number between 0 and 1");
        }
        if !(self.alpha > 0.0 && self.alpha <= 0.5) {
            return wrong(
                "alpha",
                self.alpha.to_string(),
                "write a level above 0 and at most 0.5, such as 0.05",
            );
        }
        if self.sample_above < 1000 {
            return wrong("sample_above", self.sample_above.to_string(), "write at least 1000 rows");
        }
        if self.superiority.is_empty() {
            let fix = "name at least one metric in which a challenger can win";
            return wrong("superiority", "empty".to_owned(), fix);
        }
        if let Some(win) = self.superiority.iter().find(|s| !(0.0..f64::INFINITY).contains(&s.minimum_effect))
        {
            return wrong(
                &format!("superiority.{}.minimum_effect", win.metric),
                win.minimum_effect.to_string(),
                "write 0 or a positive number",
            );
        }
        if let Some(guard) = self.guards.iter().find(|g| !(g.margin > 0.0 && g.margin < 1.0)) {
            return wrong(
                &format!("guards.{}.margin", guard.metric),
                guard.margin.to_string(),
                "write a margin between 0 and 1: without one nothing can be shown to be as good",
            );
        }
        if let Some(floor) = self.floors.iter().find(|f| !f.worst.is_finite()) {
            return wrong(
                &format!("floors.{}.worst", floor.metric),
                floor.worst.to_string(),
                "write a number",
            );
        }
        if !(200..=100_000).contains(&self.resamples) {
            return wrong("resamples", self.resamples.to_string(), "write 200 to 100000; 2000 is usual");
        }
        if self.fairness.groups.iter().any(|g| g.columns.is_empty() || g.columns.iter().any(String::is_empty))
        {
            return wrong(
                "fairness.groups",
                "a group without columns".to_owned(),
                "name at least one column",
            );
        }
        for rule in &self.fairness.rules {
            let fine = |x: f64| (0.0..=1.0).contains(&x);
            if !(rule.acceptable.is_none_or(fine) && rule.tolerance >= 0.0 && rule.tolerance.is_finite()) {
                return wrong(
                    &format!("fairness.rules.{}", rule.measure.as_str()),
                    format!("acceptable {:?}, tolerance {}", rule.acceptable, rule.tolerance),
                    "write acceptable between 0 and 1 and a tolerance of 0 or more",
                );
            }
        }
        let lists = [
            ("superiority", self.superiority.iter().map(|s| s.metric).collect::<Vec<_>>()),
            ("guards", self.guards.iter().map(|g| g.metric).collect()),
            ("floors", self.floors.iter().map(|f| f.metric).collect()),
        ];
        for (list, metrics) in lists {
            let mut seen = BTreeSet::new();
            if let Some(twice) = metrics.into_iter().find(|m| !seen.insert(*m)) {
                return wrong(list, format!("{twice} stands twice"), "name each metric once");
            }
        }
        for bound in &self.convergence {
            let possible =
                bound.at_least.unwrap_or(f64::NEG_INFINITY) <= bound.at_most.unwrap_or(f64::INFINITY);
            if !possible || bound.metric.is_empty() {
                return wrong(
                    &format!("convergence.{}", bound.metric),
                    format!("at_least {:?}, at_most {:?}", bound.at_least, bound.at_most),
                    "name the metric, and let at_least be no greater than at_most",
                );
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::gate::fairness::Groups;

    #[test]
    fn the_default_holds_and_reads_back() {
        let policy = Policy::default();
        assert_eq!(policy.check(), Ok(()));
        let text = serde_json::to_string(&policy).unwrap();
        assert_eq!(serde_json::from_str::<Policy>(&text).unwrap(), policy);
        assert_eq!(serde_json::from_str::<Policy>("{}").unwrap(), policy);
        assert!(serde_json::from_str::<Policy>(r#"{"treshold": 0.4}"#).is_err());
    }

    #[test]
    fn what_cannot_be_meant_is_refused_by_field() {
        let refused = |change: &dyn Fn(&mut Policy)| {
            let mut policy = Policy::default();
            change(&mut policy);
            policy.check().map_err(|e| e.field).unwrap_err()
        };
        assert_eq!(refused(&|p| p.threshold = f64::NAN), "threshold");
        assert_eq!(refused(&|p| p.alpha = 0.0), "alpha");
        assert_eq!(refused(&|p| p.sample_above = 0), "sample_above");
        assert_eq!(refused(&|p| p.superiority.clear()), "superiority");
        assert_eq!(refused(&|p| p.resamples = 3), "resamples");
        assert_eq!(refused(&|p| p.fairness.rules[0].acceptable = Some(2.0)), "fairness.rules.DI");
        let nobody = Groups { columns: Vec::new(), disadvantaged: None };
        assert_eq!(refused(&|p| p.fairness.groups.push(nobody.clone())), "fairness.groups");
        assert_eq!(refused(&|p| p.superiority[0].minimum_effect = -1.0), "superiority.auc.minimum_effect");
        assert_eq!(refused(&|p| p.guards[1].margin = 0.0), "guards.accuracy.margin");
        assert_eq!(refused(&|p| p.guards[1].metric = Metric::Auc), "guards");
        assert_eq!(
            refused(&|p| p.floors.push(Floor { metric: Metric::Auc, worst: f64::NAN })),
            "floors.auc.worst"
        );
        let bound = TrainingBound { metric: "loss".into(), at_least: Some(1.0), at_most: Some(0.0) };
        assert_eq!(refused(&|p| p.convergence.push(bound.clone())), "convergence.loss");
    }
}
