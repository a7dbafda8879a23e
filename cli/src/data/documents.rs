//! The JSON documents that these commands write and read again.

use std::io::Read;
use std::path::Path;

use pawl::constraints::{CONSTRAINTS_VERSION, Constraints};
use pawl::profile::binary::MAGIC;
use pawl::profile::{PROFILE_VERSION, Profile};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::unread;
use crate::reply::Failure;

/// Reads what `pawl profile --out` wrote.
pub(crate) fn load_profile(path: &Path) -> Result<Profile, Failure> {
    let bytes = std::fs::read(path).map_err(|error| unread(path, &error))?;
    if bytes.starts_with(MAGIC) {
        return Profile::from_bytes(&bytes)
            .map_err(|error| Failure::cannot_run(format!("{}: {error}", path.display())));
    }
    load(path, "a profile", "pawl profile --out", PROFILE_VERSION, |profile: &Profile| profile.version)
}

/// Whether a file begins as a saved profile does. What cannot be read is none, and is refused as data.
pub(super) fn is_profile(path: &Path) -> bool {
    let mut head = Vec::new();
    let file = std::fs::File::open(path).ok().filter(|_| path.is_file());
    let read = file.map(|file| file.take(64).read_to_end(&mut head));
    let text = String::from_utf8_lossy(&head);
    let saved =
        text.starts_with("{\"version\":") && text.contains(",\"rows\":") && text.contains(",\"parts\":");
    read.is_some_and(|read| read.is_ok()) && (head.starts_with(MAGIC) || saved)
}

/// Writes a profile: in binary form to a file `.pawl`, else as JSON.
pub(crate) fn save_profile(path: &Path, profile: &Profile) -> Result<(), Failure> {
    if path.extension().is_none_or(|extension| extension != "pawl") {
        return save(path, profile);
    }
    let bytes = profile.to_bytes().map_err(|error| unwritten(path, &error))?;
    std::fs::write(path, bytes).map_err(|error| unwritten(path, &error))
}

fn unwritten(path: &Path, error: &dyn std::fmt::Display) -> Failure {
    Failure::cannot_run(format!("{}: cannot be written: {error}: name another file", path.display()))
}

/// Reads what `pawl suggest --out` wrote.
///
/// # Errors
/// Keys that are not known are refused: a rule that is misspelt would not be held.
pub(crate) fn load_constraints(path: &Path) -> Result<Constraints, Failure> {
    let version = |constraints: &Constraints| constraints.version;
    let constraints = load(path, "constraints", "pawl suggest --out", CONSTRAINTS_VERSION, version)?;
    match unknown_keys(path, &constraints)?.as_slice() {
        [] => Ok(constraints),
        keys => Err(Failure::cannot_run(format!(
            "{}: no such key: {}: correct its name, or take it out",
            path.display(),
            keys.join(", ")
        ))),
    }
}

/// The keys of a document that its reader passed over, by their place: `columns[0].rnage`.
pub(super) fn unknown_keys(path: &Path, read: &impl Serialize) -> Result<Vec<String>, Failure> {
    let bytes = std::fs::read(path).map_err(|error| unread(path, &error))?;
    let odd = |error: serde_json::Error| Failure::cannot_run(format!("{}: {error}", path.display()));
    let document: Value = serde_json::from_slice(&bytes).map_err(odd)?;
    let mut found = Vec::new();
    passed_over(&document, &serde_json::to_value(read).map_err(odd)?, "", &mut found);
    Ok(found)
}

/// Compares a document with what was read of it, written anew.
fn passed_over(document: &Value, read: &Value, place: &str, found: &mut Vec<String>) {
    match (document, read) {
        (Value::Object(document), Value::Object(read)) => {
            for (key, value) in document {
                let place = if place.is_empty() { key.clone() } else { format!("{place}.{key}") };
                match read.get(key) {
                    Some(read) => passed_over(value, read, &place, found),
                    // What says nothing is not written.
                    None if says_nothing(value) => {}
                    None => found.push(place),
                }
            }
        }
        (Value::Array(document), Value::Array(read)) => {
            for (index, (value, read)) in document.iter().zip(read).enumerate() {
                passed_over(value, read, &format!("{place}[{index}]"), found);
            }
        }
        _ => {}
    }
}

fn says_nothing(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Array(values) => values.is_empty(),
        Value::Object(values) => values.is_empty(),
        _ => false,
    }
}

pub(super) fn load<T: DeserializeOwned>(
    path: &Path,
    what: &str,
    source: &str,
    known: u32,
    version: impl Fn(&T) -> u32,
) -> Result<T, Failure> {
    let name = path.display();
    let bytes = std::fs::read(path).map_err(|error| unread(path, &error))?;
    let document: T = serde_json::from_slice(&bytes).map_err(|error| {
        Failure::cannot_run(format!("{name}: not {what}: {error}: give a file that {source} wrote"))
    })?;
    let found = version(&document);
    if found != known {
        return Err(Failure::cannot_run(format!(
            "{name}: {what} of version {found}, and this pawl reads version {known}: \
             write it anew with {source}"
        )));
    }
    Ok(document)
}

/// Writes a JSON document.
pub(crate) fn save(path: &Path, document: &impl Serialize) -> Result<(), Failure> {
    let bytes = serde_json::to_vec(document).map_err(|error| unwritten(path, &error))?;
    std::fs::write(path, bytes).map_err(|error| unwritten(path, &error))
}
