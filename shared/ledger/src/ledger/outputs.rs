//! What a transform wrote: found by listing its folder, since SageMaker promises where the output of a file
//! lies only for inputs named by a prefix, not for those of a manifest
//! (<https://docs.aws.amazon.com/sagemaker/latest/dg/batch-transform.html>).
//!
//! ```
//! use pawl_ledger::ledger::Outputs;
//!
//! let found = ["scores/accepted/bike/a.jsonl.out".to_owned(), "scores/b.jsonl.out".to_owned()];
//! let outputs = Outputs::of("scores/", found.to_vec());
//! let files = outputs.of_files(&["b.jsonl", "a.jsonl"])?;
//! assert_eq!(files, ["scores/b.jsonl.out", "scores/accepted/bike/a.jsonl.out"]);
//! # Ok::<(), pawl_ledger::ledger::OutputError>(())
//! ```

use std::collections::{BTreeSet, HashMap};

use pawl_base::fault::Fault;

use super::{Store, StoreError};

/// What SageMaker appends to the name of an input.
const SUFFIX: &str = ".out";

/// A folder may hold so many objects for each file that was scored, and a few more.
const SPARE: usize = 1_000;

/// So many keys of a folder are named to a person.
const NAMED: usize = 5;

/// The keys under one transform's output folder.
#[derive(Debug, Clone)]
pub struct Outputs {
    folder: String,
    keys: Vec<String>,
}

/// Why the output of a file is not known.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OutputError {
    /// No key ends in the file's name.
    #[error("{folder}: no key ends in {wanted}; there is {there}")]
    Missing {
        /// The folder.
        folder: String,
        /// What was looked for.
        wanted: String,
        /// The first keys of what lies there.
        there: String,
    },
    /// Several keys end in it, or one key is that of two files.
    #[error("{folder}: {wanted} could be each of {there}")]
    Ambiguous {
        /// The folder.
        folder: String,
        /// What was looked for.
        wanted: String,
        /// The keys that it could be.
        there: String,
    },
    /// The folder holds more than a transform of these files writes.
    #[error("{folder}: more than {most} objects, for {files} files that were scored")]
    TooMany {
        /// The folder.
        folder: String,
        /// The most that are looked through.
        most: usize,
        /// The files that were scored.
        files: usize,
    },
    /// The folder could not be listed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<OutputError> for Fault {
    fn from(error: OutputError) -> Self {
        match error {
            OutputError::Store(error) => error.into(),
            OutputError::Missing { .. } => Self::NotFound(error.to_string()),
            OutputError::Ambiguous { .. } | OutputError::TooMany { .. } => Self::BadInput(error.to_string()),
        }
    }
}

impl Outputs {
    /// The keys under a folder, which ends in a slash.
    pub fn of(folder: &str, keys: Vec<String>) -> Self {
        Self { folder: folder.to_owned(), keys }
    }

    /// Lists a folder, which ends in a slash, and finds the output of each file, in the order of the files:
    /// the entries of the manifest that was scored.
    ///
    /// # Errors
    /// [`OutputError`]: what was looked for, and what lies there.
    pub async fn find(
        store: &impl Store,
        folder: &str,
        files: &[String],
    ) -> Result<Vec<String>, OutputError> {
        let most = files.len() + SPARE;
        let keys = store.keys_after(folder, "", most + 1).await?;
        if keys.len() > most {
            return Err(OutputError::TooMany { folder: folder.to_owned(), most, files: files.len() });
        }
        Self::of(folder, keys).of_files(files)
    }

    /// The output of each file: the one key that ends in the whole entry, else the one that ends in its last
    /// part.
    ///
    /// # Errors
    /// [`OutputError::Missing`] and [`OutputError::Ambiguous`].
    pub fn of_files<F: AsRef<str>>(&self, files: &[F]) -> Result<Vec<String>, OutputError> {
        let mut by_name: HashMap<&str, Vec<&str>> = HashMap::new();
        for key in &self.keys {
            by_name.entry(last_part(key)).or_default().push(key);
        }
        let mut taken = BTreeSet::new();
        let mut found = Vec::with_capacity(files.len());
        for file in files {
            let wanted = format!("{}{SUFFIX}", file.as_ref());
            let named = by_name.get(last_part(&wanted)).map(Vec::as_slice).unwrap_or_default();
            let key = self.one_of(named, &wanted)?;
            if !taken.insert(key) {
                let (folder, there) = (self.folder.clone(), format!("{key}, which is another file's"));
                return Err(OutputError::Ambiguous { folder, wanted, there });
            }
            found.push(key.to_owned());
        }
        Ok(found)
    }

    /// Which of the keys of that name it is.
    fn one_of<'a>(&self, named: &[&'a str], wanted: &str) -> Result<&'a str, OutputError> {
        let whole = |key: &&&str| {
            let place = key.strip_prefix(self.folder.as_str()).unwrap_or(key);
            place == wanted || place.strip_suffix(wanted).is_some_and(|before| before.ends_with('/'))
        };
        let whole: Vec<&str> = named.iter().filter(whole).copied().collect();
        let folder = self.folder.clone();
        match (whole.as_slice(), named) {
            ([key], _) | ([], [key]) => Ok(key),
            ([], []) => {
                let keys: Vec<&str> = self.keys.iter().map(String::as_str).collect();
                Err(OutputError::Missing { folder, wanted: wanted.to_owned(), there: named_few(&keys) })
            }
            (several, all) => {
                let there = named_few(if several.is_empty() { all } else { several });
                Err(OutputError::Ambiguous { folder, wanted: wanted.to_owned(), there })
            }
        }
    }
}

fn last_part(key: &str) -> &str {
    key.rsplit('/').next().unwrap_or(key)
}

fn named_few(keys: &[&str]) -> String {
    if keys.is_empty() {
        return "nothing".to_owned();
    }
    let few = keys[..keys.len().min(NAMED)].join(", ");
    match keys.len().saturating_sub(NAMED) {
        0 => few,
        more => format!("{few} and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::ledger::{Condition, Memory};

    const FOLDER: &str = "runs/m/000002/scores/challenger/";

    fn found(keys: &[&str], files: &[&str]) -> Result<Vec<String>, OutputError> {
        let keys = keys.iter().map(|key| format!("{FOLDER}{key}")).collect();
        let found = Outputs::of(FOLDER, keys).of_files(files)?;
        Ok(found.iter().map(|key| key.strip_prefix(FOLDER).unwrap().to_owned()).collect())
    }

    #[test]
    fn an_output_is_found_wherever_sagemaker_puts_it() {
        for (placed, file) in [
            ("h.jsonl.out", "h.jsonl"),
            ("accepted/m/h.jsonl.out", "h.jsonl"),
            ("m/h.jsonl.out", "h.jsonl"),
            ("day/h.jsonl.out", "day/h.jsonl"),
            ("accepted/m/day/h.jsonl.out", "day/h.jsonl"),
            ("h.jsonl.out", "day/h.jsonl"),
        ] {
            let keys = [placed, "other.jsonl.out", "xh.jsonl.out"];
            assert_eq!(found(&keys, &[file]).unwrap(), [placed], "{file}");
        }
        let keys = ["a/h.jsonl.out", "b/h.jsonl.out"];
        assert_eq!(found(&keys, &["b/h.jsonl", "a/h.jsonl"]).unwrap(), ["b/h.jsonl.out", "a/h.jsonl.out"]);
    }

    #[test]
    fn a_missing_output_is_told_with_what_lies_there() {
        let many: Vec<String> = (0..7).map(|n| format!("{n}.jsonl.out")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        let said = found(&many, &["h.jsonl"]).unwrap_err().to_string();
        assert!(said.contains("no key ends in h.jsonl.out; there is runs/m/000002/scores/challenger/0"));
        assert!(said.ends_with("and 2 more"), "{said}");
        let said = found(&[], &["h.jsonl"]).unwrap_err();
        assert!(said.to_string().ends_with("there is nothing"), "{said}");
        assert!(matches!(Fault::from(said), Fault::NotFound(_)));
    }

    #[test]
    fn an_output_that_could_be_two_is_none() {
        for (keys, files) in [
            (vec!["a/h.jsonl.out", "b/h.jsonl.out"], vec!["h.jsonl"]),
            (vec!["a/h.jsonl.out", "h.jsonl.out"], vec!["h.jsonl"]),
            (vec!["a/h.jsonl.out", "b/h.jsonl.out"], vec!["c/h.jsonl"]),
            (vec!["h.jsonl.out"], vec!["a/h.jsonl", "b/h.jsonl"]),
        ] {
            let said = found(&keys, &files).unwrap_err();
            assert!(matches!(&said, OutputError::Ambiguous { .. }), "{said}");
            assert!(matches!(Fault::from(said), Fault::BadInput(_)));
        }
    }

    #[tokio::test]
    async fn a_folder_with_too_many_objects_is_not_read_to_its_end() {
        let store = Memory::default();
        for number in 0..=SPARE {
            let key = format!("{FOLDER}{number}.out");
            store.put(&key, Vec::new(), Condition::Always).await.unwrap();
        }
        assert_eq!(
            Outputs::find(&store, FOLDER, &["7".to_owned()]).await.unwrap(),
            [format!("{FOLDER}7.out")]
        );
        let said = Outputs::find(&store, FOLDER, &[]).await.unwrap_err();
        assert_eq!(said, OutputError::TooMany { folder: FOLDER.to_owned(), most: SPARE, files: 0 });
    }
}
