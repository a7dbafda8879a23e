//! Freezing bins from a profile, and counting in them.

use std::collections::{HashMap, HashSet};

use super::Profile;
use super::bins::{BASELINE_VERSION, Baseline, BaselineColumn, BinCounts, Bins, TOP_VALUES, place};
use super::column::ColumnProfile;
use super::column_type::ColumnType;
use super::hash::{self, TableState};
use super::kll::quantiles_of;
use super::value::FieldValue;
use super::values::text_key;

/// Up to this many different numbers get a bin each.
const SINGLE_VALUES: usize = 32;

impl Baseline {
    /// Freezes the bins of a baseline: deciles for a numeric column of many values, one bin a
    /// value for few, the top values for the rest. Timestamps and columns without any value
    /// have no bins and are left out.
    ///
    /// The counts are exact where the values were few enough to be counted; beyond that they come
    /// from the quantile sketch, within its rank error.
    pub fn freeze(profile: &Profile) -> Self {
        let columns = profile
            .columns
            .iter()
            .filter(|column| !matches!(column.kind(), ColumnType::Timestamp | ColumnType::Unknown))
            .map(freeze_column)
            .collect();
        let segments = profile.segments.as_ref().map(|_, _, part| Self::freeze(part));
        let (version, rows, sample) = (BASELINE_VERSION, profile.rows, profile.sample.clone());
        Self { version, rows, columns, segments, sample }
    }
}

fn freeze_column(column: &ColumnProfile) -> BaselineColumn {
    let numeric = column.kind().is_numeric() && column.numbers.count > 0;
    let (bins, mut counts, known) = if numeric { numeric_bins(column) } else { top_values(column) };
    counts.missing = column.missing;
    counts.types = column.types;
    BaselineColumn {
        name: column.name.clone(),
        bins,
        counts,
        known,
        mean: column.numbers.mean(),
        std_dev: column.numbers.std_dev(),
    }
}

fn numeric_bins(column: &ColumnProfile) -> (Bins, BinCounts, Option<Vec<u64>>) {
    let weighted = column.values.weighted_numbers();
    let (min, max) = (column.numbers.min, column.numbers.max);
    let mut edges = if column.values.is_exact() && weighted.len() <= SINGLE_VALUES {
        // Halfway between neighbours, so that each value has a bin of its own.
        let middles = weighted.windows(2).map(|pair| pair[0].0 + (pair[1].0 - pair[0].0) / 2.0);
        std::iter::once(min).chain(middles).chain([max]).collect()
    } else {
        let ranks: Vec<f64> = (1..10).map(|decile| f64::from(decile) / 10.0).collect();
        let inner = quantiles_of(&weighted, &ranks);
        std::iter::once(min).chain(inner).chain([max]).collect::<Vec<f64>>()
    };
    edges.dedup_by(|later, earlier| *later <= *earlier);
    if edges.len() == 1 {
        edges.push(max.next_up());
    }
    let mut counts = Bins::Numeric { edges: edges.clone() }.empty_counts();
    for (number, weight) in weighted {
        if let super::bins::BinPlace::Bin(index) = place(&edges, number) {
            counts.bins[index] += weight;
        }
    }
    counts.nan = column.nan;
    counts.pos_inf = column.pos_inf;
    counts.neg_inf = column.neg_inf;
    counts.unseen = column.types.boolean + column.types.timestamp + column.types.string;
    (Bins::Numeric { edges }, counts, None)
}

fn top_values(column: &ColumnProfile) -> (Bins, BinCounts, Option<Vec<u64>>) {
    let frequent = column.values.frequent();
    let top = &frequent[..frequent.len().min(TOP_VALUES)];
    let bins: Vec<u64> = top.iter().map(|counted| counted.count).collect();
    let odd = column.nan + column.pos_inf + column.neg_inf;
    let other = column.present().saturating_sub(odd).saturating_sub(bins.iter().sum());
    let known = column
        .values
        .is_exact()
        .then(|| frequent[top.len()..].iter().map(|counted| hash::bytes(counted.value.as_bytes())).collect());
    let counts = BinCounts {
        bins,
        other,
        nan: column.nan,
        pos_inf: column.pos_inf,
        neg_inf: column.neg_inf,
        ..BinCounts::default()
    };
    (Bins::Categorical { values: top.iter().map(|counted| counted.value.clone()).collect() }, counts, known)
}

/// Counts one column in frozen bins while rows stream by.
#[derive(Debug, Clone)]
pub struct BinCounter {
    look: Look,
    /// What was counted so far.
    pub counts: BinCounts,
}

#[derive(Debug, Clone)]
enum Look {
    Numeric(Vec<f64>),
    Categorical { top: HashMap<String, usize, TableState>, known: Option<HashSet<u64, TableState>> },
}

impl BinCounter {
    /// Counts nothing yet.
    pub fn new(column: &BaselineColumn) -> Self {
        let look = match &column.bins {
            Bins::Numeric { edges } => Look::Numeric(edges.clone()),
            Bins::Categorical { values } => Look::Categorical {
                top: values.iter().enumerate().map(|(index, value)| (value.clone(), index)).collect(),
                known: column.known.as_ref().map(|known| known.iter().copied().collect()),
            },
        };
        Self { look, counts: column.bins.empty_counts() }
    }

    /// Counts a field that `count` rows hold.
    pub fn add(&mut self, field: &[u8], value: FieldValue, count: u64) {
        match value {
            FieldValue::Missing => {
                self.counts.missing += count;
                return;
            }
            FieldValue::Integral(_) => self.counts.types.integral += count,
            FieldValue::Fractional(_) => self.counts.types.fractional += count,
            FieldValue::Boolean => self.counts.types.boolean += count,
            FieldValue::Timestamp => self.counts.types.timestamp += count,
            FieldValue::Text => self.counts.types.string += count,
        }
        match (&self.look, value.number()) {
            (Look::Numeric(edges), Some(number)) => self.counts.add_number(place(edges, number), count),
            (Look::Numeric(_), None) => self.counts.unseen += count,
            (Look::Categorical { .. }, Some(number)) if !number.is_finite() => {
                self.counts.add_number(place(&[], number), count);
            }
            (Look::Categorical { top, known }, number) => {
                let text = match number {
                    Some(number) => number.to_string(),
                    None => text_key(&String::from_utf8_lossy(field)).into_owned(),
                };
                match (top.get(&text), known) {
                    (Some(&index), _) => self.counts.bins[index] += count,
                    (None, Some(known)) if !known.contains(&hash::bytes(text.as_bytes())) => {
                        self.counts.unseen += count;
                    }
                    (None, _) => self.counts.other += count,
                }
            }
        }
    }

    /// Counts a block of finite numbers of which `integral` are whole.
    pub fn add_numbers(&mut self, block: &[f64], integral: u64) {
        let fractional = block.len() as u64 - integral;
        match &self.look {
            Look::Numeric(edges) => {
                self.counts.types.integral += integral;
                self.counts.types.fractional += fractional;
                for &number in block {
                    self.counts.add_number(place(edges, number), 1);
                }
            }
            // A column of texts that now holds numbers: their types were counted with the block.
            Look::Categorical { .. } => {
                for &number in block {
                    self.add(&[], FieldValue::Fractional(number), 1);
                }
                self.counts.types.fractional -= integral;
                self.counts.types.integral += integral;
            }
        }
    }
}
