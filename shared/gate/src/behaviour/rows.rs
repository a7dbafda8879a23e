//! The rows of a suite: those of the holdout, changed, and those that the team writes.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};

use crate::policy::{BehaviourPolicy, RowChange};
use pawl_base::random::SplitMix64;
use pawl_stats::moments::Moments;

impl BehaviourPolicy {
    /// The rows of the suite, as lines of a transform's input; `holdout` are lines of it, of which the first
    /// [`BehaviourPolicy::rows`] are used.
    pub fn lines(&self, features: &[String], holdout: &[Vec<u8>], seed: u64) -> Vec<String> {
        let parse =
            |line: &Vec<u8>| match serde_json::from_slice::<Map<String, Json>>(line).ok()?.remove("features")
            {
                Some(Json::Object(features)) => Some(features),
                _ => None,
            };
        let base: Vec<Map<String, Json>> = holdout.iter().filter_map(parse).take(self.rows).collect();
        let empty = || features.iter().map(|name| (name.clone(), Json::Null)).collect::<Map<_, _>>();
        let mut lines = Vec::new();
        let mut write = |row: String, features: &Map<String, Json>| {
            lines.push(json!({ "row": row, "label": null, "columns": {}, "features": features }).to_string());
        };
        for (place, row) in base.iter().enumerate() {
            write(format!("before:{place}"), row);
        }
        for (number, case) in self.cases.iter().enumerate() {
            match &case.row {
                Some(named) => {
                    let mut row = empty();
                    row.extend(named.clone());
                    write(format!("own:{number}"), &row);
                    write(format!("case {number}:own"), &case.change.of(&row));
                }
                None => {
                    for (place, row) in base.iter().enumerate() {
                        write(format!("case {number}:{place}"), &case.change.of(row));
                    }
                }
            }
        }
        if let Some(noise) = self.noise {
            for (place, row) in noisy(&base, noise, seed).iter().enumerate() {
                write(format!("noise:{place}"), row);
            }
        }
        lines
    }
}

impl RowChange {
    fn of(&self, row: &Map<String, Json>) -> Map<String, Json> {
        let mut changed = row.clone();
        changed.extend(self.set.clone());
        for (name, by) in &self.add {
            if let Some(number) = changed.get(name).and_then(Json::as_f64) {
                changed.insert(name.clone(), json!(number + by));
            }
        }
        changed.extend(self.missing.iter().map(|name| (name.clone(), Json::Null)));
        changed
    }
}

/// The rows with seeded, nearly normal noise on their numbers.
fn noisy(rows: &[Map<String, Json>], share: f64, seed: u64) -> Vec<Map<String, Json>> {
    let mut spreads: BTreeMap<&String, Moments> = BTreeMap::new();
    for (name, number) in rows.iter().flatten().filter_map(|(name, value)| Some((name, value.as_f64()?))) {
        spreads.entry(name).or_default().push(number);
    }
    let mut rng = SplitMix64::new(seed);
    let mut moved = |(name, value): (&String, &Json)| {
        let spread = spreads.get(name).and_then(Moments::variance).map(f64::sqrt);
        let value = match (value.as_f64(), spread) {
            (Some(number), Some(spread)) => json!(number + share * spread * rng.normal()),
            _ => value.clone(),
        };
        (name.clone(), value)
    };
    rows.iter().map(|row| row.iter().map(&mut moved).collect()).collect()
}
