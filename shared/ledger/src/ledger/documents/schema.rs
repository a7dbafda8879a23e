//! The version of a document's schema, as it stands in the document.
//!
//! A document carries its version in a field; a list carries it in each entry. A document without the field
//! is of version 1, since the first release wrote none. A document that a newer version of Pawl wrote is
//! refused: what a reader does not know of it would be lost when it is written again.

use serde::de::{DeserializeOwned, DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserializer, Serialize};

/// The field that holds the version of a document whose type has no field for it.
const FIELD: &str = "schema_version";

/// The version of a document that names none.
const FIRST: u32 = 1;

/// The version of a schema, and where it stands in a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// In the field `schema_version`, which is added to the fields of the type.
    Added(u32),
    /// In the type's own field `version`.
    Own(u32),
    /// Nowhere: another system defines the schema.
    Foreign,
}

/// How a value becomes the bytes of a document.
pub(super) type Encode<T> = fn(&T, Version) -> serde_json::Result<Vec<u8>>;

/// Documents of more bytes are written without blanks: lists of tens of thousands of objects.
const PRETTY: usize = 1 << 20;

/// The bytes of a document: for people to read, as long as it is short.
fn bytes<T: Serialize>(value: &T) -> serde_json::Result<Vec<u8>> {
    let pretty = serde_json::to_vec_pretty(value)?;
    if pretty.len() <= PRETTY { Ok(pretty) } else { serde_json::to_vec(value) }
}

/// A value with its schema's version before its own fields.
#[derive(Serialize)]
struct Versioned<'a, T> {
    schema_version: u32,
    #[serde(flatten)]
    value: &'a T,
}

/// One JSON object.
pub(super) fn object<T: Serialize>(value: &T, version: Version) -> serde_json::Result<Vec<u8>> {
    match version {
        Version::Added(schema_version) => bytes(&Versioned { schema_version, value }),
        Version::Own(_) | Version::Foreign => bytes(value),
    }
}

/// One JSON object, or `null`.
pub(super) fn optional<T: Serialize>(value: &Option<T>, version: Version) -> serde_json::Result<Vec<u8>> {
    match value {
        Some(value) => object(value, version),
        None => serde_json::to_vec_pretty(&()),
    }
}

/// A list of JSON objects.
pub(super) fn list<T: Serialize>(value: &Vec<T>, version: Version) -> serde_json::Result<Vec<u8>> {
    match version {
        Version::Added(schema_version) => {
            let entries: Vec<_> = value.iter().map(|value| Versioned { schema_version, value }).collect();
            bytes(&entries)
        }
        Version::Own(_) | Version::Foreign => bytes(value),
    }
}

/// Reads a document whose schema this program knows up to a version.
pub(super) fn decode<T: DeserializeOwned>(body: &[u8], version: Version) -> Result<T, String> {
    let (field, known) = match version {
        Version::Added(known) => (FIELD, known),
        Version::Own(known) => ("version", known),
        Version::Foreign => return serde_json::from_slice(body).map_err(|e| e.to_string()),
    };
    let mut json = serde_json::Deserializer::from_slice(body);
    let claimed = Claim { field }.deserialize(&mut json).map_err(|e| e.to_string())?;
    if claimed > known {
        return Err(format!(
            "its {field} is {claimed}, and this version of Pawl reads up to {known}: update Pawl"
        ));
    }
    serde_json::from_slice(body).map_err(|e| e.to_string())
}

/// Finds the version that a document claims to have, whatever else stands in it.
#[derive(Clone, Copy)]
struct Claim {
    field: &'static str,
}

impl<'de> DeserializeSeed<'de> for Claim {
    type Value = u32;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<u32, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Claim {
    type Value = u32;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an object, a list of objects, or null")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<u32, A::Error> {
        let mut claimed = FIRST;
        while let Some(field) = map.next_key::<String>()? {
            if field == self.field {
                claimed = map.next_value()?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(claimed)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<u32, A::Error> {
        let mut newest = FIRST;
        while let Some(claimed) = list.next_element_seed(self)? {
            newest = newest.max(claimed);
        }
        Ok(newest)
    }

    fn visit_unit<E>(self) -> Result<u32, E> {
        Ok(FIRST)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde::Deserialize;
    use serde_json::{Value, json};

    use super::*;

    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    struct Note {
        text: String,
    }

    fn note(text: &str) -> Note {
        Note { text: text.to_owned() }
    }

    fn value(body: &[u8]) -> Value {
        serde_json::from_slice(body).unwrap()
    }

    #[test]
    fn what_is_written_carries_its_version_and_is_read_again() {
        let body = object(&note("a"), Version::Added(2)).unwrap();
        assert_eq!(value(&body), json!({ "schema_version": 2, "text": "a" }));
        assert_eq!(decode::<Note>(&body, Version::Added(2)), Ok(note("a")));
        let body = list(&vec![note("a"), note("b")], Version::Added(2)).unwrap();
        let entry = |text: &str| json!({ "schema_version": 2, "text": text });
        assert_eq!(value(&body), json!([entry("a"), entry("b")]));
        assert_eq!(decode(&body, Version::Added(2)), Ok(vec![note("a"), note("b")]));
        for stands in [None, Some(note("a"))] {
            let body = optional(&stands, Version::Added(1)).unwrap();
            assert_eq!(decode(&body, Version::Added(1)), Ok(stands));
        }
    }

    #[test]
    fn only_a_long_document_is_written_without_blanks() {
        let lines = |body: Vec<u8>| body.split(|byte| *byte == b'\n').count();
        let notes = |count: usize| vec![note("a"); count];
        assert_eq!(lines(list(&notes(10), Version::Added(1)).unwrap()), 2 + 10 * 4);
        let long = list(&notes(50_000), Version::Added(1)).unwrap();
        assert_eq!(decode(&long, Version::Added(1)), Ok(notes(50_000)));
        assert_eq!(lines(long), 1);
    }

    #[test]
    fn what_another_system_defines_carries_none() {
        assert_eq!(value(&object(&note("a"), Version::Foreign).unwrap()), json!({ "text": "a" }));
        assert_eq!(value(&list(&vec![note("a")], Version::Foreign).unwrap()), json!([{ "text": "a" }]));
    }

    #[test]
    fn a_document_without_a_version_is_of_the_first() {
        assert_eq!(decode::<Note>(br#"{ "text": "a" }"#, Version::Added(1)), Ok(note("a")));
        assert_eq!(decode::<Vec<Note>>(b"[]", Version::Added(1)), Ok(vec![]));
        assert_eq!(decode::<Option<Note>>(b"null", Version::Added(1)), Ok(None));
    }

    #[test]
    fn a_document_of_a_newer_version_is_refused() {
        let refused = "its schema_version is 3, and this version of Pawl reads up to 2: update Pawl";
        for body in [json!({ "text": "a", "schema_version": 3 }), json!([{}, { "schema_version": 3 }])] {
            assert_eq!(
                decode::<Value>(body.to_string().as_bytes(), Version::Added(2)),
                Err(refused.to_owned())
            );
        }
        // A field of the same name deeper in the document says nothing of the document.
        let body = br#"{ "text": "a", "part": { "schema_version": 9 } }"#;
        assert_eq!(decode::<Note>(body, Version::Added(1)), Ok(note("a")));
        assert!(decode::<Note>(br#"{ "text": "a", "schema_version": "new" }"#, Version::Added(1)).is_err());
    }

    #[test]
    fn a_type_with_a_version_of_its_own_gets_no_second() {
        let body = object(&json!({ "version": 2 }), Version::Own(2)).unwrap();
        assert_eq!(value(&body), json!({ "version": 2 }));
        assert!(decode::<Value>(&body, Version::Own(2)).is_ok());
        let refused = "its version is 2, and this version of Pawl reads up to 1: update Pawl";
        assert_eq!(decode::<Value>(&body, Version::Own(1)), Err(refused.to_owned()));
    }
}
