//! Noise that passes against change that stays: persistence over windows, and robust z on history.

use serde::{Deserialize, Serialize};

use super::document::{Axis, Drift, Finding, Verdict};
use pawl_base::names::Generation;
use pawl_data::profile::Segment;

/// From so many earlier runs on, a robust z is stated.
pub const MIN_RUNS: usize = 8;
/// How many runs a history keeps.
pub const MAX_RUNS: usize = 64;
/// How many findings of a run it keeps: all rows come before their segments.
const MAX_FINDINGS: usize = 2_000;
/// Makes the median absolute deviation of a normal sample its standard deviation.
const MAD_TO_SIGMA: f64 = 1.482_602_218_505_602;

/// What is remembered of one finding of one run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RememberedFinding {
    /// The column.
    pub name: String,
    /// The part of the rows.
    pub segment: Option<Segment>,
    /// The axis.
    pub axis: Axis,
    /// What it came to by itself, before persistence.
    pub verdict: Verdict,
    /// De-biased PSI of a shape, the current share of any other axis.
    pub score: Option<f64>,
}

/// Earlier comparisons of one model, the oldest first; bounded to [`MAX_RUNS`].
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct History {
    /// One list a run.
    pub runs: Vec<Vec<RememberedFinding>>,
}

impl History {
    /// Remembers a comparison, as it was before [`Drift::with_history`] looked at the windows.
    pub fn push(&mut self, drift: &Drift) {
        self.add(observations(drift));
    }

    fn add(&mut self, run: Vec<RememberedFinding>) {
        self.runs.push(run);
        let surplus = self.runs.len().saturating_sub(MAX_RUNS);
        self.runs.drain(..surplus);
    }

    fn of<'a>(&'a self, finding: &'a Finding) -> impl DoubleEndedIterator<Item = &'a RememberedFinding> {
        self.runs.iter().filter_map(move |run| {
            run.iter().find(|seen| {
                seen.axis == finding.axis && seen.name == finding.name && seen.segment == finding.segment
            })
        })
    }
}

/// The document `ledger/<model>/drift.json`: what the comparisons of batches came to, changed only by
/// compare-and-swap.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Remembered {
    /// The runs before the newest.
    earlier: History,
    newest: Option<(Generation, Vec<RememberedFinding>)>,
}

impl Remembered {
    /// Remembers a run's comparison, as it was before [`Drift::with_history`], and tells what was known
    /// before that run. The same again when a step is repeated.
    pub fn remember(&mut self, generation: Generation, drift: &Drift) -> History {
        match &self.newest {
            Some((newest, _)) if generation < *newest => return self.earlier.clone(),
            Some((newest, _)) if generation == *newest => {}
            _ => {
                if let Some((_, run)) = self.newest.take() {
                    self.earlier.add(run);
                }
            }
        }
        self.newest = Some((generation, observations(drift)));
        self.earlier.clone()
    }
}

impl Drift {
    /// Adds what history knows: over how many windows in a row a finding has moved, and the robust
    /// z of its score. A drift that has not yet lasted `persist_windows` windows is a warning.
    /// Windows with too little data neither count nor break a row.
    pub fn with_history(mut self, history: &History) -> Self {
        let needed = self.policy.persist_windows;
        for finding in &mut self.columns {
            let scores: Vec<f64> = history.of(finding).filter_map(|seen| seen.score).collect();
            finding.past.robust_z = score(finding).and_then(|now| robust_z(&scores, now));
            if !matches!(finding.verdict, Verdict::Warn | Verdict::Drift) {
                continue;
            }
            let lasted = history.of(finding).rev().take_while(|seen| seen.verdict >= finding.verdict).count();
            let windows = u32::try_from(lasted).unwrap_or(u32::MAX).saturating_add(1);
            finding.past.windows = Some(windows);
            if finding.verdict == Verdict::Drift && windows < needed {
                finding.verdict = Verdict::Warn;
                finding.reason += &format!(" Window {windows} of the {needed} that drift must last.");
            }
        }
        self.summarise();
        self
    }
}

/// What is remembered of a comparison. Too little data says nothing, now or later.
fn observations(drift: &Drift) -> Vec<RememberedFinding> {
    let judged = drift.columns.iter().filter(|finding| finding.verdict != Verdict::InsufficientData);
    judged.take(MAX_FINDINGS).map(observation).collect()
}

fn observation(finding: &Finding) -> RememberedFinding {
    RememberedFinding {
        name: finding.name.clone(),
        segment: finding.segment.clone(),
        axis: finding.axis,
        verdict: finding.verdict,
        score: score(finding),
    }
}

fn score(finding: &Finding) -> Option<f64> {
    if finding.axis == Axis::Shape { finding.scores.psi_debiased } else { finding.share.current }
}

/// How far a value lies from the median of earlier ones, in deviations estimated from the median
/// absolute deviation. None before [`MIN_RUNS`] values or when they do not vary.
pub fn robust_z(earlier: &[f64], now: f64) -> Option<f64> {
    if earlier.len() < MIN_RUNS {
        return None;
    }
    let middle = median(earlier.to_vec())?;
    let deviation = median(earlier.iter().map(|value| (value - middle).abs()).collect())?;
    let z = (now - middle) / (MAD_TO_SIGMA * deviation);
    (deviation > 0.0 && z.is_finite()).then_some(z)
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let upper = values.len() / 2;
    let high = *values.get(upper)?;
    if values.len() % 2 == 1 { Some(high) } else { Some(f64::midpoint(*values.get(upper - 1)?, high)) }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn robust_z_is_the_distance_in_scaled_median_deviations() {
        // scipy.stats.median_abs_deviation([1..8], scale='normal') = 2.965204437011204, median 4.5
        let earlier: Vec<f64> = (1..=8).map(f64::from).collect();
        let z = robust_z(&earlier, 10.0).unwrap();
        assert!((z - 5.5 / 2.965_204_437_011_204).abs() < 1e-12);
        assert_eq!(robust_z(&earlier[..7], 10.0), None);
        assert_eq!(robust_z(&[3.0; 9], 10.0), None);
    }
}
