//! The tests that a binary task asks for.

use super::matrix::of_matrix;
use super::model::ModelMeasures;
use super::ranking::Ranking;
use super::reliability::BINS;
use crate::blocks::{BlockSums, Cells, Resampled};
use crate::findings::Test;
use crate::policy::Metric;
use crate::row::Against;
use crate::tally::accuracy::{accuracy_interval, accuracy_tests};
use crate::tally::bootstrap::Bootstrap;
use crate::tally::means::mean_test;
use pawl_stats::mcnemar::Discordance;
use pawl_stats::moments::Moments;

/// One block's sums.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Block {
    pub(super) cells: Cells,
    pub(super) log_loss: f64,
    pub(super) brier: f64,
}

/// What the tests rest on.
pub(super) struct Tests<'a> {
    pub(super) challenger: &'a ModelMeasures,
    pub(super) discordance: &'a Discordance,
    pub(super) log_loss: &'a Moments,
    pub(super) brier: &'a Moments,
    pub(super) blocks: &'a [Block],
    pub(super) gaps: Option<&'a [[f64; 2 * BINS]]>,
    pub(super) ranking: &'a Ranking,
}

impl Tests<'_> {
    pub(super) fn all(&self, bootstrap: &Bootstrap<'_>) -> Vec<Test> {
        let &Bootstrap { policy, against, rows, .. } = bootstrap;
        let mut tests = match against {
            Against::Champion => accuracy_tests(policy, self.discordance),
            Against::Nobody => vec![accuracy_interval(self.challenger.confusion.right(), rows, policy.alpha)],
        };
        tests.push(self.ranking.delong(policy.alpha));
        tests.push(mean_test(Metric::LogLoss, against, self.log_loss, policy.alpha));
        tests.push(mean_test(Metric::Brier, against, self.brier, policy.alpha));
        let cells = bootstrap.resamples.sums(&BlockSums::new(8, self.blocks.iter().map(|block| block.cells)));
        tests.extend(bootstrap.metrics().filter_map(|metric| self.resample(metric, bootstrap, &cells)));
        tests
    }

    /// A metric, resampled; `cells` are the resampled counts at the threshold.
    fn resample(&self, metric: Metric, bootstrap: &Bootstrap<'_>, cells: &Resampled) -> Option<Test> {
        Some(match metric {
            Metric::Auc => self.ranking.resample_area(bootstrap),
            Metric::AveragePrecision => self.ranking.resample_precision(bootstrap, self.blocks.len()),
            Metric::LogLoss => self.resample_mean(metric, bootstrap, |block| block.log_loss),
            Metric::Brier => self.resample_mean(metric, bootstrap, |block| block.brier),
            Metric::CalibrationError => self.resample_calibration(bootstrap),
            _ => {
                let value = of_matrix(metric)?;
                bootstrap.test(metric, cells, |sums| {
                    let cells = Cells::of(sums);
                    bootstrap.against.change(value(&cells.challenger()), || value(&cells.champion()))
                })
            }
        })
    }

    fn resample_mean(&self, metric: Metric, bootstrap: &Bootstrap<'_>, loss: fn(&Block) -> f64) -> Test {
        let blocks = self.blocks.iter().map(|block| [loss(block), block.cells.challenger().rows()]);
        let mean = |sums: &[f64]| sums.first().zip(sums.get(1)).map_or(f64::NAN, |(sum, rows)| sum / rows);
        bootstrap.test(metric, &bootstrap.resamples.sums(&BlockSums::new(2, blocks)), mean)
    }

    fn resample_calibration(&self, bootstrap: &Bootstrap<'_>) -> Test {
        let gaps = self.gaps.into_iter().flatten().zip(self.blocks);
        let blocks = gaps.map(|(gaps, block)| [gaps.as_slice(), &[block.cells.challenger().rows()]].concat());
        let resampled = bootstrap.resamples.sums(&BlockSums::new(2 * BINS + 1, blocks));
        bootstrap.test(Metric::CalibrationError, &resampled, |sums| {
            let rows = sums.last().copied().unwrap_or(f64::NAN);
            let error = |from: usize| sums.iter().skip(from).take(BINS).map(|gap| gap.abs()).sum::<f64>();
            (error(BINS) - error(0)) / rows
        })
    }
}
