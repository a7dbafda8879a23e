//! Snapshots, profiles and judges new data; and, since it is the function that streams, copies a model to
//! another region.

mod edge;
mod parts;
mod pass;
mod profile;
mod reference;
mod replicate;
mod rows;
mod snapshot;
mod source;
#[cfg(test)]
mod tests;
mod validate;

use edge::{Data, Edge};
use jiff::Timestamp;
use pawl::documents::Partition;
use pawl::fault::Fault;
use pawl::ledger::Store;
use pawl::names::{Generation, ModelName};
use pawl_aws::{S3Objects, S3Store, in_lambda, serve};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// What the state machine asks for.
#[derive(Debug, Deserialize)]
#[serde(tag = "step", rename_all = "snake_case")]
enum Step {
    Snapshot {
        model: ModelName,
        generation: Generation,
    },
    Profile {
        model: ModelName,
        generation: Generation,
        #[serde(alias = "object", deserialize_with = "one_or_many")]
        partitions: Vec<Partition>,
    },
    Validate {
        model: ModelName,
        generation: Generation,
    },
    Replicate {
        copy: replicate::Copy,
    },
}

/// The partitions of a call; or the one that a run asks for which began before the stack was updated.
fn one_or_many<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Partition>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Work {
        Many(Vec<Partition>),
        One(Box<Partition>),
    }
    Ok(match Work::deserialize(from)? {
        Work::Many(partitions) => partitions,
        Work::One(partition) => vec![*partition],
    })
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let config = in_lambda();
    let store = S3Store::from_env(&config)?;
    let edge = Edge { bucket: store.bucket().to_owned(), store, objects: S3Objects::new(&config) };
    serve(|step| handle(&edge, step, Timestamp::now())).await
}

async fn handle(edge: &Edge<impl Store, impl Data>, step: Step, now: Timestamp) -> Result<Value, Fault> {
    match step {
        Step::Snapshot { model, generation } => snapshot::snapshot(edge, &model, generation, now).await,
        Step::Profile { model, generation, partitions } => {
            profile::profile(edge, &model, generation, &partitions).await
        }
        Step::Validate { model, generation } => validate::validate(edge, &model, generation).await,
        Step::Replicate { copy } => replicate::replicate(&edge.objects, &copy).await,
    }
}
