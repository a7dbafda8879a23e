//! The different texts of one column with their counts: the fast way through a column that has few.
//!
//! A field of up to 15 bytes is its own key, two machine words; a longer one is kept once in an
//! arena. What a text means is worked out once, when it is first seen, not once a row.

use super::hash;

/// Texts beyond this length are not counted here.
pub(crate) const LONGEST: usize = 96;

const VACANT: u64 = u64::MAX;
const LONG: u64 = 0x80;

/// One text. `high` holds, in its top byte, the length of a short key, or [`LONG`].
#[derive(Debug, Clone, Copy)]
struct Slot {
    low: u64,
    high: u64,
    count: u64,
    /// Whether it breaks a rule of the column.
    bad: bool,
}

const EMPTY: Slot = Slot { low: 0, high: VACANT, count: 0, bad: false };

/// Where a text stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Found {
    /// It was seen before.
    Old(usize),
    /// It is new; its count is 0 so far.
    New(usize),
}

#[derive(Debug, Clone)]
pub(crate) struct Dictionary {
    slots: Vec<Slot>,
    shift: u32,
    used: usize,
    arena: Vec<u8>,
}

impl Dictionary {
    pub(crate) fn new() -> Self {
        Self { slots: vec![EMPTY; 16], shift: 60, used: 0, arena: Vec::new() }
    }

    /// How many texts there are.
    pub(crate) fn len(&self) -> usize {
        self.used
    }

    /// Finds the text `bytes[start..end]`, which must lie within `bytes` and be no longer than
    /// [`LONGEST`]; adds it with a count of 0 when it is new.
    #[inline]
    pub(crate) fn find(&mut self, bytes: &[u8], start: usize, end: usize) -> Found {
        let length = end - start;
        if length > 15 {
            return self.find_long(&bytes[start..end]);
        }
        let (low, high) = short_key(bytes, start, length);
        let mask = self.slots.len() - 1;
        let mut at = spread(low, high, self.shift);
        loop {
            let slot = &self.slots[at & mask];
            if slot.low == low && slot.high == high {
                return Found::Old(at & mask);
            }
            if slot.high == VACANT {
                return Found::New(self.insert(low, high));
            }
            at += 1;
        }
    }

    #[inline(never)]
    fn find_long(&mut self, text: &[u8]) -> Found {
        let low = hash::bytes(text);
        let length = text.len() as u64;
        let mask = self.slots.len() - 1;
        let mut at = spread(low, LONG, self.shift);
        loop {
            let slot = &self.slots[at & mask];
            if slot.low == low && slot.high >> 56 == LONG && self.long_text(slot.high) == text {
                return Found::Old(at & mask);
            }
            if slot.high == VACANT {
                let offset = self.arena.len() as u64;
                self.arena.extend_from_slice(text);
                return Found::New(self.insert(low, LONG << 56 | length << 40 | offset));
            }
            at += 1;
        }
    }

    #[inline(never)]
    fn insert(&mut self, low: u64, high: u64) -> usize {
        if self.used * 2 >= self.slots.len() {
            self.grow();
        }
        self.used += 1;
        self.place(Slot { low, high, count: 0, bad: false })
    }

    fn place(&mut self, slot: Slot) -> usize {
        let mask = self.slots.len() - 1;
        let key = if slot.high >> 56 == LONG { LONG } else { slot.high };
        let mut at = spread(slot.low, key, self.shift) & mask;
        while self.slots[at].high != VACANT {
            at = (at + 1) & mask;
        }
        self.slots[at] = slot;
        at
    }

    fn grow(&mut self) {
        let larger = vec![EMPTY; self.slots.len() * 2];
        let old = std::mem::replace(&mut self.slots, larger);
        self.shift -= 1;
        for slot in old.into_iter().filter(|slot| slot.high != VACANT) {
            self.place(slot);
        }
    }

    /// Notes that a text breaks a rule.
    pub(crate) fn set_bad(&mut self, at: usize) {
        self.slots[at].bad = true;
    }

    /// Adds one to a text's count; whether it breaks a rule.
    #[inline]
    pub(crate) fn count(&mut self, at: usize) -> bool {
        let slot = &mut self.slots[at];
        slot.count += 1;
        slot.bad
    }

    /// Finds a text again and takes one off its count: its row proved bad. Slots move when the
    /// table grows, so it is looked up anew.
    pub(crate) fn uncount(&mut self, bytes: &[u8], start: usize, end: usize) {
        if let Found::Old(at) = self.find(bytes, start, end) {
            self.slots[at].count = self.slots[at].count.saturating_sub(1);
        }
    }

    /// Hands out every counted text, and forgets them all.
    pub(crate) fn drain(&mut self, mut each: impl FnMut(&[u8], u64)) {
        for slot in self.slots.iter().filter(|slot| slot.high != VACANT && slot.count > 0) {
            if slot.high >> 56 == LONG {
                each(self.long_text(slot.high), slot.count);
            } else {
                let mut text = [0; 16];
                text[..8].copy_from_slice(&slot.low.to_le_bytes());
                text[8..].copy_from_slice(&slot.high.to_le_bytes());
                each(&text[..(slot.high >> 56) as usize], slot.count);
            }
        }
        self.slots.fill(EMPTY);
        self.used = 0;
        self.arena.clear();
    }

    fn long_text(&self, high: u64) -> &[u8] {
        let (offset, length) = ((high & 0xFF_FFFF_FFFF) as usize, (high >> 40 & 0xFFFF) as usize);
        self.arena.get(offset..offset + length).unwrap_or_default()
    }
}

#[inline]
fn spread(low: u64, high: u64, shift: u32) -> usize {
    let mixed =
        (low ^ high.wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(29)).wrapping_mul(0xD6E8_FEB8_6659_FD93);
    (mixed >> shift) as usize
}

/// Keeps the first `length` bytes of a word, for lengths of 0 to 8.
const KEEP: [u64; 16] = {
    let mut keep = [u64::MAX; 16];
    let mut length = 0;
    while length < 8 {
        keep[length] = (1 << (8 * length)) - 1;
        length += 1;
    }
    keep
};

#[inline]
fn short_key(bytes: &[u8], start: usize, length: usize) -> (u64, u64) {
    let tag = (length as u64) << 56;
    if let Some(head) = bytes.get(start..start + 16).and_then(|window| window.first_chunk::<16>()) {
        let window = u128::from_le_bytes(*head);
        let (low, high) = (window as u64, (window >> 64) as u64);
        if length <= 8 {
            return (low & KEEP[length], tag);
        }
        return (low, high & KEEP[length - 8] | tag);
    }
    let mut window = [0; 16];
    window[..length].copy_from_slice(&bytes[start..start + length]);
    let window = u128::from_le_bytes(window);
    (window as u64, (window >> 64) as u64 | tag)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_counts_like_a_map(
            texts in prop::collection::vec(prop::collection::vec(0u8..4, 0..40), 0..200),
        ) {
            let mut dictionary = Dictionary::new();
            let mut expected = BTreeMap::<Vec<u8>, u64>::new();
            for text in &texts {
                let at = match dictionary.find(text, 0, text.len()) {
                    Found::Old(at) | Found::New(at) => at,
                };
                dictionary.count(at);
                *expected.entry(text.clone()).or_default() += 1;
            }
            let first = texts.first().cloned().unwrap_or_default();
            if let Some(count) = expected.get_mut(&first) {
                dictionary.uncount(&first, 0, first.len());
                *count -= 1;
            }
            expected.retain(|_, count| *count > 0);
            let mut counted = BTreeMap::new();
            dictionary.drain(|text, count| {
                counted.insert(text.to_vec(), count);
            });
            prop_assert_eq!(counted, expected);
            prop_assert_eq!(dictionary.len(), 0);
        }
    }
}
