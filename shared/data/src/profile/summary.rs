//! What people and programs read of a profile.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Serialize, Serializer};

use super::Profile;
use super::column::ColumnProfile;
use super::column_type::{ColumnType, TypeCounts};
use super::kll::quantiles_of;

/// The ranks that a summary tells.
const RANKS: [&str; 9] = ["0.01", "0.05", "0.1", "0.25", "0.5", "0.75", "0.9", "0.95", "0.99"];

/// How many frequent values a summary tells.
const FREQUENT: usize = 10;

/// How many bars a histogram has.
const BARS: usize = 10;

/// A profile in figures.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Summary {
    /// The rows.
    pub rows: u64,
    /// One entry a column, in the order of the data.
    pub columns: Vec<ColumnSummary>,
}

/// A column in figures. What does not apply is null.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ColumnSummary {
    /// Its name.
    pub name: String,
    /// Its type, fixed or inferred, by its [title](ColumnType::title).
    #[serde(rename = "type", serialize_with = "title")]
    pub kind: ColumnType,
    /// How many values it has.
    #[serde(flatten)]
    pub counts: ValueCounts,
    /// The smallest value: a number, or a text in byte order.
    pub min: Option<Extreme>,
    /// The largest value.
    pub max: Option<Extreme>,
    /// Where its finite numbers lie.
    #[serde(flatten)]
    pub numbers: NumberSummary,
    /// What the values read as.
    pub types: TypeCounts,
    /// Values that read NaN.
    pub nan: u64,
    /// Infinities of either sign.
    pub infinite: u64,
    /// The commonest values, where they could be counted.
    pub frequent: Vec<Frequent>,
    /// Ten bars of equal width from the smallest to the largest number.
    pub histogram: Vec<HistogramBar>,
    /// The one shape of all values, such as `A-9`: see [`shape`](super::shape()).
    pub pattern: Option<String>,
    /// Numbers written with a leading zero, as identifiers are.
    pub leading_zeros: u64,
    /// The shortest and the longest text, in characters.
    pub lengths: Option<(f64, f64)>,
}

/// How many values a column has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct ValueCounts {
    /// Rows with a value.
    pub count: u64,
    /// Rows without.
    pub nulls: u64,
    /// Different values; an estimate (HyperLogLog) unless `distinct_exact`.
    pub distinct: u64,
    /// Whether `distinct` was counted.
    pub distinct_exact: bool,
}

/// Where the finite numbers of a column lie. What does not apply is null.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct NumberSummary {
    /// The mean of the finite numbers.
    pub mean: Option<f64>,
    /// Their sample standard deviation (n − 1); null for fewer than two.
    pub std_dev: Option<f64>,
    /// Finite numbers by rank, off by at most `rank_error`.
    pub quantiles: BTreeMap<&'static str, f64>,
    /// How far a quantile's rank may be off, 0..=1; 0 where all values were counted.
    pub rank_error: f64,
}

fn title<S: Serializer>(kind: &ColumnType, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(kind.title())
}

/// A smallest or largest value.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Extreme {
    /// Of numbers.
    Number(f64),
    /// Of texts.
    Text(String),
}

/// A common value.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Frequent {
    /// The value as text.
    pub value: String,
    /// How many rows hold it, at least.
    pub count: u64,
}

/// A bar of a histogram: `[from, to)`, the last one closed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct HistogramBar {
    /// Its lower edge.
    pub from: f64,
    /// Its upper edge.
    pub to: f64,
    /// Its numbers, to the rank error.
    pub count: u64,
}

impl Profile {
    /// The profile in figures.
    pub fn summary(&self) -> Summary {
        Summary { rows: self.rows, columns: self.columns.iter().map(summarise).collect() }
    }
}

fn summarise(column: &ColumnProfile) -> ColumnSummary {
    let kind = column.kind();
    let numeric = kind.is_numeric();
    let ranks: Vec<f64> = RANKS.iter().filter_map(|rank| rank.parse().ok()).collect();
    let weighted = if numeric { column.values.weighted_numbers() } else { Vec::new() };
    let quantiles = quantiles_of(&weighted, &ranks);
    let (min, max) = if numeric {
        column.numbers.extremes().map(|(min, max)| (Extreme::Number(min), Extreme::Number(max))).unzip()
    } else {
        column.texts.clone().map(|(min, max)| (Extreme::Text(min), Extreme::Text(max))).unzip()
    };
    let mut frequent = column.values.frequent();
    frequent.truncate(FREQUENT);
    ColumnSummary {
        name: column.name.clone(),
        kind,
        counts: ValueCounts {
            count: column.present(),
            nulls: column.missing,
            distinct: column.distinct(),
            distinct_exact: column.values.is_exact(),
        },
        min,
        max,
        numbers: NumberSummary {
            mean: column.numbers.mean().filter(|_| numeric),
            std_dev: column.numbers.sample_std_dev().filter(|_| numeric),
            quantiles: RANKS.into_iter().zip(quantiles).collect(),
            rank_error: column.values.rank_error(),
        },
        types: column.types,
        nan: column.nan,
        infinite: column.pos_inf + column.neg_inf,
        frequent: frequent.into_iter().map(|f| Frequent { value: f.value, count: f.count }).collect(),
        histogram: if numeric { histogram(column, &weighted) } else { Vec::new() },
        pattern: column.pattern().map(str::to_owned),
        leading_zeros: column.leading_zeros,
        lengths: column.lengths.extremes(),
    }
}

fn histogram(column: &ColumnProfile, weighted: &[(f64, u64)]) -> Vec<HistogramBar> {
    let Some((min, max)) = column.numbers.extremes() else { return Vec::new() };
    let width = max / BARS as f64 - min / BARS as f64;
    if width <= 0.0 {
        return vec![HistogramBar { from: min, to: max, count: column.numbers.count }];
    }
    let edge = |index: usize| if index == BARS { max } else { min + index as f64 * width };
    let mut bars: Vec<HistogramBar> =
        (0..BARS).map(|index| HistogramBar { from: edge(index), to: edge(index + 1), count: 0 }).collect();
    let mut at = 0;
    for &(number, weight) in weighted {
        while at + 1 < BARS && bars.get(at).is_some_and(|bar| number >= bar.to) {
            at += 1;
        }
        if let Some(bar) = bars.get_mut(at) {
            bar.count += weight;
        }
    }
    bars
}

impl fmt::Display for Summary {
    /// A table, a line a column.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let heads = ["column", "type", "count", "nulls", "distinct", "min", "mean", "max", "std_dev"];
        let mut lines = vec![heads.map(str::to_owned)];
        lines.extend(self.columns.iter().map(cells));
        let width = |index: usize| {
            lines.iter().filter_map(|line| line.get(index)).map(|cell| cell.chars().count()).max()
        };
        let widths: Vec<usize> = (0..heads.len()).filter_map(width).collect();
        writeln!(f, "{} rows, {} columns", self.rows, self.columns.len())?;
        for line in &lines {
            let mut text = String::new();
            for (index, (cell, &width)) in line.iter().zip(&widths).enumerate() {
                let gap = if index == 0 { "" } else { "  " };
                // Words to the left, figures to the right.
                text +=
                    &if index < 2 { format!("{gap}{cell:width$}") } else { format!("{gap}{cell:>width$}") };
            }
            writeln!(f, "{}", text.trim_end())?;
        }
        Ok(())
    }
}

fn cells(column: &ColumnSummary) -> [String; 9] {
    let number = |number: Option<f64>| number.map(short).unwrap_or_default();
    let extreme = |extreme: &Option<Extreme>| match extreme {
        Some(Extreme::Number(number)) => short(*number),
        Some(Extreme::Text(text)) => clip(text, 20),
        None => String::new(),
    };
    let about = if column.counts.distinct_exact { "" } else { "~" };
    [
        clip(&column.name, 30),
        column.kind.title().to_owned(),
        column.counts.count.to_string(),
        column.counts.nulls.to_string(),
        format!("{about}{}", column.counts.distinct),
        extreme(&column.min),
        number(column.numbers.mean),
        extreme(&column.max),
        number(column.numbers.std_dev),
    ]
}

fn short(number: f64) -> String {
    let size = number.abs();
    if number == 0.0 || (1e-4..1e12).contains(&size) {
        let text = format!("{number:.4}");
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        format!("{number:.4e}")
    }
}

fn clip(text: &str, limit: usize) -> String {
    match text.char_indices().nth(limit) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use crate::dataset::{Scanner, Schema};

    #[test]
    fn a_profile_is_told_in_figures() {
        let mut scanner = Scanner::new(&Schema::default());
        scanner.feed(b"day,n,x\n2012-01-02,1,0.5\n2012-01-01,2,\n2012-01-03,4,1.5\n", &mut ()).unwrap();
        let summary = scanner.finish(&mut ()).unwrap().profile.summary();
        insta::assert_snapshot!(summary.to_string(), @r"
        3 rows, 3 columns
        column  type        count  nulls  distinct         min    mean         max  std_dev
        day     Timestamp       3      0         3  2012-01-01          2012-01-03
        n       Integral        3      0         3           1  2.3333           4   1.5275
        x       Fractional      2      1         2         0.5       1         1.5   0.7071
        ");
        let n = serde_json::to_value(&summary.columns[1]).unwrap();
        assert_eq!(
            (&n["distinct"], &n["mean"], &n["rank_error"]),
            (&3.into(), &(7.0 / 3.0).into(), &0.0.into())
        );
        assert_eq!((&n["type"], &n["count"], &n["min"]), (&"Integral".into(), &3.into(), &1.0.into()));
        assert_eq!((&n["quantiles"]["0.5"], &n["quantiles"]["0.99"]), (&2.0.into(), &4.0.into()));
        let bars: Vec<u64> = summary.columns[1].histogram.iter().map(|bar| bar.count).collect();
        assert_eq!(bars, [1, 0, 0, 1, 0, 0, 0, 0, 0, 1]);
    }
}
