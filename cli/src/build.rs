//! Which Pawl this command is, and which one the stack is.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::LazyLock;

use serde::Serialize;

use crate::reply::Failure;

/// The tags of the stack's bucket, as template.yaml writes them.
const VERSION_TAG: &str = "pawl:version";
const COMMIT_TAG: &str = "pawl:commit";
/// What stands where nobody said a commit.
const UNKNOWN: &str = "unknown";

/// What `pawl --version` says.
pub(crate) static OWN: LazyLock<String> = LazyLock::new(|| Build::own().to_string());

/// A version, and the commit that it was built from where that is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Build {
    pub(crate) version: String,
    pub(crate) commit: Option<String>,
}

impl Build {
    /// What this command was built from: `PAWL_COMMIT` said the commit then, as scripts/package does.
    pub(crate) fn own() -> Self {
        let commit = option_env!("PAWL_COMMIT").filter(|commit| !commit.is_empty());
        Self { version: env!("CARGO_PKG_VERSION").to_owned(), commit: commit.map(str::to_owned) }
    }

    /// What the tags of a stack's bucket say; nothing where the stack is older than the tags.
    pub(crate) fn of_tags(tags: &BTreeMap<String, String>) -> Option<Self> {
        let commit = tags.get(COMMIT_TAG).filter(|commit| *commit != UNKNOWN && !commit.is_empty());
        Some(Self { version: tags.get(VERSION_TAG)?.clone(), commit: commit.cloned() })
    }

    /// Whether both can be the same: a commit that is not known differs from none.
    fn may_be(&self, other: &Self) -> bool {
        let commits = self.commit.as_ref().zip(other.commit.as_ref());
        self.version == other.version && commits.is_none_or(|(one, other)| one == other)
    }
}

impl fmt::Display for Build {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let commit = self.commit.as_deref().map_or("commit unknown", |commit| commit);
        write!(f, "{} ({commit})", self.version)
    }
}

/// How the stack's build compares with the command's own.
#[derive(Debug, Serialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub(crate) enum StackBuild {
    /// The same, as far as both tell.
    Same { stack: Build },
    /// Another version, or another commit of the same one.
    Other { stack: Build, command: Build },
    /// The stack is older than the tags that tell.
    Untold,
    /// The tags could not be read.
    Unreadable { why: String },
}

impl StackBuild {
    pub(crate) fn compare(own: Build, found: Result<Option<Build>, Failure>) -> Self {
        match found {
            Ok(Some(stack)) if own.may_be(&stack) => Self::Same { stack },
            Ok(Some(stack)) => Self::Other { stack, command: own },
            Ok(None) => Self::Untold,
            Err(failure) => Self::Unreadable { why: failure.to_string() },
        }
    }

    /// The line of a page; none where nothing is to be said.
    pub(crate) fn warning(&self) -> Option<String> {
        match self {
            Self::Same { .. } => None,
            Self::Other { stack, command } => Some(format!(
                "is Pawl {stack}, and this command {command}: take the command of the stack's version, \
                 or deploy this one's"
            )),
            Self::Untold => Some("does not say which version of Pawl it is: it is 0.1.0 or older".to_owned()),
            Self::Unreadable { why } => Some(format!("which version of Pawl it is cannot be read: {why}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn build(version: &str, commit: Option<&str>) -> Build {
        Build { version: version.to_owned(), commit: commit.map(str::to_owned) }
    }

    fn tags(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn a_build_is_read_from_the_tags_of_the_template() {
        let both = tags(&[(VERSION_TAG, "1.2.3"), (COMMIT_TAG, "abc"), ("team", "x")]);
        assert_eq!(Build::of_tags(&both), Some(build("1.2.3", Some("abc"))));
        let untold = tags(&[(VERSION_TAG, "1.2.3"), (COMMIT_TAG, UNKNOWN)]);
        assert_eq!(Build::of_tags(&untold), Some(build("1.2.3", None)));
        assert_eq!(Build::of_tags(&tags(&[("team", "x")])), None);
        let template = include_str!("../../template.yaml");
        for tag in [VERSION_TAG, COMMIT_TAG] {
            assert!(template.contains(&format!("Key: '{tag}'")), "{tag}");
        }
    }

    #[test]
    fn only_what_surely_differs_is_another() {
        let warns = |own: Build, stack: Build| StackBuild::compare(own, Ok(Some(stack))).warning().is_some();
        assert!(!warns(build("1.2.3", Some("a")), build("1.2.3", Some("a"))));
        assert!(!warns(build("1.2.3", None), build("1.2.3", Some("a"))));
        assert!(!warns(build("1.2.3", Some("a")), build("1.2.3", None)));
        assert!(warns(build("1.2.3", Some("a")), build("1.2.3", Some("b"))));
        assert!(warns(build("1.2.3", None), build("1.2.4", None)));
        assert!(warns(build("1.2.3", Some("a")), build("1.2.4", Some("a"))));
    }

    #[test]
    fn what_cannot_be_known_is_said() {
        let untold = StackBuild::compare(build("1.2.3", None), Ok(None));
        assert!(untold.warning().is_some_and(|words| words.contains("does not say")));
        let refused = StackBuild::compare(build("1.2.3", None), Err(Failure::cannot_run("AccessDenied")));
        assert!(refused.warning().is_some_and(|words| words.contains("AccessDenied")));
    }
}
