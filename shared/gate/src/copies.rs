//! Rows of the holdout that repeat another one: a copy is no evidence of its own, but every test counts it.
//!
//! Two rows with the same label and the same predictions to the last digit may be copies, or rows that no
//! model tells apart: where models are sure, and where they know few values, predictions repeat by nature. So
//! only rows count that a model gets wrong, which are the ones that decide; and by nature the same
//! predictions then meet several labels, which copies never do.

use std::collections::HashMap;

use crate::findings::{Check, Code, Reason};
use crate::holdout::key;
use crate::policy::CopiesPolicy;
use crate::row::PairedRow;
use pawl_base::random::mix;
use pawl_data::profile::hash::TableState;

/// Pairs of predictions that are held; of more a sample by their hash.
const MOST: usize = 1 << 17;

/// From this share on of the repeated predictions that meet several labels, rows repeat by nature.
const BY_NATURE: f64 = 0.2;

/// Fewer repeated rows than this may be chance.
const LEAST: u64 = 5;

/// The rows so far, by their predictions.
#[derive(Debug)]
pub(crate) struct Copies {
    alike: HashMap<u64, Alike, TableState>,
    /// Hashes above it are left out.
    highest: u64,
}

/// Rows with the same predictions.
#[derive(Debug, Clone, Copy)]
struct Alike {
    rows: u64,
    label: u64,
    several_labels: bool,
    /// Some model gets one of them wrong.
    wrong: bool,
}

impl Default for Copies {
    fn default() -> Self {
        Self { alike: HashMap::default(), highest: u64::MAX }
    }
}

impl Copies {
    /// Takes one row in, and whether some model gets it wrong.
    pub(crate) fn push(&mut self, row: &PairedRow<'_>, wrong: bool) {
        let predictions = mix(mix(key(row.challenger)) ^ row.champion.map_or(0, key));
        if predictions > self.highest {
            return;
        }
        let label = key(row.label);
        let first = Alike { rows: 0, label, several_labels: false, wrong: false };
        let alike = self.alike.entry(predictions).or_insert(first);
        alike.rows += 1;
        alike.several_labels |= alike.label != label;
        alike.wrong |= wrong;
        while self.alike.len() > MOST {
            self.highest /= 2;
            let highest = self.highest;
            self.alike.retain(|hash, _| *hash <= highest);
        }
    }

    /// What the policy makes of the copies, where there are any.
    pub(crate) fn check(&self, policy: &CopiesPolicy) -> Option<Reason> {
        // Predictions with several labels are wrong about one of them.
        let (mut rows, mut repeated, mut several, mut copies) = (0, 0_u64, 0_u64, 0);
        for alike in self.alike.values().filter(|alike| alike.wrong) {
            rows += alike.rows;
            repeated += u64::from(alike.rows > 1);
            several += u64::from(alike.several_labels);
            copies += if alike.several_labels { 0 } else { alike.rows - 1 };
        }
        if copies < LEAST || several as f64 >= BY_NATURE * repeated as f64 {
            return None;
        }
        let share = copies as f64 / rows as f64;
        let alarm = Code::of(policy.action, Code::CopiesBlock, Code::CopiesAsk, Code::CopiesWarning);
        let code = if share <= policy.at_most { Code::FewCopies } else { alarm };
        let text = format!(
            "of {rows} rows that a model gets wrong {:.2} % repeat another one, label and predictions alike \
             to the last digit. Copies count as evidence of their own; {:.2} % may",
            100.0 * share,
            100.0 * policy.at_most
        );
        Some(Reason::new(Check::Copies, code, text))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::policy::Consequence;
    use pawl_base::random::SplitMix64;

    fn checked(rows: impl IntoIterator<Item = (bool, f64, f64)>, action: Consequence) -> Option<Reason> {
        let mut copies = Copies::default();
        for (label, challenger, champion) in rows {
            let wrong = (challenger >= 0.5) != label || (champion >= 0.5) != label;
            let (challenger, champion) = (challenger.into(), Some(champion.into()));
            copies.push(&PairedRow { label: label.into(), challenger, champion, columns: &[] }, wrong);
        }
        copies.check(&CopiesPolicy { action, ..CopiesPolicy::default() })
    }

    fn rows(count: usize, digits: f64) -> Vec<(bool, f64, f64)> {
        let mut rng = SplitMix64::new(3);
        let mut score = move || (rng.unit() * digits).round() / digits;
        (0..count).map(|_| (score() < 0.3, score(), score())).collect()
    }

    #[test]
    fn copied_rows_are_told_and_repeated_predictions_are_not() {
        let fresh = rows(2000, 1e12);
        let code = |rows: Vec<_>, action| checked(rows, action).map(|reason| reason.code);
        assert_eq!(code(fresh.clone(), Consequence::Ask), None);
        let copied = |from: usize, times: usize| [fresh.clone(), fresh[..from].repeat(times)].concat();
        assert_eq!(code(copied(10, 1), Consequence::Ask), Some(Code::FewCopies));
        for (from, times) in [(400, 1), (2000, 1), (2, 200), (2000, 9)] {
            assert_eq!(code(copied(from, times), Consequence::Ask), Some(Code::CopiesAsk), "{from} {times}");
        }
        assert_eq!(code(copied(400, 1), Consequence::Block), Some(Code::CopiesBlock));
        assert_eq!(code(copied(400, 1), Consequence::Warn), Some(Code::CopiesWarning));
        // Predictions of one digit repeat in every row, with either label.
        assert_eq!(code(rows(2000, 10.0), Consequence::Ask), None);
        // Sure and right: however often such a row comes, it decides nothing.
        let sure = [&fresh[..], &[(true, 0.999, 0.999); 500]].concat();
        assert_eq!(code(sure, Consequence::Ask), None);
    }

    #[test]
    fn of_very_many_rows_a_sample_says_the_same() {
        let fresh = rows(300_000, 1e12);
        let twice = checked([&fresh[..], &fresh[..60_000]].concat(), Consequence::Ask).unwrap();
        assert_eq!(twice.code, Code::CopiesAsk);
        // Of 300,000 rows at most 131,072 are held, and a fifth was copied.
        let share: f64 = twice.text.split(' ').nth(8).unwrap().parse().unwrap();
        assert!((share - 100.0 / 6.0).abs() < 1.0, "{}", twice.text);
    }
}
