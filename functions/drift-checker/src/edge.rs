//! The clients of this function.

use std::ops::ControlFlow;

use pawl::fault::Fault;
use pawl_aws::{Objects, S3Store, SdkConfig};

/// Everything outside: the ledger with its evidence, and the objects that are streamed.
pub(crate) struct Edge {
    pub(crate) store: S3Store,
    pub(crate) objects: Objects,
}

impl Edge {
    pub(crate) fn from_env(config: &SdkConfig) -> Result<Self, Fault> {
        Ok(Self { store: S3Store::from_env(config)?, objects: Objects::new(config) })
    }

    /// Hands the lines of an object of the evidence bucket over in pieces that end with a line, or with the object.
    pub(crate) async fn lines(&self, key: &str, mut take: impl FnMut(&[u8])) -> Result<(), Fault> {
        let all = |lines: &[u8]| {
            take(lines);
            ControlFlow::Continue(())
        };
        self.objects.lines(self.store.bucket(), key, all).await
    }
}
