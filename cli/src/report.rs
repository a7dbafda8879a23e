//! `pawl report`: how a run ended, and where its evidence lies.

use std::fmt;

use jiff::Timestamp;
use pawl::documents::{RUN, TRAINING};
use pawl::ledger::{Keys, RunRecord, Store};
use pawl::names::{Generation, ModelName};
use serde::Serialize;

use crate::edge::{Edge, Services};
use crate::options::Model;
use crate::page::Page;
use crate::reply::{Failure, Reply};
use crate::status::{clock, words};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    model: Model,
    /// The run's number; without it the newest run
    #[arg(value_name = "RUN")]
    run: Option<u64>,
}

/// A run, as far as it has come.
#[derive(Debug, Serialize)]
struct Report {
    model: ModelName,
    run: Generation,
    /// None while the run is open.
    record: Option<RunRecord>,
    opened_at: Option<Timestamp>,
    /// Where the evidence lies.
    folder: String,
    files: Vec<String>,
}

pub(crate) async fn run<S: Store, V: Services>(edge: &Edge<S, V>, args: &Args) -> Result<Reply, Failure> {
    let model = &args.model.model;
    edge.pipeline_of(model).await?;
    let (store, keys) = (&edge.store, Keys::new(model));
    let training = TRAINING.of(&keys).read_or_default(store).await?;
    let newest = training.generation;
    let run = args.run.map_or(newest, Generation);
    if run == Generation::default() || newest < run {
        let known = if newest == Generation::default() {
            format!("{model} has not had a run yet; `pawl run {model} --why TEXT` asks for one")
        } else {
            format!("{model} has no run {run}; the newest is {newest}")
        };
        return Err(Failure::cannot_run(known));
    }
    let folder = keys.run(run);
    let record = RUN.of(&keys, run).read(store).await?;
    let open = training.open.filter(|open| open.generation == run).map(|open| open.opened_at);
    let files = store.list(&folder).await?;
    let files = files.iter().filter_map(|file| file.key.strip_prefix(&folder)).map(str::to_owned).collect();
    Reply::done(&Report {
        model: model.clone(),
        run,
        opened_at: record.as_ref().and_then(|record| record.opened_at).or(open),
        record,
        folder: format!("s3://{}/{folder}", edge.bucket),
        files,
    })
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut page = Page::default();
        match &self.record {
            Some(record) => page.line(&format!(
                "Run {} of {}: {}. {}",
                self.run,
                self.model,
                words(&record.outcome.code),
                record.outcome.reason
            )),
            None => page.line(&format!("Run {} of {} has not ended.", self.run, self.model)),
        }
        page.gap();
        for trigger in self.record.iter().flat_map(|record| &record.triggers) {
            page.field("trigger", trigger);
        }
        if let Some(more @ 1..) = self.record.as_ref().map(|record| record.more_triggers) {
            page.field("", &format!("and {more} more"));
        }
        if let Some(at) = self.opened_at {
            page.field("opened", &clock(at));
        }
        if let Some(record) = &self.record {
            page.field("closed", &clock(record.closed_at));
            if let (Some(state), Some(error)) = (&record.outcome.state, &record.outcome.error) {
                page.field("failed", &format!("in {state}: {error}"));
            }
        }
        page.field("evidence", &self.folder);
        for file in &self.files {
            page.field("", file);
        }
        page.fmt(f)
    }
}
