//! The rows so far.

use super::inference::{Block, Tests};
use super::model::ModelMeasures;
use super::ranking::Ranking;
use super::reliability::{self, CHALLENGER, CHAMPION, Gaps, NO_GAPS, bin, root, squared};
use crate::blocks::{Cells, GroupCounter, Reservoir, slot};
use crate::findings::BothMetrics;
use crate::policy::{ClassShares, Policy, Thresholds};
use crate::row::{Against, PairedRow, RowPart, RowValue, Unfit};
use crate::tally::blockwise::Blockwise;
use crate::tally::evidence::RowEvidence;
use crate::tally::order;
use pawl_stats::autocovariance::Autocovariance;
use pawl_stats::mcnemar::Discordance;
use pawl_stats::moments::Moments;
use pawl_stats::sorted::Tag;

const LABEL: &str = "a binary label is 0 or 1: name the positive class (data.label.positive, \
                     --positive), make one from a number (data.label.at_least), or set the gate's task";

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
    /// The same in the order of the rows.
    series: Option<Autocovariance>,
    scores: Reservoir,
    blocks: Vec<Block>,
    /// By block.
    gaps: Vec<Gaps>,
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
            series: order::losses(policy),
            scores: Reservoir::new(policy.sample_above, seed),
            blocks: Vec::new(),
            gaps: Vec::new(),
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
        self.series.iter_mut().for_each(|series| series.push(losses.1));
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
        if self.gaps.len() <= block {
            self.gaps.resize(block + 1, NO_GAPS);
        }
        let truth = f64::from(u8::from(positive));
        let scores = [champion.map(|score| (CHAMPION, score)), Some((CHALLENGER, challenger))];
        for (from, score) in scores.into_iter().flatten() {
            let gap = self.gaps.get_mut(block).and_then(|gaps| gaps.get_mut(from + bin(score)));
            if let Some([gap, rows]) = gap {
                *gap += score - truth;
                *rows += 1.0;
            }
        }
    }

    pub(in crate::tally) fn finish(self, policy: &Policy, against: Against, seed: u64) -> RowEvidence {
        let confusion = self.challenger.confusion;
        let (rows, positives) = (confusion.rows(), confusion.positives());
        let alike = self.discordance.discordant() == 0;
        let sizes = self.blocks.iter().map(|block| block.cells.challenger().rows()).collect();
        let blockwise = Blockwise { policy, against, rows, alike, seed, sizes };
        let ranking = Ranking::new(self.scores, self.blocks.len(), &blockwise, seed);
        let gaps = reliability::sums(&self.gaps);
        let calibration = |from| root(squared(&gaps.total(), from));
        let tests = Tests {
            challenger: &self.challenger,
            discordance: &self.discordance,
            log_loss: &self.log_loss,
            brier: &self.brier,
            blocks: &self.blocks,
            gaps: &gaps,
            ranking: &ranking,
        };
        let of = |model: &ModelMeasures, threshold, area, which| {
            model.metrics(policy, threshold, area, calibration(which))
        };
        let champion = of(&self.champion, self.thresholds.champion, ranking.champion(), CHAMPION);
        let challenger = of(&self.challenger, self.thresholds.challenger, ranking.challenger(), CHALLENGER);
        let mut evidence = RowEvidence {
            rows,
            second_class: Some(positives.min(rows - positives)),
            positives: Some(positives),
            metrics: BothMetrics {
                champion: (against == Against::Champion).then_some(champion),
                challenger: Some(challenger),
            },
            tests: tests.all(&blockwise),
            sample: ranking.sample,
            ..RowEvidence::default()
        };
        let blocks: Vec<Cells> = self.blocks.iter().map(|block| block.cells).collect();
        evidence.add_parts(&blockwise, &self.counts, &blocks);
        let depends = self.series.and_then(|series| series.dependence(1));
        evidence.reasons.extend(order::check(policy, depends));
        evidence
    }
}

fn score(part: RowPart, value: RowValue<'_>) -> Result<f64, Unfit> {
    value.number().filter(|s| (0.0..=1.0).contains(s)).ok_or_else(|| Unfit::new(part, value, SCORE))
}
