//! The core's typed requests in the SDK's types, field by field.

pub(crate) mod container;
pub(crate) mod deployment;
pub(crate) mod endpoint_config;
pub(crate) mod package;

use aws_sdk_sagemaker::types::Tag;
use pawl::requests;

/// A count as the SDK wants it. What exceeds its range is refused by SageMaker, not wrapped round.
pub(crate) fn count(number: impl TryInto<i32>) -> i32 {
    number.try_into().unwrap_or(i32::MAX)
}

/// `Tag`s.
pub(crate) fn tags(tags: &[requests::ResourceTag]) -> Vec<Tag> {
    tags.iter().map(|tag| Tag::builder().key(&tag.key).value(&tag.value).build()).collect()
}
