//! The rows so far.

use std::collections::BTreeMap;

use super::inference::Tests;
use super::measures::{CHALLENGER, CHAMPION, OF_CLASS, of_classes};
use super::names;
use super::sums::{Block, Judged, ModelMeasures, Predicted};
use crate::blocks::{BlockSums, Cells, GroupCounter, slot};
use crate::findings::{BothMetrics, Metrics};
use crate::policy::{ClassShares, Favourable, Metric, Policy};
use crate::row::classes::{Chosen, Classes, MAX_CLASSES};
use crate::row::{Against, PairedRow, RowPart, RowValue, Unfit};
use crate::tally::blockwise::Blockwise;
use crate::tally::evidence::RowEvidence;
use crate::tally::order;
use pawl_stats::autocovariance::Autocovariance;
use pawl_stats::mcnemar::Discordance;
use pawl_stats::moments::Moments;

const TOO_MANY: &str =
    "at most 100 classes are told apart: judge a coarser label, or task regression if it is a number";

const UNNAMED: &str = "scores without names are those of the classes 0, 1, 2 and on, and the labels \
                       have names: list the classes in the order of the scores (gate.classes, --classes)";

const LABEL: &str = "a label of task multiclass is the name of a class";

/// The rows so far.
#[derive(Debug)]
pub(crate) struct Multiclass {
    /// In the order of their numbers: first those that the policy names.
    names: Vec<String>,
    listed: Classes,
    /// The names of the favourable classes, where fairness asks for them.
    favourable: Vec<String>,
    champion: ModelMeasures,
    challenger: ModelMeasures,
    discordance: Discordance,
    /// Challenger's loss − champion's, or a first model's own; only of rows with scores of both.
    log_loss: Moments,
    rows: u64,
    /// Who is right, in the order of the rows.
    series: Option<Autocovariance>,
    blocks: Vec<Block>,
    counts: GroupCounter<Judged>,
}

impl Multiclass {
    pub(in crate::tally) fn new(policy: &Policy, columns: &[String]) -> Self {
        Self {
            names: policy.classes.clone(),
            listed: Classes::new(&policy.classes),
            favourable: match &policy.fairness.favourable {
                Some(Favourable::Classes(classes)) => classes.clone(),
                Some(Favourable::Above(_)) | None => Vec::new(),
            },
            champion: ModelMeasures::default(),
            challenger: ModelMeasures::default(),
            discordance: Discordance::default(),
            log_loss: Moments::default(),
            rows: 0,
            series: order::losses(policy),
            blocks: Vec::new(),
            counts: GroupCounter::new(columns, policy),
        }
    }

    pub(in crate::tally) fn push(&mut self, row: &PairedRow<'_>) -> Result<bool, Unfit> {
        let label = match row.label.class() {
            Some(name) => self.class(&name, RowPart::Label, row.label)?,
            None => return Err(Unfit::new(RowPart::Label, row.label, LABEL)),
        };
        let new = self.read(RowPart::Challenger, row.challenger, label)?;
        let old = row.champion.map(|value| self.read(RowPart::Champion, value, label)).transpose()?;
        self.rows += 1;
        self.challenger.push(label, &new);
        let right = new.class == label;
        let (mut was_right, mut loss) = (false, new.log_loss);
        if let Some(old) = &old {
            self.champion.push(label, old);
            was_right = old.class == label;
            self.discordance.push(right, was_right);
            loss = new.log_loss.zip(old.log_loss).map(|(new, old)| new - old);
        }
        loss.into_iter().for_each(|loss| self.log_loss.push(loss));
        let change = f64::from(u8::from(right)) - f64::from(u8::from(was_right));
        self.series.iter_mut().for_each(|series| series.push(change));
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
        Ok(!right || old.is_some_and(|old| old.class != label))
    }

    fn class(&mut self, name: &str, part: RowPart, found: RowValue<'_>) -> Result<usize, Unfit> {
        if let Some(number) = self.names.iter().position(|known| known == name) {
            return Ok(number);
        }
        if self.names.len() >= MAX_CLASSES {
            return Err(Unfit::new(part, found, TOO_MANY));
        }
        self.names.push(name.to_owned());
        Ok(self.names.len() - 1)
    }

    fn read(&mut self, part: RowPart, value: RowValue<'_>, label: usize) -> Result<Predicted, Unfit> {
        let read = self.listed.read(value).map_err(|expected| Unfit::new(part, value, expected))?;
        let scores = match read {
            Chosen::Name(name) => {
                return Ok(Predicted { class: self.class(&name, part, value)?, log_loss: None });
            }
            Chosen::Scores(scores) => scores,
        };
        let known = self.names.get(label).filter(|_| self.listed.listed() == 0);
        if known.is_some_and(|name| name.parse::<u32>().is_err()) {
            return Err(Unfit::new(part, value, UNNAMED));
        }
        let class = match self.listed.listed() {
            0 => self.class(&scores.best.to_string(), part, value)?,
            _ => scores.best,
        };
        let chance = scores.chance(self.names.get(label).and_then(|name| self.listed.place(name)));
        Ok(Predicted { class, log_loss: Some(-chance.clamp(f64::EPSILON, 1.0).ln()) })
    }

    pub(in crate::tally) fn class_shares(&self) -> ClassShares {
        ClassShares::new(self.challenger.confusion.iter().map(|row| row.iter().sum()))
    }

    pub(in crate::tally) fn finish(self, policy: &Policy, against: Against, seed: u64) -> RowEvidence {
        let rows = self.rows;
        let alike = self.discordance.discordant() == 0;
        let sizes = self.blocks.iter().map(|block| block.judged.right.discordance().rows as f64).collect();
        let blockwise = Blockwise { policy, against, rows, alike, seed, sizes };
        let width = self.names.len() * OF_CLASS;
        let classes = BlockSums::new(width, self.blocks.iter().map(|block| &block.classes));
        let total = classes.total();
        let tests = Tests {
            discordance: &self.discordance,
            log_loss: &self.log_loss,
            blocks: &self.blocks,
            classes: &classes,
            total: &total,
        };
        let champion = self.metrics(policy, CHAMPION, &self.champion, &total);
        let mut evidence = RowEvidence {
            rows,
            second_class: Some(second_class(&total)),
            metrics: BothMetrics {
                champion: (against == Against::Champion).then_some(champion),
                challenger: Some(self.metrics(policy, CHALLENGER, &self.challenger, &total)),
            },
            tests: tests.all(&blockwise),
            ..RowEvidence::default()
        };
        let blocks: Vec<Cells> = self.blocks.iter().map(|block| block.judged.favoured).collect();
        evidence.add_parts(&blockwise, &self.counts, &blocks);
        let depends = self.series.as_ref().and_then(|series| series.dependence(1));
        evidence.reasons.extend(order::check(policy, depends));
        let models = [("the champion", &self.champion), ("the challenger", &self.challenger)];
        let check = |(name, model): (&str, &ModelMeasures)| names::check(name, &self.names, &model.confusion);
        let other_names: Vec<_> = models.into_iter().filter_map(check).collect();
        if !other_names.is_empty() {
            // What compares labels with other names shows neither harm nor gain.
            evidence.tests.clear();
        }
        evidence.reasons.extend(other_names);
        evidence
    }

    /// The measures of the model whose sums stand at `from`.
    fn metrics(&self, policy: &Policy, from: usize, model: &ModelMeasures, total: &[f64]) -> Metrics {
        let value = |metric: Metric| match metric {
            Metric::LogLoss => model.log_loss.mean().filter(|_| model.log_loss.count() == self.rows),
            _ => Some(of_classes(metric, from)(total)),
        };
        let values = policy.task.metrics().iter().map(|&metric| (metric, value(metric)));
        Metrics { confusion_matrix: self.matrix(model), ..values.collect() }
    }

    fn matrix(&self, model: &ModelMeasures) -> BTreeMap<String, BTreeMap<String, u64>> {
        let row = |counts: &Vec<u64>| {
            let named = self.names.iter().zip(counts).filter(|(_, count)| **count > 0);
            named.map(|(name, count)| (name.clone(), *count)).collect::<BTreeMap<_, _>>()
        };
        let rows = self.names.iter().zip(&model.confusion).map(|(name, counts)| (name.clone(), row(counts)));
        rows.filter(|(_, row)| !row.is_empty()).collect()
    }
}

/// Rows of the second most frequent class.
fn second_class(total: &[f64]) -> u64 {
    let rows = |class: &[f64]| class.first().map_or(0, |rows| *rows as u64);
    let mut sizes: Vec<u64> = total.chunks_exact(OF_CLASS).map(rows).collect();
    sizes.sort_unstable_by(|a, b| b.cmp(a));
    sizes.get(1).copied().unwrap_or(0)
}
