//! Predictions of both models side by side, one JSON object a line, for the command line.

use serde_json::{Map, Value as Json};

use super::columns::{ServedColumns, TableColumns};
use super::lines::{Lines, MAX_BUFFERED};
use super::table_error::TableError;
use crate::judge::Judge;
use crate::row::{PairedRow, Response, Responses, RowValue, scalar};

/// Reads JSON Lines in pieces of any size and hands every row to the judge.
#[derive(Debug)]
pub struct JsonTableReader {
    columns: TableColumns,
    lines: Lines,
    line: u64,
}

impl JsonTableReader {
    /// A reader of these columns.
    pub fn new(columns: TableColumns) -> Self {
        Self { columns, lines: Lines::default(), line: 0 }
    }

    /// Takes bytes in; an empty piece ends the file.
    pub fn push(&mut self, bytes: &[u8], judge: &mut Judge) -> Result<(), TableError> {
        self.lines.extend(bytes);
        if bytes.is_empty() {
            self.lines.end();
        }
        while let Some(span) = self.lines.peek() {
            self.line += 1;
            let line = self.line;
            let object: Map<String, Json> = serde_json::from_slice(self.lines.slice(span))
                .map_err(|error| TableError::NotAnObject { line, reason: error.to_string() })?;
            self.row(&object, judge)?;
            self.lines.take(span);
        }
        self.lines.compact();
        if self.lines.left() > MAX_BUFFERED {
            let reason = "it is longer than 16 MiB".to_owned();
            return Err(TableError::NotAnObject { line: self.line + 1, reason });
        }
        if bytes.is_empty() && self.line == 0 { Err(TableError::Empty) } else { Ok(()) }
    }

    fn row(&self, object: &Map<String, Json>, judge: &mut Judge) -> Result<(), TableError> {
        let field = |column: &String| {
            object.get(column).ok_or_else(|| TableError::MissingColumn {
                column: column.clone(),
                header: object.keys().cloned().collect::<Vec<_>>().join(", "),
            })
        };
        let unfit = |unfit| TableError::Unfit { line: self.line, unfit };
        let served = |columns: &ServedColumns| {
            let of = |column: &Option<String>| column.as_ref().map(field).transpose();
            let (latency, error) = (of(&columns.latency)?, of(&columns.error)?);
            Response::read(latency.map(scalar), error.map(scalar)).map_err(unfit)
        };
        let new = served(&self.columns.challenger_served)?;
        let old = match self.columns.champion {
            Some(_) => Some(served(&self.columns.champion_served)?),
            None => None,
        };
        match judge.record_responses(new, old).map_err(unfit)? {
            Responses::Both => {}
            Responses::Missing => return Ok(()),
        }
        let (label, challenger) = (field(&self.columns.label)?, field(&self.columns.challenger)?);
        let champion = self.columns.champion.as_ref().map(field).transpose()?;
        let scores = [Some(challenger), champion].map(|answer| answer.and_then(numbers));
        let texts =
            judge.columns().iter().map(|column| field(column).map(text)).collect::<Result<Vec<_>, _>>()?;
        let columns: Vec<&str> = texts.iter().map(String::as_str).collect();
        let row = PairedRow {
            label: scalar(label),
            challenger: value(challenger, scores[0].as_ref()),
            champion: champion.map(|json| value(json, scores[1].as_ref())),
            columns: &columns,
        };
        judge.push(&row).map_err(unfit)
    }
}

fn value<'a>(json: &'a Json, scores: Option<&'a Vec<f64>>) -> RowValue<'a> {
    scores.map_or_else(|| scalar(json), |scores| RowValue::Scores(scores))
}

fn numbers(json: &Json) -> Option<Vec<f64>> {
    json.as_array()?.iter().map(Json::as_f64).collect()
}

fn text(json: &Json) -> String {
    match json {
        Json::String(text) => text.clone(),
        Json::Null => String::new(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::{Against, Judgement, Metric, Policy, Task};

    fn read(text: &str, policy: &Policy, piece: usize) -> Result<Judgement, TableError> {
        let mut judge = Judge::new(policy, Against::Champion, 1).unwrap();
        let (label, challenger) = ("y".into(), "new".into());
        let mut reader = JsonTableReader::new(TableColumns {
            label,
            challenger,
            champion: Some("old".into()),
            ..TableColumns::default()
        });
        for bytes in text.as_bytes().chunks(piece) {
            reader.push(bytes, &mut judge)?;
        }
        reader.push(&[], &mut judge)?;
        Ok(judge.finish())
    }

    #[test]
    fn pieces_of_any_size_read_alike() {
        let text = "{\"y\": \"a\", \"new\": [0.75, 0.25], \"old\": \"b\", \"day\": 1}\n\n\
                    {\"y\": \"b\", \"new\": [0.5, 0.5], \"old\": \"b\", \"day\": null}";
        let classes = ["a", "b"].map(str::to_owned).to_vec();
        let policy =
            Policy { task: Task::Multiclass, classes, cluster: Some("day".into()), ..Policy::default() };
        let whole = read(text, &policy, 1000).unwrap();
        let accuracy = |metrics: &Option<crate::Metrics>| metrics.as_ref().unwrap().value(Metric::Accuracy);
        assert_eq!(whole.rows, 2);
        assert_eq!(accuracy(&whole.metrics.challenger), Some(0.5));
        assert_eq!(accuracy(&whole.metrics.champion), Some(0.5));
        for piece in [1, 7, 40] {
            assert_eq!(read(text, &policy, piece).unwrap(), whole, "{piece}");
        }
    }

    #[test]
    fn every_fault_names_its_line() {
        let of = |text: &str| read(text, &Policy::default(), 9).unwrap_err();
        assert_eq!(of("\n"), TableError::Empty);
        assert!(matches!(of("[1]"), TableError::NotAnObject { line: 1, .. }));
        let column = "old".to_owned();
        assert_eq!(
            of("{\"y\": 1, \"new\": 0.5}"),
            TableError::MissingColumn { column, header: "new, y".into() }
        );
        let good = "{\"y\": 1, \"new\": 0.5, \"old\": 0.5}\n";
        assert!(matches!(of(&good.replace("0.5,", "null,").repeat(2)), TableError::Unfit { line: 1, .. }));
    }
}
