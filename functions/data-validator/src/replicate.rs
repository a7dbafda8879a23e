//! Copies a model's archive, as a stream: out of the reach of the training that wrote it, or into a bucket of
//! another region.

use pawl::edge::{Body, Objects, Upload};
use pawl::fault::Fault;
use pawl::names::RegionName;
use serde::Deserialize;
use serde_json::{Value, json};

/// What is copied, and where to.
#[derive(Debug, Deserialize)]
pub(crate) struct Copy {
    /// `s3://<bucket>/<key>` at home.
    from: String,
    /// `None` is home.
    region: Option<RegionName>,
    bucket: String,
    key: String,
}

/// Copies the archive. Nothing stands at the key until all of it has arrived, and no key is used for two
/// archives, so one of the same size is the same.
pub(crate) async fn replicate(objects: &impl Objects, copy: &Copy) -> Result<Value, Fault> {
    let Copy { from, region, bucket, key } = copy;
    let path = from.strip_prefix("s3://").and_then(|path| path.split_once('/'));
    let (home, source) = path.ok_or_else(|| Fault::BadInput(format!("copy.from: {from} is no s3:// URI")))?;
    let listed = objects.list(home, source).await?;
    let object = listed.into_iter().find(|object| object.key == source);
    let object = object.ok_or_else(|| Fault::NotFound(format!("{from}: no archive stands there")))?;
    let there = region.as_ref().map_or_else(|| objects.clone(), |region| objects.in_region(region));
    let stands = there.list(bucket, key).await?;
    if stands.iter().any(|found| found.key == *key && found.size == object.size) {
        return Ok(json!({ "bytes": object.size, "copied": "before" }));
    }
    let mut upload = there.upload(bucket, key);
    let mut body = objects.open(&object, 0, object.size).await?;
    let mut bytes = 0;
    while let Some(piece) = body.next().await? {
        bytes += piece.len() as u64;
        upload.buffer().extend_from_slice(&piece);
        if upload.is_full() {
            upload.send_part().await?;
        }
    }
    if bytes != object.size {
        return Err(Fault::Unavailable(format!("read {from}: {bytes} of {} bytes came", object.size)));
    }
    upload.finish().await?;
    Ok(json!({ "bytes": bytes, "copied": "now" }))
}
