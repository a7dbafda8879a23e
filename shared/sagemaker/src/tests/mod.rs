//! The SDK's requests as they go over the wire, against a server that answers one of them.
#![allow(clippy::unwrap_used)]

mod answers;
mod bodies;
mod server;
