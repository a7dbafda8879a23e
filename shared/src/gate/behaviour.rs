//! What a model must do whatever its scores are: a suite that the team writes, answered by the model itself.
//!
//! The suite's rows go through the same transforms as the holdout, challenger's and champion's, so they run in the very
//! program that will serve. The kinds of test are those of CheckList (Ribeiro and others 2020): must-pass cases,
//! invariance, direction; beside them missing values and small noise.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json, json};

use super::fairness::Action;
use super::line::Line;
use super::metric::Task;
use super::pairs::{Against, PairError, Side};
use super::policy::PolicyError;
use super::rng::SplitMix64;
use super::stats::moments::Moments;
use super::verdict::{Check, Code, Reason};

/// The most cases, and the most rows of the holdout that each is tried on.
const MOST_CASES: usize = 100;
const MOST_ROWS: usize = 1000;

/// The suite.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Behaviour {
    /// How many rows of the holdout each change is tried on, at most 1000. Default 100.
    pub rows: usize,
    /// What must hold. Default: nothing.
    pub cases: Vec<Case>,
    /// Noise on every number among the features, as a share of its standard deviation in those rows: a challenger whose
    /// predictions move more under it than the champion's (paired t) is told. Default: none.
    pub noise: Option<f64>,
    /// What follows when something does not hold. Default: ask a person.
    pub action: Action,
}

impl Default for Behaviour {
    fn default() -> Self {
        Self { rows: 100, cases: Vec::new(), noise: None, action: Action::Ask }
    }
}

/// One case.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// What it says, for people.
    pub name: String,
    /// A row of features; those not named are null. Without it the rows are the holdout's.
    #[serde(default)]
    pub row: Option<Map<String, Json>>,
    /// What is changed in the row, or in each.
    #[serde(default)]
    pub change: Change,
    /// What must hold of the answer, or of its change.
    pub expect: Expect,
    /// The least share of rows on which it must hold. Default 1.
    #[serde(default = "all")]
    pub share: f64,
}

fn all() -> f64 {
    1.0
}

/// A change of a row.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Change {
    /// Features that get a value.
    pub set: Map<String, Json>,
    /// Numbers that are added to features; a missing value stays missing.
    pub add: BTreeMap<String, f64>,
    /// Features that go missing (null).
    pub missing: Vec<String>,
}

/// What must hold. Predictions are scores, numbers, or names of classes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Expect {
    /// The prediction is no less.
    AtLeast(f64),
    /// The prediction is no more.
    AtMost(f64),
    /// The prediction is this class.
    Class(String),
    /// The change moves the prediction by no more than this; a class stays what it is.
    SameWithin(f64),
    /// The change lowers the prediction by no more than this.
    NotLower(f64),
    /// The change raises the prediction by no more than this.
    NotHigher(f64),
    /// There is a prediction at all.
    Answers,
}

impl Expect {
    /// Whether it speaks of a change.
    fn compares(&self) -> bool {
        matches!(self, Self::SameWithin(_) | Self::NotLower(_) | Self::NotHigher(_))
    }

    fn holds(&self, task: Task, before: Option<&Answer>, after: &Answer) -> bool {
        let moved = || Some(after.number? - before?.number?);
        match (self, task) {
            (Self::AtLeast(least), _) => after.number.is_some_and(|it| it >= *least),
            (Self::AtMost(most), _) => after.number.is_some_and(|it| it <= *most),
            (Self::Class(class), _) => after.text == *class,
            (Self::SameWithin(_), Task::Multiclass) => before.is_some_and(|before| before.text == after.text),
            (Self::SameWithin(most), _) => moved().is_some_and(|by| by.abs() <= *most),
            (Self::NotLower(most), _) => moved().is_some_and(|by| by >= -most),
            (Self::NotHigher(most), _) => moved().is_some_and(|by| by <= *most),
            (Self::Answers, Task::Multiclass) => !after.text.is_empty(),
            (Self::Answers, _) => after.number.is_some(),
        }
    }
}

/// What a model answered to one row of the suite.
#[derive(Debug, Clone, PartialEq)]
struct Answer {
    number: Option<f64>,
    text: String,
}

/// One model's answers by row.
#[derive(Debug, Default)]
pub struct Answers(BTreeMap<String, Answer>);

impl Answers {
    /// Takes a line of the transform's output.
    ///
    /// # Errors
    /// A line that cannot be read, or that holds no prediction.
    pub fn push(&mut self, line: &[u8], side: Side, task: Task) -> Result<(), PairError> {
        let number = self.0.len() as u64 + 1;
        let line = Line::parse(line, side, number)?;
        let row = line.row.clone().into_owned();
        let Some(value) = line.prediction(task) else {
            return Err(PairError::MissingOutput { side, line: number, row });
        };
        let text = value.class().map(std::borrow::Cow::into_owned).unwrap_or_default();
        self.0.insert(row, Answer { number: value.number(), text });
        Ok(())
    }
}

impl Behaviour {
    /// Whether there is anything to ask.
    pub fn is_empty(&self) -> bool {
        self.cases.is_empty() && self.noise.is_none()
    }

    /// Checks what the types cannot.
    ///
    /// # Errors
    /// The field, what it says, what it may say.
    pub fn check(&self, task: Task) -> Result<(), PolicyError> {
        let wrong = |field: String, found: String, fix| Err(PolicyError { field, found, fix });
        if self.cases.len() > MOST_CASES || !(1..=MOST_ROWS).contains(&self.rows) {
            let found = format!("{} cases on {} rows", self.cases.len(), self.rows);
            return wrong("behaviour".to_owned(), found, "write at most 100 cases, on 1 to 1000 rows");
        }
        if self.noise.is_some_and(|noise| !(noise > 0.0 && noise <= 1.0)) {
            let found = format!("{:?}", self.noise);
            return wrong(
                "behaviour.noise".to_owned(),
                found,
                "write a share above 0 and at most 1, such as 0.01",
            );
        }
        let mut names = BTreeSet::new();
        for case in &self.cases {
            let field = || format!("behaviour.cases.{}", case.name);
            let Change { set, add, missing } = &case.change;
            if case.name.is_empty() || !names.insert(&case.name) {
                return wrong(
                    field(),
                    "a name that is empty or stands twice".to_owned(),
                    "name each case once",
                );
            }
            if !(case.share > 0.0 && case.share <= 1.0) {
                return wrong(
                    field(),
                    format!("share {}", case.share),
                    "write a share above 0 and at most 1",
                );
            }
            let changes = !(set.is_empty() && add.is_empty() && missing.is_empty());
            if case.expect.compares() && !changes {
                return wrong(
                    field(),
                    "no change".to_owned(),
                    "say under change what is set, added or missing",
                );
            }
            let (of_class, of_number) = match case.expect {
                Expect::Class(_) => (true, false),
                Expect::SameWithin(_) | Expect::Answers => (false, false),
                _ => (false, true),
            };
            if of_class && task != Task::Multiclass || of_number && task == Task::Multiclass {
                let fix =
                    "classes are expected by name (class, same_within, answers), scores and numbers by value";
                return wrong(field(), format!("{:?} under task {task}", case.expect), fix);
            }
        }
        Ok(())
    }

    /// Checks that it speaks of these features only.
    ///
    /// # Errors
    /// The case and the name that is no feature.
    pub fn speaks_of(&self, features: &[String]) -> Result<(), PolicyError> {
        for case in &self.cases {
            let Change { set, add, missing } = &case.change;
            let row = case.row.iter().flat_map(Map::keys);
            let mut named = row.chain(set.keys()).chain(add.keys()).chain(missing);
            if let Some(foreign) = named.find(|name| !features.contains(name)) {
                return Err(PolicyError {
                    field: format!("behaviour.cases.{}", case.name),
                    found: format!("{foreign:?}"),
                    fix: "name features of data.features only",
                });
            }
        }
        Ok(())
    }

    /// The rows of the suite, as lines of a transform's input; `holdout` are lines of it, of which the first
    /// [`Behaviour::rows`] are used.
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

    /// What the answers show. An answer that is missing decides nothing and asks.
    pub fn judge(&self, task: Task, challenger: &Answers, champion: Option<&Answers>) -> Vec<Reason> {
        let cases = self.cases.iter().enumerate();
        let mut reasons: Vec<Reason> =
            cases.map(|(number, case)| self.case(task, number, case, challenger, champion)).collect();
        if self.noise.is_some() && task != Task::Multiclass {
            reasons.push(self.robustness(challenger, champion));
        }
        reasons
    }

    fn reason(&self, name: &str, held: bool, text: String) -> Reason {
        let code = match (held, self.action) {
            (true, _) => Code::BehaviourHeld,
            (false, Action::Block) => Code::BehaviourBroken,
            (false, Action::Ask) => Code::BehaviourAsks,
            (false, Action::Warn) => Code::BehaviourWarning,
        };
        Reason::new(Check::Behaviour(name.to_owned()), code, text)
    }

    fn case(&self, task: Task, number: usize, case: &Case, new: &Answers, old: Option<&Answers>) -> Reason {
        let held = |answers: &Answers| {
            let prefix = format!("case {number}:");
            let rows = answers.0.range(prefix.clone()..).take_while(|(row, _)| row.starts_with(&prefix));
            let (mut held, mut rows_seen) = (0_usize, 0_usize);
            for (row, after) in rows {
                let before = match row.strip_prefix(&prefix) {
                    Some("own") => format!("own:{number}"),
                    place => format!("before:{}", place.unwrap_or_default()),
                };
                rows_seen += 1;
                held += usize::from(case.expect.holds(task, answers.0.get(&before), after));
            }
            (held, rows_seen)
        };
        let (fine, rows) = held(new);
        if rows == 0 {
            let text = "the challenger's transform answered none of its rows".to_owned();
            return Reason::new(Check::Behaviour(case.name.clone()), Code::Undefined, text);
        }
        let of_champion = old.map(held).map_or_else(String::new, |(fine, rows)| {
            format!("; on the champion's answers in {fine} of {rows}")
        });
        let text =
            format!("holds in {fine} of {rows} rows, asked for {:.0} %{of_champion}", 100.0 * case.share);
        self.reason(&case.name, fine as f64 >= case.share * rows as f64, text)
    }

    /// Do the challenger's predictions move more under noise than the champion's?
    fn robustness(&self, new: &Answers, old: Option<&Answers>) -> Reason {
        let moved = |answers: &Answers| {
            let of = |place: usize| {
                let after = answers.0.get(&format!("noise:{place}"))?.number?;
                Some((after - answers.0.get(&format!("before:{place}"))?.number?).abs())
            };
            (0..self.rows).map(of).collect::<Vec<Option<f64>>>()
        };
        let (mut own, mut more) = (Moments::default(), Moments::default());
        let movements = moved(new);
        movements.iter().flatten().for_each(|by| own.push(*by));
        let before = old.map(moved).unwrap_or_default();
        movements
            .iter()
            .zip(&before)
            .filter_map(|(new, old)| Some((*new)? - (*old)?))
            .for_each(|d| more.push(d));
        let against = if old.is_some() { Against::Champion } else { Against::Nobody };
        let (Some(mean), Some(change)) =
            (own.mean(), more.mean().or((against == Against::Nobody).then_some(0.0)))
        else {
            let text = "the transform answered none of the noisy rows".to_owned();
            return Reason::new(Check::Behaviour(NOISE.to_owned()), Code::Undefined, text);
        };
        let p = more.t_test(0.05).map_or(1.0, |test| test.p_value);
        let text = match against {
            Against::Champion => {
                format!(
                    "noise moves predictions by {mean:.4}, {change:+.4} against the champion's, p {p:.3e}"
                )
            }
            Against::Nobody => format!("noise moves predictions by {mean:.4}; no champion to compare with"),
        };
        self.reason(NOISE, !(change > 0.0 && p <= 0.05), text)
    }
}

/// The name of the check on noise.
const NOISE: &str = "noise";

impl Change {
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

/// The rows with seeded noise on their numbers: a sum of twelve uniform values, which is nearly normal.
fn noisy(rows: &[Map<String, Json>], share: f64, seed: u64) -> Vec<Map<String, Json>> {
    let mut spreads: BTreeMap<&String, Moments> = BTreeMap::new();
    for (name, number) in rows.iter().flatten().filter_map(|(name, value)| Some((name, value.as_f64()?))) {
        spreads.entry(name).or_default().push(number);
    }
    let mut rng = SplitMix64::new(seed);
    let mut normal = move || (0..12).map(|_| rng.next_u64() as f64 / u64::MAX as f64).sum::<f64>() - 6.0;
    let mut moved = |(name, value): (&String, &Json)| {
        let spread = spreads.get(name).and_then(Moments::variance).map(f64::sqrt);
        let value = match (value.as_f64(), spread) {
            (Some(number), Some(spread)) => json!(number + share * spread * normal()),
            _ => value.clone(),
        };
        (name.clone(), value)
    };
    rows.iter().map(|row| row.iter().map(&mut moved).collect()).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const SUITE: &str = r#"{
        "rows": 20, "noise": 0.1, "action": "block",
        "cases": [
            {"name": "cold is quiet", "row": {"temp": 0.0}, "expect": {"at_most": 0.2}},
            {"name": "warmer is busier", "change": {"add": {"temp": 0.1}}, "expect": {"not_lower": 0.0}},
            {"name": "the name says nothing", "change": {"set": {"name": "x"}}, "expect": {"same_within": 0.0}},
            {"name": "answers without temp", "change": {"missing": ["temp"]}, "expect": "answers", "share": 0.5}
        ]}"#;

    fn features() -> Vec<String> {
        ["temp", "name"].map(str::to_owned).to_vec()
    }

    /// The suite's lines through a model of `temp` and `name`.
    fn answers(suite: &Behaviour, model: impl Fn(Option<f64>, &str) -> f64) -> Answers {
        let holdout: Vec<Vec<u8>> = (0..30)
            .map(|row| json!({"features": {"temp": f64::from(row) / 40.0, "name": "y"}, "row": "a:1"}))
            .map(|row| row.to_string().into_bytes())
            .collect();
        let mut answers = Answers::default();
        for line in suite.lines(&features(), &holdout, 1) {
            let mut row: Json = serde_json::from_str(&line).unwrap();
            let score =
                model(row["features"]["temp"].as_f64(), row["features"]["name"].as_str().unwrap_or(""));
            row["SageMakerOutput"] = json!({ "score": score });
            answers.push(row.to_string().as_bytes(), Side::Challenger, Task::Binary).unwrap();
        }
        answers
    }

    fn codes(reasons: &[Reason]) -> Vec<Code> {
        reasons.iter().map(|reason| reason.code).collect()
    }

    #[test]
    fn a_good_model_holds_all_and_a_bad_one_is_told_by_case() {
        let suite: Behaviour = serde_json::from_str(SUITE).unwrap();
        suite.check(Task::Binary).and(suite.speaks_of(&features())).unwrap();
        let good = answers(&suite, |temp, _| temp.unwrap_or(0.5));
        assert_eq!(codes(&suite.judge(Task::Binary, &good, None)), [Code::BehaviourHeld; 5]);
        let bad = answers(&suite, |temp, name| {
            0.9 - 2.0 * temp.unwrap_or(0.4) + if name == "x" { 0.1 } else { 0.0 }
        });
        let found = suite.judge(Task::Binary, &bad, Some(&good));
        let broken = Code::BehaviourBroken;
        assert_eq!(codes(&found), [broken, broken, broken, Code::BehaviourHeld, broken], "{found:#?}");
        assert!(
            found[1].text.contains("in 0 of 20 rows, asked for 100 %; on the champion's answers in 20 of 20")
        );
        let silent = suite.judge(Task::Binary, &Answers::default(), None);
        assert_eq!(codes(&silent), [Code::Undefined; 5]);
    }

    #[test]
    fn what_cannot_be_meant_is_refused_by_case() {
        let of = |task, case: Json| {
            let cases = vec![serde_json::from_value(case).unwrap()];
            let suite = Behaviour { cases, ..Behaviour::default() };
            suite.check(task).and_then(|()| suite.speaks_of(&features())).map_err(|e| e.found)
        };
        let refused = |task, case: Json| of(task, case).unwrap_err();
        assert!(
            refused(Task::Binary, json!({"name": "a", "expect": {"same_within": 0.1}})).contains("no change")
        );
        let foreign = json!({"name": "a", "row": {"hum": 1}, "expect": "answers"});
        assert_eq!(refused(Task::Binary, foreign), "\"hum\"");
        let class = json!({"name": "a", "expect": {"class": "cat"}});
        assert!(refused(Task::Regression, class.clone()).contains("under task regression"));
        assert_eq!(of(Task::Multiclass, class), Ok(()));
        assert!(
            refused(Task::Multiclass, json!({"name": "a", "expect": {"at_most": 1.0}})).contains("AtMost")
        );
        assert!(
            refused(Task::Binary, json!({"name": "a", "expect": "answers", "share": 0.0}))
                .contains("share 0")
        );
        assert!(Behaviour { noise: Some(0.0), ..Behaviour::default() }.check(Task::Binary).is_err());
    }
}
