//! What the order of the scores shows: areas under both curves, and how far they may be off.

use crate::blocks::{LANES, Reservoir};
use crate::findings::{Sample, Test, TestName};
use crate::policy::Metric;
use crate::row::Against;
use crate::tally::bootstrap::Bootstrap;
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
    /// Where whole clusters are resampled.
    pairs: Option<Concordance>,
    precisions: Option<Precisions>,
}

impl Ranking {
    pub(super) fn new(scores: Reservoir, blocks: usize, bootstrap: &Bootstrap<'_>, seed: u64) -> Self {
        let sample = scores.sample();
        let precisions = bootstrap
            .wants(Metric::AveragePrecision)
            .then(|| Precisions::new(&scores.challenger, &scores.champion, &scores.tags, seed));
        let Reservoir { challenger, champion, tags, .. } = scores;
        let mut pairs = bootstrap.policy.cluster.as_ref().map(|_| Concordance::new(blocks));
        let areas = match bootstrap.against {
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

    /// The area, resampled by clusters.
    pub(super) fn resample_area(&self, bootstrap: &Bootstrap<'_>) -> Test {
        let estimate = match &self.areas {
            Areas::Both(both) => both.map(|both| both.difference),
            Areas::Own(own) => own.map(|area| area.auc),
        };
        let alpha = bootstrap.policy.alpha;
        let found = self
            .pairs
            .as_ref()
            .zip(estimate)
            .and_then(|(pairs, estimate)| bootstrap.resamples.replicate_areas(pairs, estimate, alpha));
        bootstrap.as_test(Metric::Auc, estimate, found, self.rows)
    }

    /// Average precision, computed anew for each resample of so many blocks.
    pub(super) fn resample_precision(&self, bootstrap: &Bootstrap<'_>, blocks: usize) -> Test {
        let of = |weights: &[_]| self.precisions.as_ref().map(|precisions| precisions.values(weights));
        let estimate =
            of(&vec![[1.0; LANES]; blocks]).and_then(|values: [f64; LANES]| values.first().copied());
        let found = estimate.filter(|estimate| estimate.is_finite()).and_then(|estimate| {
            let statistic = |weights: &[_]| of(weights).unwrap_or([f64::NAN; LANES]);
            bootstrap.resamples.replicate(estimate, statistic, bootstrap.policy.alpha)
        });
        let rows = self.precisions.as_ref().map_or(0, Precisions::rows);
        bootstrap.as_test(Metric::AveragePrecision, estimate, found, rows)
    }
}
