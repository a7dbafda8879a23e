//! Which pushes of code a pipeline is made of.

use super::Pipeline;

impl Pipeline {
    /// Whether a push concerns this pipeline: of the image that trains and serves, under its tag; or of a
    /// repository that `decide.repositories` names. `reference` is the tag or the branch.
    ///
    /// An image that is named by its digest changes by no push.
    pub fn is_made_of(&self, repository: &str, reference: Option<&str>) -> bool {
        let image = repository_and_tag(&self.train.image);
        let of_image = image.is_some_and(|(name, tag)| name == repository && reference == Some(tag));
        of_image || self.decide.repositories.iter().any(|named| is(named, repository, reference))
    }
}

/// Whether `NAME` or `NAME@BRANCH` is this repository.
fn is(named: &str, repository: &str, reference: Option<&str>) -> bool {
    match named.rsplit_once('@') {
        Some((name, branch)) => name == repository && reference == Some(branch),
        None => named == repository,
    }
}

/// The repository and tag of an image of a registry. Without a tag it is `latest`.
fn repository_and_tag(image: &str) -> Option<(&str, &str)> {
    let (registry, rest) = image.split_once('/')?;
    if !registry.contains('.') || rest.contains('@') {
        return None;
    }
    Some(rest.rsplit_once(':').unwrap_or((rest, "latest")))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn pipeline(image: &str, decide: &str) -> Pipeline {
        let yaml = format!(
            "model: m\ndata: {{bucket: b, prefix: m/, label: {{column: y}}, features: [x]}}\n\
             train: {{image: '{image}'}}\ndecide: {{{decide}}}"
        );
        Pipeline::parse(yaml.as_bytes()).unwrap()
    }

    #[test]
    fn a_push_concerns_only_the_models_whose_image_it_is() {
        const REGISTRY: &str = "123456789012.dkr.ecr.eu-west-1.amazonaws.com";
        let of = |image: &str, repository, tag| {
            pipeline(&format!("{REGISTRY}/{image}"), "").is_made_of(repository, Some(tag))
        };
        assert!(of("team/bike:1", "team/bike", "1"));
        assert!(of("bike", "bike", "latest"));
        for (image, repository, tag) in [
            ("team/bike:1", "team/bike", "2"),
            ("team/bike:1", "bike", "1"),
            ("bike:1", "bike-two", "1"),
            (
                "bike@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
                "bike",
                "latest",
            ),
        ] {
            assert!(!of(image, repository, tag), "{image} {repository} {tag}");
        }
        assert!(!pipeline("bike:1", "").is_made_of("bike", Some("1")), "no registry's image");
    }

    #[test]
    fn a_commit_concerns_those_who_name_its_repository_and_branch() {
        let named = pipeline("i", "repositories: [models, shared@main]");
        assert!(named.is_made_of("models", Some("any")) && named.is_made_of("models", None));
        assert!(named.is_made_of("shared", Some("main")));
        assert!(!named.is_made_of("shared", Some("trial")) && !named.is_made_of("shared", None));
        assert!(!named.is_made_of("others", Some("main")));
    }
}
