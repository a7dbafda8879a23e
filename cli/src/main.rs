//! The `pawl` command: the same core on local files, and the operator's verbs on what is deployed.

mod answer;
mod build;
mod check;
mod data;
mod drift;
mod edge;
mod force;
mod history;
mod judge;
mod operate;
mod options;
mod page;
mod profile;
mod put;
mod reply;
mod report;
mod request;
mod reset;
mod schema;
mod status;
mod suggest;
#[cfg(test)]
mod tests;
mod validate;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use edge::{Edge, Services};
use pawl::events::Verb;
use pawl::ledger::Store;
use reply::{Failure, Format, Reply};

/// New data becomes a better model in production, or Pawl says why not.
#[derive(Debug, Parser)]
#[command(name = "pawl", version = build::OWN.as_str(), max_term_width = 80, after_help = AFTER)]
struct Cli {
    /// The stack's output PawlBucket
    #[arg(
        long,
        global = true,
        value_name = "NAME",
        env = "PAWL_BUCKET",
        hide_env_values = true,
        help_heading = STACK
    )]
    bucket: Option<String>,
    /// Who you say you are, beside what AWS tells; default USER@host
    #[arg(
        long,
        global = true,
        value_name = "NAME",
        env = "PAWL_WHO",
        hide_env_values = true,
        help_heading = STACK
    )]
    who: Option<String>,
    /// Print one JSON document instead of text
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

// Apart, since verbs on local files have no use for them.
const STACK: &str = "What is deployed";

const AFTER: &str = "\
Region and credentials come from the environment, as the AWS CLI takes them;
AWS_ENDPOINT_URL leads to a local stand-in.

Exit codes: 0 done, 1 refused or a negative verdict, 2 could not run,
3 too little to decide (drift, judge).

Examples:
  pawl check pipeline.yaml
  pawl profile january.csv --out january.json
  pawl put pipeline.yaml --bucket my-pawl-bucket
  pawl status bike-demand
  pawl approve bike-demand
  pawl rollback bike-demand --why \"wrong prices since noon\"";

#[derive(Debug, Subcommand)]
enum Command {
    #[command(flatten)]
    Local(Box<Local>),
    #[command(flatten)]
    Remote(Remote),
}

// Verbs on local files. Plain comments here and on shared arguments: clap would take documentation as help.
#[derive(Debug, Subcommand)]
enum Local {
    Check(check::Args),
    Schema(schema::Args),
    Profile(profile::Args),
    Suggest(suggest::Args),
    Validate(validate::Args),
    Drift(drift::Args),
    /// Judge a challenger against the champion on scored rows
    Judge(Box<judge::JudgeArgs>),
}

// Verbs on what is deployed.
#[derive(Debug, Subcommand)]
enum Remote {
    #[command(verbatim_doc_comment)]
    /// Check a pipeline.yaml and put it in place
    ///
    /// A model's first pipeline.yaml makes the model. A changed one starts a run; an
    /// unchanged one is left alone.
    Put(put::Args),
    /// Show what serves, what is under way, what stops it and who is asked
    #[command(after_help = "Example:\n  pawl status bike-demand")]
    Status(status::Args),
    /// Show what happened, newest first
    #[command(after_help = "Example:\n  pawl history bike-demand --limit 5")]
    History(history::Args),
    /// Show how a run ended and where its evidence lies
    #[command(after_help = "Examples:\n  pawl report bike-demand\n  pawl report bike-demand 12 --json")]
    Report(report::Args),
    #[command(verbatim_doc_comment)]
    /// Ask for a run
    ///
    /// Exit codes: 0 recorded, 2 could not run.
    #[command(after_help = "Example:\n  pawl run bike-demand --why \"the label was mended\"")]
    Run(request::Args),
    #[command(verbatim_doc_comment)]
    /// Answer yes to the question that a run waits with
    ///
    /// Exit codes: 0 taken, 1 nobody waits or too late, 2 could not run.
    #[command(after_help = "Example:\n  pawl approve bike-demand --why \"checked the slices\"")]
    Approve(answer::Approve),
    #[command(verbatim_doc_comment)]
    /// Answer no to the question that a run waits with
    ///
    /// Exit codes: 0 taken, 1 nobody waits or too late, 2 could not run.
    #[command(after_help = "Example:\n  pawl reject bike-demand --why \"worse on weekends\"")]
    Reject(answer::Reject),
    /// Go back to the last known good config
    #[command(after_help = "Example:\n  pawl rollback bike-demand --why \"wrong since noon\"")]
    Rollback(operate::Args),
    /// Let no new deployment begin
    #[command(after_help = "Example:\n  pawl freeze bike-demand --why \"holiday season\"")]
    Freeze(operate::Args),
    /// Let deployments begin again
    #[command(after_help = "Example:\n  pawl unfreeze bike-demand --why \"season is over\"")]
    Unfreeze(operate::Args),
    #[command(verbatim_doc_comment)]
    /// Go on where a release waits for a person
    ///
    /// Promotes what is watched or being deployed, ends a cool-down, or lets the next
    /// deployment begin without a last known good config.
    ///
    /// With --run: promotes the challenger of a run that the gate rejected or a person
    /// declined, in a run of its own, which is deployed and watched as any other.
    #[command(after_help = "\
Examples:
  pawl force bike-demand --why \"the first model\"
  pawl force bike-demand --run 7 --why \"the champion leaks names\"")]
    Force(force::Args),
    /// Close the breaker that stops trainings
    #[command(after_help = "Example:\n  pawl reset bike-demand --why \"labels were mended\"")]
    Reset(reset::Args),
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let format = if cli.json { Format::Json } else { Format::Text };
    let result = match cli.command {
        Command::Local(verb) => match *verb {
            Local::Check(args) => check::run(&args),
            Local::Schema(args) => schema::run(&args),
            Local::Profile(args) => profile::run(&args),
            Local::Suggest(args) => suggest::run(&args),
            Local::Validate(args) => validate::run(&args),
            Local::Drift(args) => drift::run(&args),
            // Answers with more than done or refused: 3 says that there is too little to decide.
            Local::Judge(args) => return judge::run(&args, format),
        },
        Command::Remote(verb) => remote(cli.bucket.as_deref(), cli.who, &verb),
    };
    reply::finish(result, format)
}

/// Only these verbs start a runtime and connect.
#[tokio::main(flavor = "current_thread")]
async fn remote(bucket: Option<&str>, who: Option<String>, verb: &Remote) -> Result<Reply, Failure> {
    let edge = edge::connect(bucket, who.unwrap_or_else(edge::says)).await?;
    remote_on(&edge, verb).await
}

async fn remote_on<S: Store, V: Services>(edge: &Edge<S, V>, verb: &Remote) -> Result<Reply, Failure> {
    match verb {
        Remote::Put(args) => put::run(edge, args).await,
        Remote::Status(args) => status::run(edge, args).await,
        Remote::History(args) => history::run(edge, args).await,
        Remote::Report(args) => report::run(edge, args).await,
        Remote::Run(args) => request::run(edge, args).await,
        Remote::Approve(args) => answer::approve(edge, args).await,
        Remote::Reject(args) => answer::reject(edge, args).await,
        Remote::Rollback(args) => operate::run(edge, Verb::Rollback, args).await,
        Remote::Freeze(args) => operate::run(edge, Verb::Freeze, args).await,
        Remote::Unfreeze(args) => operate::run(edge, Verb::Unfreeze, args).await,
        Remote::Force(args) => force::run(edge, args).await,
        Remote::Reset(args) => reset::run(edge, args).await,
    }
}
