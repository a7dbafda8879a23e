//! The clients of this function.

use pawl::fault::Fault;
use pawl::names::RegionName;
use pawl_aws::{Objects, S3Store, SdkConfig, in_region};

/// Everything outside: the ledger and the data.
pub(crate) struct Edge {
    pub(crate) store: S3Store,
    pub(crate) objects: Objects,
    config: SdkConfig,
}

impl Edge {
    pub(crate) fn from_env(config: &SdkConfig) -> Result<Self, Fault> {
        Ok(Self { store: S3Store::from_env(config)?, objects: Objects::new(config), config: config.clone() })
    }

    /// The objects of another region's buckets.
    pub(crate) fn objects_in(&self, region: &RegionName) -> Objects {
        Objects::new(&in_region(&self.config, region))
    }
}
