//! The rows so far.

use super::inference::{diebold_mariano, root_mean_squared, wilcoxon};
use super::sums::{Block, CHALLENGER, CHAMPION, Errors, Losses, WIDTH, heavy_tail, of_sums};
use crate::blocks::{BlockSums, Cells, GroupCounter, Reservoir, Sums, slot};
use crate::findings::{BothMetrics, Metrics, Test};
use crate::policy::{Favourable, Metric, Policy};
use crate::row::{Against, PairedRow, RowPart, RowValue, Unfit};
use crate::tally::blockwise::Blockwise;
use crate::tally::evidence::RowEvidence;
use crate::tally::means::mean_test;
use crate::tally::order;
use pawl_stats::diebold_mariano::DieboldMariano;
use pawl_stats::sorted::Tag;
use pawl_stats::tail::Tail;

const LABEL: &str = "a label of task regression is a finite number";

const NUMBER: &str = "a prediction of task regression is a finite number";

/// The rows so far.
#[derive(Debug)]
pub(crate) struct Regression {
    /// The first label: others are measured from it, so that digits last.
    origin: f64,
    /// Numbers above it are favourable, where fairness asks for them.
    favourable: f64,
    champion: Losses,
    challenger: Losses,
    /// Challenger's − champion's; a first model's own.
    compared: Losses,
    /// Of absolute and squared errors in the order of the rows, where no cluster column says which depend.
    series: Option<[DieboldMariano; 2]>,
    /// Of absolute errors, champion's first.
    tails: [Tail; 2],
    errors: Reservoir,
    blocks: Vec<Block>,
    alike: bool,
    counts: GroupCounter<Errors>,
}

impl Regression {
    pub(in crate::tally) fn new(policy: &Policy, columns: &[String], seed: u64) -> Self {
        Self {
            origin: 0.0,
            favourable: match policy.fairness.favourable {
                Some(Favourable::Above(bound)) => bound,
                Some(Favourable::Classes(_)) | None => f64::INFINITY,
            },
            champion: Losses::default(),
            challenger: Losses::default(),
            compared: Losses::default(),
            series: policy.cluster.is_none().then(|| {
                let steps = policy.horizon.unwrap_or(1);
                [DieboldMariano::new(steps), DieboldMariano::new(steps)]
            }),
            tails: [Tail::default(), Tail::default()],
            errors: Reservoir::new(policy.sample_above, seed),
            blocks: Vec::new(),
            alike: true,
            counts: GroupCounter::new(columns, policy),
        }
    }

    pub(in crate::tally) fn push(&mut self, row: &PairedRow<'_>) -> Result<(), Unfit> {
        let label = row.label.number().ok_or_else(|| Unfit::new(RowPart::Label, row.label, LABEL))?;
        let predicted = number(RowPart::Challenger, row.challenger)?;
        let challenger = predicted - label;
        let champion = row.champion.map(|value| number(RowPart::Champion, value)).transpose()?;
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
        for (tail, error) in self.tails.iter_mut().zip([old, Some(new)]) {
            error.into_iter().for_each(|error| tail.push(error));
        }
        if let Some([of_absolute, of_squared]) = &mut self.series {
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

    pub(in crate::tally) fn finish(self, policy: &Policy, against: Against, seed: u64) -> RowEvidence {
        let rows = self.challenger.absolute.count();
        let sizes = self.blocks.iter().filter_map(|block| block.sums.first().copied()).collect();
        let blockwise = Blockwise { policy, against, rows, alike: self.alike, seed, sizes };
        let parts = BlockSums::new(WIDTH, &self.blocks);
        let total = parts.total();
        let metrics = |from: usize| -> Metrics {
            policy
                .task
                .metrics()
                .iter()
                .map(|&metric| (metric, Some(of_sums(metric, from)(&total))))
                .collect()
        };
        let [champion_tail, challenger_tail] = &self.tails;
        let mut evidence = RowEvidence {
            rows,
            metrics: BothMetrics {
                champion: (against == Against::Champion).then(|| metrics(CHAMPION)),
                challenger: Some(metrics(CHALLENGER)),
            },
            tests: self.tests(&blockwise, &parts),
            sample: self.errors.sample(),
            heavy_tail: heavy_tail(challenger_tail, champion_tail).filter(|_| against == Against::Champion),
            ..RowEvidence::default()
        };
        let blocks: Vec<Cells> = self.blocks.iter().map(|block| block.favoured).collect();
        evidence.add_parts(&blockwise, &self.counts, &blocks);
        let series = [Metric::Mae, Metric::Mse].iter().zip(self.series.iter().flatten());
        let tested = series.filter(|(metric, _)| policy.rests_on(**metric));
        evidence.reasons.extend(order::check(policy, tested.filter_map(|(_, series)| series.dependence())));
        evidence
    }

    fn tests(&self, blockwise: &Blockwise<'_>, parts: &BlockSums) -> Vec<Test> {
        let &Blockwise { policy, against, rows, alike, .. } = blockwise;
        let alpha = policy.alpha;
        let mut tests = vec![
            mean_test(Metric::Mae, against, &self.compared.absolute, alpha),
            mean_test(Metric::Mse, against, &self.compared.squared, alpha),
        ];
        match against {
            Against::Champion => {
                tests.push(wilcoxon(&self.errors.challenger, alpha));
                if let Some([absolute, squared]) = self.series.as_ref().filter(|_| policy.horizon.is_some()) {
                    tests.push(diebold_mariano(Metric::Mae, absolute, alike, rows, alpha));
                    tests.push(diebold_mariano(Metric::Mse, squared, alike, rows, alpha));
                }
            }
            Against::Nobody => tests.push(root_mean_squared(&tests, rows)),
        }
        tests.extend(blockwise.metrics().map(|metric| {
            let (new, old) = (of_sums(metric, CHALLENGER), of_sums(metric, CHAMPION));
            blockwise.test(metric, parts, |sums| against.change(new(sums), || old(sums)))
        }));
        tests
    }
}

fn number(part: RowPart, value: RowValue<'_>) -> Result<f64, Unfit> {
    value.number().ok_or_else(|| Unfit::new(part, value, NUMBER))
}
