//! What latencies and failures mean for the challenger.

use super::finding::ServiceFinding;
use super::tally::ServiceTally;
use super::{errors, latency};
use crate::findings::Reason;
use crate::policy::{ErrorGuard, LatencyGuard, Policy, default_error_margin};
use crate::row::Against;

impl ServiceTally {
    /// What was measured, and the reasons that follow.
    pub(crate) fn finish(&self, policy: &Policy, against: Against) -> (Option<ServiceFinding>, Vec<Reason>) {
        let models = self.models(against);
        let timed = models.iter().any(|model| model.measured > 0);
        let watched = models.iter().any(|model| model.watched > 0);
        let mut reasons = Vec::new();
        let usual = [(0.5, 0.1), (0.99, 0.2)];
        let usual = usual.map(|(quantile, margin)| LatencyGuard { quantile, margin, at_most: None });
        let by_default: &[LatencyGuard] = if timed { &usual } else { &[] };
        for guard in policy.service.latency.as_deref().unwrap_or(by_default) {
            reasons.extend(latency::check(guard, self, policy.alpha, against));
        }
        let by_default = watched.then(|| ErrorGuard { margin: default_error_margin(), at_most: None });
        if let Some(guard) = policy.service.errors.as_ref().or(by_default.as_ref()) {
            reasons.extend(errors::check(guard, self, policy.alpha, against));
        }
        let service = (timed || watched).then(|| ServiceFinding {
            champion: (against == Against::Champion).then(|| self.champion.served()),
            challenger: self.challenger.served(),
        });
        (service, reasons)
    }
}
