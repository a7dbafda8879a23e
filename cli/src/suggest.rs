//! `pawl suggest`: constraints that data keeps.

use std::fmt;
use std::path::PathBuf;

use pawl::constraints::{self, Constraints};
use serde::Serialize;

use crate::data::{self, Data, LeftOut, Measures, Scanned};
use crate::reply::{Failure, Reply};

/// Suggest constraints from data that is good
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER)]
pub(crate) struct Args {
    #[command(flatten)]
    data: Data,
    /// Write the constraints to this file, for `pawl validate`
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

const AFTER: &str = "\
The suggestions are wide enough for growth: only faults break them. Rules of a team's own, in
the section `constraints` of pipeline.yaml, win over them.

Exit codes: 0 suggested, 2 could not run.

Examples:
  pawl suggest january.csv --out constraints.json
  pawl suggest january.csv --pipeline pipeline.yaml --json";

/// Constraints, and the rows they were not taken from.
#[derive(Serialize)]
struct DataRules {
    #[serde(flatten)]
    constraints: Constraints,
    #[serde(skip)]
    left_out: LeftOut,
}

impl fmt::Display for DataRules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.constraints, self.left_out)
    }
}

pub(crate) fn run(args: &Args) -> Result<Reply, Failure> {
    let data_rules = args.data.data_rules()?;
    let Scanned { whole, left_out } = args.data.scan(&data_rules.schema, Measures::default())?;
    if whole.profile.rows == 0 {
        return Err(left_out.nothing_kept(args.data.first()));
    }
    let constraints = constraints::suggest(&whole.profile, &data_rules.policy);
    if let Some(out) = &args.out {
        data::save(out, &constraints)?;
    }
    Reply::done(&DataRules { constraints, left_out })
}
