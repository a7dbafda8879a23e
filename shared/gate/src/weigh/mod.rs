//! From tests to reasons: which test speaks for which check, and what it may say.

mod counts;
mod evidence;
mod floors;
mod gain;
mod guards;
mod rows;
mod superiority;

pub(crate) use evidence::weigh;
