//! What is around the endpoint, looked after once a release has come to rest: autoscaling and garbage. The document is an order;
//! the state machine `upkeep` carries it out, since its calls would cost the functions megabytes.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::autoscaling::Scaling;
use crate::names::ModelName;

/// The document `upkeep/<model>.json`. Each writing of it starts the state machine, which acts on what stands there then.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Upkeep {
    /// The model.
    pub model: ModelName,
    /// When it was ordered.
    pub at: Timestamp,
    /// What Application Auto Scaling shall hold; `None` leaves it alone.
    pub scaling: Option<Scaling>,
}
