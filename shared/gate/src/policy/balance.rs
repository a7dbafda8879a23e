//! Whether the classes of a holdout are balanced. Only then does accuracy say whether a model is good: where
//! one class is rare, a model that never names it is right nearly always.

/// The least part of an equal share of the rows that a class may have in a balanced holdout.
const LEAST_PART: f64 = 0.5;

/// Whether accuracy wins and guards by default.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Balance {
    /// The rarest class has at least half of the rows that it would have were all classes equally frequent:
    /// of two classes 25 %.
    Balanced,
    /// It has fewer, or there are no two classes.
    Imbalanced,
}

/// How the labels of a holdout spread over their classes.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct ClassShares {
    classes: u64,
    rarest: u64,
    rows: u64,
}

impl ClassShares {
    /// From the rows of each class; a class without rows is none.
    pub(crate) fn new(rows: impl IntoIterator<Item = u64>) -> Self {
        let mut shares = Self::default();
        for rows in rows.into_iter().filter(|rows| *rows > 0) {
            shares.rarest = if shares.classes == 0 { rows } else { shares.rarest.min(rows) };
            shares.classes += 1;
            shares.rows += rows;
        }
        shares
    }

    pub(crate) fn balance(&self) -> Balance {
        if self.classes >= 2 && self.rarest_share() >= self.least_share() {
            Balance::Balanced
        } else {
            Balance::Imbalanced
        }
    }

    /// The share of the rarest class; NaN without rows.
    pub(crate) fn rarest_share(&self) -> f64 {
        self.rarest as f64 / self.rows as f64
    }

    /// The least share of the rarest class in a balanced holdout.
    pub(crate) fn least_share(&self) -> f64 {
        LEAST_PART / self.classes.max(2) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_of_an_equal_share_is_balanced() {
        let of = |rows: &[u64]| ClassShares::new(rows.iter().copied()).balance();
        assert_eq!(of(&[25, 75]), Balance::Balanced);
        assert_eq!(of(&[24, 76]), Balance::Imbalanced);
        assert_eq!(of(&[20, 40, 60]), Balance::Balanced);
        assert_eq!(of(&[19, 41, 60]), Balance::Imbalanced);
        // A class without rows is not of this holdout; one class alone tells nothing.
        assert_eq!(of(&[50, 0, 50]), Balance::Balanced);
        assert_eq!(of(&[100]), Balance::Imbalanced);
        assert_eq!(of(&[]), Balance::Imbalanced);
    }
}
