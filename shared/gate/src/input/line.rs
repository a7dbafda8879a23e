//! One line of a joined transform output.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

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
    /// What the model saw, unread: it is asked for only where a column is a feature as well.
    #[serde(borrow, default)]
    features: Option<&'a RawValue>,
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

    /// The features of these names; lists and objects have no value to tell rows apart by.
    pub(crate) fn features(&self, names: &[String]) -> Columns {
        let read = self.features.map(|raw| serde_json::from_str(raw.get()));
        let all: BTreeMap<String, &RawValue> = read.and_then(Result::ok).unwrap_or_default();
        let scalar = |name: &String| match serde_json::from_str(all.get(name.as_str())?.get()).ok()? {
            JsonScalar::Null => None,
            JsonScalar::Text(text) => Some((name.clone(), text)),
            plain => Some((name.clone(), plain.value().to_string())),
        };
        Columns(names.iter().filter_map(scalar).collect())
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
