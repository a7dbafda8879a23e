//! `pawl drift`: has this data moved against that?

use std::fmt::Write as _;
use std::io::{Read, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use pawl::dataset::{self, file::Kind};
use pawl::drift::files::{Choice, FilesError, Frozen, Reader, Side, compare_files, freeze};
use pawl::drift::{Compat, Drift, Finding, Policy, Verdict};

use crate::data;
use crate::reply::Format;

/// Compares data with a baseline: exit 0 no drift (a warning is none), 1 drift, 3 too little data
/// to say, 2 a file that cannot be read.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The new data: CSV, TSV or JSON Lines, plain, gzip or zstd, or a saved profile (JSON).
    current: PathBuf,
    /// What to compare it with: data, a saved profile, or a frozen baseline (JSON).
    baseline: PathBuf,
    /// Compare only these columns. Default: all of the baseline's save identifiers.
    #[arg(long, value_delimiter = ',')]
    columns: Vec<String>,
    /// Leave these columns out, such as a date or an index.
    #[arg(long, value_delimiter = ',')]
    ignore: Vec<String>,
    /// The column that is the label; its drift is told apart.
    #[arg(long)]
    label: Option<String>,
    /// Compare each value of these columns on its own as well.
    #[arg(long, value_delimiter = ',')]
    segments: Vec<String>,
    /// Decide by another tool's default rule.
    #[arg(long, value_enum)]
    compat: Option<Tool>,
}

/// Another tool whose rule may decide.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Tool {
    Evidently,
    Sagemaker,
}

/// Why there is no comparison.
#[derive(Debug)]
enum Failure {
    Open(std::io::Error),
    Parquet,
    Files(FilesError),
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Open(error) => f.write_str(&data::explain(error)),
            Self::Parquet => f.write_str(data::NO_PARQUET),
            Self::Files(error) => error.fmt(f),
        }
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::Open(error)
    }
}

impl From<FilesError> for Failure {
    fn from(error: FilesError) -> Self {
        Self::Files(error)
    }
}

/// Runs the command.
pub(crate) fn run(args: &Args, format: Format) -> ExitCode {
    let mut out = std::io::stdout().lock();
    let written = match judge(args) {
        Ok(drift) => print(&drift, format, &mut out).map(|()| match drift.verdict {
            Verdict::None | Verdict::Warn => ExitCode::SUCCESS,
            Verdict::Drift => ExitCode::from(1),
            Verdict::InsufficientData => ExitCode::from(3),
        }),
        Err((path, failure)) => writeln!(std::io::stderr(), "pawl drift: {}: {failure}", path.display())
            .map(|()| ExitCode::from(2)),
    };
    written.unwrap_or(ExitCode::from(2))
}

fn judge(args: &Args) -> Result<Drift, (&Path, Failure)> {
    let choice = Choice {
        columns: (!args.columns.is_empty()).then(|| args.columns.clone()),
        ignore: args.ignore.clone(),
        label: args.label.clone(),
        segments: args.segments.clone(),
    };
    let compat = args.compat.map(|tool| match tool {
        Tool::Evidently => Compat::Evidently,
        Tool::Sagemaker => Compat::Sagemaker,
    });
    let policy = Policy { compat, ..Policy::default() };
    let of_baseline = |failure| (args.baseline.as_path(), failure);
    let of_current = |failure| (args.current.as_path(), failure);
    let baseline = read(&args.baseline, &args.segments, None).map_err(of_baseline)?;
    let frozen = freeze(&baseline, &choice).map_err(|error| of_baseline(error.into()))?;
    let current = read(&args.current, &args.segments, Some(&frozen)).map_err(of_current)?;
    compare_files(&baseline, &frozen, &current, &choice, &policy).map_err(|error| of_current(error.into()))
}

/// A saved document is one JSON object; anything else is data and streams.
fn read(path: &Path, segments: &[String], frozen: Option<&Frozen>) -> Result<Side, Failure> {
    let mut opened = data::open(path, &indicatif::ProgressBar::hidden())?;
    let format = match opened.kind {
        Kind::Records(format) => Some(format),
        Kind::Profile => None,
        Kind::Parquet => return Err(Failure::Parquet),
    };
    let data = format.filter(|format| *format == dataset::Format::Csv || opened.has_many_objects());
    let Some(format) = data else {
        let mut document = Vec::new();
        opened.bytes.read_to_end(&mut document)?;
        return Ok(Side::saved(&document)?);
    };
    let mut reader = Reader::new(format, &data::usual_schema(path), segments, frozen);
    let mut buffer = vec![0; data::CHUNK];
    loop {
        let filled = opened.bytes.read(&mut buffer)?;
        let Some(bytes @ [_, ..]) = buffer.get(..filled) else { return Ok(reader.finish()?) };
        reader.feed(bytes)?;
    }
}

fn print(drift: &Drift, format: Format, out: &mut impl std::io::Write) -> std::io::Result<()> {
    if format == Format::Json {
        serde_json::to_writer_pretty(&mut *out, drift)?;
        return writeln!(out);
    }
    out.write_all(text(drift).as_bytes())
}

fn text(drift: &Drift) -> String {
    let verdict = match drift.verdict {
        Verdict::None => "no drift",
        Verdict::Warn => "moved, short of drift",
        Verdict::InsufficientData => "insufficient data",
        Verdict::Drift => "drift",
    };
    let mut text = format!("{verdict}: {} comparisons, {} tests\n", drift.columns.len(), drift.tests);
    for reason in &drift.reasons {
        let _ = writeln!(text, "  {reason}");
    }
    let quiet: Vec<&Finding> = drift.findings(Verdict::None).collect();
    if !quiet.is_empty() {
        let _ = writeln!(text, "quiet: {} comparisons; the least that each would have told:", quiet.len());
    }
    for finding in quiet {
        let _ = write!(text, "  {} {}", finding.name, axis(finding));
        if let Some(segment) = &finding.segment {
            let _ = write!(text, " ({} = {})", segment.column, segment.value);
        }
        match (finding.minimum_detectable_effect, finding.minimum_detectable_unit) {
            (Some(effect), Some(pawl::drift::EffectUnit::Psi)) => {
                let _ = writeln!(text, ": PSI {effect:.3}");
            }
            (Some(effect), Some(pawl::drift::EffectUnit::Share)) => {
                let _ = writeln!(text, ": {:.1} % of the rows", effect * 100.0);
            }
            _ => text.push('\n'),
        }
    }
    text
}

fn axis(finding: &Finding) -> &'static str {
    match finding.axis {
        pawl::drift::Axis::Missingness => "missingness",
        pawl::drift::Axis::Unseen => "unseen",
        pawl::drift::Axis::Shape => "shape",
        pawl::drift::Axis::TypeMix => "type mix",
    }
}
