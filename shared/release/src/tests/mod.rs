#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod cells;
mod driving;
mod guarding;
mod table;
mod trials;
mod watching;
pub(crate) mod worlds;
