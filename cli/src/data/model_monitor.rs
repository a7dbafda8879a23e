//! SageMaker Model Monitor's files.

use std::fs;
use std::path::Path;

use pawl::model_monitor::{Rules, Statistics, Violations};
use pawl::profile::Profile;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::documents::{load, save, unknown_keys};
use super::unread;
use crate::reply::Failure;

/// Where Model Monitor's documents are written by.
const SOURCE: &str = "Model Monitor, or pawl profile --sagemaker,";

/// What only a constraints.json of Model Monitor has.
#[derive(Deserialize)]
struct Probe {
    #[serde(rename = "features")]
    _features: IgnoredAny,
}

/// A constraints.json of Model Monitor as read.
pub(crate) struct KnownRules {
    pub(crate) rules: Rules,
    /// Its keys that were passed over: the file is AWS's, which may add some.
    pub(crate) unknown: Vec<String>,
}

/// Reads a constraints.json of Model Monitor; none when the file is another document.
pub(crate) fn load_rules(path: &Path) -> Result<Option<KnownRules>, Failure> {
    let bytes = fs::read(path).map_err(|error| unread(path, &error))?;
    if serde_json::from_slice::<Probe>(&bytes).is_err() {
        return Ok(None);
    }
    let rules = load(path, "a constraints.json", SOURCE, 0, |_: &Rules| 0)?;
    let unknown = unknown_keys(path, &rules)?;
    Ok(Some(KnownRules { rules, unknown }))
}

/// Reads a statistics.json.
pub(crate) fn load_statistics(path: &Path) -> Result<Statistics, Failure> {
    load(path, "a statistics.json", SOURCE, 0, |_: &Statistics| 0)
}

/// Writes statistics.json and constraints.json.
pub(crate) fn save_baseline(folder: &Path, profile: &Profile) -> Result<(), Failure> {
    make(folder)?;
    let statistics = Statistics::of(profile);
    save(&folder.join("statistics.json"), &statistics)?;
    save(&folder.join("constraints.json"), &Rules::suggest(&statistics))
}

/// Writes constraint_violations.json.
pub(crate) fn save_violations(folder: &Path, found: &Violations) -> Result<(), Failure> {
    make(folder)?;
    save(&folder.join("constraint_violations.json"), found)
}

fn make(folder: &Path) -> Result<(), Failure> {
    fs::create_dir_all(folder).map_err(|error| {
        Failure::cannot_run(format!("{}: cannot be made: {error}: name another folder", folder.display()))
    })
}
