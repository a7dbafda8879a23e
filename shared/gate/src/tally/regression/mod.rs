//! A number: losses, their differences, and what they depend on.

mod inference;
mod rows;
mod sums;

pub(super) use rows::Regression;
