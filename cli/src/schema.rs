//! `pawl schema`: the JSON Schema of `pipeline.yaml`, so that editors complete and check it.

use std::fmt;

use pawl::pipeline::Pipeline;
use serde::Serialize;

use crate::reply::{Failure, Reply};

/// Print the JSON Schema of pipeline.yaml
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER)]
pub(crate) struct Args {}

const AFTER: &str = "\
An editor with a YAML language server completes and checks a file that begins:
  # yaml-language-server: $schema=pipeline.schema.json

Example:
  pawl schema > pipeline.schema.json";

#[derive(Serialize)]
#[serde(transparent)]
struct Document(schemars::Schema);

impl fmt::Display for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:#}", self.0.as_value())
    }
}

pub(crate) fn run(_: &Args) -> Result<Reply, Failure> {
    Reply::done(&Document(pipeline()))
}

/// The schema of `pipeline.yaml`.
pub(crate) fn pipeline() -> schemars::Schema {
    schemars::schema_for!(Pipeline)
}
