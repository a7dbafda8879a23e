//! Live counts against the holdout's, at any look.
//!
//! Each share of each group has an interval that holds at every look at once, at the level over the number
//! of shares. By the union bound all of them hold together, and with them everything that is computed of
//! them. How many there are, and which group is the reference, is fixed by the holdout.
//!
//! The interval is the exact one for shares, not the asymptotic one of live quality: at such small levels
//! that one misses rare shares up to forty times as often as it may.

use super::bias::{BiasDrift, GroupMeasure, GroupStanding, GroupingBias, Unwatched};
use super::tally::{GroupShare, range, share_of, unfairness, value};
use super::{GroupSource, GroupTally, LiveGroup, LiveGrouping, LiveGroups, MAX_GROUPINGS};
use pawl_gate::policy::{Consequence, FairnessPolicy, Measure};
use pawl_stats::sequential::share_interval;

/// The most findings that a reason names.
const NAMED: usize = 5;

/// What live counts are held to.
#[derive(Clone, Copy)]
pub(crate) struct Bounds<'a> {
    /// The gate's part, of the champion's own policy.
    pub(crate) fairness: &'a FairnessPolicy,
    /// The error of all intervals, over all looks together.
    pub(crate) alpha: f64,
    /// Too many answers were lost to say anything that rests on their truth.
    pub(crate) is_lossy: bool,
}

impl LiveGroups {
    /// Holds what was counted so far against the champion's holdout.
    pub(crate) fn judge(&self, holdout: &Self, bounds: Bounds<'_>) -> BiasDrift {
        let pairs = || self.groupings.iter().zip(&holdout.groupings);
        let shares: u64 = pairs().map(|(_, then)| then.shares(bounds.fairness)).sum();
        let share_alpha = (shares > 0).then(|| bounds.alpha / shares as f64);
        let level = share_alpha.unwrap_or(bounds.alpha);
        let groupings: Vec<GroupingBias> =
            pairs().map(|(now, then)| now.judge(then, Bounds { alpha: level, ..bounds })).collect();
        let left_out = self.not_watched(&groupings, bounds.fairness);
        let verdict = verdict(&groupings);
        let mut bias = BiasDrift { verdict, reason: String::new(), share_alpha, groupings, left_out };
        bias.reason = reason(&bias);
        bias
    }

    /// What is not watched, in plain words.
    fn not_watched(&self, groupings: &[GroupingBias], fairness: &FairnessPolicy) -> Vec<String> {
        let beyond = self.left_out.iter();
        let beyond =
            beyond.map(|name| format!("{name}: only the first {MAX_GROUPINGS} groupings are watched"));
        let few = groupings.iter().filter(|of| of.reference.is_none()).map(|of| {
            let least = fairness.minimum_rows;
            let name = &of.grouping;
            format!(
                "{name}: fewer than two groups have {least} rows or more in the champion\u{2019}s holdout"
            )
        });
        let rules = fairness.rules.iter().filter(|rule| share_of(rule.measure).is_none());
        let rules = rules
            .map(|rule| format!("{} is no difference or ratio of two shares of rows", rule.measure.as_str()));
        beyond.chain(few).chain(rules).collect()
    }
}

impl LiveGrouping {
    /// On the holdout: the groups with enough rows.
    fn supported(&self, fairness: &FairnessPolicy) -> impl Iterator<Item = &LiveGroup> {
        self.groups.iter().filter(|group| group.tally.rows >= fairness.minimum_rows.max(1))
    }

    /// On the holdout: the group that the champion selected most of, the first of several; none where there
    /// are not two to compare.
    fn reference(&self, fairness: &FairnessPolicy) -> Option<&LiveGroup> {
        let share = |group: &LiveGroup| group.tally.selected as f64 / group.tally.rows as f64;
        let most = |best, group| if share(group) > share(best) { group } else { best };
        self.supported(fairness).nth(1)?;
        self.supported(fairness).reduce(most)
    }

    /// How many intervals a look rests on.
    fn shares(&self, fairness: &FairnessPolicy) -> u64 {
        match self.reference(fairness) {
            Some(_) => self.supported(fairness).count() as u64 * GroupShare::COUNT,
            None => 0,
        }
    }

    fn judge(&self, holdout: &Self, bounds: Bounds<'_>) -> GroupingBias {
        let reference = holdout.reference(bounds.fairness);
        let named = |name: &str| self.groups.iter().find(|group| group.value == name);
        let against =
            reference.and_then(|then| Some(Pair { now: &named(&then.value)?.tally, then: &then.tally }));
        let others =
            holdout.groups.iter().filter(|group| reference.is_some_and(|of| of.value != group.value));
        let measures = others.flat_map(|then| {
            let group = named(&then.value).map(|now| Pair { now: &now.tally, then: &then.tally });
            let sides = against.zip(group);
            let watched = Measure::ALL.into_iter().filter_map(|measure| Some((measure, share_of(measure)?)));
            watched.filter_map(move |(measure, share)| {
                let (reference, group) = sides?;
                // What requests alone tell needs no truth, and loses none.
                let needs_truth = share != GroupShare::Selected || self.source == GroupSource::Truth;
                let bounds = Bounds { is_lossy: bounds.is_lossy && needs_truth, ..bounds };
                Some(compare((measure, share), &then.value, reference, group, bounds))
            })
        });
        GroupingBias {
            grouping: self.name(),
            source: self.source,
            reference: reference.map(|group| group.value.clone()),
            groups: self.groups.clone(),
            other: self.other,
            unknown: self.unknown,
            measures: measures.collect(),
        }
    }
}

/// A group's counts, live and on the holdout.
#[derive(Clone, Copy)]
struct Pair<'a> {
    now: &'a GroupTally,
    then: &'a GroupTally,
}

/// One group against its reference under one measure.
fn compare(
    (measure, share): (Measure, GroupShare),
    name: &str,
    reference: Pair<'_>,
    group: Pair<'_>,
    bounds: Bounds<'_>,
) -> GroupMeasure {
    let of = |a: &GroupTally, d: &GroupTally| {
        let part = |tally| {
            let (hits, rows) = share.of(tally);
            (rows > 0).then(|| hits as f64 / rows as f64)
        };
        Some(value(measure, part(a)?, part(d)?)).filter(|value| value.is_finite())
    };
    let interval = |tally| {
        let (hits, rows) = share.of(tally);
        share_interval(hits, rows, bounds.alpha)
    };
    let within = interval(reference.now).zip(interval(group.now)).map(|(a, d)| range(measure, a, d));
    let holdout = of(reference.then, group.then);
    let (allowed, action) = holdout.and_then(|then| allowed(measure, then, bounds.fairness)).unzip();
    let least = match share {
        GroupShare::Recall => bounds.fairness.minimum_positives,
        _ => bounds.fairness.minimum_rows,
    };
    let enough = |a: &GroupTally, d: &GroupTally| share.of(a).1.min(share.of(d).1) >= least.max(1);
    let standing = if bounds.is_lossy {
        GroupStanding::NotWatched(Unwatched::AnswersLost)
    } else if holdout.is_none() || !enough(reference.then, group.then) {
        GroupStanding::NotWatched(Unwatched::HoldoutTooSmall)
    } else if !enough(reference.now, group.now) {
        GroupStanding::TooFew
    } else {
        match (allowed, within.map(|within| unfairness(measure, within))) {
            (None, _) => GroupStanding::Told,
            (Some(allowed), Some((least, _))) if least > allowed => GroupStanding::Worse,
            (Some(allowed), Some((_, most))) if most <= allowed => GroupStanding::Holds,
            _ => GroupStanding::Undecided,
        }
    };
    GroupMeasure {
        measure,
        group: name.to_owned(),
        holdout,
        value: of(reference.now, group.now),
        interval: within.filter(|(low, high)| low.is_finite() && high.is_finite()),
        allowed,
        action,
        standing,
    }
}

/// How far from fair a measure may be by the strictest rule that names it, and what that rule does.
fn allowed(measure: Measure, holdout: f64, fairness: &FairnessPolicy) -> Option<(f64, Consequence)> {
    let rules = fairness.rules.iter().filter(|rule| rule.measure == measure);
    let bound = rules.map(|rule| {
        let acceptable = rule.acceptable.map_or(0.0, |least| measure.allowance(least));
        ((measure.unfairness(holdout) + rule.tolerance).max(acceptable), rule.action)
    });
    bound.min_by(|(a, _), (b, _)| a.total_cmp(b))
}

/// The worst of the comparisons that a rule holds.
fn verdict(groupings: &[GroupingBias]) -> GroupStanding {
    let held = groupings.iter().flat_map(|of| &of.measures).filter(|measure| measure.is_held());
    let rank = |standing: &GroupStanding| match standing {
        GroupStanding::Worse => 5,
        GroupStanding::TooFew => 4,
        GroupStanding::Undecided => 3,
        GroupStanding::Holds => 2,
        GroupStanding::NotWatched(_) => 1,
        GroupStanding::Told => 0,
    };
    let worst = held.map(|measure| measure.standing).max_by_key(rank);
    worst.unwrap_or(GroupStanding::NotWatched(Unwatched::NothingToCompare))
}

/// The verdict in plain words, with the comparisons that made it.
fn reason(bias: &BiasDrift) -> String {
    let head = match bias.verdict {
        GroupStanding::Worse => "Groups are treated less fairly than on the champion\u{2019}s holdout",
        GroupStanding::TooFew => "Too few rows of some groups to say anything of them",
        GroupStanding::Undecided => {
            "Whether groups are treated as on the champion\u{2019}s holdout is not yet decided"
        }
        GroupStanding::Holds | GroupStanding::Told => {
            return "Groups are treated as on the champion\u{2019}s holdout, within what the gate allows."
                .to_owned();
        }
        GroupStanding::NotWatched(Unwatched::AnswersLost) => {
            return "Groups are not judged: too many answers were lost.".to_owned();
        }
        GroupStanding::NotWatched(_) => {
            let why = bias.left_out.first().map_or_else(String::new, |why| format!(" {why}."));
            return format!("Groups are not watched: nothing can be held to a rule of the gate.{why}");
        }
    };
    let of = |of: &GroupingBias, measure: &GroupMeasure| {
        let reference = of.reference.as_deref().unwrap_or_default();
        format!("{} {}", of.grouping, measure.words(reference))
    };
    let such = bias.groupings.iter().flat_map(|grouping| {
        let same = |measure: &&GroupMeasure| measure.is_held() && measure.standing == bias.verdict;
        grouping.measures.iter().filter(same).map(move |measure| of(grouping, measure))
    });
    let such: Vec<String> = such.collect();
    let more = match such.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!("; and {more} more"),
    };
    format!("{head}: {}{more}.", such.into_iter().take(NAMED).collect::<Vec<_>>().join("; "))
}

impl GroupMeasure {
    /// `DI of f to m is 0.6100, 0.5500 to 0.6800 at every look; 0.9500 on the holdout`.
    fn words(&self, reference: &str) -> String {
        let number = |value: Option<f64>| value.map_or_else(|| "undefined".to_owned(), |v| format!("{v:.4}"));
        let interval = match self.interval {
            Some((low, high)) => format!(", {low:.4} to {high:.4} at every look"),
            None => String::new(),
        };
        format!(
            "{} of {} to {reference} is {}{interval}; {} on the holdout",
            self.measure.as_str(),
            self.group,
            number(self.value),
            number(self.holdout)
        )
    }
}
