//! When a pipeline starts by the clock, as people know it from EventBridge: `rate(1 day)`, or `cron(0 6 ? *
//! MON-FRI *)` with a time zone behind it.
//!
//! Times are slots: the round asks for the newest slot that is over, so that a slot is one trigger however
//! often it is told, and missed slots are one run.
//!
//! ```
//! use pawl::pipeline::Schedule;
//!
//! let daily: Schedule = "cron(30 6 * * ? *) Europe/Berlin".parse()?;
//! let slot = daily.newest("2026-12-01T10:00:00Z".parse()?);
//! assert_eq!(slot.map(|slot| slot.to_string()).as_deref(), Some("2026-12-01T05:30:00Z"));
//! assert!("cron(30 6 30 2 ? *)".parse::<Schedule>().is_err(), "no February has 30 days");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod cron;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use schemars::{JsonSchema, Schema as JsonSchemaValue, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use cron::Cron;

/// The shortest time between two slots: the round comes every five minutes.
const SHORTEST_SECONDS: i64 = 300;

/// The longest rate.
const LONGEST_DAYS: i64 = 366;

/// When a pipeline starts by the clock.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Schedule {
    text: String,
    when: When,
}

#[derive(Debug, Clone, PartialEq)]
enum When {
    /// Every so many seconds, counted from 1970 on.
    Rate(i64),
    /// Minutes of a calendar in a time zone.
    Cron(Box<Cron>, TimeZone),
}

/// A text that is no schedule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("schedule {text:?}: {reason}")]
pub struct ScheduleError {
    text: String,
    reason: String,
}

impl Schedule {
    /// The newest slot that is not after `now`; `None` where there was none within five years.
    pub fn newest(&self, now: Timestamp) -> Option<Timestamp> {
        match &self.when {
            When::Rate(seconds) => {
                Timestamp::from_second(now.as_second().div_euclid(*seconds) * seconds).ok()
            }
            When::Cron(cron, zone) => cron.newest(now, zone),
        }
    }

    /// The first slot after `now`; `None` where none comes within five years.
    pub fn next(&self, now: Timestamp) -> Option<Timestamp> {
        match &self.when {
            When::Rate(seconds) => {
                Timestamp::from_second((now.as_second().div_euclid(*seconds) + 1) * seconds).ok()
            }
            When::Cron(cron, zone) => cron.next(now, zone),
        }
    }
}

impl FromStr for Schedule {
    type Err = ScheduleError;

    fn from_str(text: &str) -> Result<Self, ScheduleError> {
        let error = |reason: String| ScheduleError { text: text.to_owned(), reason };
        let form = || {
            error(
                "write rate(1 day), or cron(MINUTE HOUR DAY MONTH WEEKDAY YEAR) with a time zone behind it, \
                   as Europe/Berlin; without one it is UTC"
                    .to_owned(),
            )
        };
        let (kind, rest) = text.trim().split_once('(').ok_or_else(form)?;
        let (inner, zone) = rest.split_once(')').ok_or_else(form)?;
        let zone = zone.trim();
        let when = match kind {
            "rate" if zone.is_empty() => When::Rate(rate(inner).map_err(error)?),
            "rate" => return Err(error("a rate takes no time zone: slots are counted in UTC".to_owned())),
            "cron" => {
                let cron = Cron::parse(inner).map_err(error)?;
                let name = if zone.is_empty() { "UTC" } else { zone };
                let zone = TimeZone::get(name)
                    .map_err(|_| error(format!("{name:?} is no time zone; write one as Europe/Berlin")))?;
                When::Cron(Box::new(cron), zone)
            }
            _ => return Err(form()),
        };
        Ok(Self { text: text.trim().to_owned(), when })
    }
}

/// The seconds of a rate such as `5 minutes`.
fn rate(text: &str) -> Result<i64, String> {
    let wanted = || "write a whole number and minutes, hours or days, as rate(12 hours)".to_owned();
    let (count, unit) = text.trim().split_once(' ').ok_or_else(wanted)?;
    let count: i64 = count.parse().map_err(|_| wanted())?;
    let seconds = match unit.trim() {
        "minute" | "minutes" => 60,
        "hour" | "hours" => 3_600,
        "day" | "days" => 86_400,
        _ => return Err(wanted()),
    };
    let seconds = count.checked_mul(seconds).ok_or_else(wanted)?;
    if !(SHORTEST_SECONDS..=LONGEST_DAYS * 86_400).contains(&seconds) {
        return Err(format!("from 5 minutes, how often pipelines are looked at, to {LONGEST_DAYS} days"));
    }
    Ok(seconds)
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl TryFrom<String> for Schedule {
    type Error = ScheduleError;

    fn try_from(text: String) -> Result<Self, ScheduleError> {
        text.parse()
    }
}

impl From<Schedule> for String {
    fn from(schedule: Schedule) -> Self {
        schedule.text
    }
}

impl JsonSchema for Schedule {
    fn schema_name() -> Cow<'static, str> {
        "Schedule".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> JsonSchemaValue {
        let examples = ["rate(1 day)", "cron(0 6 ? * MON-FRI *) Europe/Berlin"];
        json_schema!({ "type": "string", "pattern": "^(rate|cron)\\([^)]*\\)", "examples": examples })
    }
}
