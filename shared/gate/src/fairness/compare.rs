//! One group against its reference, by both models.
//!
//! Shares of the selected (`DI`, `DPPL`) are held against those of the most selected other group, as the
//! four-fifths rule does: the EEOC's *Uniform Guidelines on Employee Selection Procedures*, 29 CFR 1607.4 D,
//! and Fairlearn's `demographic_parity_ratio`. Each model has a most selected group of its own. All other
//! measures are held against all other rows, as Clarify takes them.

use super::assessment::{Assessment, Favoured, Group};
use super::finding::{GroupComparison, MeasureChange};
use crate::blocks::{BlockSums, Cells, Matrix, Resampled, Sums};
use crate::policy::{FairnessRule, Measure};
use crate::row::Against;
use pawl_stats::bca::Bca;

/// A group under a rule.
pub(super) struct Compared<'a> {
    pub(super) grouping: String,
    pub(super) rule: &'a FairnessRule,
    pub(super) finding: GroupComparison,
}

pub(super) fn defined(value: f64) -> Option<f64> {
    Some(value).filter(|value| value.is_finite())
}

/// Every group of a grouping under one rule. A measure of all rows is the same for each group, and is told
/// once.
pub(super) fn held_to<'a, C: Favoured>(
    of: &Assessment<'a, C>,
    rule: &'a FairnessRule,
    grouping: &str,
    supported: &[Group<'_>],
    facet: &Group<'_>,
) -> Vec<Compared<'a>> {
    // A group that is alone in having enough rows is held against all others together.
    let by_selection = matches!(rule.measure, Measure::Di | Measure::Dppl) && supported.len() > 1;
    // The most selected group is what the others are held against.
    let first = most_selected(supported, None, Cells::challenger).filter(|_| by_selection);
    let is_held = |group: &&Group<'_>| match rule.measure {
        Measure::Ge => group.value == facet.value,
        _ => first.is_none_or(|first| first.value != group.value),
    };
    let mut compared = Vec::new();
    for group in supported.iter().filter(is_held) {
        let finding = if by_selection {
            let new = most_selected(supported, Some(group.value), Cells::challenger);
            let old = most_selected(supported, Some(group.value), Cells::champion);
            let Some((new, old)) = new.zip(old) else { continue };
            let sides = Sides { group, old: &old.blocks, new: &new.blocks };
            GroupComparison { against: Some(new.value.to_owned()), ..sides.compare(of, rule.measure) }
        } else {
            let others: Vec<Cells> = (of.blocks.iter().enumerate())
                .map(|(place, all)| all.plus(&group.blocks.get(place).copied().unwrap_or_default(), -1.0))
                .collect();
            Sides { group, old: &others, new: &others }.compare(of, rule.measure)
        };
        compared.push(Compared { grouping: grouping.to_owned(), rule, finding });
    }
    compared
}

/// The group that a model selects most of, this one aside; the first of several.
fn most_selected<'g>(
    groups: &'g [Group<'g>],
    aside: Option<&str>,
    model: fn(&Cells) -> Matrix,
) -> Option<&'g Group<'g>> {
    let share = |group: &Group<'_>| {
        let matrix = model(&group.cells);
        matrix.selected() / matrix.rows()
    };
    let others = groups.iter().filter(|group| aside != Some(group.value));
    others.reduce(|best, group| if share(group) > share(best) { group } else { best })
}

/// A group, and what each model's value of it is held against.
struct Sides<'a> {
    group: &'a Group<'a>,
    old: &'a [Cells],
    new: &'a [Cells],
}

impl Sides<'_> {
    fn compare<C: Favoured>(&self, of: &Assessment<'_, C>, measure: Measure) -> GroupComparison {
        let Self { group, old, new } = self;
        let none = Cells::default();
        let at = |blocks: &[Cells], place: usize| blocks.get(place).unwrap_or(&none).0;
        let blocks = (0..of.blocks.len())
            .map(|place| [at(&group.blocks, place), at(old, place), at(new, place)].concat());
        let sums = of.resamples.sums(&BlockSums::new(24, blocks));
        let value = |sums: &[f64], model: Model| {
            let cells = |from: usize| Cells::of(sums.get(from..from + 8).unwrap_or_default());
            match model {
                Model::Champion => measure.of(&cells(8).champion(), &cells(0).champion()),
                Model::Challenger => measure.of(&cells(16).challenger(), &cells(0).challenger()),
            }
        };
        let compared = of.against == Against::Champion;
        // Against a champion there are two ways to hold, so each is shown at half of alpha.
        let alpha = if compared { of.policy.alpha / 2.0 } else { of.policy.alpha };
        let less_fair = |sums: &[f64]| {
            let unfair = |model| measure.unfairness(value(sums, model));
            unfair(Model::Challenger) - unfair(Model::Champion)
        };
        let worse: Option<Bca> = if compared { sums.interval(less_fair, alpha) } else { None };
        GroupComparison {
            measure,
            group: group.value.to_owned(),
            against: None,
            champion: defined(sums.value(|sums| value(sums, Model::Champion))).filter(|_| compared),
            challenger: defined(sums.value(|sums| value(sums, Model::Challenger))),
            interval: sums.interval(|sums| value(sums, Model::Challenger), alpha).map(|it| it.interval),
            less_fair: worse.map(|it| it.interval),
            p_value: worse.map(|it| it.p_value),
            adjusted_p_value: None,
        }
    }
}

#[derive(Clone, Copy)]
enum Model {
    Champion,
    Challenger,
}

/// One of Clarify's measures of both models: a group against all other rows.
pub(super) fn clarify_change<C: Favoured>(
    of: &Assessment<'_, C>,
    measure: Measure,
    group: &Group<'_>,
    others: &Cells,
    sums: &Resampled,
) -> MeasureChange {
    let challenger = defined(measure.of(&others.challenger(), &group.cells.challenger()));
    if of.against == Against::Nobody {
        return MeasureChange { champion: None, challenger, change: None, interval: None, less_fair: None };
    }
    let champion = defined(measure.of(&others.champion(), &group.cells.champion()));
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
    let alpha = of.policy.alpha;
    MeasureChange {
        champion,
        challenger,
        change: champion.zip(challenger).map(|(old, new)| new - old),
        interval: sums.interval(change, alpha).map(|found| found.interval),
        less_fair: sums.interval(less_fair, alpha).map(|found| found.interval),
    }
}

/// Sums of all rows, then of one group of them, side by side for a statistic of both.
pub(super) fn with_group(blocks: &[Cells], group: &[Cells]) -> BlockSums {
    let none = Cells::default();
    let pair = |(place, cells): (usize, &Cells)| [cells.0, group.get(place).unwrap_or(&none).0].concat();
    BlockSums::new(16, blocks.iter().enumerate().map(pair))
}
