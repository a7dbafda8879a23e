//! The profile of one column.

use serde::{Deserialize, Serialize};

use super::column_type::{ColumnType, TypeCounts};
use super::kll::quantiles_of;
use super::moments::Moments;
use super::shape::Shapes;
use super::stretch::Stretches;
use super::value::{self, FieldValue};
use super::values::Values;

/// The mergeable profile of one column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ColumnProfile {
    /// The column's name.
    pub name: String,
    /// The type a user fixed; inference never overrides it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fixed: Option<ColumnType>,
    /// All rows.
    pub rows: u64,
    /// Rows whose value is null, empty or a null word.
    pub missing: u64,
    /// What the other values read as.
    pub types: TypeCounts,
    /// Numbers written with a leading zero: identifiers rather than quantities.
    pub leading_zeros: u64,
    /// Values that read NaN.
    pub nan: u64,
    /// Positive infinities.
    pub pos_inf: u64,
    /// Negative infinities.
    pub neg_inf: u64,
    /// The finite numbers.
    pub numbers: Moments,
    /// The lengths, in characters, of the values that are no numbers.
    pub lengths: Moments,
    /// The smallest and the largest of these in byte order, at most 128 characters of each.
    #[serde(default)]
    pub texts: Option<(String, String)>,
    /// The shapes of the values that are plain text.
    #[serde(default)]
    pub shapes: Shapes,
    /// The values, counted or sketched.
    pub values: Values,
    /// Stretches of one number repeated in time order; empty without a time order.
    #[serde(default)]
    pub stretches: Stretches,
}

impl ColumnProfile {
    /// The profile of a column before its first row.
    pub fn new(name: impl Into<String>, fixed: Option<ColumnType>) -> Self {
        Self {
            name: name.into(),
            fixed,
            rows: 0,
            missing: 0,
            types: TypeCounts::default(),
            leading_zeros: 0,
            nan: 0,
            pos_inf: 0,
            neg_inf: 0,
            numbers: Moments::default(),
            lengths: Moments::default(),
            texts: None,
            shapes: Shapes::default(),
            values: Values::default(),
            stretches: Stretches::default(),
        }
    }

    /// Adds a field that `count` rows hold, already read.
    pub(crate) fn add(&mut self, field: &[u8], value: FieldValue, count: u64) {
        self.rows += count;
        match value {
            FieldValue::Missing => self.missing += count,
            FieldValue::Integral(number) => {
                self.types.integral += count;
                self.leading_zeros += count * u64::from(value::has_leading_zero(field));
                self.numbers.add(number, count);
                self.values.add_number(number, count);
            }
            FieldValue::Fractional(number) => {
                self.types.fractional += count;
                if number.is_finite() {
                    self.numbers.add(number, count);
                    self.values.add_number(number, count);
                } else if number.is_nan() {
                    self.nan += count;
                } else if number > 0.0 {
                    self.pos_inf += count;
                } else {
                    self.neg_inf += count;
                }
            }
            FieldValue::Boolean | FieldValue::Timestamp | FieldValue::Text => {
                match value {
                    FieldValue::Boolean => self.types.boolean += count,
                    FieldValue::Timestamp => self.types.timestamp += count,
                    _ => self.types.string += count,
                }
                let text = String::from_utf8_lossy(field);
                self.lengths.add(text.chars().count() as f64, count);
                self.widen(&text, &text);
                if value == FieldValue::Text {
                    self.shapes.add(&text, count);
                }
                self.values.add_text(&text, count);
            }
        }
    }

    /// Adds a block of finite numbers without leading zeros, one a row; sorts it.
    pub(crate) fn add_numbers(&mut self, block: &mut [f64], integral: u64) {
        let count = block.len() as u64;
        self.rows += count;
        self.types.integral += integral;
        self.types.fractional += count - integral;
        self.numbers.add_block(block);
        self.values.add_numbers(block);
    }

    /// Adds the profile of another part of the data.
    pub fn merge(&mut self, other: &Self) {
        self.rows += other.rows;
        self.missing += other.missing;
        self.types.merge(&other.types);
        self.leading_zeros += other.leading_zeros;
        self.nan += other.nan;
        self.pos_inf += other.pos_inf;
        self.neg_inf += other.neg_inf;
        self.numbers.merge(&other.numbers);
        self.lengths.merge(&other.lengths);
        if let Some((least, most)) = &other.texts {
            self.widen(least, most);
        }
        self.shapes.merge(&other.shapes);
        self.values.merge(&other.values);
        self.stretches.merge(&other.stretches);
    }

    fn widen(&mut self, low: &str, high: &str) {
        let short = |text: &str| text.chars().take(128).collect::<String>();
        match &mut self.texts {
            None => self.texts = Some((short(low), short(high))),
            Some((least, most)) => {
                if low < least.as_str() {
                    *least = short(low);
                }
                if high > most.as_str() {
                    *most = short(high);
                }
            }
        }
    }

    /// Values that are there.
    pub fn present(&self) -> u64 {
        self.rows - self.missing
    }

    /// How many different values there are; an estimate unless `values.is_exact()`.
    pub fn distinct(&self) -> u64 {
        self.values.distinct().min(self.present())
    }

    /// The shape that every value has, where all are plain text and alike.
    pub fn pattern(&self) -> Option<&str> {
        self.shapes.only().filter(|(_, count)| *count == self.present()).map(|(shape, _)| shape)
    }

    /// The share of rows with a value, 0..=1; none without rows.
    pub fn completeness(&self) -> Option<f64> {
        (self.rows > 0).then(|| self.present() as f64 / self.rows as f64)
    }

    /// The type: the one a user fixed, else the one that nine in ten values read as.
    pub fn kind(&self) -> ColumnType {
        self.fixed.unwrap_or_else(|| self.inferred().0)
    }

    /// The inferred type and the share of values that fit it, 0..=1.
    pub fn inferred(&self) -> (ColumnType, f64) {
        let total = self.types.total();
        if total == 0 {
            return (ColumnType::Unknown, 0.0);
        }
        let share = |count: u64| count as f64 / total as f64;
        let TypeCounts { integral, fractional, boolean, timestamp, .. } = self.types;
        if share(integral + fractional) >= 0.9 && self.leading_zeros == 0 {
            let kind = if fractional == 0 { ColumnType::Integral } else { ColumnType::Fractional };
            return (kind, share(integral + fractional));
        }
        if share(boolean) >= 0.9 {
            return (ColumnType::Boolean, share(boolean));
        }
        if share(timestamp) >= 0.9 {
            return (ColumnType::Timestamp, share(timestamp));
        }
        (ColumnType::String, 1.0)
    }

    /// Whether nearly every row has a value of its own: an identifier, not a quantity.
    pub fn is_identifier(&self) -> bool {
        self.types.fractional == 0
            && self.present() >= 100
            && self.values.distinct() as f64 >= 0.95 * self.present() as f64
    }

    /// The finite numbers at these ranks (0..=1); empty without numbers. Their ranks are off by at
    /// most `values.rank_error()`.
    pub fn quantiles(&self, ranks: &[f64]) -> Vec<f64> {
        quantiles_of(&self.values.weighted_numbers(), ranks)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(fields: &[&str]) -> ColumnProfile {
        let mut column = ColumnProfile::new("x", None);
        for field in fields {
            column.add(field.as_bytes(), value::read(field.as_bytes()), 1);
        }
        column
    }

    #[test]
    fn types_are_inferred_with_their_share() {
        assert_eq!(of(&["1", "2", ""]).inferred(), (ColumnType::Integral, 1.0));
        assert_eq!(of(&["1", "2.5"]).inferred(), (ColumnType::Fractional, 1.0));
        assert_eq!(of(&["007", "123"]).inferred(), (ColumnType::String, 1.0));
        assert_eq!(of(&["true", "false"]).inferred(), (ColumnType::Boolean, 1.0));
        assert_eq!(of(&["2011-01-01"]).inferred(), (ColumnType::Timestamp, 1.0));
        assert_eq!(of(&["", ""]).inferred(), (ColumnType::Unknown, 0.0));
    }

    #[test]
    fn odd_numbers_are_counted_apart() {
        let column = of(&["NaN", "inf", "-inf", "", "2", "4"]);
        assert_eq!((column.nan, column.pos_inf, column.neg_inf, column.missing), (1, 1, 1, 1));
        assert_eq!(column.numbers.mean(), Some(3.0));
        assert_eq!(column.quantiles(&[0.5, 1.0]), vec![2.0, 4.0]);
    }
}
