//! From counts to findings, and what a policy makes of them.

use std::collections::BTreeMap;

use super::{Action, Change, FairnessRule, GroupCounts, GroupFairness, Groups, Measure, PreTraining};
use crate::cells::{Cells, Counts, Sums, sum};
use crate::pairs::Against;
use crate::policy::Policy;
use crate::resample::{Parts, Resampled, Resamples};
use crate::verdict::{Check, Code, Reason};

/// Sums that tell whom labels and models favour.
pub(crate) trait Favoured: Sums {
    /// Counts in which the favourable outcome is positive.
    fn favoured(&self) -> Cells;
}

impl Favoured for Cells {
    fn favoured(&self) -> Cells {
        *self
    }
}

/// Every grouping of the policy: what was found, and the reasons that follow.
pub(crate) fn assess<C: Favoured>(
    policy: &Policy,
    against: Against,
    counts: &Counts<C>,
    blocks: &[Cells],
    resamples: &Resamples,
) -> (BTreeMap<String, GroupFairness>, Vec<Reason>) {
    let (mut found, mut reasons) = (BTreeMap::new(), Vec::new());
    for groups in &policy.fairness.groups {
        let one = one_grouping(policy, against, counts, blocks, resamples, groups, &mut reasons);
        found.insert(groups.name(), one);
    }
    (found, reasons)
}

fn one_grouping<C: Favoured>(
    policy: &Policy,
    against: Against,
    counts: &Counts<C>,
    all_blocks: &[Cells],
    resamples: &Resamples,
    groups: &Groups,
    reasons: &mut Vec<Reason>,
) -> GroupFairness {
    let name = groups.name();
    let rules = &policy.fairness;
    let total = sum(all_blocks);
    let supported = |cells: &Cells| {
        let m = cells.challenger();
        m.rows() >= rules.minimum_rows as f64 && m.positives() >= rules.minimum_positives as f64
    };
    let of_group = |blocks: &[C]| blocks.iter().map(Favoured::favoured).collect::<Vec<Cells>>();
    let all: Vec<(&str, Vec<Cells>, Cells)> = counts
        .groups(&groups.columns)
        .map(|(value, blocks)| (value, of_group(blocks)))
        .map(|(value, blocks)| {
            let sum = sum(&blocks);
            (value, blocks, sum)
        })
        .collect();
    let mut fairness = GroupFairness {
        groups: all.iter().map(|(value, _, cells)| ((*value).to_owned(), count(cells, against))).collect(),
        ..GroupFairness::default()
    };
    // The group named, or the one whose labels are positive least often; and enough rows on either side.
    let label_rate = |cells: &Cells| {
        let m = cells.challenger();
        m.positives() / m.rows()
    };
    let rest = |cells: &Cells| total.plus(cells, -1.0);
    let candidates = all.iter().filter(|(_, _, cells)| supported(cells) && supported(&rest(cells)));
    let chosen = match &groups.disadvantaged {
        Some(named) => candidates.into_iter().find(|(value, _, _)| value == named),
        None => candidates.min_by(|a, b| label_rate(&a.2).total_cmp(&label_rate(&b.2))),
    };
    let Some((value, blocks, cells)) = chosen else {
        let which = groups.disadvantaged.as_deref().unwrap_or("any group");
        let text = format!(
            "{which} of {name} has fewer than {} rows or {} positive rows, or the rest has",
            rules.minimum_rows, rules.minimum_positives
        );
        reasons.push(Reason::new(Check::Group(name), Code::GroupTooSmall, text));
        return fairness;
    };
    let cells = *cells;
    fairness.disadvantaged = Some((*value).to_owned());
    let others = rest(&cells);
    fairness.pre_training = PreTraining::ALL
        .into_iter()
        .map(|m| (m, Some(m.of(&others, &cells)).filter(|v| v.is_finite())))
        .collect();
    let sums = resamples.of(&with_group(all_blocks, blocks));
    for measure in Measure::ALL {
        let change = compare(measure, against, &others, &cells, &sums, policy.alpha);
        if let Some(rule) = rules.rules.iter().find(|r| r.measure == measure) {
            reasons.push(check(rule, against, &name, value, &change));
        }
        fairness.measures.insert(measure, change);
    }
    fairness
}

fn count(cells: &Cells, against: Against) -> GroupCounts {
    let (new, old) = (cells.challenger(), cells.champion());
    let share = |selected: f64| Some(selected / new.rows()).filter(|v| v.is_finite());
    GroupCounts {
        rows: new.rows() as u64,
        positives: new.positives() as u64,
        champion_selects: share(old.selected()).filter(|_| against == Against::Champion),
        challenger_selects: share(new.selected()),
    }
}

fn compare(
    measure: Measure,
    against: Against,
    others: &Cells,
    group: &Cells,
    sums: &Resampled,
    alpha: f64,
) -> Change {
    let defined = |value: f64| Some(value).filter(|v| v.is_finite());
    let challenger = defined(measure.of(&others.challenger(), &group.challenger()));
    if against == Against::Nobody {
        return Change { champion: None, challenger, change: None, interval: None, less_fair: None };
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
    Change {
        champion,
        challenger,
        change: champion.zip(challenger).map(|(old, new)| new - old),
        interval: sums.interval(change, alpha).map(|b| b.interval),
        less_fair: sums.interval(less_fair, alpha).map(|b| b.interval),
    }
}

fn check(rule: &FairnessRule, against: Against, name: &str, value: &str, change: &Change) -> Reason {
    let check = Check::Fairness(name.to_owned(), rule.measure);
    let label = rule.measure.as_str();
    let Some(new) = change.challenger else {
        let text = format!("{label} of {value} is undefined: nothing to divide by");
        return Reason::new(check, Code::Undefined, text);
    };
    let unfairness = rule.measure.unfairness(new);
    if let Some(acceptable) = rule.acceptable
        && unfairness <= rule.measure.allowance(acceptable)
    {
        let text = format!("{label} of {value} is {new:.4}, acceptable from {acceptable}");
        return Reason::new(check, Code::FairnessHeld, text);
    }
    let broken = match rule.action {
        Action::Block => Code::FairnessBroken,
        Action::Ask => Code::FairnessAsks,
        Action::Warn => Code::FairnessWarning,
    };
    if against == Against::Nobody {
        // Without an acceptable value and without a champion there is nothing to hold a value against.
        let code = if rule.acceptable.is_some() { broken } else { Code::FairnessHeld };
        return Reason::new(check, code, format!("{label} of {value} is {new:.4}"));
    }
    let (Some(old), Some(worse)) = (change.champion, change.less_fair) else {
        return match change.champion {
            // Both models select alike on every row: no interval, and no change.
            Some(old) if old == new => {
                let text = format!("{label} of {value} is {new:.4} for both models");
                Reason::new(check, Code::FairnessHeld, text)
            }
            _ => {
                let text = format!("the change of {label} of {value} is undefined");
                Reason::new(check, Code::Undefined, text)
            }
        };
    };
    let (code, means) = if worse.low > rule.tolerance {
        (broken, "less fair than the champion")
    } else {
        (Code::FairnessHeld, "not shown to be less fair than the champion")
    };
    let text = format!(
        "{means}: {label} of {value} is {new:.4}, the champion's {old:.4}; further from fair by {:+.4} to {:+.4}",
        worse.low, worse.high
    );
    Reason::new(check, code, text)
}

/// Counts of all rows, then of one group of them, side by side for a statistic of both.
fn with_group(blocks: &[Cells], group: &[Cells]) -> Parts {
    let none = Cells::default();
    let pair = |(place, cells): (usize, &Cells)| [cells.0, group.get(place).unwrap_or(&none).0].concat();
    Parts::new(16, blocks.iter().enumerate().map(pair))
}
