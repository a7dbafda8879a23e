//! The scores of one model: what its transform wrote, one holdout object after another.

use std::collections::VecDeque;

use bytes::Bytes;
use pawl::edge::{Body, Objects};
use pawl::fault::Fault;
use pawl::gate::{Contender, JudgedInput};
use pawl::ledger::dataset::DatasetSplit;
use pawl::ledger::{Outputs, Store, json_lines};
use pawl::names::ContentHasher;

use crate::edge::{Edge, Run};

/// The outputs of one transform, one holdout object after another.
pub(crate) struct Scores<'a, S: Store, O: Objects> {
    store: &'a S,
    objects: &'a O,
    bucket: &'a str,
    folder: String,
    /// The files that were scored.
    files: Vec<String>,
    /// Their outputs that are still to be read; `None` before they were looked for.
    keys: Option<VecDeque<String>>,
    open: Option<Open<O::Body>>,
    /// What was read to its end.
    pub(crate) read: Vec<JudgedInput>,
}

/// The object that is being read.
struct Open<B> {
    key: String,
    body: B,
    hasher: ContentHasher,
}

impl<'a, S: Store, O: Objects> Scores<'a, S, O> {
    pub(crate) fn new(edge: &'a Edge<S, O>, run: &Run, split: &DatasetSplit, contender: Contender) -> Self {
        Self {
            store: &edge.store,
            objects: &edge.objects,
            bucket: &edge.bucket,
            folder: run.keys.scores(run.generation, contender.as_str()),
            files: split.files(&split.holdout).map(|part| json_lines(&part)).collect(),
            keys: None,
            open: None,
            read: Vec::new(),
        }
    }

    async fn next_key(&mut self) -> Result<Option<String>, Fault> {
        if self.keys.is_none() {
            self.keys = Some(Outputs::find(self.store, &self.folder, &self.files).await?.into());
        }
        Ok(self.keys.as_mut().and_then(VecDeque::pop_front))
    }

    /// The next bytes; `None` behind the last object.
    ///
    /// # Errors
    /// [`Fault::NotFound`] and [`Fault::BadInput`] for outputs that are missing, or not to be told apart.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, Fault> {
        loop {
            if let Some(mut open) = self.open.take() {
                match open.body.next().await? {
                    Some(piece) => {
                        open.hasher.update(&piece);
                        self.open = Some(open);
                        return Ok(Some(piece));
                    }
                    None => self.read.push(JudgedInput { name: open.key, sha256: open.hasher.finish() }),
                }
            }
            let Some(key) = self.next_key().await? else { return Ok(None) };
            let body = self.objects.open_key(self.bucket, &key).await?;
            self.open = Some(Open { key, body, hasher: ContentHasher::default() });
        }
    }
}
