//! Data capture: JSON Lines, one request each, with the payloads as text or base64. Source:
//! <https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-data-capture.html>.

use std::borrow::Cow;

use super::super::live::{GroupSource, Join, LiveGroups, Membership, Prediction};
use super::line::{Line, Payload, Rows};
use super::output::answers_to;
use super::prediction::{read_prediction, score};
use super::row;
use super::unread::Unread;
use pawl_data::dataset::{FieldSpan, Scan, ScanError, Scanner, Schema, cut};
use pawl_data::profile::bins::Baseline;

/// The name under which the answers are compared. No CSV column of a team begins so.
pub const PREDICTION: &str = "$prediction";

/// The longest line that is read; SageMaker's payloads end at 25 MB.
const LONGEST: usize = 64 << 20;

/// So many bytes of rows go to the scanner at once.
const ENOUGH: usize = 64 << 10;

/// What was captured, counted.
#[derive(Debug, Clone)]
pub struct Captured {
    /// The rows that were asked, counted in the baseline's bins, with the answers under [`PREDICTION`].
    pub scan: Scan,
    /// Requests read.
    pub requests: u64,
    /// Requests that could not be read: no rows, or other rows than answers.
    pub unreadable: u64,
    /// Why the first of them could not.
    pub first_unread: Option<Unread>,
    /// Rows whose captured answer holds no prediction that the task can use.
    pub unanswered: u64,
}

/// Reads captured requests chunk by chunk. Holds one line.
pub struct CaptureReader {
    features: Vec<String>,
    scanner: Scanner,
    /// Rows as CSV that the scanner has not seen yet.
    rows: String,
    carry: Vec<u8>,
    null_words: Vec<String>,
    /// Where the fields of one row lie.
    spans: Vec<FieldSpan>,
    requests: u64,
    unreadable: u64,
    first_unread: Option<Unread>,
    unanswered: u64,
}

/// An answer, and the groups that its request tells.
type Answered = (Prediction, Option<Membership>);

impl CaptureReader {
    /// A reader of requests with these features, in the order in which CSV payloads give them, parted by
    /// `segments`.
    pub fn new(
        features: &[String],
        segments: &[String],
        schema: &Schema,
        baseline: &Baseline,
    ) -> Result<Self, ScanError> {
        let null_words = schema.null_words.clone();
        let known = |name: &String| features.contains(name);
        let columns = schema.columns.iter().filter(|(name, _)| known(name));
        let schema = Schema {
            columns: columns.map(|(name, spec)| (name.clone(), spec.clone())).collect(),
            null_words: schema.null_words.clone(),
            ..Schema::default()
        };
        let mut scanner = Scanner::new(&schema).with_baseline(baseline).with_segments(segments);
        let names: Vec<_> =
            features.iter().map(|name| row::quoted(name)).chain([PREDICTION.into()]).collect();
        scanner.feed(format!("{}\n", names.join(",")).as_bytes(), &mut ())?;
        Ok(Self {
            features: features.to_vec(),
            scanner,
            rows: String::new(),
            carry: Vec::new(),
            null_words,
            spans: Vec::new(),
            requests: 0,
            unreadable: 0,
            first_unread: None,
            unanswered: 0,
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
    pub fn finish(mut self) -> Result<Captured, ScanError> {
        self.scan()?;
        let Self { scanner, requests, unreadable, first_unread, unanswered, .. } = self;
        let scan = scanner.finish(&mut ())?;
        Ok(Captured { scan, requests, unreadable, first_unread, unanswered })
    }

    fn line(&mut self, line: &[u8], join: &mut Join) -> Result<(), ScanError> {
        if line.trim_ascii().is_empty() {
            return Ok(());
        }
        self.requests += 1;
        let before = self.rows.len();
        match self.request(line, join) {
            Ok((id, answers)) => {
                each_answer(&id, answers, |id, (answer, row)| join.predicted_of(id, answer, row));
            }
            Err(reason) => {
                self.unreadable += 1;
                self.first_unread.get_or_insert(reason);
                self.rows.truncate(before);
            }
        }
        if self.rows.len() < ENOUGH { Ok(()) } else { self.scan() }
    }

    /// Hands the rows of many requests to the scanner at once: it has more to do for each piece than for each
    /// row.
    fn scan(&mut self) -> Result<(), ScanError> {
        self.scanner.feed(self.rows.as_bytes(), &mut ())?;
        self.rows.clear();
        Ok(())
    }

    /// Writes the rows of one request, each with its answer; its id and the answers. Where outputs are not
    /// captured, or the model refused, there are no answers.
    fn request<'a>(
        &mut self,
        line: &'a [u8],
        join: &Join,
    ) -> Result<(Cow<'a, str>, Vec<Option<Answered>>), Unread> {
        let line: Line<'a> = serde_json::from_slice(line).map_err(|_| Unread::Line)?;
        let (form, input) = line.capture_data.endpoint_input.ok_or(Unread::NoInput)?.text()?;
        let rows = Rows::read(form, &input, &self.features)?;
        let output = line.capture_data.endpoint_output.map(Payload::text).transpose()?;
        let read = |text| read_prediction(join.reading(), text).map(|answer| (answer, None));
        let mut answers: Vec<Option<Answered>> = match &output {
            None => vec![None; rows.len()],
            Some((_, text)) => answers_to(rows.len(), text).into_iter().map(read).collect(),
        };
        if rows.len() != answers.len() {
            return Err(Unread::Answers { rows: rows.len(), answers: answers.len() });
        }
        let groups = join.groups().filter(|groups| groups.known_by(GroupSource::Request));
        for (at, answer) in answers.iter_mut().enumerate() {
            let begin = self.rows.len();
            rows.write(at, &self.features, &mut self.rows).ok_or(Unread::NoRows)?;
            if let (Some(groups), Some((_, row))) = (groups, answer.as_mut()) {
                *row = Some(self.membership(groups, begin));
            }
            self.rows.push(',');
            if let Some((answer, _)) = answer {
                answer.write(&mut self.rows);
            }
            self.rows.push('\n');
        }
        if output.is_some() {
            let no_prediction =
                |answer: &&Option<Answered>| matches!(answer, None | Some((Prediction::Unfit, _)));
            self.unanswered += answers.iter().filter(no_prediction).count() as u64;
        }
        Ok((line.event_metadata.id(), answers))
    }
}

impl CaptureReader {
    /// The groups of the row that begins here. A row with other fields than the features names none.
    fn membership(&mut self, groups: &LiveGroups, begin: usize) -> Membership {
        let Self { rows, spans, features, null_words, .. } = self;
        let record = rows.get(begin..).unwrap_or_default().as_bytes();
        cut(record, b',', true, spans);
        let is_row = spans.len() == features.len();
        groups.membership(GroupSource::Request, |column| {
            let at = features.iter().position(|name| name == column).filter(|_| is_row)?;
            let text = match spans.get(at)?.field(record) {
                Cow::Borrowed(bytes) => String::from_utf8_lossy(bytes),
                Cow::Owned(bytes) => Cow::Owned(String::from_utf8_lossy(&bytes).into_owned()),
            };
            Some(text).filter(|text| !null_words.iter().any(|word| word == text.trim()))
        })
    }
}

/// Hands each answer of captured requests over under its id, without judging what was asked; says how many
/// lines could not be read.
pub fn answers(bytes: &[u8], mut take: impl FnMut(&str, f64)) -> u64 {
    let mut unreadable = 0;
    for line in bytes.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty()) {
        match scores(line) {
            Some((id, scores)) => each_answer(&id, scores, &mut take),
            None => unreadable += 1,
        }
    }
    unreadable
}

/// The id of one request and its answers as scores. Where what was asked is not captured, the answer is one
/// to one row, or a line each.
fn scores(line: &[u8]) -> Option<(Cow<'_, str>, Vec<Option<f64>>)> {
    let line: Line<'_> = serde_json::from_slice(line).ok()?;
    let rows = match line.capture_data.endpoint_input.map(Payload::text) {
        Some(Ok((form, input))) => Rows::read(form, &input, &[]).map_or(1, |rows| rows.len()),
        Some(Err(_)) | None => 1,
    };
    let (_, text) = line.capture_data.endpoint_output?.text().ok()?;
    Some((line.event_metadata.id(), answers_to(rows, &text).into_iter().map(score).collect()))
}

/// The answers of one request, each under an id of its own.
fn each_answer<A>(id: &str, answers: Vec<Option<A>>, mut take: impl FnMut(&str, A)) {
    let alone = answers.len() == 1;
    for (index, answer) in answers.into_iter().enumerate() {
        match answer {
            Some(answer) if alone => take(id, answer),
            Some(answer) => take(&format!("{id}_{index}"), answer),
            None => {}
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;

    use super::*;
    use crate::QualityPolicy;
    use crate::live::GroundTruth;
    use pawl_data::profile::Profile;
    use pawl_gate::Task;

    fn captured(lines: &[String], step: usize) -> (Captured, Join) {
        let baseline = Baseline::freeze(&Profile::default());
        let features = ["temp".to_owned(), "town".to_owned()];
        let mut reader = CaptureReader::new(&features, &[], &Schema::default(), &baseline).unwrap();
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
            "endpointInput": {
                "observedContentType": kind, "mode": "INPUT", "data": data, "encoding": encoding
            }
        });
        if let Some(data) = output {
            sides["endpointOutput"] = serde_json::json!({
                "observedContentType": "application/jsonlines",
                "mode": "OUTPUT",
                "data": data,
                "encoding": "JSON"
            });
        }
        let time = "2026-01-01T00:00:00Z";
        let meta = serde_json::json!({ "eventId": "e", "inferenceId": "i", "inferenceTime": time });
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
                "a list of one is the answer to one row"
            );
            assert_eq!(seen.unanswered, 0, "where no answer is captured, none is missed");
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
        let mut reader =
            CaptureReader::new(&features, &["town".to_owned()], &Schema::default(), &baseline).unwrap();
        let mut join = Join::new(Task::Binary, &QualityPolicy::default(), 100);
        let asked = "{\"temp\": 1, \"town\": \"a, b\"}\n{\"temp\": 2, \"town\": \"c\"}";
        let both = line(("JSON", "application/jsonlines", asked), Some("0.5\n0.75"));
        reader.feed(both.repeat(2).as_bytes(), &mut join).unwrap();
        let parts = reader.finish().unwrap().scan.profile.segments;
        let rows = |town: &str| parts.get("town", town).map(|part| part.rows);
        assert_eq!((rows("a, b"), rows("c"), rows("")), (Some(2), Some(2), None));
    }

    #[test]
    fn built_in_algorithms_are_read_as_they_answer() {
        let csv = "0.5,a\n0.6,b\n0.7,a\n";
        let predictions =
            r#"{"predictions": [{"score": 0.9, "predicted_label": 1}, {"score": 0.2}, {"score": 0.7}]}"#;
        let columns = r#"{"temp": [0.5, 0.6, 0.7], "town": ["a", "b", "a"]}"#;
        for (input, output) in [
            (("CSV", "text/csv", csv), "0.9,0.2,0.7\n"),
            (("CSV", "text/csv", csv), predictions),
            (("JSON", "application/json", columns), predictions),
            (("JSON", "application/json", columns), "[0.9, 0.2, 0.7]"),
        ] {
            let (seen, mut join) = captured(&[line(input, Some(output))], 4096);
            assert_eq!((seen.requests, seen.unreadable, seen.unanswered), (1, 0, 0), "{output}");
            assert_eq!(seen.scan.tally.rows, 3);
            for (id, truth) in [("i_0", 1.0), ("i_1", 0.0), ("i_2", 1.0)] {
                join.truth(id, truth);
            }
            let none = crate::Verdict::None;
            let quality = join.judge(Some(0.9), &Default::default(), none, &QualityPolicy::default());
            assert_eq!((quality.rows, quality.accuracy), (3, Some(1.0)), "{output}");
        }
    }

    #[test]
    fn answers_that_say_nothing_are_counted() {
        let asked = "{\"temp\": 1}\n{\"temp\": 2}";
        let error = "{\"error\": \"x\"}\n{\"closest_cluster\": 3}";
        let sentiment =
            "[{\"label\": \"POSITIVE\", \"score\": 0.99}, {\"label\": \"NEGATIVE\", \"score\": 0.98}]";
        for (output, unanswered) in
            [(error, 2), (sentiment, 2), ("{\"score\": 0.5}\nnull", 1), ("0.1,0.2", 0)]
        {
            let (seen, _) = captured(&[line(("JSON", "application/jsonlines", asked), Some(output))], 64);
            assert_eq!((seen.unreadable, seen.unanswered), (0, unanswered), "{output}");
        }
        let (seen, _) = captured(&[line(("JSON", "application/jsonlines", asked), Some("0.1,0.2,0.3"))], 64);
        assert_eq!(seen.first_unread, Some(Unread::Answers { rows: 2, answers: 1 }));
    }

    #[test]
    fn what_cannot_be_read_is_counted_and_stops_nothing() {
        let good = line(("JSON", "application/json", r#"{"temp": 1}"#), Some("0.9"));
        let lines = [
            "no json\n".to_owned(),
            line(("JSON", "application/json", "[1"), Some("0.9")),
            line(("EBCDIC", "x", "1"), Some("0.9")),
            line(("CSV", "text/csv", "1,\"a"), Some("0.9")),
            line(("JSON", "application/json", "{\"temp\": 1}\n{\"temp\": 2}"), Some("0.9")),
            good.trim_end().to_owned(),
        ];
        let (seen, join) = captured(&lines, 64);
        assert_eq!((seen.requests, seen.unreadable, seen.scan.tally.rows), (6, 5, 1));
        assert_eq!(seen.first_unread, Some(Unread::Line));
        let mut join = join;
        join.truth("i", 1.0);
        let quality =
            join.judge(Some(0.9), &Default::default(), crate::Verdict::None, &QualityPolicy::default());
        assert_eq!((quality.rows, quality.accuracy), (1, Some(1.0)));
    }

    #[test]
    fn answers_of_several_classes_are_counted_by_name() {
        let baseline = Baseline::freeze(&Profile::default());
        let mut reader =
            CaptureReader::new(&["temp".to_owned()], &[], &Schema::default(), &baseline).unwrap();
        let mut join = Join::new(Task::Multiclass, &QualityPolicy::default(), 100);
        let asked = "{\"temp\": 1}\n{\"temp\": 2}\n{\"temp\": 3}\n{\"temp\": 4}";
        let said = "{\"predicted_label\": \"hawk, grey\"}\n[0.2, 0.8]\nnull\n[0.2, 0.2]";
        reader
            .feed(line(("JSON", "application/jsonlines", asked), Some(said)).as_bytes(), &mut join)
            .unwrap();
        let seen = reader.finish().unwrap();
        assert_eq!((seen.requests, seen.unreadable, seen.scan.tally.rows), (1, 0, 4));
        let answers = seen.scan.profile.columns.iter().find(|column| column.name == PREDICTION).unwrap();
        let mut named: Vec<_> = answers.values.frequent().into_iter().map(|it| it.value).collect();
        named.sort();
        assert_eq!((named, answers.missing), (vec!["1".into(), "hawk, grey".into()], 2));
        join.truth("i_0", GroundTruth::Class("hawk, grey".into()));
        join.truth("i_1", GroundTruth::Class("0".into()));
        // The one that gave no answer is none that was lost; the one whose scores are no probabilities is.
        let policy = QualityPolicy { max_lost: 0.5, ..QualityPolicy::default() };
        let quality = join.judge(Some(0.9), &Default::default(), crate::Verdict::None, &policy);
        assert_eq!((quality.rows, quality.accuracy, quality.lost), (2, Some(0.5), 1));
    }
}
