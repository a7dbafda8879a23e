//! The data objects that Pawl knows, what became of each, and how they split into train and holdout.
//!
//! ```
//! use pawl_ledger::ledger::Object;
//! use pawl_ledger::ledger::dataset::Dataset;
//!
//! let listed = [Object::new("data".into(), "bike/may.csv".into(), Some("v1".into()), "etag".into(), 10)];
//! assert_eq!(Dataset::default().unknown(&listed), [&listed[0]]);
//! ```

use std::collections::{BTreeMap, HashMap, HashSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use pawl_base::names::{ContentHash, Generation};

/// One version of one object, as it is frozen in a manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Object {
    /// The digest of bucket, key and version: names everything derived from the object.
    pub id: String,
    /// The bucket it lies in.
    pub bucket: String,
    /// Its key, raw (not URL-encoded).
    pub key: String,
    /// Its version, where the bucket keeps versions.
    pub version: Option<String>,
    /// Its entity tag.
    pub etag: String,
    /// Its size in bytes.
    pub size: u64,
}

impl Object {
    /// Freezes an object as listed.
    pub fn new(bucket: String, key: String, version: Option<String>, etag: String, size: u64) -> Self {
        let what = version.as_deref().unwrap_or(&etag);
        let id = ContentHash::of(format!("{bucket}\n{key}\n{what}").as_bytes()).short().to_owned();
        Self { id, bucket, key, version, etag, size }
    }
}

/// A place in a listing of versions: behind this version of this key. Kept in the ledger between two sweeps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The last key that was listed.
    pub key: String,
    /// The last version of it, where the bucket keeps versions.
    pub version: Option<String>,
}

/// What the files of an object's part are called: the object's id, and the part's number where it has
/// several.
pub fn part_name(object: &str, part: u32, parts: u32) -> String {
    if parts > 1 { format!("{object}-{part:05}") } else { object.to_owned() }
}

/// What became of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ObjectFate {
    /// Its accepted rows may train and judge models.
    Accepted,
    /// None of its rows is ever used.
    Quarantined,
}

/// An object that a run has read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KnownObject {
    /// The object.
    pub object: Object,
    /// What became of it.
    pub fate: ObjectFate,
    /// Rows accepted.
    pub rows: u64,
    /// In how many parts it was read; as many files hold its accepted rows.
    #[serde(default = "one")]
    pub parts: u32,
    /// The earliest time among its rows, where the data has a time.
    pub since: Option<Timestamp>,
    /// The latest time among its rows.
    pub until: Option<Timestamp>,
    /// The run that read it.
    pub generation: Generation,
}

fn one() -> u32 {
    1
}

/// The document `ledger/<model>/dataset.json`: one entry for each object version that was ever read.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Dataset {
    /// The objects, in the order in which they were read.
    pub known: Vec<KnownObject>,
}

/// Which objects train and which judge.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DatasetSplit {
    /// The digest of the ids in order: names the data of a training.
    pub version: ContentHash,
    /// Ids of the objects to train on, by time.
    pub train: Vec<String>,
    /// Ids of the objects to judge on: the newest.
    pub holdout: Vec<String>,
    /// The objects that were read in several parts, and in how many.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parts: BTreeMap<String, u32>,
}

impl DatasetSplit {
    /// The names of the files that hold the accepted rows of these objects, without their ending.
    pub fn files(&self, objects: &[String]) -> impl Iterator<Item = String> {
        objects.iter().flat_map(|object| {
            let parts = self.parts.get(object).copied().unwrap_or(1);
            (0..parts).map(move |part| part_name(object, part, parts))
        })
    }
}

impl Dataset {
    /// The listed objects that no run has read.
    pub fn unknown<'a>(&self, listed: &'a [Object]) -> Vec<&'a Object> {
        let known: HashSet<&str> = self.known.iter().map(|k| k.object.id.as_str()).collect();
        listed.iter().filter(|object| !known.contains(object.id.as_str())).collect()
    }

    /// The objects whose rows may be used, in the order in which they were read.
    pub fn accepted(&self) -> impl DoubleEndedIterator<Item = &KnownObject> {
        self.known.iter().filter(|known| known.fate == ObjectFate::Accepted)
    }

    /// Notes what became of objects. A second note of the same object replaces the first.
    pub fn note(&mut self, objects: impl IntoIterator<Item = KnownObject>) {
        let mut places: HashMap<String, usize> =
            self.known.iter().enumerate().map(|(place, known)| (known.object.id.clone(), place)).collect();
        for known in objects {
            let next = self.known.len();
            let place = *places.entry(known.object.id.clone()).or_insert(next);
            match self.known.get_mut(place) {
                Some(noted) => *noted = known,
                None => self.known.push(known),
            }
        }
    }

    /// Splits the accepted among the listed objects by time: the newest `holdout` judge, the `window` before
    /// them train (all, where there is no window). Deterministic: the order is by latest row, then by key.
    pub fn split(&self, listed: &[Object], holdout: usize, window: Option<usize>) -> DatasetSplit {
        let current: HashSet<&str> = listed.iter().map(|o| o.id.as_str()).collect();
        let mut usable: Vec<&KnownObject> =
            self.accepted().filter(|known| current.contains(known.object.id.as_str())).collect();
        usable.sort_by(|a, b| (a.until, &a.object.key).cmp(&(b.until, &b.object.key)));
        let ids: Vec<String> = usable.iter().map(|k| k.object.id.clone()).collect();
        let (train, judge) = ids.split_at(ids.len().saturating_sub(holdout));
        let train = &train[train.len().saturating_sub(window.unwrap_or(usize::MAX))..];
        let digest = format!("train\n{}\nholdout\n{}", train.join("\n"), judge.join("\n"));
        let parts = usable.iter().filter(|k| k.parts > 1).map(|k| (k.object.id.clone(), k.parts)).collect();
        let version = ContentHash::of(digest.as_bytes());
        DatasetSplit { version, train: train.to_vec(), holdout: judge.to_vec(), parts }
    }
}

/// What one run looks at: the document `runs/<model>/<run>/manifest.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// Which run.
    pub generation: Generation,
    /// When the objects were listed.
    pub at: Timestamp,
    /// The triggers that this run takes.
    pub triggers: Vec<super::trigger::TriggerId>,
    /// All current objects of the pipeline.
    pub objects: Vec<Object>,
    /// The ones that no earlier run has read: this run's batch.
    pub batch: Vec<Object>,
    /// How many objects under the prefix are no data by their names: hidden files, checksums, markers.
    #[serde(default)]
    pub left_out: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(key: &str) -> Object {
        Object::new("b".into(), key.into(), Some("v1".into()), "e".into(), 1)
    }

    fn known(key: &str, fate: ObjectFate, until: i64) -> KnownObject {
        let until = Some(Timestamp::constant(until, 0));
        KnownObject {
            object: object(key),
            fate,
            rows: 1,
            parts: 1,
            since: until,
            until,
            generation: Generation(1),
        }
    }

    #[test]
    fn the_newest_accepted_objects_judge() {
        let mut dataset = Dataset::default();
        dataset.note([known("late-name-early-time", ObjectFate::Accepted, 1)]);
        dataset.note([known("b", ObjectFate::Accepted, 3)]);
        dataset.note([known("a", ObjectFate::Quarantined, 4)]);
        dataset.note([known("c", ObjectFate::Accepted, 2)]);
        dataset.note([known("deleted", ObjectFate::Accepted, 9)]);
        let listed = ["a", "b", "c", "late-name-early-time", "new"].map(object);
        let split = dataset.split(&listed, 1, None);
        assert_eq!(split.train, ["late-name-early-time", "c"].map(|key| object(key).id));
        assert_eq!(split.holdout, [object("b").id]);
        assert_eq!(dataset.split(&listed, 1, Some(1)).train, [object("c").id]);
        assert_eq!(dataset.unknown(&listed), [&object("new")]);
        assert_ne!(split.version, dataset.split(&listed, 2, None).version);
    }

    #[test]
    fn a_second_note_of_an_object_replaces_the_first() {
        let mut dataset = Dataset::default();
        dataset.note(["a", "b"].map(|key| known(key, ObjectFate::Accepted, 1)));
        let quarantined = known("a", ObjectFate::Quarantined, 2);
        dataset.note([quarantined.clone(), known("c", ObjectFate::Accepted, 3), quarantined.clone()]);
        assert_eq!(
            dataset.known.iter().map(|it| it.object.key.as_str()).collect::<Vec<_>>(),
            ["a", "b", "c"]
        );
        assert_eq!(dataset.known.first(), Some(&quarantined));
        assert_eq!(dataset.accepted().count(), 2);
    }

    #[test]
    fn the_rows_of_an_object_lie_in_as_many_files_as_it_has_parts() {
        let mut dataset = Dataset::default();
        dataset.note([known("small", ObjectFate::Accepted, 1)]);
        dataset.note([KnownObject { parts: 3, ..known("large", ObjectFate::Accepted, 2) }]);
        let split = dataset.split(&["small", "large"].map(object), 1, None);
        let (small, large) = (object("small").id, object("large").id);
        assert_eq!(split.files(&split.train).collect::<Vec<_>>(), [small]);
        let files = ["00000", "00001", "00002"].map(|part| format!("{large}-{part}"));
        assert_eq!(split.files(&split.holdout).collect::<Vec<_>>(), files);
    }

    #[test]
    fn a_new_version_is_a_new_object() {
        let other = Object::new("b".into(), "a".into(), Some("v2".into()), "e".into(), 1);
        assert_ne!(other.id, object("a").id);
    }
}
