//! The scores of one model: what its transform wrote, one holdout object after another.

use std::collections::VecDeque;

use bytes::Bytes;
use pawl::edge::{Body, Objects};
use pawl::fault::Fault;
use pawl::gate::{Contender, JudgedInput};
use pawl::ledger::dataset::DatasetSplit;
use pawl::ledger::{Store, json_lines};
use pawl::names::ContentHasher;

use crate::edge::{Edge, Run};

/// The outputs of one transform, one holdout object after another.
pub(crate) struct Scores<'a, O: Objects> {
    objects: &'a O,
    bucket: &'a str,
    keys: VecDeque<String>,
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

impl<'a, O: Objects> Scores<'a, O> {
    pub(crate) fn new(
        edge: &'a Edge<impl Store, O>,
        run: &Run,
        split: &DatasetSplit,
        contender: Contender,
    ) -> Self {
        let key = |part: String| run.keys.scores(run.generation, contender.as_str(), &json_lines(&part));
        let keys = split.files(&split.holdout).map(key).collect();
        Self { objects: &edge.objects, bucket: &edge.bucket, keys, open: None, read: Vec::new() }
    }

    /// The next bytes; `None` behind the last object.
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
            let Some(key) = self.keys.pop_front() else { return Ok(None) };
            let body = self.objects.open_key(self.bucket, &key).await?;
            self.open = Some(Open { key, body, hasher: ContentHasher::default() });
        }
    }
}
