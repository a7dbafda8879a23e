//! What really happened in the simulated world, kept apart from the record.

use std::collections::{BTreeMap, BTreeSet};

use crate::ConfigName;
use pawl_base::names::{ContentHash, Generation};
use pawl_gate::live::LiveVerdict;
use pawl_ledger::events::DedupeKey;

/// What really happened, kept apart from the record.
#[derive(Debug, Default)]
pub(super) struct Truth {
    /// Configs that Pawl or SageMaker took out.
    pub taken_out: BTreeSet<ConfigName>,
    /// Datasets that Pawl quarantined.
    pub quarantined: BTreeSet<ContentHash>,
    /// The last call that acted, its action, and how often in a row.
    pub last_act: (String, String, u32),
    /// Whether a person let the next deployment begin, and none has since.
    pub passed: bool,
    /// When an alarm was last read as firing.
    pub read_firing: BTreeMap<String, i64>,
    /// Packages that a person rejected.
    pub rejected_by_person: BTreeSet<String>,
    /// Packages that a person rejected and Pawl heard of.
    pub rejected: BTreeSet<String>,
    /// Keys of what people did and Pawl took.
    pub heard: BTreeSet<DedupeKey>,
    /// Configs whose update SageMaker undid without a word.
    pub undone: BTreeSet<ConfigName>,
    /// Candidates whose update Pawl saw running.
    pub seen_updating: BTreeSet<ConfigName>,
    /// Grants that were given.
    pub granted: BTreeSet<Generation>,
    /// Whether the endpoint stood there before, made by somebody else.
    pub squatted: bool,
    /// Generations whose config somebody asked for by hand.
    pub console: bool,
    /// The generation that autoscaling and garbage were last ordered for.
    pub kept_up: Option<Generation>,
    /// What Pawl was last told of a trial.
    pub told: BTreeMap<ConfigName, LiveVerdict>,
    /// The stretch of time in which an alarm was on, by generation, before a promotion.
    pub forced: BTreeSet<Generation>,
}
