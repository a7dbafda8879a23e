//! From counts to findings, and what a policy makes of them.

use std::collections::BTreeMap;

use super::finding::{GroupCounts, GroupFairness, MeasureChange};
use super::pre_training::PreTraining;
use crate::blocks::{BlockSums, Cells, GroupCounter, Resampled, Resamples, Sums, sum};
use crate::findings::{Check, Code, Reason};
use crate::policy::{Consequence, FairnessRule, Groups, Measure, Policy};
use crate::row::Against;

/// Sums that tell whom labels and models favour.
pub(crate) trait Favoured: Sums {
    /// GroupCounter in which the favourable outcome is positive.
    fn favoured(&self) -> Cells;
}

impl Favoured for Cells {
    fn favoured(&self) -> Cells {
        *self
    }
}

/// What fairness is assessed from.
pub(crate) struct Assessment<'a, C> {
    pub(crate) policy: &'a Policy,
    pub(crate) against: Against,
    /// GroupCounter by grouping, value and block.
    pub(crate) counts: &'a GroupCounter<C>,
    /// GroupCounter of all rows, by block.
    pub(crate) blocks: &'a [Cells],
    pub(crate) resamples: &'a Resamples,
}

/// One value of a grouping: its counts by block, and their sum.
struct Group<'a> {
    value: &'a str,
    blocks: Vec<Cells>,
    cells: Cells,
}

impl Group<'_> {
    fn label_rate(&self) -> f64 {
        let matrix = self.cells.challenger();
        matrix.positives() / matrix.rows()
    }
}

impl<C: Favoured> Assessment<'_, C> {
    /// Every grouping of the policy: what was found, and the reasons that follow.
    pub(crate) fn assess(&self) -> (BTreeMap<String, GroupFairness>, Vec<Reason>) {
        let (mut found, mut reasons) = (BTreeMap::new(), Vec::new());
        for groups in &self.policy.fairness.groups {
            found.insert(groups.name(), self.assess_grouping(groups, &mut reasons));
        }
        (found, reasons)
    }

    fn assess_grouping(&self, groups: &Groups, reasons: &mut Vec<Reason>) -> GroupFairness {
        let (name, rules) = (groups.name(), &self.policy.fairness);
        let all = self.groups(&groups.columns);
        let mut fairness = GroupFairness {
            groups: all.iter().map(|group| (group.value.to_owned(), self.count(&group.cells))).collect(),
            ..GroupFairness::default()
        };
        let total = sum(self.blocks);
        let Some(group) = self.disadvantaged(groups, &all, &total) else {
            let which = groups.disadvantaged.as_deref().unwrap_or("any group");
            let text = format!(
                "{which} of {name} has fewer than {} rows or {} positive rows, or the rest has",
                rules.minimum_rows, rules.minimum_positives
            );
            reasons.push(Reason::new(Check::Group(name), Code::GroupTooSmall, text));
            return fairness;
        };
        fairness.disadvantaged = Some(group.value.to_owned());
        let others = total.plus(&group.cells, -1.0);
        let of_labels = |measure: PreTraining| (measure, defined(measure.of(&others, &group.cells)));
        fairness.pre_training = PreTraining::ALL.into_iter().map(of_labels).collect();
        let sums = self.resamples.sums(&with_group(self.blocks, &group.blocks));
        for measure in Measure::ALL {
            let change = self.compare(measure, &others, &group.cells, &sums);
            if let Some(rule) = rules.rules.iter().find(|rule| rule.measure == measure) {
                reasons.push(check(rule, self.against, &name, group.value, &change));
            }
            fairness.measures.insert(measure, change);
        }
        fairness
    }

    fn groups(&self, columns: &[String]) -> Vec<Group<'_>> {
        let group = |(value, blocks): (_, &[C])| {
            let blocks: Vec<Cells> = blocks.iter().map(Favoured::favoured).collect();
            let cells = sum(&blocks);
            Group { value, blocks, cells }
        };
        self.counts.groups(columns).map(group).collect()
    }

    /// The group named, or the one whose labels are positive least often. `None` unless it and the rest have
    /// enough rows.
    fn disadvantaged<'g>(
        &self,
        groups: &Groups,
        all: &'g [Group<'g>],
        total: &Cells,
    ) -> Option<&'g Group<'g>> {
        let rules = &self.policy.fairness;
        let supported = |cells: &Cells| {
            let matrix = cells.challenger();
            let enough_positives = matrix.positives() >= rules.minimum_positives as f64;
            matrix.rows() >= rules.minimum_rows as f64 && enough_positives
        };
        let mut candidates =
            all.iter().filter(|group| supported(&group.cells) && supported(&total.plus(&group.cells, -1.0)));
        match &groups.disadvantaged {
            Some(named) => candidates.find(|group| group.value == named),
            None => candidates.min_by(|a, b| a.label_rate().total_cmp(&b.label_rate())),
        }
    }

    fn count(&self, cells: &Cells) -> GroupCounts {
        let (new, old) = (cells.challenger(), cells.champion());
        let share = |selected: f64| defined(selected / new.rows());
        GroupCounts {
            rows: new.rows() as u64,
            positives: new.positives() as u64,
            champion_selects: share(old.selected()).filter(|_| self.against == Against::Champion),
            challenger_selects: share(new.selected()),
        }
    }

    /// One measure of both models; `sums` are those of [`with_group`].
    fn compare(&self, measure: Measure, others: &Cells, group: &Cells, sums: &Resampled) -> MeasureChange {
        let challenger = defined(measure.of(&others.challenger(), &group.challenger()));
        if self.against == Against::Nobody {
            return MeasureChange {
                champion: None,
                challenger,
                change: None,
                interval: None,
                less_fair: None,
            };
        }
        let champion = defined(measure.of(&others.champion(), &group.champion()));
        let both = |sums: &[f64]| {
            let (all, group) = sums.split_at_checked(8).unwrap_or_default();
            let (all, group) = (Cells::of(all), Cells::of(group));
            let others = all.plus(&group, -1.0);
            let old = measure.of(&others.champion(), &group.champion());
            (measure.of(&others.challenger(), &group.challenger()), old)
        };
        let change = |sums: &[f64]| {
            let (new, old) = both(sums);
            new - old
        };
        let less_fair = |sums: &[f64]| {
            let (new, old) = both(sums);
            measure.unfairness(new) - measure.unfairness(old)
        };
        let alpha = self.policy.alpha;
        MeasureChange {
            champion,
            challenger,
            change: champion.zip(challenger).map(|(old, new)| new - old),
            interval: sums.interval(change, alpha).map(|found| found.interval),
            less_fair: sums.interval(less_fair, alpha).map(|found| found.interval),
        }
    }
}

fn defined(value: f64) -> Option<f64> {
    Some(value).filter(|value| value.is_finite())
}

/// What a rule makes of the change of its measure, for the group `value` of the grouping `name`.
fn check(rule: &FairnessRule, against: Against, name: &str, value: &str, change: &MeasureChange) -> Reason {
    let reason = |(code, text)| Reason::new(Check::Fairness(name.to_owned(), rule.measure), code, text);
    let of_group = format!("{} of {value}", rule.measure.as_str());
    let Some(new) = change.challenger else {
        return reason((Code::Undefined, format!("{of_group} is undefined: nothing to divide by")));
    };
    let unfairness = rule.measure.unfairness(new);
    if let Some(acceptable) = rule.acceptable
        && unfairness <= rule.measure.allowance(acceptable)
    {
        let text = format!("{of_group} is {new:.4}, acceptable from {acceptable}");
        return reason((Code::FairnessHeld, text));
    }
    let broken = match rule.action {
        Consequence::Block => Code::FairnessBroken,
        Consequence::Ask => Code::FairnessAsks,
        Consequence::Warn => Code::FairnessWarning,
    };
    reason(match against {
        Against::Nobody => {
            // Without an acceptable value and without a champion there is nothing to hold a value against.
            let code = if rule.acceptable.is_some() { broken } else { Code::FairnessHeld };
            (code, format!("{of_group} is {new:.4}"))
        }
        Against::Champion => against_champion(rule, broken, &of_group, new, change),
    })
}

/// A challenger's value that is not acceptable by itself, held against the champion's.
fn against_champion(
    rule: &FairnessRule,
    broken: Code,
    of_group: &str,
    new: f64,
    change: &MeasureChange,
) -> (Code, String) {
    match (change.champion, change.less_fair) {
        (Some(old), Some(worse)) => {
            let (code, means) = if worse.low > rule.tolerance {
                (broken, "less fair than the champion")
            } else {
                (Code::FairnessHeld, "not shown to be less fair than the champion")
            };
            let text = format!(
                "{means}: {of_group} is {new:.4}, the champion's {old:.4}; further from fair by {:+.4} to \
                 {:+.4}",
                worse.low, worse.high
            );
            (code, text)
        }
        // Both models select alike on every row: no interval, and no change.
        (Some(old), None) if old == new => {
            (Code::FairnessHeld, format!("{of_group} is {new:.4} for both models"))
        }
        _ => (Code::Undefined, format!("the change of {of_group} is undefined")),
    }
}

/// GroupCounter of all rows, then of one group of them, side by side for a statistic of both.
fn with_group(blocks: &[Cells], group: &[Cells]) -> BlockSums {
    let none = Cells::default();
    let pair = |(place, cells): (usize, &Cells)| [cells.0, group.get(place).unwrap_or(&none).0].concat();
    BlockSums::new(16, blocks.iter().enumerate().map(pair))
}
