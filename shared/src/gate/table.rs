//! Predictions of both models side by side in one CSV file, for the command line.

use csv_core::ReadRecordResult;

use super::given::{Unfit, Value};
use super::judge::{Judge, Row};

/// Which columns of a file say what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableColumns {
    /// The label: 0 or 1 (`false`, `true`), a class, or a number.
    pub label: String,
    /// What the challenger predicts.
    pub challenger: String,
    /// What the champion predicts; `None` for a first model.
    pub champion: Option<String>,
}

/// Why a file cannot be judged. Lines count from 1, the header is line 1.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TableError {
    /// The header lacks a column.
    #[error("there is no column {column:?}; there are {header}")]
    MissingColumn {
        /// The column asked for.
        column: String,
        /// What there is.
        header: String,
    },
    /// A line is no JSON object.
    #[error("line {line} is no JSON object: {reason}")]
    NotAnObject {
        /// Which line.
        line: u64,
        /// What the JSON reader says.
        reason: String,
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
    /// A label or a prediction that the task cannot read.
    #[error("line {line}: {unfit}")]
    Unfit {
        /// Which line.
        line: u64,
        /// What is wrong with it.
        unfit: Unfit,
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
    #[error("the file is empty: there is no row to judge by")]
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
    /// A reader of these columns, with this character between fields.
    pub fn new(columns: TableColumns, delimiter: u8) -> Self {
        Self {
            columns,
            reader: csv_core::ReaderBuilder::new().delimiter(delimiter).build(),
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
        let text = |place: usize| {
            std::str::from_utf8(self.field(place))
                .map_err(|_| TableError::NotText { line, column: format!("column {}", place + 1) })
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
            *slot = text(place)?;
        }
        let row = Row {
            label: Value::Text(text(places.label)?),
            challenger: Value::Text(text(places.challenger)?),
            champion: places.champion.map(text).transpose()?.map(Value::Text),
            columns,
        };
        judge.push(&row).map_err(|unfit| TableError::Unfit { line, unfit })
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
    use crate::gate::{Against, Judgement, Part, Policy};

    fn read(text: &str, policy: &Policy, piece: usize) -> Result<Judgement, TableError> {
        let mut judge = Judge::new(policy, Against::Champion, 1).unwrap();
        let columns =
            TableColumns { label: "y".into(), challenger: "new".into(), champion: Some("old".into()) };
        let mut reader = TableReader::new(columns, b',');
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
        assert_eq!((whole.rows, whole.positives), (3, Some(1)));
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
        let unfit = |text: &str| match of(text) {
            TableError::Unfit { line: 2, unfit } => Some((unfit.part, unfit.found)),
            _ => None,
        };
        for bad in ["nan", "", "inf", "-0.1", "1.0001", "x"] {
            assert_eq!(
                unfit(&format!("y,new,old\n1,{bad},0.5\n")),
                Some((Part::Challenger, format!("{bad:?}")))
            );
        }
        assert_eq!(unfit("y,new,old\n2,0,0\n"), Some((Part::Label, "\"2\"".into())));
        let clustered = Policy { cluster: Some("day".into()), ..Policy::default() };
        assert!(matches!(read("y,new,old\n1,0,0\n", &clustered, 9), Err(TableError::MissingColumn { .. })));
    }
}
