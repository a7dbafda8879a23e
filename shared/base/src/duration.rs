//! A length of time as people write it in `pipeline.yaml`: `90s`, `10m`, `6h`, `1d`.
//!
//! ```
//! use pawl_base::duration::Duration;
//!
//! let lease: Duration = "90s".parse()?;
//! assert_eq!(lease.as_secs(), 90);
//! assert_eq!(Duration::seconds(7_200).to_string(), "2h");
//! assert!("1.5h".parse::<Duration>().is_err());
//! # Ok::<(), pawl_base::duration::DurationError>(())
//! ```

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use jiff::SignedDuration;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// A whole number of seconds, at most ten years.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Duration(u64);

const TEN_YEARS: u64 = 10 * 366 * 86_400;
const UNITS: [(char, u64); 4] = [('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)];

/// A text that is no length of time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is no length of time: write a whole number and a unit, at most ten years, like 90s, 10m, 6h or 1d"
)]
pub struct DurationError(String);

impl Duration {
    /// This many seconds; more than ten years becomes ten years.
    pub const fn seconds(seconds: u64) -> Self {
        Self(if seconds > TEN_YEARS { TEN_YEARS } else { seconds })
    }

    /// The length in seconds.
    pub const fn as_secs(self) -> u64 {
        self.0
    }

    /// The length as jiff has it, to add to a time or take from it.
    pub const fn signed(self) -> SignedDuration {
        SignedDuration::from_secs(self.0.cast_signed())
    }
}

impl FromStr for Duration {
    type Err = DurationError;

    fn from_str(text: &str) -> Result<Self, DurationError> {
        let error = || DurationError(text.to_owned());
        let unit = text.chars().last().ok_or_else(error)?;
        let (_, seconds) = UNITS.iter().find(|(name, _)| *name == unit).ok_or_else(error)?;
        let count: u64 = text[..text.len() - unit.len_utf8()].trim_end().parse().map_err(|_| error())?;
        let total = count.checked_mul(*seconds).filter(|total| *total <= TEN_YEARS).ok_or_else(error)?;
        Ok(Self(total))
    }
}

impl TryFrom<String> for Duration {
    type Error = DurationError;

    fn try_from(text: String) -> Result<Self, DurationError> {
        text.parse()
    }
}

impl From<Duration> for String {
    fn from(length: Duration) -> Self {
        length.to_string()
    }
}

impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whole = UNITS.iter().find(|(_, seconds)| self.0 >= *seconds && self.0.is_multiple_of(*seconds));
        let (unit, seconds) = whole.unwrap_or(&('s', 1));
        write!(f, "{}{unit}", self.0 / seconds)
    }
}

impl JsonSchema for Duration {
    fn schema_name() -> Cow<'static, str> {
        "Duration".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let examples = ["90s", "10m", "6h", "1d"];
        json_schema!({ "type": "string", "pattern": "^[0-9]+ *[smhd]$", "examples": examples })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_what_people_write() {
        for (text, seconds) in [("90s", 90), ("10m", 600), ("6 h", 21_600), ("1d", 86_400), ("0s", 0)] {
            assert_eq!(text.parse(), Ok(Duration(seconds)));
        }
        for bad in ["", "10", "m", "-1s", "1.5h", "10 weeks", "4000d", "99999999999999999999s", "1é"] {
            assert!(bad.parse::<Duration>().is_err(), "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn printing_and_reading_agree(seconds in 0..=TEN_YEARS) {
            prop_assert_eq!(Duration(seconds).to_string().parse(), Ok(Duration(seconds)));
        }
    }
}
