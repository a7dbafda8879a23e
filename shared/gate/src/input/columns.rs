//! Which columns of a table say what.

/// Which columns of a file say what.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TableColumns {
    /// The label: 0 or 1 (`false`, `true`), a class, or a number.
    pub label: String,
    /// What the challenger predicts.
    pub challenger: String,
    /// What the champion predicts; `None` for a first model.
    pub champion: Option<String>,
    /// How the challenger served.
    pub challenger_served: ServedColumns,
    /// How the champion served.
    pub champion_served: ServedColumns,
}

/// Which columns say how a model served; what has no column was not measured.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ServedColumns {
    /// Milliseconds.
    pub latency: Option<String>,
    /// 1 where there was no answer.
    pub error: Option<String>,
}
