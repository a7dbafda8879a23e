//! A profile in few bytes: for keeping many of them.
//!
//! Eight bytes of magic, the version of the form (four bytes, little endian), then zstd over CBOR (RFC 8949)
//! of the same document that is also written as JSON.
//!
//! ```
//! use pawl_data::profile::Profile;
//!
//! let bytes = Profile::default().to_bytes()?;
//! assert_eq!(Profile::from_bytes(&bytes)?, Profile::default());
//! assert!(Profile::from_bytes(b"temp,city").is_err());
//! # Ok::<(), pawl_data::profile::binary::BinaryError>(())
//! ```

use std::io::Read;

use super::{PROFILE_VERSION, Profile};

/// The first bytes of every profile in binary form.
pub const MAGIC: &[u8; 8] = b"\x89PAWLPRO";

/// The most that a profile unpacks to, in bytes: 20,000 columns of the largest sketches stay below.
const LIMIT: u64 = 4 << 30;

/// Why bytes are no profile.
#[derive(Debug, thiserror::Error)]
pub enum BinaryError {
    /// Other first bytes.
    #[error("not a profile in binary form: its first bytes are others")]
    Magic,
    /// Another version.
    #[error("a profile of version {found}, and this pawl reads version {PROFILE_VERSION}: write it anew")]
    Version {
        /// The version found.
        found: u32,
    },
    /// Cut short or damaged.
    #[error("a damaged profile: {0}: write it anew")]
    Damaged(String),
}

impl Profile {
    /// The profile in binary form.
    ///
    /// # Errors
    /// [`BinaryError::Damaged`] where memory does not suffice for it.
    pub fn to_bytes(&self) -> Result<Vec<u8>, BinaryError> {
        let mut plain = Vec::new();
        ciborium::into_writer(self, &mut plain).map_err(|e| BinaryError::Damaged(e.to_string()))?;
        let packed =
            zstd::encode_all(plain.as_slice(), 3).map_err(|e| BinaryError::Damaged(e.to_string()))?;
        Ok([MAGIC, &PROFILE_VERSION.to_le_bytes()[..], &packed].concat())
    }

    /// Reads what [`Profile::to_bytes`] wrote.
    ///
    /// # Errors
    /// A [`BinaryError`] for anything else.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, BinaryError> {
        let rest = bytes.strip_prefix(MAGIC).ok_or(BinaryError::Magic)?;
        let (version, packed) = rest.split_first_chunk::<4>().ok_or(BinaryError::Magic)?;
        let found = u32::from_le_bytes(*version);
        if found != PROFILE_VERSION {
            return Err(BinaryError::Version { found });
        }
        let plain = zstd::Decoder::new(packed).map_err(|e| BinaryError::Damaged(e.to_string()))?;
        ciborium::from_reader(plain.take(LIMIT)).map_err(|e| BinaryError::Damaged(e.to_string()))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::dataset::{Scanner, Schema};

    fn profile() -> Profile {
        let rows: String =
            (0..5_000).map(|row| format!("{},{},c{}\n", row, f64::from(row).sqrt(), row % 7)).collect();
        let mut scanner = Scanner::new(&Schema::default());
        scanner.feed(format!("id,root,class\n{rows}inf,NaN,\n").as_bytes(), &mut ()).unwrap();
        scanner.finish(&mut ()).unwrap().profile
    }

    #[test]
    fn a_profile_survives_and_takes_fewer_bytes_than_json() {
        let profile = profile();
        let bytes = profile.to_bytes().unwrap();
        assert_eq!(Profile::from_bytes(&bytes).unwrap(), profile);
        assert!(bytes.len() < serde_json::to_vec(&profile).unwrap().len() / 2, "{} bytes", bytes.len());
    }

    #[test]
    fn anything_else_is_refused() {
        let bytes = profile().to_bytes().unwrap();
        assert!(matches!(Profile::from_bytes(b"{}"), Err(BinaryError::Magic)));
        assert!(matches!(Profile::from_bytes(&bytes[..9]), Err(BinaryError::Magic)));
        let mut other = bytes.clone();
        other[8] = 9;
        assert!(matches!(Profile::from_bytes(&other), Err(BinaryError::Version { found: 9 })));
        for length in 12..bytes.len() {
            assert!(
                matches!(Profile::from_bytes(&bytes[..length]), Err(BinaryError::Damaged(_))),
                "{length}"
            );
        }
    }
}
