//! The gate's groups in production: who is answered how, and how right, at any moment.
//!
//! The groups are those of the champion's holdout, and so is the one that all others are held against: what
//! is compared is fixed before the first live row. See [`LiveGroups::judge`].

mod bias;
mod holdout;
mod judge;
mod tally;

#[cfg(test)]
mod golden;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::{GroundTruth, Prediction};
use pawl_data::profile::value::read;
use pawl_gate::policy::{AND, Favourable};

pub use bias::{BiasDrift, GroupMeasure, GroupStanding, GroupingBias, Unwatched};
pub use holdout::HoldoutGroups;
pub(crate) use judge::Bounds;
pub use tally::{GroupTally, is_watched};

/// The most groupings that are watched: the first of `gate.fairness.groups`.
pub const MAX_GROUPINGS: usize = 8;
/// The most values that are watched in one grouping: those with the most rows in the champion's holdout.
pub const MAX_GROUPS: usize = 20;

/// The gate's groups with their counts: of live traffic, or of the champion's holdout.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LiveGroups {
    favours: Favours,
    groupings: Vec<LiveGrouping>,
    /// Groupings beyond [`MAX_GROUPINGS`], by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    left_out: Vec<String>,
}

/// One way to tell rows apart.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct LiveGrouping {
    columns: Vec<String>,
    source: GroupSource,
    /// In the order of their names.
    groups: Vec<LiveGroup>,
    /// Rows of other values.
    other: u64,
    /// Rows that name no group.
    unknown: u64,
}

/// One value, and what became of its rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LiveGroup {
    /// The value; those of several columns are joined by ` & `.
    pub value: String,
    /// Its counts.
    pub tally: GroupTally,
}

/// Where live rows say which group they are of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GroupSource {
    /// All its columns are features: in the captured request.
    Request,
    /// In the object `groups` of the line of truth.
    Truth,
}

/// Which answers and truths are favourable.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Favours {
    /// Yes: a score from this threshold on.
    From(f64),
    /// What the policy names.
    Named(Favourable),
}

/// Where a row belongs in each grouping, as one of its two sides says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Membership(Vec<Place>);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Place {
    /// In the group at this place of the list.
    In(u8),
    /// In one that is not watched.
    Other,
    /// In none that the row names.
    Unknown,
    /// The other side knows.
    Elsewhere,
}

impl Favours {
    fn answer(&self, answer: &Prediction) -> bool {
        match (self, answer) {
            (Self::From(threshold), Prediction::Number(score)) => score >= threshold,
            (Self::Named(Favourable::Above(bound)), Prediction::Number(number)) => number > bound,
            (Self::Named(Favourable::Classes(classes)), Prediction::Class(choice)) => {
                classes.contains(&choice.class)
            }
            _ => false,
        }
    }

    fn truth(&self, truth: &GroundTruth) -> bool {
        match (self, truth) {
            (Self::From(_), GroundTruth::Number(truth)) => *truth == 1.0,
            (Self::Named(Favourable::Above(bound)), GroundTruth::Number(number)) => number > bound,
            (Self::Named(Favourable::Classes(classes)), GroundTruth::Class(class)) => classes.contains(class),
            _ => false,
        }
    }
}

impl LiveGroups {
    /// The same groups without any row.
    pub fn without_rows(&self) -> Self {
        let empty =
            |group: &LiveGroup| LiveGroup { value: group.value.clone(), tally: GroupTally::default() };
        let groupings = self.groupings.iter().map(|of| LiveGrouping {
            columns: of.columns.clone(),
            source: of.source,
            groups: of.groups.iter().map(empty).collect(),
            other: 0,
            unknown: 0,
        });
        Self {
            favours: self.favours.clone(),
            groupings: groupings.collect(),
            left_out: self.left_out.clone(),
        }
    }

    /// Whether any grouping is known by this side of a row.
    pub fn known_by(&self, source: GroupSource) -> bool {
        self.groupings.iter().any(|of| of.source == source)
    }

    /// Where a row belongs by what one side of it says: `value` reads a column, and gives none where the
    /// column is missing.
    pub fn membership<'v>(
        &self,
        side: GroupSource,
        value: impl Fn(&str) -> Option<Cow<'v, str>>,
    ) -> Membership {
        let place = |of: &LiveGrouping| {
            if of.source != side {
                return Place::Elsewhere;
            }
            let Some(name) = name(&of.columns, &value) else { return Place::Unknown };
            of.groups
                .iter()
                .position(|group| group.value == name)
                .map_or(Place::Other, |at| Place::In(at as u8))
        };
        Membership(self.groupings.iter().map(place).collect())
    }

    /// An answer, whose truth may come or not: groups that the request tells are counted now.
    pub(super) fn answered(&mut self, row: &Membership, answer: &Prediction) {
        let selected = self.favours.answer(answer);
        for (of, place) in self.groupings.iter_mut().zip(&row.0) {
            of.count(*place, |tally| tally.answered(selected));
        }
    }

    /// An answer and its truth, which may say of which groups the row is.
    pub(super) fn came_true(
        &mut self,
        (answer, asked): (&Prediction, Option<&Membership>),
        (truth, told): (&GroundTruth, Option<&Membership>),
    ) {
        let (selected, positive) = (self.favours.answer(answer), self.favours.truth(truth));
        for (at, of) in self.groupings.iter_mut().enumerate() {
            let place = |row: Option<&Membership>| row.and_then(|row| row.0.get(at)).copied();
            match of.source {
                // Counted when it was answered; an answer from before the groups were watched never was.
                GroupSource::Request => {
                    if let Some(Place::In(group)) = place(asked)
                        && let Some(group) = of.groups.get_mut(usize::from(group))
                    {
                        group.tally.came_true(selected, positive);
                    }
                }
                GroupSource::Truth => of.count(place(told).unwrap_or(Place::Unknown), |tally| {
                    tally.answered(selected);
                    tally.came_true(selected, positive);
                }),
            }
        }
    }
}

impl LiveGrouping {
    fn name(&self) -> String {
        self.columns.join(AND)
    }

    fn count(&mut self, place: Place, add: impl Fn(&mut GroupTally)) {
        match place {
            Place::In(at) => {
                if let Some(group) = self.groups.get_mut(usize::from(at)) {
                    add(&mut group.tally);
                }
            }
            Place::Other => self.other += 1,
            Place::Unknown => self.unknown += 1,
            Place::Elsewhere => {}
        }
    }
}

/// The group that these columns' values name; none where one is missing.
fn name<'v>(columns: &[String], value: impl Fn(&str) -> Option<Cow<'v, str>>) -> Option<String> {
    let values = columns.iter().map(|column| value(column).and_then(|text| one_spelling(&text)));
    values.collect::<Option<Vec<String>>>().map(|values| values.join(AND))
}

/// A value in the one spelling that files, transforms and requests have in common: `1`, `1.0` and the number
/// 1 are one group, and so are `true` and `True`.
fn one_spelling(text: &str) -> Option<String> {
    let text = text.trim();
    // 007 is a code, not the number 7.
    let is_code = matches!(text.as_bytes(), [b'0', b'0'..=b'9', ..]);
    let number = read(text.as_bytes()).number().filter(|number| number.is_finite() && !is_code);
    match (number, text) {
        (Some(number), _) => Some(number.to_string()),
        (None, "") => None,
        (None, "True" | "TRUE") => Some("true".to_owned()),
        (None, "False" | "FALSE") => Some("false".to_owned()),
        (None, text) => Some(text.to_owned()),
    }
}
