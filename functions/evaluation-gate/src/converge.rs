//! Did the training end with a model worth scoring?

use pawl::documents::CONVERGENCE;
use pawl::edge::Objects;
use pawl::fault::Fault;
use pawl::gate::Contender;
use pawl::gate::convergence::{Converged, Convergence, FinalMetric, TrainedModel, check};
use pawl::jobs::Job;
use pawl::ledger::{Condition, Store};
use pawl::names::{Generation, ModelName};
use pawl::run::frozen_pipeline;
use serde_json::{Value, json};

use crate::edge::{Edge, Run};

/// Checks the final metrics. A model worth scoring is copied out of the training's reach: from there on
/// everybody reads the copy, so that no later training can change what was judged.
pub(crate) async fn converge(
    edge: &Edge<impl Store, impl Objects>,
    model: &ModelName,
    generation: Generation,
    name: &str,
    metrics: &Value,
    artifact: &str,
) -> Result<Value, Fault> {
    let run = Run::load(&edge.store, model, generation).await?;
    let checked = check(&run.pipeline.gate.convergence, &final_metrics(metrics));
    let key = run.keys.archive(name);
    let kept = format!("s3://{}/{key}", edge.bucket);
    let trained = Some(TrainedModel { job: name.to_owned(), artifact: kept.clone() });
    let converged = Converged { check: checked, metrics: metrics.clone(), trained };
    CONVERGENCE.of(&run.keys, generation).write(&edge.store, &converged, Condition::Always).await?;
    if converged.check.verdict != Convergence::Converged {
        let faults: Vec<String> = converged.check.faults.iter().map(ToString::to_string).collect();
        return Ok(json!({ "convergence": "failed", "reason": faults.join("; ") }));
    }
    let job = edge.job(&run, name);
    let scorer = job.scorer(Contender::Challenger, &run.pipeline, &kept);
    let transform = job.transform(Contender::Challenger, &scorer.model_name);
    let mut plan = json!({
        "convergence": "converged",
        "artifact": kept,
        "copy": { "from": artifact, "bucket": edge.bucket, "key": key },
        "challenger": { "model": scorer, "transform": transform },
    });
    if let Some(champion) = champion(edge, &run, &job).await? {
        plan["champion"] = champion;
    }
    Ok(plan)
}

/// How the champion is scored, where there is one: by a model of this run's own, made of what the champion
/// was made of. Where that is not known, by the champion's own model.
async fn champion(
    edge: &Edge<impl Store, impl Objects>,
    run: &Run,
    job: &Job<'_>,
) -> Result<Option<Value>, Fault> {
    let release = edge.release(&run.keys).await?;
    let Some(champion) = release.as_ref().and_then(|release| release.champion()) else { return Ok(None) };
    let Some(model) = &champion.model else { return Ok(None) };
    let transform = |model: &str| job.transform(Contender::Champion, model);
    let made = CONVERGENCE.of(&run.keys, champion.generation).read(&edge.store).await?;
    let Some(trained) = made.and_then(|made| made.trained) else {
        return Ok(Some(json!({ "transform": transform(model) })));
    };
    let made_by = frozen_pipeline(&edge.store, &run.keys, champion.generation).await?;
    let scorer = job.scorer(Contender::Champion, &made_by, &trained.artifact);
    let transform = transform(&scorer.model_name);
    Ok(Some(json!({ "model": scorer, "transform": transform })))
}

/// SageMaker's `FinalMetricDataList`. A value that JSON cannot hold (NaN) comes as text or not at all: it
/// is no value.
pub(crate) fn final_metrics(list: &Value) -> Vec<FinalMetric> {
    let entries = list.as_array().map(Vec::as_slice).unwrap_or_default();
    let metric = |entry: &Value| FinalMetric {
        name: entry["MetricName"].as_str().unwrap_or_default().to_owned(),
        value: entry["Value"].as_f64(),
    };
    entries.iter().map(metric).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_that_is_no_number_is_no_value() {
        let list = json!([{ "MetricName": "a", "Value": 0.5 }, { "MetricName": "b", "Value": "NaN" }]);
        let read = final_metrics(&list);
        assert_eq!(read.iter().map(|metric| metric.value).collect::<Vec<_>>(), [Some(0.5), None]);
        assert!(final_metrics(&Value::Null).is_empty());
    }
}
