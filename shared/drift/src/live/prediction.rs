//! What a model answered to a row, and what was true of it, by the task.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use pawl_gate::classes::{Chosen, Classes, MAX_CLASSES};
use pawl_gate::{RowValue, Task};

/// The longest name of a class, in bytes: what is longer is a message of a container, and many answers wait.
const LONGEST: usize = 256;

/// What a model answered to a row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Prediction {
    /// A number, or the probability of yes.
    Number(f64),
    /// One of several classes.
    Class(Box<ClassPrediction>),
    /// Nothing that the task can read.
    #[serde(skip)]
    Unfit,
}

/// One of several classes, and how likely each was where the model said so.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClassPrediction {
    /// The class's name.
    pub class: String,
    /// In the order of the classes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) chances: Option<Chances>,
}

/// A probability for each class. As text it is the base64 of its bytes: in decimals a hundred thousand
/// waiting answers of a hundred classes would need hundreds of megabytes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub(super) struct Chances(Vec<f64>);

/// What was true of a row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum GroundTruth {
    /// A finite number; of yes and no 1 and 0.
    Number(f64),
    /// The name of a class.
    Class(String),
}

/// How a model's answers are read.
#[derive(Debug, Clone, Copy)]
pub enum PredictionKind<'a> {
    /// As the probability of yes.
    Binary,
    /// As one of these classes.
    Multiclass(&'a Classes),
    /// As numbers.
    Regression,
}

impl From<f64> for Prediction {
    fn from(number: f64) -> Self {
        Self::Number(number)
    }
}

impl From<f64> for GroundTruth {
    fn from(number: f64) -> Self {
        Self::Number(number)
    }
}

impl PredictionKind<'_> {
    /// What is read so.
    pub fn task(self) -> Task {
        match self {
            Self::Binary => Task::Binary,
            Self::Multiclass(_) => Task::Multiclass,
            Self::Regression => Task::Regression,
        }
    }
}

impl GroundTruth {
    /// The class that a label names; none where it names none.
    pub(crate) fn class(label: RowValue<'_>) -> Option<Self> {
        let name = label.class().filter(|name| name.len() <= LONGEST)?;
        Some(Self::Class(name.into_owned()))
    }
}

impl ClassPrediction {
    /// The class that was answered; none where the answer names none.
    pub(crate) fn read(answer: RowValue<'_>, classes: &Classes) -> Option<Self> {
        let choice = match classes.read(answer).ok()? {
            Chosen::Name(class) => Self { class: class.into_owned(), chances: None },
            Chosen::Scores(scores) => {
                let class = classes.name(scores.best)?.into_owned();
                Self { class, chances: Some(Chances(scores.chances())) }
            }
        };
        let scored = choice.chances.as_ref().map_or(0, |Chances(chances)| chances.len());
        (choice.class.len() <= LONGEST && scored <= MAX_CLASSES).then_some(choice)
    }

    /// The probability of the class that was chosen; none where the model gave none.
    pub(super) fn sure(&self) -> Option<f64> {
        Some(self.chances.as_ref()?.greatest())
    }
}

impl Chances {
    /// The probability of the class at this place. A class without a score has none.
    pub(super) fn of(&self, place: Option<usize>) -> f64 {
        place.and_then(|place| self.0.get(place)).copied().unwrap_or(0.0)
    }

    /// The probability of each class.
    pub(super) fn all(&self) -> &[f64] {
        &self.0
    }

    fn greatest(&self) -> f64 {
        self.0.iter().copied().fold(0.0, f64::max)
    }
}

impl From<Chances> for String {
    fn from(Chances(chances): Chances) -> Self {
        let bytes: Vec<u8> = chances.iter().flat_map(|chance| chance.to_le_bytes()).collect();
        STANDARD.encode(bytes)
    }
}

impl TryFrom<String> for Chances {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let unreadable = || format!("{text:?} is no base64 of probabilities");
        let bytes = STANDARD.decode(&text).map_err(|_| unreadable())?;
        let (chances, rest) = bytes.as_chunks();
        if !rest.is_empty() {
            return Err(unreadable());
        }
        Ok(Self(chances.iter().map(|bytes| f64::from_le_bytes(*bytes)).collect()))
    }
}
