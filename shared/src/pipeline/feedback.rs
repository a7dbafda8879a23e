//! Feedback loops: rows that exist only because the model's own answer let them come about.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Data, PipelineError};

/// The column that a reweighed row's weight is written to. No CSV column of a team begins so.
pub const WEIGHT: &str = "$weight";

/// The section `feedback` of `pipeline.yaml`: what training makes of rows that the serving model's own action
/// selected.
///
/// A model that decides whose outcome is ever seen learns from its own choice. Where a share of the requests
/// is acted upon whatever the model says (exploration), that choice can be undone: by leaving the selected
/// rows out, or by weighing each row with one over the probability that it is seen. It holds for objects that
/// arrive from then on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Feedback {
    /// The column with 1 (or true) where the model's answer by itself lets the row come about, and 0 (or
    /// false) where only exploration did. Missing: no model was asked.
    pub selected_by: String,
    /// The column with the version of the model that was asked, such as its endpoint config. It goes with the
    /// row to the gate.
    #[serde(default)]
    pub version: Option<String>,
    /// What becomes of the rows that were selected. Default `keep`.
    #[serde(default)]
    pub treat: Treat,
    /// The share of requests that are acted upon whatever the model says. The serving container finds it as
    /// `PAWL_EXPLORATION`. Default none.
    #[serde(default)]
    pub exploration: Option<f64>,
    /// No row weighs more. Default 20.
    #[serde(default = "twenty")]
    pub largest_weight: f64,
}

fn twenty() -> f64 {
    20.0
}

/// What training makes of the rows that the model selected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Treat {
    /// They train as all others do.
    #[default]
    Keep,
    /// They do not train.
    Exclude,
    /// All train, the explored ones with a weight of one over the exploration share, in the column `$weight`.
    Reweigh,
}

/// Whether the model's answer let a row come about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Selected {
    /// By itself.
    ByModel,
    /// Only exploration did.
    ByExploration,
    /// No model was asked.
    ByNobody,
}

/// How an object's accepted rows were treated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Treated {
    /// Rows that the model selected.
    pub selected: u64,
    /// Rows that only exploration let come about.
    pub explored: u64,
    /// Rows whose column says neither. They do not train, unless all are kept.
    pub unreadable: u64,
    /// Rows that are left out of training.
    pub left_out: u64,
}

impl Selected {
    /// What the column's value says; none where it says neither yes nor no.
    pub fn read(value: &serde_json::Value) -> Option<Self> {
        match (value.as_f64(), value.as_bool()) {
            (Some(1.0), _) | (_, Some(true)) => Some(Self::ByModel),
            (Some(0.0), _) | (_, Some(false)) => Some(Self::ByExploration),
            _ => value.is_null().then_some(Self::ByNobody),
        }
    }
}

impl Treated {
    /// Adds how other rows were treated.
    pub fn add(&mut self, other: &Self) {
        self.selected += other.selected;
        self.explored += other.explored;
        self.unreadable += other.unreadable;
        self.left_out += other.left_out;
    }
}

impl Feedback {
    /// The columns that it names.
    pub fn columns(&self) -> impl Iterator<Item = &String> {
        std::iter::once(&self.selected_by).chain(&self.version)
    }

    /// The weight of a row in training; none where it is left out.
    ///
    /// Inverse propensity (Horvitz and Thompson 1952), clipped: what the model selects is always seen, what
    /// it does not select is seen with the probability of exploration.
    pub fn weight(&self, selected: Option<Selected>) -> Option<f64> {
        match (self.treat, selected?) {
            (Treat::Keep, _) | (_, Selected::ByNobody) => Some(1.0),
            (Treat::Exclude, Selected::ByExploration) | (Treat::Reweigh, Selected::ByModel) => Some(1.0),
            (Treat::Exclude, Selected::ByModel) => None,
            (Treat::Reweigh, Selected::ByExploration) => {
                Some((1.0 / self.exploration?).min(self.largest_weight))
            }
        }
    }

    /// The weight of a row, counted. Where all rows are kept, so are those whose column says nothing.
    pub fn treat(&self, value: &serde_json::Value, treated: &mut Treated) -> Option<f64> {
        let selected = Selected::read(value);
        match selected {
            Some(Selected::ByModel) => treated.selected += 1,
            Some(Selected::ByExploration) => treated.explored += 1,
            Some(Selected::ByNobody) => {}
            None => treated.unreadable += 1,
        }
        let weight = if self.treat == Treat::Keep { Some(1.0) } else { self.weight(selected) };
        treated.left_out += u64::from(weight.is_none());
        weight
    }

    /// Whether rows carry their weight.
    pub fn weighs(&self) -> bool {
        self.treat == Treat::Reweigh
    }

    /// Checks what the types cannot.
    pub(super) fn check(&self, data: &Data) -> Result<(), PipelineError> {
        let wrong = |field, found: String, fix| Err(PipelineError::BadField { field, found, fix });
        for (field, column) in
            [("feedback.selected_by", Some(&self.selected_by)), ("feedback.version", self.version.as_ref())]
        {
            let Some(column) = column else { continue };
            if column.is_empty() || *column == data.label.column || data.features.contains(column) {
                let fix = "name a column of its own: neither a feature nor the label, or the model would \
                           learn its own choice";
                return wrong(field, format!("{column:?}"), fix);
            }
        }
        if let Some(share) = self.exploration.filter(|share| !(*share > 0.0 && *share < 1.0)) {
            return wrong(
                "feedback.exploration",
                share.to_string(),
                "a share of requests above 0 and below 1",
            );
        }
        if self.weighs() && self.exploration.is_none() {
            let fix = "name the share of requests that are acted upon whatever the model says: without it \
                       a row has no weight";
            return wrong("feedback.exploration", "missing".into(), fix);
        }
        if !(self.largest_weight >= 1.0 && self.largest_weight.is_finite()) {
            return wrong("feedback.largest_weight", self.largest_weight.to_string(), "1 or more");
        }
        Ok(())
    }
}

impl Treated {
    /// Adds the rows of another part of the data.
    pub fn merge(&mut self, other: &Self) {
        self.selected += other.selected;
        self.explored += other.explored;
        self.unreadable += other.unreadable;
        self.left_out += other.left_out;
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn feedback(treat: Treat) -> Feedback {
        Feedback {
            selected_by: "shown".to_owned(),
            version: None,
            treat,
            exploration: Some(0.1),
            largest_weight: 20.0,
        }
    }

    #[test]
    fn each_row_trains_as_its_origin_asks() {
        let weights = |treat| {
            let values =
                [json!(1), json!(true), json!(0), json!(false), Value::Null, json!("maybe"), json!(2)];
            let mut treated = Treated::default();
            let weights: Vec<_> = values.iter().map(|it| feedback(treat).treat(it, &mut treated)).collect();
            (weights, treated.left_out, (treated.selected, treated.explored, treated.unreadable))
        };
        let (one, ten, seen) = (Some(1.0), Some(10.0), (2, 2, 2));
        assert_eq!(weights(Treat::Keep), (vec![one; 7], 0, seen));
        assert_eq!(weights(Treat::Exclude), (vec![None, None, one, one, one, None, None], 4, seen));
        assert_eq!(weights(Treat::Reweigh), (vec![one, one, ten, ten, one, None, None], 2, seen));
        let clipped = Feedback { largest_weight: 4.0, ..feedback(Treat::Reweigh) };
        assert_eq!(clipped.weight(Some(Selected::ByExploration)), Some(4.0));
    }

    proptest! {
        /// Over everybody who asked, seen or not, the weights of those seen sum to their number: nothing is
        /// counted twice and nothing is lost, whatever the model selects.
        #[test]
        fn the_weights_of_the_seen_stand_for_all(
            yes in 1u32..500, no in 1u32..500, exploration in 0.05f64..0.9,
        ) {
            let feedback = Feedback {
                exploration: Some(exploration),
                largest_weight: 20.0,
                ..feedback(Treat::Reweigh)
            };
            let weight = |selected| feedback.weight(Some(selected)).unwrap();
            let expected_explored = f64::from(no) * exploration;
            let by_model = f64::from(yes) * weight(Selected::ByModel);
            let sum = by_model + expected_explored * weight(Selected::ByExploration);
            prop_assert!((sum - f64::from(yes + no)).abs() < 1e-9 * sum);
        }
    }
}
