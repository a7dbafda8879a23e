//! Counts that are written as whole numbers here and as `12.0` there.

use serde::de::Error;
use serde::{Deserialize, Deserializer};

/// Reads a count written either way.
pub(super) fn whole<'de, D: Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
    let number = f64::deserialize(from)?;
    if number >= 0.0 && number.fract() == 0.0 && number < 2f64.powi(63) {
        return Ok(number as u64);
    }
    Err(D::Error::custom(format!("{number} is no count")))
}

/// The same where it may be absent.
pub(super) fn whole_or_none<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u64>, D::Error> {
    whole(from).map(Some)
}
