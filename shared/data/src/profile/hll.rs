//! How many different values a stream holds: HyperLogLog with 4,096 registers (error about 1.6 %).

use serde::{Deserialize, Serialize};

const PRECISION: u32 = 12;
const REGISTERS: usize = 1 << PRECISION;

/// The sketch. Merging takes the larger of each pair of registers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct HyperLogLog {
    registers: Vec<u8>,
}

impl Default for HyperLogLog {
    fn default() -> Self {
        Self { registers: vec![0; REGISTERS] }
    }
}

impl HyperLogLog {
    /// Adds a value by its hash.
    pub fn add(&mut self, hash: u64) {
        let index = (hash >> (64 - PRECISION)) as usize;
        let rank = ((hash << PRECISION) | (1 << (PRECISION - 1))).leading_zeros() as u8 + 1;
        if let Some(register) = self.registers.get_mut(index) {
            *register = (*register).max(rank);
        }
    }

    /// Adds the sketch of another part of the data.
    pub fn merge(&mut self, other: &Self) {
        for (mine, theirs) in self.registers.iter_mut().zip(&other.registers) {
            *mine = (*mine).max(*theirs);
        }
    }

    /// The estimate (Ertl's improved raw estimator: no bias tables, good from 0 to 2^64).
    pub fn estimate(&self) -> u64 {
        const QUIET: usize = (64 - PRECISION) as usize;
        let m = REGISTERS as f64;
        let mut histogram = [0u32; QUIET + 2];
        for &register in &self.registers {
            histogram[usize::from(register).min(QUIET + 1)] += 1;
        }
        let mut z = m * tau(1.0 - f64::from(histogram[QUIET + 1]) / m);
        for &count in histogram[1..=QUIET].iter().rev() {
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
        // A register is at most 53: one printable character each.
        sketch.registers.iter().map(|&register| char::from(register + b'0')).collect()
    }
}

impl TryFrom<String> for HyperLogLog {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let registers: Option<Vec<u8>> = text
            .bytes()
            .map(|byte| byte.checked_sub(b'0').filter(|&rank| rank <= 64 - PRECISION as u8 + 1))
            .collect();
        match registers {
            Some(registers) if registers.len() == REGISTERS => Ok(Self { registers }),
            _ => Err(format!("a distinct sketch must hold {REGISTERS} registers of one character each")),
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
    fn merging_equals_the_whole_and_text_reads_back() {
        let mut merged = of(0..6_000);
        merged.merge(&of(3_000..10_000));
        assert_eq!(merged, of(0..10_000));
        let text = String::from(merged.clone());
        assert_eq!(HyperLogLog::try_from(text).unwrap(), merged);
        assert!(HyperLogLog::try_from("00".to_owned()).is_err());
    }
}
