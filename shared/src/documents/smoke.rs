//! The smoke test of an asynchronous endpoint.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Component::RollbackHandler;
use super::{Document, Named};
use crate::ledger::Keys;
use crate::names::Generation;
use crate::release::ConfigName;

/// Where the answer to the smoke test of a config will lie.
pub const SMOKE: Document<Awaited, Named<SmokeTest>> =
    Document::object(Named(SmokeTest::awaited)).written_by(&[RollbackHandler]).read_by(&[RollbackHandler]);

/// Where an answer of an asynchronous endpoint will lie, as `s3://` addresses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Awaited {
    /// The answer.
    pub answer: String,
    /// Or the reason why there is none, where the endpoint's config names a place for it.
    pub failure: Option<String>,
}

/// One smoke test: a config is asked once for each time that it comes to serve.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SmokeTest {
    /// The run whose model serves.
    pub generation: Generation,
    /// The config.
    pub config: ConfigName,
    /// Since when it serves, where that is known.
    pub since: Option<Timestamp>,
}

impl SmokeTest {
    /// The key of the rows that the endpoint is asked.
    pub fn rows(&self, keys: &Keys) -> String {
        self.key(keys, "jsonl")
    }

    fn awaited(keys: &Keys, test: &Self) -> String {
        test.key(keys, "json")
    }

    fn key(&self, keys: &Keys, ending: &str) -> String {
        let since = self.since.map_or(0, Timestamp::as_second);
        keys.evidence(self.generation, &format!("smoke/{}-{since}.{ending}", self.config))
    }
}
