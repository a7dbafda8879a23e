//! Exact sums block by block, and what resampling the blocks says of a statistic.

mod cells;
mod dictionary;
mod groups;
mod resample;
mod reservoir;

pub(crate) use cells::{Cells, Matrix, Sums, slot, sum};
pub(crate) use groups::GroupCounter;
pub(crate) use resample::{BlockSums, LANES, LEAST_BLOCKS, Resampled, Resamples};
pub(crate) use reservoir::Reservoir;
