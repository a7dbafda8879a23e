//! Finds delimiters and line ends eight bytes at a time, in plain integer arithmetic.

const ONES: u64 = 0x0101_0101_0101_0101;
const LOW: u64 = 0x7F7F_7F7F_7F7F_7F7F;
const NEWLINES: u64 = ONES * b'\n' as u64;

/// Walks over the delimiters and line ends of a buffer.
#[derive(Debug)]
pub(crate) struct Separators<'a> {
    buffer: &'a [u8],
    delimiters: u64,
    /// Where the current word starts.
    base: usize,
    /// The highest bit of each byte of the word that is a separator and still to come.
    pending: u64,
}

impl<'a> Separators<'a> {
    pub(crate) fn new(buffer: &'a [u8], delimiter: u8) -> Self {
        let mut separators = Self { buffer, delimiters: ONES * u64::from(delimiter), base: 0, pending: 0 };
        separators.seek(0);
        separators
    }

    /// Goes on from this position.
    pub(crate) fn seek(&mut self, at: usize) {
        self.base = at;
        self.pending = self.load();
    }

    /// The position of the next separator.
    #[inline]
    pub(crate) fn next(&mut self) -> Option<usize> {
        while self.pending == 0 {
            self.base += 8;
            if self.base >= self.buffer.len() {
                return None;
            }
            self.pending = self.load();
        }
        let at = self.base + (self.pending.trailing_zeros() / 8) as usize;
        self.pending &= self.pending - 1;
        Some(at)
    }

    #[inline]
    fn load(&self) -> u64 {
        let word = match self.buffer.get(self.base..).and_then(|rest| rest.first_chunk::<8>()) {
            Some(chunk) => u64::from_le_bytes(*chunk),
            None => {
                // The tail, padded with a byte that is no separator.
                let rest = self.buffer.get(self.base..).unwrap_or_default();
                let mut chunk = [b'x'; 8];
                chunk[..rest.len()].copy_from_slice(rest);
                u64::from_le_bytes(chunk)
            }
        };
        zero_bytes(word ^ self.delimiters) | zero_bytes(word ^ NEWLINES)
    }
}

/// Sets the highest bit of each byte that is zero, exactly.
#[inline]
fn zero_bytes(word: u64) -> u64 {
    !(((word & LOW) + LOW) | word | LOW)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_separator_is_found(
            bytes in prop::collection::vec(prop::sample::select(b"ab,\n;\xAC\x8A\x2D\"".to_vec()), 0..70),
            from in 0usize..70,
        ) {
            let from = from.min(bytes.len());
            let mut separators = Separators::new(&bytes, b',');
            separators.seek(from);
            let mut found = Vec::new();
            while let Some(at) = separators.next() {
                found.push(at);
            }
            let expected: Vec<usize> =
                (from..bytes.len()).filter(|&at| bytes[at] == b',' || bytes[at] == b'\n').collect();
            prop_assert_eq!(found, expected);
        }
    }
}
