//! One schedule: who comes when, who is interrupted, who dies.

mod attempt;
mod calls;
mod people;
mod runs;
mod types;

pub(super) use attempt::run;
