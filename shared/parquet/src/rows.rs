//! Rows as CSV records: what judging row by row reads. Of a repeated leaf a row has one value, its list.
//!
//! One page of each column is in memory at a time.

use std::ops::Range;

use parquet::file::reader::ChunkReader;

use crate::column::Dictionary;
use crate::decode::{self, DICTIONARY, Visit};
use crate::error::{FileLocation, ParquetError};
use crate::file::ParquetFile;
use crate::header::PageKind;
use crate::hybrid::{Run, runs, unpack};
use crate::leaf::{self, Leaf};
use crate::levels::{Levels, Parts};
use crate::lists::{LIST_LIMIT, ListText};
use crate::pages::{Page, Pages};
use crate::write::Raw;

/// Records are handed on in pieces of about this many bytes.
const PIECE: usize = 1 << 16;

/// How much of a chunk is fetched at once, at least: all columns are read side by side.
const WINDOW: u64 = 1 << 19;

/// The most entries of one page that are held.
const PAGE_ENTRIES: u32 = 1 << 24;

/// Hands out a header and the records of row groups, as CSV in pieces that end with a record.
///
/// # Errors
/// What `each` says, or a [`ParquetError`] that names the column and the place.
pub fn write_rows<R: ChunkReader, E: From<ParquetError>>(
    file: &ParquetFile<R>,
    row_groups: Range<usize>,
    mut each: impl FnMut(&[u8]) -> Result<(), E>,
) -> Result<(), E> {
    let alone = file.leaves.len() == 1;
    let mut out = Vec::new();
    for (position, leaf) in file.leaves.iter().enumerate() {
        field(Some(leaf.name.as_bytes()), position, alone, &mut out);
    }
    out.push(b'\n');
    for row_group in row_groups {
        let mut cursors = Vec::with_capacity(file.leaves.len());
        for index in 0..file.leaves.len() {
            cursors.push(Cursor::new(file, row_group, index)?);
        }
        for _ in 0..file.metadata.row_group(row_group).num_rows() {
            for (position, cursor) in cursors.iter_mut().enumerate() {
                field(cursor.next()?, position, alone, &mut out);
            }
            out.push(b'\n');
            if out.len() >= PIECE {
                each(&out)?;
                out.clear();
            }
        }
    }
    each(&out)
}

/// Writes a field. One that stands alone is quoted when it is empty: a blank line is no record.
fn field(text: Option<&[u8]>, position: usize, alone: bool, out: &mut Vec<u8>) {
    if position > 0 {
        out.push(b',');
    }
    let text = text.unwrap_or_default();
    let quoted = text.iter().any(|byte| b",\"\r\n".contains(byte)) || alone && text.is_empty();
    if !quoted {
        return out.extend_from_slice(text);
    }
    out.push(b'"');
    for &byte in text {
        if byte == b'"' {
            out.push(b'"');
        }
        out.push(byte);
    }
    out.push(b'"');
}

/// The values of one column chunk, one after the other, or its lists row by row.
pub(crate) struct Cursor<'a, R> {
    leaf: &'a Leaf,
    pages: Pages<R>,
    dictionary: Option<Texts>,
    /// Whether each entry of the page holds a value.
    presence: Vec<bool>,
    entry: usize,
    /// The values of the page, or the codes of the dictionary they are.
    values: Texts,
    codes: Option<Vec<u32>>,
    value: usize,
    /// Of a leaf that repeats, the levels of each entry of the page.
    levels: Vec<Levels>,
    list: ListText,
}

impl<'a, R: ChunkReader> Cursor<'a, R> {
    pub(crate) fn new(
        file: &'a ParquetFile<R>,
        row_group: usize,
        column: usize,
    ) -> Result<Self, ParquetError> {
        let leaf = &file.leaves[column];
        let place = FileLocation { column: leaf.name.clone(), row_group, byte: 0 };
        let chunk = file.metadata.row_group(row_group).column(column);
        Ok(Self {
            leaf,
            pages: Pages::new(&file.source, chunk, place, WINDOW)?,
            dictionary: None,
            presence: Vec::new(),
            entry: 0,
            values: Texts::new(leaf.kind),
            codes: None,
            value: 0,
            levels: Vec::new(),
            list: ListText::new(leaf.lists.clone(), leaf.kind),
        })
    }

    /// The text of the next row; none for a null.
    pub(crate) fn next(&mut self) -> Result<Option<&[u8]>, ParquetError> {
        if self.leaf.repeated() { self.next_list() } else { self.next_value() }
    }

    /// Sees that no further row follows.
    pub(crate) fn end(&mut self) -> Result<(), ParquetError> {
        if self.entry < self.presence.len() || self.pages.next()?.is_some() {
            return Err(self.pages.place.broken("it has more rows than its row group"));
        }
        Ok(())
    }

    /// The list of the next row, which may go on over pages.
    fn next_list(&mut self) -> Result<Option<&[u8]>, ParquetError> {
        self.list.begin();
        loop {
            if self.entry == self.presence.len() {
                match self.pages.next()? {
                    Some(page) => self.load(page)?,
                    None if self.list.has_begun() => break,
                    None => return Err(self.pages.place.broken("it has fewer values than rows")),
                }
                continue;
            }
            let levels =
                self.levels.get(self.entry).copied().unwrap_or(Levels { repetition: 0, definition: 0 });
            if levels.repetition == 0 && self.list.has_begun() {
                break;
            }
            let present = self.presence.get(self.entry) == Some(&true);
            let value = present.then(|| text(&self.codes, &self.dictionary, &self.values, self.value));
            let place = &self.pages.place;
            if let Some(None) = value {
                return Err(place.broken("a page's codes are not in its dictionary"));
            }
            self.entry += 1;
            self.value += usize::from(present);
            let added = self.list.add(levels, value.flatten());
            added.ok_or_else(|| place.broken("the levels of a page do not fit its values"))?;
            if self.list.is_too_long() {
                return Err(ParquetError::TooLarge {
                    what: format!("{place}: the list of one row (bytes as JSON)"),
                    size: LIST_LIMIT as u64 + 1,
                    limit: LIST_LIMIT as u64,
                    fix: "leave the column out, or write it with shorter lists",
                });
            }
        }
        Ok(self.list.finish())
    }

    fn next_value(&mut self) -> Result<Option<&[u8]>, ParquetError> {
        while self.entry == self.presence.len() {
            let page = self.pages.next()?;
            let page = page.ok_or_else(|| self.pages.place.broken("it has fewer values than rows"))?;
            self.load(page)?;
        }
        let present = self.presence.get(self.entry) == Some(&true);
        self.entry += 1;
        if !present {
            return Ok(None);
        }
        let value = self.value;
        self.value += 1;
        let text = text(&self.codes, &self.dictionary, &self.values, value);
        text.map(Some).ok_or_else(|| self.pages.place.broken("a page's codes are not in its dictionary"))
    }

    fn load(&mut self, page: Page) -> Result<(), ParquetError> {
        let place = &self.pages.place;
        if page.header.kind == PageKind::Dictionary {
            let dictionary = Dictionary::new(self.leaf, page).map_err(|reason| place.broken(reason))?;
            let mut texts = Texts::new(self.leaf.kind);
            decode::plain(self.leaf, &dictionary.values, dictionary.entries, &mut texts)
                .ok_or_else(|| place.broken("its dictionary ends early"))?;
            self.dictionary = Some(texts);
            return Ok(());
        }
        let entries = page.header.values;
        if entries > PAGE_ENTRIES {
            return Err(ParquetError::TooLarge {
                what: format!("{place}: a page (entries)"),
                size: u64::from(entries),
                limit: u64::from(PAGE_ENTRIES),
                fix: "write it with smaller pages",
            });
        }
        let highest = self.leaf.highest;
        let parts = Parts::cut(&page.header, page.body, highest).map_err(|reason| place.broken(reason))?;
        self.presence.clear();
        parts
            .presence(entries, highest, &mut self.presence)
            .ok_or_else(|| place.broken("the levels of a page do not fit its values"))?;
        self.levels.clear();
        if self.leaf.repeated() {
            parts
                .levels(entries, highest, &mut self.levels)
                .ok_or_else(|| place.broken("the levels of a page do not fit its values"))?;
        }
        let present = self.presence.iter().filter(|present| **present).count();
        (self.entry, self.value, self.codes) = (0, 0, None);
        self.values.clear();
        if DICTIONARY.contains(&page.header.encoding) {
            if self.dictionary.is_none() {
                return Err(place.broken("it refers to a dictionary it has not"));
            }
            let codes = codes(&parts.values, present);
            self.codes = Some(codes.ok_or_else(|| place.broken("a page's codes are too few"))?);
            return Ok(());
        }
        decode::values(self.leaf, page.header.encoding, &parts.values, present, &mut self.values)
            .map_err(|reason| place.broken(reason))
    }
}

/// The text of a value of a page.
fn text<'a>(
    codes: &Option<Vec<u32>>,
    dictionary: &'a Option<Texts>,
    values: &'a Texts,
    value: usize,
) -> Option<&'a [u8]> {
    match (codes, dictionary) {
        (Some(codes), Some(dictionary)) => dictionary.get(*codes.get(value)? as usize),
        _ => values.get(value),
    }
}

/// The codes of a page.
fn codes(bytes: &[u8], count: usize) -> Option<Vec<u32>> {
    let mut codes = Vec::with_capacity(count);
    if count == 0 {
        return Some(codes);
    }
    let (&width, bytes) = bytes.split_first().filter(|(width, _)| **width <= 32)?;
    runs(bytes, width.into(), count, |run| match run {
        Run::Same { value, count } => {
            codes.resize(codes.len() + count, value);
            Some(())
        }
        Run::Packed { bytes, count } => unpack(bytes, width.into(), count, |code| {
            codes.push(code);
            Some(())
        }),
    })?;
    Some(codes)
}

/// Texts, end to end.
struct Texts {
    kind: leaf::ValueKind,
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl Texts {
    fn new(kind: leaf::ValueKind) -> Self {
        Self { kind, bytes: Vec::new(), ends: Vec::new() }
    }

    fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
    }

    fn get(&self, index: usize) -> Option<&[u8]> {
        let start = index.checked_sub(1).map_or(Some(0), |before| self.ends.get(before).copied())?;
        self.bytes.get(start..*self.ends.get(index)?)
    }

    fn push(&mut self, value: impl Raw) {
        value.text(self.kind, &mut self.bytes);
        self.ends.push(self.bytes.len());
    }
}

impl Visit for Texts {
    fn visit<V: Raw>(&mut self, values: impl Iterator<Item = V>) {
        values.for_each(|value| self.push(value));
    }

    fn truths(&mut self, value: bool, count: usize) {
        (0..count).for_each(|_| self.push(value));
    }
}
