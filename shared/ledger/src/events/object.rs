//! Objects that were written or deleted: S3's own notification and EventBridge's.

use aws_lambda_events::s3::{S3Entity, S3EventRecord};
use jiff::Timestamp;
use percent_encoding::percent_decode_str;

use super::error::DecodeError;
use super::json::Node;

/// What happened to an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ObjectEvent {
    /// Written.
    Created,
    /// Deleted, or hidden by a delete marker.
    Deleted,
}

/// An object that was written or deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectChange {
    /// What happened.
    pub event: ObjectEvent,
    /// The bucket's name.
    pub bucket: String,
    /// The key, decoded: as `GetObject` takes it.
    pub key: String,
    /// The version, where the bucket keeps versions.
    pub version: Option<String>,
    /// S3's order of events on one key, as hexadecimal digits.
    pub sequencer: Option<String>,
    /// The entity tag; of a multipart upload it ends in `-N` and is no MD5.
    pub etag: Option<String>,
    /// The size in bytes; a deletion has none.
    pub size: Option<u64>,
    /// When.
    pub at: Timestamp,
}

impl ObjectChange {
    /// One record of the shape that S3 sends to Lambda, SNS and SQS. Its key is form-URL-encoded.
    pub(super) fn from_record(record: Node<'_>) -> Result<Option<Self>, DecodeError> {
        let name = record.need(&["eventName"])?;
        let event = if name.contains("ObjectCreated") {
            ObjectEvent::Created
        } else if name.contains("ObjectRemoved") || name.contains("LifecycleExpiration") {
            ObjectEvent::Deleted
        } else {
            // Tagging, replication, restores: they neither bring nor take data.
            return Ok(None);
        };
        let at = record.need_time(&["eventTime"])?;
        let S3EventRecord { s3: S3Entity { bucket, object, .. }, .. } = record.typed()?;
        let encoded = filled(object.key).ok_or_else(|| record.missing(&["s3.object.key"]))?.replace('+', " ");
        let key = percent_decode_str(&encoded)
            .decode_utf8()
            .map_err(|_| record.invalid(&["s3.object.key"], "a form-URL-encoded UTF-8 text"))?
            .into_owned();
        let change = Self {
            event,
            bucket: filled(bucket.name).ok_or_else(|| record.missing(&["s3.bucket.name"]))?,
            key,
            version: filled(object.version_id),
            sequencer: filled(object.sequencer),
            etag: filled(object.e_tag),
            size: object.size.and_then(|size| size.try_into().ok()),
            at,
        };
        change.told_apart(record, "s3.object.versionId").map(Some)
    }

    /// EventBridge's `Object Created` and `Object Deleted`. The key is raw. `aws_lambda_events` has no type
    /// for them.
    pub(super) fn from_event(event: Node<'_>, kind: ObjectEvent, at: Timestamp) -> Result<Self, DecodeError> {
        let change = Self {
            event: kind,
            bucket: event.need(&["detail.bucket.name"])?,
            key: event.need(&["detail.object.key"])?,
            version: event.text(&["detail.object.version-id"]),
            sequencer: event.text(&["detail.object.sequencer"]),
            etag: event.text(&["detail.object.etag", "detail.object.eTag"]),
            size: event.at("detail.object.size").and_then(|size| size.value.as_u64()),
            at,
        };
        change.told_apart(event, "detail.object.version-id")
    }

    /// Without version, sequencer and entity tag two different objects would look like one.
    fn told_apart(self, node: Node<'_>, version: &str) -> Result<Self, DecodeError> {
        if self.version.is_none() && self.sequencer.is_none() && self.etag.is_none() {
            return Err(node.missing(&[version, "sequencer", "etag"]));
        }
        Ok(self)
    }
}

/// A text, unless it is empty.
fn filled(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}
