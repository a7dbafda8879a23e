//! How well a single feature tells the label.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

use serde_json::{Map, Value as Json};

use crate::policy::Task;
use crate::row::scalar;
use pawl_stats::delong;
use pawl_stats::sorted::Tag;

/// Fewer rows than this tell of no row alone.
const LEAST_ROWS: usize = 50;

/// A row of the holdout: its label and its features.
pub(super) type Sampled = (Json, Map<String, Json>);

/// From useless to perfect: the area under the curve from ½ to 1; of numbers the squared correlation, of
/// several classes the share of errors saved, from 0 to 1. `None` where too few rows have the feature.
pub(super) fn strength(task: Task, sample: &[Sampled], name: &str) -> Option<f64> {
    if task == Task::Multiclass {
        let class = |label: &'_ Json| scalar(label).class().map(Cow::into_owned);
        let row = |(label, features): &'_ Sampled| Some((class(label)?, features.get(name).cloned()?));
        return errors_saved(&sample.iter().filter_map(row).collect::<Vec<_>>());
    }
    let rows = || sample.iter().filter_map(|(y, features)| Some((number(y)?, features.get(name)?)));
    let numbers: Vec<(f64, f64)> = rows().filter_map(|(y, x)| Some((y, number(x)?))).collect();
    let pairs = if 2 * numbers.len() >= rows().count() {
        numbers
    } else {
        // By the mean label of the text in the even rows, told to the odd ones.
        let mut known: HashMap<&str, (f64, f64)> = HashMap::new();
        for (y, text) in rows().step_by(2).filter_map(|(y, x)| Some((y, x.as_str()?))) {
            let (sum, count) = known.entry(text).or_default();
            *sum += y;
            *count += 1.0;
        }
        let told = |(y, x): (f64, &Json)| Some((y, known.get(x.as_str()?).map(|(sum, count)| sum / count)?));
        rows().skip(1).step_by(2).filter_map(told).collect()
    };
    if !suffice(pairs.len(), rows().count()) {
        return None;
    }
    if task == Task::Binary { area(&pairs) } else { correlation(&pairs) }
}

fn number(json: &Json) -> Option<f64> {
    match json {
        Json::Bool(truth) => Some(f64::from(u8::from(*truth))),
        other => other.as_f64(),
    }
}

/// A column that is mostly missing tells of no row alone, nor do a few rows.
fn suffice(told: usize, rows: usize) -> bool {
    told >= LEAST_ROWS && 4 * told >= rows
}

fn area(pairs: &[(f64, f64)]) -> Option<f64> {
    let tags: Vec<Tag> = pairs.iter().map(|(y, _)| Tag::new(*y == 1.0, 0)).collect();
    let area = delong::area(pairs.iter().map(|(_, x)| *x).collect(), &tags, None)?.auc;
    Some(area.max(1.0 - area))
}

fn correlation(pairs: &[(f64, f64)]) -> Option<f64> {
    let count = pairs.len() as f64;
    let mean = |of: fn(&(f64, f64)) -> f64| pairs.iter().map(of).sum::<f64>() / count;
    let (y, x) = (mean(|p| p.0), mean(|p| p.1));
    let sum = |of: &dyn Fn(f64, f64) -> f64| pairs.iter().map(|p| of(p.0 - y, p.1 - x)).sum::<f64>();
    let both = sum(&|y, x| y * x);
    let squared = both * both / (sum(&|y, _| y * y) * sum(&|_, x| x * x));
    squared.is_finite().then_some(squared)
}

/// Rows of each class.
type Classes<'a> = BTreeMap<&'a str, usize>;

/// The share of the errors of always naming the most frequent class that are saved by knowing the feature:
/// Goodman and Kruskal's lambda ("Measures of association for cross classifications", 1954). The even rows
/// tell the odd ones: by the same text, or by the nearest number (Cover and Hart's nearest neighbour,
/// 1967), so that neither order nor bins matter.
fn errors_saved(rows: &[(String, Json)]) -> Option<f64> {
    let by_number = 2 * rows.iter().filter(|(_, x)| number(x).is_some()).count() >= rows.len();
    let (even, odd) = (rows.iter().step_by(2), rows.iter().skip(1).step_by(2));
    let told: Vec<(&str, &str)> = if by_number {
        let mut values: Vec<(f64, &str)> =
            even.filter_map(|(class, x)| Some((number(x)?, class.as_str()))).collect();
        values.sort_by(|a, b| a.0.total_cmp(&b.0));
        let known: Vec<(f64, &str)> = values
            .chunk_by(|a, b| a.0 == b.0)
            .filter_map(|alike| Some((alike.first()?.0, most_frequent(alike.iter().map(|it| it.1))?)))
            .collect();
        odd.filter_map(|(class, x)| Some((class.as_str(), nearest(&known, number(x)?)?))).collect()
    } else {
        let mut known: HashMap<&str, Vec<&str>> = HashMap::new();
        for (class, text) in even.filter_map(|(class, x)| Some((class.as_str(), x.as_str()?))) {
            known.entry(text).or_default().push(class);
        }
        let of = |text: &str| most_frequent(known.get(text)?.iter().copied());
        odd.filter_map(|(class, x)| Some((class.as_str(), of(x.as_str()?)?))).collect()
    };
    if !suffice(told.len(), rows.len()) {
        return None;
    }
    let usual = most_frequent(told.iter().map(|(class, _)| *class))?;
    let errors = |right: &dyn Fn(&(&str, &str)) -> bool| told.iter().filter(|it| !right(it)).count() as f64;
    let without = errors(&|(class, _)| *class == usual);
    (without > 0.0).then(|| 1.0 - errors(&|(class, told)| class == told) / without)
}

/// The most frequent class; of several the first by name.
fn most_frequent<'a>(classes: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let mut counts = Classes::new();
    classes.for_each(|class| *counts.entry(class).or_default() += 1);
    let most = counts.values().max().copied()?;
    counts.into_iter().find(|(_, count)| *count == most).map(|(class, _)| class)
}

/// The class of the nearest known value; of two as near the lower one's.
fn nearest<'a>(known: &[(f64, &'a str)], value: f64) -> Option<&'a str> {
    let above = known.partition_point(|(at, _)| *at < value);
    let (low, high) = (above.checked_sub(1).and_then(|place| known.get(place)), known.get(above));
    match (low, high) {
        (Some(low), Some(high)) if high.0 - value < value - low.0 => Some(high.1),
        (Some(found), _) | (None, Some(found)) => Some(found.1),
        (None, None) => None,
    }
}
