//! How the models responded to a row: how long an answer took, and whether there was one.

use super::value::{RowPart, RowValue, Unfit};

/// How one model served one row. `None` was not measured.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Response {
    /// How long the answer took, in milliseconds.
    pub latency_ms: Option<f64>,
    /// Whether there was none.
    pub failed: Option<bool>,
}

impl Response {
    /// What a table says: milliseconds, and 0 or 1 for a failure. An empty latency was not measured, an
    /// empty mark is none.
    pub(crate) fn read(latency: Option<RowValue<'_>>, failed: Option<RowValue<'_>>) -> Result<Self, Unfit> {
        let empty = |value: RowValue<'_>| matches!(value, RowValue::Null | RowValue::Text(""));
        let latency = latency.filter(|value| !empty(*value));
        let latency_ms =
            latency.map(|value| value.number().ok_or_else(|| Unfit::new(RowPart::Latency, value, LATENCY)));
        let failed = failed.map(|value| match value {
            value if empty(value) => Ok(false),
            value => value.truth().ok_or_else(|| {
                Unfit::new(RowPart::Failure, value, "0 or 1 says whether there was no answer")
            }),
        });
        Ok(Self { latency_ms: latency_ms.transpose()?, failed: failed.transpose()? })
    }
}

pub(crate) const LATENCY: &str = "a latency is a number of milliseconds, 0 or more";

/// Whether both models answered a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Responses {
    /// Both did: the row tells which answers better.
    Both,
    /// One of them did not: the row counts among the failures alone.
    Missing,
}
