//! One of several classes, row by row: who is right, and which class is taken for which.

use std::collections::BTreeMap;

use super::cells::{Cells, Counts, Sums, slot};
use super::classes::{Chosen, Classes, MAX_CLASSES};
use super::fairness::{self, Favourable, Favoured};
use super::given::{Part, Unfit, Value};
use super::judge::{Evidence, Row};
use super::judgement::{BothMetrics, Metrics};
use super::metric::Metric;
use super::paired::{Bootstrap, accuracy_interval, accuracy_tests, mean_test};
use super::pairs::Against;
use super::policy::Policy;
use super::resample::{Parts, Resamples};
use super::slices::{self, Comparable, Compared};
use pawl_stats::mcnemar::Discordance;
use pawl_stats::moments::Moments;

const TOO_MANY: &str =
    "at most 100 classes are told apart: judge a coarser label, or task regression if it is a number";
const LABEL: &str = "a label of task multiclass is the name of a class";

/// The rows so far.
#[derive(Debug)]
pub(super) struct Multiclass {
    /// In the order of their numbers: first those that the policy names.
    names: Vec<String>,
    listed: Classes,
    /// The names of the favourable classes, where fairness asks for them.
    favourable: Vec<String>,
    champion: Model,
    challenger: Model,
    discordance: Discordance,
    /// Challenger's loss − champion's, or a first model's own; only of rows with scores of both.
    log_loss: Moments,
    rows: u64,
    blocks: Vec<Block>,
    counts: Counts<Judged>,
}

/// Who is right, and whom they favour.
#[derive(Debug, Clone, Copy, Default)]
struct Judged {
    right: Cells,
    favoured: Cells,
}

/// One model's measures.
#[derive(Debug, Default)]
struct Model {
    /// By class, then by predicted class.
    confusion: Vec<Vec<u64>>,
    log_loss: Moments,
}

/// One block's sums: for who is right, of losses, and [`OF_CLASS`] for each class.
#[derive(Debug, Default)]
struct Block {
    judged: Judged,
    log_loss: f64,
    classes: Vec<f64>,
}

/// Sums for each class: rows; then hits and predictions of champion and challenger.
const OF_CLASS: usize = 5;
const CHAMPION: usize = 1;
const CHALLENGER: usize = 3;

/// A prediction, read.
struct Predicted {
    class: usize,
    /// Minus the logarithm of the label's probability.
    log_loss: Option<f64>,
}

impl Multiclass {
    pub(super) fn new(policy: &Policy, columns: &[String]) -> Self {
        Self {
            names: policy.classes.clone(),
            listed: Classes::new(&policy.classes),
            favourable: match &policy.fairness.favourable {
                Some(Favourable::Classes(classes)) => classes.clone(),
                Some(Favourable::Above(_)) | None => Vec::new(),
            },
            champion: Model::default(),
            challenger: Model::default(),
            discordance: Discordance::default(),
            log_loss: Moments::default(),
            rows: 0,
            blocks: Vec::new(),
            counts: Counts::new(columns, policy),
        }
    }

    pub(super) fn push(&mut self, row: &Row<'_>) -> Result<(), Unfit> {
        let label = match row.label.class() {
            Some(name) => self.class(&name, Part::Label, row.label)?,
            None => return Err(Unfit::new(Part::Label, row.label, LABEL)),
        };
        let new = self.read(Part::Challenger, row.challenger, label)?;
        let old = row.champion.map(|value| self.read(Part::Champion, value, label)).transpose()?;
        self.rows += 1;
        self.challenger.push(label, &new);
        let right = new.class == label;
        let (mut was_right, mut loss) = (false, new.log_loss);
        if let Some(old) = &old {
            self.champion.push(label, old);
            was_right = old.class == label;
            self.discordance.rows += 1;
            self.discordance.challenger_only += u64::from(right && !was_right);
            self.discordance.champion_only += u64::from(was_right && !right);
            loss = new.log_loss.zip(old.log_loss).map(|(new, old)| new - old);
        }
        loss.into_iter().for_each(|loss| self.log_loss.push(loss));
        let favours = |class| self.names.get(class).is_some_and(|name| self.favourable.contains(name));
        let (good, before, after) =
            (favours(label), old.as_ref().is_some_and(|old| favours(old.class)), favours(new.class));
        // Being right is "positive" here, and both say so or not.
        let count = |judged: &mut Judged| {
            judged.right.add(true, was_right, right);
            judged.favoured.add(good, before, after);
        };
        let number = self.counts.push(row.columns, count);
        let block = slot(&mut self.blocks, number as usize);
        count(&mut block.judged);
        block.log_loss += loss.unwrap_or(0.0);
        let mut add = |class: usize, place: usize| *slot(&mut block.classes, class * OF_CLASS + place) += 1.0;
        add(label, 0);
        for (model, from) in [(Some(&new), CHALLENGER), (old.as_ref(), CHAMPION)] {
            let Some(model) = model else { continue };
            add(model.class, from + 1);
            if model.class == label {
                add(label, from);
            }
        }
        Ok(())
    }

    fn class(&mut self, name: &str, part: Part, found: Value<'_>) -> Result<usize, Unfit> {
        if let Some(number) = self.names.iter().position(|known| known == name) {
            return Ok(number);
        }
        if self.names.len() >= MAX_CLASSES {
            return Err(Unfit::new(part, found, TOO_MANY));
        }
        self.names.push(name.to_owned());
        Ok(self.names.len() - 1)
    }

    fn read(&mut self, part: Part, value: Value<'_>, label: usize) -> Result<Predicted, Unfit> {
        let read = self.listed.read(value).map_err(|expected| Unfit::new(part, value, expected))?;
        let scores = match read {
            Chosen::Name(name) => {
                return Ok(Predicted { class: self.class(&name, part, value)?, log_loss: None });
            }
            Chosen::Scores(scores) => scores,
        };
        let class = match self.listed.listed() {
            0 => self.class(&scores.best.to_string(), part, value)?,
            _ => scores.best,
        };
        let chance = scores.chance(self.names.get(label).and_then(|name| self.listed.place(name)));
        Ok(Predicted { class, log_loss: Some(-chance.clamp(f64::EPSILON, 1.0).ln()) })
    }

    pub(super) fn finish(self, policy: &Policy, against: Against, seed: u64) -> Evidence {
        let rows = self.rows;
        let resamples = Resamples::new(self.blocks.len(), policy.resamples_needed(), seed);
        let alike = self.discordance.discordant() == 0;
        let bootstrap = Bootstrap { policy, against, rows, alike };
        let width = self.names.len() * OF_CLASS;
        let classes = Parts::new(width, self.blocks.iter().map(|block| &block.classes));
        let total = classes.total();
        let resampled = resamples.of(&classes);
        let metrics = |from: usize, model: &Model| {
            let value = |metric: Metric| match metric {
                Metric::LogLoss => model.log_loss.mean().filter(|_| model.log_loss.count() == rows),
                _ => Some(of_classes(metric, from)(&total)),
            };
            let values = policy.task.metrics().iter().map(|&metric| (metric, value(metric)));
            Metrics { confusion_matrix: self.matrix(model), ..values.collect() }
        };
        let right: u64 =
            total.chunks_exact(OF_CLASS).filter_map(|class| class.get(CHALLENGER)).sum::<f64>() as u64;
        let mut tests = match against {
            Against::Champion => accuracy_tests(policy, &self.discordance),
            Against::Nobody => vec![accuracy_interval(right, rows, policy.alpha)],
        };
        let scored = self.log_loss.count() == rows && rows > 0;
        if scored {
            tests.push(mean_test(Metric::LogLoss, against, &self.log_loss, policy.alpha));
        }
        for &metric in policy.task.metrics().iter().filter(|metric| bootstrap.wants(**metric)) {
            let test = if metric != Metric::LogLoss {
                let (old, new) = (of_classes(metric, CHAMPION), of_classes(metric, CHALLENGER));
                bootstrap.test(metric, &resampled, |sums| match against {
                    Against::Champion => new(sums) - old(sums),
                    Against::Nobody => new(sums),
                })
            } else if scored {
                let blocks =
                    self.blocks.iter().map(|b| [b.log_loss, b.judged.right.discordance().rows as f64]);
                let mean = |sums: &[f64]| sums.first().zip(sums.get(1)).map_or(f64::NAN, |(s, n)| s / n);
                bootstrap.test(metric, &resamples.of(&Parts::new(2, blocks)), mean)
            } else {
                continue;
            };
            tests.push(test);
        }
        let mut sizes: Vec<u64> = total.chunks_exact(OF_CLASS).map(|class| class[0] as u64).collect();
        sizes.sort_unstable_by(|a, b| b.cmp(a));
        let mut evidence = Evidence {
            rows,
            second_class: Some(sizes.get(1).copied().unwrap_or(0)),
            metrics: BothMetrics {
                champion: (against == Against::Champion).then(|| metrics(CHAMPION, &self.champion)),
                challenger: Some(metrics(CHALLENGER, &self.challenger)),
            },
            tests,
            ..Evidence::default()
        };
        if against == Against::Champion {
            (evidence.slices, evidence.reasons) = slices::search(policy, &self.counts);
        }
        let blocks: Vec<Cells> = self.blocks.iter().map(|block| block.judged.favoured).collect();
        let (found, reasons) = fairness::assess(policy, against, &self.counts, &blocks, &resamples);
        evidence.fairness = found;
        evidence.reasons.extend(reasons);
        evidence
    }

    fn matrix(&self, model: &Model) -> BTreeMap<String, BTreeMap<String, u64>> {
        let row = |counts: &Vec<u64>| {
            let named = self.names.iter().zip(counts).filter(|(_, count)| **count > 0);
            named.map(|(name, count)| (name.clone(), *count)).collect::<BTreeMap<_, _>>()
        };
        let rows = self.names.iter().zip(&model.confusion).map(|(name, counts)| (name.clone(), row(counts)));
        rows.filter(|(_, row)| !row.is_empty()).collect()
    }
}

impl Sums for Judged {
    fn plus(self, other: &Self, times: f64) -> Self {
        Self {
            right: self.right.plus(&other.right, times),
            favoured: self.favoured.plus(&other.favoured, times),
        }
    }
}

impl Comparable for Judged {
    fn compare(&self, alpha: f64) -> Option<Compared> {
        self.right.compare(alpha)
    }
}

impl Favoured for Judged {
    fn favoured(&self) -> Cells {
        self.favoured
    }
}

impl Model {
    fn push(&mut self, label: usize, predicted: &Predicted) {
        *slot(slot(&mut self.confusion, label), predicted.class) += 1;
        predicted.log_loss.into_iter().for_each(|loss| self.log_loss.push(loss));
    }
}

/// A measure of the model whose sums stand at `from` in each class's. As in scikit-learn, the classes are those among
/// labels or predictions, and a class that is never predicted has precision 0.
fn of_classes(metric: Metric, from: usize) -> impl Fn(&[f64]) -> f64 {
    move |sums| {
        let (mut rows, mut classes, mut sum) = (0.0, 0.0, 0.0);
        for class in sums.chunks_exact(OF_CLASS) {
            let at = |place: usize| class.get(place).copied().unwrap_or(f64::NAN);
            let (labels, hits, predictions) = (at(0), at(from), at(from + 1));
            if labels + predictions <= 0.0 {
                continue;
            }
            let f1 = 2.0 * hits / (labels + predictions);
            rows += labels;
            classes += 1.0;
            sum += match metric {
                Metric::Accuracy => hits,
                Metric::MacroF1 => f1,
                Metric::WeightedF1 => labels * f1,
                Metric::WeightedPrecision if predictions > 0.0 => labels * hits / predictions,
                Metric::WeightedPrecision => 0.0,
                _ => f64::NAN,
            };
        }
        sum / if metric == Metric::MacroF1 { classes } else { rows }
    }
}
