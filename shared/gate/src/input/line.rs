//! One line of a joined transform output.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};

use super::output::{ContainerOutput, JsonScalar};
use super::pair_error::PairError;
use crate::policy::Task;
use crate::row::{Contender, Response, RowValue};

/// A parsed line: the parts the gate needs; the rest is skipped unread.
#[derive(Deserialize)]
pub(crate) struct Line<'a> {
    #[serde(borrow)]
    pub(crate) row: Cow<'a, str>,
    pub(crate) label: JsonScalar,
    #[serde(default, rename = "SageMakerOutput")]
    output: ContainerOutput,
    #[serde(default)]
    pub(crate) columns: Columns,
}

impl<'a> Line<'a> {
    /// Reads one line.
    pub(crate) fn parse(bytes: &'a [u8], side: Contender, line: u64) -> Result<Self, PairError> {
        serde_json::from_slice(bytes).map_err(|error| {
            // Python writes these three though JSON has no such numbers: say what it is.
            let text = String::from_utf8_lossy(bytes);
            let word = ["NaN", "-Infinity", "Infinity"].into_iter().find(|word| text.contains(word));
            let reason =
                word.map_or_else(|| error.to_string(), |word| format!("{word} is no number in JSON"));
            PairError::NotAnOutputLine { side, line, reason }
        })
    }

    /// How long the answer took by the container's own clock, and whether there was none.
    pub(crate) fn response(&self, counts_errors: bool) -> Response {
        self.output.response(counts_errors)
    }

    /// What the model answered, in the form that the task takes.
    pub(crate) fn prediction(&self, task: Task) -> Option<RowValue<'_>> {
        self.output.prediction(task)
    }
}

/// The columns the gate may need, as text; nulls are left out.
#[derive(Default)]
pub(crate) struct Columns(pub(crate) Vec<(String, String)>);

impl<'de> Deserialize<'de> for Columns {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pairs;
        impl<'de> Visitor<'de> for Pairs {
            type Value = Columns;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of columns")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Columns, A::Error> {
                let mut pairs = Vec::new();
                while let Some(key) = map.next_key::<String>()? {
                    match map.next_value::<JsonScalar>()? {
                        JsonScalar::Null => {}
                        JsonScalar::Text(text) => pairs.push((key, text)),
                        plain => pairs.push((key, plain.value().to_string())),
                    }
                }
                Ok(Columns(pairs))
            }
        }
        deserializer.deserialize_map(Pairs)
    }
}
