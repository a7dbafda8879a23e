//! The alarms that watch one config, and the lint that refuses alarms which could never trip.
//!
//! ```
//! use pawl_release::AlarmPolicy;
//! use pawl_release::alarms::for_config;
//!
//! let alarms = for_config(&AlarmPolicy::default(), "bike", &"bike-7".into());
//! let names: Vec<&str> = alarms.iter().map(|alarm| alarm.alarm_name.as_str()).collect();
//! assert_eq!(names, ["pawl-bike-7-errors", "pawl-bike-7-latency"]);
//! ```

mod lint;
mod spec;

pub use lint::{Lint, lint};
pub use spec::{AlarmSpec, for_config, for_deployment, on_traffic, response};
pub(crate) use spec::{every_name, names, watches_releases, window};
