//! How many different values a stream holds: HyperLogLog with 4,096 registers (error about 1.6 %), of a wide
//! table with fewer.

use serde::{Deserialize, Serialize};

/// The usual number of registers, as a power of two, and the least.
const PRECISION: u32 = 12;
const LEAST: u32 = 9;

/// The sketch. Merging takes the larger of each pair of registers. There are 2^9 to 2^12 of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct HyperLogLog {
    registers: Vec<u8>,
}

impl Default for HyperLogLog {
    fn default() -> Self {
        Self { registers: vec![0; 1 << PRECISION] }
    }
}

impl HyperLogLog {
    /// An empty sketch of 2^`precision` registers.
    pub(super) fn of_precision(precision: u32) -> Self {
        Self { registers: vec![0; 1 << precision.clamp(LEAST, PRECISION)] }
    }

    fn precision(&self) -> u32 {
        self.registers.len().ilog2()
    }

    /// Adds a value by its hash.
    pub fn add(&mut self, hash: u64) {
        let precision = self.precision();
        let index = (hash >> (64 - precision)) as usize;
        let rank = ((hash << precision) | (1 << (precision - 1))).leading_zeros() as u8 + 1;
        if let Some(register) = self.registers.get_mut(index) {
            *register = (*register).max(rank);
        }
    }

    /// Adds the sketch of another part of the data; the coarser of both decides.
    pub fn merge(&mut self, other: &Self) {
        self.fold(other.precision());
        let mut theirs = std::borrow::Cow::Borrowed(other);
        if other.precision() > self.precision() {
            theirs.to_mut().fold(self.precision());
        }
        for (mine, theirs) in self.registers.iter_mut().zip(&theirs.registers) {
            *mine = (*mine).max(*theirs);
        }
    }

    /// Keeps 2^`precision` registers: exactly the sketch that so many would have made of the same values.
    pub(super) fn fold(&mut self, precision: u32) {
        let bits = self.precision().saturating_sub(precision.max(LEAST));
        if bits == 0 {
            return;
        }
        let mut folded = vec![0; self.registers.len() >> bits];
        for (index, &rank) in self.registers.iter().enumerate().filter(|(_, rank)| **rank > 0) {
            // The bits of the place that are no place any more come before those that were counted.
            let low = index & ((1 << bits) - 1);
            let rank = match low {
                0 => rank + bits as u8,
                _ => (bits - low.ilog2()) as u8,
            };
            if let Some(register) = folded.get_mut(index >> bits) {
                *register = rank.max(*register);
            }
        }
        self.registers = folded;
    }

    /// The estimate (Ertl's improved raw estimator: no bias tables, good from 0 to 2^64).
    pub fn estimate(&self) -> u64 {
        const MOST: usize = (64 - LEAST) as usize + 2;
        let quiet = (64 - self.precision()) as usize;
        let m = self.registers.len() as f64;
        let mut histogram = [0u32; MOST];
        for &register in &self.registers {
            histogram[usize::from(register).min(quiet + 1)] += 1;
        }
        let mut z = m * tau(1.0 - f64::from(histogram[quiet + 1]) / m);
        for &count in histogram[1..=quiet].iter().rev() {
            z = 0.5 * (z + f64::from(count));
        }
        z += m * sigma(f64::from(histogram[0]) / m);
        (m * m / (2.0 * std::f64::consts::LN_2) / z).round() as u64
    }
}

fn sigma(mut x: f64) -> f64 {
    if x >= 1.0 {
        return f64::INFINITY;
    }
    let (mut y, mut z) = (1.0, x);
    loop {
        x *= x;
        let before = z;
        z += x * y;
        y += y;
        if z == before {
            return z;
        }
    }
}

fn tau(mut x: f64) -> f64 {
    if x <= 0.0 || x >= 1.0 {
        return 0.0;
    }
    let (mut y, mut z) = (1.0, 1.0 - x);
    loop {
        x = x.sqrt();
        let before = z;
        y *= 0.5;
        z -= (1.0 - x).powi(2) * y;
        if z == before {
            return z / 3.0;
        }
    }
}

impl From<HyperLogLog> for String {
    fn from(sketch: HyperLogLog) -> Self {
        // A register is at most 56: one printable character each.
        sketch.registers.iter().map(|&register| char::from(register + b'0')).collect()
    }
}

impl TryFrom<String> for HyperLogLog {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let precision = text.len().max(1).ilog2();
        let registers: Option<Vec<u8>> = text
            .bytes()
            .map(|byte| byte.checked_sub(b'0').filter(|&rank| u32::from(rank) <= 64 - precision + 1))
            .collect();
        match registers {
            Some(registers) if (LEAST..=PRECISION).any(|it| registers.len() == 1 << it) => {
                Ok(Self { registers })
            }
            _ => Err(format!(
                "a distinct sketch must hold 2^{LEAST} to 2^{PRECISION} registers of one character each"
            )),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use pawl_base::random::mix;

    fn of(range: std::ops::Range<u64>) -> HyperLogLog {
        let mut sketch = HyperLogLog::default();
        range.for_each(|value| sketch.add(mix(value)));
        sketch
    }

    #[test]
    fn the_estimate_is_within_four_standard_errors() {
        for count in [0, 1, 10, 1_000, 10_000, 100_000, 1_000_000] {
            let error = of(0..count).estimate() as f64 - count as f64;
            assert!(error.abs() <= 0.065 * count as f64, "{count}: {error}");
        }
    }

    #[test]
    fn folding_yields_what_fewer_registers_would_have_made() {
        for count in [0, 3, 700, 90_000] {
            for precision in LEAST..=PRECISION {
                let mut coarse = HyperLogLog::of_precision(precision);
                (0..count).for_each(|value| coarse.add(mix(value)));
                let mut folded = of(0..count);
                folded.fold(precision);
                assert_eq!(folded, coarse, "{count} {precision}");
                let error = coarse.estimate() as f64 - count as f64;
                let allowed = 4.0 * 1.04 / f64::from(1u32 << precision).sqrt();
                assert!(error.abs() <= allowed * count as f64, "{count} {precision}: {error}");
                let text = String::from(coarse.clone());
                assert_eq!(HyperLogLog::try_from(text).unwrap(), coarse);
                // The coarser decides, whichever is merged into which.
                let (mut fine, mut rough) = (of(count..2 * count), coarse.clone());
                fine.merge(&coarse);
                rough.merge(&of(count..2 * count));
                assert_eq!(fine, rough);
            }
        }
    }

    #[test]
    fn merging_equals_the_whole_and_text_reads_back() {
        let mut merged = of(0..6_000);
        merged.merge(&of(3_000..10_000));
        assert_eq!(merged, of(0..10_000));
        let text = String::from(merged.clone());
        assert_eq!(HyperLogLog::try_from(text).unwrap(), merged);
        assert!(HyperLogLog::try_from("00".to_owned()).is_err());
    }
}
