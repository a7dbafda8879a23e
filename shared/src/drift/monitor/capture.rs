//! Data capture: JSON Lines, one request each, with the payloads as text or base64. Source:
//! <https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-data-capture.html>.

use std::borrow::{Borrow, Cow};
use std::collections::BTreeMap;
use std::fmt::Write as _;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::super::live::Join;
use crate::dataset::{Scan, ScanError, Scanner, Schema};
use crate::profile::bins::Baseline;

/// The name under which the answers are compared. No CSV column of a team begins so.
pub const PREDICTION: &str = "$prediction";

/// The longest line that is read; SageMaker's payloads end at 25 MB.
const LONGEST: usize = 64 << 20;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    capture_data: Data,
    event_metadata: Meta,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Data {
    endpoint_input: Option<Payload>,
    endpoint_output: Option<Payload>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Payload {
    data: String,
    encoding: String,
    #[serde(default)]
    observed_content_type: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Meta {
    event_id: String,
    inference_id: Option<String>,
}

/// What a payload holds, row by row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Json,
    Csv,
}

impl Payload {
    fn text(self) -> Option<(Form, String)> {
        match self.encoding.to_ascii_uppercase().as_str() {
            "JSON" => Some((Form::Json, self.data)),
            "CSV" => Some((Form::Csv, self.data)),
            "BASE64" => {
                let text = String::from_utf8(STANDARD.decode(&self.data).ok()?).ok()?;
                let csv = self.observed_content_type.to_ascii_lowercase().contains("csv");
                Some((if csv { Form::Csv } else { Form::Json }, text))
            }
            _ => None,
        }
    }
}

/// What was captured, counted.
#[derive(Debug, Clone)]
pub struct Captured {
    /// The rows that were asked, counted in the baseline's bins, with the answers under [`PREDICTION`].
    pub scan: Scan,
    /// Requests read.
    pub requests: u64,
    /// Requests that could not be read: no rows, or other rows than answers.
    pub unreadable: u64,
}

/// Reads captured requests chunk by chunk. Holds one line.
pub struct Reader {
    features: Vec<String>,
    scanner: Scanner,
    /// The rows of one request as CSV.
    rows: String,
    carry: Vec<u8>,
    requests: u64,
    unreadable: u64,
}

impl Reader {
    /// A reader of requests with these features, in the order in which CSV payloads give them, parted by `segments`.
    pub fn new(
        features: &[String],
        segments: &[String],
        schema: &Schema,
        baseline: &Baseline,
    ) -> Result<Self, ScanError> {
        let known = |name: &String| features.contains(name);
        let columns = schema.columns.iter().filter(|(name, _)| known(name));
        let schema = Schema {
            columns: columns.map(|(name, spec)| (name.clone(), spec.clone())).collect(),
            null_words: schema.null_words.clone(),
            ..Schema::default()
        };
        let mut scanner = Scanner::new(&schema).with_baseline(baseline).with_segments(segments);
        let names: Vec<_> = features.iter().map(|name| quoted(name)).chain([PREDICTION.into()]).collect();
        scanner.feed(format!("{}\n", names.join(",")).as_bytes(), &mut ())?;
        Ok(Self {
            features: features.to_vec(),
            scanner,
            rows: String::new(),
            carry: Vec::new(),
            requests: 0,
            unreadable: 0,
        })
    }

    /// Reads the next bytes of an object. Answers go to the join under their inference id.
    pub fn feed(&mut self, bytes: &[u8], join: &mut Join) -> Result<(), ScanError> {
        let mut rest = bytes;
        while let Some(end) = memchr::memchr(b'\n', rest) {
            let (line, after) = rest.split_at(end);
            if self.carry.is_empty() {
                self.line(line, join)?;
            } else {
                self.carry.extend_from_slice(line);
                let carried = std::mem::take(&mut self.carry);
                self.line(&carried, join)?;
            }
            rest = after.get(1..).unwrap_or_default();
        }
        if self.carry.len() + rest.len() <= LONGEST {
            self.carry.extend_from_slice(rest);
        } else {
            // What is cut here cannot be read and is counted so at its end.
            self.carry.truncate(1);
        }
        Ok(())
    }

    /// Ends an object: its last line may lack a line break.
    pub fn end(&mut self, join: &mut Join) -> Result<(), ScanError> {
        let last = std::mem::take(&mut self.carry);
        self.line(&last, join)
    }

    /// What was seen in all objects.
    pub fn finish(self) -> Result<Captured, ScanError> {
        let scan = self.scanner.finish(&mut ())?;
        Ok(Captured { scan, requests: self.requests, unreadable: self.unreadable })
    }

    fn line(&mut self, line: &[u8], join: &mut Join) -> Result<(), ScanError> {
        if line.trim_ascii().is_empty() {
            return Ok(());
        }
        self.requests += 1;
        self.rows.clear();
        let Some((id, scores)) = self.request(line) else {
            self.unreadable += 1;
            return Ok(());
        };
        self.scanner.feed(self.rows.as_bytes(), &mut ())?;
        each_answer(&id, &scores, |id, score| join.predicted(id, score));
        Ok(())
    }

    /// Writes the rows of one request, each with its answer; its id and the answers. Where outputs are not captured, or the model
    /// refused, there are no answers.
    fn request(&mut self, line: &[u8]) -> Option<(String, Vec<Option<f64>>)> {
        let line: Line = serde_json::from_slice(line).ok()?;
        let (form, text) = line.capture_data.endpoint_input?.text()?;
        let records: Vec<&str> = text.lines().filter(|record| !record.trim().is_empty()).collect();
        let answers = line.capture_data.endpoint_output.and_then(Payload::text);
        let scores: Vec<Option<f64>> = match answers {
            None => vec![None; records.len()],
            Some((_, text)) => text.lines().filter(|answer| !answer.trim().is_empty()).map(score).collect(),
        };
        if records.is_empty() || records.len() != scores.len() {
            return None;
        }
        for (record, score) in records.into_iter().zip(&scores) {
            match form {
                Form::Json => self.object(record)?,
                // In the order of the features already. A row with other fields than those is refused as ragged.
                Form::Csv => self.rows.push_str(record),
            }
            self.rows.push(',');
            if let Some(score) = score {
                let _ = write!(self.rows, "{score}");
            }
            self.rows.push('\n');
        }
        let id = line.event_metadata.inference_id.unwrap_or(line.event_metadata.event_id);
        Some((id, scores))
    }

    /// Writes an object of features, alone or under `features`, or a list in their order.
    fn object(&mut self, record: &str) -> Option<()> {
        match Row::read(record)? {
            Row::List(list) => write_row(&mut self.rows, list.into_iter().map(Some)),
            Row::Named(fields) => {
                let field = |name: &String| fields.get(name.as_str()).copied();
                write_row(&mut self.rows, self.features.iter().map(field))
            }
        }
    }
}

/// The features of one request, each as it was written: a number is not worth reading only to be written again.
enum Row<'a> {
    Named(BTreeMap<Name<'a>, &'a RawValue>),
    List(Vec<&'a RawValue>),
}

#[derive(Deserialize, PartialEq, Eq, PartialOrd, Ord)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

impl Borrow<str> for Name<'_> {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl<'a> Row<'a> {
    fn read(record: &'a str) -> Option<Self> {
        match Self::plain(record)? {
            Self::Named(fields) => match fields.get("features") {
                Some(inner) => Self::plain(inner.get()),
                None => Some(Self::Named(fields)),
            },
            list @ Self::List(_) => Some(list),
        }
    }

    fn plain(record: &'a str) -> Option<Self> {
        match record.trim_start().as_bytes().first()? {
            b'{' => serde_json::from_str(record).ok().map(Self::Named),
            b'[' => serde_json::from_str(record).ok().map(Self::List),
            _ => None,
        }
    }
}

/// Hands each answer of captured requests over under its id, without reading what was asked; says how many lines could not be
/// read.
pub fn answers(bytes: &[u8], mut take: impl FnMut(&str, f64)) -> u64 {
    let read = |line: &[u8]| {
        let line: Line = serde_json::from_slice(line).ok()?;
        let (_, text) = line.capture_data.endpoint_output?.text()?;
        let scores: Vec<Option<f64>> =
            text.lines().filter(|answer| !answer.trim().is_empty()).map(score).collect();
        Some((line.event_metadata.inference_id.unwrap_or(line.event_metadata.event_id), scores))
    };
    let mut unreadable = 0;
    for line in bytes.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty()) {
        match read(line) {
            Some((id, scores)) => each_answer(&id, &scores, &mut take),
            None => unreadable += 1,
        }
    }
    unreadable
}

/// The answers of one request, each under an id of its own.
fn each_answer(id: &str, scores: &[Option<f64>], mut take: impl FnMut(&str, f64)) {
    for (index, score) in scores.iter().enumerate() {
        match score {
            Some(score) if scores.len() > 1 => take(&format!("{id}_{index}"), *score),
            Some(score) => take(id, *score),
            None => {}
        }
    }
}

/// A score: a number, the first field of a line of CSV, or an object's `score`.
fn score(answer: &str) -> Option<f64> {
    match serde_json::from_str(answer) {
        Ok(value) => number(&value),
        Err(_) => answer.split(',').next()?.trim().parse().ok(),
    }
}

/// A number, or an object's `score`.
fn number(value: &Value) -> Option<f64> {
    value.get("score").unwrap_or(value).as_f64()
}

/// A row of a transform's output, joined with its input.
#[derive(Deserialize)]
struct Joined {
    label: Value,
    #[serde(rename = "SageMakerOutput")]
    output: Value,
}

/// Answer and truth of a row of a transform's output, joined with its input; none where one of them is no number. A truth of
/// yes or no is 1 or 0.
pub fn answered(line: &[u8]) -> Option<(f64, f64)> {
    let Joined { label, output } = serde_json::from_slice(line).ok()?;
    let truth = label.as_f64().or_else(|| label.as_bool().map(|yes| f64::from(u8::from(yes))));
    Some((number(&output)?, truth?))
}

/// Writes values as one row of CSV without its end.
fn write_row<'a>(row: &mut String, values: impl Iterator<Item = Option<&'a RawValue>>) -> Option<()> {
    for (index, value) in values.enumerate() {
        if index > 0 {
            row.push(',');
        }
        let text = value.map_or("null", RawValue::get);
        match text.as_bytes().first()? {
            b'n' => {}
            b'"' => row.push_str(&quoted(&serde_json::from_str::<Cow<'_, str>>(text).ok()?)),
            // Lists and objects are written as text, with commas and quotes.
            b'[' | b'{' => row.push_str(&quoted(text)),
            _ => row.push_str(text),
        }
    }
    Some(())
}

/// One field of CSV.
fn quoted(field: &str) -> Cow<'_, str> {
    if field.contains([',', '"', '\n', '\r']) {
        Cow::Owned(format!("\"{}\"", field.replace('"', "\"\"")))
    } else {
        Cow::Borrowed(field)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::drift::QualityPolicy;
    use crate::gate::Task;
    use crate::profile::Profile;

    fn captured(lines: &[String], step: usize) -> (Captured, Join) {
        let baseline = Baseline::freeze(&Profile::default());
        let features = ["temp".to_owned(), "town".to_owned()];
        let mut reader = Reader::new(&features, &[], &Schema::default(), &baseline).unwrap();
        let mut join = Join::new(Task::Binary, &QualityPolicy::default(), 100);
        for piece in lines.concat().as_bytes().chunks(step) {
            reader.feed(piece, &mut join).unwrap();
        }
        reader.end(&mut join).unwrap();
        (reader.finish().unwrap(), join)
    }

    fn line(input: (&str, &str, &str), output: Option<&str>) -> String {
        let (encoding, kind, data) = input;
        let mut sides = serde_json::json!({
            "endpointInput": { "observedContentType": kind, "mode": "INPUT", "data": data, "encoding": encoding }
        });
        if let Some(data) = output {
            sides["endpointOutput"] = serde_json::json!({
                "observedContentType": "application/jsonlines", "mode": "OUTPUT", "data": data, "encoding": "JSON"
            });
        }
        let meta = serde_json::json!({ "eventId": "e", "inferenceId": "i", "inferenceTime": "2026-01-01T00:00:00Z" });
        format!(
            "{}\n",
            serde_json::json!({ "captureData": sides, "eventMetadata": meta, "eventVersion": "0" })
        )
    }

    #[test]
    fn json_csv_and_base64_are_one_and_the_same() {
        let json = r#"{"town": "a, b", "temp": 0.5}"#;
        let encoded = STANDARD.encode(json);
        let lines = [
            line(("JSON", "application/jsonlines", json), Some("{\"score\": 0.25}")),
            line(("BASE64", "application/json", &encoded), Some("0.25")),
            line(("CSV", "text/csv", "0.5,\"a, b\""), Some("[0.25]")),
            line(("JSON", "application/json", "{\"features\": [0.5, \"a, b\"]}"), None),
        ];
        for step in [1, 7, 4096] {
            let (seen, _) = captured(&lines, step);
            assert_eq!(
                (seen.requests, seen.unreadable, seen.scan.tally.rows),
                (4, 0, 4),
                "a list is no score, and its row counts all the same"
            );
            let columns = &seen.scan.profile.columns;
            assert_eq!(
                columns.iter().map(|column| column.name.as_str()).collect::<Vec<_>>(),
                ["temp", "town", PREDICTION]
            );
        }
    }

    #[test]
    fn requests_are_parted_like_rows_of_a_file() {
        let baseline = Baseline::freeze(&Profile::default());
        let features = ["temp".to_owned(), "town".to_owned()];
        let mut reader = Reader::new(&features, &["town".to_owned()], &Schema::default(), &baseline).unwrap();
        let mut join = Join::new(Task::Binary, &QualityPolicy::default(), 100);
        let asked = "{\"temp\": 1, \"town\": \"a, b\"}\n{\"temp\": 2, \"town\": \"c\"}";
        let both = line(("JSON", "application/jsonlines", asked), Some("0.5\n0.75"));
        reader.feed(both.repeat(2).as_bytes(), &mut join).unwrap();
        let parts = reader.finish().unwrap().scan.profile.segments;
        let rows = |town: &str| parts.get("town", town).map(|part| part.rows);
        assert_eq!((rows("a, b"), rows("c"), rows("")), (Some(2), Some(2), None));
    }

    #[test]
    fn what_cannot_be_read_is_counted_and_stops_nothing() {
        let good = line(("JSON", "application/json", r#"{"temp": 1}"#), Some("0.9"));
        let lines = [
            "no json\n".to_owned(),
            line(("JSON", "application/json", "[1"), Some("0.9")),
            line(("EBCDIC", "x", "1"), Some("0.9")),
            line(("JSON", "application/json", "{\"temp\": 1}\n{\"temp\": 2}"), Some("0.9")),
            good.trim_end().to_owned(),
        ];
        let (seen, join) = captured(&lines, 64);
        assert_eq!((seen.requests, seen.unreadable, seen.scan.tally.rows), (5, 4, 1));
        let mut join = join;
        join.truth("i", 1.0);
        let quality = join.judge(
            Some(0.9),
            &Default::default(),
            crate::drift::Verdict::None,
            &QualityPolicy::default(),
        );
        assert_eq!((quality.rows, quality.accuracy), (1, Some(1.0)));
    }

    #[test]
    fn a_transforms_rows_are_answers_with_their_truth() {
        let rows: [(&str, Option<(f64, f64)>); 6] = [
            (r#"{"row": "a:1", "label": 212, "SageMakerOutput": {"score": 198.5}}"#, Some((198.5, 212.0))),
            (r#"{"label": true, "SageMakerOutput": 0.25}"#, Some((0.25, 1.0))),
            (r#"{"label": null, "SageMakerOutput": 0.25}"#, None),
            (r#"{"label": 1, "SageMakerOutput": null}"#, None),
            (r#"{"label": 1}"#, None),
            ("NaN", None),
        ];
        for (line, expected) in rows {
            assert_eq!(answered(line.as_bytes()), expected, "{line}");
        }
    }
}
