//! `pawl drift`: has this data moved against that?

use std::fmt;
use std::io::Read;
use std::path::{Path, PathBuf};

use pawl::dataset::Format;
use pawl::dataset::file::Content;
use pawl::drift::files::{ColumnSelection, ComparedSide, FilesError, compare_files, count_exactly};
use pawl::drift::{Axis, Compat, Drift, EffectUnit, Finding, NoVerdict, NotJudged, Policy, Verdict};
use serde::Serialize;

use crate::check;
use crate::data::{self, DataRules, Groups, LeftOut, Measures, Reading};
use crate::reply::{self, Failure, Reply};

/// Compare data with a baseline: did it move by enough to matter?
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER)]
pub(crate) struct Args {
    /// The new data: CSV, TSV or JSON Lines, plain, gzip or zstd, or Parquet; or its profile
    current: PathBuf,
    /// What to compare it with: data, a saved profile, or a frozen baseline (JSON)
    baseline: PathBuf,
    /// Compare only these columns. Default: all of the baseline's save identifiers and the cluster's
    #[arg(long, value_delimiter = ',', value_name = "COLUMN")]
    columns: Vec<String>,
    /// Leave these columns out, such as a date or an index
    #[arg(long, value_delimiter = ',', value_name = "COLUMN")]
    ignore: Vec<String>,
    /// The column that is the label; its drift is told apart
    #[arg(long, value_name = "COLUMN")]
    label: Option<String>,
    /// Compare each part of the rows that these columns' values make on its own as well
    #[arg(long, value_delimiter = ',', value_name = "COLUMN")]
    segments: Vec<String>,
    /// Decide by another tool's default rule
    #[arg(long, value_enum)]
    compat: Option<Tool>,
    #[command(flatten)]
    groups: Groups,
    #[command(flatten)]
    reading: Reading,
}

const AFTER: &str = "\
A column drifts only if there is enough data, the change is significant over
all comparisons together, and it is large enough to matter. What can be judged
is judged, and what cannot is listed with the reason. With --pipeline the
columns, the label, the segments and the thresholds are those of the pipeline,
unless they are given here.

Exit codes: 0 no drift (a warning is none), 1 drift, 2 could not run,
3 too little data to say anything of a column.

Examples:
  pawl drift march.csv february.csv --ignore date --segments city
  pawl drift march.parquet winter.json --json
  pawl drift march.csv last-march.csv --pipeline pipeline.yaml";

/// Another tool whose rule may decide.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Tool {
    Evidently,
    Sagemaker,
}

/// The document, as people read it, and the rows that it does not know.
#[derive(Serialize)]
struct Compared {
    #[serde(flatten)]
    drift: Drift,
    left_out: LeftOutOfBoth,
}

/// The rows of either side that were left out.
#[derive(Serialize)]
struct LeftOutOfBoth {
    baseline: LeftOut,
    current: LeftOut,
}

/// One side as read.
struct Side {
    compared: ComparedSide,
    left_out: LeftOut,
}

pub(crate) fn run(args: &Args) -> Result<Reply, Failure> {
    let (drift, left_out) = judge(args)?;
    let verdict = match drift.verdict {
        Verdict::None | Verdict::Warn => reply::Verdict::Done,
        Verdict::Drift => reply::Verdict::Refused,
        Verdict::InsufficientData => reply::Verdict::Undecided,
    };
    Reply::new(verdict, &Compared { drift, left_out })
}

fn judge(args: &Args) -> Result<(Drift, LeftOutOfBoth), Failure> {
    let (mut choice, policy) = asked(args)?;
    let data_rules = args.reading.data_rules()?;
    choice.most_left_out = Some(data_rules.policy.quarantine_above);
    let of = |path: &Path, error: FilesError| Failure::cannot_run(format!("{}: {error}", path.display()));
    let bins_alone = Measures { segments: &choice.segments, ..Measures::default() };
    let all = Measures { groups: choice.grouping.as_ref(), sampled: true, ..bins_alone };
    let read = |path: &Path, measures: Measures<'_>| read(args, path, &data_rules, measures);
    let Side { compared: baseline, left_out: of_baseline } = read(&args.baseline, all)?;
    baseline.check(&choice).map_err(|error| of(&args.baseline, error))?;
    let mut frozen = baseline.freeze();
    let can_be_read_again = std::fs::metadata(&args.baseline).is_ok_and(|of| of.is_file());
    if let (ComparedSide::Data(_), true) = (&baseline, frozen.is_sketched() && can_be_read_again)
        && let ComparedSide::Data(scan) =
            read(&args.baseline, Measures { baseline: Some(&frozen), ..bins_alone })?.compared
    {
        count_exactly(&mut frozen, &scan);
    }
    let Side { compared: current, left_out } =
        read(&args.current, Measures { baseline: Some(&frozen), ..all })?;
    let drift =
        compare_files(&baseline, &frozen, &current, &choice, &policy).map_err(|error| match error {
            FilesError::NoColumn { .. } => of(&args.baseline, error),
            error => of(&args.current, error),
        })?;
    Ok((drift, LeftOutOfBoth { baseline: of_baseline, current: left_out }))
}

/// What to compare and when it has moved: as the pipeline says, where there is one, and as said here.
fn asked(args: &Args) -> Result<(ColumnSelection, Policy), Failure> {
    let (mut choice, mut policy) = (ColumnSelection::default(), Policy::default());
    choice.grouping = args.groups.asked(None);
    if let Some(file) = &args.reading.pipeline {
        let (_, pipeline) = check::load(file)?;
        choice.grouping = args.groups.asked(Some(&pipeline));
        choice.columns = Some(pipeline.compared().cloned().collect());
        choice.label = Some(pipeline.data.label.column);
        choice.segments = pipeline.compare.segments;
        policy = pipeline.drift;
    }
    if !args.columns.is_empty() {
        choice.columns = Some(args.columns.clone());
    }
    if !args.segments.is_empty() {
        choice.segments.clone_from(&args.segments);
    }
    choice.ignore.clone_from(&args.ignore);
    choice.label = args.label.clone().or(choice.label);
    policy.compat = match args.compat {
        Some(Tool::Evidently) => Some(Compat::Evidently),
        Some(Tool::Sagemaker) => Some(Compat::Sagemaker),
        None => policy.compat,
    };
    Ok((choice, policy))
}

/// A saved document is one JSON object; anything else is data and streams.
fn read(args: &Args, path: &Path, data_rules: &DataRules, measures: Measures<'_>) -> Result<Side, Failure> {
    let bar = indicatif::ProgressBar::hidden();
    let mut opened = data::open(path, &bar, &data_rules.schema, args.reading.unsaid())
        .map_err(|error| data::unread(path, &error))?;
    let saved = match opened.kind {
        Content::Profile => true,
        Content::Records(Format::JsonLines) => !opened.has_many_objects(),
        Content::Records(Format::Csv) | Content::Parquet => false,
    };
    if saved {
        let mut document = Vec::new();
        opened.bytes.read_to_end(&mut document).map_err(|error| data::unread(path, &error))?;
        let compared = ComparedSide::saved(&document)
            .map_err(|error| Failure::cannot_run(format!("{}: {error}", path.display())))?;
        let left_out = LeftOut::of_saved(path, compared.profile());
        return Ok(Side { compared, left_out });
    }
    let found = opened.found.clone();
    let scan = args.reading.scan(path, opened, &bar, &data_rules.schema, measures)?;
    let left_out = LeftOut::of(path, &scan, found);
    if scan.tally.accepted == 0 {
        return Err(left_out.nothing_kept(path));
    }
    Ok(Side { compared: ComparedSide::Data(Box::new(scan)), left_out })
}

impl fmt::Display for Compared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { drift, left_out } = self;
        let verdict = match drift.verdict {
            Verdict::None => "no drift",
            Verdict::Warn => "moved, short of drift",
            Verdict::InsufficientData => "insufficient data",
            Verdict::Drift => "drift",
        };
        write!(f, "{verdict}: {} comparisons, {} tests", drift.columns.len(), drift.tests)?;
        let silent = drift.columns.iter().filter(|finding| !finding.is_judged()).count();
        match silent {
            0 => writeln!(f)?,
            _ => writeln!(f, ", {silent} that could not be judged")?,
        }
        for reason in &drift.reasons {
            writeln!(f, "  {reason}")?;
        }
        let told = |it: &&NotJudged| it.why != NoVerdict::InsufficientData;
        let not_compared: Vec<&NotJudged> = drift.not_judged.iter().filter(told).collect();
        if !not_compared.is_empty() {
            writeln!(f, "no verdict: {}", not_compared.len())?;
        }
        for it in not_compared {
            let axis = it.axis.map(|axis| format!(" {}", words(axis))).unwrap_or_default();
            writeln!(f, "  {}{axis}: {}", it.name, it.reason)?;
        }
        for warning in &drift.warnings {
            writeln!(f, "warning: {warning}")?;
        }
        let quiet: Vec<&Finding> = drift.findings(Verdict::None).collect();
        if !quiet.is_empty() {
            writeln!(f, "quiet: {} comparisons; the least that each would have told:", quiet.len())?;
        }
        quiet.into_iter().try_for_each(|finding| line(finding, f))?;
        let LeftOutOfBoth { baseline, current } = left_out;
        write!(f, "{}", baseline.clone().and(current))
    }
}

fn words(axis: Axis) -> &'static str {
    match axis {
        Axis::Missingness => "missingness",
        Axis::Unseen => "unseen",
        Axis::Shape => "shape",
        Axis::TypeMix => "type mix",
        Axis::Together => "moved together",
    }
}

/// A quiet comparison.
fn line(finding: &Finding, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    write!(f, "  {} {}", finding.name, words(finding.axis))?;
    if let Some(segment) = &finding.segment {
        write!(f, " ({} = {})", segment.column, segment.value)?;
    }
    match (finding.detectable.minimum, finding.detectable.unit) {
        (Some(effect), Some(EffectUnit::Psi)) => writeln!(f, ": PSI {effect:.3}"),
        (Some(effect), Some(EffectUnit::Sigma)) => writeln!(f, ": a shift of {effect:.2} deviations"),
        (Some(effect), Some(EffectUnit::Share)) => writeln!(f, ": {:.1} % of the rows", effect * 100.0),
        (Some(effect), Some(EffectUnit::Correlation)) => writeln!(f, ": a correlation moved by {effect:.2}"),
        _ => writeln!(f),
    }
}
