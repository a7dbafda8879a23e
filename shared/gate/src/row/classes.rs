//! How one of several classes is answered: by its name, or with a probability for each.
//!
//! ```
//! use pawl_gate::RowValue;
//! use pawl_gate::classes::{Chosen, Classes};
//!
//! let classes = Classes::new(&["owl".to_owned(), "hawk".to_owned()]);
//! let Ok(Chosen::Scores(scores)) = classes.read(RowValue::Scores(&[0.2, 0.8])) else { panic!() };
//! assert_eq!(classes.name(scores.best).as_deref(), Some("hawk"));
//! ```

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::value::RowValue;

/// The most classes that are told apart: counts grow with their square.
pub const MAX_CLASSES: usize = 100;

const CLASS: &str =
    "a prediction of task multiclass is the name of a class, or one probability for each class";
const SCORES: &str = "scores of classes are probabilities, as many as gate.classes names (or as there are \
                      whole numbers from 0)";
const NAMED: &str =
    "scores under the names of classes are those of gate.classes, each once: list the classes there";

/// The classes in the order in which a list of scores names them: those of `gate.classes`, or the whole
/// numbers from 0.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Classes(Vec<String>);

/// An answer, read.
#[derive(Debug, Clone, PartialEq)]
pub enum Chosen<'a> {
    /// The name of a class.
    Name(Cow<'a, str>),
    /// A probability for each class.
    Scores(ClassScores<'a>),
}

/// Probabilities in the order of the classes. They add up to 1, but for rounding.
#[derive(Debug, Clone, PartialEq)]
pub struct ClassScores<'a> {
    all: Cow<'a, [f64]>,
    sum: f64,
    /// The place of the first of the greatest, as numpy's argmax has it.
    pub best: usize,
}

impl Classes {
    /// These classes, in this order. None: the whole numbers from 0.
    pub fn new(names: &[String]) -> Self {
        Self(names.to_vec())
    }

    /// How many are listed; 0 where they are the whole numbers.
    pub fn listed(&self) -> usize {
        self.0.len()
    }

    /// The class whose score stands here.
    pub fn name(&self, place: usize) -> Option<Cow<'_, str>> {
        if self.0.is_empty() {
            return Some(Cow::Owned(place.to_string()));
        }
        self.0.get(place).map(|name| Cow::Borrowed(name.as_str()))
    }

    /// Where the score of a class stands.
    pub fn place(&self, class: &str) -> Option<usize> {
        if self.0.is_empty() { class.parse().ok() } else { self.0.iter().position(|name| name == class) }
    }

    /// Reads an answer.
    ///
    /// # Errors
    /// What an answer may be.
    pub fn read<'a>(&self, answer: RowValue<'a>) -> Result<Chosen<'a>, &'static str> {
        match answer {
            RowValue::Scores(scores) => self.scores(Cow::Borrowed(scores)),
            RowValue::Named(named) => self.scores(Cow::Owned(self.ordered(named).ok_or(NAMED)?)),
            RowValue::Text(text) if text.trim_start().starts_with('[') => {
                self.scores(Cow::Owned(list(text).ok_or(SCORES)?))
            }
            _ => answer.class().map(Chosen::Name).ok_or(CLASS),
        }
    }

    fn scores<'a>(&self, all: Cow<'a, [f64]>) -> Result<Chosen<'a>, &'static str> {
        let fits = self.0.is_empty() || all.len() == self.0.len();
        let sum: f64 = all.iter().sum();
        let possible = all.iter().all(|score| (0.0..=1.0).contains(score)) && (sum - 1.0).abs() < 0.01;
        if !(fits && possible) {
            return Err(SCORES);
        }
        let best = (0..all.len()).fold(0, |best, at| if all.get(at) > all.get(best) { at } else { best });
        Ok(Chosen::Scores(ClassScores { all, sum, best }))
    }

    /// Scores by name, in the order of the list; none unless they are of these classes.
    fn ordered(&self, named: &[(String, f64)]) -> Option<Vec<f64>> {
        let score = |class: &String| {
            let found =
                |(name, _): &&(String, f64)| RowValue::Text(name).class().is_some_and(|it| it == *class);
            named.iter().find(found).map(|(_, score)| *score)
        };
        let all = self.0.iter().map(score).collect::<Option<Vec<f64>>>()?;
        (!all.is_empty() && all.len() == named.len()).then_some(all)
    }
}

impl ClassScores<'_> {
    /// The probability of the class at this place. A class without a score has none.
    pub fn chance(&self, place: Option<usize>) -> f64 {
        place.and_then(|place| self.all.get(place)).map_or(0.0, |score| score / self.sum)
    }

    /// The probabilities of all classes, which add up to 1.
    pub fn chances(&self) -> Vec<f64> {
        self.all.iter().map(|score| score / self.sum).collect()
    }
}

/// The numbers of a list such as `[0.2, 0.8]` or numpy's `[0.2 0.8]`.
fn list(text: &str) -> Option<Vec<f64>> {
    let inside = text.trim().strip_prefix('[')?.strip_suffix(']')?;
    let parts = inside.split([',', ' ', ';']).filter(|part| !part.is_empty());
    parts.map(|part| part.parse().ok()).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_class_is_answered_by_name_or_by_its_probability() {
        let listed = Classes::new(&["owl", "2"].map(str::to_owned));
        let best = |classes: &Classes, answer: RowValue<'_>| match classes.read(answer)? {
            Chosen::Name(name) => Ok(name.into_owned()),
            Chosen::Scores(scores) => Ok(classes.name(scores.best).unwrap().into_owned()),
        };
        let named = [("2.0".to_owned(), 0.7), ("owl".to_owned(), 0.3)];
        for (answer, class) in [
            (RowValue::Text(" owl "), "owl"),
            (RowValue::Number(2.0), "2"),
            (RowValue::Scores(&[0.5, 0.5]), "owl"),
            (RowValue::Text("[0.1 0.9]"), "2"),
            (RowValue::Named(&named), "2"),
            (RowValue::Text("a third"), "a third"),
        ] {
            assert_eq!(best(&listed, answer), Ok(class.to_owned()), "{answer}");
        }
        for (answer, why) in [
            (RowValue::Null, CLASS),
            (RowValue::Scores(&[0.2, 0.2, 0.6]), SCORES),
            (RowValue::Scores(&[0.2, 0.2]), SCORES),
            (RowValue::Scores(&[1.5, -0.5]), SCORES),
            (RowValue::Scores(&[f64::NAN, 1.0]), SCORES),
            (RowValue::Text("[0.1, x]"), SCORES),
            (RowValue::Named(&named[..1]), NAMED),
        ] {
            assert_eq!(best(&listed, answer), Err(why), "{answer}");
        }
        // Without a list the classes are whole numbers, and nothing says in which order names stand.
        let numbers = Classes::default();
        assert_eq!(best(&numbers, RowValue::Scores(&[0.2, 0.2, 0.6])), Ok("2".to_owned()));
        assert_eq!(best(&numbers, RowValue::Named(&named)), Err(NAMED));
        assert_eq!(best(&numbers, RowValue::Scores(&[])), Err(SCORES));
    }

    #[test]
    fn probabilities_add_up_to_one() {
        let classes = Classes::default();
        let Ok(Chosen::Scores(scores)) = classes.read(RowValue::Scores(&[0.251, 0.753])) else {
            unreachable!()
        };
        assert_eq!(scores.chances(), [0.251 / 1.004, 0.753 / 1.004]);
        assert_eq!(scores.chance(classes.place("1")), 0.753 / 1.004);
        assert_eq!([classes.place("2"), classes.place("owl")].map(|place| scores.chance(place)), [0.0, 0.0]);
    }
}
