//! The same rows judge again and again: how small a win may then still be chance.
//!
//! Each judgement on the same rows is another chance for a challenger that is no better. So the wins of all
//! judgements on one part of a holdout share an error budget: the first has the policy's `alpha`, and all
//! later ones together [`LATER`] of it, the k-th of them a share of 1 / (k (k − 1)), which add up to 1.
//!
//! *Proof.* Take one part. Its j-th judgement has at most the level of look j, as a look is never smaller
//! than the number of judgements that its parts have seen. As long as nothing was promoted all verdicts were
//! the same, so they told the trainings nothing of the rows, and the j-th challenger is what it would have
//! been anyway (A. Blum and M. Hardt, *The Ladder*, ICML 2015, section 3: one path without a success). The
//! chance that the first promotion of a challenger that is no better comes at the j-th judgement is therefore
//! at most half of its two-sided level, and by the union bound the chance of any is at most half of (1 +
//! `LATER`) `alpha`: with 0.05 and 0.4 it is 3.5 %. To spend a level over looks goes back to K. K. G. Lan and
//! D. L. DeMets, *Discrete sequential boundaries for clinical trials*, Biometrika 70, 1983. It does not hold
//! for people who look at the scores of the rows and choose the next challenger by them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::findings::{Check, Code, Reason};
use crate::row::RowValue;
use pawl_base::random::mix;
use pawl_data::profile::hash;

/// All judgements after the first share so much of `alpha`.
const LATER: f64 = 0.4;

/// Which rows judged, and what of the error budget the wins of this judgement had.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HoldoutUse {
    /// By part of the holdout, an object's id or a digest of the labels: how many challengers it has judged
    /// against a champion, this one among them.
    pub looks: BTreeMap<String, u64>,
    /// The greatest of them.
    pub look: u64,
    /// The two-sided family-wise level of the wins.
    pub level: f64,
}

impl HoldoutUse {
    /// The use of these parts after earlier uses, in any order.
    pub(crate) fn after<'a>(
        parts: impl IntoIterator<Item = String>,
        earlier: impl IntoIterator<Item = &'a Self> + Clone,
        alpha: f64,
    ) -> Self {
        let look = |part: String| {
            let before = earlier.clone().into_iter().filter_map(|used| used.looks.get(&part).copied());
            // Judgements that did not know of each other have each counted from 1.
            let (count, most) = before.fold((0, 0), |(count, most), looks| (count + 1, looks.max(most)));
            (part, most.max(count) + 1)
        };
        let looks: BTreeMap<String, u64> = parts.into_iter().map(look).collect();
        let look = looks.values().copied().max().unwrap_or(1);
        Self { looks, look, level: level(look, alpha) }
    }

    /// What is told where the rows have judged before.
    pub(crate) fn reason(&self, alpha: f64) -> Option<Reason> {
        let text = format!(
            "these rows have judged {} challengers before: wins are held to the level {:.2e} instead of \
             {alpha}; new rows bring it back",
            self.look - 1,
            self.level
        );
        (self.look > 1).then(|| Reason::new(Check::Holdout, Code::HoldoutReused, text))
    }
}

/// The two-sided level of the k-th judgement on the same rows.
fn level(look: u64, alpha: f64) -> f64 {
    let k = look as f64;
    if look <= 1 { alpha } else { LATER * alpha / (k * (k - 1.0)) }
}

/// A digest of the labels in order: names the rows where nothing else does.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct LabelDigest {
    rows: u64,
    state: u64,
}

impl LabelDigest {
    pub(crate) fn push(&mut self, label: RowValue<'_>) {
        self.rows += 1;
        self.state = mix(self.state ^ key(label));
    }

    pub(crate) fn name(self) -> String {
        format!("labels:{}:{:016x}", self.rows, self.state)
    }
}

/// One number for a value, however it is written.
pub(crate) fn key(value: RowValue<'_>) -> u64 {
    match (value.truth(), value.number()) {
        (Some(truth), _) => u64::from(truth),
        (None, Some(number)) => mix(number.to_bits()),
        (None, None) => match value {
            RowValue::Text(text) => hash::bytes(text.as_bytes()),
            RowValue::Scores(scores) => scores.iter().fold(2, |state, score| mix(state ^ score.to_bits())),
            RowValue::Named(scores) => scores.iter().fold(3, |state, (name, score)| {
                mix(mix(state ^ hash::bytes(name.as_bytes())) ^ score.to_bits())
            }),
            RowValue::Null | RowValue::Truth(_) | RowValue::Number(_) => 4,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parts(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn a_part_that_is_new_does_not_make_old_ones_new() {
        let first = HoldoutUse::after(parts(&["may"]), [], 0.05);
        assert_eq!((first.look, first.level, first.reason(0.05)), (1, 0.05, None));
        let second = HoldoutUse::after(parts(&["may", "june"]), [&first], 0.05);
        assert_eq!((second.look, second.looks["june"]), (2, 1));
        assert!((second.level - 0.01).abs() < 1e-15 && second.reason(0.05).is_some());
        assert_eq!(HoldoutUse::after(parts(&["july"]), [&first, &second], 0.05).look, 1);
        // A chain that knows of two uses, and three that know of none.
        assert_eq!(HoldoutUse::after(parts(&["may"]), [&second], 0.05).look, 3);
        assert_eq!(HoldoutUse::after(parts(&["may"]), [&first, &first, &first], 0.05).look, 4);
    }

    #[test]
    fn labels_are_the_same_however_they_are_written() {
        let of = |labels: &[RowValue<'_>]| {
            let mut digest = LabelDigest::default();
            labels.iter().for_each(|label| digest.push(*label));
            digest.name()
        };
        let written = of(&["1".into(), "0".into(), "2.50".into(), "cat".into()]);
        assert_eq!(written, of(&[true.into(), 0.0.into(), 2.5.into(), "cat".into()]));
        assert_ne!(written, of(&["0".into(), "1".into(), "2.50".into(), "cat".into()]));
        assert_ne!(written, of(&["1".into(), "0".into(), "2.50".into()]));
    }

    proptest! {
        /// However parts come, go and come back: the levels of all judgements that hold one part add up to no
        /// more than the budget.
        #[test]
        fn no_part_spends_more_than_its_budget(
            holdouts in prop::collection::vec(prop::collection::btree_set(0_u8..6, 1..4), 1..60)
        ) {
            let mut uses: Vec<HoldoutUse> = Vec::new();
            for holdout in &holdouts {
                let names = holdout.iter().map(ToString::to_string);
                uses.push(HoldoutUse::after(names, &uses, 0.05));
            }
            for part in 0_u8..6 {
                let of_part = uses.iter().filter(|used| used.looks.contains_key(&part.to_string()));
                let spent: f64 = of_part.map(|used| used.level).sum();
                prop_assert!(spent <= (1.0 + LATER) * 0.05, "{spent}");
            }
        }
    }
}
