//! The scores of one model: what its transform wrote, one holdout object after another.

use bytes::Bytes;
use pawl::edge::{Ahead, Body, Objects};
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
    /// Their outputs, opened ahead; `None` before they were looked for.
    ahead: Option<Ahead<'a, O::Body>>,
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
            ahead: None,
            open: None,
            read: Vec::new(),
        }
    }

    async fn next_object(&mut self) -> Result<Option<(String, O::Body)>, Fault> {
        let mut ahead = match self.ahead.take() {
            Some(ahead) => ahead,
            None => {
                let keys = Outputs::find(self.store, &self.folder, &self.files).await?;
                Ahead::new(self.objects, self.bucket, keys)
            }
        };
        let next = ahead.next().await;
        self.ahead = Some(ahead);
        next
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
            let Some((key, body)) = self.next_object().await? else { return Ok(None) };
            self.open = Some(Open { key, body, hasher: ContentHasher::default() });
        }
    }
}
