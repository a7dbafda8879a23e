//! How both models served, as a judgement lists it.

use serde::{Deserialize, Serialize};

/// How both models served, as far as it was measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ServiceFinding {
    /// `None` for a first model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub champion: Option<Served>,
    /// The model that wants to serve.
    pub challenger: Served,
}

/// How one model served.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Served {
    /// Rows it was asked.
    pub rows: u64,
    /// Rows without an answer; `None` where failures were not measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<u64>,
    /// Answers whose latency was measured.
    pub measured: u64,
    /// Their median, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p50_ms: Option<f64>,
    /// Their 99th percentile, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p99_ms: Option<f64>,
}
