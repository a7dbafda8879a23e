//! What schedules came upon.

use std::collections::BTreeMap;
use std::fmt;

use crate::ReleaseRule;

/// What a schedule came upon: worlds that no longer reach something test less than they seem to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Coverage {
    counts: BTreeMap<&'static str, u64>,
    rules: BTreeMap<ReleaseRule, u64>,
}

/// What ten thousand schedules must have come upon.
const MUST: &[&str] = &[
    "conflict",
    "write without an answer",
    "throttled",
    "call killed",
    "call timed out",
    "update done",
    "update silently undone",
    "endpoint failed",
    "update rollback failed",
    "promoted",
    "rolled back",
    "abandoned",
    "unproven",
    "upkeep",
    "trial better",
    "trial worse",
    "trial open",
    "trial undecided",
    "target deleted",
    "run died",
    "console",
    "maintenance",
];
const MUST_RULES: &[ReleaseRule] = &[
    ReleaseRule::Stale,
    ReleaseRule::AlreadyRollingBack,
    ReleaseRule::Granted,
    ReleaseRule::Held,
    ReleaseRule::Abandoned,
    ReleaseRule::ConfirmAlarm,
    ReleaseRule::Unconfirmed,
    ReleaseRule::CompareFleets,
    ReleaseRule::QueueIntent,
    ReleaseRule::Watch,
    ReleaseRule::AskPerson,
    ReleaseRule::TrialWon,
    ReleaseRule::Promoted,
    ReleaseRule::RollBack,
    ReleaseRule::RolledBack,
    ReleaseRule::GuardrailRolledBack,
    ReleaseRule::Retry,
    ReleaseRule::GaveUp,
    ReleaseRule::NoTarget,
    ReleaseRule::Paged,
    ReleaseRule::SharedCause,
    ReleaseRule::PackageRejected,
    ReleaseRule::Frozen,
    ReleaseRule::Unfrozen,
    ReleaseRule::Forced,
    ReleaseRule::TryLater,
];

impl Coverage {
    pub(super) fn count(&mut self, what: &'static str) {
        *self.counts.entry(what).or_default() += 1;
    }

    pub(super) fn has(&self, what: &'static str) -> bool {
        self.counts.contains_key(what)
    }

    pub(super) fn came_to(&self, rule: ReleaseRule) -> bool {
        self.rules.contains_key(&rule)
    }

    pub(super) fn rule(&mut self, rule: ReleaseRule) {
        *self.rules.entry(rule).or_default() += 1;
    }

    pub(super) fn add(&mut self, other: &Self) {
        other.counts.iter().for_each(|(what, n)| *self.counts.entry(what).or_default() += n);
        other.rules.iter().for_each(|(rule, n)| *self.rules.entry(*rule).or_default() += n);
    }

    pub(super) fn missing(&self) -> Vec<String> {
        let counts = MUST.iter().filter(|what| !self.has(what)).map(ToString::to_string);
        // Duplicates and late comers change nothing, so they leave no audit to count.
        let rules = MUST_RULES.iter().filter(|rule| !self.rules.contains_key(rule));
        counts.chain(rules.map(|rule| format!("{rule:?}"))).collect()
    }
}

impl fmt::Display for Coverage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = self.counts.iter().map(|(what, n)| format!("{what} {n}"));
        let rules = self.rules.iter().map(|(rule, n)| format!("{rule:?} {n}"));
        f.write_str(&counts.chain(rules).collect::<Vec<_>>().join(", "))
    }
}
