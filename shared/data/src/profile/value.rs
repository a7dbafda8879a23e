//! What one field of text reads as.
//!
//! ```
//! use pawl_data::profile::value::{FieldValue, read};
//!
//! assert_eq!(read(b" 12 "), FieldValue::Integral(12.0));
//! assert_eq!(read(b"1e3"), FieldValue::Fractional(1000.0));
//! assert_eq!(read(b"2011-01-01"), FieldValue::Timestamp);
//! assert_eq!(read(b"Rome"), FieldValue::Text);
//! ```

/// A field, read.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum FieldValue {
    /// Null, empty or one of the null words.
    Missing,
    /// A whole number.
    Integral(f64),
    /// A number with a fraction or exponent, NaN or an infinity.
    Fractional(f64),
    /// `true` or `false`.
    Boolean,
    /// A date or a date with a time.
    Timestamp,
    /// Any other text.
    Text,
}

impl FieldValue {
    /// The number, if it is one.
    pub fn number(self) -> Option<f64> {
        match self {
            Self::Integral(number) | Self::Fractional(number) => Some(number),
            _ => None,
        }
    }
}

/// Reads a field that is no null word. Spaces around a number, a boolean or a time do not count.
pub fn read(field: &[u8]) -> FieldValue {
    if field.first() == Some(&b' ') || field.last() == Some(&b' ') {
        let trimmed = field.trim_ascii();
        return if trimmed.is_empty() { FieldValue::Text } else { read(trimmed) };
    }
    let Some(&first) = field.first() else { return FieldValue::Missing };
    match first {
        b'0'..=b'9' | b'-' | b'+' | b'.' => read_number(field)
            .or_else(|| timestamp_seconds(field).map(|_| FieldValue::Timestamp))
            .unwrap_or(FieldValue::Text),
        b't' | b'T' | b'f' | b'F' => match field {
            b"true" | b"True" | b"TRUE" | b"false" | b"False" | b"FALSE" => FieldValue::Boolean,
            _ => FieldValue::Text,
        },
        b'n' | b'N' | b'i' | b'I' => read_number(field).unwrap_or(FieldValue::Text),
        _ => FieldValue::Text,
    }
}

/// Whether a number is written with a leading zero (`007`), as postal codes and identifiers are.
pub(crate) fn has_leading_zero(field: &[u8]) -> bool {
    matches!(field.trim_ascii_start(), [b'0', b'0'..=b'9', ..])
}

/// Ten to the power of the index: exact as a double.
const TENS: [f64; 16] =
    [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15];

/// Reads `bytes[start..end]` if it is a number in its plainest form: a sign at most, up to 15
/// digits, a point at most, no leading zero. The quotient of two exact doubles is the correctly
/// rounded number, so this agrees with the long way. The second is whether it is whole.
#[inline]
pub(crate) fn plain_number(bytes: &[u8], start: usize, end: usize) -> Option<(f64, bool)> {
    let mut field = bytes.get(start..end)?;
    let negative = field.first() == Some(&b'-');
    if negative {
        field = &field[1..];
    }
    if field.is_empty() || field.len() > 16 || matches!(field, [b'0', b'0'..=b'9', ..]) {
        return None;
    }
    let (mut digits, mut point) = (0u64, field.len());
    for (index, &byte) in field.iter().enumerate() {
        let digit = byte.wrapping_sub(b'0');
        if digit <= 9 {
            digits = digits * 10 + u64::from(digit);
        } else if byte == b'.' && point == field.len() {
            point = index;
        } else {
            return None;
        }
    }
    let whole = point == field.len();
    let count = field.len() - usize::from(!whole);
    if count == 0 || count > 15 {
        return None;
    }
    let decimals = if whole { 0 } else { field.len() - point - 1 };
    let number = digits as f64 / TENS[decimals];
    Some((if negative { -number } else { number }, whole))
}

fn read_number(field: &[u8]) -> Option<FieldValue> {
    if let Some((number, whole)) = plain_number(field, 0, field.len()) {
        return Some(if whole { FieldValue::Integral(number) } else { FieldValue::Fractional(number) });
    }
    let (negative, digits) = match field {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, field),
    };
    match digits.first()? {
        b'0'..=b'9' | b'.' => {}
        _ => {
            let word = digits.to_ascii_lowercase();
            return match word.as_slice() {
                b"nan" => Some(FieldValue::Fractional(f64::NAN)),
                b"inf" | b"infinity" if negative => Some(FieldValue::Fractional(f64::NEG_INFINITY)),
                b"inf" | b"infinity" => Some(FieldValue::Fractional(f64::INFINITY)),
                _ => None,
            };
        }
    }
    let number: f64 = std::str::from_utf8(field).ok()?.parse().ok()?;
    Some(if digits.iter().all(u8::is_ascii_digit) {
        FieldValue::Integral(number)
    } else {
        FieldValue::Fractional(number)
    })
}

/// Seconds since 1970 of `YYYY-MM-DD`, with `T` or a space and `HH:MM[:SS[.fraction]]`, and `Z`
/// or `±HH:MM`. A time without an offset is taken as UTC.
pub(crate) fn timestamp_seconds(field: &[u8]) -> Option<i64> {
    let digits = |from: usize, to: usize| -> Option<i64> {
        let part = field.get(from..to)?;
        part.iter().try_fold(0, |sum, byte| byte.is_ascii_digit().then(|| sum * 10 + i64::from(byte - b'0')))
    };
    if field.get(4) != Some(&b'-') || field.get(7) != Some(&b'-') {
        return None;
    }
    let (year, month, day) = (digits(0, 4)?, digits(5, 7)?, digits(8, 10)?);
    let date =
        jiff::civil::Date::new(i16::try_from(year).ok()?, i8::try_from(month).ok()?, i8::try_from(day).ok()?)
            .ok()?;
    let days = i64::from((date - jiff::civil::date(1970, 1, 1)).get_days());
    if field.len() == 10 {
        return Some(days * 86_400);
    }
    if !matches!(field.get(10), Some(b'T' | b't' | b' ')) || field.get(13) != Some(&b':') {
        return None;
    }
    let (hour, minute) = (digits(11, 13)?, digits(14, 16)?);
    let (second, mut rest) = match field.get(16) {
        Some(b':') => (digits(17, 19)?, field.get(19..)?),
        _ => (0, field.get(16..)?),
    };
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    if let [b'.', fraction @ ..] = rest {
        let end = fraction.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(fraction.len());
        if end == 0 {
            return None;
        }
        rest = fraction.get(end..)?;
    }
    let offset = match rest {
        [] | [b'Z' | b'z'] => 0,
        [sign @ (b'+' | b'-'), a, b, tail @ ..] => {
            let two = |a: u8, b: u8| {
                (a.is_ascii_digit() && b.is_ascii_digit())
                    .then(|| i64::from(a - b'0') * 10 + i64::from(b - b'0'))
            };
            let minutes = match tail {
                [] => 0,
                [b':', c, d] | [c, d] => two(*c, *d)?,
                _ => return None,
            };
            let seconds = two(*a, *b)? * 3600 + minutes * 60;
            if *sign == b'-' { -seconds } else { seconds }
        }
        _ => return None,
    };
    Some(days * 86_400 + hour * 3600 + minute * 60 + second - offset)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_short_way_agrees_with_the_standard_library(text in "-?[1-9][0-9]{0,8}(\\.[0-9]{0,6})?") {
            let expected: f64 = text.parse().unwrap();
            let (number, whole) = plain_number(text.as_bytes(), 0, text.len()).unwrap();
            prop_assert_eq!(number.to_bits(), expected.to_bits());
            prop_assert_eq!(whole, !text.contains('.'));
        }
    }

    #[test]
    fn fields_read_as_what_they_are() {
        let cases: [(&str, FieldValue); 20] = [
            ("", FieldValue::Missing),
            ("0", FieldValue::Integral(0.0)),
            ("-12", FieldValue::Integral(-12.0)),
            ("123456789012345678901", FieldValue::Integral(123_456_789_012_345_680_000.0)),
            ("1.5", FieldValue::Fractional(1.5)),
            (".5", FieldValue::Fractional(0.5)),
            ("1e3", FieldValue::Fractional(1000.0)),
            ("-inf", FieldValue::Fractional(f64::NEG_INFINITY)),
            ("true", FieldValue::Boolean),
            ("truely", FieldValue::Text),
            ("2011-01-01", FieldValue::Timestamp),
            ("2011-01-01T10:00:00.5+02:00", FieldValue::Timestamp),
            ("2011-02-30", FieldValue::Text),
            ("2011-01-01 25:00", FieldValue::Text),
            ("1,5", FieldValue::Text),
            ("-", FieldValue::Text),
            (" 77 ", FieldValue::Integral(77.0)),
            (" ", FieldValue::Text),
            ("abc", FieldValue::Text),
            ("ïnf", FieldValue::Text),
        ];
        for (text, expected) in cases {
            assert_eq!(read(text.as_bytes()), expected, "{text:?}");
        }
        assert!(read(b"NaN").number().is_some_and(f64::is_nan));
    }

    #[test]
    fn timestamps_count_from_1970_in_utc() {
        let cases: [(&str, i64); 4] = [
            ("1970-01-02", 86_400),
            ("1970-01-01 01:00", 3600),
            ("1970-01-01T02:00:00+02:00", 0),
            ("2012-10-29T00:00:00Z", 1_351_468_800),
        ];
        for (text, expected) in cases {
            assert_eq!(timestamp_seconds(text.as_bytes()), Some(expected), "{text:?}");
        }
    }
}
