//! The tests that a task of several classes asks for.

use super::measures::{CHALLENGER, CHAMPION, OF_CLASS, of_classes};
use super::sums::Block;
use crate::blocks::BlockSums;
use crate::findings::Test;
use crate::policy::Metric;
use crate::row::Against;
use crate::tally::accuracy::{accuracy_interval, accuracy_tests};
use crate::tally::blockwise::Blockwise;
use crate::tally::means::mean_test;
use pawl_stats::mcnemar::Discordance;
use pawl_stats::moments::Moments;

/// What the tests rest on.
pub(super) struct Tests<'a> {
    pub(super) discordance: &'a Discordance,
    pub(super) log_loss: &'a Moments,
    pub(super) blocks: &'a [Block],
    /// Sums for each class, by block.
    pub(super) classes: &'a BlockSums,
    /// The same over all blocks.
    pub(super) total: &'a [f64],
}

impl Tests<'_> {
    pub(super) fn all(&self, blockwise: &Blockwise<'_>) -> Vec<Test> {
        let &Blockwise { policy, against, rows, .. } = blockwise;
        let mut tests = match against {
            Against::Champion => accuracy_tests(policy, self.discordance),
            Against::Nobody => vec![accuracy_interval(self.right(), rows, policy.alpha)],
        };
        // The log loss is known where every row has scores.
        let scored = self.log_loss.count() == rows && rows > 0;
        if scored {
            tests.push(mean_test(Metric::LogLoss, against, self.log_loss, policy.alpha));
        }
        tests.extend(blockwise.metrics().filter_map(|metric| match metric {
            Metric::LogLoss => scored.then(|| self.leave_out_log_loss(blockwise)),
            _ => Some(leave_out_classes(metric, blockwise, self.classes)),
        }));
        tests
    }

    /// Rows on which the challenger is right.
    fn right(&self) -> u64 {
        let hits = self.total.chunks_exact(OF_CLASS).filter_map(|class| class.get(CHALLENGER));
        hits.sum::<f64>() as u64
    }

    fn leave_out_log_loss(&self, blockwise: &Blockwise<'_>) -> Test {
        let rows = |block: &Block| block.judged.right.discordance().rows as f64;
        let blocks = self.blocks.iter().map(|block| [block.log_loss, rows(block)]);
        let mean = |sums: &[f64]| sums.first().zip(sums.get(1)).map_or(f64::NAN, |(sum, rows)| sum / rows);
        blockwise.test(Metric::LogLoss, &BlockSums::new(2, blocks), mean)
    }
}

fn leave_out_classes(metric: Metric, blockwise: &Blockwise<'_>, classes: &BlockSums) -> Test {
    let (new, old) = (of_classes(metric, CHALLENGER), of_classes(metric, CHAMPION));
    blockwise.test(metric, classes, |sums| blockwise.against.change(new(sums), || old(sums)))
}
