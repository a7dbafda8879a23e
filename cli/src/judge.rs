//! `pawl judge`: may the challenger replace the champion, by the predictions in a file?

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use indicatif::ProgressBar;
use pawl::dataset::file::{Content, Unsaid};
use pawl::dataset::{self, Schema};
use pawl::gate::policy::{Balance, Favourable, Groups, Guard};
use pawl::gate::{
    Against, JsonTableReader, Judge, Judgement, Metric, Metrics, Policy, PolicyError, Served, ServedColumns,
    TableColumns, TableError, TableReader, Task, Thresholds, Verdict, leakage,
};
use pawl::stats::mcnemar::Discordance;
use pawl_parquet::{ParquetError, ParquetFile, write_rows};

use crate::data;
use crate::reply::{Format, harmless};

/// Compares two models' predictions on the same rows and says whether to promote the challenger.
// Long: one field for each option of the command.
#[derive(Debug, Args)]
#[command(after_help = AFTER)]
pub(crate) struct JudgeArgs {
    /// CSV, TSV or JSON Lines, plain, gzip or zstd, or Parquet; `-` is standard input.
    #[arg(required_unless_present = "counts")]
    predictions: Option<PathBuf>,
    /// What the model predicts. Default: what the policy says, else binary.
    #[arg(long, value_parser = ["binary", "multiclass", "regression"])]
    task: Option<String>,
    /// Column of the label: 0 or 1, a class, or a number.
    #[arg(long, value_name = "COL", required_unless_present = "counts")]
    label: Option<String>,
    /// Column of the champion's predictions. Without it the challenger is a first model, judged by floors.
    #[arg(long, value_name = "COL")]
    champion: Option<String>,
    /// Column of the challenger's predictions: the probability of the positive class; a class or a list of
    /// one probability for each, such as [0.2, 0.8]; or a number.
    #[arg(long, value_name = "COL", required_unless_present = "counts")]
    challenger: Option<String>,
    #[command(flatten)]
    writing: data::Writing,
    /// Column of milliseconds that the champion's answer took, empty where there was none.
    #[arg(long, value_name = "COL", requires = "champion")]
    champion_latency: Option<String>,
    /// The same of the challenger.
    #[arg(long, value_name = "COL")]
    challenger_latency: Option<String>,
    /// Column that is 1 where the champion failed to answer. Such rows judge nothing else.
    #[arg(long, value_name = "COL", requires = "champion")]
    champion_error: Option<String>,
    /// The same of the challenger.
    #[arg(long, value_name = "COL")]
    challenger_error: Option<String>,
    /// A score at or above it predicts the positive class, of both models. Default 0.5.
    #[arg(long)]
    threshold: Option<f64>,
    /// The champion's own threshold, where its training chose one. Default: --threshold.
    #[arg(long, value_name = "X", requires = "champion")]
    champion_threshold: Option<f64>,
    /// The challenger's own threshold. Default: --threshold.
    #[arg(long, value_name = "X")]
    challenger_threshold: Option<f64>,
    /// Classes in the order of a list of probabilities. Default: whole numbers from 0.
    #[arg(long, value_name = "A,B,...", value_delimiter = ',')]
    classes: Vec<String>,
    /// The rows stand in the order of time, as forecasts so many steps ahead (regression).
    #[arg(long, value_name = "STEPS")]
    horizon: Option<usize>,
    /// Column whose values belong together (a day, a user): resampled as one.
    #[arg(long, value_name = "COL")]
    cluster: Option<String>,
    /// Column of groups to compare for fairness; `A,B` for the intersection of two. Repeatable. Of classes
    /// and numbers without --favourable each group is a slice that may not lose.
    #[arg(long = "group", value_name = "COL")]
    groups: Vec<String>,
    /// What people are better off with, for --group: classes (multiclass), or the number above which it
    /// begins (regression).
    #[arg(long, value_name = "A,B,...|X", value_delimiter = ',')]
    favourable: Vec<String>,
    /// YAML file with the gate section of a pipeline.yaml.
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// An earlier judgement.json: for the alarm on scores too good to be true, and because rows that judge
    /// again find wins by chance. Repeatable.
    #[arg(long, value_name = "FILE")]
    history: Vec<PathBuf>,
    /// Rows only the challenger gets right, rows only the champion gets right, all rows.
    #[arg(long, num_args = 3, value_names = ["B", "C", "N"], conflicts_with = "predictions")]
    counts: Option<Vec<u64>>,
    /// The loss of accuracy that would not matter, for --counts and instead of the policy's.
    #[arg(long, value_name = "D", allow_negative_numbers = true)]
    margin: Option<f64>,
    /// Seed of resamples and samples.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

const AFTER: &str = "\
Tests, measures and defaults: docs/gate.md.

Exit codes: 0 promote, 1 reject, 3 a person must decide or there is too little
to decide by, 2 could not run.

Examples:
  pawl judge scored.csv --label y --champion old --challenger new --group sex
  pawl judge scored.parquet --task regression --label cnt --champion old --challenger new
  pawl judge --counts 150 86 1000 --margin 0.02";

/// Runs the command.
pub(crate) fn run(args: &JudgeArgs, format: Format) -> ExitCode {
    let judged = policy(args).and_then(|policy| match &args.counts {
        Some(counts) => of_counts(&policy, counts),
        None => {
            let earlier = earlier(&args.history)?;
            let judgement = of_file(args, &policy, &earlier)?;
            let reason = leakage::against_history(&judgement, &earlier);
            Ok(judgement.with_reasons(reason))
        }
    });
    match judged.and_then(|judgement| print(&judgement, format).map(|()| judgement.verdict)) {
        Ok(Verdict::Promote) => ExitCode::SUCCESS,
        Ok(Verdict::Reject) => ExitCode::from(1),
        Ok(Verdict::NeedsApproval) => ExitCode::from(3),
        Err(error) => {
            let _ = writeln!(io::stderr(), "pawl judge: {}", harmless(&error.to_string()));
            ExitCode::from(2)
        }
    }
}

fn policy(args: &JudgeArgs) -> Result<Policy, String> {
    let mut policy = match &args.policy {
        None => Policy::default(),
        Some(path) => {
            let text = std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
            Policy::from_yaml(&text).map_err(|e| format!("{}: {e}", path.display()))?
        }
    };
    match args.task.as_deref() {
        Some("binary") => policy.task = Task::Binary,
        Some("multiclass") => policy.task = Task::Multiclass,
        Some("regression") => policy.task = Task::Regression,
        _ => {}
    }
    if let Some(threshold) = args.threshold {
        policy.threshold = threshold;
    }
    if !args.classes.is_empty() {
        policy.classes.clone_from(&args.classes);
    }
    policy.horizon = args.horizon.or(policy.horizon);
    if let Some(cluster) = &args.cluster {
        policy.cluster = Some(cluster.clone());
    }
    if let Some(favourable) = favourable(policy.task, &args.favourable)? {
        policy.fairness.favourable = Some(favourable);
    }
    for group in &args.groups {
        let columns: Vec<String> = group.split(',').map(|c| c.trim().to_owned()).collect();
        if policy.task != Task::Binary && policy.fairness.favourable.is_none() {
            let new = |column: &String| !policy.slices.columns.contains(column);
            let added: Vec<String> = columns.into_iter().filter(new).collect();
            policy.slices.columns.extend(added);
        } else if !policy.fairness.groups.iter().any(|g| g.columns == columns) {
            policy.fairness.groups.push(Groups { columns, disadvantaged: None });
        }
    }
    if let Some(margin) = args.margin {
        // Which classes the file holds is not known yet, so accuracy is the only addition.
        let defaults = policy.task.guards(Balance::Imbalanced);
        let mut guards = policy.guards.clone().unwrap_or_else(|| defaults.to_vec());
        guards.retain(|g| g.metric != Metric::Accuracy);
        guards.push(Guard { metric: Metric::Accuracy, margin: margin.abs() });
        policy.guards = Some(guards);
    } else if args.counts.is_some() && args.policy.is_none() {
        // A bare table of counts without a margin asks for superiority alone.
        policy.guards = Some(Vec::new());
    }
    policy.check().map_err(|e| e.to_string())?;
    Ok(policy)
}

/// Classes or a bound, by the task; the policy's check refuses what does not fit it.
fn favourable(task: Task, given: &[String]) -> Result<Option<Favourable>, String> {
    match (task, given) {
        (_, []) => Ok(None),
        (Task::Binary | Task::Multiclass, classes) => Ok(Some(Favourable::Classes(classes.to_vec()))),
        (Task::Regression, [bound]) => match bound.parse() {
            Ok(bound) => Ok(Some(Favourable::Above(bound))),
            Err(_) => Err(format!("--favourable {bound}: under task regression write one number")),
        },
        (Task::Regression, _) => Err("--favourable: under task regression write one number".to_owned()),
    }
}

fn of_counts(policy: &Policy, counts: &[u64]) -> Result<Judgement, String> {
    let &[challenger_only, champion_only, rows] = counts else {
        return Err("--counts takes three numbers: B C N".to_owned());
    };
    if challenger_only.checked_add(champion_only).is_none_or(|discordant| discordant > rows) {
        return Err(format!(
            "--counts {challenger_only} {champion_only} {rows}: N counts all rows, so B + C is at most N"
        ));
    }
    Ok(Judgement::of_counts(policy, Discordance { challenger_only, champion_only, rows }))
}

fn of_file(args: &JudgeArgs, policy: &Policy, earlier: &[Judgement]) -> Result<Judgement, String> {
    let (Some(path), Some(label), Some(challenger)) = (&args.predictions, &args.label, &args.challenger)
    else {
        return Err("name a file, --label and --challenger".to_owned());
    };
    let named = |error: String| format!("{}: {error}", path.display());
    let mut schema = Schema::default();
    args.writing.apply(&mut schema).map_err(|e| e.to_string())?;
    if schema.header == Some(false) {
        return Err("--header no: the columns are named by the header, so there must be one".to_owned());
    }
    let opened = data::open(path, &ProgressBar::hidden(), &schema, Unsaid::Guessed)
        .map_err(|e| named(data::explain(&e)))?;
    let against = if args.champion.is_some() { Against::Champion } else { Against::Nobody };
    let mut judge = judge(args, policy, against).map_err(|e| e.to_string())?;
    let columns = TableColumns {
        label: label.clone(),
        challenger: challenger.clone(),
        champion: args.champion.clone(),
        challenger_served: ServedColumns {
            latency: args.challenger_latency.clone(),
            error: args.challenger_error.clone(),
        },
        champion_served: ServedColumns {
            latency: args.champion_latency.clone(),
            error: args.champion_error.clone(),
        },
    };
    let delimiter = opened.delimiter();
    let read = match opened.kind {
        Content::Parquet => parquet(path, columns, &mut judge),
        Content::Profile => return Err(named("this is a saved profile: give the scored rows".to_owned())),
        Content::Records(dataset::Format::JsonLines) => {
            let mut reader = JsonTableReader::new(columns);
            pump(opened.bytes, |piece| reader.push(piece, &mut judge))
        }
        Content::Records(dataset::Format::Csv) => {
            let mut reader = TableReader::new(columns, delimiter);
            pump(opened.bytes, |piece| reader.push(piece, &mut judge))
        }
    };
    match read {
        Ok(()) => Ok(judge.finish_after(earlier)),
        // A wrong name is the caller's slip; rows that cannot be used are a finding, and never promote.
        Err(Unread::Rows(error @ TableError::MissingColumn { .. })) => Err(named(error.to_string())),
        Err(Unread::Rows(error)) => Ok(Judgement::unusable(policy, args.seed, &error)),
        Err(Unread::Bytes(error)) => Err(named(error)),
    }
}

fn judge(args: &JudgeArgs, policy: &Policy, against: Against) -> Result<Judge, PolicyError> {
    let shared = Thresholds::of(policy);
    let thresholds = Thresholds {
        champion: args.champion_threshold.unwrap_or(shared.champion),
        challenger: args.challenger_threshold.unwrap_or(shared.challenger),
    };
    Judge::new(policy, against, args.seed)?.with_thresholds(thresholds)
}

/// Why a file was not read to its end.
enum Unread {
    /// What it holds cannot be judged.
    Rows(TableError),
    /// It cannot be read.
    Bytes(String),
}

impl From<TableError> for Unread {
    fn from(error: TableError) -> Self {
        Self::Rows(error)
    }
}

impl From<ParquetError> for Unread {
    fn from(error: ParquetError) -> Self {
        Self::Bytes(error.to_string())
    }
}

/// Hands the bytes on in pieces; the last one is empty.
fn pump(
    mut bytes: Box<dyn Read>,
    mut each: impl FnMut(&[u8]) -> Result<(), TableError>,
) -> Result<(), Unread> {
    let mut piece = vec![0; data::CHUNK];
    loop {
        let read = bytes.read(&mut piece).map_err(|e| Unread::Bytes(data::explain(&e)))?;
        each(piece.get(..read).unwrap_or_default())?;
        if read == 0 {
            return Ok(());
        }
    }
}

/// Rows of Parquet, as the CSV that they would be.
fn parquet(path: &Path, columns: TableColumns, judge: &mut Judge) -> Result<(), Unread> {
    let file = File::open(path).map_err(|e| Unread::Bytes(data::explain(&e)))?;
    let file = ParquetFile::open(file)?;
    let mut reader = TableReader::new(columns, b',');
    write_rows(&file, 0..file.row_groups(), |piece| -> Result<(), Unread> {
        // An empty piece would end the file.
        if piece.is_empty() { Ok(()) } else { Ok(reader.push(piece, judge)?) }
    })?;
    Ok(reader.push(&[], judge)?)
}

fn earlier(files: &[PathBuf]) -> Result<Vec<Judgement>, String> {
    let read = |path: &PathBuf| {
        let bytes = std::fs::read(path).map_err(|e| format!("{}: {}", path.display(), data::explain(&e)))?;
        serde_json::from_slice(&bytes).map_err(|e| {
            format!(
                "{}: no judgement: {e}: give a judgement.json, or what `pawl judge --json` printed",
                path.display()
            )
        })
    };
    files.iter().map(read).collect()
}

fn print(judgement: &Judgement, format: Format) -> Result<(), String> {
    let text = if format == Format::Json {
        serde_json::to_string_pretty(judgement).map_err(|e| e.to_string())?
    } else {
        words(judgement)
    };
    match writeln!(io::stdout(), "{}", harmless(&text)) {
        // Who closed the pipe has read enough; the exit code still tells the verdict.
        Err(e) if e.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written.map_err(|e| format!("standard output: {e}")),
    }
}

type OfServed = fn(&Served) -> Option<f64>;

/// What is told of how a model served.
const SERVICE: [(&str, OfServed); 3] = [
    ("latency p50, ms", |served| served.p50_ms),
    ("latency p99, ms", |served| served.p99_ms),
    ("error rate", |served| Some(served.failed? as f64 / served.rows as f64)),
];

fn words(judgement: &Judgement) -> String {
    let mut text = format!("{} ({} rows)\n", judgement.verdict, judgement.rows);
    for reason in &judgement.reasons {
        let _ = writeln!(text, "  {:<24} {}", reason.check.to_string(), reason.text);
    }
    if let Some(sample) = judgement.sample {
        let _ = writeln!(
            text,
            "  rank tests saw a sample of {} of {} rows (seed {})",
            sample.kept, sample.of, sample.seed
        );
    }
    let number = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |v| format!("{v:.5}"));
    let metrics = &judgement.metrics;
    for &metric in judgement.policy.task.metrics() {
        let of = |m: &Option<Metrics>| number(m.as_ref().and_then(|m| m.value(metric)));
        if metrics.challenger.is_some() {
            let _ = writeln!(
                text,
                "  {:<18} champion {:>9}  challenger {:>9}",
                metric.as_str(),
                of(&metrics.champion),
                of(&metrics.challenger)
            );
        }
    }
    let threshold = |m: &Option<Metrics>| m.as_ref().and_then(|m| m.threshold);
    if let Some(new) = threshold(&metrics.challenger) {
        let (old, new) = (number(threshold(&metrics.champion)), number(Some(new)));
        let _ = writeln!(text, "  {:<18} champion {old:>9}  challenger {new:>9}", "threshold");
    }
    if let Some(service) = &judgement.service {
        let champion = |of: OfServed| number(service.champion.as_ref().and_then(of));
        for (name, of) in SERVICE {
            let new = number(of(&service.challenger));
            let _ = writeln!(text, "  {name:<18} champion {:>9}  challenger {new:>9}", champion(of));
        }
    }
    text.truncate(text.trim_end().len());
    text
}
