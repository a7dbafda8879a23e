//! Both sides of a comparison from files: data as it streams by, or profiles that were saved.

use std::collections::BTreeMap;

use super::compare::{Input, compare, inputs};
use super::document::{Drift, Segment};
use super::policy::Policy;
use crate::dataset::{BinnedColumn, Format, Record, Scan, ScanError, Scanner, Schema, Sink};
use crate::profile::binary::{BinaryError, MAGIC};
use crate::profile::bins::{BASELINE_VERSION, Baseline, BaselineColumn, BinCounts, Bins, place};
use crate::profile::value::Value;
use crate::profile::{BinCounter, ColumnProfile, Profile};

/// The most values a segment column may have.
const MAX_SEGMENTS: usize = 100;

/// Why two files cannot be compared.
#[derive(Debug, thiserror::Error)]
pub enum FilesError {
    /// The data cannot be read.
    #[error(transparent)]
    Scan(#[from] ScanError),
    /// JSON that is no saved profile.
    #[error(
        "neither a saved profile nor a frozen baseline: {0}; give the document as Pawl wrote it, or CSV data"
    )]
    Document(serde_json::Error),
    /// A profile in binary form that cannot be read.
    #[error(transparent)]
    Profile(#[from] BinaryError),
    /// A segment column that the data lacks.
    #[error("segment column {column:?} is not in the header: name a column of the data")]
    NoSegment {
        /// The column.
        column: String,
    },
    /// A segment column of too many values.
    #[error("segment column {column:?} has more than {MAX_SEGMENTS} values: segment by one that has few")]
    TooManySegments {
        /// The column.
        column: String,
    },
    /// Segments of JSON Lines.
    #[error("segments are parted by the columns of a header, and JSON Lines has none: give the data as CSV")]
    SegmentsOfLines,
    /// Segments of a saved profile.
    #[error("a saved profile knows no segments: give the data itself")]
    SegmentsOfProfile,
}

/// Which columns to compare, and how.
#[derive(Debug, Clone, Default)]
pub struct Choice {
    /// The columns to compare; none for all of the baseline save identifiers.
    pub columns: Option<Vec<String>>,
    /// Columns that are left out.
    pub ignore: Vec<String>,
    /// The column that is the label.
    pub label: Option<String>,
    /// Columns whose values part the rows.
    pub segments: Vec<String>,
}

/// One side as read: the whole, and each segment asked for.
#[derive(Debug)]
pub struct Side {
    whole: Scan,
    parts: BTreeMap<Segment, Scan>,
    /// Whether it is the data itself, which alone can be counted again in frozen bins.
    streamed: bool,
    frozen: Option<Baseline>,
}

/// A document that a side may have been saved as.
#[derive(serde::Deserialize)]
#[serde(untagged)]
enum Saved {
    Baseline(Baseline),
    Scan { profile: Profile },
    Profile(Profile),
}

impl Side {
    /// A side that was saved: as JSON a frozen baseline, a profile, or a scan with its profile; a profile in binary form.
    ///
    /// # Errors
    /// [`FilesError::Document`] or [`FilesError::Profile`] when it is none of them.
    pub fn saved(document: &[u8]) -> Result<Self, FilesError> {
        let (profile, frozen) = if document.starts_with(MAGIC) {
            (Profile::from_bytes(document)?, None)
        } else {
            match serde_json::from_slice(document).map_err(FilesError::Document)? {
                Saved::Baseline(baseline) => (Profile::default(), Some(baseline)),
                Saved::Scan { profile } | Saved::Profile(profile) => (profile, None),
            }
        };
        let whole = Scan { profile, ..Scan::default() };
        Ok(Self { whole, parts: BTreeMap::new(), streamed: false, frozen })
    }

    /// The frozen bins of this side as a baseline.
    fn freeze(&self) -> Frozen {
        let freeze = |scan: &Scan| Baseline::freeze(&scan.profile);
        Frozen {
            whole: self.frozen.clone().unwrap_or_else(|| freeze(&self.whole)),
            parts: self.parts.iter().map(|(segment, scan)| (segment.clone(), freeze(scan))).collect(),
        }
    }
}

/// The baselines of the whole and of each segment.
#[derive(Debug, Clone)]
pub struct Frozen {
    whole: Baseline,
    parts: BTreeMap<Segment, Baseline>,
}

/// Reads one side as data, fed chunk by chunk; memory is bounded by columns and segments.
pub struct Reader {
    scanner: Scanner,
    split: Split,
}

impl Reader {
    /// A reader of a baseline (no `frozen`), or of a batch to count in the bins of one.
    pub fn new(format: Format, schema: &Schema, segments: &[String], frozen: Option<&Frozen>) -> Self {
        let mut scanner = Scanner::of(format, schema);
        if let Some(frozen) = frozen {
            scanner = scanner.with_baseline(&frozen.whole);
        }
        let split = Split {
            format,
            schema: schema.clone(),
            wanted: segments.to_vec(),
            columns: Vec::new(),
            header: Vec::new(),
            frozen: frozen.cloned(),
            parts: BTreeMap::new(),
            failed: (format == Format::JsonLines && !segments.is_empty())
                .then_some(FilesError::SegmentsOfLines),
        };
        Self { scanner, split }
    }

    /// Takes the next bytes.
    ///
    /// # Errors
    /// When the data cannot be read or cannot be parted.
    pub fn feed(&mut self, bytes: &[u8]) -> Result<(), FilesError> {
        self.scanner.feed(bytes, &mut self.split)?;
        self.split.failed.take().map_or(Ok(()), Err)
    }

    /// Ends the data.
    ///
    /// # Errors
    /// As [`Reader::feed`].
    pub fn finish(mut self) -> Result<Side, FilesError> {
        let whole = self.scanner.finish(&mut self.split)?;
        if let Some(error) = self.split.failed {
            return Err(error);
        }
        let mut parts = BTreeMap::new();
        for (segment, scanner) in self.split.parts {
            parts.insert(segment, scanner.finish(&mut ())?);
        }
        Ok(Side { whole, parts, streamed: true, frozen: None })
    }
}

/// Hands each row on to the scanners of its segments.
struct Split {
    format: Format,
    schema: Schema,
    wanted: Vec<String>,
    columns: Vec<(String, usize)>,
    header: Vec<u8>,
    frozen: Option<Frozen>,
    parts: BTreeMap<Segment, Scanner>,
    failed: Option<FilesError>,
}

impl Split {
    fn route(&mut self, record: &Record<'_>) -> Result<(), FilesError> {
        for (column, index) in &self.columns {
            let value = record.text(*index).unwrap_or_default().into_owned();
            let segment = Segment { column: column.clone(), value };
            if !self.parts.contains_key(&segment) {
                if self.parts.keys().filter(|known| known.column == *column).count() >= MAX_SEGMENTS {
                    return Err(FilesError::TooManySegments { column: column.clone() });
                }
                let mut scanner = Scanner::of(self.format, &self.schema);
                if let Some(baseline) = self.frozen.as_ref().and_then(|frozen| frozen.parts.get(&segment)) {
                    scanner = scanner.with_baseline(baseline);
                }
                scanner.feed(&self.header, &mut ())?;
                self.parts.insert(segment.clone(), scanner);
            }
            if let Some(scanner) = self.parts.get_mut(&segment) {
                scanner.feed(record.raw, &mut ())?;
                scanner.feed(b"\n", &mut ())?;
            }
        }
        Ok(())
    }
}

impl Sink for Split {
    fn header(&mut self, names: &[String], raw: &[u8]) {
        self.header = [raw, b"\n"].concat();
        for column in &self.wanted {
            match names.iter().position(|name| name == column) {
                Some(index) => self.columns.push((column.clone(), index)),
                None => self.failed = Some(FilesError::NoSegment { column: column.clone() }),
            }
        }
    }

    fn accepted(&mut self, record: &Record<'_>) {
        if self.failed.is_none()
            && let Err(error) = self.route(record)
        {
            self.failed = Some(error);
        }
    }
}

/// The bins to count a streamed batch in.
///
/// # Errors
/// [`FilesError::SegmentsOfProfile`] when segments are asked of a saved side.
pub fn freeze(baseline: &Side, choice: &Choice) -> Result<Frozen, FilesError> {
    if !choice.segments.is_empty() && !baseline.streamed {
        return Err(FilesError::SegmentsOfProfile);
    }
    Ok(baseline.freeze())
}

/// Compares two sides; the batch must have been read with `frozen` or be a saved profile.
///
/// # Errors
/// [`FilesError::SegmentsOfProfile`] when segments are asked of a saved side.
pub fn compare_files(
    baseline: &Side,
    frozen: &Frozen,
    current: &Side,
    choice: &Choice,
    policy: &Policy,
) -> Result<Drift, FilesError> {
    if !choice.segments.is_empty() && !current.streamed {
        return Err(FilesError::SegmentsOfProfile);
    }
    let label = choice.label.as_deref();
    let features = features(baseline, &frozen.whole, choice);
    let counted = if current.streamed {
        current.whole.binned.clone()
    } else {
        recount(&current.whole.profile, &frozen.whole)
    };
    let absent = Baseline { version: BASELINE_VERSION, rows: 0, columns: Vec::new() };
    let mut all = inputs(&frozen.whole, &counted, &features, label);
    for (segment, scan) in &current.parts {
        let part = frozen.parts.get(segment).unwrap_or(&absent);
        let within = |input: Input<'_>| input.name != segment.column;
        let parts = inputs(part, &scan.binned, &features, label).into_iter().filter(|input| within(*input));
        all.extend(parts.map(|input| Input { segment: Some(segment), ..input }));
    }
    for input in &mut all {
        let error = |side: &Side| match input.segment {
            Some(segment) => {
                side.parts.get(segment).map_or(0.0, |scan| rank_error(&scan.profile, input.name))
            }
            None => rank_error(&side.whole.profile, input.name),
        };
        input.rank_error = error(baseline) + if current.streamed { 0.0 } else { error(current) };
    }
    Ok(compare(&all, policy))
}

fn features(baseline: &Side, frozen: &Baseline, choice: &Choice) -> Vec<String> {
    if let Some(columns) = &choice.columns {
        return columns.clone();
    }
    let profile = &baseline.whole.profile;
    let identifier = |name: &str| profile.column(name).is_some_and(ColumnProfile::is_identifier);
    let left_out = |name: &String| {
        choice.ignore.contains(name) || choice.label.as_ref() == Some(name) || identifier(name)
    };
    frozen.columns.iter().map(|column| column.name.clone()).filter(|name| !left_out(name)).collect()
}

fn rank_error(profile: &Profile, name: &str) -> f64 {
    profile.column(name).map_or(0.0, |column| column.values.rank_error())
}

/// A saved profile counted in frozen bins: exact where its values were few enough to be counted,
/// else within the rank error of its sketch ([`RANK_ERROR`]; texts beyond the frequent ones are `other`).
pub fn recount(profile: &Profile, baseline: &Baseline) -> Vec<BinnedColumn> {
    let column = |frozen: &BaselineColumn| {
        let column = profile.column(&frozen.name)?;
        let mut counts = match &frozen.bins {
            Bins::Numeric { edges } => numbers(column, edges),
            Bins::Categorical { .. } => texts(column, frozen),
        };
        (counts.missing, counts.types) = (column.missing, column.types);
        (counts.nan, counts.pos_inf, counts.neg_inf) = (column.nan, column.pos_inf, column.neg_inf);
        Some(BinnedColumn { name: frozen.name.clone(), counts })
    };
    baseline.columns.iter().filter_map(column).collect()
}

fn numbers(column: &ColumnProfile, edges: &[f64]) -> BinCounts {
    let mut counts = Bins::Numeric { edges: edges.to_vec() }.empty_counts();
    for (number, weight) in column.values.weighted_numbers() {
        counts.add_number(place(edges, number), weight);
    }
    let types = &column.types;
    counts.unseen = types.boolean + types.timestamp + types.string;
    counts
}

fn texts(column: &ColumnProfile, frozen: &BaselineColumn) -> BinCounts {
    let mut counter = BinCounter::new(frozen);
    for counted in column.values.frequent() {
        counter.add(counted.value.as_bytes(), Value::Text, counted.count);
    }
    let mut total = counter.counts;
    let finite = column.present().saturating_sub(column.nan + column.pos_inf + column.neg_inf);
    total.other += finite.saturating_sub(total.rows());
    total
}
