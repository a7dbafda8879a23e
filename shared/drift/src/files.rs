//! Both sides of a comparison from files: data as it streamed by, or profiles that were saved.
//!
//! ```
//! use pawl_data::dataset::{Scanner, Schema};
//! use pawl_drift::files::ComparedSide;
//!
//! let mut scanner = Scanner::new(&Schema::default());
//! scanner.feed(b"temp,city\n1.5,Paris\n", &mut ())?;
//! let saved = serde_json::to_vec(&scanner.finish(&mut ())?)?;
//! assert!(matches!(ComparedSide::saved(&saved), Ok(ComparedSide::Profile(_))));
//! assert!(ComparedSide::saved(b"temp,city").is_err());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use super::compare::compare_rows;
use super::document::Drift;
use super::input::{Input, group, in_segments, inputs};
use super::policy::Policy;
use super::together::SampledRows;
use pawl_data::dataset::{BinnedColumn, Scan};
use pawl_data::profile::binary::{BinaryError, MAGIC};
use pawl_data::profile::bins::{Baseline, BaselineColumn, BinCounts, Bins, place};
use pawl_data::profile::value::FieldValue;
use pawl_data::profile::{BinCounter, ColumnProfile, Grouping, MAX_VALUES, Profile, SegmentValues};

/// Why two files cannot be compared.
#[derive(Debug, thiserror::Error)]
pub enum FilesError {
    /// JSON that is no saved profile.
    #[error(
        "neither a saved profile nor a frozen baseline: {0}; give the document as Pawl wrote it, or data"
    )]
    Document(serde_json::Error),
    /// A profile in binary form that cannot be read.
    #[error(transparent)]
    Profile(#[from] BinaryError),
    /// A frozen baseline where new data should be.
    #[error("a frozen baseline is only something to compare with: give the new data, or its profile")]
    NoData,
    /// A segment column that the data lacks.
    #[error("there is no column {column:?} to segment by: name a column of the data")]
    NoSegment {
        /// The column.
        column: String,
    },
    /// A segment column of too many values.
    #[error("segment column {column:?} has more than {MAX_VALUES} values: segment by one that has few")]
    TooManySegments {
        /// The column.
        column: String,
    },
    /// A saved profile without these segments.
    #[error(
        "this profile knows no segments by {column:?}: make it with `pawl profile --segments {column}`, or \
         give the data"
    )]
    SegmentsOfProfile {
        /// The column.
        column: String,
    },
    /// A saved profile in place of new data whose rows belong together.
    #[error("a profile does not tell which rows belong together: give the new data itself")]
    GroupsOfProfile,
    /// A column that neither side has.
    #[error("there is no column {column:?} in the baseline: name one of its columns")]
    NoColumn {
        /// The column.
        column: String,
    },
}

/// Which columns to compare, and how.
#[derive(Debug, Clone, Default)]
pub struct ColumnSelection {
    /// The columns to compare; none for all of the baseline save identifiers and the column of clusters.
    pub columns: Option<Vec<String>>,
    /// Columns that are left out.
    pub ignore: Vec<String>,
    /// The column that is the label.
    pub label: Option<String>,
    /// Columns whose values part the rows.
    pub segments: Vec<String>,
    /// Which rows belong together; none where they are taken as independent.
    pub grouping: Option<Grouping>,
}

/// One side as read.
#[derive(Debug)]
pub enum ComparedSide {
    /// The data itself, which alone can be counted exactly in frozen bins.
    Data(Box<Scan>),
    /// A saved profile.
    Profile(Box<Profile>),
    /// A frozen baseline.
    Baseline(Baseline),
}

/// A document that a side may have been saved as.
#[derive(serde::Deserialize)]
#[serde(untagged)]
enum Saved {
    Baseline(Baseline),
    Scan { profile: Box<Profile> },
    Profile(Box<Profile>),
}

impl ComparedSide {
    /// A side that was saved: as JSON a frozen baseline, a profile, or a scan with its profile; a profile in
    /// binary form.
    ///
    /// # Errors
    /// [`FilesError::Document`] or [`FilesError::Profile`] when it is none of them.
    pub fn saved(document: &[u8]) -> Result<Self, FilesError> {
        if document.starts_with(MAGIC) {
            return Ok(Self::Profile(Box::new(Profile::from_bytes(document)?)));
        }
        Ok(match serde_json::from_slice(document).map_err(FilesError::Document)? {
            Saved::Baseline(baseline) => Self::Baseline(baseline),
            Saved::Scan { profile } | Saved::Profile(profile) => Self::Profile(profile),
        })
    }

    /// Its bins, to count the other side in.
    pub fn freeze(&self) -> Baseline {
        match self {
            Self::Data(scan) => Baseline::freeze(&scan.profile),
            Self::Profile(profile) => Baseline::freeze(profile),
            Self::Baseline(baseline) => baseline.clone(),
        }
    }

    /// Whether it has what is asked for.
    ///
    /// # Errors
    /// A segment column that it lacks, or that has too many values.
    pub fn check(&self, choice: &ColumnSelection) -> Result<(), FilesError> {
        let parted = match self {
            Self::Data(scan) => scan.profile.segments.as_ref().map(|_, _, _| ()),
            Self::Profile(profile) => profile.segments.as_ref().map(|_, _, _| ()),
            Self::Baseline(baseline) => baseline.segments.as_ref().map(|_, _, _| ()),
        };
        for column in &choice.segments {
            let parts = parted.parts(column);
            let column = column.clone();
            match parts {
                None => return Err(FilesError::SegmentsOfProfile { column }),
                Some(SegmentValues::TooMany) => return Err(FilesError::TooManySegments { column }),
                Some(SegmentValues::Of(values)) if values.is_empty() => {
                    return Err(FilesError::NoSegment { column });
                }
                Some(SegmentValues::Of(_)) => {}
            }
        }
        Ok(())
    }

    fn profile(&self) -> Option<&Profile> {
        match self {
            Self::Data(scan) => Some(&scan.profile),
            Self::Profile(profile) => Some(profile),
            Self::Baseline(_) => None,
        }
    }

    /// The rank error of a column's quantile sketch; 0 where it was counted.
    fn rank_error(&self, input: &Input<'_>) -> f64 {
        let whole = self.profile();
        let profile = match input.segment {
            Some((column, value)) => whole.and_then(|profile| profile.segments.get(column, value)),
            None => whole,
        };
        let column = profile.and_then(|profile| profile.column(input.name));
        column.map_or(0.0, |column| column.values.rank_error())
    }
}

/// Compares two sides; data must have been counted in the bins of `frozen`, the baseline's.
///
/// # Errors
/// As [`ComparedSide::check`], a column that the baseline lacks, and a frozen baseline in place of new data.
pub fn compare_files(
    baseline: &ComparedSide,
    frozen: &Baseline,
    current: &ComparedSide,
    choice: &ColumnSelection,
    policy: &Policy,
) -> Result<Drift, FilesError> {
    current.check(choice)?;
    if choice.grouping.is_some() && matches!(current, ComparedSide::Profile(_)) {
        return Err(FilesError::GroupsOfProfile);
    }
    let (counts, mut parts) = match current {
        ComparedSide::Data(scan) => (scan.binned.clone(), scan.segments.clone()),
        ComparedSide::Profile(profile) => {
            let recounted = |column: &str, value: &str, part: &Profile| {
                frozen.segments.get(column, value).map_or_else(Vec::new, |bins| recount(part, bins))
            };
            (recount(profile, frozen), profile.segments.as_ref().map(recounted))
        }
        ComparedSide::Baseline(_) => return Err(FilesError::NoData),
    };
    parts.keep(&choice.segments);
    let (label, features) = (choice.label.as_deref(), features(baseline, frozen, choice));
    if let Some(column) = features.iter().chain(&choice.label).find(|name| frozen.column(name).is_none()) {
        return Err(FilesError::NoColumn { column: column.clone() });
    }
    let mut all = inputs(frozen, &counts, &features, label);
    all.extend(in_segments(frozen, &parts, &features, label));
    for input in &mut all {
        let sketched = if let ComparedSide::Data(_) = current { 0.0 } else { current.rank_error(input) };
        input.rank_error = baseline.rank_error(input) + sketched;
    }
    if let ComparedSide::Data(scan) = current
        && let Some(groups) = &scan.groups
    {
        group(&mut all, groups);
    }
    let sample = current.profile().and_then(|profile| profile.sample.as_ref());
    let rows = SampledRows { baseline: frozen.sample.as_ref(), current: sample };
    Ok(compare_rows(&all, rows, policy))
}

fn features(baseline: &ComparedSide, frozen: &Baseline, choice: &ColumnSelection) -> Vec<String> {
    if let Some(columns) = &choice.columns {
        return columns.clone();
    }
    let column = |name: &str| baseline.profile().and_then(|profile| profile.column(name));
    let identifier = |name: &str| column(name).is_some_and(ColumnProfile::is_identifier);
    // Which user a row is of is no feature: new data has new users.
    let cluster =
        |name: &String| matches!(&choice.grouping, Some(Grouping::Cluster(column)) if column == name);
    let left_out = |name: &String| {
        let named = choice.ignore.contains(name) || choice.label.as_ref() == Some(name);
        named || cluster(name) || identifier(name)
    };
    frozen.columns.iter().map(|column| column.name.clone()).filter(|name| !left_out(name)).collect()
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
        counter.add(counted.value.as_bytes(), FieldValue::Text, counted.count);
    }
    let mut total = counter.counts;
    let finite = column.present().saturating_sub(column.nan + column.pos_inf + column.neg_inf);
    total.other += finite.saturating_sub(total.rows());
    total
}
