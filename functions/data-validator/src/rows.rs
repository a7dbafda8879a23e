//! Where the rows of one pass go: accepted ones to train on and to score, refused ones to quarantine.

use std::borrow::Cow;

use pawl::dataset::file::Content;
use pawl::dataset::{Format, Reason, Record, Sink};
use pawl::edge::Upload;
use pawl::fault::Fault;
use pawl::pipeline::{Data, Feedback, Pipeline, Treated, WEIGHT};
use serde_json::{Map, Value, json};
use tokio::runtime::Handle;

/// The most refused rows that are kept of one part; the counts go on.
const MOST_REFUSED: u64 = 10_000;

/// The rows of one part of an object on their way to three files. Whatever came in, a container trains on
/// CSV.
pub(crate) struct Rows<'a, U> {
    data: &'a Data,
    feedback: Option<&'a Feedback>,
    treated: Treated,
    /// The part's name, which its rows bear too.
    name: &'a str,
    runtime: Handle,
    /// What a field is for, by its position.
    roles: Vec<Role>,
    form: Form,
    /// The byte between the fields of what is trained on.
    delimiter: u8,
    csv: U,
    jsonl: U,
    refused: U,
    refused_rows: u64,
    /// Why rows could not be sent: then no further row is taken.
    fault: Option<Fault>,
}

/// Where the rows go.
pub(crate) struct Outputs<U> {
    pub(crate) csv: U,
    pub(crate) jsonl: U,
    pub(crate) refused: U,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Label,
    Feature,
    Context,
    Other,
}

/// How the rows come.
enum Form {
    /// As CSV: they are handed on as they are.
    Csv,
    /// As objects: these columns are written, each from its place in the record, once it has one.
    Objects { columns: Vec<String>, places: Vec<Option<usize>> },
}

impl<'a, U: Upload> Rows<'a, U> {
    /// Made inside the runtime that shall send them.
    pub(crate) fn new(
        pipeline: &'a Pipeline,
        name: &'a str,
        kind: Content,
        runtime: Handle,
        outputs: Outputs<U>,
    ) -> Self {
        let (data, feedback) = (&pipeline.data, pipeline.feedback.as_ref());
        let Outputs { csv, jsonl, refused } = outputs;
        let (form, delimiter) = match kind {
            Content::Records(Format::Csv) => (Form::Csv, data.schema.delimiter()),
            Content::Parquet | Content::Profile => (Form::Csv, b','),
            Content::Records(Format::JsonLines) => {
                let columns = pipeline.columns();
                (Form::Objects { places: vec![None; columns.len()], columns }, b',')
            }
        };
        let mut rows = Self {
            data,
            feedback,
            treated: Treated::default(),
            name,
            runtime,
            roles: Vec::new(),
            form,
            delimiter,
            csv,
            jsonl,
            refused,
            refused_rows: 0,
            fault: None,
        };
        if let Form::Objects { columns, .. } = &rows.form {
            let columns = columns.clone();
            rows.head(&columns);
        }
        rows
    }

    /// The header of what is trained on.
    fn head(&mut self, names: &[String]) {
        let weight = self.feedback.filter(|feedback| feedback.weighs()).map(|_| WEIGHT);
        let header = line_of(names.iter().map(String::as_str).chain(weight), self.delimiter);
        self.push(|rows| &mut rows.csv, &[&header]);
    }

    /// Puts the files in place, and says how the feedback of the model was treated.
    pub(crate) fn finish(self) -> Result<Option<Treated>, Fault> {
        if let Some(fault) = self.fault {
            return Err(fault);
        }
        self.runtime.block_on(async {
            self.csv.finish().await?;
            self.jsonl.finish().await?;
            if self.refused_rows > 0 {
                self.refused.finish().await?;
            }
            Ok(self.feedback.map(|_| self.treated))
        })
    }

    /// Appends a line in its pieces, and sends what has gathered: memory stays bounded.
    fn push(&mut self, to: impl Fn(&mut Self) -> &mut U, line: &[&[u8]]) {
        let runtime = self.runtime.clone();
        let upload = to(self);
        let buffer = upload.buffer();
        line.iter().for_each(|piece| buffer.extend_from_slice(piece));
        buffer.push(b'\n');
        if upload.is_full()
            && let Err(fault) = runtime.block_on(upload.send_part())
        {
            self.fault = Some(fault);
        }
    }

    /// Learns what the columns are for; those of JSON Lines grow.
    fn learn(&mut self, names: &[String]) {
        for name in names.iter().skip(self.roles.len()) {
            let index = self.roles.len();
            self.roles.push(self.role(name));
            if let Form::Objects { columns, places } = &mut self.form
                && let Some(position) = columns.iter().position(|column| column == name)
                && let Some(place) = places.get_mut(position)
            {
                *place = Some(index);
            }
        }
    }

    fn role(&self, name: &String) -> Role {
        if *name == self.data.label.column {
            Role::Label
        } else if self.data.features.contains(name) {
            Role::Feature
        } else if self.data.context.contains(name)
            // Who selected a row, and which model was asked, goes with it to the gate.
            || self.feedback.is_some_and(|feedback| feedback.columns().any(|column| column == name))
        {
            Role::Context
        } else {
            Role::Other
        }
    }

    /// The row as models see it.
    fn line(&self, record: &Record<'_>) -> Value {
        let (mut label, mut features, mut columns) = (Value::Null, Map::new(), Map::new());
        for (index, (name, role)) in record.names.iter().zip(&self.roles).enumerate() {
            match role {
                Role::Label => label = self.data.label.of(record.json(index)),
                Role::Feature => drop(features.insert(name.clone(), record.json(index))),
                Role::Context => drop(columns.insert(name.clone(), record.json(index))),
                Role::Other => {}
            }
        }
        // An object need not have every key.
        if features.len() < self.data.features.len() {
            for name in &self.data.features {
                features.entry(name.clone()).or_insert(Value::Null);
            }
        }
        let row = format!("{}:{}", self.name, record.number);
        json!({ "row": row, "label": label, "columns": columns, "features": features })
    }

    /// The row as a container trains on it, unless the model's own choice is to be forgotten.
    fn train_on(&mut self, record: &Record<'_>) {
        let weight = match self.feedback {
            None => None,
            Some(feedback) => {
                let place = record.names.iter().position(|name| *name == feedback.selected_by);
                let value = place.map_or(Value::Null, |index| record.json(index));
                let Some(weight) = feedback.treat(&value, &mut self.treated) else { return };
                feedback.weighs().then_some(weight)
            }
        };
        let line: Cow<'_, [u8]> = match &self.form {
            Form::Csv => record.raw.into(),
            Form::Objects { places, .. } => {
                let text =
                    |place: &Option<usize>| place.and_then(|index| record.text(index)).unwrap_or_default();
                line_of(places.iter().map(text), self.delimiter).into()
            }
        };
        let delimiter = self.delimiter;
        match weight {
            None => self.push(|rows| &mut rows.csv, &[&line]),
            Some(weight) => {
                self.push(|rows| &mut rows.csv, &[&line, &[delimiter], weight.to_string().as_bytes()]);
            }
        }
    }
}

impl<U: Upload> Sink for Rows<'_, U> {
    fn header(&mut self, names: &[String], _raw: &[u8]) {
        if matches!(self.form, Form::Csv) {
            self.head(names);
        }
    }

    fn accepted(&mut self, record: &Record<'_>) {
        if self.fault.is_some() {
            return;
        }
        self.learn(record.names);
        self.train_on(record);
        let line = self.line(record).to_string();
        self.push(|rows| &mut rows.jsonl, &[line.as_bytes()]);
    }

    fn quarantined(&mut self, record: &Record<'_>, reasons: &[Reason]) {
        self.refused_rows += 1;
        if self.refused_rows > MOST_REFUSED || self.fault.is_some() {
            return;
        }
        let line = json!({
            "object": self.name,
            "record": record.number,
            "line": record.line,
            "reasons": reasons,
            "raw": String::from_utf8_lossy(record.raw),
        });
        self.push(|rows| &mut rows.refused, &[line.to_string().as_bytes()]);
    }
}

/// A record of CSV.
fn line_of<T: AsRef<str>>(fields: impl IntoIterator<Item = T>, delimiter: u8) -> Vec<u8> {
    let mut line = Vec::new();
    for (index, field) in fields.into_iter().enumerate() {
        if index > 0 {
            line.push(delimiter);
        }
        let field = field.as_ref();
        if field.bytes().any(|byte| byte == delimiter || b"\"\r\n".contains(&byte)) {
            line.push(b'"');
            line.extend_from_slice(field.replace('"', "\"\"").as_bytes());
            line.push(b'"');
        } else {
            line.extend_from_slice(field.as_bytes());
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_quoted_where_they_must_be() {
        assert_eq!(line_of(["a", "", "b,c", "d\"e"], b','), b"a,,\"b,c\",\"d\"\"e\"");
        assert_eq!(line_of(["a,b", "c;d"], b';'), b"a,b;\"c;d\"");
    }
}
