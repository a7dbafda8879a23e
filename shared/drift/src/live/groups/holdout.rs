//! The champion's holdout, group by group: which groups there are, and what is held against what.

use std::borrow::Cow;
use std::collections::HashMap;

use super::{Favours, GroupSource, LiveGroup, LiveGrouping, LiveGroups, MAX_GROUPINGS, MAX_GROUPS, name};
use crate::live::{GroundTruth, GroupTally, Prediction};
use pawl_gate::Policy;

/// The most values that are told apart while counting, as the gate has it; rows of later ones are counted
/// together.
const MAX_VALUES: usize = 256;

/// Counts the gate's groups over the champion's scored holdout.
#[derive(Debug)]
pub struct HoldoutGroups {
    groups: LiveGroups,
    places: Vec<HashMap<String, usize>>,
}

impl HoldoutGroups {
    /// No rows yet; none where the gate names no groups. `threshold` is the champion's own, `features` are
    /// what requests hold.
    pub fn new(gate: &Policy, threshold: f64, features: &[String]) -> Option<Self> {
        let fairness = &gate.fairness;
        let grouping = |columns: &Vec<String>| LiveGrouping {
            columns: columns.clone(),
            source: match columns.iter().all(|column| features.contains(column)) {
                true => GroupSource::Request,
                false => GroupSource::Truth,
            },
            groups: Vec::new(),
            other: 0,
            unknown: 0,
        };
        let groupings: Vec<LiveGrouping> =
            fairness.groups.iter().take(MAX_GROUPINGS).map(|groups| grouping(&groups.columns)).collect();
        let groups = LiveGroups {
            favours: fairness.favourable.clone().map_or(Favours::From(threshold), Favours::Named),
            left_out: fairness.groups.iter().skip(MAX_GROUPINGS).map(|groups| groups.name()).collect(),
            groupings,
        };
        let places = vec![HashMap::new(); groups.groupings.len()];
        (!groups.groupings.is_empty()).then_some(Self { groups, places })
    }

    /// A row of the holdout; `value` reads a column.
    pub fn add<'v>(
        &mut self,
        value: impl Fn(&str) -> Option<Cow<'v, str>>,
        answer: &Prediction,
        truth: &GroundTruth,
    ) {
        let favours = &self.groups.favours;
        let (selected, positive) = (favours.answer(answer), favours.truth(truth));
        for (of, places) in self.groups.groupings.iter_mut().zip(&mut self.places) {
            let Some(name) = name(&of.columns, &value) else {
                of.unknown += 1;
                continue;
            };
            let place = places.get(&name).copied();
            if place.is_none() && places.len() >= MAX_VALUES {
                of.other += 1;
                continue;
            }
            let place = place.unwrap_or_else(|| {
                of.groups.push(LiveGroup { value: name.clone(), tally: GroupTally::default() });
                places.insert(name, of.groups.len() - 1);
                of.groups.len() - 1
            });
            if let Some(group) = of.groups.get_mut(place) {
                group.tally.answered(selected);
                group.tally.came_true(selected, positive);
            }
        }
    }

    /// The groups that are watched: of each grouping those with the most rows.
    pub fn finish(mut self) -> LiveGroups {
        for of in &mut self.groups.groupings {
            of.groups.sort_by(|a, b| b.tally.rows.cmp(&a.tally.rows).then_with(|| a.value.cmp(&b.value)));
            let rest = of.groups.split_off(of.groups.len().min(MAX_GROUPS));
            of.other += rest.iter().map(|group| group.tally.rows).sum::<u64>();
            of.groups.sort_by(|a, b| a.value.cmp(&b.value));
        }
        self.groups
    }
}
