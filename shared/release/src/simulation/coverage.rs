//! What schedules came upon.

use std::collections::BTreeMap;
use std::fmt;

use crate::DecisionRule;

/// What a schedule came upon: worlds that no longer reach something test less than they seem to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Coverage {
    counts: BTreeMap<&'static str, u64>,
    rules: BTreeMap<DecisionRule, u64>,
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
const MUST_RULES: &[DecisionRule] = &[
    DecisionRule::Stale,
    DecisionRule::AlreadyRollingBack,
    DecisionRule::Granted,
    DecisionRule::Held,
    DecisionRule::Abandoned,
    DecisionRule::ConfirmAlarm,
    DecisionRule::Unconfirmed,
    DecisionRule::CompareFleets,
    DecisionRule::QueueIntent,
    DecisionRule::Watch,
    DecisionRule::AskPerson,
    DecisionRule::TrialWon,
    DecisionRule::Promoted,
    DecisionRule::RollBack,
    DecisionRule::RolledBack,
    DecisionRule::GuardrailRolledBack,
    DecisionRule::Retry,
    DecisionRule::GaveUp,
    DecisionRule::NoTarget,
    DecisionRule::Paged,
    DecisionRule::SharedCause,
    DecisionRule::PackageRejected,
    DecisionRule::Frozen,
    DecisionRule::Unfrozen,
    DecisionRule::Forced,
    DecisionRule::TryLater,
];

impl Coverage {
    pub(super) fn count(&mut self, what: &'static str) {
        *self.counts.entry(what).or_default() += 1;
    }

    pub(super) fn has(&self, what: &'static str) -> bool {
        self.counts.contains_key(what)
    }

    pub(super) fn came_to(&self, rule: DecisionRule) -> bool {
        self.rules.contains_key(&rule)
    }

    pub(super) fn rule(&mut self, rule: DecisionRule) {
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
