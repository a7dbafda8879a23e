//! A score near perfection, or far above those of earlier challengers.

use crate::findings::{Leak, Reason};
use crate::judgement::Judgement;
use crate::policy::Policy;

/// Earlier judgements, below which a median says little.
const LEAST_HISTORY: usize = 5;

/// The least spread that history is taken to have: scores of months differ by chance alone.
const LEAST_SPREAD: f64 = 0.01;

/// The score of the measure that runs from useless to perfect.
fn score(judgement: &Judgement) -> Option<f64> {
    judgement.metrics.challenger.as_ref()?.value(judgement.policy.task.leading())
}

/// Is the score near perfection? Nothing to say where there is no score.
pub(crate) fn check_ceiling(policy: &Policy, score: Option<f64>) -> Option<Reason> {
    let (rules, metric, score) = (&policy.leakage, policy.task.leading(), score?);
    let text = format!("{metric} is {score:.4}; {} or more is too good to be true", rules.ceiling);
    (score >= rules.ceiling).then(|| rules.reason(Leak::Ceiling, true, text))
}

/// Is the score far above those of earlier challengers? Nothing to say below 5 of them.
pub fn against_history(judgement: &Judgement, earlier: &[Judgement]) -> Vec<Reason> {
    let same = earlier.iter().filter(|it| it.policy.task == judgement.policy.task);
    let mut scores: Vec<f64> = same.filter_map(score).collect();
    let Some(score) = score(judgement).filter(|_| scores.len() >= LEAST_HISTORY) else { return Vec::new() };
    let middle = median(&mut scores);
    let mut distances: Vec<f64> = scores.iter().map(|score| (score - middle).abs()).collect();
    // 1.4826 makes the median distance a standard deviation where values are normal.
    let spread = (1.4826 * median(&mut distances)).max(LEAST_SPREAD);
    let (rules, above) = (&judgement.policy.leakage, (score - middle) / spread);
    let text = format!(
        "{} is {score:.4}, {above:.1} robust deviations above the median {middle:.4} of {} earlier \
         challengers; {} is the limit",
        judgement.policy.task.leading(),
        scores.len(),
        rules.above_history
    );
    vec![rules.reason(Leak::History, above >= rules.above_history, text)]
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    let at = |place: usize| values.get(place).copied().unwrap_or(f64::NAN);
    f64::midpoint(at((values.len().saturating_sub(1)) / 2), at(values.len() / 2))
}
