//! Each model's own threshold, as its container chose it on training data and reported it.

use pawl::documents::CONVERGENCE;
use pawl::edge::Objects;
use pawl::fault::Fault;
use pawl::gate::policy::is_threshold;
use pawl::gate::{Check, Code, Contender, Reason, Thresholds};
use pawl::ledger::Store;
use pawl::names::Generation;

use crate::converge::final_metrics;
use crate::edge::{Edge, Run};

/// The thresholds of both models, and what must be told of them.
pub(crate) struct Reported {
    pub(crate) thresholds: Thresholds,
    pub(crate) reasons: Vec<Reason>,
}

/// What the trainings of this run and of the champion's have reported. A model without a threshold of its own
/// is judged at the policy's, and that is told.
pub(crate) async fn reported(
    edge: &Edge<impl Store, impl Objects>,
    run: &Run,
    champion: Option<Generation>,
) -> Result<Reported, Fault> {
    let policy = &run.pipeline.gate;
    let mut reported = Reported { thresholds: Thresholds::of(policy), reasons: Vec::new() };
    let Some(metric) = &policy.threshold_metric else { return Ok(reported) };
    let trained = [(Contender::Challenger, Some(run.generation)), (Contender::Champion, champion)];
    for (contender, generation) in trained {
        let Some(generation) = generation else { continue };
        let converged = CONVERGENCE.of(&run.keys, generation).read(&edge.store).await?;
        let metrics = converged.map(|converged| final_metrics(&converged.metrics)).unwrap_or_default();
        let found = metrics.into_iter().find(|found| found.name == *metric).and_then(|found| found.value);
        let (code, why) = match found {
            Some(own) if is_threshold(own) => {
                match contender {
                    Contender::Challenger => reported.thresholds.challenger = own,
                    Contender::Champion => reported.thresholds.champion = own,
                }
                continue;
            }
            Some(other) => (Code::Undefined, format!("{other} as {metric}, which is no threshold")),
            None => (Code::ThresholdDefault, format!("no {metric}")),
        };
        let text = format!(
            "the training of the {} (run {generation}) reported {why}: it is judged at {}",
            contender.as_str(),
            policy.threshold
        );
        reported.reasons.push(Reason::new(Check::Threshold, code, text));
    }
    Ok(reported)
}
