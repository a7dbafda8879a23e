//! Where the rows of one pass go: accepted ones to train on and to score, refused ones to quarantine.

use pawl::aws::Upload;
use pawl::dataset::{Reason, Record, Sink};
use pawl::fault::Fault;
use pawl::pipeline::Data;
use serde_json::{Map, Value, json};

/// The most refused rows that are kept of one object; the counts go on.
const MOST_REFUSED: u64 = 10_000;

/// The rows of one object on their way to three files.
pub(crate) struct Rows<'a> {
    data: &'a Data,
    object: &'a str,
    /// What a field is for, by its position.
    roles: Vec<(String, Role)>,
    csv: Upload,
    jsonl: Upload,
    refused: Upload,
    refused_rows: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Label,
    Feature,
    Context,
    Other,
}

impl<'a> Rows<'a> {
    pub(crate) fn new(data: &'a Data, object: &'a str, csv: Upload, jsonl: Upload, refused: Upload) -> Self {
        Self { data, object, roles: Vec::new(), csv, jsonl, refused, refused_rows: 0 }
    }

    /// Sends what has gathered. Called between chunks, so that memory stays bounded.
    pub(crate) async fn flush(&mut self) -> Result<(), Fault> {
        for upload in [&mut self.csv, &mut self.jsonl, &mut self.refused] {
            upload.flush().await?;
        }
        Ok(())
    }

    /// Puts the files in place.
    pub(crate) async fn finish(self) -> Result<(), Fault> {
        self.csv.finish().await?;
        self.jsonl.finish().await?;
        if self.refused_rows > 0 { self.refused.finish().await } else { Ok(()) }
    }

    fn line(&self, record: &Record<'_>) -> Value {
        let (mut label, mut features, mut columns) = (Value::Null, Map::new(), Map::new());
        for (index, (name, role)) in self.roles.iter().enumerate() {
            let value = record.json(index);
            match role {
                Role::Label => label = self.label(value),
                Role::Feature => drop(features.insert(name.clone(), value)),
                Role::Context => drop(columns.insert(name.clone(), value)),
                Role::Other => {}
            }
        }
        let row = format!("{}:{}", self.object, record.number);
        json!({ "row": row, "label": label, "columns": columns, "features": features })
    }

    fn label(&self, value: Value) -> Value {
        match (self.data.label.at_least, value.as_f64()) {
            (Some(least), Some(number)) => json!(u8::from(number >= least)),
            (Some(_), None) => Value::Null,
            (None, _) => value,
        }
    }
}

impl Sink for Rows<'_> {
    fn header(&mut self, names: &[String], raw: &[u8]) {
        let data = self.data;
        let role = |name: &String| {
            if *name == data.label.column {
                Role::Label
            } else if data.features.contains(name) {
                Role::Feature
            } else if data.context.contains(name) {
                Role::Context
            } else {
                Role::Other
            }
        };
        self.roles = names.iter().map(|name| (name.clone(), role(name))).collect();
        push_line(&mut self.csv, raw);
    }

    fn accepted(&mut self, record: &Record<'_>) {
        push_line(&mut self.csv, record.raw);
        let line = self.line(record).to_string();
        push_line(&mut self.jsonl, line.as_bytes());
    }

    fn quarantined(&mut self, record: &Record<'_>, reasons: &[Reason]) {
        self.refused_rows += 1;
        if self.refused_rows > MOST_REFUSED {
            return;
        }
        let line = json!({
            "object": self.object,
            "record": record.number,
            "line": record.line,
            "reasons": reasons,
            "raw": String::from_utf8_lossy(record.raw),
        });
        push_line(&mut self.refused, line.to_string().as_bytes());
    }
}

fn push_line(upload: &mut Upload, line: &[u8]) {
    let buffer = upload.buffer();
    buffer.extend_from_slice(line);
    buffer.push(b'\n');
}
