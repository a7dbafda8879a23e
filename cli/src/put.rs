//! `pawl put`: checks a `pipeline.yaml` and puts it in place.

use std::fmt;
use std::path::PathBuf;

use pawl::ledger::{Condition, Store, TriggerKind, pipeline};
use pawl::names::ModelName;
use serde::Serialize;

use crate::check;
use crate::edge::{Edge, Services};
use crate::reply::{Failure, Reply};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The file
    #[arg(value_name = "FILE", default_value = "pipeline.yaml")]
    file: PathBuf,
}

/// A `pipeline.yaml` in place.
#[derive(Debug, Serialize)]
struct Put {
    model: ModelName,
    uri: String,
    change: Change,
    /// Whether a change of it may start a training.
    retrains: Retrains,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Change {
    New,
    Replaced,
    Unchanged,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Retrains {
    OnCode,
    NotOnCode,
}

impl fmt::Display for Put {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (uri, model) = (&self.uri, &self.model);
        match self.change {
            Change::Unchanged => return writeln!(f, "Unchanged: {uri}"),
            Change::New => writeln!(f, "New: {uri}")?,
            Change::Replaced => writeln!(f, "Replaced: {uri}")?,
        }
        match self.retrains {
            Retrains::OnCode => writeln!(f, "A run of {model} begins; see `pawl status {model}`."),
            Retrains::NotOnCode => {
                writeln!(f, "A run looks at the data; decide.retrain_on does not list code.")
            }
        }
    }
}

pub(crate) async fn run<S: Store, V: Services>(edge: &Edge<S, V>, args: &Args) -> Result<Reply, Failure> {
    let (yaml, good) = check::load(&args.file)?;
    let key = pipeline(&good.model);
    let before = edge.store.get(&key).await?;
    let change = match &before {
        None => Change::New,
        Some(stored) if stored.body == yaml => Change::Unchanged,
        Some(_) => Change::Replaced,
    };
    // Written only where it differs: every write starts a run.
    if change != Change::Unchanged {
        let when = Condition::unchanged_since(before.map(|stored| stored.etag));
        edge.store.put(&key, yaml, when).await?;
    }
    let listed = good.decide.retrain_on.contains(&TriggerKind::Code);
    Reply::done(&Put {
        uri: format!("s3://{}/{key}", edge.bucket),
        change,
        retrains: if listed { Retrains::OnCode } else { Retrains::NotOnCode },
        model: good.model,
    })
}
