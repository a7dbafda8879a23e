//! One release at its place: a model's at home, or in a further region.

use std::sync::atomic::{AtomicU64, Ordering};

use jiff::Timestamp;
use pawl::duration::Duration;
use pawl::edge::Notices;
use pawl::jobs::Owner;
use pawl::ledger::{Keys, Store};
use pawl::names::RegionName;
use pawl::release::{Caller, Policy};

use crate::edge::{Clock, Edge, Services};

/// Longer than the function's time limit of 45 s: while one call may still act, no other does. Shorter than
/// the minute after which Lambda gives a failed event again: it would meet the dead call's lease, and give
/// up.
const LEASE: Duration = Duration::seconds(50);

/// One release at its place, and what it acts with there. What is remembered and told stays at home, in
/// `edge`.
pub(crate) struct Site<'a, S: Store, A: Services, N: Notices> {
    pub(crate) edge: &'a Edge<S, A, N>,
    /// SageMaker and CloudWatch of the release's region.
    pub(crate) services: A,
    /// The keys of the release.
    pub(crate) keys: Keys,
    /// The policy that counts in the release's region.
    pub(crate) policy: Policy,
    pub(crate) now: Clock<'a>,
}

impl<'a, S: Store, A: Services, N: Notices> Site<'a, S, A, N> {
    /// The place where these keys lead to. `policy` is the section `release` of the model's `pipeline.yaml`.
    pub(crate) fn new(edge: &'a Edge<S, A, N>, keys: Keys, policy: Policy, now: Clock<'a>) -> Self {
        let policy = Policy { endpoint_metrics: edge.endpoint_metrics, ..policy };
        match keys.region().cloned() {
            None => Self { edge, services: edge.services.clone(), keys, policy, now },
            Some(region) => {
                let services = edge.services.in_region(&region);
                Self { edge, services, keys, policy: policy.in_region(), now }
            }
        }
    }

    /// How long ago that was.
    pub(crate) fn since(&self, then: Timestamp) -> Duration {
        let seconds = (self.now)().duration_since(then).as_secs();
        Duration::seconds(u64::try_from(seconds).unwrap_or(0))
    }

    /// Whose what stands at this place is.
    pub(crate) fn owner(&self) -> Owner<'_> {
        Owner { model: self.keys.model(), bucket: &self.edge.bucket }
    }

    /// The same model's release in a further region.
    pub(crate) fn in_region(&self, region: &RegionName) -> Self {
        Self::new(self.edge, self.keys.in_region(region), self.policy.clone(), self.now)
    }

    /// This call as the holder of a lease: its name is no other call's, on whatever machine.
    pub(crate) fn caller(&self) -> Caller {
        static CALLS: AtomicU64 = AtomicU64::new(0);
        let call = CALLS.fetch_add(1, Ordering::Relaxed);
        let id = format!("{}-{}-{call}", std::process::id(), (self.now)().as_nanosecond());
        Caller { id, lease: LEASE }
    }
}
