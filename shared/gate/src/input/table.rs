//! Predictions of both models side by side in one CSV file, for the command line.

use std::borrow::Cow;

use memchr::{memchr, memchr_iter};

use super::columns::TableColumns;
use super::lines::MAX_BUFFERED;
use super::table_error::TableError;
use crate::judge::Judge;
use crate::row::{PairedRow, Response, Responses, RowValue};
use pawl_data::dataset::{FieldKind, FieldSpan, RecordCut, cut};

/// Reads CSV bytes in pieces of any size and hands every row to the judge.
#[derive(Debug)]
pub struct TableReader {
    columns: TableColumns,
    delimiter: u8,
    /// A record that a piece's end has cut, so far.
    carry: Vec<u8>,
    fields: Vec<FieldSpan>,
    places: Option<Places>,
    /// The line on which the next record starts.
    line: u64,
}

/// Where the columns stand.
#[derive(Debug)]
struct Places {
    label: usize,
    challenger: usize,
    champion: Option<usize>,
    /// Latency and error of challenger and champion.
    served: [[Option<usize>; 2]; 2],
    others: Vec<usize>,
    width: usize,
}

impl TableReader {
    /// A reader of these columns, with this character between fields.
    pub fn new(columns: TableColumns, delimiter: u8) -> Self {
        Self { columns, delimiter, carry: Vec::new(), fields: Vec::new(), places: None, line: 1 }
    }

    /// Takes bytes in; an empty piece ends the file.
    pub fn push(&mut self, bytes: &[u8], judge: &mut Judge) -> Result<(), TableError> {
        let ended = bytes.is_empty();
        let mut joined = std::mem::take(&mut self.carry);
        let mut rest = bytes;
        if !joined.is_empty() {
            // The cut record alone is put together; what follows it is read where it lies.
            let end = memchr(b'\n', rest).map_or(rest.len(), |at| at + 1);
            let (now, later) = rest.split_at_checked(end).unwrap_or((rest, &[]));
            joined.extend_from_slice(now);
            rest = later;
            self.whole(&mut joined, ended, judge)?;
            if !joined.is_empty() && !rest.is_empty() {
                // The line feed stood in quotes.
                joined.extend_from_slice(rest);
                rest = &[];
                self.whole(&mut joined, ended, judge)?;
            }
        }
        if joined.is_empty() {
            let left = self.records(rest, ended, judge)?;
            joined.extend_from_slice(rest.get(rest.len() - left..).unwrap_or_default());
        }
        self.carry = joined;
        if self.carry.len() > MAX_BUFFERED {
            return Err(TableError::TooLong { line: self.line });
        }
        if ended && self.places.is_none() { Err(TableError::Empty) } else { Ok(()) }
    }

    /// Takes the whole records out of a buffer.
    fn whole(&mut self, buffer: &mut Vec<u8>, ended: bool, judge: &mut Judge) -> Result<(), TableError> {
        let left = self.records(buffer, ended, judge)?;
        buffer.drain(..buffer.len() - left);
        Ok(())
    }

    /// Reads the whole records of a buffer; says how many bytes are left.
    fn records(&mut self, buffer: &[u8], ended: bool, judge: &mut Judge) -> Result<usize, TableError> {
        // Excel writes a byte order mark before the first name.
        let marked = self.line == 1 && buffer.starts_with(b"\xEF\xBB\xBF");
        let mut at = if marked { 3 } else { 0 };
        let mut fields = std::mem::take(&mut self.fields);
        while let Some(rest) = buffer.get(at..).filter(|rest| !rest.is_empty()) {
            let (length, next) = match cut(rest, self.delimiter, ended, &mut fields) {
                RecordCut::Record { length, next } => (length, next),
                RecordCut::Astray { .. } => return Err(TableError::Quotes { line: self.line }),
                RecordCut::Incomplete { .. } => break,
            };
            let record = rest.get(..length).unwrap_or_default();
            let line = self.line;
            self.line += line_feeds(rest.get(..next).unwrap_or_default(), length, &fields);
            // A blank line is no record.
            if !record.is_empty() {
                self.record(record, &fields, line, judge)?;
            }
            at += next;
        }
        self.fields = fields;
        Ok(buffer.len() - at)
    }

    fn record(
        &mut self,
        record: &[u8],
        fields: &[FieldSpan],
        line: u64,
        judge: &mut Judge,
    ) -> Result<(), TableError> {
        let Some(places) = &self.places else {
            self.places = Some(self.header(record, fields, judge.columns())?);
            return Ok(());
        };
        if fields.len() != places.width {
            return Err(TableError::FieldCount { line, expected: places.width, found: fields.len() });
        }
        // One check of the whole record is cheaper than one of each field.
        let whole = std::str::from_utf8(record).ok();
        let text = |place: usize| {
            let span = fields.get(place).copied().unwrap_or_default();
            match whole
                .filter(|_| span.kind != FieldKind::Escaped)
                .and_then(|it| it.get(span.start..span.end))
            {
                Some(text) => Ok(Cow::Borrowed(text)),
                None => field_text(span, record, line, place),
            }
        };
        let served = |places| read_response(places, line, text);
        let [new, old] = places.served;
        let old = places.champion.map(|_| served(old)).transpose()?;
        match judge.record_responses(served(new)?, old).map_err(|unfit| TableError::Unfit { line, unfit })? {
            Responses::Both => {}
            Responses::Missing => return Ok(()),
        }
        let (label, challenger) = (text(places.label)?, text(places.challenger)?);
        let champion = places.champion.map(text).transpose()?;
        let row = |columns: &[&str], judge: &mut Judge| {
            let (label, challenger) = (RowValue::Text(&label), RowValue::Text(&challenger));
            let champion = champion.as_deref().map(RowValue::Text);
            judge
                .push(&PairedRow { label, challenger, champion, columns })
                .map_err(|unfit| TableError::Unfit { line, unfit })
        };
        // Few columns are asked for, and a list on the heap for each row would cost more than they do.
        let mut few = [const { Cow::Borrowed("") }; 8];
        match few.get_mut(..places.others.len()) {
            Some(some) => {
                for (slot, &place) in some.iter_mut().zip(&places.others) {
                    *slot = text(place)?;
                }
                let texts = few.each_ref().map(|text| &**text);
                row(texts.get(..places.others.len()).unwrap_or_default(), judge)
            }
            None => {
                let many = places.others.iter().map(|&place| text(place)).collect::<Result<Vec<_>, _>>()?;
                row(&many.iter().map(|text| &**text).collect::<Vec<_>>(), judge)
            }
        }
    }

    fn header(&self, record: &[u8], fields: &[FieldSpan], others: &[String]) -> Result<Places, TableError> {
        let names: Vec<String> = fields
            .iter()
            .map(|span| {
                let name = String::from_utf8_lossy(&span.field(record)).into_owned();
                name.trim().to_owned()
            })
            .collect();
        let place = |column: &String| {
            names
                .iter()
                .position(|name| name == column)
                .ok_or_else(|| TableError::MissingColumn { column: column.clone(), header: names.join(", ") })
        };
        let of = |column: &Option<String>| column.as_ref().map(place).transpose();
        Ok(Places {
            label: place(&self.columns.label)?,
            challenger: place(&self.columns.challenger)?,
            champion: of(&self.columns.champion)?,
            served: [
                [of(&self.columns.challenger_served.latency)?, of(&self.columns.challenger_served.error)?],
                [of(&self.columns.champion_served.latency)?, of(&self.columns.champion_served.error)?],
            ],
            others: others.iter().map(place).collect::<Result<_, _>>()?,
            width: fields.len(),
        })
    }
}

/// How a model served, from the places of a latency and of an error.
fn read_response<'a>(
    places: [Option<usize>; 2],
    line: u64,
    text: impl Fn(usize) -> Result<Cow<'a, str>, TableError>,
) -> Result<Response, TableError> {
    if places == [None; 2] {
        return Ok(Response::default());
    }
    let [latency, error] = places.map(|place| place.map(&text).transpose());
    let (latency, error) = (latency?, error?);
    let read = Response::read(latency.as_deref().map(RowValue::Text), error.as_deref().map(RowValue::Text));
    read.map_err(|unfit| TableError::Unfit { line, unfit })
}

/// A field as text, by itself: it may be escaped, and another field of its record no text.
fn field_text(span: FieldSpan, record: &[u8], line: u64, place: usize) -> Result<Cow<'_, str>, TableError> {
    let not_text = || TableError::NotText { line, column: format!("column {}", place + 1) };
    match span.field(record) {
        Cow::Borrowed(bytes) => std::str::from_utf8(bytes).map(Cow::Borrowed).map_err(|_| not_text()),
        Cow::Owned(bytes) => String::from_utf8(bytes).map(Cow::Owned).map_err(|_| not_text()),
    }
}

/// Line feeds of a record of so many bytes and of its end. Only in quotes can there be more than one: where
/// no field begins with a quote, and fields and what parts them fill the record, nothing is quoted.
fn line_feeds(record_and_end: &[u8], length: usize, fields: &[FieldSpan]) -> u64 {
    let unquoted = |span: &FieldSpan| record_and_end.get(span.start) != Some(&b'"');
    let filled: usize = fields.iter().map(|span| span.end - span.start + 1).sum();
    if filled == length + 1 && fields.iter().all(unquoted) {
        return u64::from(record_and_end.last() == Some(&b'\n'));
    }
    memchr_iter(b'\n', record_and_end).count() as u64
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::{Against, Judgement, Policy, RowPart};

    fn read(text: &str, policy: &Policy, piece: usize) -> Result<Judgement, TableError> {
        let mut judge = Judge::new(policy, Against::Champion, 1).unwrap();
        let columns = TableColumns {
            label: "y".into(),
            challenger: "new".into(),
            champion: Some("old".into()),
            ..TableColumns::default()
        };
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

    /// Quoted line feeds count as lines, wherever the quotes end.
    #[test]
    fn lines_are_counted_through_quotes() {
        let policy = Policy { cluster: Some("day".into()), ..Policy::default() };
        for day in ["\"a\n\nb\"", "\"a\n\"\"\nb\""] {
            for piece in [1, 5, 1000] {
                let text = format!("y,new,old,day\n1,0,0,{day}\n1,0,0,b\n1,x,0,c\n");
                let error = read(&text, &policy, piece).unwrap_err();
                assert!(matches!(error, TableError::Unfit { line: 6, .. }), "{day}: {error:?}");
            }
        }
        let astray = read("y,new,old,day\n1,0,0,\"a\nb\"x\n1,0,0,b\n", &policy, 5).unwrap_err();
        assert_eq!(astray, TableError::Quotes { line: 2 });
        let latin: Vec<u8> = b"y,new,old,day\n1,0,0,\xe9\n".to_vec();
        let mut judge = Judge::new(&policy, Against::Champion, 1).unwrap();
        let (label, challenger, champion) = ("y".into(), "new".into(), Some("old".into()));
        let columns = TableColumns { label, challenger, champion, ..TableColumns::default() };
        let error = TableReader::new(columns, b',').push(&latin, &mut judge).unwrap_err();
        assert_eq!(error, TableError::NotText { line: 2, column: "column 4".into() });
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
                Some((RowPart::Challenger, format!("{bad:?}")))
            );
        }
        assert_eq!(unfit("y,new,old\n2,0,0\n"), Some((RowPart::Label, "\"2\"".into())));
        let clustered = Policy { cluster: Some("day".into()), ..Policy::default() };
        assert!(matches!(read("y,new,old\n1,0,0\n", &clustered, 9), Err(TableError::MissingColumn { .. })));
    }
}
