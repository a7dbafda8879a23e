//! Values as the text that a CSV file would hold.

use crate::decimal;
use crate::leaf::ValueKind;

/// Days from 1970 back to Julian day 0.
const JULIAN_1970: i64 = 2_440_588;

/// A value as it is stored.
pub(crate) trait Raw: Copy {
    /// The number that it is, in a column of numbers.
    fn number(self, kind: ValueKind) -> f64;
    /// Appends its text.
    fn text(self, kind: ValueKind, out: &mut Vec<u8>);
    /// Its text, where that is what is stored.
    fn as_text(&self, _kind: ValueKind) -> Option<&[u8]> {
        None
    }
}

impl Raw for bool {
    fn number(self, _kind: ValueKind) -> f64 {
        f64::from(u8::from(self))
    }

    fn text(self, _kind: ValueKind, out: &mut Vec<u8>) {
        out.extend_from_slice(if self { b"true" } else { b"false" });
    }
}

impl Raw for i32 {
    #[inline]
    fn number(self, kind: ValueKind) -> f64 {
        match kind {
            ValueKind::Unsigned => f64::from(self as u32),
            ValueKind::Decimal(scale) => decimal::number(self.into(), scale),
            _ => f64::from(self),
        }
    }

    fn text(self, kind: ValueKind, out: &mut Vec<u8>) {
        match kind {
            ValueKind::Unsigned => show(out, self as u32),
            ValueKind::Date => date(self.into(), out),
            _ => i64::from(self).text(kind, out),
        }
    }
}

impl Raw for i64 {
    #[inline]
    fn number(self, kind: ValueKind) -> f64 {
        match kind {
            ValueKind::Unsigned => self as u64 as f64,
            ValueKind::Decimal(scale) => decimal::number(self, scale),
            _ => self as f64,
        }
    }

    fn text(self, kind: ValueKind, out: &mut Vec<u8>) {
        match kind {
            ValueKind::Unsigned => show(out, self as u64),
            ValueKind::Decimal(scale) => decimal::text(self.into(), scale, out),
            ValueKind::Time(ticks) => time(self, ticks, out),
            ValueKind::Timestamp { ticks, utc } => {
                let day = ticks * 86_400;
                timestamp(self.div_euclid(day), self.rem_euclid(day), ticks, out);
                if utc {
                    out.extend_from_slice(b"+00");
                }
            }
            _ => show(out, self),
        }
    }
}

/// Nanoseconds of a day, and a Julian day.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Int96 {
    pub(crate) nanoseconds: i64,
    pub(crate) day: i32,
}

impl Raw for Int96 {
    fn number(self, _kind: ValueKind) -> f64 {
        f64::from(self.day)
    }

    fn text(self, _kind: ValueKind, out: &mut Vec<u8>) {
        const DAY: i64 = 86_400_000_000_000;
        let days = i64::from(self.day) - JULIAN_1970 + self.nanoseconds.div_euclid(DAY);
        timestamp(days, self.nanoseconds.rem_euclid(DAY), 1_000_000_000, out);
    }
}

impl Raw for f32 {
    #[inline]
    fn number(self, _kind: ValueKind) -> f64 {
        decimal::shortest(self)
    }

    fn text(self, kind: ValueKind, out: &mut Vec<u8>) {
        decimal::shortest(self).text(kind, out);
    }
}

impl Raw for f64 {
    #[inline]
    fn number(self, _kind: ValueKind) -> f64 {
        self
    }

    fn text(self, _kind: ValueKind, out: &mut Vec<u8>) {
        out.extend_from_slice(format!("{self:?}").as_bytes());
    }
}

impl Raw for &[u8] {
    fn number(self, kind: ValueKind) -> f64 {
        match kind {
            ValueKind::Half => half(self).number(kind),
            ValueKind::Decimal(scale) => decimal::number_of_bytes(self, scale),
            _ => f64::NAN,
        }
    }

    fn text(self, kind: ValueKind, out: &mut Vec<u8>) {
        match kind {
            ValueKind::Half => half(self).text(kind, out),
            ValueKind::Decimal(scale) => decimal::text_of_bytes(self, scale, out),
            ValueKind::Uuid => uuid(self, out),
            ValueKind::Interval => interval(self, out),
            ValueKind::Text if std::str::from_utf8(self).is_ok() => out.extend_from_slice(self),
            _ => {
                out.extend_from_slice(b"0x");
                self.iter().for_each(|&byte| hex(byte, out));
            }
        }
    }

    #[inline]
    fn as_text(&self, kind: ValueKind) -> Option<&[u8]> {
        (kind == ValueKind::Text && std::str::from_utf8(self).is_ok()).then_some(self)
    }
}

fn show(out: &mut Vec<u8>, value: impl std::fmt::Display) {
    out.extend_from_slice(value.to_string().as_bytes());
}

fn two(number: i64, out: &mut Vec<u8>) {
    out.extend_from_slice(&[b'0' + (number / 10 % 10) as u8, b'0' + (number % 10) as u8]);
}

/// `YYYY-MM-DD`; a year outside 0 to 9999 with its sign and all its digits.
fn date(days: i64, out: &mut Vec<u8>) {
    // From the first of March, in eras of 400 years (Hinnant's days_from_civil, backwards).
    let shifted = days + 719_468;
    let (era, day) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let march = (5 * day + 2) / 153;
    let month = if march < 10 { march + 3 } else { march - 9 };
    let year = year + era * 400 + i64::from(month <= 2);
    if (0..=9999).contains(&year) {
        two(year / 100, out);
        two(year % 100, out);
    } else {
        show(out, format_args!("{year:+}"));
    }
    out.push(b'-');
    two(month, out);
    out.push(b'-');
    two(day - (153 * march + 2) / 5 + 1, out);
}

/// `HH:MM:SS`, and a fraction where it is not zero.
fn time(ticks: i64, per_second: i64, out: &mut Vec<u8>) {
    let (seconds, mut fraction) = (ticks.div_euclid(per_second), ticks.rem_euclid(per_second));
    let hours = seconds.div_euclid(3600);
    if (0..100).contains(&hours) {
        two(hours, out);
    } else {
        show(out, hours);
    }
    out.push(b':');
    two(seconds.rem_euclid(3600) / 60, out);
    out.push(b':');
    two(seconds.rem_euclid(60), out);
    if fraction > 0 {
        out.push(b'.');
        let mut unit = per_second / 10;
        while fraction > 0 && unit > 0 {
            out.push(b'0' + (fraction / unit) as u8);
            (fraction, unit) = (fraction % unit, unit / 10);
        }
    }
}

fn timestamp(days: i64, ticks: i64, per_second: i64, out: &mut Vec<u8>) {
    date(days, out);
    out.push(b' ');
    time(ticks, per_second, out);
}

fn half(bytes: &[u8]) -> f32 {
    let Some(bytes) = bytes.first_chunk::<2>() else { return f32::NAN };
    let bits = u16::from_le_bytes(*bytes);
    let (exponent, fraction) = (i32::from(bits >> 10 & 0x1F), f32::from(bits & 0x3FF));
    let size = match exponent {
        0 => fraction * 2f32.powi(-24),
        31 if bits & 0x3FF == 0 => f32::INFINITY,
        31 => f32::NAN,
        _ => (fraction + 1024.0) * 2f32.powi(exponent - 25),
    };
    if bits >> 15 == 1 { -size } else { size }
}

fn hex(byte: u8, out: &mut Vec<u8>) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    out.extend_from_slice(&[DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]);
}

fn uuid(bytes: &[u8], out: &mut Vec<u8>) {
    for (index, &byte) in bytes.iter().enumerate() {
        if matches!(index, 4 | 6 | 8 | 10) {
            out.push(b'-');
        }
        hex(byte, out);
    }
}

/// Months, days and milliseconds as ISO 8601 writes a duration.
fn interval(bytes: &[u8], out: &mut Vec<u8>) {
    let (parts, _) = bytes.as_chunks::<4>();
    let part = |index: usize| parts.get(index).map_or(0, |part| u32::from_le_bytes(*part));
    let (months, days, millis) = (part(0), part(1), part(2));
    show(out, format_args!("P{months}M{days}DT{}.{:03}S", millis / 1000, millis % 1000));
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn text(value: impl Raw, kind: ValueKind) -> String {
        let mut out = Vec::new();
        value.text(kind, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn dates_are_those_of_the_calendar() {
        let first = jiff::civil::date(1970, 1, 1);
        for days in (-719_000..2_900_000).step_by(97) {
            let expected = (first + jiff::Span::new().days(days)).to_string();
            assert_eq!(text(days, ValueKind::Date), expected);
        }
        assert_eq!(text(2_932_897, ValueKind::Date), "+10000-01-01");
        assert_eq!(text(-719_529, ValueKind::Date), "-1-12-31");
    }

    #[test]
    fn times_have_the_digits_they_need() {
        let micros = ValueKind::Timestamp { ticks: 1_000_000, utc: false };
        assert_eq!(text(0i64, micros), "1970-01-01 00:00:00");
        assert_eq!(text(-1i64, micros), "1969-12-31 23:59:59.999999");
        assert_eq!(
            text(1_500_000i64, ValueKind::Timestamp { ticks: 1_000_000, utc: true }),
            "1970-01-01 00:00:01.5+00"
        );
        assert_eq!(
            text(i64::MIN, ValueKind::Timestamp { ticks: 1_000, utc: false }),
            "-292275055-05-16 16:47:04.192"
        );
        assert_eq!(text(36_000_000i32, ValueKind::Time(1_000)), "10:00:00");
        let int96 = Int96 { nanoseconds: 3_600_000_000_001, day: 2_440_589 };
        assert_eq!(text(int96, ValueKind::Int96), "1970-01-02 01:00:00.000000001");
    }

    #[test]
    fn bytes_are_texts_where_they_can_be() {
        assert_eq!(text("é".as_bytes(), ValueKind::Text), "é");
        assert_eq!(text([0u8, 255].as_slice(), ValueKind::Text), "0x00ff");
        assert_eq!(text(b"abc".as_slice(), ValueKind::Binary), "0x616263");
        let id: Vec<u8> = (0..16).collect();
        assert_eq!(text(id.as_slice(), ValueKind::Uuid), "00010203-0405-0607-0809-0a0b0c0d0e0f");
        assert_eq!(
            text([1, 0, 0, 0, 2, 0, 0, 0, 220, 5, 0, 0].as_slice(), ValueKind::Interval),
            "P1M2DT1.500S"
        );
    }

    #[test]
    fn numbers_mean_what_their_texts_say() {
        assert_eq!(text(-1i32, ValueKind::Unsigned), "4294967295");
        assert_eq!((-1i64).number(ValueKind::Unsigned), u64::MAX as f64);
        assert_eq!(text(2.0f64, ValueKind::Float), "2.0");
        for (bits, expected) in
            [(0x3C00u16, 1.0), (0xC000, -2.0), (0x0001, 2f32.powi(-24)), (0x7BFF, 65504.0)]
        {
            assert_eq!(half(&bits.to_le_bytes()), expected);
        }
        assert!(half(&0x7E00u16.to_le_bytes()).is_nan());
        assert_eq!(half(&0xFC00u16.to_le_bytes()), f32::NEG_INFINITY);
    }
}
