//! The shapes of texts: `AB-1234` and `XY-77` are both `A-9`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A column of more shapes than this has none to tell.
const KEPT: usize = 8;

/// A longer shape is cut off here.
const LONGEST: usize = 40;

/// The shape of a text: digits as one 9, capital letters as one A, other letters as one a; every other
/// character stands for itself. Runs count once, so that numbers may grow.
///
/// ```
/// assert_eq!(pawl_data::profile::shape("AB-1234/x"), "A-9/a");
/// ```
pub fn shape(text: &str) -> String {
    let mut shape = String::new();
    let mut last = None;
    for character in text.chars() {
        let class = match character {
            _ if character.is_numeric() => '9',
            _ if character.is_uppercase() => 'A',
            _ if character.is_alphabetic() => 'a',
            other => other,
        };
        if last == Some(class) && matches!(class, '9' | 'A' | 'a') {
            continue;
        }
        if shape.len() >= LONGEST {
            shape.push('…');
            break;
        }
        shape.push(class);
        last = Some(class);
    }
    shape
}

/// How many texts have which shape. Merging is addition, until there are too many shapes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shapes(Option<BTreeMap<String, u64>>);

impl Default for Shapes {
    fn default() -> Self {
        Self(Some(BTreeMap::new()))
    }
}

impl Shapes {
    pub(crate) fn add(&mut self, text: &str, count: u64) {
        if let Some(counts) = &mut self.0 {
            *counts.entry(shape(text)).or_insert(0) += count;
            self.bound();
        }
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        match (&mut self.0, &other.0) {
            (Some(mine), Some(theirs)) => {
                for (shape, count) in theirs {
                    *mine.entry(shape.clone()).or_insert(0) += count;
                }
                self.bound();
            }
            (mine, None) => *mine = None,
            (None, Some(_)) => {}
        }
    }

    fn bound(&mut self) {
        if self.0.as_ref().is_some_and(|counts| counts.len() > KEPT) {
            self.0 = None;
        }
    }

    /// The shape of every text there is, with how many they are; none when they differ.
    pub fn only(&self) -> Option<(&str, u64)> {
        let counts = self.0.as_ref().filter(|counts| counts.len() == 1)?;
        counts.iter().next().map(|(shape, &count)| (shape.as_str(), count))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn shapes_tell_letters_digits_and_the_rest() {
        let cases = [
            ("", ""),
            ("2174", "9"),
            ("+49 (30) 12", "+9 (9) 9"),
            ("O'Brien", "A'Aa"),
            ("été 2", "a 9"),
            ("--", "--"),
        ];
        for (text, expected) in cases {
            assert_eq!(shape(text), expected);
        }
        assert!(shape(&"a-".repeat(1000)).len() < 50);
    }

    proptest! {
        #[test]
        fn merging_equals_the_whole(texts in prop::collection::vec("[a9-]{0,4}", 0..20), cut in 0usize..20) {
            let of = |part: &[String]| {
                let mut shapes = Shapes::default();
                part.iter().for_each(|text| shapes.add(text, 1));
                shapes
            };
            let (left, right) = texts.split_at(cut.min(texts.len()));
            let mut merged = of(left);
            merged.merge(&of(right));
            prop_assert_eq!(merged, of(&texts));
        }
    }
}
