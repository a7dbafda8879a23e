//! Identifiers and the short words that many modules share, each a type of its own.
//!
//! ```
//! use pawl_base::names::{ContentHash, Generation, ModelName};
//!
//! let model = ModelName::try_from("bike-demand".to_owned())?;
//! assert_eq!(model.as_str(), "bike-demand");
//! assert_eq!(Generation(7).next().to_string(), "8");
//! assert_eq!(ContentHash::of(b"abc").short(), "ba7816bf8f01cfea");
//! # Ok::<(), pawl_base::names::NameError>(())
//! ```

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Why a text is no valid identifier.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind} {text:?}: {reason}")]
pub struct NameError {
    /// What the text should have been, for example `model name`.
    pub kind: &'static str,
    /// The text as given.
    pub text: String,
    /// What is wrong with it, and what would be right.
    pub reason: &'static str,
}

/// A model's name: it names the pipeline, the endpoint, the package group and the executions.
///
/// 1 to 40 characters, letters, digits and single hyphens inside: the common ground of SageMaker's
/// 63 and Step Functions' 80 characters once a generation and a suffix are added.
#[derive(
    Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(try_from = "String", into = "String")]
pub struct ModelName(String);

impl ModelName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for ModelName {
    type Error = NameError;

    fn try_from(text: String) -> Result<Self, NameError> {
        let inside = |c: char| c.is_ascii_alphanumeric() || c == '-';
        let reason = if text.is_empty() || text.len() > 40 {
            "must have 1 to 40 characters"
        } else if !text.chars().all(inside) || text.contains("--") {
            "may hold only letters, digits and single hyphens"
        } else if text.starts_with('-') || text.ends_with('-') {
            "must begin and end with a letter or digit"
        } else {
            return Ok(Self(text));
        };
        Err(NameError { kind: "model name", text, reason })
    }
}

impl From<ModelName> for String {
    fn from(name: ModelName) -> String {
        name.0
    }
}

impl fmt::Display for ModelName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The name of an AWS region, such as `eu-west-1`.
#[derive(
    Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(try_from = "String", into = "String")]
pub struct RegionName(String);

impl RegionName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for RegionName {
    type Error = NameError;

    fn try_from(text: String) -> Result<Self, NameError> {
        let parts: Vec<&str> = text.split('-').collect();
        let word = |part: &&str| !part.is_empty() && part.chars().all(|c| c.is_ascii_lowercase());
        let fits = match parts.as_slice() {
            [area, places @ .., number] => {
                area.len() == 2
                    && word(area)
                    && !places.is_empty()
                    && places.iter().all(word)
                    && matches!(number.as_bytes(), [b'1'..=b'9'])
            }
            _ => false,
        };
        match fits {
            true => Ok(Self(text)),
            false => {
                Err(NameError { kind: "region", text, reason: "write it as AWS does, such as eu-west-1" })
            }
        }
    }
}

impl From<RegionName> for String {
    fn from(name: RegionName) -> String {
        name.0
    }
}

impl fmt::Display for RegionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The number of a run of a model's pipeline: 1, 2, 3 and so on, never used twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, Default)]
pub struct Generation(pub u64);

impl Generation {
    /// The generation after this one.
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl fmt::Display for Generation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// The digest of a stream in the making.
#[derive(Debug, Clone, Default)]
pub struct ContentHasher(Sha256);

impl ContentHasher {
    /// Adds bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The digest of all of them.
    pub fn finish(self) -> ContentHash {
        use fmt::Write;
        ContentHash(self.0.finalize().iter().fold(String::with_capacity(64), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        }))
    }
}

/// A SHA-256 digest in lower-case hexadecimal: the version of a dataset, the hash of evidence.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ContentHash(String);

impl ContentHash {
    /// The digest of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        let mut hasher = ContentHasher::default();
        hasher.update(bytes);
        hasher.finish()
    }

    /// All 64 digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first 16 digits, for keys and names where 64 are too many.
    pub fn short(&self) -> &str {
        self.0.get(..16).unwrap_or(&self.0)
    }
}

impl fmt::Display for ContentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn model_names_are_parsed_at_the_edge() {
        assert!(ModelName::try_from("bike-demand".to_owned()).is_ok());
        for bad in ["", "-a", "a-", "a--b", "a b", "a/b", &"x".repeat(41)] {
            assert!(ModelName::try_from(bad.to_owned()).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn regions_have_the_shape_that_aws_gives_them() {
        for good in ["eu-west-1", "ap-southeast-2", "us-gov-west-1"] {
            assert!(RegionName::try_from(good.to_owned()).is_ok(), "{good}");
        }
        for bad in ["", "eu-west", "eu-1", "EU-WEST-1", "europe-west-1", "eu-west-12", "eu--1", "eu-west-1 "]
        {
            assert!(RegionName::try_from(bad.to_owned()).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn digests_are_sha256() {
        assert_eq!(
            ContentHash::of(b"abc").as_str(),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }
}
