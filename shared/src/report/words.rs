//! Numbers, times and reasons as people read them.

use jiff::Timestamp;
use serde::Deserialize;

/// What stands where there is no number.
pub(super) const NONE: &str = "none";

/// `12,345`.
pub(super) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `3 objects`, `1 object`.
pub(super) fn counted(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", count(number), if number == 1 { one } else { many })
}

/// `5.2 %`.
pub(super) fn percent(share: f64) -> String {
    if share.is_finite() { format!("{:.1} %", 100.0 * share) } else { NONE.to_owned() }
}

/// A measure with four digits behind the point; far from 1 in powers of ten.
pub(super) fn measure(value: f64) -> String {
    match value.abs() {
        _ if !value.is_finite() => NONE.to_owned(),
        0.0 => "0".to_owned(),
        size if (1e-3..1e6).contains(&size) => format!("{value:.4}"),
        _ => format!("{value:.2e}"),
    }
}

/// The same with its sign.
pub(super) fn signed(value: f64) -> String {
    if value.is_finite() && value > 0.0 { format!("+{}", measure(value)) } else { measure(value) }
}

/// A value of the data: as many digits as it needs, at most six.
pub(super) fn value(number: f64) -> String {
    if !number.is_finite() {
        return NONE.to_owned();
    }
    let short = format!("{number:.5e}").parse::<f64>().unwrap_or(number);
    if short == 0.0 || (1e-4..1e9).contains(&short.abs()) { short.to_string() } else { format!("{short:e}") }
}

/// A probability under a hypothesis: `0.032`, `2.1e-5`.
pub(super) fn p_value(p: f64) -> String {
    match p {
        _ if !p.is_finite() => NONE.to_owned(),
        p if p < 1e-300 => "below 1e-300".to_owned(),
        p if p < 1e-3 => format!("{p:.1e}"),
        p => format!("{p:.3}"),
    }
}

/// The number in words, or that there is none.
pub(super) fn or_none(number: Option<f64>, words: fn(f64) -> String) -> String {
    number.map_or_else(|| NONE.to_owned(), words)
}

/// `1.4 MB`, in powers of ten.
pub(super) fn bytes(size: u64) -> String {
    let mut value = size as f64;
    for unit in ["bytes", "kB", "MB", "GB"] {
        if value < 1000.0 {
            return if unit == "bytes" { format!("{size} bytes") } else { format!("{value:.1} {unit}") };
        }
        value /= 1000.0;
    }
    format!("{value:.1} TB")
}

/// `2026-11-20 08:00:00 UTC`.
pub(super) fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// `1 h 02 min`, from one moment to another.
pub(super) fn took(from: Timestamp, to: Timestamp) -> String {
    let seconds = to.duration_since(from).as_secs().max(0);
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, seconds) => format!("{seconds} s"),
        (0, minutes, seconds) => format!("{minutes} min {seconds:02} s"),
        (hours, minutes, _) => format!("{hours} h {minutes:02} min"),
    }
}

/// The words with a capital at their beginning.
pub(super) fn capital(words: &str) -> String {
    let mut chars = words.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

/// What Step Functions hands over as the cause when a function fails.
#[derive(Deserialize)]
struct Cause {
    #[serde(rename = "errorMessage")]
    message: String,
}

/// A reason without the wrapping of the service that reported it.
pub(super) fn plain(reason: &str) -> String {
    let reason = reason.trim();
    serde_json::from_str::<Cause>(reason).map_or_else(|_| reason.to_owned(), |cause| cause.message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        assert_eq!([0, 999, 1000, 1_234_567].map(count), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!([0.0, 0.5, -0.01234, 1e-9].map(measure), ["0", "0.5000", "-0.0123", "1.00e-9"]);
        assert_eq!([0.02, -0.02, f64::NAN].map(signed), ["+0.0200", "-0.0200", "none"]);
        assert_eq!([0.0321, 1.5e-7, 0.0].map(p_value), ["0.032", "1.5e-7", "below 1e-300"]);
        assert_eq!([0.1 + 0.2, 12345678.9, 1e20].map(value), ["0.3", "12345700", "1e20"]);
        assert_eq!([12, 1400, 2_000_000_000_000].map(bytes), ["12 bytes", "1.4 kB", "2.0 TB"]);
        let at = |second| Timestamp::constant(second, 0);
        assert_eq!([5, 65, 3725].map(|s| took(at(0), at(s))), ["5 s", "1 min 05 s", "1 h 02 min"]);
    }

    #[test]
    fn a_wrapped_cause_is_unwrapped() {
        assert_eq!(plain(r#"{"errorType":"Pawl.BadInput","errorMessage":"input: no"}"#), "input: no");
        assert_eq!(plain(" as it is "), "as it is");
    }
}
