//! Cutting bytes into records and fields: RFC 4180, with CRLF or LF.

use memchr::{memchr, memchr2};

use super::field::{FieldKind, FieldSpan};

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
    let mut at = 0;
    loop {
        let (mut start, mut kind, mut quoted_end) = (at, FieldKind::Plain, None);
        if buffer.get(at) == Some(&b'"') {
            start = at + 1;
            at = start;
            loop {
                let Some(quote) = buffer.get(at..).and_then(|rest| memchr(b'"', rest)) else {
                    return RecordCut::Incomplete { quoted: true };
                };
                at += quote + 1;
                match buffer.get(at) {
                    Some(b'"') => {
                        kind = FieldKind::Escaped;
                        at += 1;
                    }
                    None if !end => return RecordCut::Incomplete { quoted: true },
                    _ => break,
                }
            }
            quoted_end = Some(at - 1);
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
        // Text after a closing quote belongs to the field, quotes and all.
        let span = match quoted_end {
            Some(close) if close + 1 == length => FieldSpan { start, end: close, kind },
            Some(_) => FieldSpan { start: start - 1, end: length, kind: FieldKind::Plain },
            None => FieldSpan { start, end: length, kind },
        };
        fields.push(span);
        if line_end {
            return RecordCut::Record { length, next: (stop + 1).min(buffer.len()) };
        }
        at = stop + 1;
    }
}
