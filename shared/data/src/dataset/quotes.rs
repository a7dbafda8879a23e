//! Quotes at odd places: what is read all the same, and is told.

use super::field::FieldSpan;
use crate::constraints::Oddity;

/// Finds the next quote of a buffer, so that records without one cost nothing.
pub(super) struct Quotes<'a> {
    buffer: &'a [u8],
    next: usize,
}

impl<'a> Quotes<'a> {
    pub(super) fn new(buffer: &'a [u8]) -> Self {
        let mut quotes = Self { buffer, next: 0 };
        quotes.seek(0);
        quotes
    }

    /// Whether a quote stands before this offset.
    #[inline]
    pub(super) fn before(&self, at: usize) -> bool {
        self.next < at
    }

    /// Passes the quotes before this offset; how many they are.
    pub(super) fn take(&mut self, at: usize) -> usize {
        let passed = self.buffer.get(self.next..at).unwrap_or_default();
        let count = memchr::memchr_iter(b'"', passed).count();
        self.seek(at);
        count
    }

    /// Goes on from here.
    pub(super) fn seek(&mut self, at: usize) {
        if self.next < at || at == 0 {
            let rest = self.buffer.get(at..).unwrap_or_default();
            self.next = memchr::memchr(b'"', rest).map_or(self.buffer.len(), |offset| at + offset);
        }
    }
}

/// The odd quotes of a record, each kind once.
pub(super) fn odd_quotes(record: &[u8], fields: &[FieldSpan]) -> impl Iterator<Item = Oddity> {
    let quoted = |span: &FieldSpan| span.start > 0 && record.get(span.start - 1) == Some(&b'"');
    let some = memchr::memchr(b'"', record).is_some();
    let inside = some
        && fields.iter().any(|span| {
            !quoted(span) && record.get(span.start..span.end).is_some_and(|field| field.contains(&b'"'))
        });
    let behind = some
        && fields.iter().any(|span| {
            quoted(span)
                && record.get(span.end + 1).is_some_and(|byte| b" \t".contains(byte))
                && !separates(record, fields, span.end + 1)
        });
    [(inside, Oddity::QuoteInside), (behind, Oddity::BlankBehindQuote)]
        .into_iter()
        .filter_map(|(found, oddity)| found.then_some(oddity))
}

/// Whether the byte here parts two fields, as a tab may.
fn separates(record: &[u8], fields: &[FieldSpan], at: usize) -> bool {
    let behind = at + 1;
    let start = if record.get(behind) == Some(&b'"') { behind + 1 } else { behind };
    fields.iter().any(|span| span.start == start || span.start == behind)
}

/// The beginning of a record, for people.
pub(super) fn shown(record: &[u8]) -> String {
    let text = String::from_utf8_lossy(record.get(..240).unwrap_or(record));
    let short: String = text.chars().take(60).collect();
    if short.len() < record.len() { format!("{short:?} and more") } else { format!("{short:?}") }
}
