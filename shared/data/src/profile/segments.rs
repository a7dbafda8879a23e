//! Segments of the rows: those with the same value in one column, each described apart from the others.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The most values by which a column may part the rows.
pub const MAX_VALUES: usize = 50;

/// A part of the rows: those with this value in this column.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Segment {
    /// The column that parts the rows.
    pub column: String,
    /// Its value in this part; empty where it is missing.
    pub value: String,
}

/// Something known of each part, by column and value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Segments<T>(BTreeMap<String, SegmentValues<T>>);

/// The parts that one column makes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SegmentValues<T> {
    /// By value. None where the data lacks the column.
    Of(BTreeMap<String, T>),
    /// It has more than [`MAX_VALUES`]; nothing is kept of any.
    TooMany,
}

impl<T> Default for Segments<T> {
    fn default() -> Self {
        Self::NONE
    }
}

impl<T> Default for SegmentValues<T> {
    fn default() -> Self {
        Self::Of(BTreeMap::new())
    }
}

impl<T> Segments<T> {
    /// No parts.
    pub const NONE: Self = Self(BTreeMap::new());

    /// The columns to part by, before the first row.
    pub fn by(columns: &[String]) -> Self {
        Self(columns.iter().map(|column| (column.clone(), SegmentValues::default())).collect())
    }

    /// Whether no column parts the rows.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The columns with their parts.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &SegmentValues<T>)> {
        self.0.iter().map(|(column, parts)| (column.as_str(), parts))
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = (&str, &mut SegmentValues<T>)> {
        self.0.iter_mut().map(|(column, parts)| (column.as_str(), parts))
    }

    /// The parts that a column makes; none where it was not asked for.
    pub fn parts(&self, column: &str) -> Option<&SegmentValues<T>> {
        self.0.get(column)
    }

    /// What is known of one part.
    pub fn get(&self, column: &str, value: &str) -> Option<&T> {
        self.parts(column)?.get(value)
    }

    /// The same parts, each made into something else, given its column and value.
    pub fn map<U>(self, mut make: impl FnMut(&str, &str, T) -> U) -> Segments<U> {
        let of = |(column, parts): (String, SegmentValues<T>)| {
            let parts = parts.map(|value, it| make(&column, value, it));
            (column, parts)
        };
        Segments(self.0.into_iter().map(of).collect())
    }

    /// Forgets the parts of every other column.
    pub fn keep(&mut self, columns: &[String]) {
        self.0.retain(|column, _| columns.contains(column));
    }

    /// The same parts, borrowed.
    pub fn as_ref(&self) -> Segments<&T> {
        Segments(self.0.iter().map(|(column, parts)| (column.clone(), parts.as_ref())).collect())
    }

    /// Adds what is known of other rows; `add` joins two of the same part.
    pub fn merge(&mut self, other: &Self, add: impl Fn(&mut T, &T))
    where
        T: Clone,
    {
        for (column, theirs) in &other.0 {
            let mine = self.0.entry(column.clone()).or_default();
            match theirs {
                SegmentValues::TooMany => *mine = SegmentValues::TooMany,
                SegmentValues::Of(theirs) => {
                    for (value, it) in theirs {
                        let mut new = false;
                        let fresh = || {
                            new = true;
                            it.clone()
                        };
                        let part = mine.part(value, fresh);
                        if let Some(part) = part.filter(|_| !new) {
                            add(part, it);
                        }
                    }
                }
            }
        }
    }
}

impl<T> SegmentValues<T> {
    /// What is known of the part with this value.
    pub fn get(&self, value: &str) -> Option<&T> {
        match self {
            Self::Of(parts) => parts.get(value),
            Self::TooMany => None,
        }
    }

    fn map<U>(self, mut make: impl FnMut(&str, T) -> U) -> SegmentValues<U> {
        let Self::Of(parts) = self else { return SegmentValues::TooMany };
        let of = |(value, it): (String, T)| {
            let made = make(&value, it);
            (value, made)
        };
        SegmentValues::Of(parts.into_iter().map(of).collect())
    }

    fn as_ref(&self) -> SegmentValues<&T> {
        match self {
            Self::Of(parts) => {
                SegmentValues::Of(parts.iter().map(|(value, it)| (value.clone(), it)).collect())
            }
            Self::TooMany => SegmentValues::TooMany,
        }
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = (&str, &mut T)> {
        let parts = match self {
            Self::Of(parts) => Some(parts),
            Self::TooMany => None,
        };
        parts.into_iter().flatten().map(|(value, it)| (value.as_str(), it))
    }

    /// The part of this value, made where it is new; none once there are too many.
    pub(crate) fn part(&mut self, value: &str, make: impl FnOnce() -> T) -> Option<&mut T> {
        if matches!(self, Self::Of(parts) if parts.len() >= MAX_VALUES && !parts.contains_key(value)) {
            *self = Self::TooMany;
        }
        let Self::Of(parts) = self else { return None };
        if !parts.contains_key(value) {
            parts.insert(value.to_owned(), make());
        }
        parts.get_mut(value)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn counted(column: &str, values: std::ops::Range<usize>) -> Segments<u32> {
        let mut segments = Segments::by(&[column.to_owned()]);
        let (_, parts) = segments.iter_mut().next().unwrap();
        for value in values {
            parts.part(&value.to_string(), || 1);
        }
        segments
    }

    #[test]
    fn parts_of_other_rows_are_added_by_value() {
        let mut both = counted("town", 0..2);
        both.merge(&counted("town", 1..3), |mine, theirs| *mine += theirs);
        let of = |value: &str| both.get("town", value).copied();
        assert_eq!((of("0"), of("1"), of("2"), of("3")), (Some(1), Some(2), Some(1), None));
        let text = serde_json::to_string(&both).unwrap();
        assert_eq!(text, r#"{"town":{"of":{"0":1,"1":2,"2":1}}}"#);
        assert_eq!(serde_json::from_str::<Segments<u32>>(&text).unwrap(), both);
    }

    /// Half of a column's parts would be a lie: once there are too many, none is kept, whatever is added
    /// later.
    #[test]
    fn too_many_values_are_none_for_good() {
        assert!(matches!(counted("user", 0..MAX_VALUES).parts("user"), Some(SegmentValues::Of(_))));
        let mut many = counted("user", 0..MAX_VALUES + 1);
        many.merge(&counted("user", 0..1), |mine, theirs| *mine += theirs);
        assert_eq!(many.parts("user"), Some(&SegmentValues::TooMany));
        let mut merged = counted("user", 0..MAX_VALUES);
        merged.merge(&counted("user", 90..91), |mine, theirs| *mine += theirs);
        assert_eq!(merged.parts("user"), Some(&SegmentValues::TooMany));
    }
}
