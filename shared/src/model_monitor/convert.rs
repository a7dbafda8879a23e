//! A profile as statistics, and statistics as a profile.

use super::sketch::DeequSketch;
use super::statistics::{
    Bucket, Categories, Common, DatasetStatistics, Feature, InferredType, KllDistribution,
    NumberDistribution, NumberStatistics, Statistics, TextDistribution, TextStatistics, ValueCount,
};
use crate::profile::{ColumnProfile, ColumnType, Moments, PROFILE_VERSION, Profile, Segments};

/// Bars of a distribution.
const BARS: usize = 10;

/// A column of more different texts than this has no distribution.
pub(super) const CATEGORIES: u64 = 120;

/// A bar without a sketch is taken as this many numbers, evenly spread.
const PER_BAR: u64 = 16;

/// A profile read from statistics.
#[derive(Debug, Clone, PartialEq)]
pub struct Imported {
    /// The profile. Its quantiles are those of the sketch; the number of different values is counted
    /// from what the file holds, and falls short of the estimate there.
    pub profile: Profile,
    /// What the file did not tell, column by column.
    pub notes: Vec<ImportNote>,
}

/// What a file did not tell of a column.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ImportNote {
    /// The weights of the sketch are not those of its numbers.
    #[error("{column}: the sketch does not add up to its {count} values: its bars are taken instead")]
    Sketch {
        /// The column.
        column: String,
        /// How many values it should stand for.
        count: u64,
    },
    /// No distribution.
    #[error("{column}: the file has no distribution of its values: they are counted and no more")]
    NoDistribution {
        /// The column.
        column: String,
    },
}

impl Statistics {
    /// The statistics of a profile.
    pub fn of(profile: &Profile) -> Self {
        Self {
            version: 0.0,
            dataset: DatasetStatistics { item_count: profile.rows },
            features: profile.columns.iter().map(feature).collect(),
        }
    }

    /// The profile that these statistics tell of.
    pub fn profile(&self) -> Imported {
        let (rows, mut notes) = (self.dataset.item_count, Vec::new());
        let columns = self.features.iter().map(|feature| column(feature, rows, &mut notes)).collect();
        let profile = Profile {
            version: PROFILE_VERSION,
            rows,
            left_out: 0,
            parts: 1,
            part_rows: (rows, rows),
            columns,
            time: None,
            segments: Segments::default(),
            sample: None,
        };
        Imported { profile, notes }
    }

    /// The column of this name.
    pub fn feature(&self, name: &str) -> Option<&Feature> {
        self.features.iter().find(|feature| feature.name == name)
    }
}

pub(super) fn inferred(kind: ColumnType) -> InferredType {
    match kind {
        ColumnType::Integral => InferredType::Integral,
        ColumnType::Fractional => InferredType::Fractional,
        ColumnType::Boolean | ColumnType::Timestamp | ColumnType::String => InferredType::String,
        ColumnType::Unknown => InferredType::Unknown,
    }
}

fn feature(column: &ColumnProfile) -> Feature {
    let kind = inferred(column.kind());
    let common = Common { num_present: column.present(), num_missing: column.missing };
    let numbers = matches!(kind, InferredType::Integral | InferredType::Fractional)
        .then(|| number_statistics(column, common))
        .flatten();
    let texts = (numbers.is_none() && kind != InferredType::Unknown).then(|| text_statistics(column, common));
    Feature {
        name: column.name.clone(),
        inferred_type: kind,
        numerical_statistics: numbers,
        string_statistics: texts,
    }
}

fn number_statistics(column: &ColumnProfile, common: Common) -> Option<NumberStatistics> {
    let (min, max) = column.numbers.extremes()?;
    let (mean, std_dev) = (column.numbers.mean()?, column.numbers.std_dev()?);
    let weighted = column.values.weighted_numbers();
    let mut sketch = DeequSketch::default();
    sketch.add_counted(&weighted);
    Some(NumberStatistics {
        common,
        mean,
        sum: mean * column.numbers.count as f64,
        std_dev,
        min,
        max,
        approximate_num_distinct_values: Some(column.values.distinct()),
        completeness: Some(common.completeness()),
        distribution: Some(NumberDistribution {
            kll: KllDistribution { buckets: bars(min, max, &weighted), sketch: Some(sketch.document()) },
        }),
    })
}

/// Bars of equal width; the last edge is the largest number itself, whatever the rounding.
fn bars(min: f64, max: f64, weighted: &[(f64, u64)]) -> Vec<Bucket> {
    let edge = |index: usize| {
        let share = index as f64 / BARS as f64;
        if index == BARS { max } else { min * (1.0 - share) + max * share }
    };
    let mut buckets: Vec<Bucket> = (0..BARS)
        .map(|index| Bucket { lower_bound: edge(index), upper_bound: edge(index + 1), count: 0.0 })
        .collect();
    for &(number, weight) in weighted {
        let place = buckets.iter().rposition(|bar| bar.lower_bound <= number).unwrap_or(0);
        buckets[place].count += weight as f64;
    }
    buckets
}

fn text_statistics(column: &ColumnProfile, common: Common) -> TextStatistics {
    let distinct = column.values.distinct();
    let distribution = (column.values.is_exact() && distinct <= CATEGORIES).then(|| {
        let frequent = column.values.frequent().into_iter();
        let buckets = frequent.map(|counted| ValueCount { value: counted.value, count: counted.count });
        TextDistribution { categorical: Categories { buckets: buckets.collect() } }
    });
    TextStatistics {
        common,
        distinct_count: distinct,
        completeness: Some(common.completeness()),
        distribution,
    }
}

fn column(feature: &Feature, rows: u64, notes: &mut Vec<ImportNote>) -> ColumnProfile {
    let mut column = ColumnProfile::new(feature.name.clone(), None);
    // A column without any value has no statistics.
    let nothing = Common { num_present: 0, num_missing: rows };
    let common = feature.common().unwrap_or(nothing);
    column.rows = common.num_present + common.num_missing;
    column.missing = common.num_missing;
    match feature.inferred_type {
        InferredType::Integral => column.types.integral = common.num_present,
        InferredType::Fractional => column.types.fractional = common.num_present,
        InferredType::String => column.types.string = common.num_present,
        InferredType::Unknown => {}
    }
    if let Some(numbers) = &feature.numerical_statistics {
        column.numbers = Moments {
            count: common.num_present,
            mean: numbers.mean,
            m2: numbers.std_dev.powi(2) * common.num_present as f64,
            min: numbers.min,
            max: numbers.max,
        };
        for (number, count) in spread(&feature.name, numbers, notes) {
            column.values.add_number(number, count);
        }
    }
    match feature.string_statistics.as_ref().map(TextStatistics::values) {
        Some(Some(values)) => {
            for value in values {
                column.lengths.add(value.value.chars().count() as f64, value.count);
                column.values.add_text(&value.value, value.count);
            }
        }
        Some(None) => notes.push(ImportNote::NoDistribution { column: feature.name.clone() }),
        None => {}
    }
    column
}

/// The numbers of a distribution with their counts, in rising order.
pub(super) fn spread(name: &str, numbers: &NumberStatistics, notes: &mut Vec<ImportNote>) -> Vec<(f64, u64)> {
    let count = numbers.common.num_present;
    let Some(NumberDistribution { kll }) = &numbers.distribution else {
        notes.push(ImportNote::NoDistribution { column: name.to_owned() });
        return Vec::new();
    };
    if let Some(weighted) = kll.sketch.as_ref().and_then(|sketch| sketch.weighted(count)) {
        return weighted;
    }
    notes.push(ImportNote::Sketch { column: name.to_owned(), count });
    kll.buckets.iter().flat_map(points).collect()
}

/// A bar as numbers evenly spread over it.
fn points(bar: &Bucket) -> impl Iterator<Item = (f64, u64)> + use<> {
    let (from, width) = (bar.lower_bound, bar.upper_bound - bar.lower_bound);
    let count = if bar.count > 0.0 { bar.count.round() as u64 } else { 0 };
    (0..PER_BAR).filter_map(move |index| {
        // Whole counts that add up to the bar's.
        let share = count * (index + 1) / PER_BAR - count * index / PER_BAR;
        let number = from + width * ((index as f64 + 0.5) / PER_BAR as f64);
        (share > 0 && number.is_finite()).then_some((number, share))
    })
}
