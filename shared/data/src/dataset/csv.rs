//! Cutting bytes into records and fields: RFC 4180, with CRLF or LF.
//!
//! A quoted field is one only where a separator follows its closing quote, blanks apart. Otherwise a quote is
//! astray, and what it would swallow is unknown: the record is then no more than the line on which that field
//! opens, and reading goes on behind it. Whether it is depends on the record alone, so that a file reads the
//! same in parts as in one piece.

use memchr::{memchr, memchr2};

use super::field::{FieldKind, FieldSpan};

/// The most bytes of a record.
pub(super) const RECORD_LIMIT: usize = 1 << 20;

/// What the beginning of a buffer holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecordCut {
    /// A record of `length` bytes; the next one starts at `next`.
    Record {
        /// Bytes, without the line end.
        length: usize,
        /// The offset of the next record.
        next: usize,
    },
    /// A quote opens a field that does not end well: the bytes up to the end of the line it opens on.
    Astray {
        /// Bytes, without the line end.
        length: usize,
        /// The offset of the next record.
        next: usize,
        /// Where the quote would have ended the field: what lies between was not swallowed.
        until: usize,
    },
    /// No whole record yet.
    Incomplete {
        /// Whether a quote is open.
        quoted: bool,
    },
}

/// Cuts the first record off a buffer and notes its fields. At the `end` of the data a record needs
/// no line end. A quote counts only at the start of a field; elsewhere it is a plain character.
pub fn cut(buffer: &[u8], delimiter: u8, end: bool, fields: &mut Vec<FieldSpan>) -> RecordCut {
    fields.clear();
    // A longer record is none, however many bytes are at hand.
    let full = buffer.len() > RECORD_LIMIT;
    let (buffer, end) = match buffer.get(..RECORD_LIMIT) {
        Some(limited) if full => (limited, false),
        _ => (buffer, end),
    };
    let mut at = 0;
    loop {
        let open = at;
        let (mut start, mut kind, mut quoted_end) = (at, FieldKind::Plain, None);
        if buffer.get(at) == Some(&b'"') {
            start = at + 1;
            match closing(buffer, start) {
                Some((close, found)) if close + 1 < buffer.len() || end => {
                    (kind, quoted_end, at) = (found, Some(close), close + 1);
                }
                // Reading on behind the line is cheap: what was searched holds no other quote that opens.
                _ if full || end => return astray(buffer, open, buffer.len(), end),
                _ => return RecordCut::Incomplete { quoted: true },
            }
        }
        let rest = buffer.get(at..).unwrap_or_default();
        let (stop, line_end) = match memchr2(delimiter, b'\n', rest) {
            Some(offset) => (at + offset, buffer.get(at + offset) == Some(&b'\n')),
            None if end => (buffer.len(), true),
            None => return RecordCut::Incomplete { quoted: false },
        };
        let mut length = stop;
        if line_end && length > at && buffer.get(length - 1) == Some(&b'\r') {
            length -= 1;
        }
        let span = match quoted_end {
            Some(close) if buffer[close + 1..length].iter().all(|byte| b" \t".contains(byte)) => {
                FieldSpan { start, end: close, kind }
            }
            Some(close) => return astray(buffer, open, close, end),
            None => FieldSpan { start, end: length, kind },
        };
        fields.push(span);
        if line_end {
            return RecordCut::Record { length, next: (stop + 1).min(buffer.len()) };
        }
        at = stop + 1;
    }
}

/// Where a quoted field closes whose text starts here.
fn closing(buffer: &[u8], mut at: usize) -> Option<(usize, FieldKind)> {
    let mut kind = FieldKind::Plain;
    loop {
        at += memchr(b'"', buffer.get(at..)?)?;
        if buffer.get(at + 1) != Some(&b'"') {
            return Some((at, kind));
        }
        kind = FieldKind::Escaped;
        at += 2;
    }
}

/// The record that ends with the line on which a field opens that does not end well, but far behind.
pub(super) fn astray(buffer: &[u8], open: usize, until: usize, end: bool) -> RecordCut {
    match memchr(b'\n', buffer.get(open..).unwrap_or_default()) {
        Some(offset) => {
            let stop = open + offset;
            let line = &buffer[..stop];
            let length = line.strip_suffix(b"\r").unwrap_or(line).len();
            RecordCut::Astray { length, next: stop + 1, until }
        }
        None if end => RecordCut::Astray { length: buffer.len(), next: buffer.len(), until },
        None => RecordCut::Incomplete { quoted: false },
    }
}
