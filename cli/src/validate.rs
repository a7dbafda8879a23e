//! `pawl validate`: whether data keeps its constraints.

use std::fmt;
use std::path::PathBuf;

use pawl::constraints::{self, Validation, Verdict};
use pawl::model_monitor::{self, Violations};
use serde::Serialize;

use crate::data::{self, Data, KnownRules, LeftOut, Measures, Scanned};
use crate::reply::{self, Failure, Reply};

/// Check data against constraints
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER)]
pub(crate) struct Args {
    #[command(flatten)]
    data: Data,
    /// What `pawl suggest` wrote, or a constraints.json of SageMaker Model Monitor
    #[arg(long, value_name = "FILE")]
    constraints: PathBuf,
    /// Compare with this statistics.json of Model Monitor as well
    #[arg(long, value_name = "FILE")]
    statistics: Option<PathBuf>,
    /// Write Model Monitor's constraint_violations.json into this folder
    #[arg(long, value_name = "DIR")]
    sagemaker: Option<PathBuf>,
}

const AFTER: &str = "\
Exit codes: 0 nothing is wrong, 1 violations, 2 could not run.

Examples:
  pawl validate february.csv --constraints constraints.json
  pawl validate february.csv --constraints sagemaker/constraints.json \\
    --statistics sagemaker/statistics.json --sagemaker out";

/// The judgement, and how the data was read; the rows left out are among the violations.
#[derive(Serialize)]
struct Validated {
    #[serde(flatten)]
    validation: Validation,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notes: Vec<String>,
}

impl fmt::Display for Validated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let read = LeftOut { notes: self.notes.clone(), ..LeftOut::default() };
        write!(f, "{}{read}", self.validation)
    }
}

/// What Model Monitor's rules say, and the rows that they did not see.
#[derive(Serialize)]
struct ModelMonitorReply {
    #[serde(flatten)]
    found: Violations,
    /// Keys of the constraints that change nothing, since they are not known.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    unknown_keys: Vec<String>,
    left_out: LeftOut,
}

impl fmt::Display for ModelMonitorReply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.found)?;
        if !self.unknown_keys.is_empty() {
            writeln!(f, "\nKeys of the constraints that are not known, and change nothing")?;
            self.unknown_keys.iter().try_for_each(|key| writeln!(f, "  {key}"))?;
        }
        write!(f, "{}", self.left_out)
    }
}

pub(crate) fn run(args: &Args) -> Result<Reply, Failure> {
    let data_rules = args.data.data_rules()?;
    if let Some(rules) = data::load_rules(&args.constraints)? {
        return by_model_monitor(args, &data_rules, rules);
    }
    if args.statistics.is_some() || args.sagemaker.is_some() {
        return Err(Failure::cannot_run(
            "--statistics and --sagemaker belong to Model Monitor's constraints: give its constraints.json, \
             or leave them out",
        ));
    }
    let mut constraints = data::load_constraints(&args.constraints)?;
    constraints.apply(&data_rules.policy);
    let measures = Measures { constraints: Some(&constraints), ..Measures::default() };
    let Scanned { whole: scan, left_out } = args.data.scan(&data_rules.schema, measures)?;
    let validation =
        constraints::check_at(&scan, &constraints, &data_rules.policy, Some(jiff::Timestamp::now()));
    let verdict = match validation.verdict {
        Verdict::Accepted => reply::Verdict::Done,
        Verdict::AcceptedWithWarnings | Verdict::Quarantined => reply::Verdict::Refused,
    };
    Reply::new(verdict, &Validated { validation, notes: left_out.notes })
}

/// Judges as Model Monitor does: the data as a whole. Rows that cannot be read are no pass.
fn by_model_monitor(args: &Args, data_rules: &data::DataRules, known: KnownRules) -> Result<Reply, Failure> {
    let KnownRules { rules, unknown: unknown_keys } = known;
    let baseline = args.statistics.as_deref().map(data::load_statistics).transpose()?;
    let Scanned { whole, left_out } = args.data.scan(&data_rules.schema, Measures::default())?;
    let found = model_monitor::check(&whole.profile, &rules, baseline.as_ref())
        .map_err(|error| Failure::cannot_run(error.to_string()))?;
    if let Some(folder) = &args.sagemaker {
        data::save_violations(folder, &found)?;
    }
    let kept = found.violations.is_empty() && left_out.rows == 0;
    let verdict = if kept { reply::Verdict::Done } else { reply::Verdict::Refused };
    Reply::new(verdict, &ModelMonitorReply { found, unknown_keys, left_out })
}
