//! The names under which metrics of an endpoint are published and found again.
//!
//! ```
//! use pawl_base::metrics::{Dimension, VARIANT};
//!
//! let variant = Dimension { name: "VariantName".to_owned(), value: VARIANT.to_owned() };
//! assert_eq!(variant.value, "AllTraffic");
//! ```

use serde::{Deserialize, Serialize};

/// SageMaker's name of the production variant that Pawl deploys; in a trial it is the champion's.
pub const VARIANT: &str = "AllTraffic";
/// The challenger's variant in a trial: a shadow, or a second production variant.
pub const CHALLENGER: &str = "Challenger";

/// The namespace of what the monitoring publishes, with the dimensions of the endpoint's own metrics.
pub const NAMESPACE: &str = "Pawl";
/// The gate's metric on what was served and has its true label by now, 0 to 1; higher is better.
pub const LIVE_QUALITY: &str = "LiveQuality";
/// The share of compared columns that drift in what was served, 0 to 1.
pub const DRIFTED_SHARE: &str = "DriftedShare";

/// The share of the comparisons of groups that were judged on what was served which are worse than allowed,
/// 0 to 1.
pub const WORSE_GROUPS: &str = "WorseGroups";

/// One dimension of a metric.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Dimension {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
}
