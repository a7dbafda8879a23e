//! The behaviour suite, as the team writes it: cases, changes of rows, and what must hold.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use super::action::Consequence;
use super::error::PolicyError;
use super::task::Task;

/// The most cases, and the most rows of the holdout that each is tried on.
const MOST_CASES: usize = 100;

const MOST_ROWS: usize = 1000;

/// The suite.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct BehaviourPolicy {
    /// How many rows of the holdout each change is tried on, at most 1000. Default 100.
    pub rows: usize,
    /// What must hold. Default: nothing.
    pub cases: Vec<BehaviourCase>,
    /// Noise on every number among the features, as a share of its standard deviation in those rows: a
    /// challenger whose predictions move more under it than the champion's (paired t) is told. Default:
    /// none.
    pub noise: Option<f64>,
    /// What follows when something does not hold. Default: ask a person.
    pub action: Consequence,
}

impl Default for BehaviourPolicy {
    fn default() -> Self {
        Self { rows: 100, cases: Vec::new(), noise: None, action: Consequence::Ask }
    }
}

/// One case.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BehaviourCase {
    /// What it says, for people.
    pub name: String,
    /// A row of features; those not named are null. Without it the rows are the holdout's.
    #[serde(default)]
    pub row: Option<Map<String, Json>>,
    /// What is changed in the row, or in each.
    #[serde(default)]
    pub change: RowChange,
    /// What must hold of the answer, or of its change.
    pub expect: Expectation,
    /// The least share of rows on which it must hold. Default 1.
    #[serde(default = "every_row")]
    pub share: f64,
}

fn every_row() -> f64 {
    1.0
}

/// A change of a row.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RowChange {
    /// Features that get a value.
    pub set: Map<String, Json>,
    /// Numbers that are added to features; a missing value stays missing.
    pub add: BTreeMap<String, f64>,
    /// Features that go missing (null).
    pub missing: Vec<String>,
}

/// What must hold. Predictions are scores, numbers, or names of classes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Expectation {
    /// The prediction is no less.
    AtLeast(f64),
    /// The prediction is no more.
    AtMost(f64),
    /// The prediction is this class.
    Class(String),
    /// The change moves the prediction by no more than this; a class stays what it is.
    SameWithin(f64),
    /// The change lowers the prediction by no more than this.
    NotLower(f64),
    /// The change raises the prediction by no more than this.
    NotHigher(f64),
    /// There is a prediction at all.
    Answers,
}

impl Expectation {
    /// Whether it speaks of a change.
    fn compares(&self) -> bool {
        matches!(self, Self::SameWithin(_) | Self::NotLower(_) | Self::NotHigher(_))
    }
}

impl BehaviourCase {
    fn refuse(&self, found: impl ToString, fix: &'static str) -> Result<(), PolicyError> {
        PolicyError::refuse(format!("behaviour.cases.{}", self.name), found, fix)
    }

    fn check(&self, task: Task) -> Result<(), PolicyError> {
        if !(self.share > 0.0 && self.share <= 1.0) {
            return self.refuse(format!("share {}", self.share), "write a share above 0 and at most 1");
        }
        if self.expect.compares() && self.change.is_empty() {
            return self.refuse("no change", "say under change what is set, added or missing");
        }
        let fits = match self.expect {
            Expectation::Class(_) => task == Task::Multiclass,
            Expectation::SameWithin(_) | Expectation::Answers => true,
            Expectation::AtLeast(_)
            | Expectation::AtMost(_)
            | Expectation::NotLower(_)
            | Expectation::NotHigher(_) => task != Task::Multiclass,
        };
        if !fits {
            let found = format!("{:?} under task {task}", self.expect);
            let fix =
                "classes are expected by name (class, same_within, answers), scores and numbers by value";
            return self.refuse(found, fix);
        }
        Ok(())
    }
}

impl RowChange {
    fn is_empty(&self) -> bool {
        self.set.is_empty() && self.add.is_empty() && self.missing.is_empty()
    }
}

impl BehaviourPolicy {
    /// Whether there is anything to ask.
    pub fn is_empty(&self) -> bool {
        self.cases.is_empty() && self.noise.is_none()
    }

    /// Checks what the types cannot.
    ///
    /// # Errors
    /// The field, what it says, what it may say.
    pub fn check(&self, task: Task) -> Result<(), PolicyError> {
        if self.cases.len() > MOST_CASES || !(1..=MOST_ROWS).contains(&self.rows) {
            let found = format!("{} cases on {} rows", self.cases.len(), self.rows);
            return PolicyError::refuse("behaviour", found, "write at most 100 cases, on 1 to 1000 rows");
        }
        if let Some(noise) = self.noise.filter(|noise| !(*noise > 0.0 && *noise <= 1.0)) {
            let fix = "write a share above 0 and at most 1, such as 0.01";
            return PolicyError::refuse("behaviour.noise", format!("Some({noise:?})"), fix);
        }
        let mut names = BTreeSet::new();
        for case in &self.cases {
            if case.name.is_empty() || !names.insert(&case.name) {
                return case.refuse("a name that is empty or stands twice", "name each case once");
            }
            case.check(task)?;
        }
        Ok(())
    }

    /// Checks that it speaks of these features only.
    ///
    /// # Errors
    /// The case and the name that is no feature.
    pub fn check_features(&self, features: &[String]) -> Result<(), PolicyError> {
        for case in &self.cases {
            let RowChange { set, add, missing } = &case.change;
            let row = case.row.iter().flat_map(Map::keys);
            let mut named = row.chain(set.keys()).chain(add.keys()).chain(missing);
            if let Some(foreign) = named.find(|name| !features.contains(name)) {
                return case.refuse(format!("{foreign:?}"), "name features of data.features only");
            }
        }
        Ok(())
    }
}
