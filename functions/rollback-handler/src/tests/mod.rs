//! Requests of the state machines and events, handled in memory: a store, an account and a clock that are
//! values.
#![allow(clippy::unwrap_used)]

mod account;
mod alarms;
mod deploying;
mod play;
mod regions;
mod requests;
mod rounds;
mod smoke;
mod upkeep;
