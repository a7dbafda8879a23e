//! Rows in the order of their scores, by a radix sort: ten million take well under a second.
//!
//! ```
//! use pawl_stats::sorted::Tag;
//!
//! let tag = Tag::new(true, 7);
//! assert_eq!((tag.positive(), tag.block()), (true, 7));
//! ```

/// The label and the resampling block of a row, in 32 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tag(u32);

impl Tag {
    /// A row's tag; blocks count from 0 to 2³¹ − 1.
    pub fn new(positive: bool, block: u32) -> Self {
        Self((block << 1) | u32::from(positive))
    }

    /// Whether the row's label is the positive class.
    pub fn positive(self) -> bool {
        self.0 & 1 == 1
    }

    /// The block the row is resampled with.
    pub fn block(self) -> usize {
        (self.0 >> 1) as usize
    }
}

/// A row on its way to its place: 16 bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    key: u64,
    pub(super) row: u32,
    pub(super) tag: Tag,
}

impl Entry {
    /// Whether two rows have the same score.
    pub(super) fn ties(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

const DIGIT_BITS: u32 = 11;
const DIGITS: usize = 1 << DIGIT_BITS;
const PASSES: u32 = 64_u32.div_ceil(DIGIT_BITS);

/// Rows by rising score. Scores are finite; −0 counts as 0. `None` with more than 2³² rows or lists of
/// unlike length.
pub(super) fn by_score(scores: &[f64], tags: &[Tag]) -> Option<Vec<Entry>> {
    if scores.len() != tags.len() || u32::try_from(scores.len()).is_err() {
        return None;
    }
    let mut from: Vec<Entry> = Vec::with_capacity(scores.len());
    let mut counts = vec![[0_u32; DIGITS]; PASSES as usize];
    for (row, (&score, &tag)) in scores.iter().zip(tags).enumerate() {
        let key = rising_bits(score);
        for (pass, counts) in (0..PASSES).zip(&mut counts) {
            if let Some(count) = counts.get_mut(digit(key, pass)) {
                *count += 1;
            }
        }
        from.push(Entry { key, row: row as u32, tag });
    }
    let mut to = from.clone();
    for (pass, counts) in (0..PASSES).zip(&mut counts) {
        // A digit that all rows share moves nothing.
        if counts.iter().any(|&count| count as usize == from.len()) {
            continue;
        }
        let mut next = 0;
        for count in counts.iter_mut() {
            next += std::mem::replace(count, next);
        }
        for &entry in &from {
            if let Some(place) = counts.get_mut(digit(entry.key, pass)) {
                if let Some(slot) = to.get_mut(*place as usize) {
                    *slot = entry;
                }
                *place += 1;
            }
        }
        std::mem::swap(&mut from, &mut to);
    }
    Some(from)
}

fn digit(key: u64, pass: u32) -> usize {
    (key >> (pass * DIGIT_BITS)) as usize & (DIGITS - 1)
}

/// Bits whose order as a whole number is the order of the scores.
fn rising_bits(score: f64) -> u64 {
    let bits = (score + 0.0).to_bits();
    if bits >> 63 == 0 { bits | (1 << 63) } else { !bits }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn sorts_as_the_standard_library(scores in prop::collection::vec(-1e3_f64..1e3, 0..300)) {
            let tags: Vec<Tag> = (0..scores.len()).map(|i| Tag::new(i % 3 == 0, i as u32)).collect();
            let found = by_score(&scores, &tags).unwrap();
            let mut expected: Vec<usize> = (0..scores.len()).collect();
            expected.sort_by(|&a, &b| scores[a].total_cmp(&scores[b]));
            prop_assert_eq!(found.iter().map(|e| e.row as usize).collect::<Vec<_>>(), expected);
            prop_assert!(found.iter().all(|e| e.tag == tags[e.row as usize]));
        }
    }

    #[test]
    fn zeros_tie_whatever_their_sign() {
        let tags = [Tag::new(true, 7), Tag::new(false, 3)];
        let found = by_score(&[0.0, -0.0], &tags).unwrap();
        assert!(found[0].ties(&found[1]));
        assert_eq!((tags[0].block(), tags[0].positive(), tags[1].positive()), (7, true, false));
        assert!(by_score(&[0.0], &tags).is_none());
    }
}
