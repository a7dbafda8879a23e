//! Rows in the order of their scores, those of one score together. Ten million take about a second and four
//! bytes a row beside what they hold: numbers of rows are dealt into buckets of neighbouring scores, and one
//! bucket at a time is sorted.
//!
//! ```
//! use pawl_stats::sorted::Tag;
//!
//! let tag = Tag::new(true, 7);
//! assert_eq!((tag.positive(), tag.block()), (true, 7));
//! ```

/// The label and the resampling block of a row, in 16 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tag(u16);

impl Tag {
    /// The last block there can be.
    pub const LAST_BLOCK: u16 = u16::MAX >> 1;

    /// A row's tag; blocks count from 0 to [`LAST_BLOCK`](Self::LAST_BLOCK), which stands for later ones too.
    pub fn new(positive: bool, block: u32) -> Self {
        let block = u16::try_from(block).map_or(Self::LAST_BLOCK, |block| block.min(Self::LAST_BLOCK));
        Self((block << 1) | u16::from(positive))
    }

    /// Whether the row's label is the positive class.
    pub fn positive(self) -> bool {
        self.0 & 1 == 1
    }

    /// The block the row is resampled with.
    pub fn block(self) -> usize {
        usize::from(self.0 >> 1)
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

/// Half of the buckets: as many again are told apart by a second scale.
const HALF: usize = 1 << 13;

/// Rows by rising score. Scores are finite; −0 counts as 0. `None` with more than 2³² rows or lists of
/// unlike length.
pub(super) fn by_score(scores: &[f64], tags: &[Tag]) -> Option<Vec<Entry>> {
    if scores.len() != tags.len() || u32::try_from(scores.len()).is_err() {
        return None;
    }
    let rows = scores.iter().zip(tags).enumerate();
    let mut rows: Vec<Entry> = rows.map(|(row, (&score, &tag))| entry(score, row as u32, tag)).collect();
    sort(&mut rows);
    Some(rows)
}

/// Hands on the rows of one score together, by rising score, and puts in the place of their scores what
/// `each` says of the negative and of the positive ones. The same conditions.
pub(super) fn replace_by_score(
    scores: &mut [f64],
    tags: &[Tag],
    mut each: impl FnMut(&[Entry]) -> [f64; 2],
) -> Option<()> {
    if scores.len() != tags.len() || u32::try_from(scores.len()).is_err() {
        return None;
    }
    let Buckets { order, ends } = Buckets::of(scores);
    let mut bucket: Vec<Entry> = Vec::new();
    let mut from = 0;
    for end in ends {
        let rows = order.get(from..end as usize).unwrap_or_default();
        from = end as usize;
        bucket.clear();
        for &row in rows {
            let place = row as usize;
            if let (Some(&score), Some(&tag)) = (scores.get(place), tags.get(place)) {
                bucket.push(entry(score, row, tag));
            }
        }
        sort(&mut bucket);
        for ties in bucket.chunk_by(Entry::ties) {
            let [negative, positive] = each(ties);
            for entry in ties {
                if let Some(score) = scores.get_mut(entry.row as usize) {
                    *score = if entry.tag.positive() { positive } else { negative };
                }
            }
        }
    }
    Some(())
}

/// Numbers of rows, bucket by bucket of rising scores, and where each bucket ends.
struct Buckets {
    order: Vec<u32>,
    ends: Vec<u32>,
}

impl Buckets {
    fn of(scores: &[f64]) -> Self {
        let scale = Scale::of(scores);
        let mut ends = vec![0_u32; 2 * HALF];
        for &score in scores {
            if let Some(count) = ends.get_mut(scale.bucket(score)) {
                *count += 1;
            }
        }
        let mut next = 0;
        for count in &mut ends {
            next += std::mem::replace(count, next);
        }
        let mut order = vec![0_u32; scores.len()];
        for (row, &score) in scores.iter().enumerate() {
            if let Some(place) = ends.get_mut(scale.bucket(score)) {
                if let Some(slot) = order.get_mut(*place as usize) {
                    *slot = row as u32;
                }
                *place += 1;
            }
        }
        Self { order, ends }
    }
}

/// Which bucket a score falls into: by its distance from the least one, and by that of its bits, which part
/// scores near zero. Each rises with the score, and so does their sum.
struct Scale {
    least: f64,
    by_distance: f64,
    least_bits: u64,
    shift: u32,
}

impl Scale {
    fn of(scores: &[f64]) -> Self {
        let least = scores.iter().copied().fold(f64::INFINITY, f64::min);
        let most = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let range = most - least;
        let by_distance = if range > 0.0 && range.is_finite() { (HALF - 1) as f64 / range } else { 0.0 };
        let least_bits = rising_bits(least);
        let widest = rising_bits(most).saturating_sub(least_bits);
        Self {
            least,
            by_distance,
            least_bits,
            shift: (u64::BITS - widest.leading_zeros()).saturating_sub(HALF.trailing_zeros()),
        }
    }

    fn bucket(&self, score: f64) -> usize {
        let by_distance = ((score - self.least) * self.by_distance) as usize;
        let by_bits = (rising_bits(score).saturating_sub(self.least_bits) >> self.shift) as usize;
        by_distance.min(HALF - 1) + by_bits.min(HALF - 1)
    }
}

fn entry(score: f64, row: u32, tag: Tag) -> Entry {
    Entry { key: rising_bits(score), row, tag }
}

/// By score, rows of one score by their number.
fn sort(rows: &mut [Entry]) {
    rows.sort_unstable_by_key(|entry| (entry.key, entry.row));
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

    /// Rows in the order in which they are handed on.
    fn handed_on(scores: &[f64]) -> (Vec<Vec<usize>>, Vec<f64>) {
        let tags: Vec<Tag> = (0..scores.len()).map(|i| Tag::new(i % 3 == 0, i as u32)).collect();
        let (mut groups, mut replaced) = (Vec::new(), scores.to_vec());
        let found = replace_by_score(&mut replaced, &tags, |ties| {
            groups.push(ties.iter().map(|entry| entry.row as usize).collect());
            [-(groups.len() as f64), groups.len() as f64]
        });
        assert_eq!(found, Some(()));
        (groups, replaced)
    }

    fn score() -> impl Strategy<Value = f64> {
        let tiny = (-300_i32..0).prop_map(|exponent| 10_f64.powi(exponent));
        prop_oneof![
            -1e3_f64..1e3,
            0.0_f64..1.0,
            tiny,
            (-9_i32..9).prop_map(f64::from),
            Just(-0.0),
            Just(f64::MIN)
        ]
    }

    proptest! {
        #[test]
        fn sorts_as_the_standard_library(scores in prop::collection::vec(score(), 0..300)) {
            let tags: Vec<Tag> = (0..scores.len()).map(|i| Tag::new(i % 3 == 0, i as u32)).collect();
            let found = by_score(&scores, &tags).unwrap();
            let mut expected: Vec<usize> = (0..scores.len()).collect();
            expected.sort_by(|&a, &b| (scores[a] + 0.0).total_cmp(&(scores[b] + 0.0)));
            prop_assert_eq!(found.iter().map(|e| e.row as usize).collect::<Vec<_>>(), expected.clone());
            prop_assert!(found.iter().all(|e| e.tag == tags[e.row as usize]));
            let (groups, replaced) = handed_on(&scores);
            prop_assert_eq!(groups.concat(), expected);
            for (place, group) in groups.iter().enumerate() {
                prop_assert!(group.iter().all(|&row| scores[row] == scores[group[0]]));
                let number = (place + 1) as f64;
                let expected = |row: usize| if row.is_multiple_of(3) { number } else { -number };
                let right = group.iter().all(|&row| replaced[row] == expected(row));
                prop_assert!(right);
            }
            let together = groups.windows(2).all(|pair| scores[pair[0][0]] < scores[pair[1][0]]);
            prop_assert!(together);
        }
    }

    #[test]
    fn zeros_tie_whatever_their_sign() {
        let tags = [Tag::new(true, 7), Tag::new(false, 3)];
        let found = by_score(&[0.0, -0.0], &tags).unwrap();
        assert!(found[0].ties(&found[1]));
        assert_eq!((tags[0].block(), tags[0].positive(), tags[1].positive()), (7, true, false));
        assert!(by_score(&[0.0], &tags).is_none());
        assert!(replace_by_score(&mut [0.0], &tags, |_| [0.0; 2]).is_none());
        assert_eq!(Tag::new(true, 1 << 20).block(), usize::from(Tag::LAST_BLOCK));
    }

    /// Scores of all sizes share the buckets: no bucket of a million holds more than a hundredth.
    #[test]
    fn buckets_are_small_whatever_the_scale() {
        let even = |row: u32| f64::from(row) / 1e6;
        let scales: [fn(f64) -> f64; 4] =
            [|x| x, |x| 10_f64.powf(-12.0 * x), |x| 1.0 - x / 1e3, |x| if x < 0.01 { 0.0 } else { x }];
        for (which, of) in scales.into_iter().enumerate() {
            let scores: Vec<f64> = (0..1_000_000).map(|row| of(even(row))).collect();
            let ends = Buckets::of(&scores).ends;
            let largest = ends.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap_or(0);
            assert!(largest <= 10_000, "{which}: {largest}");
        }
    }
}
