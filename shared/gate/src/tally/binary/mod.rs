//! A binary label and the probability of its positive class.

mod inference;
mod matrix;
mod model;
mod ranking;
mod reliability;
mod rows;

pub(super) use rows::Binary;
