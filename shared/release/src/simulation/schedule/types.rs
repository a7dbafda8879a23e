//! A schedule: the calls under way, and the runs that make them.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};

use super::super::world::World;
use crate::*;

/// A call of the rollback handler under way.
pub(in crate::simulation) struct Call {
    pub(in crate::simulation) future: Pin<Box<dyn Future<Output = Result<Reply, DriverError>> + Send>>,
    pub(in crate::simulation) begun: i64,
    pub(in crate::simulation) job: Job,
}

/// Why it was called, and what follows.
#[derive(Debug, Clone)]
pub(in crate::simulation) enum Job {
    Deliver { event: Event, tries: u8 },
    Run { run: usize },
    Reconcile,
}

/// An execution of the retraining state machine, from its Guard on.
#[derive(Debug, Clone)]
pub(in crate::simulation) struct Run {
    pub(in crate::simulation) candidate: Deployment,
    /// The config that it last asked for.
    pub(in crate::simulation) asked: ConfigName,
    pub(in crate::simulation) phase: Phase,
    pub(in crate::simulation) tries: u8,
    /// Step Functions tries its call for a minute: the last try comes before the permission ends.
    pub(in crate::simulation) tries_until: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::simulation) enum Phase {
    Guard,
    Deploy(Deploy),
    Failed,
    Observe,
    Watch,
    Over,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::simulation) enum Deploy {
    Create,
    Update,
}

pub(in crate::simulation) struct Schedule {
    pub(in crate::simulation) world: Arc<Mutex<World>>,
    pub(in crate::simulation) calls: Vec<Call>,
    pub(in crate::simulation) runs: Vec<Run>,
    pub(in crate::simulation) policy: Arc<Policy>,
    pub(in crate::simulation) made: u64,
    /// Functions that die, per mille of all awaits.
    pub(in crate::simulation) deaths: u64,
    pub(in crate::simulation) quiet: bool,
}
