//! Decimals, and floats as their shortest decimal.

/// Ten to the power of the index: exact as a double.
const TENS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18,
    1e19, 1e20, 1e21, 1e22,
];

/// The number nearest to `unscaled` · 10^-scale.
#[inline]
pub(crate) fn number(unscaled: i64, scale: u32) -> f64 {
    // The quotient of two exact doubles is correctly rounded.
    match TENS.get(scale as usize) {
        Some(ten) if unscaled.unsigned_abs() < 1 << 53 => unscaled as f64 / ten,
        _ => number_by_text(|out| text(unscaled.into(), scale, out)),
    }
}

/// A longer number is no decimal of any writer, and its digits take too long to work out.
const LONGEST: usize = 64;

/// The same of a big-endian number; NaN when it is longer than any decimal.
pub(crate) fn number_of_bytes(bytes: &[u8], scale: u32) -> f64 {
    if bytes.len() > LONGEST {
        return f64::NAN;
    }
    match i128_of(bytes).and_then(|unscaled| i64::try_from(unscaled).ok()) {
        Some(unscaled) => number(unscaled, scale),
        None => number_by_text(|out| text_of_bytes(bytes, scale, out)),
    }
}

fn number_by_text(write: impl FnOnce(&mut Vec<u8>)) -> f64 {
    let mut out = Vec::new();
    write(&mut out);
    std::str::from_utf8(&out).ok().and_then(|text| text.parse().ok()).unwrap_or(f64::NAN)
}

/// Appends `unscaled` · 10^-scale.
pub(crate) fn text(unscaled: i128, scale: u32, out: &mut Vec<u8>) {
    placed(unscaled < 0, &unscaled.unsigned_abs().to_string(), scale, out);
}

/// The same of a big-endian number.
pub(crate) fn text_of_bytes(bytes: &[u8], scale: u32, out: &mut Vec<u8>) {
    if bytes.len() > LONGEST {
        return out.extend_from_slice(b"NaN");
    }
    if let Some(unscaled) = i128_of(bytes) {
        return text(unscaled, scale, out);
    }
    let negative = bytes.first().is_some_and(|first| first & 0x80 != 0);
    // Two's complement: the magnitude of a negative number is its bits turned over, and one.
    let mut carry = u16::from(negative);
    let mut magnitude: Vec<u8> = bytes.to_vec();
    for byte in magnitude.iter_mut().rev() {
        let sum = u16::from(if negative { !*byte } else { *byte }) + carry;
        (*byte, carry) = (sum as u8, sum >> 8);
    }
    // Long division by a billion, digit groups from the lowest up.
    let mut groups = Vec::new();
    while magnitude.iter().any(|&byte| byte != 0) {
        let mut rest = 0u64;
        for byte in &mut magnitude {
            let part = rest << 8 | u64::from(*byte);
            (*byte, rest) = ((part / 1_000_000_000) as u8, part % 1_000_000_000);
        }
        groups.push(rest);
    }
    let mut digits = groups.pop().unwrap_or(0).to_string();
    groups.iter().rev().for_each(|group| digits.push_str(&format!("{group:09}")));
    placed(negative, &digits, scale, out);
}

/// Digits with their point; at least one stands before it.
fn placed(negative: bool, digits: &str, scale: u32, out: &mut Vec<u8>) {
    if negative {
        out.push(b'-');
    }
    let scale = scale as usize;
    let zeros = (scale + 1).saturating_sub(digits.len());
    let whole = digits.len() + zeros - scale;
    for (index, digit) in std::iter::repeat_n(b'0', zeros).chain(digits.bytes()).enumerate() {
        if index == whole {
            out.push(b'.');
        }
        out.push(digit);
    }
}

fn i128_of(bytes: &[u8]) -> Option<i128> {
    if bytes.len() > 16 {
        return None;
    }
    let sign = if bytes.first().is_some_and(|first| first & 0x80 != 0) { -1 } else { 0 };
    Some(bytes.iter().fold(sign, |number, &byte| number << 8 | i128::from(byte)))
}

/// The number that the shortest text of a float reads as: 0.1 and not 0.10000000149.
///
/// The shortest text has the fewest decimals that lead back to the float; their count is tried. Of two
/// that are equally near it is the even one, as numpy and the common C++ printers have it.
#[inline]
pub(crate) fn shortest(float: f32) -> f64 {
    let wide = f64::from(float);
    if (1e-3..1e7).contains(&wide.abs()) {
        for ten in &TENS[..12] {
            // The product is exact: 24 bits times at most 5^11.
            let decimal = (wide * ten).round_ties_even() / ten;
            if decimal as f32 == float {
                return decimal;
            }
        }
    }
    if wide == 0.0 || !wide.is_finite() {
        return wide;
    }
    number_by_text(|out| out.extend_from_slice(format!("{float:?}").as_bytes()))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shown(bytes: &[u8], scale: u32) -> String {
        let mut out = Vec::new();
        text_of_bytes(bytes, scale, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn decimals_read_as_written() {
        assert_eq!(shown(&(-12_345i32).to_be_bytes(), 2), "-123.45");
        assert_eq!(shown(&5i32.to_be_bytes(), 3), "0.005");
        assert_eq!(shown(&[], 0), "0");
        assert_eq!(number(-1, 25), -1e-25);
    }

    proptest! {
        #[test]
        fn long_decimals_are_the_short_ones(unscaled: i128, scale in 0u32..45) {
            let short = unscaled.to_be_bytes();
            let mut long = vec![if unscaled < 0 { 0xFF } else { 0 }; 3];
            long.extend(short);
            prop_assert_eq!(shown(&long, scale), shown(&short, scale));
            let expected: f64 = shown(&short, scale).parse().unwrap();
            prop_assert_eq!(number_of_bytes(&long, scale), expected);
            prop_assert_eq!(number_of_bytes(&short, scale), expected);
        }

        #[test]
        fn decimal_numbers_are_correctly_rounded(unscaled: i64, scale in 0u32..30) {
            let mut out = Vec::new();
            text(unscaled.into(), scale, &mut out);
            let expected: f64 = String::from_utf8(out).unwrap().parse().unwrap();
            prop_assert_eq!(number(unscaled, scale), expected);
        }

        #[test]
        fn a_float_is_its_shortest_text(bits: u32, near in -1e7f32..1e7, cents in -1_000_000i32..1_000_000) {
            // Binary fractions have texts that lie halfway between two shorter ones.
            let cents = cents as f32;
            for float in [f32::from_bits(bits), near, cents / 100.0, cents / 4096.0, near / 1e6] {
                let (found, text) = (shortest(float), format!("{float:?}"));
                let expected: f64 = text.parse().unwrap();
                // Of two shortest texts that are equally near this takes the even one, the library the other.
                let away = |decimal: f64| (decimal - f64::from(float)).abs();
                let halfway = away(found) == away(expected) && format!("{found:?}").len() == text.len();
                let same = found.to_bits() == expected.to_bits() || float.is_nan();
                prop_assert!(same || halfway && found as f32 == float, "{text} {found}");
            }
        }
    }
}
