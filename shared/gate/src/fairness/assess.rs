//! From counts to findings: groups, Clarify's measures of one of them, and every group held to the rules.

use std::collections::BTreeMap;

use super::assessment::{Assessment, Favoured, Group};
use super::compare::{Compared, clarify_change, defined, held_to, with_group};
use super::finding::{GroupCounts, GroupFairness};
use super::pre_training::PreTraining;
use super::verdict::{adjust, reasons_of};
use crate::blocks::{Cells, Sums, sum};
use crate::findings::{Check, Code, Reason};
use crate::policy::{Groups, Measure};
use crate::row::Against;

/// The most groups that a reason names.
const NAMED: usize = 5;

impl<C: Favoured> Assessment<'_, C> {
    /// Every grouping of the policy: what was found, and the reasons that follow.
    pub(crate) fn assess(&self) -> (BTreeMap<String, GroupFairness>, Vec<Reason>) {
        let (mut found, mut reasons) = (BTreeMap::new(), Vec::new());
        let mut compared: Vec<Compared<'_>> = Vec::new();
        for groups in &self.policy.fairness.groups {
            let (fairness, of_groups) = self.assess_grouping(groups, &mut reasons);
            found.insert(groups.name(), fairness);
            compared.extend(of_groups);
        }
        // One family: every group of every grouping under every rule.
        adjust(&mut compared);
        reasons.extend(reasons_of(&compared, self.policy.alpha, self.against));
        for Compared { grouping, finding, .. } in compared {
            found.entry(grouping).or_default().comparisons.push(finding);
        }
        (found, reasons)
    }

    fn assess_grouping(
        &self,
        groups: &Groups,
        reasons: &mut Vec<Reason>,
    ) -> (GroupFairness, Vec<Compared<'_>>) {
        let name = groups.name();
        let all = self.groups(&groups.columns);
        let mut fairness = GroupFairness {
            groups: all.iter().map(|group| (group.value.to_owned(), self.count(&group.cells))).collect(),
            ..GroupFairness::default()
        };
        let total = sum(self.blocks);
        let (supported, small): (Vec<Group<'_>>, Vec<Group<'_>>) =
            all.into_iter().partition(|group| self.is_supported(&group.cells, &total));
        let Some(facet) = facet(groups, &supported) else {
            reasons.push(self.too_small(groups));
            return (fairness, Vec::new());
        };
        reasons.extend(left_out(&name, &small));
        fairness.disadvantaged = Some(facet.value.to_owned());
        let others = total.plus(&facet.cells, -1.0);
        let of_labels = |measure: PreTraining| (measure, defined(measure.of(&others, &facet.cells)));
        fairness.pre_training = PreTraining::ALL.into_iter().map(of_labels).collect();
        let sums = self.resamples.sums(&with_group(self.blocks, &facet.blocks));
        let change = |measure| (measure, clarify_change(self, measure, facet, &others, &sums));
        fairness.measures = Measure::ALL.into_iter().map(change).collect();
        let rules = self.policy.fairness.rules.iter();
        let compared = rules.flat_map(|rule| held_to(self, rule, &name, &supported, facet)).collect();
        (fairness, compared)
    }

    fn groups(&self, columns: &[String]) -> Vec<Group<'_>> {
        let group = |(value, blocks): (_, &[C])| {
            let blocks: Vec<Cells> = blocks.iter().map(Favoured::favoured).collect();
            let cells = sum(&blocks);
            Group { value, blocks, cells }
        };
        self.counts.groups(columns).map(group).collect()
    }

    /// Whether a group and all other rows are enough to say anything of it.
    fn is_supported(&self, cells: &Cells, total: &Cells) -> bool {
        let rules = &self.policy.fairness;
        let enough = |cells: &Cells| {
            let matrix = cells.challenger();
            matrix.rows() >= rules.minimum_rows as f64 && matrix.positives() >= rules.minimum_positives as f64
        };
        enough(cells) && enough(&total.plus(cells, -1.0))
    }

    fn too_small(&self, groups: &Groups) -> Reason {
        let (name, rules) = (groups.name(), &self.policy.fairness);
        let which = groups.disadvantaged.as_deref().unwrap_or("any group");
        let text = format!(
            "{which} of {name} has fewer than {} rows or {} positive rows, or the rest has",
            rules.minimum_rows, rules.minimum_positives
        );
        Reason::new(Check::Group(name), Code::GroupTooSmall, text)
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
}

/// The group that Clarify's measures are of: the one named, or the one whose labels are positive least often.
/// `None` where it has too few rows.
fn facet<'g>(groups: &Groups, supported: &'g [Group<'g>]) -> Option<&'g Group<'g>> {
    match &groups.disadvantaged {
        Some(named) => supported.iter().find(|group| group.value == named),
        None => supported.iter().min_by(|a, b| a.label_rate().total_cmp(&b.label_rate())),
    }
}

/// Groups that nothing is said of.
fn left_out(name: &str, small: &[Group<'_>]) -> Option<Reason> {
    let rows: f64 = small.iter().map(|group| group.cells.challenger().rows()).sum();
    let listed: Vec<&str> = small.iter().take(NAMED).map(|group| group.value).collect();
    let more = if small.len() > NAMED { ", …" } else { "" };
    let text = format!(
        "{} groups of {name} with {rows} rows in all have too few to be held to the rules: {}{more}",
        small.len(),
        listed.join(", ")
    );
    (!small.is_empty()).then(|| Reason::new(Check::Group(name.to_owned()), Code::GroupsLeftOut, text))
}
