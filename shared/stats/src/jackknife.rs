//! The delete-one-block jackknife with Student's t: how far any smooth statistic may be off, from its value
//! over all rows and over all rows but each block's.
//!
//! Its variance is the one that keeps its level best over few clusters of unlike size (CV3 of MacKinnon,
//! Nielsen and Webb, Journal of Applied Econometrics 38, 2023; Tukey 1958). Student's degrees of freedom are
//! the smaller of two. By the blocks' sizes: what a variance of so unlike terms is worth where rows of a
//! block are all alike (Bell and McCaffrey, Survey Methodology 28, 2002; Imbens and Kolesár 2016). By the
//! terms themselves: those of a variance whose terms have this kurtosis (O'Neill, The American Statistician
//! 68, 2014), so that a few blocks which carry all that varies, such as the rows of a rare class, count as
//! few.
//!
//! ```
//! use pawl_stats::jackknife::jackknife;
//!
//! // A mean of four numbers, 2, and the means without each: the jackknife is the t-test.
//! let without = [0.5, 1.0, 2.0, 4.5].map(|x| (8.0 - x) / 3.0);
//! let found = jackknife(2.0, &without, &[1.0; 4], 0.05).unwrap();
//! assert!((found.error - 0.889_756).abs() < 1e-6);
//! assert!(found.interval.low < 2.0 && found.interval.high > 2.0);
//! assert_eq!(jackknife(2.0, &[2.0, 2.0], &[1.0, 1.0], 0.05), None); // nothing varies
//! ```

use statrs::distribution::{ContinuousCDF, StudentsT};

use super::Interval;
use super::moments::student_upper;

/// What leaving out each block shows of a statistic.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Jackknife {
    /// The standard error, in the statistic's unit.
    pub error: f64,
    /// Student's degrees of freedom: from 1 to one less than there are blocks.
    pub freedom: f64,
    /// The statistic over its error.
    pub statistic: f64,
    /// Of "it is zero", two-sided.
    pub p_value: f64,
    /// At the two-sided level asked for.
    pub interval: Interval,
}

/// The interval of a statistic at two-sided level `alpha`, from its value over all rows and with each block
/// left out; `sizes` are the blocks' rows, in the same order. `None` with fewer than 2 blocks, with a value
/// that is not finite, or where nothing varies.
pub fn jackknife(estimate: f64, without: &[f64], sizes: &[f64], alpha: f64) -> Option<Jackknife> {
    let blocks = without.len() as f64;
    let finite = estimate.is_finite() && without.iter().all(|value| value.is_finite());
    if without.len() < 2 || sizes.len() != without.len() || !finite {
        return None;
    }
    let mean = without.iter().sum::<f64>() / blocks;
    let (mut squares, mut fourths) = (0.0, 0.0);
    for value in without {
        let square = (value - mean) * (value - mean);
        squares += square;
        fourths += square * square;
    }
    let error = ((blocks - 1.0) / blocks * squares).sqrt();
    // What rounding leaves of values that are all alike is no variance.
    if error <= 1e-12 * (estimate.abs() + mean.abs()) {
        return None;
    }
    let kurtosis = blocks * fourths / (squares * squares);
    let freedom = 2.0 * blocks / (kurtosis - (blocks - 3.0) / (blocks - 1.0));
    // Values flatter than a normal's would have more than there can be.
    let freedom = if freedom > 0.0 { freedom } else { blocks - 1.0 };
    let freedom = freedom.min(freedom_of_sizes(sizes)).clamp(1.0, blocks - 1.0);
    let law = StudentsT::new(0.0, 1.0, freedom).ok()?;
    let statistic = estimate / error;
    Some(Jackknife {
        error,
        freedom,
        statistic,
        p_value: (2.0 * law.sf(statistic.abs())).min(1.0),
        interval: Interval::around(estimate, student_upper(&law, alpha / 2.0) * error),
    })
}

/// Bell and McCaffrey's degrees of freedom of the jackknife variance of a mean of rows, where all rows of a
/// block are alike and blocks vary equally: with weights w, s = Σw², D = diag(w/(1−w))² and Ω = (I − 1wᵀ)(I
/// − w1ᵀ) they are tr(DΩ)² / tr(DΩDΩ), here without the matrices.
fn freedom_of_sizes(sizes: &[f64]) -> f64 {
    let total: f64 = sizes.iter().sum();
    let square_sum: f64 = sizes.iter().map(|size| (size / total) * (size / total)).sum();
    let (mut trace, mut own) = (0.0, 0.0);
    // Sums of D, of D·w and of D·w².
    let mut sums = [0.0; 3];
    for size in sizes {
        let weight = size / total;
        let scale = (weight / (1.0 - weight)).powi(2);
        let (diagonal, off) = (1.0 - 2.0 * weight + square_sum, square_sum - 2.0 * weight);
        trace += scale * diagonal;
        own += scale * scale * (diagonal * diagonal - off * off);
        for (sum, factor) in sums.iter_mut().zip([1.0, weight, weight * weight]) {
            *sum += scale * factor;
        }
    }
    let [scales, weighted, twice] = sums;
    let pairs = square_sum * square_sum * scales * scales + 2.0 * twice * scales
        - 4.0 * square_sum * scales * weighted
        + 2.0 * weighted * weighted;
    trace * trace / (own + pairs)
}

/// The jackknife of a ratio of two sums, such as a mean of rows, from both sums of each block; the second is
/// what it is large by.
pub fn jackknife_ratio(blocks: &[[f64; 2]], alpha: f64) -> Option<(f64, Jackknife)> {
    let [over, under] = blocks.iter().fold([0.0; 2], |[a, b], [x, y]| [a + x, b + y]);
    let without: Vec<f64> = blocks.iter().map(|[x, y]| (over - x) / (under - y)).collect();
    let sizes: Vec<f64> = blocks.iter().map(|[_, rows]| *rows).collect();
    let estimate = over / under;
    Some((estimate, jackknife(estimate, &without, &sizes, alpha)?))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::moments::Moments;

    fn means_without(values: &[f64]) -> Vec<f64> {
        let (sum, n) = (values.iter().sum::<f64>(), values.len() as f64);
        values.iter().map(|x| (sum - x) / (n - 1.0)).collect()
    }

    /// Of a mean it is the t-test, but for the degrees of freedom, which are the same where the values are
    /// no more peaked than a normal's.
    #[test]
    fn of_a_mean_it_is_the_t_test() {
        let values = [0.3, 1.1, -0.4, 0.9, 1.6, 0.2, -0.1, 0.8];
        let mut moments = Moments::default();
        values.iter().for_each(|x| moments.push(*x));
        let expected = moments.t_test(0.05).unwrap();
        let found = jackknife(moments.mean().unwrap(), &means_without(&values), &[1.0; 8], 0.05).unwrap();
        assert!((found.freedom - 7.0).abs() < 1e-9, "{found:?}");
        assert!((found.statistic - expected.statistic).abs() < 1e-12, "{found:?}");
        assert!((found.p_value - expected.p_value).abs() < 1e-12, "{found:?}");
        assert!((found.interval.low - expected.interval.low).abs() < 1e-12, "{found:?}");
        let pairs: Vec<[f64; 2]> = values.iter().map(|x| [3.0 * x, 3.0]).collect();
        let (estimate, ratio) = jackknife_ratio(&pairs, 0.05).unwrap();
        assert!((estimate - moments.mean().unwrap()).abs() < 1e-12);
        assert!((ratio.p_value - found.p_value).abs() < 1e-12);
    }

    /// Of 1,000 blocks two vary: the degrees of freedom are about four, twice those blocks, and no
    /// difference of the two is shown.
    #[test]
    fn few_blocks_that_vary_are_few_degrees_of_freedom() {
        let mut values = [0.0; 1000];
        (values[3], values[700]) = (1.0, 1.0);
        let found = jackknife(0.002, &means_without(&values), &[1.0; 1000], 0.05).unwrap();
        assert!((3.9..4.1).contains(&found.freedom), "{found:?}");
        assert!(found.p_value > 0.05 && found.interval.low < 0.0, "{found:?}");
    }

    /// One block of ten holds half of all rows: the degrees of freedom are hardly more than one.
    #[test]
    fn a_block_as_large_as_the_others_together_counts_alone() {
        let mut sizes = [10.0; 10];
        sizes[0] = 90.0;
        let changes = [0.3, 0.1, -0.2, 0.4, 0.3, -0.1, 0.2, 0.5, 0.1, 0.2];
        let blocks: Vec<[f64; 2]> = sizes.iter().zip(changes).map(|(rows, x)| [rows * x, *rows]).collect();
        let (_, found) = jackknife_ratio(&blocks, 0.05).unwrap();
        assert!((1.0..2.0).contains(&found.freedom), "{found:?}");
    }

    #[test]
    fn nothing_to_go_by_is_no_answer() {
        for without in [&[1.0][..], &[], &[1.0, 1.0, 1.0], &[1.0, f64::NAN], &[1.0, f64::INFINITY]] {
            let sizes = vec![1.0; without.len()];
            assert_eq!(jackknife(1.0, without, &sizes, 0.05), None, "{without:?}");
        }
        assert_eq!(jackknife(f64::NAN, &[1.0, 2.0], &[1.0; 2], 0.05), None);
    }
}
