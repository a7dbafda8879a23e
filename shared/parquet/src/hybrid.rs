//! The hybrid of runs and packed bits that levels, dictionary codes and booleans are written in.

/// A stretch of numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Run<'a> {
    /// One number, repeated.
    Same {
        /// The number.
        value: u32,
        /// How often.
        count: usize,
    },
    /// Numbers of a fixed width in bits, packed from the lowest bit up.
    Packed {
        /// The bits.
        bytes: &'a [u8],
        /// How many numbers.
        count: usize,
    },
}

/// Hands out the runs of `count` numbers of `width` bits (0 to 32). None when the bytes hold fewer.
pub(crate) fn runs<'a>(
    mut bytes: &'a [u8],
    width: u32,
    mut count: usize,
    mut each: impl FnMut(Run<'a>) -> Option<()>,
) -> Option<()> {
    while count > 0 {
        let (head, rest) = varint(bytes)?;
        bytes = rest;
        let run = if head & 1 == 0 {
            let (value, rest) = bytes.split_at_checked(width.div_ceil(8) as usize)?;
            bytes = rest;
            let value = value.iter().rev().fold(0, |value, &byte| value << 8 | u32::from(byte));
            Run::Same { value, count: count.min(usize::try_from(head >> 1).ok()?) }
        } else {
            // The last group of eight may be cut short.
            let groups = usize::try_from(head >> 1).ok()?;
            let length = groups.checked_mul(width as usize)?.min(bytes.len());
            let held = if width == 0 { groups.checked_mul(8)? } else { length * 8 / width as usize };
            let (packed, rest) = bytes.split_at_checked(length)?;
            bytes = rest;
            Run::Packed { bytes: packed, count: count.min(held) }
        };
        let (Run::Same { count: got, .. } | Run::Packed { count: got, .. }) = run;
        count -= got;
        each(run)?;
    }
    Some(())
}

fn varint(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut value = 0;
    for (index, &byte) in bytes.iter().take(9).enumerate() {
        value |= u64::from(byte & 0x7F) << (7 * index);
        if byte & 0x80 == 0 {
            return Some((value, &bytes[index + 1..]));
        }
    }
    None
}

/// Hands out packed numbers of `width` bits (0 to 32), until one is refused. The bytes hold them all.
#[inline]
pub(crate) fn unpack(
    bytes: &[u8],
    width: u32,
    count: usize,
    mut each: impl FnMut(u32) -> Option<()>,
) -> Option<()> {
    let mask = (1u64 << width) - 1;
    let mut done = 0;
    if (1..=8).contains(&width) {
        // Eight numbers take `width` bytes: one word.
        let groups = bytes.windows(8).step_by(width as usize).take(count / 8);
        for word in groups {
            let mut word = u64::from_le_bytes(*word.first_chunk()?);
            for _ in 0..8 {
                each((word & mask) as u32)?;
                word >>= width;
            }
            done += 8;
        }
    }
    for index in done..count {
        let bit = index * width as usize;
        let rest = bytes.get(bit / 8..)?;
        let word = match rest.first_chunk::<8>() {
            Some(word) => u64::from_le_bytes(*word),
            None => rest.iter().rev().fold(0, |word, &byte| word << 8 | u64::from(byte)),
        };
        each((word >> (bit % 8) & mask) as u32)?;
    }
    Some(())
}

/// How many of the first `count` bits are set; none when the bytes hold fewer.
pub(crate) fn ones(bytes: &[u8], count: usize) -> Option<u64> {
    let (whole, rest) = bytes.split_at_checked(count / 8)?;
    let mut set = whole.iter().map(|byte| u64::from(byte.count_ones())).sum();
    if !count.is_multiple_of(8) {
        let mask = (1u8 << (count % 8)) - 1;
        set += u64::from((rest.first()? & mask).count_ones());
    }
    Some(set)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pack(numbers: &[u32], width: u32) -> Vec<u8> {
        let mut bytes = vec![0; (numbers.len() * width as usize).div_ceil(8)];
        for (index, &number) in numbers.iter().enumerate() {
            for bit in (0..width).filter(|bit| number >> bit & 1 == 1) {
                let at = index * width as usize + bit as usize;
                bytes[at / 8] |= 1 << (at % 8);
            }
        }
        bytes
    }

    fn all(bytes: &[u8], width: u32, count: usize) -> Option<Vec<u32>> {
        let mut found = Vec::new();
        runs(bytes, width, count, |run| match run {
            Run::Same { value, count } => {
                found.extend(std::iter::repeat_n(value, count));
                Some(())
            }
            Run::Packed { bytes, count } => unpack(bytes, width, count, |number| {
                found.push(number);
                Some(())
            }),
        })?;
        Some(found)
    }

    proptest! {
        #[test]
        fn packed_numbers_read_back(
            width in 0u32..=32, seeds in prop::collection::vec(any::<u32>(), 1..100), repeats in 1usize..300,
        ) {
            let mask = ((1u64 << width) - 1) as u32;
            let mut numbers: Vec<u32> = seeds.iter().map(|seed| seed & mask).collect();
            let groups = numbers.len().div_ceil(8);
            let mut bytes = vec![(groups << 1 | 1) as u8];
            let mut padded = numbers.clone();
            padded.resize(groups * 8, 0);
            bytes.extend(pack(&padded, width));
            bytes.extend([((repeats << 1) & 0x7F | 0x80) as u8, (repeats >> 6) as u8]);
            bytes.extend(&seeds[0].to_le_bytes()[..width.div_ceil(8) as usize]);
            prop_assert_eq!(all(&bytes, width, numbers.len()).unwrap(), numbers.clone());
            numbers.resize(groups * 8, 0);
            let whole = seeds[0] & (u32::MAX >> (32 - 8 * width.div_ceil(8)).min(31));
            let whole = if width == 0 { 0 } else { whole };
            numbers.extend(std::iter::repeat_n(whole, repeats));
            prop_assert_eq!(all(&bytes, width, numbers.len()).unwrap(), numbers.clone());
            prop_assert_eq!(all(&bytes, width, numbers.len() + 1), None);
        }

        #[test]
        fn any_bytes_end(bytes in prop::collection::vec(any::<u8>(), 0..40), width in 0u32..=32) {
            let mut seen = 0;
            runs(&bytes, width, 1 << 20, |run| {
                let (Run::Same { count, .. } | Run::Packed { count, .. }) = run;
                seen += count;
                Some(())
            });
            prop_assert!(seen <= 1 << 20);
        }
    }
}
