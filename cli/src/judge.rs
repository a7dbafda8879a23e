//! `pawl judge`: may the challenger replace the champion, by the predictions in a file?

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use pawl::gate::fairness::Groups;
use pawl::gate::stats::mcnemar::Discordance;
use pawl::gate::{
    Against, Guard, Judge, Judgement, Metric, Policy, TableColumns, TableError, TableReader, Verdict,
};

use crate::reply::Format;

/// Compares two models' predictions on the same rows and says whether to promote the challenger.
///
/// Exit code: 0 promote, 1 reject, 3 a person must decide (or there is too little to decide by), 2 the
/// command itself cannot run.
#[derive(Debug, Args)]
pub(crate) struct JudgeArgs {
    /// CSV file with a header, `-` for standard input.
    #[arg(required_unless_present = "counts")]
    predictions: Option<PathBuf>,
    /// Column of the label, 0 or 1.
    #[arg(long, value_name = "COL", required_unless_present = "counts")]
    label: Option<String>,
    /// Column of the champion's score, 0 to 1. Without it the challenger is a first model, judged by floors.
    #[arg(long, value_name = "COL")]
    champion: Option<String>,
    /// Column of the challenger's score, 0 to 1.
    #[arg(long, value_name = "COL", required_unless_present = "counts")]
    challenger: Option<String>,
    /// A score at or above it predicts the positive class.
    #[arg(long)]
    threshold: Option<f64>,
    /// Column whose values belong together (a day, a user): resampled as one.
    #[arg(long, value_name = "COL")]
    cluster: Option<String>,
    /// Column of groups to compare for fairness; `A,B` for the intersection of two. Repeatable.
    #[arg(long = "group", value_name = "COL")]
    groups: Vec<String>,
    /// YAML file with the gate section of a pipeline.yaml.
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
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

/// Runs the command.
pub(crate) fn run(args: &JudgeArgs, format: Format) -> ExitCode {
    let judged = policy(args).and_then(|policy| match &args.counts {
        Some(counts) => of_counts(&policy, counts),
        None => of_file(args, &policy),
    });
    match judged.and_then(|judgement| print(&judgement, format).map(|()| judgement.verdict)) {
        Ok(Verdict::Promote) => ExitCode::SUCCESS,
        Ok(Verdict::Reject) => ExitCode::from(1),
        Ok(Verdict::NeedsApproval) => ExitCode::from(3),
        Err(error) => {
            let _ = writeln!(io::stderr(), "pawl judge: {error}");
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
    if let Some(threshold) = args.threshold {
        policy.threshold = threshold;
    }
    if let Some(cluster) = &args.cluster {
        policy.cluster = Some(cluster.clone());
    }
    for group in &args.groups {
        let columns: Vec<String> = group.split(',').map(|c| c.trim().to_owned()).collect();
        if !policy.fairness.groups.iter().any(|g| g.columns == columns) {
            policy.fairness.groups.push(Groups { columns, disadvantaged: None });
        }
    }
    if let Some(margin) = args.margin {
        let mut guards = policy.guards().to_vec();
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

fn of_file(args: &JudgeArgs, policy: &Policy) -> Result<Judgement, String> {
    let (Some(path), Some(label), Some(challenger)) = (&args.predictions, &args.label, &args.challenger)
    else {
        return Err("name a file, --label and --challenger".to_owned());
    };
    let mut source: Box<dyn Read> = if path.as_os_str() == "-" {
        Box::new(io::stdin().lock())
    } else {
        Box::new(File::open(path).map_err(|e| format!("{}: {e}", path.display()))?)
    };
    let against = if args.champion.is_some() { Against::Champion } else { Against::Nobody };
    let mut judge = Judge::new(policy, against, args.seed).map_err(|e| e.to_string())?;
    let mut reader = TableReader::new(TableColumns {
        label: label.clone(),
        challenger: challenger.clone(),
        champion: args.champion.clone(),
    });
    let mut piece = vec![0; 1 << 20];
    loop {
        let read = source.read(&mut piece).map_err(|e| format!("{}: {e}", path.display()))?;
        match reader.push(piece.get(..read).unwrap_or_default(), &mut judge) {
            Ok(()) if read == 0 => return Ok(judge.finish()),
            Ok(()) => {}
            // A wrong name is the caller's slip; rows that cannot be used are a finding, and never promote.
            Err(error @ TableError::MissingColumn { .. }) => {
                return Err(format!("{}: {error}", path.display()));
            }
            Err(error) => return Ok(Judgement::unusable(policy, args.seed, &error)),
        }
    }
}

fn print(judgement: &Judgement, format: Format) -> Result<(), String> {
    let text = if format == Format::Json {
        serde_json::to_string_pretty(judgement).map_err(|e| e.to_string())?
    } else {
        words(judgement)
    };
    match writeln!(io::stdout(), "{text}") {
        // Who closed the pipe has read enough; the exit code still tells the verdict.
        Err(e) if e.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written.map_err(|e| format!("standard output: {e}")),
    }
}

fn words(judgement: &Judgement) -> String {
    let verdict = match judgement.verdict {
        Verdict::Promote => "promote",
        Verdict::Reject => "reject",
        Verdict::NeedsApproval => "needs approval",
    };
    let mut text = format!("{verdict} ({} rows)\n", judgement.rows);
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
        let of = |m: &Option<pawl::gate::BinaryMetrics>| number(m.as_ref().and_then(|m| m.value(metric)));
        if metrics.challenger.is_some() {
            let _ = writeln!(
                text,
                "  {:<10} champion {:>9}  challenger {:>9}",
                metric.as_str(),
                of(&metrics.champion),
                of(&metrics.challenger)
            );
        }
    }
    text.truncate(text.trim_end().len());
    text
}
