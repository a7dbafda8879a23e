//! Whose a resource in SageMaker is: told by its tags, which only who makes it writes.

use std::collections::BTreeMap;

use crate::names::ModelName;
use crate::release::ConfigName;
use crate::requests::{CreateEndpoint, ResourceTag};

/// The tag that names the model.
const MODEL: &str = "pawl:model";
/// The tag that names the stack, by its bucket: two stacks may have models of one name.
const BUCKET: &str = "pawl:bucket";

/// A model of one stack.
#[derive(Debug, Clone, Copy)]
pub struct Owner<'a> {
    /// The model.
    pub model: &'a ModelName,
    /// The bucket of the stack's evidence, wherever the resource stands.
    pub bucket: &'a str,
}

impl Owner<'_> {
    /// CreateEndpoint. The endpoint has the model's name.
    pub fn endpoint(&self, config: ConfigName) -> CreateEndpoint {
        CreateEndpoint {
            endpoint_name: self.model.to_string(),
            endpoint_config_name: config,
            tags: self.tags(),
        }
    }

    /// The tags that say so.
    pub fn tags(&self) -> Vec<ResourceTag> {
        let tag = |key: &str, value: &str| ResourceTag { key: key.to_owned(), value: value.to_owned() };
        vec![tag(MODEL, self.model.as_str()), tag(BUCKET, self.bucket)]
    }

    /// Whether the tags of an endpoint say so.
    pub fn owns(&self, tags: &BTreeMap<String, String>) -> bool {
        let says = |key: &str| tags.get(key).map(String::as_str);
        says(MODEL) == Some(self.model.as_str()) && says(BUCKET) == Some(self.bucket)
    }

    /// Whether the tags of a config or model allow to delete it. Those of the first release do not name the
    /// stack.
    pub fn may_delete(&self, tags: &BTreeMap<String, String>) -> bool {
        tags.get(MODEL).is_some_and(|model| model == self.model.as_str())
            && tags.get(BUCKET).is_none_or(|bucket| bucket == self.bucket)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn an_owner_is_a_model_of_one_stack() {
        let model = ModelName::try_from("churn".to_owned()).unwrap();
        let owner = Owner { model: &model, bucket: "pawl-a" };
        let tags = |pairs: &[(&str, &str)]| {
            pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
        };
        let own: BTreeMap<String, String> =
            owner.tags().into_iter().map(|tag| (tag.key, tag.value)).collect();
        assert!(owner.owns(&own) && owner.may_delete(&own));
        let first: BTreeMap<String, String> = tags(&[(MODEL, "churn"), ("pawl:generation", "1")]);
        assert!(!owner.owns(&first) && owner.may_delete(&first));
        for other in [
            tags(&[]),
            tags(&[(MODEL, "churn-eu"), (BUCKET, "pawl-a")]),
            tags(&[(MODEL, "churn"), (BUCKET, "pawl-b")]),
            tags(&[(BUCKET, "pawl-a")]),
        ] {
            assert!(!owner.owns(&other) && !owner.may_delete(&other), "{other:?}");
        }
    }
}
