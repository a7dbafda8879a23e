//! Objects that were written or deleted: S3's own notification and EventBridge's.

use jiff::Timestamp;
use percent_encoding::percent_decode_str;

use super::DecodeError;
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
        let encoded = record.need(&["s3.object.key"])?.replace('+', " ");
        let key = percent_decode_str(&encoded)
            .decode_utf8()
            .map_err(|_| record.invalid(&["s3.object.key"], "a form-URL-encoded UTF-8 text"))?
            .into_owned();
        let at = record.need_time(&["eventTime"])?;
        Self::read(record, event, key, "s3.", "versionId", at).map(Some)
    }

    /// EventBridge's `Object Created` and `Object Deleted`. The key is raw.
    pub(super) fn from_event(event: Node<'_>, kind: ObjectEvent, at: Timestamp) -> Result<Self, DecodeError> {
        let key = event.need(&["detail.object.key"])?;
        Self::read(event, kind, key, "detail.", "version-id", at)
    }

    fn read(
        node: Node<'_>,
        event: ObjectEvent,
        key: String,
        root: &str,
        version: &str,
        at: Timestamp,
    ) -> Result<Self, DecodeError> {
        let field = |name: &str| node.text(&[&format!("{root}object.{name}")]);
        let change = Self {
            event,
            bucket: node.need(&[&format!("{root}bucket.name")])?,
            key,
            version: field(version),
            sequencer: field("sequencer"),
            etag: node.text(&[&format!("{root}object.eTag"), &format!("{root}object.etag")]),
            size: node.at(&format!("{root}object.size")).and_then(|size| size.value.as_u64()),
            at,
        };
        // Without any of them two different objects would look like one.
        if change.version.is_none() && change.sequencer.is_none() && change.etag.is_none() {
            return Err(node.missing(&[&format!("{root}object.{version}"), "sequencer", "etag"]));
        }
        Ok(change)
    }
}
