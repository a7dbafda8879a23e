//! One row of a JSON request, written as CSV.

use std::borrow::Cow;
use std::fmt;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

/// Writes the features of one record without the row's end: an object, alone or under `features`, or a list
/// in their order. None where it is neither.
pub(super) fn write(row: &mut String, record: &str, features: &[String]) -> Option<()> {
    match Row::read(record)? {
        Row::List(list) => values(row, list.into_iter().map(Some)),
        Row::Named(fields) => values(row, features.iter().enumerate().map(|(at, name)| fields.get(name, at))),
    }
}

/// One field of CSV.
pub(super) fn quoted(field: &str) -> Cow<'_, str> {
    if field.contains([',', '"', '\n', '\r']) {
        Cow::Owned(format!("\"{}\"", field.replace('"', "\"\"")))
    } else {
        Cow::Borrowed(field)
    }
}

/// The features of one request, each as it was written: a number is not worth reading only to be written
/// again.
enum Row<'a> {
    Named(Fields<'a>),
    List(Vec<&'a RawValue>),
}

impl<'a> Row<'a> {
    fn read(record: &'a str) -> Option<Self> {
        match Self::plain(record)? {
            Self::Named(fields) => match fields.get("features", 0) {
                Some(inner) => Self::plain(inner.get()),
                None => Some(Self::Named(fields)),
            },
            list @ Self::List(_) => Some(list),
        }
    }

    fn plain(record: &'a str) -> Option<Self> {
        match record.trim_start().as_bytes().first()? {
            b'{' => serde_json::from_str(record).ok().map(Self::Named),
            b'[' => serde_json::from_str(record).ok().map(Self::List),
            _ => None,
        }
    }
}

/// An object's fields in the order in which they stand.
struct Fields<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'a> Fields<'a> {
    /// The value under a name. One client writes its features in one order: it is looked for at its usual
    /// place first.
    fn get(&self, name: &str, at: usize) -> Option<&'a RawValue> {
        let named = |(found, _): &&(Cow<'a, str>, &'a RawValue)| found == name;
        let field = self.0.get(at).filter(named).or_else(|| self.0.iter().find(named));
        field.map(|(_, value)| *value)
    }
}

impl<'de> Deserialize<'de> for Fields<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Fields<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object of features")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
                let mut fields = Vec::new();
                while let Some((Name(name), value)) = map.next_entry()? {
                    fields.push((name, value));
                }
                Ok(Fields(fields))
            }
        }
        deserializer.deserialize_map(Object)
    }
}

/// Writes values as one row of CSV without its end.
fn values<'a>(row: &mut String, values: impl Iterator<Item = Option<&'a RawValue>>) -> Option<()> {
    for (index, value) in values.enumerate() {
        if index > 0 {
            row.push(',');
        }
        let text = value.map_or("null", RawValue::get);
        match text.as_bytes().first()? {
            b'n' => {}
            b'"' => row.push_str(&quoted(&serde_json::from_str::<Cow<'_, str>>(text).ok()?)),
            // Lists and objects are written as text, with commas and quotes.
            b'[' | b'{' => row.push_str(&quoted(text)),
            _ => row.push_str(text),
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_row_is_the_features_in_their_order_whatever_the_clients() {
        let features = ["temp".to_owned(), "town".to_owned(), "hum".to_owned()];
        let written = |record: &str| {
            let mut row = String::new();
            write(&mut row, record, &features).map(|()| row)
        };
        for (record, expected) in [
            (r#"{"temp": 0.50, "town": "a, b", "hum": null}"#, Some("0.50,\"a, b\",")),
            (r#"{"hum": true, "extra": [1], "town": "x", "temp": -1e3}"#, Some("-1e3,x,true")),
            (r#"{"features": {"town": "x"}}"#, Some(",x,")),
            (r#"{"features": [1, [2, 3], "q\"q"]}"#, Some("1,\"[2, 3]\",\"q\"\"q\"")),
            ("{}", Some(",,")),
            ("{\"temp\": 1", None),
            ("0.5", None),
            ("", None),
        ] {
            assert_eq!(written(record).as_deref(), expected, "{record}");
        }
    }
}
