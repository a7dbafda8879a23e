//! The judge: takes paired rows one by one, then tests and weighs.

use super::algebra::{self, Weighed};
use super::cells::{Cells, Counts};
use super::judgement::{BinaryMetrics, BothMetrics, Confusion, Judgement, RULES_VERSION};
use super::pairs::Against;
use super::policy::{Policy, PolicyError};
use super::resample::Resamples;
use super::scores::Scores;
use super::stats::concordance::Concordance;
use super::stats::delong;
use super::stats::mcnemar::Discordance;
use super::stats::moments::Moments;
use super::stats::sorted::Tag;
use super::verdict::verdict;

/// One holdout row with both models' scores, each a probability of the positive class.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Row<'a> {
    /// The label.
    pub positive: bool,
    /// The challenger's score, 0 to 1.
    pub challenger: f64,
    /// The champion's score, 0 to 1; `None` for a first model.
    pub champion: Option<f64>,
    /// Values of the columns that [`Judge::columns`] lists, in that order.
    pub columns: &'a [&'a str],
}

/// Accumulates paired rows; memory is bounded by the policy's `sample_above`.
#[derive(Debug)]
pub struct Judge {
    policy: Policy,
    against: Against,
    seed: u64,
    challenger: Tally,
    champion: Tally,
    discordance: Discordance,
    log_loss_change: Moments,
    brier_change: Moments,
    scores: Scores,
    columns: Vec<String>,
    counts: Counts,
}

/// One model's streaming measures.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Tally {
    confusion: Confusion,
    pub(super) log_loss: Moments,
    pub(super) brier: Moments,
}

/// What streaming and ranking found, for the algebra to test and weigh.
pub(super) struct Evidence {
    pub(super) rows: u64,
    pub(super) positives: u64,
    pub(super) discordance: Discordance,
    pub(super) log_loss_change: Moments,
    pub(super) brier_change: Moments,
    pub(super) challenger: Tally,
    pub(super) metrics: BothMetrics,
    pub(super) ranked: u64,
    pub(super) areas: Areas,
    pub(super) counts: Counts,
    pub(super) resamples: Resamples,
    pub(super) pairs: Option<Concordance>,
}

/// What DeLong found.
pub(super) enum Areas {
    /// Fewer than two rows of a class.
    Undefined,
    /// A first model's.
    One(delong::Area),
    /// Both models'.
    Two(delong::Comparison),
}

impl Judge {
    /// A judge under this policy. The seed draws the sample where one is needed.
    pub fn new(policy: &Policy, against: Against, seed: u64) -> Result<Self, PolicyError> {
        policy.check()?;
        let columns = policy.columns();
        let counts = Counts::new(&columns, policy.cluster.as_deref(), &policy.groupings());
        Ok(Self {
            policy: policy.clone().filled(),
            against,
            seed,
            challenger: Tally::default(),
            champion: Tally::default(),
            discordance: Discordance::default(),
            log_loss_change: Moments::default(),
            brier_change: Moments::default(),
            scores: Scores::new(policy.sample_above, seed),
            columns,
            counts,
        })
    }

    /// The columns each row must bring: clusters, groups, slices.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// Takes one row in.
    pub fn push(&mut self, row: &Row<'_>) {
        let threshold = self.policy.threshold;
        let new = self.challenger.push(row.positive, row.challenger, threshold);
        let (mut predicted, mut losses) = (false, (0.0, 0.0));
        if let Some(score) = row.champion {
            let old = self.champion.push(row.positive, score, threshold);
            self.discordance.rows += 1;
            self.discordance.challenger_only += u64::from(new.right && !old.right);
            self.discordance.champion_only += u64::from(old.right && !new.right);
            predicted = old.predicted;
            losses = (new.log_loss - old.log_loss, new.brier - old.brier);
            self.log_loss_change.push(losses.0);
            self.brier_change.push(losses.1);
        }
        let count = |cells: &mut Cells| cells.add(row.positive, predicted, new.predicted);
        let block = self.counts.push(row.columns, count, losses);
        self.scores.push(Tag::new(row.positive, block), row.challenger, row.champion);
    }

    /// Tests, weighs and concludes.
    pub fn finish(self) -> Judgement {
        let sample = self.scores.sample();
        let Scores { challenger, champion, tags, .. } = self.scores;
        let blocks = self.counts.blocks.len();
        let mut pairs = self.policy.cluster.as_ref().map(|_| Concordance::new(blocks));
        let areas = match self.against {
            Against::Champion => delong::compare(champion, challenger, &tags, pairs.as_mut())
                .map_or(Areas::Undefined, Areas::Two),
            Against::Nobody => delong::area(challenger, &tags).map_or(Areas::Undefined, Areas::One),
        };
        let (new_auc, old_auc) = match &areas {
            Areas::Undefined => (None, None),
            Areas::One(area) => (Some(area.auc), None),
            Areas::Two(both) => (Some(both.challenger.auc), Some(both.champion.auc)),
        };
        let evidence = Evidence {
            rows: self.challenger.confusion.rows(),
            positives: self.challenger.confusion.positives(),
            discordance: self.discordance,
            log_loss_change: self.log_loss_change,
            brier_change: self.brier_change,
            challenger: self.challenger,
            metrics: BothMetrics {
                champion: (self.against == Against::Champion).then(|| self.champion.metrics(old_auc)),
                challenger: Some(self.challenger.metrics(new_auc)),
            },
            ranked: tags.len() as u64,
            areas,
            resamples: Resamples::new(blocks, self.policy.resamples_needed(), self.seed),
            counts: self.counts,
            pairs,
        };
        let Weighed { tests, reasons, fairness, slices } =
            algebra::weigh(&self.policy, self.against, &evidence);
        Judgement {
            rules_version: RULES_VERSION,
            verdict: verdict(&reasons),
            reasons,
            rows: evidence.rows,
            positives: evidence.positives,
            tests,
            metrics: evidence.metrics,
            fairness,
            slices,
            sample,
            forced: None,
            inputs: Vec::new(),
            seed: self.seed,
            policy: self.policy,
        }
    }
}

/// How one model did on one row.
struct Outcome {
    predicted: bool,
    right: bool,
    log_loss: f64,
    brier: f64,
}

impl Tally {
    fn push(&mut self, positive: bool, score: f64, threshold: f64) -> Outcome {
        let predicted = score >= threshold;
        let cell = match (positive, predicted) {
            (true, true) => &mut self.confusion.true_positives,
            (true, false) => &mut self.confusion.false_negatives,
            (false, true) => &mut self.confusion.false_positives,
            (false, false) => &mut self.confusion.true_negatives,
        };
        *cell += 1;
        let kept = score.clamp(f64::EPSILON, 1.0 - f64::EPSILON);
        let log_loss = if positive { -kept.ln() } else { -(-kept).ln_1p() };
        let brier = (score - f64::from(u8::from(positive))).powi(2);
        self.log_loss.push(log_loss);
        self.brier.push(brier);
        Outcome { predicted, right: predicted == positive, log_loss, brier }
    }

    fn metrics(&self, auc: Option<f64>) -> BinaryMetrics {
        let Confusion { true_positives: tp, false_positives: fp, false_negatives: false_neg, .. } =
            self.confusion;
        BinaryMetrics {
            auc,
            accuracy: ratio(self.confusion.right(), self.confusion.rows()),
            precision: ratio(tp, tp + fp),
            recall: ratio(tp, tp + false_neg),
            f1: ratio(2 * tp, 2 * tp + fp + false_neg),
            log_loss: self.log_loss.mean(),
            brier: self.brier.mean(),
            confusion: self.confusion,
        }
    }
}

impl Confusion {
    /// All rows.
    pub fn rows(&self) -> u64 {
        self.right() + self.false_positives + self.false_negatives
    }

    /// Rows classified rightly.
    pub fn right(&self) -> u64 {
        self.true_positives + self.true_negatives
    }

    /// Rows whose label is positive.
    pub fn positives(&self) -> u64 {
        self.true_positives + self.false_negatives
    }
}

fn ratio(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}
