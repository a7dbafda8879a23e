//! One of several classes: who is right, and which class is taken for which.

mod inference;
mod measures;
mod names;
mod rows;
mod sums;

pub(super) use rows::Multiclass;
