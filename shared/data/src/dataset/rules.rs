//! The rules that a single row can break, made ready for one header.

use std::sync::Arc;

use super::field::{FieldKind, Row};
use crate::constraints::{ColumnConstraints, Constraints, Range, Reason, Rule};
use crate::profile::typed::is_null_word;
use crate::profile::value::{self, FieldValue};
use crate::profile::{ColumnType, Judge, shape};

/// Reads the fields of one column and judges them.
#[derive(Debug, Clone)]
pub(crate) struct ColumnJudge {
    pub(crate) rules: ColumnRules,
    pub(crate) null_words: Arc<[Vec<u8>]>,
    /// Numbers have a comma before their fraction.
    pub(crate) decimal_comma: bool,
}

impl ColumnJudge {
    /// Reads a field that may be marked as a text.
    pub(crate) fn read(&self, field: &[u8], kind: FieldKind) -> FieldValue {
        match (self.value(field), kind) {
            (FieldValue::Missing, _) => FieldValue::Missing,
            (_, FieldKind::Text) => FieldValue::Text,
            (value, _) => value,
        }
    }
}

impl Judge for ColumnJudge {
    fn value(&self, field: &[u8]) -> FieldValue {
        if field.is_empty() || is_null_word(&self.null_words, field) {
            FieldValue::Missing
        } else if self.rules.kind == Some(ColumnType::String) {
            FieldValue::Text
        } else if self.decimal_comma {
            read_with_comma(field)
        } else {
            value::read(field)
        }
    }

    fn allows(&self, field: &[u8], value: FieldValue) -> bool {
        let mut reasons = Vec::new();
        self.rules.check("", field, value, &mut reasons);
        reasons.is_empty()
    }

    #[inline]
    fn allows_number(&self, number: f64, integral: bool) -> bool {
        let value = if integral { FieldValue::Integral(number) } else { FieldValue::Fractional(number) };
        self.rules.kind.is_none_or(|kind| fits(kind, value))
            && self.rules.range.is_none_or(|(min, max)| min <= number && number <= max)
    }

    fn plain_numbers(&self) -> bool {
        self.rules.kind != Some(ColumnType::String)
            && !self.decimal_comma
            && self.rules.domain.is_none()
            && self.rules.length.is_none()
            && self.rules.pattern.is_none()
            && !self.null_words.iter().any(|word| value::read(word).number().is_some())
    }
}

/// Reads a field whose numbers have a comma before their fraction; a point makes no number then.
fn read_with_comma(field: &[u8]) -> FieldValue {
    let text =
        |value: FieldValue| if matches!(value, FieldValue::Fractional(_)) { FieldValue::Text } else { value };
    match memchr::memchr(b',', field) {
        None if field.contains(&b'.') => text(value::read(field)),
        None => value::read(field),
        Some(_) if field.contains(&b'.') => FieldValue::Text,
        Some(comma) => {
            let mut with_point = field.to_vec();
            with_point[comma] = b'.';
            match value::read(&with_point) {
                number @ FieldValue::Fractional(_) => number,
                _ => FieldValue::Text,
            }
        }
    }
}

/// The rules of one column.
#[derive(Debug, Clone, Default)]
pub(crate) struct ColumnRules {
    /// A type that every value must have.
    pub(crate) kind: Option<ColumnType>,
    required: bool,
    range: Option<(f64, f64)>,
    domain: Option<Vec<String>>,
    length: Option<(f64, f64)>,
    pattern: Option<String>,
    /// The longest stretch of one number that is allowed, in rows.
    pub(crate) stuck: Option<u64>,
}

/// Two columns that belong together.
#[derive(Debug, Clone)]
pub(crate) struct AcrossRule {
    left: usize,
    right: usize,
    within: f64,
}

impl ColumnRules {
    pub(crate) fn new(fixed: Option<ColumnType>, constraints: Option<&ColumnConstraints>) -> Self {
        let Some(constraints) = constraints else { return Self { kind: fixed, ..Self::default() } };
        // Whole numbers that gain fractions are no corruption: the type rule of rows is "a number".
        let suggested = constraints.kind.map(|kind| match kind {
            ColumnType::Integral => ColumnType::Fractional,
            other => other,
        });
        Self {
            kind: fixed.or(suggested),
            required: constraints.required,
            range: constraints.range.map(bounds),
            domain: constraints.domain.clone(),
            length: constraints.length.map(bounds),
            pattern: constraints.pattern.clone(),
            stuck: constraints.stuck,
        }
    }

    /// Notes what this field breaks.
    pub(crate) fn check(&self, name: &str, field: &[u8], value: FieldValue, reasons: &mut Vec<Reason>) {
        let mut broken = |rule: Rule, expected: String| {
            reasons.push(Reason { column: Some(name.to_owned()), rule, expected, observed: shown(field) });
        };
        if value == FieldValue::Missing {
            if self.required {
                broken(Rule::Required, "a value".to_owned());
            }
            return;
        }
        if let Some(kind) = self.kind
            && !fits(kind, value)
        {
            broken(Rule::Type, format!("a value of type {}", kind.name()));
            return;
        }
        if let (Some((min, max)), Some(number)) = (self.range, value.number())
            && !(min <= number && number <= max)
        {
            broken(Rule::Range, range_text(min, max));
        }
        if let Some(domain) = &self.domain
            && !domain.iter().any(|allowed| allowed.as_bytes() == field)
        {
            broken(Rule::Domain, format!("one of {}", domain.join(", ")));
        }
        if self.length.is_some() || self.pattern.is_some() {
            let text = String::from_utf8_lossy(field);
            if let Some((least, most)) = self.length
                && !(least..=most).contains(&(text.chars().count() as f64))
            {
                broken(Rule::Length, range_text(least, most).replace("a number", "a length"));
            }
            if let Some(pattern) = &self.pattern
                && shape(&text) != *pattern
            {
                broken(Rule::Pattern, format!("a text shaped like {pattern}"));
            }
        }
    }
}

impl AcrossRule {
    /// The rules whose columns are both in the header.
    pub(crate) fn ready(constraints: &Constraints, names: &[String]) -> Vec<Self> {
        let at = |wanted: &str| names.iter().position(|name| name == wanted);
        constraints
            .across
            .iter()
            .filter_map(|rule| {
                Some(Self { left: at(&rule.column)?, right: at(&rule.of)?, within: rule.within })
            })
            .collect()
    }

    pub(crate) fn check(
        &self,
        names: &[String],
        values: &[FieldValue],
        row: Row<'_>,
        reasons: &mut Vec<Reason>,
    ) {
        let number = |index: usize| values.get(index).and_then(|value| value.number());
        let (Some(left), Some(right)) = (number(self.left), number(self.right)) else { return };
        if (left - right).abs() <= self.within {
            return;
        }
        let (Some(name), Some(other)) = (names.get(self.left), names.get(self.right)) else { return };
        let text = |index: usize| row.field(index).map(|field| shown(&field)).unwrap_or_default();
        reasons.push(Reason {
            column: Some(name.clone()),
            rule: Rule::Across,
            expected: format!("a value within {} of {other}", self.within),
            observed: format!("{} where {other} is {}", text(self.left), text(self.right)),
        });
    }
}

/// A range with its open ends filled in.
fn bounds(range: Range) -> (f64, f64) {
    (range.min.unwrap_or(f64::NEG_INFINITY), range.max.unwrap_or(f64::INFINITY))
}

fn fits(kind: ColumnType, value: FieldValue) -> bool {
    match kind {
        ColumnType::Integral => matches!(value, FieldValue::Integral(_)),
        ColumnType::Fractional => matches!(value, FieldValue::Integral(_) | FieldValue::Fractional(_)),
        ColumnType::Boolean => value == FieldValue::Boolean,
        ColumnType::Timestamp => value == FieldValue::Timestamp,
        ColumnType::String | ColumnType::Unknown => true,
    }
}

/// A range in words.
pub(crate) fn range_text(min: f64, max: f64) -> String {
    match (min.is_finite(), max.is_finite()) {
        (true, true) => format!("a number from {min} to {max}"),
        (true, false) => format!("a number of at least {min}"),
        _ => format!("a number of at most {max}"),
    }
}

/// A field as a reason shows it: at most 60 characters.
fn shown(field: &[u8]) -> String {
    let text = String::from_utf8_lossy(field.get(..240).unwrap_or(field));
    match text.char_indices().nth(60) {
        Some((end, _)) => format!("{:?} and more", &text[..end]),
        None => format!("{text:?}"),
    }
}
