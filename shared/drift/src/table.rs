//! A table of two rows, baseline and batch: pooling, the contingency chi-square, Fisher's exact test.

use statrs::distribution::{ChiSquared, ContinuousCDF, Normal};

use super::document::{CountedBin, DriftTest};

/// The least expected count a cell may have before it is pooled.
pub const MIN_EXPECTED: f64 = 5.0;

/// Counts of baseline and batch over the same cells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContingencyTable {
    /// The cells in order.
    pub cells: Vec<CountedBin>,
}

/// What a test said.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TestOutcome {
    /// Which test.
    pub test: DriftTest,
    /// The chi-square statistic; none for an exact test.
    pub statistic: Option<f64>,
    /// Degrees of freedom of the chi-square.
    pub degrees_of_freedom: Option<u32>,
    /// The p-value.
    pub p_value: f64,
}

impl ContingencyTable {
    /// Rows of the baseline.
    pub fn n(&self) -> u64 {
        self.cells.iter().map(|cell| cell.baseline).sum()
    }

    /// Rows of the batch.
    pub fn m(&self) -> u64 {
        self.cells.iter().map(|cell| cell.current).sum()
    }

    /// The least combined count of a cell so that both its expected counts reach [`MIN_EXPECTED`].
    fn least_total(&self) -> f64 {
        let (n, m) = (self.n() as f64, self.m() as f64);
        MIN_EXPECTED * (n + m) / n.min(m)
    }

    /// Pools neighbours, from the left, until every cell expects enough; the rest joins the last.
    /// For cells in an order that means something. Empty if one side has no rows.
    pub fn pool_neighbours(&self) -> Self {
        let least = self.least_total();
        let mut cells: Vec<CountedBin> = Vec::new();
        let mut open: Option<CountedBin> = None;
        for cell in &self.cells {
            let grown = match open.take() {
                Some(left) => joined(&left, cell),
                None => cell.clone(),
            };
            if total(&grown) >= least {
                cells.push(grown);
            } else {
                open = Some(grown);
            }
        }
        if let Some(rest) = open {
            match cells.last_mut() {
                Some(last) => *last = joined(last, &rest),
                None => cells.push(rest),
            }
        }
        Self { cells }
    }

    /// Pools all small cells into one called `rare`; if that is still small it takes the smallest
    /// other cell in, unless only two are left. Empty cells go away. For cells without an order.
    pub fn pool_rare(&self) -> Self {
        let least = self.least_total();
        let (mut cells, rare): (Vec<_>, Vec<_>) = self
            .cells
            .iter()
            .filter(|cell| total(cell) > 0.0)
            .cloned()
            .partition(|cell| total(cell) >= least);
        let Some(mut pool) = pooled(rare) else { return Self { cells } };
        if total(&pool) < least && cells.len() > 1 {
            let smallest = cells.iter().enumerate().min_by(|a, b| total(a.1).total_cmp(&total(b.1)));
            if let Some(index) = smallest.map(|(index, _)| index) {
                pool = joined(&pool, &cells.remove(index));
            }
        }
        cells.push(pool);
        Self { cells }
    }

    /// Tests whether both rows come from one distribution. Pool first.
    /// None if a side has no rows: nothing can be said.
    pub fn test(&self) -> Option<TestOutcome> {
        let (n, m) = (self.n() as f64, self.m() as f64);
        if n == 0.0 || m == 0.0 {
            return None;
        }
        let least = self.least_total();
        let used: Vec<&CountedBin> = self.cells.iter().filter(|cell| total(cell) > 0.0).collect();
        match used.as_slice() {
            [] => None,
            [_] => Some(TestOutcome {
                test: DriftTest::SingleCell,
                statistic: None,
                degrees_of_freedom: None,
                p_value: 1.0,
            }),
            [a, b] if total(a) < least || total(b) < least => {
                let rare = if total(a) < total(b) { a } else { b };
                Some(TestOutcome {
                    test: DriftTest::FisherExact,
                    statistic: None,
                    degrees_of_freedom: None,
                    p_value: fisher_exact(rare.baseline, self.n(), rare.current, self.m()),
                })
            }
            _ => self.homogeneity(),
        }
    }

    /// Tests whether the first of two cells holds a larger share of the batch than of the baseline:
    /// Fisher's exact test where a cell expects few, else the chi-square's half on that side.
    pub fn test_more(&self) -> Option<TestOutcome> {
        let [first, rest] = self.cells.as_slice() else { return None };
        let both = self.test()?;
        if both.test == DriftTest::SingleCell {
            return Some(both);
        }
        if both.test == DriftTest::FisherExact {
            let p_value = fisher_more(first.baseline, self.n(), first.current, self.m());
            return Some(TestOutcome { test: DriftTest::FisherExactMore, p_value, ..both });
        }
        let more = first.current as f64 * rest.baseline as f64 > first.baseline as f64 * rest.current as f64;
        let half = both.p_value / 2.0;
        Some(TestOutcome { p_value: if more { half } else { 1.0 - half }, ..both })
    }

    /// Half of each count, the first of the baseline rounded up, of the batch down: for rows that
    /// come in clumps. Rows of one rare value come together, and how many values were seen once is itself
    /// chance; counted whole, Fisher's test of them alarms up to 100 times too often far out.
    pub(super) fn halved(&self) -> Self {
        let mut cells = self.cells.clone();
        for (index, cell) in cells.iter_mut().enumerate() {
            cell.baseline = if index == 0 { cell.baseline.div_ceil(2) } else { cell.baseline / 2 };
            cell.current = if index == 0 { cell.current / 2 } else { cell.current.div_ceil(2) };
        }
        Self { cells }
    }

    /// Pearson's chi-square over the cells that are not empty, whatever they expect.
    pub(super) fn homogeneity(&self) -> Option<TestOutcome> {
        self.chi_square(0.0)
    }

    /// Pearson's chi-square where `sketch` is the variance that quantile sketches add to each edge's share
    /// (0 where both sides were counted): a cell has two edges, so twice that joins the variance of the
    /// difference of its shares.
    fn chi_square(&self, sketch: f64) -> Option<TestOutcome> {
        let (cells, scale) = (self.differences()?, self.scale());
        let freedom = u32::try_from(cells.len().checked_sub(1)?).ok()?;
        let chi = ChiSquared::new(f64::from(freedom)).ok()?;
        let term = |&(pooled, difference): &(f64, f64)| difference.powi(2) / (pooled * scale + 2.0 * sketch);
        let statistic: f64 = cells.iter().map(term).sum();
        Some(TestOutcome {
            test: DriftTest::ContingencyChiSquare,
            statistic: Some(statistic),
            degrees_of_freedom: Some(freedom),
            p_value: chi.sf(statistic),
        })
    }

    /// Tests cells whose order means something, for any change and for one of location or spread: twice the
    /// smaller of two p-values, of Pearson's chi-square and of normal scores. `sketch` is the variance that
    /// quantile sketches add to each edge's share; 0 where both sides were counted. Pool first.
    pub fn test_ordered(&self, sketch: f64) -> Option<TestOutcome> {
        let any = self.test()?;
        let used = self.cells.iter().filter(|cell| total(cell) > 0.0).count();
        if used < 3 {
            return if sketch > 0.0 && used == 2 { self.chi_square(sketch) } else { Some(any) };
        }
        let (any, scores) = (self.chi_square(sketch)?, self.normal_scores(sketch)?);
        let smaller = if scores.p_value < any.p_value { scores } else { any };
        Some(TestOutcome { p_value: (2.0 * smaller.p_value).min(1.0), ..smaller })
    }

    /// Location and spread by normal scores: the components of Pearson's chi-square along orthonormal
    /// polynomials of degree 1 and 2 in the normal scores of the pooled mid-ranks, which are those of van der
    /// Waerden and of Klotz (Rayner and Best 2001, A Contingency Table Approach to Nonparametric Testing).
    pub fn normal_scores(&self, sketch: f64) -> Option<TestOutcome> {
        let (cells, scale) = (self.differences()?, self.scale());
        let normal = Normal::standard();
        let mut below = 0.0;
        let mid_rank = |pooled: f64| {
            below += pooled;
            normal.inverse_cdf(below - pooled / 2.0)
        };
        let scores: Vec<f64> = cells.iter().map(|&(pooled, _)| pooled).map(mid_rank).collect();
        let weights: Vec<f64> = cells.iter().map(|&(pooled, _)| pooled).collect();
        let mut basis = vec![vec![1.0; cells.len()]];
        for degree in 1..=2 {
            let raw = scores.iter().map(|score| score.powi(degree)).collect();
            basis.extend(orthonormal(raw, &basis, &weights));
        }
        let component = |values: &Vec<f64>| {
            let along: f64 =
                cells.iter().zip(values).map(|((_, difference), value)| difference * value).sum();
            let squares: f64 = values.iter().map(|value| value * value).sum();
            along * along / (scale + 2.0 * sketch * squares)
        };
        let components: Vec<f64> = basis.iter().skip(1).map(component).collect();
        let (freedom, statistic) = (u32::try_from(components.len()).ok()?, components.iter().sum());
        let chi = ChiSquared::new(f64::from(freedom)).ok()?;
        Some(TestOutcome {
            test: DriftTest::NormalScores,
            statistic: Some(statistic),
            degrees_of_freedom: Some(freedom),
            p_value: chi.sf(statistic),
        })
    }

    /// Each cell in use: the share of both sides together, and the batch's share less the baseline's.
    fn differences(&self) -> Option<Vec<(f64, f64)>> {
        let (n, m) = (self.n() as f64, self.m() as f64);
        let used = self.cells.iter().filter(|cell| total(cell) > 0.0);
        let difference =
            |cell: &CountedBin| (total(cell) / (n + m), cell.current as f64 / m - cell.baseline as f64 / n);
        (n > 0.0 && m > 0.0).then(|| used.map(difference).collect())
    }

    /// The variance of a difference of shares is this times the share, 1/n + 1/m.
    fn scale(&self) -> f64 {
        1.0 / self.n() as f64 + 1.0 / self.m() as f64
    }

    /// The least p-value that any table with these margins could have; 0 where it is as good as none. A test
    /// that cannot reject, whatever the data says, is no try (Tarone 1990).
    pub(super) fn least_p_value(&self) -> f64 {
        let used: Vec<&CountedBin> = self.cells.iter().filter(|cell| total(cell) > 0.0).collect();
        match used.as_slice() {
            [] | [_] => 1.0,
            [a, b] => {
                let rare = if total(a) < total(b) { a } else { b };
                let all = rare.baseline + rare.current;
                if all > FEW {
                    return 0.0;
                }
                let tables = Hypergeometric::new(all, self.n(), self.m());
                tables.share(|value, _| value == tables.low).min(tables.highest())
            }
            _ => 0.0,
        }
    }
}

/// More rows than this in the rarer of two cells can always be significant.
const FEW: u64 = 400;

/// What of a function over the cells is orthogonal to the basis, scaled to length 1; none where nothing is
/// left. Weights are the cells' shares.
fn orthonormal(mut values: Vec<f64>, basis: &[Vec<f64>], weights: &[f64]) -> Option<Vec<f64>> {
    let inner =
        |a: &[f64], b: &[f64]| -> f64 { a.iter().zip(b).zip(weights).map(|((a, b), w)| a * b * w).sum() };
    let before = inner(&values, &values);
    // Twice, since the first time leaves rounding behind.
    for known in basis.iter().chain(basis) {
        let along = inner(&values, known);
        values.iter_mut().zip(known).for_each(|(value, known)| *value -= along * known);
    }
    let length = inner(&values, &values).sqrt();
    (length * length > 1e-9 * before).then(|| values.iter().map(|value| value / length).collect())
}

fn total(cell: &CountedBin) -> f64 {
    cell.baseline as f64 + cell.current as f64
}

fn joined(left: &CountedBin, right: &CountedBin) -> CountedBin {
    CountedBin {
        bin: format!("{} | {}", left.bin, right.bin),
        baseline: left.baseline + right.baseline,
        current: left.current + right.current,
    }
}

/// The small cells as one; their names only while they are few.
fn pooled(cells: Vec<CountedBin>) -> Option<CountedBin> {
    let count = cells.len();
    let pool = cells.into_iter().reduce(|a, b| joined(&a, &b))?;
    Some(if count > 3 { CountedBin { bin: format!("rare ({count} values)"), ..pool } } else { pool })
}

/// The hypergeometric distribution of how many of `successes` fall to a side of `n` rows against
/// one of `m`: weights relative to the mode, walking outwards by the ratio of neighbours, so that
/// no factorial is needed.
struct Hypergeometric {
    low: u64,
    weights: Vec<f64>,
}

impl Hypergeometric {
    fn new(successes: u64, n: u64, m: u64) -> Self {
        let (low, high) = (successes.saturating_sub(m), successes.min(n));
        let (rows_n, rows_m, k) = (n as f64, m as f64, successes as f64);
        let mode = ((rows_n + 1.0) * (k + 1.0) / (rows_n + rows_m + 2.0)).floor() as u64;
        let mode = mode.clamp(low, high);
        let ratio = |x: u64| {
            let x = x as f64;
            (rows_n - x) * (k - x) / ((x + 1.0) * (rows_m - k + x + 1.0))
        };
        let step = |weight: &mut f64, factor: f64| {
            *weight *= factor;
            Some(*weight)
        };
        let below = (low..mode).rev().scan(1.0, |weight, x| step(weight, 1.0 / ratio(x)));
        let mut weights: Vec<f64> = below.collect();
        weights.reverse();
        weights.push(1.0);
        weights.extend((mode..high).scan(1.0, |weight, x| step(weight, ratio(x))));
        Self { low, weights }
    }

    /// The probability of the highest value.
    fn highest(&self) -> f64 {
        let highest = self.low + self.weights.len() as u64 - 1;
        self.share(|value, _| value == highest)
    }

    /// The probability of the values whose weight passes.
    fn share(&self, passes: impl Fn(u64, f64) -> bool) -> f64 {
        let of = |(value, &weight): (u64, &f64)| if passes(value, weight) { weight } else { 0.0 };
        let tail: f64 = (self.low..).zip(&self.weights).map(of).sum();
        (tail / self.weights.iter().sum::<f64>()).clamp(0.0, 1.0)
    }
}

/// Fisher's exact test, two-sided: `a` of `n` against `c` of `m`. The sum of the probabilities of
/// all tables with these margins that are no likelier than this one (scipy's rule, with its
/// tolerance of 1e-7 for ties).
pub fn fisher_exact(a: u64, n: u64, c: u64, m: u64) -> f64 {
    let (a, c) = (a.min(n), c.min(m));
    let tables = Hypergeometric::new(a + c, n, m);
    let observed = tables.weights.get((a - tables.low) as usize).copied().unwrap_or(0.0);
    tables.share(|_, weight| weight <= observed * (1.0 + 1e-7))
}

/// Fisher's exact test, one-sided: is `c` of `m` more than `a` of `n`?
pub fn fisher_more(a: u64, n: u64, c: u64, m: u64) -> f64 {
    let (a, c) = (a.min(n), c.min(m));
    Hypergeometric::new(a + c, n, m).share(|value, _| value <= a)
}

/// Benjamini–Hochberg adjusted p-values, in the order given.
///
/// ```
/// let q = pawl_drift::benjamini_hochberg(&[0.01, 0.04, 0.03, 0.005]);
/// assert!(q.iter().zip([0.02, 0.04, 0.04, 0.02]).all(|(a, b)| (a - b).abs() < 1e-15));
/// ```
pub fn benjamini_hochberg(p_values: &[f64]) -> Vec<f64> {
    let count = p_values.len();
    let mut order: Vec<usize> = (0..count).collect();
    order.sort_by(|&a, &b| p_values[b].total_cmp(&p_values[a]));
    let mut adjusted = vec![1.0; count];
    let mut least = 1.0_f64;
    for (place, index) in order.into_iter().enumerate() {
        let rank = (count - place) as f64;
        least = least.min(p_values[index] * count as f64 / rank);
        adjusted[index] = least;
    }
    adjusted
}
