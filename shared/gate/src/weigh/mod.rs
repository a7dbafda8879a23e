//! From tests to reasons: which test speaks for which check, and what it may say.

mod balance;
mod counts;
mod evidence;
mod floors;
mod gain;
mod guards;
mod rows;
mod superiority;
mod threshold;

pub(crate) use balance::check as check_balance;
pub(crate) use evidence::weigh;
