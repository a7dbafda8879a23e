//! How much room a column has: what all columns of a table keep together is bounded, so that the columns
//! of a wide table keep less each.
//!
//! A table of up to 512 columns has all there is. Each doubling beyond makes the sketches of every column
//! coarser by one step, down to floors that keep them of use.

use super::kll::{K, RANK_ERROR};

/// Up to this many different values are counted exactly, in a table that is not wide.
pub const EXACT_LIMIT: usize = 2048;

/// Up to so many columns each has all the room there is.
const ORDINARY: usize = 512;

/// The coarsest step: tables of 16,385 columns and more.
pub(crate) const COARSEST: u8 = 6;

/// How coarse the sketches of a column are: 0 of an ordinary table, one more for each doubling of its
/// columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Coarseness(u8);

impl Coarseness {
    /// That of a table of so many columns.
    ///
    /// ```
    /// use pawl_data::profile::Coarseness;
    /// assert_eq!(Coarseness::of(512), Coarseness::default());
    /// assert_eq!(Coarseness::of(20_000).exact_values(), 32);
    /// ```
    pub fn of(columns: usize) -> Self {
        let doublings = columns.div_ceil(ORDINARY).max(1).next_power_of_two().ilog2();
        Self(u8::try_from(doublings).unwrap_or(COARSEST).min(COARSEST))
    }

    /// A step as it was saved.
    pub(crate) fn saved(step: u8) -> Option<Self> {
        (step <= COARSEST).then_some(Self(step))
    }

    /// The step, from 0.
    pub(crate) fn step(self) -> u8 {
        self.0
    }

    /// Whether nothing is coarser than usual.
    pub fn is_none(self) -> bool {
        self.0 == 0
    }

    /// Up to this many different values are counted exactly.
    pub fn exact_values(self) -> usize {
        EXACT_LIMIT >> self.0
    }

    /// How many candidates for the frequent texts are kept beyond that.
    pub(crate) fn frequent(self) -> usize {
        (256 >> self.0).max(8)
    }

    /// The capacity of the top level of a quantile sketch.
    pub(crate) fn quantile_items(self) -> usize {
        (K >> self.0).max(256)
    }

    /// The rank error of a quantile sketch, 0..=1, at 99 % confidence: 2.296 / k^0.9723.
    pub fn rank_error(self) -> f64 {
        if self.is_none() { RANK_ERROR } else { 2.296 / (self.quantile_items() as f64).powf(0.9723) }
    }

    /// How many registers a sketch of distinct values has, as a power of two.
    pub(crate) fn precision(self) -> u32 {
        12 - u32::from(self.0.min(3))
    }

    /// The standard error of an estimate of distinct values, 0..=1.
    pub fn distinct_error(self) -> f64 {
        1.04 / f64::from(1u32 << self.precision()).sqrt()
    }

    /// How many numbers are worked on at once.
    pub(crate) fn block(self) -> usize {
        (1024 >> self.0).max(128)
    }

    /// What is coarser than usual in a table of so many columns, in words; none in an ordinary one.
    pub fn note(self, columns: usize) -> Option<String> {
        (!self.is_none()).then(|| {
            format!(
                "{columns} columns, so that each keeps less: up to {} different values are counted \
                 exactly ({} in a table of up to {ORDINARY} columns); beyond them the number of different \
                 values errs by {:.1} %, and the rank of a quantile by at most {:.1} %",
                self.exact_values(),
                EXACT_LIMIT,
                self.distinct_error() * 100.0,
                self.rank_error() * 100.0
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_shrinks_with_each_doubling_and_never_below_its_floors() {
        let steps: Vec<u8> = [1, 512, 513, 1024, 1025, 5000, 16_384, 16_385, 20_000, 1_000_000]
            .map(|n| Coarseness::of(n).step())
            .into();
        assert_eq!(steps, [0, 0, 1, 1, 2, 4, 5, 6, 6, 6]);
        for step in 0..=COARSEST {
            let room = Coarseness(step);
            assert!(room.exact_values() >= 32 && room.frequent() >= 8 && room.rank_error() < 0.011);
            assert_eq!(Coarseness::saved(step), Some(room));
        }
        assert_eq!(Coarseness::saved(COARSEST + 1), None);
        assert_eq!((Coarseness(0).rank_error(), Coarseness(0).precision()), (RANK_ERROR, 12));
    }
}
