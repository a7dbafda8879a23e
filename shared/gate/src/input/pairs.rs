//! Joins the two batch-transform outputs, line by line, without reading from anywhere itself.
//!
//! Both transforms read the same holdout, so line *i* of one output is the same row as line *i* of the
//! other; the reader makes sure of it by row id and label and stops at the first line that differs.

use super::line::{Columns, Line};
use super::lines::{Lines, MAX_BUFFERED};
use super::pair_error::PairError;
use crate::judge::Judge;
use crate::row::{Against, Contender, PairedRow, Responses};

/// Joins two outputs into a [`Judge`]. Push the bytes of the side that [`wants`](Self::wants) names,
/// in pieces of any size; end each side once. One reader a pair of objects: several objects share the judge.
#[derive(Debug)]
pub struct PairReader {
    challenger: Lines,
    /// `None` for a first model.
    champion: Option<Lines>,
    line: u64,
}

impl PairReader {
    /// A reader of two outputs, or of the challenger's alone.
    pub fn new(against: Against) -> Self {
        Self {
            challenger: Lines::default(),
            champion: (against == Against::Champion).then(Lines::default),
            line: 0,
        }
    }

    /// The side whose bytes, or whose end, the reader needs next; `None` when both have ended.
    pub fn wants(&mut self) -> Option<Contender> {
        let needs = |lines: &mut Lines| lines.needs_more();
        if needs(&mut self.challenger) {
            return Some(Contender::Challenger);
        }
        if self.champion.as_mut().is_some_and(needs) {
            return Some(Contender::Champion);
        }
        None
    }

    /// Takes bytes of one side and hands every row that is now complete on both to the judge.
    pub fn push(&mut self, side: Contender, bytes: &[u8], judge: &mut Judge) -> Result<(), PairError> {
        let Some(lines) = self.side(side) else { return Ok(()) };
        lines.extend(bytes);
        self.join(judge)?;
        let next = self.line + 1;
        match self.side(side) {
            Some(lines) if lines.left() > MAX_BUFFERED => {
                Err(PairError::TooMuchBuffered { side, line: next })
            }
            _ => Ok(()),
        }
    }

    /// Says that one side has no more bytes. Its last line needs no line feed.
    pub fn end(&mut self, side: Contender, judge: &mut Judge) -> Result<(), PairError> {
        let Some(lines) = self.side(side) else { return Ok(()) };
        lines.end();
        self.join(judge)
    }

    fn side(&mut self, side: Contender) -> Option<&mut Lines> {
        match side {
            Contender::Challenger => Some(&mut self.challenger),
            Contender::Champion => self.champion.as_mut(),
        }
    }

    fn join(&mut self, judge: &mut Judge) -> Result<(), PairError> {
        while let Some(new) = self.challenger.peek() {
            let line = self.line + 1;
            let old = match &mut self.champion {
                None => None,
                Some(champion) => match champion.peek() {
                    Some(old) => Some(old),
                    None => break,
                },
            };
            let challenger = Line::parse(self.challenger.slice(new), Contender::Challenger, line)?;
            let champion = match (&self.champion, old) {
                (Some(champion), Some(old)) => {
                    Some(Line::parse(champion.slice(old), Contender::Champion, line)?)
                }
                _ => None,
            };
            hand_on(line, &challenger, champion.as_ref(), judge)?;
            self.challenger.take(new);
            if let (Some(champion), Some(old)) = (&mut self.champion, old) {
                champion.take(old);
            }
            self.line = line;
        }
        self.challenger.compact();
        if let Some(champion) = &mut self.champion {
            champion.compact();
            let lines = self.line;
            let (new, old) = (self.challenger.peek().is_some(), champion.peek().is_some());
            if old && !new && self.challenger.ended() {
                return Err(PairError::Shorter { side: Contender::Challenger, lines });
            }
            if new && !old && champion.ended() {
                return Err(PairError::Shorter { side: Contender::Champion, lines });
            }
        }
        Ok(())
    }
}

/// One row of both models to the judge.
fn hand_on(
    line: u64,
    challenger: &Line<'_>,
    champion: Option<&Line<'_>>,
    judge: &mut Judge,
) -> Result<(), PairError> {
    let row = || challenger.row.clone().into_owned();
    if let Some(champion) = champion {
        if challenger.row != champion.row {
            let champion = champion.row.clone().into_owned();
            return Err(PairError::RowsDiffer { line, challenger: row(), champion });
        }
        if !challenger.label.value().means(champion.label.value()) {
            return Err(PairError::LabelsDiffer { line, row: row() });
        }
    }
    let (task, counts_errors) = (judge.task(), judge.counts_errors());
    let unfit = |unfit| PairError::Unfit { line, row: row(), unfit };
    let of = |line: &Line<'_>| line.response(counts_errors);
    match judge.record_responses(of(challenger), champion.map(of)).map_err(unfit)? {
        Responses::Both => {}
        Responses::Missing => return Ok(()),
    }
    let silent = |side| PairError::MissingOutput { side, line, row: row() };
    let said = challenger.prediction(task).ok_or_else(|| silent(Contender::Challenger))?;
    let before = match champion {
        Some(champion) => Some(champion.prediction(task).ok_or_else(|| silent(Contender::Champion))?),
        None => None,
    };
    let features = features_asked(judge.columns(), challenger);
    let columns = pick(judge.columns(), challenger, &features, line)?;
    let paired =
        PairedRow { label: challenger.label.value(), challenger: said, champion: before, columns: &columns };
    judge.push(&paired).map_err(unfit)
}

/// What of the columns the judge needs the model sees as features: such a column stands among those alone.
fn features_asked(names: &[String], row: &Line<'_>) -> Columns {
    let all_there = names.iter().all(|name| row.columns.0.iter().any(|(key, _)| key == name));
    if all_there { Columns::default() } else { row.features(names) }
}

/// The values of the columns the judge needs, from the challenger's line.
fn pick<'a>(
    names: &[String],
    row: &'a Line<'_>,
    features: &'a Columns,
    line: u64,
) -> Result<Vec<&'a str>, PairError> {
    let of = |name: &String, columns: &'a Columns| {
        columns.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    };
    let value = |name: &String| of(name, &row.columns).or_else(|| of(name, features));
    names
        .iter()
        .map(|name| {
            value(name).ok_or_else(|| PairError::MissingColumn {
                side: Contender::Challenger,
                line,
                row: row.row.clone().into_owned(),
                column: name.clone(),
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::policy::Groups;
    use crate::{Judgement, Policy, RowPart};

    fn line(row: &str, label: &str, score: &str) -> String {
        format!(
            "{{\"row\":\"{row}\",\"label\":{label},\"columns\":{{}},\"features\":{{\"a\":[1,{{}}]}},\
             \"SageMakerOutput\":{{\"score\":{score}}}}}\n"
        )
    }

    fn read(challenger: &str, champion: &str, piece: usize) -> Result<u64, PairError> {
        judged(challenger, champion, piece, &Policy::default()).map(|judgement| judgement.rows)
    }

    fn judged(
        challenger: &str,
        champion: &str,
        piece: usize,
        policy: &Policy,
    ) -> Result<Judgement, PairError> {
        let mut judge = Judge::new(policy, Against::Champion, 1).unwrap();
        let mut reader = PairReader::new(Against::Champion);
        let mut left = [challenger.as_bytes(), champion.as_bytes()];
        while let Some(side) = reader.wants() {
            let bytes = &mut left[side as usize];
            if bytes.is_empty() {
                reader.end(side, &mut judge)?;
            } else {
                let (now, later) = bytes.split_at(piece.min(bytes.len()));
                *bytes = later;
                reader.push(side, now, &mut judge)?;
            }
        }
        Ok(judge.finish())
    }

    #[test]
    fn pieces_of_any_size_join_alike() {
        let new = line("a:1", "1", "0.75") + "\n" + &line("a:2", "0", "1e-3");
        let old = line("a:1", "1.0", "0.5") + line("a:2", "false", "0").trim_end();
        for piece in [1, 2, 7, 50, 1000] {
            assert_eq!(read(&new, &old, piece), Ok(2), "{piece}");
        }
        assert_eq!(read("", "", 1), Ok(0));
    }

    #[test]
    fn a_column_that_the_model_sees_is_found_among_its_features() {
        let mut policy = Policy { minimum_rows: 1, ..Policy::default() };
        policy.fairness.minimum_rows = 1;
        policy.fairness.minimum_positives = 1;
        let named = |columns: &[&str]| Groups {
            columns: columns.iter().map(|name| (*name).to_owned()).collect(),
            disadvantaged: None,
        };
        policy.fairness.groups = vec![named(&["sex"]), named(&["sex", "town"])];
        let row = |number: u32, sex: &str| {
            format!(
                "{{\"row\":\"a:{number}\",\"label\":{},\"columns\":{{\"town\":\"x\"}},\
                 \"features\":{{\"list\":[1],\"sex\":{sex}}},\"SageMakerOutput\":{{\"score\":0.7}}}}\n",
                number % 2
            )
        };
        let lines: String = (0..8).map(|n| row(n, if n < 4 { "\"f\"" } else { "1.0" })).collect();
        let found = judged(&lines, &lines, 40, &policy).unwrap().fairness;
        assert_eq!(found["sex"].groups.keys().collect::<Vec<_>>(), ["1", "f"]);
        assert_eq!(found["sex & town"].groups.keys().collect::<Vec<_>>(), ["1 & x", "f & x"]);
        for nothing in ["null", "[1]", "{}"] {
            let fault = judged(&row(1, nothing), &row(1, nothing), 40, &policy).unwrap_err();
            assert!(matches!(fault, PairError::MissingColumn { column, .. } if column == "sex"), "{nothing}");
        }
    }

    #[test]
    fn a_container_times_its_answers_and_tells_where_it_has_none() {
        let with = |output: &str| format!("{{\"row\":\"a:1\",\"label\":1,\"SageMakerOutput\":{output}}}\n");
        let timed = with("{\"score\":0.5,\"latency_ms\":2.5}");
        let (both, failed) = (timed.repeat(2), with("{\"error\":\"no tree\"}"));
        let new = timed + &failed;
        let missing = PairError::MissingOutput { side: Contender::Challenger, line: 2, row: "a:1".into() };
        assert_eq!(judged(&new, &both, 50, &Policy::default()), Err(missing), "nobody said that it may");
        let policy = Policy::from_yaml("service: {errors: {margin: 0.01}}").unwrap();
        let judgement = judged(&new, &both, 50, &policy).unwrap();
        let service = judgement.service.unwrap();
        let (champion, challenger) = (service.champion.unwrap(), service.challenger);
        assert_eq!((judgement.rows, challenger.rows), (1, 2));
        assert_eq!((challenger.failed, challenger.measured, challenger.p50_ms), (Some(1), 1, Some(2.5)));
        assert_eq!((champion.failed, champion.measured), (Some(0), 2));
        let slow = with("{\"score\":0.5,\"latency_ms\":-1}");
        assert!(matches!(judged(&slow, &slow, 50, &policy), Err(PairError::Unfit { line: 1, .. })));
    }

    #[test]
    fn every_fault_names_its_line() {
        let good = line("a:1", "1", "0.5");
        let with =
            |second: &str| read(&format!("{good}{second}"), &(good.clone() + &line("a:2", "0", "0.5")), 9);
        let side = Contender::Challenger;
        assert!(matches!(with("{\"row\":"), Err(PairError::NotAnOutputLine { line: 2, .. })));
        assert!(matches!(with("[1]"), Err(PairError::NotAnOutputLine { line: 2, .. })));
        assert_eq!(
            with("{\"row\":\"a:2\",\"label\":0}"),
            Err(PairError::MissingOutput { side, line: 2, row: "a:2".into() })
        );
        for word in ["NaN", "-Infinity"] {
            let error = with(&line("a:2", "0", word)).unwrap_err();
            assert!(error.to_string().contains(&format!("{word} is no number in JSON")), "{error}");
        }
        let unfit = |label: &str, score: &str| match with(&line("a:2", label, score)) {
            Err(PairError::Unfit { line: 2, unfit, .. }) => Some((unfit.part, unfit.found)),
            _ => None,
        };
        for score in ["null", "\"x\"", "1.5", "true"] {
            assert_eq!(unfit("0", score), Some((RowPart::Challenger, score.into())));
        }
        let third = line("a:3", "2", "0.5");
        let label = read(&third, &third, 9).unwrap_err();
        assert!(label.to_string().contains("the label is 2; a binary label is 0 or 1"), "{label}");
        assert!(matches!(with(&line("a:3", "0", "0.5")), Err(PairError::RowsDiffer { line: 2, .. })));
        assert_eq!(
            with(&line("a:2", "1", "0.5")),
            Err(PairError::LabelsDiffer { line: 2, row: "a:2".into() })
        );
        assert_eq!(with(""), Err(PairError::Shorter { side, lines: 1 }));
        assert_eq!(
            read(&(good.clone() + &good), &good, 1000),
            Err(PairError::Shorter { side: Contender::Champion, lines: 1 })
        );
    }

    #[test]
    fn memory_is_bounded() {
        let mut judge = Judge::new(&Policy::default(), Against::Champion, 1).unwrap();
        let mut reader = PairReader::new(Against::Champion);
        let megabyte = vec![b' '; 1 << 20];
        let refused = (0..20).find_map(|_| reader.push(Contender::Challenger, &megabyte, &mut judge).err());
        assert_eq!(refused, Some(PairError::TooMuchBuffered { side: Contender::Challenger, line: 1 }));
    }
}
