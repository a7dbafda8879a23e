//! The clients of this function.

use pawl::aws::{Objects, S3Store, SdkConfig};
use pawl::fault::Fault;

/// Everything outside: the ledger and the data.
pub(crate) struct Edge {
    pub(crate) store: S3Store,
    pub(crate) objects: Objects,
}

impl Edge {
    pub(crate) fn from_env(config: &SdkConfig) -> Result<Self, Fault> {
        Ok(Self { store: S3Store::from_env(config)?, objects: Objects::new(config) })
    }
}
