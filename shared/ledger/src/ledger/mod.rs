//! What must be remembered, in S3 under conditional writes.
//!
//! ```
//! use pawl_base::names::{Generation, ModelName};
//! use pawl_ledger::ledger::Keys;
//!
//! let model = ModelName::try_from("bike".to_owned()).map_err(|e| e.to_string())?;
//! let keys = Keys::new(&model);
//! assert_eq!(keys.release(), "ledger/bike/release.json");
//! assert_eq!(keys.evidence(Generation(7), "drift.json"), "runs/bike/000007/drift.json");
//! # Ok::<(), String>(())
//! ```

pub mod at_once;
pub mod dataset;
pub mod documents;
pub mod inbox;
mod keys;
mod memory;
mod outputs;
pub mod run;
pub mod store;
pub mod training;
mod trigger;

pub use dataset::{Dataset, Manifest, Object};
pub use keys::{Keys, PIPELINES, csv, json_lines, pipeline, unrouted, unrouted_objects};
pub use memory::Memory;
pub use outputs::{OutputError, Outputs};
pub use run::{Ending, RunOutcome, RunRecord};
pub use store::{Condition, ETag, HEAD, Listed, Store, StoreError, Stored, Wrote, is_gone, key_in};
pub use training::Training;
pub use trigger::{Trigger, TriggerId, TriggerKind};

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::inbox::{Completes, Filed, any_waiting, record, settle, waiting};
    use super::*;
    use pawl_base::names::{Generation, ModelName};

    fn trigger(id: &str) -> Trigger {
        Trigger {
            id: TriggerId::new(id, Completes::Itself),
            kind: TriggerKind::NewData,
            what: id.to_owned(),
            received_at: Timestamp::UNIX_EPOCH,
            event: serde_json::Value::Null,
        }
    }

    #[tokio::test]
    async fn a_trigger_is_recorded_and_handled_once() -> Result<(), Box<dyn std::error::Error>> {
        let store = Memory::default();
        let keys = Keys::new(&ModelName::try_from("m".to_owned())?);
        assert_eq!(record(&store, &keys, &trigger("a")).await?, Wrote::Now);
        assert_eq!(record(&store, &keys, &trigger("a")).await?, Wrote::Before);
        assert_eq!(record(&store, &keys, &trigger("b")).await?, Wrote::Now);
        let a = trigger("a").id;
        let filed = |until| Filed {
            generation: Generation(1),
            outcome: "promoted".to_owned(),
            until,
            at: Timestamp::UNIX_EPOCH,
        };
        settle(&store, &keys, &a, &filed(Some(Timestamp::MIN))).await?;
        assert_eq!(waiting(&store, &keys).await?.len(), 2, "it came later");
        for _ in 0..2 {
            settle(&store, &keys, &a, &filed(Some(Timestamp::UNIX_EPOCH))).await?;
        }
        assert_eq!(waiting(&store, &keys).await?, [trigger("b").id]);
        assert_eq!(record(&store, &keys, &trigger("a")).await?, Wrote::Before, "a late duplicate");
        assert_eq!(waiting(&store, &keys).await?, [trigger("b").id]);
        assert!(any_waiting(&store, &keys).await?);
        settle(&store, &keys, &trigger("b").id, &filed(None)).await?;
        assert!(!any_waiting(&store, &keys).await?);
        Ok(())
    }
}
