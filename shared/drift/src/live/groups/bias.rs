//! What a look finds of the gate's groups.

use serde::{Deserialize, Serialize};

use super::{GroupSource, LiveGroup};
use pawl_gate::policy::{Consequence, Measure};

/// The groups in production against the champion's holdout.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BiasDrift {
    /// The worst of all comparisons that a rule of the gate with another action than `warn` holds.
    pub verdict: GroupStanding,
    /// Why, in plain words.
    pub reason: String,
    /// The error of each share's interval, over all looks together: `monitor.quality.alpha` over the number
    /// of shares, so that all intervals hold together. None where nothing is compared.
    pub share_alpha: Option<f64>,
    /// Each grouping.
    pub groupings: Vec<GroupingBias>,
    /// What is not watched, and why.
    #[serde(default)]
    pub left_out: Vec<String>,
}

/// One grouping.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GroupingBias {
    /// Its columns, joined by ` & `.
    pub grouping: String,
    /// Where rows say which group they are of.
    pub source: GroupSource,
    /// The group that all others are held against: the one that the champion selected most of on its
    /// holdout. None where fewer than two groups had enough rows there.
    pub reference: Option<String>,
    /// The groups, with what was counted live.
    pub groups: Vec<LiveGroup>,
    /// Rows of values that are not watched.
    pub other: u64,
    /// Rows that name no group.
    pub unknown: u64,
    /// Every other group under every measure.
    pub measures: Vec<GroupMeasure>,
}

/// One group under one of Clarify's measures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GroupMeasure {
    /// What is measured.
    pub measure: Measure,
    /// The group; the grouping's reference is the other side.
    pub group: String,
    /// The value on the champion's holdout.
    pub holdout: Option<f64>,
    /// The live value; none where there is nothing to divide by.
    pub value: Option<f64>,
    /// Its interval, valid at every look at once; none before there are rows, and where a ratio has no end.
    pub interval: Option<(f64, f64)>,
    /// How far from fair it may be ([`Measure::unfairness`]): as far as on the holdout and the rule's
    /// tolerance further, or what the rule takes for acceptable. None where no rule names the measure.
    pub allowed: Option<f64>,
    /// What the gate does by that rule.
    pub action: Option<Consequence>,
    /// What it came to.
    pub standing: GroupStanding,
}

/// How a group stands. Only `holds` is a pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GroupStanding {
    /// The whole interval lies within what is allowed.
    Holds,
    /// The whole interval lies beyond what is allowed: bias drift.
    Worse,
    /// The interval holds both: more rows are needed.
    Undecided,
    /// Fewer live rows than the gate asks of a group.
    TooFew,
    /// No rule of the gate names the measure: its interval is told.
    Told,
    /// It cannot be watched.
    NotWatched(Unwatched),
}

/// Why something is not watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unwatched {
    /// The group or its reference had too few rows on the champion's holdout, or no value.
    HoldoutTooSmall,
    /// More answers were lost than `monitor.quality.max_lost` allows.
    AnswersLost,
    /// Nothing is left of the champion's holdout to hold live rows against.
    NoHoldout,
    /// No grouping has two groups to compare under a rule that can be watched.
    NothingToCompare,
}

impl GroupMeasure {
    /// Whether the gate's policy makes a finding of it.
    pub(super) fn is_held(&self) -> bool {
        matches!(self.action, Some(Consequence::Block | Consequence::Ask))
    }

    fn is_judged(&self) -> bool {
        matches!(self.standing, GroupStanding::Holds | GroupStanding::Worse | GroupStanding::Undecided)
    }
}

impl BiasDrift {
    /// Groups are named, and the scores of the champion's holdout are gone.
    pub fn without_holdout() -> Self {
        Self {
            verdict: GroupStanding::NotWatched(Unwatched::NoHoldout),
            reason: "Groups are not watched: the scores of the champion\u{2019}s holdout are gone."
                .to_owned(),
            share_alpha: None,
            groupings: Vec::new(),
            left_out: Vec::new(),
        }
    }

    fn held(&self) -> impl Iterator<Item = (&GroupingBias, &GroupMeasure)> {
        let all = self.groupings.iter().flat_map(|of| of.measures.iter().map(move |measure| (of, measure)));
        all.filter(|(_, measure)| measure.is_held())
    }

    /// The findings, by name: `DI of sex f`.
    pub fn worse(&self) -> Vec<String> {
        let worse = self.held().filter(|(_, measure)| measure.standing == GroupStanding::Worse);
        worse.map(|(of, m)| format!("{} of {} {}", m.measure.as_str(), of.grouping, m.group)).collect()
    }

    /// The share of the comparisons that were judged which are worse than allowed, for an alarm; none where
    /// none was judged.
    pub fn level(&self) -> Option<f64> {
        let judged = self.held().filter(|(_, measure)| measure.is_judged()).count();
        (judged > 0).then(|| self.worse().len() as f64 / judged as f64)
    }
}
