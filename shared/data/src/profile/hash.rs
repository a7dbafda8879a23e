//! A fixed 64-bit hash: the same on every machine, so that sketches of partitions merge.
//!
//! ```
//! use pawl_data::profile::hash;
//!
//! assert_eq!(hash::bytes(b"Rome"), hash::bytes(b"Rome"));
//! assert_ne!(hash::bytes(b"Rome"), hash::bytes(b"Paris"));
//! ```

use std::hash::{BuildHasherDefault, Hasher};

use pawl_base::random::mix;

/// The hash of a text.
pub fn bytes(text: &[u8]) -> u64 {
    let mut state = 0x51_7C_C1_B7_27_22_0A_95 ^ text.len() as u64;
    let mut chunks = text.chunks_exact(8);
    for chunk in &mut chunks {
        let word = chunk.iter().rev().fold(0u64, |word, &byte| word << 8 | u64::from(byte));
        state = (state.rotate_left(23) ^ word).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }
    let tail = chunks.remainder().iter().rev().fold(0u64, |word, &byte| word << 8 | u64::from(byte));
    mix((state.rotate_left(23) ^ tail).wrapping_mul(0x9E37_79B9_7F4A_7C15))
}

/// The hash of a number; minus zero and zero are one.
pub fn number(number: f64) -> u64 {
    mix(if number == 0.0 { 0 } else { number.to_bits() })
}

/// The hash for tables of our own: bounded tables, so a hostile key can slow but not fill them.
#[derive(Debug, Default, Clone, Copy)]
pub struct TableHasher(u64);

impl Hasher for TableHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, text: &[u8]) {
        self.0 = mix(self.0 ^ bytes(text));
    }

    fn write_u64(&mut self, bits: u64) {
        self.0 = mix(self.0 ^ bits);
    }
}

/// Builds [`TableHasher`]s.
pub type TableState = BuildHasherDefault<TableHasher>;
