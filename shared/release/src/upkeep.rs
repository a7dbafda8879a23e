//! Autoscaling and garbage collection around an endpoint, done after each release. The document is an order:
//! the state machine `upkeep` carries it out, and notifies people if that fails.
//!
//! ```
//! use pawl_release::upkeep::Upkeep;
//!
//! let order = r#"{"model": "bike", "at": "2026-11-20T08:00:00Z", "scaling": null}"#;
//! let upkeep: Upkeep = serde_json::from_str(order)?;
//! assert_eq!((upkeep.region, upkeep.scaling), (None, None));
//! # Ok::<(), serde_json::Error>(())
//! ```

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::autoscaling::Scaling;
use pawl_base::names::{ModelName, RegionName};

/// The document `upkeep/<model>.json`, or `upkeep/<model>/<region>.json` for a further region. Each writing
/// of it starts the state machine, which acts on what stands there then.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Upkeep {
    /// The model.
    pub model: ModelName,
    /// The further region; `None` at home.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<RegionName>,
    /// When it was ordered.
    pub at: Timestamp,
    /// What Application Auto Scaling shall hold; `None` leaves it alone.
    pub scaling: Option<Scaling>,
}
