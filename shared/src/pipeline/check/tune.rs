//! The section `train.tune`: a metric that is read, and ranges that SageMaker can search.

use crate::pipeline::error::refuse;
use crate::pipeline::{PipelineError, Train, Tune};

pub(super) fn check(tune: &Tune, train: &Train) -> Result<(), PipelineError> {
    if !train.metrics.iter().any(|metric| metric.name == tune.metric) {
        let fix = "name one of train.metrics: SageMaker reads its value out of the training log";
        return refuse("train.tune.metric", format!("{:?}", tune.metric), fix);
    }
    if !(1..=750).contains(&tune.trainings) {
        return refuse("train.tune.trainings", tune.trainings.to_string(), "1 to 750 trainings");
    }
    if !(1..=tune.trainings.min(100)).contains(&tune.at_once) {
        let fix = "1 to 100 at once, and no more than trainings";
        return refuse("train.tune.at_once", tune.at_once.to_string(), fix);
    }
    if !(1..=30).contains(&tune.ranges.len()) {
        let fix = "search 1 to 30 hyperparameters";
        return refuse("train.tune.ranges", format!("{} hyperparameters", tune.ranges.len()), fix);
    }
    for (name, range) in &tune.ranges {
        if train.hyperparameters.contains_key(name) {
            let fix = "a searched hyperparameter must not stand in train.hyperparameters too";
            return refuse("train.tune.ranges", format!("{name:?} fixed as well"), fix);
        }
        if let Some(fix) = range.fault() {
            return refuse("train.tune.ranges", format!("{name:?} without a usable range"), fix);
        }
    }
    Ok(())
}
