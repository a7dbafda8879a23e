//! The seed of whatever is drawn at random in a judgement.

use pawl::names::ContentHash;

/// The same data gives the same seed, so that a judgement can be made again.
pub(crate) fn seed(dataset: &ContentHash) -> u64 {
    u64::from_str_radix(dataset.short(), 16).unwrap_or(0)
}
