//! The section `train.tune`: SageMaker searches hyperparameters, and the best training goes on as the
//! challenger.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{PipelineError, Scalar, Train};

/// A search for hyperparameters. Source:
/// <https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateHyperParameterTuningJob.html>.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Tune {
    /// The metric that decides: one of `train.metrics`.
    pub metric: String,
    /// Whether a larger or a smaller value is better.
    pub goal: Goal,
    /// How many trainings the search may spend, at most 750. Default 10.
    #[serde(default = "ten")]
    pub trainings: u32,
    /// How many of them run at once, at most 100. Default 2.
    #[serde(default = "two")]
    pub at_once: u32,
    /// How the next values are chosen. Default bayesian.
    #[serde(default)]
    pub search: Search,
    /// What is searched, by hyperparameter: at most 30.
    pub ranges: BTreeMap<String, Range>,
}

fn ten() -> u32 {
    10
}

fn two() -> u32 {
    2
}

/// Whether a larger or a smaller value is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Goal {
    /// Larger is better.
    Maximize,
    /// Smaller is better.
    Minimize,
}

/// How the next values are chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Search {
    /// From what the trainings so far have shown.
    #[default]
    Bayesian,
    /// At random: any number may run at once.
    Random,
}

/// The values that one hyperparameter may take.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged, deny_unknown_fields)]
pub enum Range {
    /// Numbers of an interval.
    Numbers {
        /// The least.
        from: f64,
        /// The greatest.
        to: f64,
        /// How the interval is walked, and whether only whole numbers count. Default linear.
        #[serde(default)]
        scale: Scale,
    },
    /// One of these.
    Choice {
        /// The values.
        of: Vec<Scalar>,
    },
}

/// How an interval is walked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Scale {
    /// Evenly.
    #[default]
    Linear,
    /// Evenly in the logarithm: for rates.
    Logarithmic,
    /// Evenly over whole numbers.
    Whole,
}

impl Tune {
    pub(super) fn check(&self, train: &Train) -> Result<(), PipelineError> {
        let wrong = |field, found: String, fix| Err(PipelineError::BadField { field, found, fix });
        if !train.metrics.iter().any(|metric| metric.name == self.metric) {
            let fix = "name one of train.metrics: SageMaker reads its value out of the training log";
            return wrong("train.tune.metric", format!("{:?}", self.metric), fix);
        }
        if !(1..=750).contains(&self.trainings) {
            return wrong("train.tune.trainings", self.trainings.to_string(), "1 to 750 trainings");
        }
        if !(1..=self.trainings.min(100)).contains(&self.at_once) {
            let fix = "1 to 100 at once, and no more than trainings";
            return wrong("train.tune.at_once", self.at_once.to_string(), fix);
        }
        if !(1..=30).contains(&self.ranges.len()) {
            let fix = "search 1 to 30 hyperparameters";
            return wrong("train.tune.ranges", format!("{} hyperparameters", self.ranges.len()), fix);
        }
        for (name, range) in &self.ranges {
            if train.hyperparameters.contains_key(name) {
                let fix = "a searched hyperparameter must not stand in train.hyperparameters too";
                return wrong("train.tune.ranges", format!("{name:?} fixed as well"), fix);
            }
            if let Some(fix) = range.fault() {
                return wrong("train.tune.ranges", format!("{name:?} without a usable range"), fix);
            }
        }
        Ok(())
    }
}

impl Range {
    /// What to mend, if anything.
    fn fault(&self) -> Option<&'static str> {
        match self {
            Self::Numbers { from, to, .. } if !(from.is_finite() && to.is_finite() && from < to) => {
                Some("from must be less than to")
            }
            Self::Numbers { from, scale: Scale::Logarithmic, .. } if *from <= 0.0 => {
                Some("a logarithmic range must begin above 0")
            }
            Self::Numbers { from, to, scale: Scale::Whole } if from.fract() != 0.0 || to.fract() != 0.0 => {
                Some("a whole range must begin and end at whole numbers")
            }
            Self::Choice { of } if !(1..=30).contains(&of.len()) => Some("of must list 1 to 30 values"),
            Self::Numbers { .. } | Self::Choice { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::Pipeline;

    fn parse(tune: &str) -> Result<Pipeline, String> {
        let yaml = format!(
            "{{model: m, data: {{bucket: b, prefix: p/, label: {{column: y}}, features: [x]}}, \
             train: {{image: i, hyperparameters: {{depth: 3}}, metrics: [{{name: auc, regex: 'auc=(.*)'}}], tune: {tune}}}}}"
        );
        Pipeline::parse(yaml.as_bytes()).map_err(|e| e.to_string())
    }

    #[test]
    fn what_cannot_be_searched_is_refused_with_its_field() {
        let good = "{metric: auc, goal: maximize, ranges: {rate: {from: 0.01, to: 1, scale: logarithmic}}}";
        assert_eq!(parse(good).unwrap().train.tune.unwrap().trainings, 10);
        for (tune, said) in [
            ("{metric: f1, goal: maximize, ranges: {rate: {from: 0, to: 1}}}", "train.tune.metric is \"f1\""),
            ("{metric: auc, goal: maximize, ranges: {depth: {from: 0, to: 1}}}", "\"depth\" fixed as well"),
            ("{metric: auc, goal: maximize, ranges: {rate: {from: 1, to: 1}}}", "from must be less than to"),
            (
                "{metric: auc, goal: maximize, ranges: {rate: {from: 0, to: 1, scale: logarithmic}}}",
                "above 0",
            ),
            (
                "{metric: auc, goal: maximize, ranges: {rate: {from: 0.5, to: 2, scale: whole}}}",
                "whole numbers",
            ),
            ("{metric: auc, goal: maximize, ranges: {kind: {of: []}}}", "1 to 30 values"),
            ("{metric: auc, goal: maximize, ranges: {}}", "0 hyperparameters"),
            (
                "{metric: auc, goal: maximize, trainings: 0, ranges: {r: {of: [a]}}}",
                "train.tune.trainings is 0",
            ),
            (
                "{metric: auc, goal: maximize, trainings: 2, at_once: 3, ranges: {r: {of: [a]}}}",
                "at_once is 3",
            ),
        ] {
            let fault = parse(tune).unwrap_err();
            assert!(fault.contains(said), "{fault}");
        }
    }
}
