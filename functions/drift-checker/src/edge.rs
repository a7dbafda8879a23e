//! The clients of this function.

use pawl::aws::{Objects, S3Store, SdkConfig};
use pawl::fault::Fault;

/// Everything outside: the ledger with its evidence, and the objects that are streamed.
pub(crate) struct Edge {
    pub(crate) store: S3Store,
    pub(crate) objects: Objects,
}

impl Edge {
    pub(crate) fn from_env(config: &SdkConfig) -> Result<Self, Fault> {
        Ok(Self { store: S3Store::from_env(config)?, objects: Objects::new(config) })
    }

    /// Hands the lines of an object of the evidence bucket over in pieces that end with a line, or with the object.
    pub(crate) async fn lines(&self, key: &str, mut take: impl FnMut(&[u8])) -> Result<(), Fault> {
        let mut body = self.objects.open_key(self.store.bucket(), key).await?;
        let mut carry = Vec::new();
        while let Some(piece) = body.next().await {
            let piece = piece.map_err(|e| Fault::Unavailable(format!("read {key}: {e}")))?;
            carry.extend_from_slice(&piece);
            if let Some(end) = carry.iter().rposition(|byte| *byte == b'\n') {
                take(carry.get(..=end).unwrap_or_default());
                carry.drain(..=end);
            }
            if carry.len() > LONGEST {
                return Err(Fault::BadInput(format!("{key}: a line of more than {LONGEST} bytes: split it")));
            }
        }
        take(&carry);
        Ok(())
    }
}

/// The longest line that is held in memory.
const LONGEST: usize = 1 << 20;
