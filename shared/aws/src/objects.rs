//! Data objects in S3: listed with their versions, read and written in pieces.

use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};
use bytes::Bytes;

use super::error::fault;
use super::store::client;
use super::{SdkConfig, in_region};
use pawl_base::fault::Fault;
use pawl_base::names::RegionName;
use pawl_ledger::edge::{Body, Objects, Place, Upload};
use pawl_ledger::ledger::Object;

/// The size of an upload's parts. S3 allows 10,000 parts: 80 GB an object.
const PART: usize = 8 << 20;

/// Data objects in any bucket of one region.
#[derive(Debug, Clone)]
pub struct S3Objects {
    client: Client,
    config: SdkConfig,
}

impl S3Objects {
    /// Data objects as this configuration may see them.
    pub fn new(config: &SdkConfig) -> Self {
        Self { client: client(config), config: config.clone() }
    }
}

impl Objects for S3Objects {
    type Body = S3Body;
    type Upload = S3Upload;

    fn in_region(&self, region: &RegionName) -> Self {
        Self::new(&in_region(&self.config, region))
    }

    async fn page(
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
            // Without versioning S3 says "null": such a version can be overwritten, so the entity tag names
            // it.
            let version = found.version_id().filter(|id| *id != "null").map(str::to_owned);
            let etag = found.e_tag().unwrap_or_default().trim_matches('"').to_owned();
            let size = u64::try_from(found.size().unwrap_or(0)).unwrap_or(0);
            Object::new(bucket.to_owned(), key, version, etag, size)
        });
        let key = page.next_key_marker().filter(|_| page.is_truncated() == Some(true)).map(str::to_owned);
        let version = page.next_version_id_marker().map(str::to_owned);
        Ok((objects.collect(), key.map(|key| Place { key, version })))
    }

    async fn open(&self, object: &Object, from: u64, to: u64) -> Result<S3Body, Fault> {
        let request = self.client.get_object().bucket(&object.bucket).key(&object.key);
        let request = request.range(format!("bytes={from}-{}", to.saturating_sub(1)));
        let request = match &object.version {
            Some(version) => request.version_id(version),
            None => request.if_match(&object.etag),
        };
        let what = format!("read s3://{}/{}", object.bucket, object.key);
        let stream = request.send().await.map_err(|e| fault(&what, &e))?.body;
        Ok(S3Body { stream, what })
    }

    async fn open_key(&self, bucket: &str, key: &str) -> Result<S3Body, Fault> {
        let request = self.client.get_object().bucket(bucket).key(key);
        let what = format!("read s3://{bucket}/{key}");
        let stream = request.send().await.map_err(|e| fault(&what, &e))?.body;
        Ok(S3Body { stream, what })
    }

    fn upload(&self, bucket: &str, key: &str) -> S3Upload {
        S3Upload {
            client: self.client.clone(),
            bucket: bucket.to_owned(),
            key: key.to_owned(),
            buffer: Vec::new(),
            parts: None,
        }
    }
}

/// The bytes of an object in S3 as they come.
#[derive(Debug)]
pub struct S3Body {
    stream: ByteStream,
    /// The call and its object, for errors.
    what: String,
}

impl Body for S3Body {
    async fn next(&mut self) -> Result<Option<Bytes>, Fault> {
        let next = self.stream.next().await.transpose();
        next.map_err(|e| Fault::Unavailable(format!("{}: {e}", self.what)))
    }
}

/// An object being written to S3.
///
/// An upload that is dropped unfinished leaves its parts to the bucket's lifecycle rule for incomplete
/// uploads.
#[derive(Debug)]
pub struct S3Upload {
    client: Client,
    bucket: String,
    key: String,
    buffer: Vec<u8>,
    parts: Option<(String, Vec<CompletedPart>)>,
}

impl S3Upload {
    /// The call and its object, for errors.
    fn what(&self) -> String {
        format!("write s3://{}/{}", self.bucket, self.key)
    }
}

impl Upload for S3Upload {
    fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.buffer
    }

    fn is_full(&self) -> bool {
        self.buffer.len() >= PART
    }

    async fn send_part(&mut self) -> Result<(), Fault> {
        let what = self.what();
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

    async fn finish(mut self) -> Result<(), Fault> {
        let what = self.what();
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
