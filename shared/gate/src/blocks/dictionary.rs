//! Dictionary of a column, numbered in the order they appear.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// FNV-1a: short texts, quickly and alike in every run. Maps under it are bounded, so a flood of chosen
/// collisions gains nothing.
#[derive(Debug)]
struct Fnv(u64);

impl Default for Fnv {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Hasher for Fnv {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// A dictionary of at most `cap` values; what comes later shares the numbers there are.
#[derive(Debug)]
pub(crate) struct Dictionary {
    names: Vec<String>,
    numbers: HashMap<String, u32, BuildHasherDefault<Fnv>>,
    cap: usize,
    full: WhenFull,
}

/// What becomes of a new value when the dictionary is full.
#[derive(Debug, Clone, Copy)]
pub(crate) enum WhenFull {
    /// It joins a value that is there, by its hash: whole clusters stay together.
    Share,
    /// It joins the one number that all later values have.
    Rest,
}

/// The name of [`WhenFull::Rest`].
pub(crate) const REST: &str = "(other values)";

impl Dictionary {
    pub(crate) fn new(cap: usize, full: WhenFull) -> Self {
        Self { names: Vec::new(), numbers: HashMap::default(), cap: cap.max(2), full }
    }

    /// The number of this value.
    pub(crate) fn number(&mut self, value: &str) -> u32 {
        if let Some(&number) = self.numbers.get(value) {
            return number;
        }
        let free = self.cap - usize::from(matches!(self.full, WhenFull::Rest));
        if self.names.len() < free {
            return self.add(value);
        }
        match self.full {
            WhenFull::Share => {
                let mut hasher = Fnv::default();
                hasher.write(value.as_bytes());
                (hasher.finish() % self.names.len() as u64) as u32
            }
            WhenFull::Rest => match self.numbers.get(REST) {
                Some(&number) => number,
                None => self.add(REST),
            },
        }
    }

    fn add(&mut self, value: &str) -> u32 {
        let number = self.names.len() as u32;
        self.names.push(value.to_owned());
        self.numbers.insert(value.to_owned(), number);
        number
    }

    /// The values in the order of their numbers.
    pub(crate) fn names(&self) -> &[String] {
        &self.names
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_bounded() {
        let mut rest = Dictionary::new(3, WhenFull::Rest);
        let numbers: Vec<u32> = ["a", "b", "a", "c", "d", "b"].iter().map(|v| rest.number(v)).collect();
        assert_eq!(numbers, [0, 1, 0, 2, 2, 1]);
        assert_eq!(rest.names(), ["a", "b", REST]);
        let mut share = Dictionary::new(2, WhenFull::Share);
        let numbers: Vec<u32> = ["a", "b", "c", "d", "c"].iter().map(|v| share.number(v)).collect();
        assert!(numbers.iter().all(|&n| n < 2) && numbers[2] == numbers[4]);
        assert_eq!(share.names().len(), 2);
    }
}
