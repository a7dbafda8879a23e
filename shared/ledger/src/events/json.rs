//! Reading single fields out of loose JSON, with errors that name the field.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use super::error::DecodeError;

/// A JSON value together with the event and the path it stands at, for errors.
#[derive(Debug, Clone, Copy)]
pub(super) struct Node<'a> {
    pub(super) event: &'static str,
    pub(super) value: &'a Value,
}

impl<'a> Node<'a> {
    pub(super) fn new(event: &'static str, value: &'a Value) -> Self {
        Self { event, value }
    }

    /// The whole value as one of AWS's own types.
    pub(super) fn typed<T: Deserialize<'a>>(self) -> Result<T, DecodeError> {
        let shape = |e: serde_json::Error| DecodeError::Shape { event: self.event, reason: e.to_string() };
        T::deserialize(self.value).map_err(shape)
    }

    /// The value at a dotted path, unless it is absent or null.
    pub(super) fn at(self, path: &str) -> Option<Node<'a>> {
        let value = path.split('.').try_fold(self.value, |value, name| value.get(name))?;
        (!value.is_null()).then_some(Node { value, ..self })
    }

    /// The first of several paths that is there.
    fn first(self, paths: &[&str]) -> Option<Node<'a>> {
        paths.iter().find_map(|path| self.at(path))
    }

    /// A text; numbers are taken as they are written.
    pub(super) fn text(self, paths: &[&str]) -> Option<String> {
        match self.first(paths)?.value {
            Value::String(text) if !text.is_empty() => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            // A repeated key, or a list where one was meant: the first counts.
            Value::Array(list) => list.first().and_then(Value::as_str).map(str::to_owned),
            _ => None,
        }
    }

    /// A text that must be there.
    pub(super) fn need(self, paths: &[&str]) -> Result<String, DecodeError> {
        self.text(paths).ok_or_else(|| self.missing(paths))
    }

    /// A time that must be there.
    pub(super) fn need_time(self, paths: &[&str]) -> Result<Timestamp, DecodeError> {
        self.time(paths)?.ok_or_else(|| self.missing(paths))
    }

    /// A time: RFC 3339, with an offset lacking its colon, or milliseconds since 1970 as number or text.
    pub(super) fn time(self, paths: &[&str]) -> Result<Option<Timestamp>, DecodeError> {
        let Some(node) = self.first(paths) else { return Ok(None) };
        let time = match node.value {
            Value::String(text) => parse_time(text),
            Value::Number(number) => number.as_f64().and_then(from_millis),
            _ => None,
        };
        let expected = "a time, like 2026-11-20T08:00:00Z, or milliseconds since 1970";
        time.map(Some).ok_or_else(|| node.invalid(paths, expected))
    }

    pub(super) fn missing(self, paths: &[&str]) -> DecodeError {
        DecodeError::Missing { event: self.event, field: paths.join(" or ") }
    }

    pub(super) fn invalid(self, paths: &[&str], expected: &'static str) -> DecodeError {
        let found: String = self.value.to_string().chars().take(80).collect();
        DecodeError::Invalid { event: self.event, field: paths.join(" or "), found, expected }
    }

    /// The members of a list; nothing where there is no list.
    pub(super) fn list(self, path: &str) -> impl Iterator<Item = Node<'a>> {
        let list = self.at(path).and_then(|node| node.value.as_array());
        list.into_iter().flatten().map(move |value| Node { value, ..self })
    }
}

/// Times as AWS writes them: `2026-11-20T08:00:00Z`, `...+00:00`, `...+0000`, and epoch milliseconds in a
/// text.
pub(super) fn parse_time(text: &str) -> Option<Timestamp> {
    if let Ok(time) = text.parse() {
        return Some(time);
    }
    if let Ok(millis) = text.parse::<f64>() {
        return from_millis(millis);
    }
    let (head, offset) = text.split_at_checked(text.len().checked_sub(5)?)?;
    let (hours, minutes) = offset.split_at_checked(3)?;
    format!("{head}{hours}:{minutes}").parse().ok()
}

#[expect(clippy::cast_possible_truncation, reason = "the range is checked")]
fn from_millis(millis: f64) -> Option<Timestamp> {
    // Anything before 2001 would be seconds taken for milliseconds.
    let plausible = (1.0e12..1.0e14).contains(&millis);
    if plausible { Timestamp::from_millisecond(millis as i64).ok() } else { None }
}
