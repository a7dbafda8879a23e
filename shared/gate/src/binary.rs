//! A binary label and the probability of its positive class, row by row.

use super::cells::{Cells, Counts, Matrix, slot, sum};
use super::fairness;
use super::given::{Part, Unfit, Value};
use super::judge::{Evidence, Row};
use super::judgement::{BothMetrics, Confusion, Metrics, Test, TestName};
use super::metric::Metric;
use super::paired::{Bootstrap, accuracy_interval, accuracy_tests, mean_test};
use super::pairs::Against;
use super::policy::Policy;
use super::reliability::{BINS, Reliability, bin};
use super::resample::{Parts, Resamples};
use super::scores::Scores;
use super::slices;
use pawl_stats::average_precision::Precisions;
use pawl_stats::concordance::Concordance;
use pawl_stats::delong;
use pawl_stats::mcnemar::Discordance;
use pawl_stats::moments::Moments;
use pawl_stats::sorted::Tag;

const LABEL: &str = "a binary label is 0 or 1: make one from a number with label.at_least in pipeline.yaml, or set the gate's task";
const SCORE: &str = "a score is the probability of the positive class, from 0 to 1";

/// The rows so far.
#[derive(Debug)]
pub(super) struct Binary {
    threshold: f64,
    challenger: Model,
    champion: Model,
    discordance: Discordance,
    /// Challenger's loss − champion's; a first model's own loss.
    log_loss: Moments,
    brier: Moments,
    scores: Scores,
    blocks: Vec<Block>,
    /// By block: champion's and challenger's gaps by bin. Only where calibration is tested.
    gaps: Option<Vec<[f64; 2 * BINS]>>,
    counts: Counts<Cells>,
}

/// One block's sums.
#[derive(Debug, Clone, Copy, Default)]
struct Block {
    cells: Cells,
    log_loss: f64,
    brier: f64,
}

/// One model's streaming measures.
#[derive(Debug, Clone, Default)]
struct Model {
    confusion: Confusion,
    log_loss: Moments,
    brier: Moments,
    reliability: Reliability,
}

/// How one model did on one row.
struct Outcome {
    predicted: bool,
    right: bool,
    log_loss: f64,
    brier: f64,
}

/// A measure of counts at the threshold.
fn of_matrix(metric: Metric) -> Option<fn(&Matrix) -> f64> {
    match metric {
        Metric::Accuracy => Some(|m| (m.true_positives + m.true_negatives) / m.rows()),
        Metric::BalancedAccuracy => {
            Some(|m| f64::midpoint(m.true_positives / m.positives(), m.true_negatives / m.negatives()))
        }
        Metric::Precision => Some(|m| m.true_positives / m.selected()),
        Metric::Recall => Some(|m| m.true_positives / m.positives()),
        Metric::F1 => Some(|m| 2.0 * m.true_positives / (m.selected() + m.positives())),
        Metric::Mcc => Some(|m| {
            let agreement = m.true_positives * m.true_negatives - m.false_positives * m.false_negatives;
            agreement / (m.positives() * m.negatives() * m.selected() * m.rejected()).sqrt()
        }),
        _ => None,
    }
}

impl Binary {
    pub(super) fn new(policy: &Policy, columns: &[String], seed: u64) -> Self {
        Self {
            threshold: policy.threshold,
            challenger: Model::default(),
            champion: Model::default(),
            discordance: Discordance::default(),
            log_loss: Moments::default(),
            brier: Moments::default(),
            scores: Scores::new(policy.sample_above, seed),
            blocks: Vec::new(),
            gaps: policy.names(Metric::CalibrationError).then(Vec::new),
            counts: Counts::new(columns, policy),
        }
    }

    pub(super) fn push(&mut self, row: &Row<'_>) -> Result<(), Unfit> {
        let positive = row.label.truth().ok_or_else(|| Unfit::new(Part::Label, row.label, LABEL))?;
        let challenger = score(Part::Challenger, row.challenger)?;
        let champion = row.champion.map(|value| score(Part::Champion, value)).transpose()?;
        let new = self.challenger.push(positive, challenger, self.threshold);
        let (mut predicted, mut losses) = (false, (new.log_loss, new.brier));
        if let Some(score) = champion {
            let old = self.champion.push(positive, score, self.threshold);
            self.discordance.rows += 1;
            self.discordance.challenger_only += u64::from(new.right && !old.right);
            self.discordance.champion_only += u64::from(old.right && !new.right);
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
        if let Some(gaps) = &mut self.gaps {
            if gaps.len() <= number as usize {
                gaps.resize(number as usize + 1, [0.0; 2 * BINS]);
            }
            let truth = f64::from(u8::from(positive));
            let sides = [champion.map(|score| (0, score)), Some((BINS, challenger))];
            for (from, score) in sides.into_iter().flatten() {
                let gap = gaps.get_mut(number as usize).and_then(|gaps| gaps.get_mut(from + bin(score)));
                gap.into_iter().for_each(|gap| *gap += score - truth);
            }
        }
        self.scores.push(Tag::new(positive, number), challenger, champion);
        Ok(())
    }

    pub(super) fn finish(self, policy: &Policy, against: Against, seed: u64) -> Evidence {
        let rows = self.challenger.confusion.rows();
        let positives = self.challenger.confusion.positives();
        let resamples = Resamples::new(self.blocks.len(), policy.resamples_needed(), seed);
        let bootstrap = Bootstrap { policy, against, rows, alike: self.discordance.discordant() == 0 };
        let sample = self.scores.sample();
        let precisions = bootstrap.wants(Metric::AveragePrecision).then(|| {
            Precisions::new(&self.scores.challenger, &self.scores.champion, &self.scores.tags, seed)
        });
        let Scores { challenger, champion, tags, .. } = self.scores;
        let mut pairs = policy.cluster.as_ref().map(|_| Concordance::new(self.blocks.len()));
        let (own, both) = match against {
            Against::Champion => (None, delong::compare(champion, challenger, &tags, pairs.as_mut())),
            Against::Nobody => (delong::area(challenger, &tags, pairs.as_mut()), None),
        };
        let (new_area, old_area) = (own.or(both.map(|b| b.challenger)), both.map(|b| b.champion));

        let mut tests = match against {
            Against::Champion => accuracy_tests(policy, &self.discordance),
            Against::Nobody => vec![accuracy_interval(self.challenger.confusion.right(), rows, policy.alpha)],
        };
        let ranked = tags.len() as u64;
        tests.push(match against {
            Against::Champion => Test {
                estimate: both.map(|b| b.difference),
                statistic: both.and_then(|b| b.statistic()),
                p_value: both.and_then(|b| b.p_value()),
                interval: both.and_then(|b| b.interval(policy.alpha)),
                ..Test::new(TestName::Delong, Metric::Auc, ranked)
            },
            Against::Nobody => Test {
                estimate: own.map(|area| area.auc),
                interval: own.and_then(|area| area.interval(policy.alpha)),
                ..Test::new(TestName::DelongInterval, Metric::Auc, ranked)
            },
        });
        for (metric, values) in [(Metric::LogLoss, &self.log_loss), (Metric::Brier, &self.brier)] {
            tests.push(mean_test(metric, against, values, policy.alpha));
        }
        let cells = resamples.of(&Parts::new(8, self.blocks.iter().map(|block| block.cells)));
        let compared = |value: &dyn Fn(&Cells, Against) -> f64, sums: &[f64]| {
            let cells = Cells::of(sums);
            match against {
                Against::Champion => value(&cells, Against::Nobody) - value(&cells, Against::Champion),
                Against::Nobody => value(&cells, Against::Nobody),
            }
        };
        let means = |loss: fn(&Block) -> f64| {
            Parts::new(2, self.blocks.iter().map(|b| [loss(b), sum([&b.cells]).challenger().rows()]))
        };
        let mean = |sums: &[f64]| sums.first().zip(sums.get(1)).map_or(f64::NAN, |(sum, rows)| sum / rows);
        for &metric in policy.task.metrics().iter().filter(|metric| bootstrap.wants(**metric)) {
            let test = match metric {
                Metric::Auc => {
                    let estimate = own.map(|area| area.auc).or(both.map(|b| b.difference));
                    let found = pairs.as_ref().zip(estimate);
                    let found = found.and_then(|(pairs, at)| resamples.areas(pairs, at, policy.alpha));
                    bootstrap.told(metric, estimate, found, ranked)
                }
                Metric::AveragePrecision => {
                    let of = |weights: &[_]| precisions.as_ref().map(|it| it.values(weights));
                    let all = vec![[1.0; 8]; self.blocks.len()];
                    let estimate = of(&all).and_then(|values| values.first().copied());
                    let found = estimate.filter(|e| e.is_finite()).and_then(|estimate| {
                        resamples.anew(estimate, |w| of(w).unwrap_or([f64::NAN; 8]), policy.alpha)
                    });
                    bootstrap.told(metric, estimate, found, precisions.as_ref().map_or(0, Precisions::rows))
                }
                Metric::LogLoss => bootstrap.test(metric, &resamples.of(&means(|b| b.log_loss)), mean),
                Metric::Brier => bootstrap.test(metric, &resamples.of(&means(|b| b.brier)), mean),
                Metric::CalibrationError => {
                    let gaps = self.gaps.iter().flatten().zip(&self.blocks);
                    let rows = |block: &Block| block.cells.challenger().rows();
                    let blocks = gaps.map(|(gaps, block)| [gaps.as_slice(), &[rows(block)]].concat());
                    bootstrap.test(metric, &resamples.of(&Parts::new(2 * BINS + 1, blocks)), |sums| {
                        let rows = sums.last().copied().unwrap_or(f64::NAN);
                        let error =
                            |from: usize| sums.iter().skip(from).take(BINS).map(|g| g.abs()).sum::<f64>();
                        (error(BINS) - error(0)) / rows
                    })
                }
                _ => {
                    let Some(value) = of_matrix(metric) else { continue };
                    let of = |cells: &Cells, side: Against| match side {
                        Against::Nobody => value(&cells.challenger()),
                        Against::Champion => value(&cells.champion()),
                    };
                    bootstrap.test(metric, &cells, |sums| compared(&of, sums))
                }
            };
            tests.push(test);
        }

        let mut evidence = Evidence {
            rows,
            second_class: Some(positives.min(rows - positives)),
            positives: Some(positives),
            metrics: BothMetrics {
                champion: (against == Against::Champion).then(|| self.champion.metrics(policy, old_area)),
                challenger: Some(self.challenger.metrics(policy, new_area)),
            },
            tests,
            sample,
            ..Evidence::default()
        };
        if against == Against::Champion {
            (evidence.slices, evidence.reasons) = slices::search(policy, &self.counts);
        }
        let blocks: Vec<Cells> = self.blocks.iter().map(|block| block.cells).collect();
        let (found, reasons) = fairness::assess(policy, against, &self.counts, &blocks, &resamples);
        evidence.fairness = found;
        evidence.reasons.extend(reasons);
        evidence
    }
}

fn score(part: Part, value: Value<'_>) -> Result<f64, Unfit> {
    value.number().filter(|s| (0.0..=1.0).contains(s)).ok_or_else(|| Unfit::new(part, value, SCORE))
}

impl Model {
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
        self.reliability.push(positive, score);
        Outcome { predicted, right: predicted == positive, log_loss, brier }
    }

    fn metrics(&self, policy: &Policy, area: Option<delong::Area>) -> Metrics {
        let matrix = self.confusion.matrix();
        let value = |metric: Metric| match metric {
            Metric::Auc => area.map(|area| area.auc),
            Metric::AveragePrecision => area.map(|area| area.average_precision),
            Metric::LogLoss => self.log_loss.mean(),
            Metric::Brier => self.brier.mean(),
            Metric::CalibrationError => self.reliability.error(),
            _ => of_matrix(metric).map(|of| of(&matrix)),
        };
        let values = policy.task.metrics().iter().map(|&metric| (metric, value(metric)));
        Metrics { confusion: Some(self.confusion), calibration: self.reliability.bins(), ..values.collect() }
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

    fn matrix(&self) -> Matrix {
        Matrix {
            true_positives: self.true_positives as f64,
            false_positives: self.false_positives as f64,
            true_negatives: self.true_negatives as f64,
            false_negatives: self.false_negatives as f64,
        }
    }
}
