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
use super::document::{Drift, NoVerdict, NotJudged};
use super::input::{Input, group, in_segments, inputs};
use super::policy::Policy;
use super::together::SampledRows;
use super::unjudged::identifier;
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
    /// The columns to compare, such as the features of a model; none for all of the baseline save identifiers
    /// and the column of clusters.
    pub columns: Option<Vec<String>>,
    /// Columns that are left out.
    pub ignore: Vec<String>,
    /// The column that is the label.
    pub label: Option<String>,
    /// Columns whose values part the rows.
    pub segments: Vec<String>,
    /// Which rows belong together; none where they are taken as independent.
    pub grouping: Option<Grouping>,
    /// The share of the rows of either side, 0 to 1, that may have been left out because they could not be
    /// read; none for any. Beyond it nothing is judged.
    pub most_left_out: Option<f64>,
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

    /// The profile of its rows; a frozen baseline has none.
    pub fn profile(&self) -> Option<&Profile> {
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
    let frozen = &known_to_both(frozen, current);
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
    let chosen = Chosen::new(baseline, frozen, current, &counts, choice);
    let (label, features) = (choice.label.as_deref(), &chosen.features);
    if let Some(column) = features.iter().chain(&choice.label).find(|name| frozen.column(name).is_none()) {
        return Err(FilesError::NoColumn { column: column.clone() });
    }
    let mut all = inputs(frozen, &counts, features, label);
    all.extend(in_segments(frozen, &parts, features, label));
    for input in &mut all {
        input.rank_error = if let ComparedSide::Data(_) = current { 0.0 } else { current.rank_error(input) };
    }
    if let ComparedSide::Data(scan) = current
        && let Some(groups) = &scan.groups
    {
        group(&mut all, groups);
    }
    let sample = current.profile().and_then(|profile| profile.sample.as_ref());
    let rows = SampledRows { baseline: frozen.sample.as_ref(), current: sample };
    let mut drift = compare_rows(&all, rows, policy);
    drift.tell(chosen.left_out);
    let sides = [("baseline", baseline), ("batch", current)];
    let reasons: Vec<String> = sides
        .into_iter()
        .filter_map(|(name, side)| too_much_left_out(name, side.profile()?, choice.most_left_out?))
        .collect();
    if !reasons.is_empty() {
        drift.refuse_to_judge(reasons);
    }
    Ok(drift)
}

/// The words for a side of which too many rows could not be read.
fn too_much_left_out(name: &str, profile: &Profile, limit: f64) -> Option<String> {
    let (left_out, all) = (profile.left_out, profile.left_out + profile.rows);
    let share = left_out as f64 / all.max(1) as f64;
    // A limit that is no number allows nothing.
    let within = share <= limit || left_out == 0;
    (!within).then(|| {
        format!(
            "{left_out} of {all} rows of the {name} ({:.1} %) were left out, of at most {:.1} %: the others \
             may not be like them, so nothing is judged.",
            share * 100.0,
            limit * 100.0
        )
    })
}

/// The columns to compare, and those that are not.
struct Chosen {
    features: Vec<String>,
    left_out: Vec<NotJudged>,
}

impl Chosen {
    fn new(
        baseline: &ComparedSide,
        frozen: &Baseline,
        current: &ComparedSide,
        counts: &[BinnedColumn],
        choice: &ColumnSelection,
    ) -> Self {
        let of = |side: &'_ ComparedSide, name: &str| side.profile().and_then(|it| it.column(name)).cloned();
        let mut left_out = Vec::new();
        let mut kept = |name: &String| {
            if choice.label.as_ref() == Some(name) {
                return false;
            }
            let counts = counts.iter().find(|column| column.name == *name).map(|column| &column.counts);
            let sides = of(baseline, name).zip(of(current, name));
            let cluster = matches!(&choice.grouping, Some(Grouping::Cluster(column)) if column == name);
            let (why, reason) = if choice.ignore.contains(name) {
                (NoVerdict::LeftOut, "Left out, as asked.")
            } else if cluster {
                // Which user a row is of is no feature: new data has new users.
                (NoVerdict::LeftOut, "Says which rows belong together.")
            } else if let Some(why) = sides.and_then(|(before, now)| identifier(&before, &now, counts)) {
                (NoVerdict::Identifier, why)
            } else {
                return true;
            };
            left_out.push(NotJudged::column(name, why, reason));
            false
        };
        let all = frozen.columns.iter().map(|column| &column.name);
        let features: Vec<String> = match &choice.columns {
            // What the model uses is never an identifier.
            Some(columns) => columns.clone(),
            None => all.clone().filter(|name| kept(name)).cloned().collect(),
        };
        let not_asked =
            |name: &String| NotJudged::column(name, NoVerdict::LeftOut, "Not among the columns to compare.");
        let asked = |name: &&String| features.contains(name) || choice.label.as_ref() == Some(name);
        if choice.columns.is_some() {
            left_out.extend(all.filter(|name| !asked(name)).map(not_asked));
        }
        let theirs = current.profile().map_or(&[][..], |profile| &profile.columns);
        let new = theirs.iter().filter(|column| frozen.column(&column.name).is_none());
        left_out.extend(new.map(|column| NotJudged::new_column(&column.name)));
        Self { features, left_out }
    }
}

/// The same bins, save that a column whose values a saved profile knows by bucket alone is counted by
/// bucket on both sides.
fn known_to_both(frozen: &Baseline, current: &ComparedSide) -> Baseline {
    let mut known = frozen.clone();
    let ComparedSide::Profile(profile) = current else { return known };
    by_bucket(&mut known, profile);
    known.segments = known.segments.map(|column, value, mut part| {
        if let Some(profile) = profile.segments.get(column, value) {
            by_bucket(&mut part, profile);
        }
        part
    });
    known
}

fn by_bucket(frozen: &mut Baseline, profile: &Profile) {
    for column in &mut frozen.columns {
        let theirs = profile.column(&column.name);
        if theirs.is_some_and(|theirs| theirs.values.buckets().is_some())
            && let Some(coarse) = column.in_buckets()
        {
            *column = coarse;
        }
    }
}

/// Takes the baseline's own rows, counted in its bins by a second pass, in place of what a sketch said of
/// them. A scan of other rows changes nothing.
pub fn count_exactly(frozen: &mut Baseline, scan: &Scan) {
    if scan.profile.rows != frozen.rows {
        return;
    }
    take_counts(frozen, &scan.binned);
    let segments = std::mem::take(&mut frozen.segments);
    frozen.segments = segments.map(|column, value, mut part| {
        if let Some(counted) = scan.segments.get(column, value) {
            take_counts(&mut part, counted);
        }
        part
    });
}

fn take_counts(frozen: &mut Baseline, counted: &[BinnedColumn]) {
    for column in frozen.columns.iter_mut().filter(|column| column.rank_error > 0.0) {
        if let Some(counted) = counted.iter().find(|counted| counted.name == column.name) {
            column.counts = counted.counts.clone();
            column.rank_error = 0.0;
        }
    }
}

/// A saved profile counted in frozen bins: exact where its values were few enough to be counted, and by
/// bucket; numbers beyond that within the rank error of its sketch
/// ([`RANK_ERROR`](pawl_data::profile::RANK_ERROR)).
pub fn recount(profile: &Profile, baseline: &Baseline) -> Vec<BinnedColumn> {
    let column = |frozen: &BaselineColumn| {
        let column = profile.column(&frozen.name)?;
        let mut counts = match &frozen.bins {
            Bins::Numeric { edges } => numbers(column, edges),
            Bins::Categorical { values } => values_of(column, frozen, values.is_empty()),
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

fn values_of(column: &ColumnProfile, frozen: &BaselineColumn, no_bins: bool) -> BinCounts {
    let plain = column.present().saturating_sub(column.nan + column.pos_inf + column.neg_inf);
    if let (true, Some(buckets)) = (no_bins && !frozen.counts.buckets.is_empty(), column.values.buckets()) {
        return BinCounts { other: plain, buckets: buckets.to_vec(), ..BinCounts::default() };
    }
    let has_numbers = column.types.integral + column.types.fractional > 0;
    let mut counter = BinCounter::new(frozen);
    for counted in column.values.frequent() {
        let number = counted.value.parse().ok().filter(|number: &f64| has_numbers && number.is_finite());
        let value = number.map_or(FieldValue::Text, FieldValue::Fractional);
        counter.add(counted.value.as_bytes(), value, counted.count);
    }
    let mut total = counter.counts;
    total.other += plain.saturating_sub(total.rows());
    total
}
