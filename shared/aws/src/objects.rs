//! Data objects: listed with their versions, read and written as streams.

use std::ops::ControlFlow;

use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};
use serde::{Deserialize, Serialize};

use super::SdkConfig;
use super::error::fault;
use super::store::client;
use pawl_base::fault::Fault;
use pawl_ledger::ledger::Object;

/// The most objects that one pipeline's prefix may hold.
const MOST: usize = 100_000;

/// The size of an upload's parts. S3 allows 10,000 parts: 80 GB an object.
const PART: usize = 8 << 20;

/// The longest line that is held in memory.
const LONGEST_LINE: usize = 1 << 20;

/// A place in a listing: behind this version of this key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    key: String,
    version: Option<String>,
}

/// Data objects in any bucket.
#[derive(Debug, Clone)]
pub struct Objects {
    client: Client,
}

impl Objects {
    /// Data objects as this configuration may see them.
    pub fn new(config: &SdkConfig) -> Self {
        Self { client: client(config) }
    }

    /// The current version of every object under the prefix, in lexical order. Folder markers (empty, with a key that ends in `/`) are no objects.
    pub async fn list(&self, bucket: &str, prefix: &str) -> Result<Vec<Object>, Fault> {
        let (mut objects, mut after) = (Vec::new(), None);
        loop {
            let (page, next) = self.page(bucket, prefix, after).await?;
            objects.extend(page);
            if objects.len() > MOST {
                return Err(Fault::BadInput(format!(
                    "list s3://{bucket}/{prefix}: more than {MOST} objects; give the pipeline a narrower data.prefix"
                )));
            }
            after = next;
            if after.is_none() {
                break;
            }
        }
        objects.sort_by(|a, b| a.key.cmp(&b.key));
        Ok(objects)
    }

    /// One page of [`Self::list`], at most 1,000 versions behind a place, and the place to go on from; `None` at the end.
    pub async fn page(
        &self,
        bucket: &str,
        prefix: &str,
        after: Option<Place>,
    ) -> Result<(Vec<Object>, Option<Place>), Fault> {
        let request = self.client.list_object_versions().bucket(bucket).prefix(prefix);
        let request = match after {
            Some(Place { key, version }) => request.key_marker(key).set_version_id_marker(version),
            None => request,
        };
        let page = request.send().await.map_err(|e| fault(&format!("list s3://{bucket}/{prefix}"), &e))?;
        let latest = page.versions().iter().filter(|found| found.is_latest() == Some(true));
        let objects = latest.filter(|found| !found.key().unwrap_or_default().ends_with('/')).map(|found| {
            let key = found.key().unwrap_or_default().to_owned();
            // Without versioning S3 says "null": such a version can be overwritten, so the entity tag names it.
            let version = found.version_id().filter(|id| *id != "null").map(str::to_owned);
            let etag = found.e_tag().unwrap_or_default().trim_matches('"').to_owned();
            let size = u64::try_from(found.size().unwrap_or(0)).unwrap_or(0);
            Object::new(bucket.to_owned(), key, version, etag, size)
        });
        let key = page.next_key_marker().filter(|_| page.is_truncated() == Some(true)).map(str::to_owned);
        let version = page.next_version_id_marker().map(str::to_owned);
        Ok((objects.collect(), key.map(|key| Place { key, version })))
    }

    /// The bytes `from` up to and without `to` of exactly this version, as a stream.
    pub async fn open(&self, object: &Object, from: u64, to: u64) -> Result<ByteStream, Fault> {
        let request = self.client.get_object().bucket(&object.bucket).key(&object.key);
        let request = request.range(format!("bytes={from}-{}", to.saturating_sub(1)));
        let request = match &object.version {
            Some(version) => request.version_id(version),
            None => request.if_match(&object.etag),
        };
        let what = format!("read s3://{}/{}", object.bucket, object.key);
        Ok(request.send().await.map_err(|e| fault(&what, &e))?.body)
    }

    /// The bytes of an object that Pawl or SageMaker wrote, as a stream.
    pub async fn open_key(&self, bucket: &str, key: &str) -> Result<ByteStream, Fault> {
        let request = self.client.get_object().bucket(bucket).key(key);
        let what = format!("read s3://{bucket}/{key}");
        Ok(request.send().await.map_err(|e| fault(&what, &e))?.body)
    }

    /// Hands the lines of an object that Pawl or SageMaker wrote over in pieces that end with a line, or with the object,
    /// until `take` has enough.
    pub async fn lines(
        &self,
        bucket: &str,
        key: &str,
        mut take: impl FnMut(&[u8]) -> ControlFlow<()>,
    ) -> Result<(), Fault> {
        let mut body = self.open_key(bucket, key).await?;
        let mut carry = Vec::new();
        while let Some(piece) = body.next().await {
            let piece = piece.map_err(|e| Fault::Unavailable(format!("read {key}: {e}")))?;
            carry.extend_from_slice(&piece);
            if let Some(end) = carry.iter().rposition(|byte| *byte == b'\n') {
                if take(carry.get(..=end).unwrap_or_default()).is_break() {
                    return Ok(());
                }
                carry.drain(..=end);
            }
            if carry.len() > LONGEST_LINE {
                return Err(Fault::BadInput(format!(
                    "{key}: a line of more than {LONGEST_LINE} bytes: split it"
                )));
            }
        }
        let _ = take(&carry);
        Ok(())
    }

    /// Begins to write an object. Nothing stands at the key until [`Upload::finish`].
    pub fn upload(&self, bucket: &str, key: &str) -> Upload {
        Upload {
            client: self.client.clone(),
            bucket: bucket.to_owned(),
            key: key.to_owned(),
            buffer: Vec::new(),
            parts: None,
        }
    }
}

/// An object being written: small ones in one request, large ones in parts. Holds at most one part in memory.
///
/// An upload that is dropped unfinished leaves its parts to the bucket's lifecycle rule for incomplete uploads.
#[derive(Debug)]
pub struct Upload {
    client: Client,
    bucket: String,
    key: String,
    buffer: Vec<u8>,
    parts: Option<(String, Vec<CompletedPart>)>,
}

impl Upload {
    /// Where to append. Once the upload is [full](Upload::is_full), [send](Upload::send_part) what has gathered.
    pub fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.buffer
    }

    /// Whether what has gathered makes a part, to be sent.
    pub fn is_full(&self) -> bool {
        self.buffer.len() >= PART
    }

    /// Sends what has gathered as a part. Call it when the upload is full: S3 refuses small parts but for the last.
    pub async fn send_part(&mut self) -> Result<(), Fault> {
        let what = format!("write s3://{}/{}", self.bucket, self.key);
        let (id, mut parts) = match self.parts.take() {
            Some(begun) => begun,
            None => {
                let begin = self.client.create_multipart_upload().bucket(&self.bucket).key(&self.key);
                let begun = begin.send().await.map_err(|e| fault(&what, &e))?;
                (begun.upload_id().unwrap_or_default().to_owned(), Vec::new())
            }
        };
        let number = i32::try_from(parts.len() + 1).unwrap_or(i32::MAX);
        let body = std::mem::take(&mut self.buffer);
        let request = self.client.upload_part().bucket(&self.bucket).key(&self.key).upload_id(&id);
        let sent =
            request.part_number(number).body(body.into()).send().await.map_err(|e| fault(&what, &e))?;
        let part = CompletedPart::builder().part_number(number).set_e_tag(sent.e_tag().map(str::to_owned));
        parts.push(part.build());
        self.parts = Some((id, parts));
        Ok(())
    }

    /// Puts the object in place, replacing what stood there.
    pub async fn finish(mut self) -> Result<(), Fault> {
        let what = format!("write s3://{}/{}", self.bucket, self.key);
        if self.parts.is_some() && !self.buffer.is_empty() {
            self.send_part().await?;
        }
        let Some((id, parts)) = self.parts else {
            let put = self.client.put_object().bucket(self.bucket).key(self.key).body(self.buffer.into());
            return put.send().await.map(|_| ()).map_err(|e| fault(&what, &e));
        };
        let parts = CompletedMultipartUpload::builder().set_parts(Some(parts)).build();
        let request = self.client.complete_multipart_upload().bucket(self.bucket).key(self.key);
        let request = request.upload_id(id).multipart_upload(parts);
        request.send().await.map(|_| ()).map_err(|e| fault(&what, &e))
    }
}
