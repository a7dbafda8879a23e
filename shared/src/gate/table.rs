//! Predictions of both models side by side in one CSV file, for the command line.

use csv_core::ReadRecordResult;

use super::judge::{Judge, Row};

/// Which columns of a file say what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableColumns {
    /// The label: 0 or 1 (`false`, `true`).
    pub label: String,
    /// The challenger's score, 0 to 1.
    pub challenger: String,
    /// The champion's score; `None` for a first model.
    pub champion: Option<String>,
}

/// Why a file cannot be judged. Lines count from 1, the header is line 1.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TableError {
    /// The header lacks a column.
    #[error("there is no column {column:?}; the header has {header}")]
    MissingColumn {
        /// The column asked for.
        column: String,
        /// What there is.
        header: String,
    },
    /// A record has more or fewer fields than the header.
    #[error("line {line} has {found} fields, the header has {expected}")]
    FieldCount {
        /// Which line.
        line: u64,
        /// Fields of the header.
        expected: usize,
        /// Fields of the record.
        found: usize,
    },
    /// A score is NaN, infinite, no number, or no probability.
    #[error(
        "line {line}: {column} is {found:?}; a score is the probability of the positive class, from 0 to 1"
    )]
    BadScore {
        /// Which line.
        line: u64,
        /// Which column.
        column: String,
        /// The field as found.
        found: String,
    },
    /// A label is neither 0 nor 1.
    #[error("line {line}: the label is {found:?}; a binary label is 0 or 1")]
    BadLabel {
        /// Which line.
        line: u64,
        /// The field as found.
        found: String,
    },
    /// A field is no UTF-8.
    #[error("line {line}: {column} is not UTF-8 text")]
    NotText {
        /// Which line.
        line: u64,
        /// Which column.
        column: String,
    },
    /// The file is empty.
    #[error("the file is empty; it must begin with a header line")]
    Empty,
}

/// Reads CSV bytes in pieces of any size and hands every row to the judge.
pub struct TableReader {
    columns: TableColumns,
    reader: csv_core::Reader,
    fields: Vec<u8>,
    ends: Vec<usize>,
    /// Bytes and ends that a record cut by a piece's end has so far.
    filled: (usize, usize),
    places: Option<Places>,
    line: u64,
    /// The first bytes, until they are more than a mark.
    head: Option<Vec<u8>>,
}

/// Bytes of a byte order mark in UTF-8.
const MARK: usize = 3;

/// Where the columns stand.
struct Places {
    label: usize,
    challenger: usize,
    champion: Option<usize>,
    others: Vec<usize>,
    width: usize,
}

impl TableReader {
    /// A reader of these columns.
    pub fn new(columns: TableColumns) -> Self {
        Self {
            columns,
            reader: csv_core::Reader::new(),
            fields: vec![0; 1024],
            ends: vec![0; 32],
            filled: (0, 0),
            places: None,
            line: 1,
            head: Some(Vec::new()),
        }
    }

    /// Takes bytes in; an empty piece ends the file.
    pub fn push(&mut self, bytes: &[u8], judge: &mut Judge) -> Result<(), TableError> {
        let Some(mut head) = self.head.take() else { return self.cut(bytes, bytes.is_empty(), judge) };
        // A piece that holds nothing but a byte order mark would look like an empty file to the CSV reader.
        head.extend_from_slice(bytes);
        if head.len() <= MARK && !bytes.is_empty() {
            self.head = Some(head);
            return Ok(());
        }
        self.cut(&head, false, judge)?;
        if bytes.is_empty() { self.cut(&[], true, judge) } else { Ok(()) }
    }

    fn cut(&mut self, mut bytes: &[u8], ended: bool, judge: &mut Judge) -> Result<(), TableError> {
        // The CSV reader takes an empty input for the end of the file.
        while ended || !bytes.is_empty() {
            let (filled, count) = self.filled;
            let output = self.fields.get_mut(filled..).unwrap_or_default();
            let ends = self.ends.get_mut(count..).unwrap_or_default();
            let (result, read, wrote, ended_fields) = self.reader.read_record(bytes, output, ends);
            bytes = bytes.get(read..).unwrap_or_default();
            self.filled = (filled + wrote, count + ended_fields);
            match result {
                ReadRecordResult::OutputFull => self.fields.resize(self.fields.len() * 2, 0),
                ReadRecordResult::OutputEndsFull => self.ends.resize(self.ends.len() * 2, 0),
                ReadRecordResult::Record => {
                    let line = std::mem::replace(&mut self.line, self.reader.line());
                    let count = self.filled.1;
                    self.filled = (0, 0);
                    self.record(count, line, judge)?;
                }
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::End => {
                    return self.places.as_ref().map(|_| ()).ok_or(TableError::Empty);
                }
            }
        }
        Ok(())
    }

    fn record(&mut self, count: usize, line: u64, judge: &mut Judge) -> Result<(), TableError> {
        let Some(places) = &self.places else {
            self.places = Some(self.header(count, judge.columns())?);
            return Ok(());
        };
        if count != places.width {
            return Err(TableError::FieldCount { line, expected: places.width, found: count });
        }
        let positive = match self.field(places.label) {
            b"1" | b"1.0" | b"true" | b"True" => true,
            b"0" | b"0.0" | b"false" | b"False" => false,
            other => return Err(TableError::BadLabel { line, found: lossy(other) }),
        };
        let score = |place: usize, column: &str| {
            let text = self.field(place);
            let parsed = std::str::from_utf8(text).ok().and_then(|t| t.trim().parse::<f64>().ok());
            parsed.filter(|s| (0.0..=1.0).contains(s)).ok_or_else(|| TableError::BadScore {
                line,
                column: column.to_owned(),
                found: lossy(text),
            })
        };
        let challenger = score(places.challenger, &self.columns.challenger)?;
        let champion = match (places.champion, &self.columns.champion) {
            (Some(place), Some(name)) => Some(score(place, name)?),
            _ => None,
        };
        let mut few = [""; 8];
        let mut many = Vec::new();
        let columns = match few.get_mut(..places.others.len()) {
            Some(few) => few,
            None => {
                many.resize(places.others.len(), "");
                &mut many
            }
        };
        for (slot, &place) in columns.iter_mut().zip(&places.others) {
            *slot = std::str::from_utf8(self.field(place))
                .map_err(|_| TableError::NotText { line, column: format!("column {}", place + 1) })?;
        }
        judge.push(&Row { positive, challenger, champion, columns });
        Ok(())
    }

    fn field(&self, place: usize) -> &[u8] {
        let end = |place: usize| self.ends.get(place).copied().unwrap_or(0);
        let start = place.checked_sub(1).map_or(0, end);
        self.fields.get(start..end(place)).unwrap_or_default()
    }

    fn header(&self, count: usize, others: &[String]) -> Result<Places, TableError> {
        let names: Vec<String> = (0..count)
            .map(|place| {
                let name = lossy(self.field(place));
                // Excel writes a byte order mark before the first name.
                name.strip_prefix('\u{feff}').unwrap_or(&name).trim().to_owned()
            })
            .collect();
        let place = |column: &String| {
            names
                .iter()
                .position(|name| name == column)
                .ok_or_else(|| TableError::MissingColumn { column: column.clone(), header: names.join(", ") })
        };
        Ok(Places {
            label: place(&self.columns.label)?,
            challenger: place(&self.columns.challenger)?,
            champion: self.columns.champion.as_ref().map(place).transpose()?,
            others: others.iter().map(place).collect::<Result<_, _>>()?,
            width: count,
        })
    }
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::gate::{Against, Judgement, Policy};

    fn read(text: &str, policy: &Policy, piece: usize) -> Result<Judgement, TableError> {
        let mut judge = Judge::new(policy, Against::Champion, 1).unwrap();
        let mut reader = TableReader::new(TableColumns {
            label: "y".into(),
            challenger: "new".into(),
            champion: Some("old".into()),
        });
        for bytes in text.as_bytes().chunks(piece) {
            reader.push(bytes, &mut judge)?;
        }
        reader.push(&[], &mut judge)?;
        Ok(judge.finish())
    }

    #[test]
    fn pieces_of_any_size_read_alike() {
        let text =
            "\u{feff}id,new,\"day\",y,old\r\n1,0.9,\"mon\"\"day, 1\",1,0.5\r\n2,1e-3,tue,0.0,0\r\n3,0.2,,0,1";
        let policy = Policy { cluster: Some("day".into()), ..Policy::default() };
        let whole = read(text, &policy, 10_000).unwrap();
        assert_eq!((whole.rows, whole.positives), (3, 1));
        for piece in [1, 2, 3, 17] {
            assert_eq!(read(text, &policy, piece).unwrap(), whole, "{piece}");
        }
    }

    #[test]
    fn every_fault_names_its_line_and_column() {
        let of = |text: &str| read(text, &Policy::default(), 7).unwrap_err();
        assert_eq!(of(""), TableError::Empty);
        assert_eq!(
            of("y,new\n"),
            TableError::MissingColumn { column: "old".into(), header: "y, new".into() }
        );
        assert_eq!(of("y,new,old\n1,0,0\n1,0\n"), TableError::FieldCount { line: 3, expected: 3, found: 2 });
        for bad in ["nan", "", "inf", "-0.1", "1.0001", "x"] {
            let column = "new".to_owned();
            let expected = TableError::BadScore { line: 2, column, found: bad.into() };
            assert_eq!(of(&format!("y,new,old\n1,{bad},0.5\n")), expected);
        }
        assert_eq!(of("y,new,old\n2,0,0\n"), TableError::BadLabel { line: 2, found: "2".into() });
        let clustered = Policy { cluster: Some("day".into()), ..Policy::default() };
        assert!(matches!(read("y,new,old\n1,0,0\n", &clustered, 9), Err(TableError::MissingColumn { .. })));
    }
}
