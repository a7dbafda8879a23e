//! Latencies and failures, row by row.

use super::finding::Served;
use crate::blocks::Reservoir;
use crate::row::{Against, LATENCY, Response, Responses, RowPart, RowValue, Unfit};
use pawl_stats::mcnemar::Discordance;
use pawl_stats::quantile::quantile;
use pawl_stats::sorted::Tag;

/// Latencies that are held for each model: of more a seeded sample.
const MOST_LATENCIES: u64 = 100_000;

/// The rows so far.
#[derive(Debug)]
pub(crate) struct ServiceTally {
    pub(super) challenger: ServedModel,
    pub(super) champion: ServedModel,
    /// Who answered; only of rows where failures of both were measured.
    pub(super) answers: Discordance,
}

/// How one model served.
#[derive(Debug)]
pub(super) struct ServedModel {
    pub(super) rows: u64,
    pub(super) failed: u64,
    /// Rows where it was measured whether they failed.
    pub(super) watched: u64,
    pub(super) measured: u64,
    latencies: Reservoir,
}

impl ServedModel {
    fn new(seed: u64) -> Self {
        Self { rows: 0, failed: 0, watched: 0, measured: 0, latencies: Reservoir::new(MOST_LATENCIES, seed) }
    }

    fn push(&mut self, answered: Response) {
        self.rows += 1;
        self.watched += u64::from(answered.failed.is_some());
        let failed = answered.failed == Some(true);
        self.failed += u64::from(failed);
        // A request without an answer took no time that one could compare: the error rate tells of it.
        if let Some(latency) = answered.latency_ms.filter(|_| !failed) {
            self.measured += 1;
            self.latencies.push(Tag::new(false, 0), latency, None);
        }
    }

    /// Rising.
    pub(super) fn sorted_latencies(&self) -> Vec<f64> {
        let mut sorted = self.latencies.challenger.clone();
        sorted.sort_unstable_by(f64::total_cmp);
        sorted
    }

    pub(super) fn served(&self) -> Served {
        let sorted = self.sorted_latencies();
        Served {
            rows: self.rows,
            failed: (self.watched > 0).then_some(self.failed),
            measured: self.measured,
            p50_ms: quantile(&sorted, 0.5),
            p99_ms: quantile(&sorted, 0.99),
        }
    }

    pub(super) fn answers_unmeasured(&self) -> u64 {
        self.rows - self.failed - self.measured
    }
}

impl ServiceTally {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            challenger: ServedModel::new(seed),
            champion: ServedModel::new(seed),
            answers: Discordance::default(),
        }
    }

    pub(crate) fn push(
        &mut self,
        challenger: Response,
        champion: Option<Response>,
    ) -> Result<Responses, Unfit> {
        for answered in champion.iter().chain([&challenger]) {
            let wrong = |ms: &f64| !(0.0..f64::INFINITY).contains(ms);
            if let Some(ms) = answered.latency_ms.filter(wrong) {
                return Err(Unfit::new(RowPart::Latency, RowValue::Number(ms), LATENCY));
            }
        }
        self.challenger.push(challenger);
        champion.into_iter().for_each(|champion| self.champion.push(champion));
        if let (Some(new), Some(old)) = (challenger.failed, champion.and_then(|champion| champion.failed)) {
            self.answers.push(!new, !old);
        }
        let failed = [Some(challenger), champion].iter().flatten().any(|it| it.failed == Some(true));
        Ok(if failed { Responses::Missing } else { Responses::Both })
    }

    /// The models that were asked, the challenger first.
    pub(super) fn models(&self, against: Against) -> Vec<&ServedModel> {
        match against {
            Against::Champion => vec![&self.challenger, &self.champion],
            Against::Nobody => vec![&self.challenger],
        }
    }
}
