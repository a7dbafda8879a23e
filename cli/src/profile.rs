//! `pawl profile`: what data looks like.

use std::fmt;
use std::path::PathBuf;

use pawl::dataset::BinnedColumn;
use pawl::profile::Summary;
use pawl::profile::bins::Baseline;
use serde::Serialize;

use crate::data::{self, Data, Groups, LeftOut, Measures, Scanned};
use crate::reply::{Failure, Reply};

/// Profile data in one pass: types, moments, quantiles, distinct and frequent values
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER)]
pub(crate) struct Args {
    #[command(flatten)]
    data: Data,
    /// Count the data in the bins of this profile as well
    #[arg(long, value_name = "PROFILE")]
    baseline: Option<PathBuf>,
    /// Profile also each part of the rows that these columns' values make, for `pawl drift --segments`
    #[arg(long, value_delimiter = ',', value_name = "COLUMN")]
    segments: Vec<String>,
    /// Write the profile to this file, to merge, to suggest from or to compare with: JSON, or few bytes if it
    /// ends in .pawl
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Write SageMaker Model Monitor's statistics.json and constraints.json into this folder
    #[arg(long, value_name = "DIR")]
    sagemaker: Option<PathBuf>,
    #[command(flatten)]
    groups: Groups,
}

const AFTER: &str = "\
Memory does not grow with the rows.

Exit codes: 0 profiled, 2 could not run.

Examples:
  pawl profile january.csv february.csv.gz --out winter.json
  pawl profile march.csv --baseline winter.json --json";

/// The figures of a profile, its counts in the baseline's bins, and the rows that are in neither.
#[derive(Serialize)]
struct DataRules {
    #[serde(flatten)]
    summary: Summary,
    left_out: LeftOut,
    #[serde(skip_serializing_if = "Option::is_none")]
    binned: Option<Vec<BinnedColumn>>,
}

impl fmt::Display for DataRules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.summary, self.left_out)
    }
}

pub(crate) fn run(args: &Args) -> Result<Reply, Failure> {
    let baseline = match &args.baseline {
        Some(path) => Some(Baseline::freeze(&data::load_profile(path)?)),
        None => None,
    };
    let data_rules = args.data.data_rules()?;
    let groups = args.groups.asked(args.data.pipeline()?.as_ref());
    let measures = Measures {
        groups: groups.as_ref(),
        baseline: baseline.as_ref(),
        segments: &args.segments,
        sampled: args.out.is_some(),
        ..Measures::default()
    };
    let Scanned { whole, left_out } = args.data.scan(&data_rules.schema, measures)?;
    if whole.profile.rows == 0 {
        return Err(left_out.nothing_kept(args.data.first()));
    }
    if let Some(out) = &args.out {
        data::save_profile(out, &whole.profile)?;
    }
    if let Some(folder) = &args.sagemaker {
        data::save_baseline(folder, &whole.profile)?;
    }
    Reply::done(&DataRules {
        summary: whole.profile.summary(),
        left_out,
        binned: baseline.map(|_| whole.binned),
    })
}
