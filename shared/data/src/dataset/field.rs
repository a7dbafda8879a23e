//! A record and where its fields lie in it.

use std::borrow::Cow;

/// Where a field lies in its record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FieldSpan {
    /// The offset of its first byte.
    pub start: usize,
    /// The offset behind its last byte.
    pub end: usize,
    /// How its bytes are meant.
    pub kind: FieldKind,
}

/// How the bytes of a field are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FieldKind {
    /// As they are.
    #[default]
    Plain,
    /// With doubled quotes.
    Escaped,
    /// A text, though it reads as a number or a boolean: JSON's `"12"`.
    Text,
}

/// A record with the place of its fields.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row<'a> {
    /// 1 for the first record.
    pub(crate) number: u64,
    pub(crate) line: u64,
    /// The record's own bytes, and behind them those of fields that had to be unescaped.
    pub(crate) bytes: &'a [u8],
    /// How many are the record's own.
    pub(crate) length: usize,
    pub(crate) fields: &'a [FieldSpan],
}

impl<'a> Row<'a> {
    /// The record as it came.
    pub(crate) fn raw(&self) -> &'a [u8] {
        self.bytes.get(..self.length).unwrap_or(self.bytes)
    }

    /// The field at this position without its quotes.
    pub(crate) fn field(&self, index: usize) -> Option<Cow<'a, [u8]>> {
        Some(self.fields.get(index)?.field(self.bytes))
    }
}

impl FieldSpan {
    /// The field of this record, without its quotes.
    pub fn field(self, raw: &[u8]) -> Cow<'_, [u8]> {
        let bytes = raw.get(self.start..self.end).unwrap_or_default();
        if self.kind != FieldKind::Escaped {
            return Cow::Borrowed(bytes);
        }
        let mut plain = Vec::with_capacity(bytes.len());
        let mut after_quote = false;
        for &byte in bytes {
            after_quote = byte == b'"' && !after_quote;
            if !after_quote {
                plain.push(byte);
            }
        }
        Cow::Owned(plain)
    }
}
