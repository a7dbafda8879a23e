//! A number and its predictions, row by row: losses, their differences, and what they depend on.

use super::cells::{Cells, Counts, Sums, slot};
use super::fairness::{self, Favourable, Favoured};
use super::given::{Part, Unfit, Value};
use super::judge::{Evidence, Row};
use super::judgement::{BothMetrics, Metrics, Test, TestName};
use super::metric::Metric;
use super::paired::{Bootstrap, NOTHING, mean_test};
use super::pairs::Against;
use super::policy::Policy;
use super::resample::{Parts, Resamples};
use super::scores::Scores;
use super::slices::{self, Comparable, Compared};
use pawl_stats::Interval;
use pawl_stats::diebold_mariano::DieboldMariano;
use pawl_stats::moments::{Moments, t_test};
use pawl_stats::sorted::Tag;
use pawl_stats::wilcoxon::{shift, signed_rank};

const LABEL: &str = "a label of task regression is a finite number";
const NUMBER: &str = "a prediction of task regression is a finite number";

/// The rows so far.
#[derive(Debug)]
pub(super) struct Regression {
    /// The first label: others are measured from it, so that digits last.
    origin: f64,
    /// Numbers above it are favourable, where fairness asks for them.
    favourable: f64,
    champion: Losses,
    challenger: Losses,
    /// Challenger's − champion's; a first model's own.
    compared: Losses,
    series: Option<(DieboldMariano, DieboldMariano)>,
    errors: Scores,
    blocks: Vec<Block>,
    alike: bool,
    counts: Counts<Errors>,
}

/// Absolute and squared errors, or differences of such.
#[derive(Debug, Clone, Copy, Default)]
struct Losses {
    absolute: Moments,
    squared: Moments,
}

/// One block's sums.
#[derive(Debug, Clone, Copy, Default)]
struct Block {
    sums: [f64; WIDTH],
    favoured: Cells,
}

/// Rows, absolute and squared errors of champion and challenger, labels and their squares.
const WIDTH: usize = 7;

impl AsRef<[f64]> for Block {
    fn as_ref(&self) -> &[f64] {
        &self.sums
    }
}

impl Losses {
    fn push(&mut self, absolute: f64, squared: f64) {
        self.absolute.push(absolute);
        self.squared.push(squared);
    }
}

impl Regression {
    pub(super) fn new(policy: &Policy, columns: &[String], seed: u64) -> Self {
        Self {
            origin: 0.0,
            favourable: match policy.fairness.favourable {
                Some(Favourable::Above(bound)) => bound,
                Some(Favourable::Classes(_)) | None => f64::INFINITY,
            },
            champion: Losses::default(),
            challenger: Losses::default(),
            compared: Losses::default(),
            series: policy.horizon.map(|steps| (DieboldMariano::new(steps), DieboldMariano::new(steps))),
            errors: Scores::new(policy.sample_above, seed),
            blocks: Vec::new(),
            alike: true,
            counts: Counts::new(columns, policy),
        }
    }

    pub(super) fn push(&mut self, row: &Row<'_>) -> Result<(), Unfit> {
        let label = row.label.number().ok_or_else(|| Unfit::new(Part::Label, row.label, LABEL))?;
        let predicted = number(Part::Challenger, row.challenger)?;
        let challenger = predicted - label;
        let champion = row.champion.map(|value| number(Part::Champion, value)).transpose()?;
        if self.challenger.absolute.count() == 0 {
            self.origin = label;
        }
        let (new, new_squared) = (challenger.abs(), challenger * challenger);
        self.challenger.push(new, new_squared);
        let old = champion.map(|prediction| (prediction - label).abs());
        let (absolute, squared) = match old {
            Some(old) => {
                self.champion.push(old, old * old);
                self.alike &= old == new;
                (new - old, new_squared - old * old)
            }
            None => (new, new_squared),
        };
        self.compared.push(absolute, squared);
        if let Some((of_absolute, of_squared)) = &mut self.series {
            of_absolute.push(absolute);
            of_squared.push(squared);
        }
        let favours = |value: f64| value > self.favourable;
        let mut favoured = Cells::default();
        favoured.add(favours(label), champion.is_some_and(favours), favours(predicted));
        let number = self.counts.push(row.columns, |errors| errors.add(absolute, &favoured));
        let block = slot(&mut self.blocks, number as usize);
        block.favoured = block.favoured.plus(&favoured, 1.0);
        let (old, y) = (old.unwrap_or(0.0), label - self.origin);
        let sums = [1.0, old, old * old, new, new_squared, y, y * y];
        for (sum, value) in block.sums.iter_mut().zip(sums) {
            *sum += value;
        }
        self.errors.push(Tag::new(false, number), absolute, None);
        Ok(())
    }

    pub(super) fn finish(self, policy: &Policy, against: Against, seed: u64) -> Evidence {
        let rows = self.challenger.absolute.count();
        let alpha = policy.alpha;
        let resamples = Resamples::new(self.blocks.len(), policy.resamples_needed(), seed);
        let bootstrap = Bootstrap { policy, against, rows, alike: self.alike };
        let parts = Parts::new(WIDTH, &self.blocks);
        let total = parts.total();
        let resampled = resamples.of(&parts);
        let values = |from: usize| policy.task.metrics().iter().map(move |&m| (m, of_sums(m, from)));
        let metrics =
            |from: usize| -> Metrics { values(from).map(|(m, of)| (m, Some(of(&total)))).collect() };

        let mut tests = Vec::new();
        for (metric, losses) in
            [(Metric::Mae, &self.compared.absolute), (Metric::Mse, &self.compared.squared)]
        {
            tests.push(mean_test(metric, against, losses, alpha));
        }
        match against {
            Against::Champion => {
                tests.push(wilcoxon(&self.errors.challenger, alpha));
                for (metric, test) in
                    self.series.iter().flat_map(|(a, s)| [(Metric::Mae, a), (Metric::Mse, s)])
                {
                    tests.push(forecasts(metric, test, self.alike, rows, alpha));
                }
            }
            Against::Nobody => tests.push(root(&tests, rows)),
        }
        for &metric in policy.task.metrics().iter().filter(|metric| bootstrap.wants(**metric)) {
            let (old, new) = (of_sums(metric, CHAMPION), of_sums(metric, CHALLENGER));
            tests.push(bootstrap.test(metric, &resampled, |sums| match against {
                Against::Champion => new(sums) - old(sums),
                Against::Nobody => new(sums),
            }));
        }
        let mut evidence = Evidence {
            rows,
            metrics: BothMetrics {
                champion: (against == Against::Champion).then(|| metrics(CHAMPION)),
                challenger: Some(metrics(CHALLENGER)),
            },
            tests,
            sample: self.errors.sample(),
            ..Evidence::default()
        };
        if against == Against::Champion {
            (evidence.slices, evidence.reasons) = slices::search(policy, &self.counts);
        }
        let blocks: Vec<Cells> = self.blocks.iter().map(|block| block.favoured).collect();
        let (found, reasons) = fairness::assess(policy, against, &self.counts, &blocks, &resamples);
        evidence.fairness = found;
        evidence.reasons.extend(reasons);
        evidence
    }
}

fn number(part: Part, value: Value<'_>) -> Result<f64, Unfit> {
    value.number().ok_or_else(|| Unfit::new(part, value, NUMBER))
}

/// Where a model's errors stand among a block's sums.
const CHAMPION: usize = 1;
const CHALLENGER: usize = 3;

/// A measure of the model whose errors stand at `from`.
fn of_sums(metric: Metric, from: usize) -> impl Fn(&[f64]) -> f64 {
    move |sums| {
        let at = |place: usize| sums.get(place).copied().unwrap_or(f64::NAN);
        let (rows, absolute, squared) = (at(0), at(from), at(from + 1));
        match metric {
            Metric::Mae => absolute / rows,
            Metric::Mse => squared / rows,
            Metric::Rmse => (squared / rows).sqrt(),
            Metric::R2 => 1.0 - squared / (at(6) - at(5) * at(5) / rows),
            _ => f64::NAN,
        }
    }
}

fn wilcoxon(differences: &[f64], alpha: f64) -> Test {
    let mut differences = differences.to_vec();
    let found = signed_rank(&mut differences);
    let shifted = shift(&mut differences, alpha);
    Test {
        estimate: shifted.map(|(median, _)| median),
        statistic: found.map(|f| f.statistic),
        p_value: found.map(|f| f.p_value),
        interval: shifted.map(|(_, interval)| interval),
        ..Test::new(TestName::Wilcoxon, Metric::Mae, found.map_or(0, |f| f.used))
    }
}

fn forecasts(metric: Metric, test: &DieboldMariano, alike: bool, rows: u64, alpha: f64) -> Test {
    let found = test.test(alpha);
    Test {
        estimate: found.map(|f| f.estimate).or(alike.then_some(0.0)),
        statistic: found.map(|f| f.statistic),
        p_value: found.map(|f| f.p_value).or(alike.then_some(1.0)),
        interval: found.map(|f| f.interval).or(alike.then_some(NOTHING)),
        ..Test::new(TestName::DieboldMariano, metric, rows)
    }
}

/// A first model's root mean squared error: the root keeps the order, so the ends of the interval are roots too.
fn root(tests: &[Test], rows: u64) -> Test {
    let squared = tests.iter().find(|test| test.metric == Metric::Mse);
    let ends = squared.and_then(|test| test.interval);
    Test {
        estimate: squared.and_then(|test| test.estimate).map(f64::sqrt),
        interval: ends.map(|it| Interval { low: it.low.max(0.0).sqrt(), high: it.high.sqrt() }),
        ..Test::new(TestName::TInterval, Metric::Rmse, rows)
    }
}

/// Differences of absolute errors in a group, and whom labels and models favour.
#[derive(Debug, Clone, Copy, Default)]
struct Errors {
    rows: f64,
    sum: f64,
    squares: f64,
    favoured: Cells,
}

impl Errors {
    fn add(&mut self, difference: f64, favoured: &Cells) {
        let squares = difference * difference;
        *self = self.plus(&Self { rows: 1.0, sum: difference, squares, favoured: *favoured }, 1.0);
    }
}

impl Favoured for Errors {
    fn favoured(&self) -> Cells {
        self.favoured
    }
}

impl Sums for Errors {
    fn plus(self, other: &Self, times: f64) -> Self {
        Self {
            rows: self.rows + times * other.rows,
            sum: self.sum + times * other.sum,
            squares: self.squares + times * other.squares,
            favoured: self.favoured.plus(&other.favoured, times),
        }
    }
}

impl Comparable for Errors {
    fn compare(&self, alpha: f64) -> Option<Compared> {
        let change = Some(self.sum / self.rows).filter(|change| change.is_finite())?;
        let variance = (self.squares - self.rows * change * change).max(0.0) / (self.rows - 1.0);
        let found = t_test(self.rows as u64, change, variance, alpha);
        // Errors that change by the same everywhere have no test; no change is no loss.
        let p_value = found.map_or(1.0, |t| t.p_value);
        let interval = found.map(|t| t.interval);
        Some(Compared { metric: Metric::Mae, rows: self.rows as u64, change, interval, p_value })
    }
}
