//! What both models answered to a suite, and what it shows.

use std::collections::BTreeMap;

use crate::findings::{Check, Code, Reason};
use crate::input::{Line, PairError};
use crate::policy::{BehaviourCase, BehaviourPolicy, Expectation, Task};
use crate::row::{Against, Contender};
use pawl_stats::moments::Moments;

/// The name of the check on noise.
const NOISE: &str = "noise";

/// What a model answered to one row of the suite.
#[derive(Debug, Clone, PartialEq)]
struct SuiteAnswer {
    number: Option<f64>,
    text: String,
}

/// One model's answers by row.
#[derive(Debug, Default)]
pub struct SuiteAnswers(BTreeMap<String, SuiteAnswer>);

impl SuiteAnswers {
    /// Takes a line of the transform's output.
    ///
    /// # Errors
    /// A line that cannot be read, or that holds no prediction.
    pub fn push(&mut self, line: &[u8], side: Contender, task: Task) -> Result<(), PairError> {
        let number = self.0.len() as u64 + 1;
        let line = Line::parse(line, side, number)?;
        let row = line.row.clone().into_owned();
        let Some(value) = line.prediction(task) else {
            return Err(PairError::MissingOutput { side, line: number, row });
        };
        let text = value.class().map(std::borrow::Cow::into_owned).unwrap_or_default();
        self.0.insert(row, SuiteAnswer { number: value.number(), text });
        Ok(())
    }
}

impl Expectation {
    fn holds(&self, task: Task, before: Option<&SuiteAnswer>, after: &SuiteAnswer) -> bool {
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

impl BehaviourPolicy {
    /// What the answers show. An answer that is missing decides nothing and asks.
    pub fn judge(
        &self,
        task: Task,
        challenger: &SuiteAnswers,
        champion: Option<&SuiteAnswers>,
    ) -> Vec<Reason> {
        let cases = self.cases.iter().enumerate();
        let mut reasons: Vec<Reason> =
            cases.map(|(number, case)| self.case(task, number, case, challenger, champion)).collect();
        if self.noise.is_some() && task != Task::Multiclass {
            reasons.push(self.robustness(challenger, champion));
        }
        reasons
    }

    fn reason(&self, name: &str, held: bool, text: String) -> Reason {
        let (broken, asks) = (Code::BehaviourBroken, Code::BehaviourAsks);
        let code = if held {
            Code::BehaviourHeld
        } else {
            Code::of(self.action, broken, asks, Code::BehaviourWarning)
        };
        Reason::new(Check::Behaviour(name.to_owned()), code, text)
    }

    fn case(
        &self,
        task: Task,
        number: usize,
        case: &BehaviourCase,
        new: &SuiteAnswers,
        old: Option<&SuiteAnswers>,
    ) -> Reason {
        let held = |answers: &SuiteAnswers| {
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
    fn robustness(&self, new: &SuiteAnswers, old: Option<&SuiteAnswers>) -> Reason {
        let moved = |answers: &SuiteAnswers| {
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
