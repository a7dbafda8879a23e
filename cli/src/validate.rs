//! `pawl validate`: whether data keeps its constraints.

use std::path::PathBuf;

use pawl::constraints::{self, Verdict};

use crate::data::{self, Data, Measures};
use crate::reply::{self, Failure, Reply};

/// Check data against constraints
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER)]
pub(crate) struct Args {
    #[command(flatten)]
    data: Data,
    /// What `pawl suggest` wrote
    #[arg(long, value_name = "FILE")]
    constraints: PathBuf,
}

const AFTER: &str = "\
Exit codes: 0 nothing is wrong, 1 violations, 2 could not run.

Example:
  pawl validate february.csv --constraints constraints.json";

pub(crate) fn run(args: &Args) -> Result<Reply, Failure> {
    let told = args.data.told()?;
    let mut constraints = data::load_constraints(&args.constraints)?;
    constraints.apply(&told.policy);
    let measures = Measures { constraints: Some(&constraints), ..Measures::default() };
    let scan = args.data.scan(&told.schema, measures)?.whole;
    let validation = constraints::check(&scan, &constraints, &told.policy);
    let verdict = match validation.verdict {
        Verdict::Accepted => reply::Verdict::Done,
        Verdict::AcceptedWithWarnings | Verdict::Quarantined => reply::Verdict::Refused,
    };
    Reply::new(verdict, &validation)
}
