//! All models' pipelines. A function keeps its catalog between invocations, so that an event costs one
//! listing, and a read for each `pipeline.yaml` that has changed since.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::stream::{self, StreamExt, TryStreamExt};

use super::Pipeline;
use crate::ledger::{ETag, Listed, PIPELINES, Store, StoreError, pipeline};
use crate::names::ModelName;

/// How many are read at once.
const AT_ONCE: usize = 16;

/// What stands in one model's folder.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The model that the folder names.
    pub model: ModelName,
    /// Its pipeline, or in plain words why it cannot be used.
    pub pipeline: Result<Arc<Pipeline>, String>,
    /// The same where it can be read, though a check of today may refuse it: what it says of a model that
    /// serves still holds.
    pub read: Option<Arc<Pipeline>>,
}

/// The pipelines as last read.
#[derive(Debug, Default)]
pub struct Catalog {
    read: Mutex<BTreeMap<ModelName, (ETag, Entry)>>,
}

impl Catalog {
    /// All pipelines as they stand now, by model.
    pub async fn load(&self, store: &impl Store) -> Result<Vec<Entry>, StoreError> {
        let listed = store.list(PIPELINES).await?;
        let current: BTreeMap<ModelName, ETag> =
            listed.into_iter().filter_map(|Listed { key, etag }| Some((model_of(&key)?, etag))).collect();
        let changed: Vec<ModelName> = {
            let read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
            let changed = current
                .iter()
                .filter(|(model, etag)| read.get(*model).is_none_or(|(known, _)| known != *etag));
            changed.map(|(model, _)| model.clone()).collect()
        };
        let fresh: Vec<Option<(ETag, Entry)>> = stream::iter(changed)
            .map(|model| async move {
                let key = pipeline(&model);
                let Some(stored) = store.get(&key).await? else { return Ok(None) };
                let pipeline = own(&model, &stored.body).map(Arc::new).map_err(|e| format!("{key}: {e}"));
                let read = pipeline.as_ref().ok().cloned().or_else(|| {
                    let read = Pipeline::read(&stored.body).ok();
                    read.filter(|pipeline| pipeline.model == model).map(Arc::new)
                });
                Ok(Some((stored.etag, Entry { model, pipeline, read })))
            })
            .buffer_unordered(AT_ONCE)
            .try_collect()
            .await?;
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        read.retain(|model, _| current.contains_key(model));
        read.extend(fresh.into_iter().flatten().map(|(etag, entry)| (entry.model.clone(), (etag, entry))));
        Ok(read.values().map(|(_, entry)| entry.clone()).collect())
    }
}

/// A `pipeline.yaml` under the name of its folder.
fn own(model: &ModelName, yaml: &[u8]) -> Result<Pipeline, String> {
    let pipeline = Pipeline::parse(yaml).map_err(|e| e.to_string())?;
    if pipeline.model == *model {
        Ok(pipeline)
    } else {
        let found = pipeline.model.as_str();
        Err(format!("model is {found:?}; write the name of its folder, {:?}", model.as_str()))
    }
}

/// The model that a `pipeline.yaml` at this key belongs to.
pub fn model_of(key: &str) -> Option<ModelName> {
    let model = key.strip_prefix(PIPELINES)?.strip_suffix("/pipeline.yaml")?;
    ModelName::try_from(model.to_owned()).ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::ledger::{Condition, Memory, Stored};

    /// Counts what is read.
    #[derive(Default)]
    struct Counting {
        memory: Memory,
        reads: AtomicUsize,
    }

    impl Store for Counting {
        async fn get(&self, key: &str) -> Result<Option<Stored>, StoreError> {
            self.reads.fetch_add(1, Ordering::Relaxed);
            self.memory.get(key).await
        }
        async fn put(&self, key: &str, body: Vec<u8>, when: Condition) -> Result<ETag, StoreError> {
            self.memory.put(key, body, when).await
        }
        async fn list(&self, prefix: &str) -> Result<Vec<Listed>, StoreError> {
            self.memory.list(prefix).await
        }
        async fn delete(&self, key: &str) -> Result<(), StoreError> {
            self.memory.delete(key).await
        }
    }

    async fn put(store: &Counting, model: &str, named: &str) {
        let yaml = format!(
            "{{model: {named}, data: {{bucket: b, prefix: p/, label: {{column: y}}, features: [x]}}, \
             train: {{image: i}}}}"
        );
        store.put(&format!("pipelines/{model}/pipeline.yaml"), yaml.into(), Condition::Always).await.unwrap();
    }

    #[tokio::test]
    async fn what_a_check_of_today_refuses_still_says_what_concerns_a_model_that_serves() {
        let (store, catalog) = (Counting::default(), Catalog::default());
        let yaml = "{model: m, data: {bucket: b, prefix: p/, label: {column: y}, features: [x]}, train: {image: i}, \
                    gate: {cluster: week}, release: {alarms: {further: [sales]}}}";
        store.put("pipelines/m/pipeline.yaml", yaml.into(), Condition::Always).await.unwrap();
        store.put("pipelines/n/pipeline.yaml", yaml.into(), Condition::Always).await.unwrap();
        let entries = catalog.load(&store).await.unwrap();
        assert!(entries.iter().all(|entry| entry.pipeline.is_err()));
        let further = entries[0].read.as_ref().map(|read| read.release.alarms.further.clone());
        assert_eq!(further, Some(vec!["sales".to_owned()]));
        assert!(entries[1].read.is_none(), "under another model's name");
    }

    #[tokio::test]
    async fn only_what_changed_is_read_again() {
        let (store, catalog) = (Counting::default(), Catalog::default());
        for n in 0..1_000 {
            put(&store, &format!("m{n:04}"), &format!("m{n:04}")).await;
        }
        store.put("pipelines/README.md", "for people".into(), Condition::Always).await.unwrap();
        let reads = || store.reads.swap(0, Ordering::Relaxed);
        assert_eq!((catalog.load(&store).await.unwrap().len(), reads()), (1_000, 1_000));
        assert_eq!((catalog.load(&store).await.unwrap().len(), reads()), (1_000, 0));

        put(&store, "m0001", "other").await;
        put(&store, "m0002-b", "m0002-b").await;
        store.delete("pipelines/m0000/pipeline.yaml").await.unwrap();
        let entries = catalog.load(&store).await.unwrap();
        assert_eq!((entries.len(), reads()), (1_000, 2));
        let fault = entries.first().unwrap().pipeline.as_ref().unwrap_err();
        assert_eq!(
            fault,
            "pipelines/m0001/pipeline.yaml: model is \"other\"; write the name of its folder, \"m0001\""
        );
    }
}
