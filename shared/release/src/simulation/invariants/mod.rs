//! What must hold at every write, at every action, and at rest.

mod action;
mod audit;
mod deployment;
mod rest;
mod rollback;
mod write;
