//! The tests that a binary task asks for.

use super::matrix::of_matrix;
use super::model::ModelMeasures;
use super::ranking::Ranking;
use super::reliability::{CHALLENGER, CHAMPION, root, squared};
use crate::blocks::{BlockSums, Cells};
use crate::findings::Test;
use crate::policy::Metric;
use crate::row::Against;
use crate::tally::accuracy::{accuracy_interval, accuracy_tests};
use crate::tally::blockwise::Blockwise;
use crate::tally::means::mean_test;
use pawl_stats::Interval;
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
    /// Gaps of scores and labels, by block.
    pub(super) gaps: &'a BlockSums,
    pub(super) ranking: &'a Ranking,
}

impl Tests<'_> {
    pub(super) fn all(&self, blockwise: &Blockwise<'_>) -> Vec<Test> {
        let &Blockwise { policy, against, rows, .. } = blockwise;
        let mut tests = match against {
            Against::Champion => accuracy_tests(policy, self.discordance),
            Against::Nobody => vec![accuracy_interval(self.challenger.confusion.right(), rows, policy.alpha)],
        };
        tests.push(self.ranking.delong(policy.alpha));
        tests.push(mean_test(Metric::LogLoss, against, self.log_loss, policy.alpha));
        tests.push(mean_test(Metric::Brier, against, self.brier, policy.alpha));
        let cells = BlockSums::new(8, self.blocks.iter().map(|block| block.cells));
        tests.extend(blockwise.metrics().filter_map(|metric| self.leave_out(metric, blockwise, &cells)));
        tests
    }

    /// A metric without each block; `cells` are the blocks' counts at the threshold.
    fn leave_out(&self, metric: Metric, blockwise: &Blockwise<'_>, cells: &BlockSums) -> Option<Test> {
        Some(match metric {
            Metric::Auc => self.ranking.leave_out_area(blockwise),
            Metric::AveragePrecision => self.ranking.leave_out_precision(blockwise, self.blocks.len()),
            Metric::LogLoss => self.leave_out_mean(metric, blockwise, |block| block.log_loss),
            Metric::Brier => self.leave_out_mean(metric, blockwise, |block| block.brier),
            Metric::CalibrationError => self.leave_out_calibration(blockwise),
            _ => {
                let value = of_matrix(metric)?;
                blockwise.test(metric, cells, |sums| {
                    let cells = Cells::of(sums);
                    blockwise.against.change(value(&cells.challenger()), || value(&cells.champion()))
                })
            }
        })
    }

    fn leave_out_mean(&self, metric: Metric, blockwise: &Blockwise<'_>, loss: fn(&Block) -> f64) -> Test {
        let blocks = self.blocks.iter().map(|block| [loss(block), block.cells.challenger().rows()]);
        let mean = |sums: &[f64]| sums.first().zip(sums.get(1)).map_or(f64::NAN, |(sum, rows)| sum / rows);
        blockwise.test(metric, &BlockSums::new(2, blocks), mean)
    }

    /// The difference of squared errors, which is smooth where a root is not, and takes no difference of two
    /// perfect models for one. Its interval is told in the unit of scores, seen from the champion's error.
    fn leave_out_calibration(&self, blockwise: &Blockwise<'_>) -> Test {
        let against = blockwise.against;
        let change = |sums: &[f64]| against.change(squared(sums, CHALLENGER), || squared(sums, CHAMPION));
        let mut test = blockwise.test(Metric::CalibrationError, self.gaps, change);
        let champion = match against {
            Against::Champion => squared(&self.gaps.total(), CHAMPION),
            Against::Nobody => 0.0,
        };
        let told = |change: f64| root(champion + change) - root(champion);
        test.estimate = test.estimate.map(told);
        test.interval = test.interval.map(|it| Interval { low: told(it.low), high: told(it.high) });
        test
    }
}
