//! The ledger's store in S3.

use std::collections::BTreeMap;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};

use super::error::{Kind, kind};
use super::{SdkConfig, Setting, Settings};
use pawl_base::fault::Fault;
use pawl_ledger::ledger::{Condition, ETag, HEAD, Listed, Store, StoreError, Stored};

/// The largest document that is written, and read whole: a ledger or evidence document, never data. The
/// lists of 100,000 objects fit.
const LARGEST: usize = 128 << 20;

fn too_large() -> String {
    format!("larger than {LARGEST} bytes; give the pipeline a narrower data.prefix")
}

/// The most keys that S3 lists in one call.
const PAGE: usize = 1_000;

/// Documents in one bucket.
#[derive(Debug, Clone)]
pub struct S3Store {
    client: Client,
    bucket: String,
}

impl S3Store {
    /// The store in the bucket that `PAWL_BUCKET` names.
    pub fn from_env(config: &SdkConfig) -> Result<Self, Fault> {
        Ok(Self::new(config, Settings.get(Setting::Bucket)?))
    }

    /// The store in this bucket.
    pub fn new(config: &SdkConfig, bucket: String) -> Self {
        Self { client: client(config), bucket }
    }

    /// The bucket's tags; none where it has none.
    pub async fn tags(&self) -> Result<BTreeMap<String, String>, StoreError> {
        match self.client.get_bucket_tagging().bucket(&self.bucket).send().await {
            Ok(found) => Ok(found.tag_set.into_iter().map(|tag| (tag.key, tag.value)).collect()),
            Err(e) if e.code() == Some("NoSuchTagSet") => Ok(BTreeMap::new()),
            Err(e) => Err(store_error("the bucket's tags", &e)),
        }
    }

    /// The bucket's name.
    pub fn bucket(&self) -> &str {
        &self.bucket
    }
}

/// An S3 client. A custom endpoint (the local stand-in) has no host name per bucket, hence path style there.
pub(super) fn client(config: &SdkConfig) -> Client {
    let path_style = config.endpoint_url().is_some();
    Client::from_conf(aws_sdk_s3::config::Builder::from(config).force_path_style(path_style).build())
}

fn store_error<E>(key: &str, error: &SdkError<E, HttpResponse>) -> StoreError
where
    E: std::error::Error + ProvideErrorMetadata + 'static,
{
    let (key, reason) = (key.to_owned(), DisplayErrorContext(error).to_string());
    match kind(error) {
        Kind::Conflict => StoreError::Conflict { key },
        Kind::Passing => StoreError::Unavailable { key, reason },
        Kind::Absent | Kind::Refused => StoreError::Refused { key, reason },
    }
}

impl Store for S3Store {
    async fn get(&self, key: &str) -> Result<Option<Stored>, StoreError> {
        let object = match self.client.get_object().bucket(&self.bucket).key(key).send().await {
            Ok(object) => object,
            Err(e) if e.code() == Some("NoSuchKey") => return Ok(None),
            Err(e) => return Err(store_error(key, &e)),
        };
        let length = usize::try_from(object.content_length().unwrap_or(0)).unwrap_or(0);
        if length > LARGEST {
            return Err(StoreError::Unreadable { key: key.to_owned(), reason: too_large() });
        }
        let etag = ETag(object.e_tag().unwrap_or_default().to_owned());
        // Not `collect`, which holds long documents twice.
        let (mut stream, mut body) = (object.body, Vec::with_capacity(length));
        while let Some(piece) = stream.next().await {
            let piece =
                piece.map_err(|e| StoreError::Unavailable { key: key.to_owned(), reason: e.to_string() })?;
            body.extend_from_slice(&piece);
        }
        Ok(Some(Stored { body, etag }))
    }

    async fn get_head(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let request =
            self.client.get_object().bucket(&self.bucket).key(key).range(format!("bytes=0-{}", HEAD - 1));
        let object = match request.send().await {
            Ok(object) => object,
            Err(e) if e.code() == Some("NoSuchKey") => return Ok(None),
            Err(e) => return Err(store_error(key, &e)),
        };
        let unavailable = |reason: String| StoreError::Unavailable { key: key.to_owned(), reason };
        let body = object.body.collect().await.map_err(|e| unavailable(e.to_string()))?;
        Ok(Some(body.to_vec()))
    }

    async fn put(&self, key: &str, body: Vec<u8>, when: Condition) -> Result<ETag, StoreError> {
        if body.len() > LARGEST {
            return Err(StoreError::Refused { key: key.to_owned(), reason: too_large() });
        }
        let request = self.client.put_object().bucket(&self.bucket).key(key).body(body.into());
        let if_absent = when == Condition::IfAbsent;
        let request = match when {
            Condition::Always => request,
            Condition::IfAbsent => request.if_none_match("*"),
            Condition::IfMatch(etag) => request.if_match(etag.0),
        };
        match request.send().await {
            Ok(put) => Ok(ETag(put.e_tag().unwrap_or_default().to_owned())),
            // Not 412: a delete overlapped, and nothing may stand there. S3 asks to try again.
            Err(e) if if_absent && e.code() == Some("ConditionalRequestConflict") => {
                let reason = DisplayErrorContext(&e).to_string();
                Err(StoreError::Unavailable { key: key.to_owned(), reason })
            }
            // S3 answers 404 to If-Match where the object is gone: somebody else was first.
            Err(e) if kind(&e) == Kind::Absent && e.code() == Some("NoSuchKey") => {
                Err(StoreError::Conflict { key: key.to_owned() })
            }
            Err(e) => Err(store_error(key, &e)),
        }
    }

    async fn list(&self, prefix: &str) -> Result<Vec<Listed>, StoreError> {
        let request = self.client.list_objects_v2().bucket(&self.bucket).prefix(prefix);
        let mut pages = request.into_paginator().send();
        let mut listed = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|e| store_error(prefix, &e))?;
            listed.extend(page.contents().iter().filter_map(|object| {
                let etag = ETag(object.e_tag().unwrap_or_default().to_owned());
                Some(Listed { key: object.key()?.to_owned(), etag })
            }));
        }
        Ok(listed)
    }

    async fn keys_after(&self, prefix: &str, after: &str, most: usize) -> Result<Vec<String>, StoreError> {
        if most == 0 {
            return Ok(Vec::new());
        }
        let page = i32::try_from(most.min(PAGE)).unwrap_or(i32::MAX);
        let request = self.client.list_objects_v2().bucket(&self.bucket).prefix(prefix).max_keys(page);
        let request = if after.is_empty() { request } else { request.start_after(after) };
        let mut pages = request.into_paginator().send();
        let mut keys = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|e| store_error(prefix, &e))?;
            keys.extend(page.contents().iter().filter_map(|object| object.key().map(str::to_owned)));
            if keys.len() >= most {
                keys.truncate(most);
                break;
            }
        }
        Ok(keys)
    }

    async fn delete(&self, key: &str) -> Result<(), StoreError> {
        let request = self.client.delete_object().bucket(&self.bucket).key(key);
        request.send().await.map(|_| ()).map_err(|e| store_error(key, &e))
    }
}
