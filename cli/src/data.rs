//! Data in local files or on standard input, read in one pass.

mod columnar;
mod documents;
mod input;
mod model_monitor;
mod parallel;
mod writing;

use std::fmt;
use std::io::Read;
use std::num::NonZero;
use std::path::{Path, PathBuf};

use indicatif::ProgressBar;
use pawl::constraints::{Constraints, Policy, Rule, swallowed_words};
use pawl::dataset::file::{Content, Unsaid};
use pawl::dataset::{self, Header, Scan, ScanError, Scanner, Schema};
use pawl::drift::files::recount;
use pawl::pipeline::{Block, Pipeline};
use pawl::profile::bins::Baseline;
use pawl::profile::{Coarseness, Grouping, Profile};
use serde::Serialize;

pub(crate) use self::documents::{load_constraints, load_profile, save, save_profile};
pub(crate) use self::input::{CHUNK, Opened, open};
pub(crate) use self::model_monitor::{
    KnownRules, load_rules, load_statistics, save_baseline, save_violations,
};
use self::parallel::{RANGE, RangeError, Ranges};
pub(crate) use self::writing::Writing;
use crate::check;
use crate::reply::Failure;

// Which data, and how it is written. No doc comment: clap would take it for the description of the command.
#[derive(Debug, clap::Args)]
pub(crate) struct Data {
    /// CSV, TSV or JSON Lines, plain, gzip or zstd, or Parquet, or a saved profile where no single row is
    /// judged; `-` is standard input. Several are parts of one whole
    #[arg(required = true, value_name = "DATA")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    reading: Reading,
}

// How data is written and read.
#[derive(Debug, clap::Args)]
pub(crate) struct Reading {
    /// Take types, time order, null words and rules from this pipeline.yaml
    #[arg(long, value_name = "FILE")]
    pub(crate) pipeline: Option<PathBuf>,
    #[command(flatten)]
    writing: Writing,
    /// A text that means "no value", in place of the usual ones; may be given several times
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    null: Vec<String>,
    /// Numbers are written with a comma before their fraction
    #[arg(long)]
    decimal_comma: bool,
    /// How many processors read a file that is not packed. Default: all
    #[arg(long, value_name = "N")]
    threads: Option<NonZero<usize>>,
}

// Which rows belong together. No doc comment: clap would take it for the description of the command.
#[derive(Debug, clap::Args)]
pub(crate) struct Groups {
    /// Rows that share a value of this column belong together, such as those of one user: they weigh less
    /// than independent ones
    #[arg(long, value_name = "COLUMN", conflicts_with = "block")]
    cluster: Option<String>,
    /// Rows of the same stretch of time belong together: day, hour, week, or a length such as 6h; by the
    /// pipeline's column of time, else by the first column that holds one
    #[arg(long, value_name = "TIME")]
    block: Option<Block>,
}

impl Groups {
    /// As said here, else as the pipeline says.
    pub(crate) fn asked(&self, pipeline: Option<&Pipeline>) -> Option<Grouping> {
        if let Some(column) = &self.cluster {
            return Some(Grouping::Cluster(column.clone()));
        }
        let Some(block) = self.block else { return pipeline.and_then(Pipeline::grouping) };
        let time = pipeline.and_then(|pipeline| pipeline.data.schema.time.as_ref());
        Some(Grouping::Block {
            date: time.map(|time| time.date.clone()),
            hour: time.and_then(|time| time.hour.clone()),
            seconds: block.seconds(),
        })
    }
}

/// What the data is judged by and counted in.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Measures<'a> {
    pub(crate) constraints: Option<&'a Constraints>,
    pub(crate) baseline: Option<&'a Baseline>,
    /// Columns whose values part the rows.
    pub(crate) segments: &'a [String],
    /// Whether a sample of the rows is kept.
    pub(crate) sampled: bool,
    /// Which rows belong together, where they are counted group by group.
    pub(crate) groups: Option<&'a Grouping>,
}

/// What a pipeline.yaml says of its data; the defaults without one.
#[derive(Debug, Default)]
pub(crate) struct DataRules {
    pub(crate) schema: Schema,
    pub(crate) policy: Policy,
}

/// What all files together yield.
#[derive(Debug, Default)]
pub(crate) struct Scanned {
    pub(crate) whole: Scan,
    pub(crate) left_out: LeftOut,
}

/// Rows that are not in the profile, because they break a rule.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct LeftOut {
    pub(crate) rows: u64,
    /// Lines that stray quotes would have swallowed, and that were read.
    #[serde(skip_serializing_if = "is_zero")]
    pub(crate) swallowed_lines: u64,
    /// Each rule that is broken, with the first place: `data.csv:7: expected .., found ..`.
    pub(crate) reasons: Vec<String>,
    /// How the data was read where nobody said it, and what was odd in rows that were kept.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) notes: Vec<String>,
}

#[allow(clippy::trivially_copy_pass_by_ref)] // serde hands out a reference
fn is_zero(count: &u64) -> bool {
    *count == 0
}

impl LeftOut {
    /// What a scan left out of a file in which so much was found that nobody said.
    pub(crate) fn of(path: &Path, scan: &Scan, found: Vec<String>) -> Self {
        let (name, tally) = (path.display(), &scan.tally);
        let notes = found.into_iter().chain(tally.notes.iter().cloned());
        let odd = tally.oddities.iter().map(|odd| {
            let rows = if odd.rows == 1 { "row" } else { "rows" };
            format!("{name}:{}: {} ({} {rows})", odd.line, odd.oddity.words(), odd.rows)
        });
        let reasons = tally.broken.iter().map(|broken| {
            let more = match broken.rows - 1 {
                0 => String::new(),
                1 => ", and 1 row more".to_owned(),
                rows => format!(", and {rows} rows more"),
            };
            let swallowed = match tally.swallowed_lines {
                lines if lines > 0 && broken.first.rule == Rule::Quotes => {
                    format!("; {}", swallowed_words(lines))
                }
                _ => String::new(),
            };
            format!("{name}:{}: {}{more}{swallowed}", broken.line, broken.first)
        });
        Self {
            rows: tally.quarantined,
            swallowed_lines: tally.swallowed_lines,
            reasons: reasons.collect(),
            notes: notes.map(|note| format!("{name}: {note}")).chain(odd).collect(),
        }
    }

    /// What a saved profile tells of the rows that it does not hold.
    pub(crate) fn of_saved(path: &Path, profile: Option<&Profile>) -> Self {
        let rows = profile.map_or(0, |profile| profile.left_out);
        let reason = format!("{}: left out when this profile was made", path.display());
        Self { rows, reasons: (rows > 0).then_some(reason).into_iter().collect(), ..Self::default() }
    }

    /// Both together.
    #[must_use]
    pub(crate) fn and(mut self, other: &Self) -> Self {
        self.rows += other.rows;
        self.swallowed_lines += other.swallowed_lines;
        self.reasons.extend(other.reasons.iter().cloned());
        self.notes.extend(other.notes.iter().cloned());
        self
    }

    /// The refusal of data that has no good row.
    pub(crate) fn nothing_kept(&self, path: &Path) -> Failure {
        let first = match self.reasons.first() {
            Some(reason) => format!("{reason} ({} bad rows)", self.rows),
            None => "there is nothing behind the header".to_owned(),
        };
        Failure::cannot_run(format!(
            "{}: no row could be read: {first}: --delimiter, --header, --skip, --quote, --escape and \
             --encoding say how the data is written",
            path.display()
        ))
    }
}

impl Scanned {
    fn add(&mut self, path: &Path, scan: &Scan, found: Vec<String>) {
        self.left_out = std::mem::take(&mut self.left_out).and(&LeftOut::of(path, scan, found));
        self.whole.merge(scan);
    }

    /// Tells the columns that some files lack: they are counted in the rows of the others.
    fn tell_absent_columns(&mut self) {
        const TOLD: usize = 20;
        let all = self.whole.profile.rows;
        let absent = self.whole.profile.columns.iter().filter(|column| column.rows < all);
        let mut notes: Vec<String> = absent
            .map(|column| {
                let without = all - column.rows;
                format!(
                    "{}: no such column in {without} of {all} rows, since some files lack it",
                    column.name
                )
            })
            .collect();
        if let Some(more) = notes.len().checked_sub(TOLD).filter(|&more| more > 0) {
            notes.truncate(TOLD);
            notes.push(format!("and {more} further columns that some files lack"));
        }
        self.left_out.notes.extend(notes);
    }

    /// Adds a profile that was saved, which knows no single row any more.
    fn add_saved(&mut self, path: &Path, measures: Measures<'_>) -> Result<(), Failure> {
        let asks_for_rows = [
            (measures.constraints.is_some(), "single rows are judged"),
            (!measures.segments.is_empty(), "rows are parted"),
            (measures.groups.is_some() && measures.baseline.is_some(), "rows are counted group by group"),
        ];
        if let Some((_, what)) = asks_for_rows.into_iter().find(|(asks, _)| *asks) {
            let reason = format!("a saved profile holds no rows, and {what}: give the data itself");
            return Err(Failure::cannot_run(format!("{}: {reason}", path.display())));
        }
        let profile = load_profile(path)?;
        let binned = measures.baseline.map(|baseline| recount(&profile, baseline)).unwrap_or_default();
        self.left_out = std::mem::take(&mut self.left_out).and(&LeftOut::of_saved(path, Some(&profile)));
        self.whole.merge(&Scan { profile, binned, ..Scan::default() });
        Ok(())
    }
}

impl fmt::Display for LeftOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.notes.is_empty() {
            writeln!(f, "\nRead so")?;
            self.notes.iter().try_for_each(|note| writeln!(f, "  {note}"))?;
        }
        if self.rows == 0 {
            return Ok(());
        }
        let rows = if self.rows == 1 { "bad row" } else { "bad rows" };
        writeln!(f, "\nLeft out: {} {rows}", self.rows)?;
        self.reasons.iter().try_for_each(|reason| writeln!(f, "  {reason}"))
    }
}

impl Data {
    /// What is known of the data beforehand.
    pub(crate) fn data_rules(&self) -> Result<DataRules, Failure> {
        self.reading.data_rules()
    }

    /// The pipeline, where one is named.
    pub(crate) fn pipeline(&self) -> Result<Option<Pipeline>, Failure> {
        let file = self.reading.pipeline.as_ref();
        file.map(|file| Ok(check::load(file)?.1)).transpose()
    }

    /// The first file.
    pub(crate) fn first(&self) -> &Path {
        self.files.first().map_or(Path::new("-"), PathBuf::as_path)
    }

    /// Reads the files one after the other and merges what they yield; a saved profile is one that was read
    /// before.
    pub(crate) fn scan(&self, schema: &Schema, measures: Measures<'_>) -> Result<Scanned, Failure> {
        let bar = input::progress(&self.files);
        let mut scanned = Scanned::default();
        for path in &self.files {
            if documents::is_profile(path) {
                scanned.add_saved(path, measures)?;
                continue;
            }
            let opened =
                open(path, &bar, schema, self.reading.unsaid()).map_err(|error| unread(path, &error))?;
            let found = opened.found.clone();
            scanned.add(path, &self.reading.scan(path, opened, &bar, schema, measures)?, found);
        }
        bar.finish_and_clear();
        scanned.tell_absent_columns();
        Ok(scanned)
    }
}

impl Reading {
    /// What is known of the data beforehand.
    pub(crate) fn data_rules(&self) -> Result<DataRules, Failure> {
        let mut rules = match &self.pipeline {
            Some(file) => {
                let (_, pipeline) = check::load(file)?;
                DataRules { schema: pipeline.data.schema, policy: pipeline.constraints }
            }
            None => DataRules::default(),
        };
        self.writing.apply(&mut rules.schema)?;
        rules.schema.decimal_comma |= self.decimal_comma;
        if !self.null.is_empty() {
            rules.schema.null_words.clone_from(&self.null);
        }
        Ok(rules)
    }

    /// Without a pipeline that fixes how data is written, that is guessed.
    pub(crate) fn unsaid(&self) -> Unsaid {
        if self.pipeline.is_some() { Unsaid::Usual } else { Unsaid::Guessed }
    }

    fn threads(&self) -> usize {
        self.threads.or_else(|| std::thread::available_parallelism().ok()).map_or(1, NonZero::get)
    }

    /// Reads one file that is open.
    pub(crate) fn scan(
        &self,
        path: &Path,
        opened: Opened,
        bar: &ProgressBar,
        schema: &Schema,
        measures: Measures<'_>,
    ) -> Result<Scan, Failure> {
        match opened.kind {
            Content::Records(format) => self.scan_records(path, format, opened, bar, measures),
            Content::Parquet => {
                let size = opened.plain_size.ok_or_else(|| {
                    let reason = "Parquet is read from its end: give it as a file, unpacked";
                    Failure::cannot_run(format!("{}: {reason}", path.display()))
                })?;
                columnar::scan(path, size, self.threads(), bar, schema, measures)
            }
            Content::Profile => {
                let reason = "this is a saved profile, no data: give it to --baseline, or to `pawl drift`";
                Err(Failure::cannot_run(format!("{}: {reason}", path.display())))
            }
        }
    }

    fn scan_records(
        &self,
        path: &Path,
        format: dataset::Format,
        mut opened: Opened,
        bar: &ProgressBar,
        measures: Measures<'_>,
    ) -> Result<Scan, Failure> {
        let schema = opened.schema.clone();
        let scanner = || measures.scanner(format, &schema);
        if let Some((header, size)) =
            splits(format, &opened, &schema).map_err(|error| refused(path, &error))?
        {
            let ranges = Ranges { path, header: &header, size, each: RANGE, bar };
            return ranges.scan(self.threads(), &scanner).map_err(|error| match error {
                RangeError::Read(error) => unread(path, &error),
                RangeError::Scan(error) => refused(path, &error),
            });
        }
        let mut scanner = scanner();
        let mut chunk = vec![0; CHUNK];
        loop {
            let read = opened.bytes.read(&mut chunk).map_err(|error| unread(path, &error))?;
            let Some(bytes @ [_, ..]) = chunk.get(..read) else { break };
            scanner.feed(bytes, &mut ()).map_err(|error| refused(path, &error))?;
        }
        scanner.finish(&mut ()).map_err(|error| refused(path, &error))
    }
}

impl Measures<'_> {
    fn scanner(self, format: dataset::Format, schema: &Schema) -> Scanner {
        let mut scanner = Scanner::of(format, schema).with_segments(self.segments).with_groups(self.groups);
        if self.sampled {
            scanner = scanner.with_row_sample();
        }
        if let Some(constraints) = self.constraints {
            scanner = scanner.with_constraints(constraints);
        }
        if let Some(baseline) = self.baseline {
            scanner = scanner.with_baseline(baseline);
        }
        scanner
    }
}

/// The header and the size of a file that can be read in ranges: a plain one whose rows are not judged in
/// time order, with a header in its first bytes. A wide one is read in one piece: each piece under way has
/// sketches of all columns.
fn splits(
    format: dataset::Format,
    opened: &Opened,
    schema: &Schema,
) -> Result<Option<(Header, u64)>, ScanError> {
    let Some(size) = opened.plain_size.filter(|_| schema.time.is_none()) else { return Ok(None) };
    let whole = opened.head.len() as u64 == size;
    let header = Header::of(format, &opened.head, schema, whole)?;
    // JSON has no header: no more keys than colons in its first line, as far as that is at hand.
    let line = opened.head.split(|&byte| byte == b'\n').next().unwrap_or_default();
    let columns = |header: &Header| match format {
        dataset::Format::Csv => header.names.len(),
        dataset::Format::JsonLines => line.iter().filter(|&&byte| byte == b':').count(),
    };
    let narrow = header.filter(|header| Coarseness::of(columns(header)).is_none());
    Ok(narrow.map(|header| (header, size)))
}

/// The refusal of a file that cannot be opened or read.
pub(crate) fn unread(path: &Path, error: &std::io::Error) -> Failure {
    Failure::cannot_run(format!("{}: {}", path.display(), explain(error)))
}

/// Why a file cannot be opened or read, and what to do.
pub(crate) fn explain(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "there is no such file: check the name".to_owned(),
        std::io::ErrorKind::IsADirectory => "this is a directory: name the files in it".to_owned(),
        std::io::ErrorKind::PermissionDenied => "you may not read it: check its permissions".to_owned(),
        std::io::ErrorKind::FileTooLarge | std::io::ErrorKind::Unsupported => error.to_string(),
        _ => format!("{error}: the file is damaged or was cut short; get it anew from where it came"),
    }
}

fn refused(path: &Path, error: &ScanError) -> Failure {
    Failure::cannot_run(format!("{}: {error}", path.display()))
}
