//! `pawl force`: a person's word to go on, where a release waits for one or the gate said no.

use pawl::events::Verb;
use pawl::ledger::{Keys, Store};
use pawl::names::Generation;
use pawl::run::force::{Wish, admit};

use crate::edge::{Edge, Services};
use crate::reply::{Failure, Reply};
use crate::{operate, request};

#[derive(Debug, clap::Args)]
#[group(skip)]
pub(crate) struct Args {
    #[command(flatten)]
    act: operate::Args,
    /// Promote the challenger of this run against the gate
    #[arg(
        long,
        value_name = "RUN",
        conflicts_with = "region",
        value_parser = clap::value_parser!(u64).range(1..)
    )]
    run: Option<u64>,
}

pub(crate) async fn run<S: Store, V: Services>(edge: &Edge<S, V>, args: &Args) -> Result<Reply, Failure> {
    let Some(run) = args.run.map(Generation) else {
        return operate::run(edge, Verb::Force, &args.act).await;
    };
    let about = &args.act.about;
    let model = &about.model.model;
    edge.pipeline_of(model).await?;
    let who = edge.services.user().await?.to_string();
    let wish = Wish { run, who, why: about.why.why.clone() };
    // The run looks again when it begins: here a person hears at once what would become of it.
    match admit(&edge.store, &Keys::new(model), &edge.bucket, &wish, edge.services.now()).await? {
        Ok(_) => request::send(edge, about, Some(run)).await,
        Err(refusal) => Err(Failure::refused(format!("not forced: {refusal}"))),
    }
}
