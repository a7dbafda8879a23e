//! A measured value, held to a bound.

use crate::findings::Code;
use pawl_stats::Interval;

/// What the interval of a value says of the most that the value may be.
pub(super) fn at_most(interval: Interval, most: f64) -> Code {
    if interval.high <= most {
        Code::FloorHeld
    } else if interval.low > most {
        Code::FloorBroken
    } else {
        Code::FloorUnproven
    }
}
