//! Every persisted document: its type, its name and key, the version of its schema, and who writes and reads
//! it.
//!
//! A document is a constant that knows its type and its place. It is read and written through its [`Entry`],
//! so that no other code spells a key or picks a type, and so that each document carries the version of its
//! schema:
//!
//! ```
//! # use pawl_ledger::documents::{SPLIT, TRAINING};
//! # use pawl_ledger::ledger::{Keys, Memory};
//! # use pawl_base::names::{Generation, ModelName};
//! # tokio_test(async {
//! let (store, keys) = (Memory::default(), Keys::new(&ModelName::try_from("bikes".to_owned())?));
//! TRAINING.of(&keys).update(&store, |training| training.rejected(3, jiff::Timestamp::UNIX_EPOCH)).await?;
//! assert_eq!(TRAINING.of(&keys).read(&store).await?.map(|training| training.rejected_in_a_row), Some(1));
//! assert_eq!(SPLIT.of(&keys, Generation(7)).key(), "runs/bikes/000007/split.json");
//! assert_eq!(SPLIT.of(&keys, Generation(7)).read(&store).await?, None);
//! # Ok(())
//! # });
//! # fn tokio_test(f: impl Future<Output = Result<(), Box<dyn std::error::Error>>>) {
//! #     tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(f).unwrap();
//! # }
//! ```

mod entry;
mod own;
mod schema;

use pawl_base::names::Generation;
use serde::Serialize;

use crate::ledger::Keys;

pub use entry::Entry;
pub use own::*;
pub use schema::Version;

/// What writes or reads a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Component {
    /// The function `new-data-trigger`.
    NewDataTrigger,
    /// The function `data-validator`.
    DataValidator,
    /// The function `drift-checker`.
    DriftChecker,
    /// The function `evaluation-gate`.
    EvaluationGate,
    /// The function `rollback-handler`.
    RollbackHandler,
    /// A state machine.
    StateMachine,
    /// SageMaker: a job, or the model registry.
    SageMaker,
    /// The command `pawl`.
    Command,
    /// A person, by hand.
    Person,
}

impl Component {
    /// Its name, as the documentation spells it.
    pub fn name(self) -> &'static str {
        match self {
            Self::NewDataTrigger => "new-data-trigger",
            Self::DataValidator => "data-validator",
            Self::DriftChecker => "drift-checker",
            Self::EvaluationGate => "evaluation-gate",
            Self::RollbackHandler => "rollback-handler",
            Self::StateMachine => "state machine",
            Self::SageMaker => "SageMaker",
            Self::Command => "`pawl`",
            Self::Person => "a person",
        }
    }
}

/// The place of a document of which a model has one (and each further region one, where the key says so).
#[derive(Debug, Clone, Copy)]
pub struct OfModel(pub fn(&Keys) -> String);

/// The place of a document in the folder of a run: its file name there.
#[derive(Debug, Clone, Copy)]
pub struct OfRun(pub &'static str);

/// The place of a document of which a model has many, each named by an `N`.
#[derive(Debug)]
pub struct Named<N: ?Sized>(pub fn(&Keys, &N) -> String);

/// A persisted document of type `T` at a place `P`: [`OfModel`], [`OfRun`] or [`Named`].
#[derive(Debug)]
pub struct Document<T, P> {
    place: P,
    version: Version,
    encode: schema::Encode<T>,
    writers: &'static [Component],
    readers: &'static [Component],
}

impl<T: Serialize, P> Document<T, P> {
    /// A JSON object in a schema of Pawl's own, of version 1.
    pub const fn object(place: P) -> Self {
        Self { place, version: Version::Added(1), encode: schema::object::<T>, writers: &[], readers: &[] }
    }

    /// A JSON object whose type has a field `version` of its own, which holds this.
    pub const fn versioned(place: P, version: u32) -> Self {
        Self {
            place,
            version: Version::Own(version),
            encode: schema::object::<T>,
            writers: &[],
            readers: &[],
        }
    }

    /// A JSON object in the schema of another system, which has no version of Pawl's.
    pub const fn foreign(place: P) -> Self {
        Self { place, version: Version::Foreign, encode: schema::object::<T>, writers: &[], readers: &[] }
    }
}

impl<T: Serialize, P> Document<Vec<T>, P> {
    /// A list of JSON objects, of version 1.
    pub const fn list(place: P) -> Self {
        Self { place, version: Version::Added(1), encode: schema::list::<T>, writers: &[], readers: &[] }
    }
}

impl<T: Serialize, P> Document<Option<T>, P> {
    /// A JSON object or `null`, of version 1.
    pub const fn optional(place: P) -> Self {
        Self { place, version: Version::Added(1), encode: schema::optional::<T>, writers: &[], readers: &[] }
    }
}

impl<T, P> Document<T, P> {
    /// The same with these writers.
    pub const fn written_by(mut self, writers: &'static [Component]) -> Self {
        self.writers = writers;
        self
    }

    /// The same with these readers.
    pub const fn read_by(mut self, readers: &'static [Component]) -> Self {
        self.readers = readers;
        self
    }

    /// The version of its schema.
    pub fn version(&self) -> Version {
        self.version
    }

    /// What writes it.
    pub fn writers(&self) -> &'static [Component] {
        self.writers
    }

    /// What reads it.
    pub fn readers(&self) -> &'static [Component] {
        self.readers
    }

    /// The document at a key that another document or a listing named.
    pub fn at(&self, key: impl Into<String>) -> Entry<T> {
        Entry { key: key.into(), version: self.version, encode: self.encode }
    }
}

impl<T> Document<T, OfModel> {
    /// The model's own.
    pub fn of(&self, keys: &Keys) -> Entry<T> {
        self.at((self.place.0)(keys))
    }
}

impl<T> Document<T, OfRun> {
    /// The run's own.
    pub fn of(&self, keys: &Keys, run: Generation) -> Entry<T> {
        self.at(keys.evidence(run, self.place.0))
    }

    /// Its file name in the folder of a run.
    pub const fn name(&self) -> &'static str {
        self.place.0
    }
}

impl<T, N: ?Sized> Document<T, Named<N>> {
    /// The one of this name.
    pub fn of(&self, keys: &Keys, name: &N) -> Entry<T> {
        self.at((self.place.0)(keys, name))
    }
}

/// A file of a run that is no JSON document.
#[derive(Debug, Clone, Copy)]
pub struct File {
    name: &'static str,
    writers: &'static [Component],
    readers: &'static [Component],
}

impl File {
    /// The file of this name in the folder of a run.
    pub const fn of_run(
        name: &'static str,
        writers: &'static [Component],
        readers: &'static [Component],
    ) -> Self {
        Self { name, writers, readers }
    }

    /// Its key.
    pub fn key(&self, keys: &Keys, run: Generation) -> String {
        keys.evidence(run, self.name)
    }

    /// Its file name in the folder of a run.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// What writes it.
    pub fn writers(&self) -> &'static [Component] {
        self.writers
    }

    /// What reads it.
    pub fn readers(&self) -> &'static [Component] {
        self.readers
    }
}
