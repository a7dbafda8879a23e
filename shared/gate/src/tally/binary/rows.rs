//! The rows so far.

use super::inference::{Block, Tests};
use super::model::ModelMeasures;
use super::ranking::Ranking;
use super::reliability::{BINS, bin};
use crate::blocks::{Cells, GroupCounter, Resamples, Reservoir, slot};
use crate::findings::BothMetrics;
use crate::policy::{ClassShares, Metric, Policy, Thresholds};
use crate::row::{Against, PairedRow, RowPart, RowValue, Unfit};
use crate::tally::bootstrap::Bootstrap;
use crate::tally::evidence::RowEvidence;
use pawl_stats::mcnemar::Discordance;
use pawl_stats::moments::Moments;
use pawl_stats::sorted::Tag;

const LABEL: &str = "a binary label is 0 or 1: make one from a number with label.at_least in pipeline.yaml, \
                     or set the gate's task";

const SCORE: &str = "a score is the probability of the positive class, from 0 to 1";

/// The rows so far.
#[derive(Debug)]
pub(crate) struct Binary {
    thresholds: Thresholds,
    challenger: ModelMeasures,
    champion: ModelMeasures,
    discordance: Discordance,
    /// Challenger's loss − champion's; a first model's own loss.
    log_loss: Moments,
    brier: Moments,
    scores: Reservoir,
    blocks: Vec<Block>,
    /// By block: champion's and challenger's gaps by bin. Only where calibration is tested.
    gaps: Option<Vec<[f64; 2 * BINS]>>,
    counts: GroupCounter<Cells>,
}

impl Binary {
    pub(in crate::tally) fn new(policy: &Policy, columns: &[String], seed: u64) -> Self {
        Self {
            thresholds: Thresholds::of(policy),
            challenger: ModelMeasures::default(),
            champion: ModelMeasures::default(),
            discordance: Discordance::default(),
            log_loss: Moments::default(),
            brier: Moments::default(),
            scores: Reservoir::new(policy.sample_above, seed),
            blocks: Vec::new(),
            gaps: policy.rests_on(Metric::CalibrationError).then(Vec::new),
            counts: GroupCounter::new(columns, policy),
        }
    }

    /// Rows pushed from now on are decided at these thresholds.
    pub(in crate::tally) fn set_thresholds(&mut self, thresholds: Thresholds) {
        self.thresholds = thresholds;
    }

    pub(in crate::tally) fn class_shares(&self) -> ClassShares {
        let (rows, positives) = (self.challenger.confusion.rows(), self.challenger.confusion.positives());
        ClassShares::new([positives, rows - positives])
    }

    pub(in crate::tally) fn push(&mut self, row: &PairedRow<'_>) -> Result<bool, Unfit> {
        let positive = row.label.truth().ok_or_else(|| Unfit::new(RowPart::Label, row.label, LABEL))?;
        let challenger = score(RowPart::Challenger, row.challenger)?;
        let champion = row.champion.map(|value| score(RowPart::Champion, value)).transpose()?;
        let new = self.challenger.push(positive, challenger, self.thresholds.challenger);
        let (mut predicted, mut losses) = (false, (new.log_loss, new.brier));
        let mut wrong = !new.right;
        if let Some(score) = champion {
            let old = self.champion.push(positive, score, self.thresholds.champion);
            self.discordance.push(new.right, old.right);
            wrong |= !old.right;
            predicted = old.predicted;
            losses = (new.log_loss - old.log_loss, new.brier - old.brier);
        }
        self.log_loss.push(losses.0);
        self.brier.push(losses.1);
        let count = |cells: &mut Cells| cells.add(positive, predicted, new.predicted);
        let number = self.counts.push(row.columns, count);
        let block = slot(&mut self.blocks, number as usize);
        count(&mut block.cells);
        block.log_loss += losses.0;
        block.brier += losses.1;
        self.push_gaps(number as usize, positive, challenger, champion);
        self.scores.push(Tag::new(positive, number), challenger, champion);
        Ok(wrong)
    }

    fn push_gaps(&mut self, block: usize, positive: bool, challenger: f64, champion: Option<f64>) {
        let Some(gaps) = &mut self.gaps else { return };
        if gaps.len() <= block {
            gaps.resize(block + 1, [0.0; 2 * BINS]);
        }
        let truth = f64::from(u8::from(positive));
        let scores = [champion.map(|score| (0, score)), Some((BINS, challenger))];
        for (from, score) in scores.into_iter().flatten() {
            let gap = gaps.get_mut(block).and_then(|gaps| gaps.get_mut(from + bin(score)));
            gap.into_iter().for_each(|gap| *gap += score - truth);
        }
    }

    pub(in crate::tally) fn finish(self, policy: &Policy, against: Against, seed: u64) -> RowEvidence {
        let confusion = self.challenger.confusion;
        let (rows, positives) = (confusion.rows(), confusion.positives());
        let bootstrap = Bootstrap {
            policy,
            against,
            rows,
            alike: self.discordance.discordant() == 0,
            resamples: Resamples::new(self.blocks.len(), policy.resamples_needed(), seed),
        };
        let ranking = Ranking::new(self.scores, self.blocks.len(), &bootstrap, seed);
        let tests = Tests {
            challenger: &self.challenger,
            discordance: &self.discordance,
            log_loss: &self.log_loss,
            brier: &self.brier,
            blocks: &self.blocks,
            gaps: self.gaps.as_deref(),
            ranking: &ranking,
        };
        let Thresholds { champion, challenger } = self.thresholds;
        let champion = self.champion.metrics(policy, champion, ranking.champion());
        let mut evidence = RowEvidence {
            rows,
            second_class: Some(positives.min(rows - positives)),
            positives: Some(positives),
            metrics: BothMetrics {
                champion: (against == Against::Champion).then_some(champion),
                challenger: Some(self.challenger.metrics(policy, challenger, ranking.challenger())),
            },
            tests: tests.all(&bootstrap),
            sample: ranking.sample,
            ..RowEvidence::default()
        };
        let blocks: Vec<Cells> = self.blocks.iter().map(|block| block.cells).collect();
        evidence.add_parts(&bootstrap, &self.counts, &blocks);
        evidence
    }
}

fn score(part: RowPart, value: RowValue<'_>) -> Result<f64, Unfit> {
    value.number().filter(|s| (0.0..=1.0).contains(s)).ok_or_else(|| Unfit::new(part, value, SCORE))
}
