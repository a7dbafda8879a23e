//! What the order of the scores shows: areas under both curves, and how far they may be off.

use crate::blocks::{LANES, Reservoir};
use crate::findings::{Sample, Test, TestName};
use crate::policy::Metric;
use crate::row::Against;
use crate::tally::blockwise::Blockwise;
use pawl_stats::average_precision::Precisions;
use pawl_stats::concordance::Concordance;
use pawl_stats::delong::{self, Area, Comparison};

/// The areas under the curves.
enum Areas {
    /// Of both models; `None` where a class is missing.
    Both(Option<Comparison>),
    /// Of a first model; `None` where a class is missing.
    Own(Option<Area>),
}

/// The ranked rows.
pub(super) struct Ranking {
    /// Set when they are a sample of all rows.
    pub(super) sample: Option<Sample>,
    rows: u64,
    areas: Areas,
    /// Where whole clusters are left out.
    pairs: Option<Concordance>,
    precisions: Option<Precisions>,
}

impl Ranking {
    pub(super) fn new(scores: Reservoir, blocks: usize, blockwise: &Blockwise<'_>, seed: u64) -> Self {
        let sample = scores.sample();
        let precisions = blockwise
            .wants(Metric::AveragePrecision)
            .then(|| Precisions::new(&scores.challenger, &scores.champion, &scores.tags, seed));
        let Reservoir { challenger, champion, tags, .. } = scores;
        let mut pairs = blockwise.policy.cluster.as_ref().map(|_| Concordance::new(blocks));
        let areas = match blockwise.against {
            Against::Champion => Areas::Both(delong::compare(champion, challenger, &tags, pairs.as_mut())),
            Against::Nobody => Areas::Own(delong::area(challenger, &tags, pairs.as_mut())),
        };
        Self { sample, rows: tags.len() as u64, areas, pairs, precisions }
    }

    pub(super) fn challenger(&self) -> Option<Area> {
        match &self.areas {
            Areas::Both(both) => both.map(|both| both.challenger),
            Areas::Own(own) => *own,
        }
    }

    pub(super) fn champion(&self) -> Option<Area> {
        match &self.areas {
            Areas::Both(both) => both.map(|both| both.champion),
            Areas::Own(_) => None,
        }
    }

    /// DeLong's test of both areas, or his interval of a first model's.
    pub(super) fn delong(&self, alpha: f64) -> Test {
        match &self.areas {
            Areas::Both(both) => Test {
                estimate: both.map(|both| both.difference),
                statistic: both.and_then(|both| both.statistic()),
                p_value: both.and_then(|both| both.p_value()),
                interval: both.and_then(|both| both.interval(alpha)),
                ..Test::new(TestName::Delong, Metric::Auc, self.rows)
            },
            Areas::Own(own) => Test {
                estimate: own.map(|area| area.auc),
                interval: own.and_then(|area| area.interval(alpha)),
                ..Test::new(TestName::DelongInterval, Metric::Auc, self.rows)
            },
        }
    }

    /// The area without each cluster.
    pub(super) fn leave_out_area(&self, blockwise: &Blockwise<'_>) -> Test {
        let estimate = match &self.areas {
            Areas::Both(both) => both.map(|both| both.difference),
            Areas::Own(own) => own.map(|area| area.auc),
        };
        let found = self
            .pairs
            .as_ref()
            .zip(estimate)
            .and_then(|(pairs, estimate)| blockwise.leave_out(estimate, &pairs.without_each()));
        blockwise.as_test(Metric::Auc, estimate, found, self.rows)
    }

    /// Average precision, computed anew without each of so many blocks, eight side by side.
    pub(super) fn leave_out_precision(&self, blockwise: &Blockwise<'_>, blocks: usize) -> Test {
        let (estimate, rows) = match &self.precisions {
            Some(precisions) => (precisions.values(&vec![[1.0]; blocks]).first().copied(), precisions.rows()),
            None => (None, 0),
        };
        let found = self.precisions.as_ref().zip(estimate).and_then(|(precisions, estimate)| {
            blockwise.leave_out(estimate, &without_each(precisions, blocks))
        });
        blockwise.as_test(Metric::AveragePrecision, estimate, found, rows)
    }
}

/// Average precision without each of so many blocks.
fn without_each(precisions: &Precisions, blocks: usize) -> Vec<f64> {
    let mut weights = vec![[1.0; LANES]; blocks];
    let mut without = Vec::with_capacity(blocks);
    for first in (0..blocks).step_by(LANES) {
        let weigh = |weights: &mut Vec<[f64; LANES]>, weight: f64| {
            for (lane, row) in weights.iter_mut().skip(first).take(LANES).enumerate() {
                if let Some(slot) = row.get_mut(lane) {
                    *slot = weight;
                }
            }
        };
        weigh(&mut weights, 0.0);
        without.extend(precisions.values(&weights).into_iter().take(blocks - first));
        weigh(&mut weights, 1.0);
    }
    without
}
