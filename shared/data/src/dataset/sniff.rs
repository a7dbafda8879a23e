//! How records are written, guessed from the beginning of the data where nobody says.
//!
//! The usual way (a comma, the header in the first line) stands wherever it makes a table; another one is
//! taken only where it makes one and the usual does not.

use super::csv::{RecordCut, cut};
use super::field::FieldSpan;

/// How many records are looked at.
const RECORDS: usize = 200;

/// The most lines before a header.
const TITLES: usize = 30;

/// How many of a hundred records must have as many fields as the header.
const AGREE: usize = 90;

/// What stands between fields, and before the header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Guess {
    pub(super) delimiter: u8,
    pub(super) skip: u64,
}

/// What is known already.
#[derive(Debug, Clone, Copy)]
pub(super) struct Given {
    pub(super) delimiter: Option<u8>,
    /// The delimiter where nothing speaks against it.
    pub(super) usual: u8,
    pub(super) skip: Option<u64>,
    /// Whether the data ends with the head.
    pub(super) whole: bool,
}

/// A guess; the usual where none makes a table.
pub(super) fn guess(head: &[u8], given: Given) -> Guess {
    let usual = Guess { delimiter: given.delimiter.unwrap_or(given.usual), skip: given.skip.unwrap_or(0) };
    let mut delimiters = vec![usual.delimiter];
    if given.delimiter.is_none() {
        delimiters.extend(b",;\t|".iter().filter(|byte| **byte != usual.delimiter));
    }
    let skips: Vec<u64> = match given.skip {
        Some(skip) => vec![skip],
        None => (0..=TITLES as u64).collect(),
    };
    for skip in skips {
        let Some(rest) = behind_lines(head, skip) else { break };
        let found = delimiters
            .iter()
            .filter_map(|&delimiter| Some((delimiter, table_width(rest, delimiter, given.whole)?)));
        // The usual one is first, and stays wherever it fits; of others the one that makes most columns.
        let mut best: Option<(u8, usize)> = None;
        for (delimiter, width) in found {
            if best.is_none_or(|(first, most)| first != usual.delimiter && width > most) {
                best = Some((delimiter, width));
            }
        }
        if let Some((delimiter, _)) = best
            && titles(head, skip, delimiter)
        {
            return Guess { delimiter, skip };
        }
    }
    usual
}

/// What stands behind so many lines.
fn behind_lines(head: &[u8], lines: u64) -> Option<&[u8]> {
    let mut rest = head;
    for _ in 0..lines {
        rest = rest.get(memchr::memchr(b'\n', rest)? + 1..)?;
    }
    Some(rest)
}

/// Whether what stands before the header is titles: one text a line, whatever empty fields follow.
fn titles(head: &[u8], lines: u64, delimiter: u8) -> bool {
    let before = head.split(|&byte| byte == b'\n').take(usize::try_from(lines).unwrap_or(usize::MAX));
    let texts = |line: &[u8]| {
        line.split(|&byte| byte == delimiter).filter(|field| !field.trim_ascii().is_empty()).count()
    };
    before.into_iter().all(|line| texts(line) <= 1)
}

/// How many columns a header makes that all but a few records agree with; at least two.
fn table_width(rest: &[u8], delimiter: u8, whole: bool) -> Option<usize> {
    let (mut at, mut header, mut agreeing, mut all) = (0, None, 0, 0);
    let mut fields = Vec::<FieldSpan>::new();
    while let Some(rest) = rest.get(at..).filter(|rest| !rest.is_empty() && all < RECORDS) {
        let (length, next, good) = match cut(rest, delimiter, whole, &mut fields) {
            RecordCut::Record { length, next } => (length, next, true),
            RecordCut::Astray { length, next, .. } => (length, next, false),
            RecordCut::Incomplete { .. } => break,
        };
        at += next;
        if length == 0 {
            // A blank line parts titles from a table, and belongs to neither.
            continue;
        }
        match header {
            None if good && names_columns(&rest[..length], &fields) => header = Some(fields.len()),
            None => return None,
            Some(width) => {
                all += 1;
                agreeing += usize::from(good && fields.len() == width);
            }
        }
    }
    header.filter(|_| all > 0 && agreeing * 100 >= all * AGREE)
}

/// Whether a record may be a header: a single name among many empty ones is a title.
fn names_columns(record: &[u8], fields: &[FieldSpan]) -> bool {
    let named =
        |span: &&FieldSpan| record.get(span.start..span.end).is_some_and(|it| !it.trim_ascii().is_empty());
    fields.len() == 2 || fields.len() > 2 && fields.iter().filter(named).count() > 1
}

/// Whether a carriage return alone ends lines here.
pub(super) fn has_lone_returns(head: &[u8]) -> bool {
    let before_last = head.split_last().map_or(head, |(_, before)| before);
    memchr::memchr(b'\n', head).is_none() && memchr::memchr(b'\r', before_last).is_some()
}

/// What bytes are that hold no table, and what to do about it.
pub(super) fn no_table(name: &str, head: &[u8]) -> Option<&'static str> {
    const MAGIC: &[(&[u8], &str)] = &[
        (b"PARE", "an encrypted Parquet file: decrypt it first"),
        (b"PK\x03\x04", "a zip archive or an Excel workbook: unpack it, or save the sheet as CSV"),
        (b"%PDF-", "a PDF document: give the data as CSV"),
        (b"BZh", "packed by bzip2: unpack it, or pack it with gzip or zstd"),
        (b"\xFD7zXZ\0", "packed by xz: unpack it, or pack it with gzip or zstd"),
        (b"7z\xBC\xAF\x27\x1C", "a 7z archive: unpack it"),
        (b"\x04\x22\x4D\x18", "packed by lz4: unpack it, or pack it with gzip or zstd"),
        (b"\xFF\x06\0\0sNaPpY", "packed by snappy: unpack it, or pack it with gzip or zstd"),
        (b"\x1F\x8B", "packed by gzip twice: unpack it once"),
        (b"\xD0\xCF\x11\xE0", "an old Office document: save the sheet as CSV"),
        (b"Rar!", "a RAR archive: unpack it"),
        (b"version https://git-lfs", "a pointer of Git LFS: fetch the file itself with `git lfs pull`"),
        (b"ORC", "an ORC file: convert it to Parquet"),
        (b"Obj\x01", "an Avro file: convert it to Parquet or JSON Lines"),
        (b"ARROW1", "an Arrow file: convert it to Parquet"),
        (b"FEA1", "a Feather file: convert it to Parquet"),
        (b"\x89HDF", "an HDF5 file: convert it to Parquet"),
        (b"\x89PNG", "a picture"),
        (b"SQLite format 3\0", "a database of SQLite: export the table as CSV"),
        (b"<?xml", "an XML document: give the data as CSV"),
    ];
    let found = MAGIC.iter().find(|(magic, _)| head.starts_with(magic)).map(|(_, what)| *what);
    let text = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head).trim_ascii_start();
    let begins = |word: &[u8]| text.get(..word.len()).is_some_and(|it| it.eq_ignore_ascii_case(word));
    found
        .filter(|what| !what.starts_with("an ORC") || head.contains(&0))
        .or_else(|| {
            (begins(b"<!doctype") || begins(b"<html"))
                .then_some("a page of HTML: it may be an error in place of the data; fetch the data itself")
        })
        .or_else(|| {
            (name.ends_with(".parquet") && !head.starts_with(b"PAR1"))
                .then_some("no Parquet, though its name says so: get it anew, or name it by what it holds")
        })
}
