//! Where a record starts, guessed from the middle of CSV.

use super::csv::{RecordCut, cut};
use super::field::FieldSpan;

/// Where the first record starts behind the first byte of a window: as if that byte were outside quotes,
/// within them, or the quote that opens them, whichever makes more of the records that follow well formed.
pub(super) fn first_record(window: &[u8], delimiter: u8, columns: usize) -> Option<usize> {
    let quoted = |from| next_record(window, closing_quote(window, from)? + 1, delimiter);
    let candidates = [next_record(window, 0, delimiter), quoted(0), quoted(1)];
    let mut best: Option<(usize, usize)> = None;
    for start in candidates.into_iter().flatten() {
        // Without a quote there is one candidate and no need to look further.
        let score = if candidates[1].is_none() { 0 } else { well_formed(window, start, delimiter, columns) };
        if best.is_none_or(|(_, least)| score > least) {
            best = Some((start, score));
        }
    }
    best.map(|(start, _)| start)
}

/// The start of the record after the one that `at` lies in, outside quotes.
fn next_record(window: &[u8], mut at: usize, delimiter: u8) -> Option<usize> {
    loop {
        let stop = at + memchr::memchr2(b'\n', delimiter, window.get(at..)?)?;
        if window.get(stop) == Some(&b'\n') {
            return Some(stop + 1);
        }
        at = match window.get(stop + 1) {
            Some(b'"') => closing_quote(window, stop + 2)? + 1,
            _ => stop + 1,
        };
    }
}

/// The quote that ends a quoted field whose text `at` lies in.
fn closing_quote(window: &[u8], mut at: usize) -> Option<usize> {
    loop {
        let quote = at + memchr::memchr(b'"', window.get(at..)?)?;
        if window.get(quote + 1) != Some(&b'"') {
            return Some(quote);
        }
        at = quote + 2;
    }
}

/// The share of whole records from `start` on that have as many fields as the header, in thousandths.
fn well_formed(window: &[u8], start: usize, delimiter: u8, columns: usize) -> usize {
    let (mut good, mut all, mut at) = (0, 0, start);
    let mut fields = Vec::<FieldSpan>::new();
    while let Some(rest) = window.get(at..).filter(|_| all < 100) {
        let (next, whole) = match cut(rest, delimiter, false, &mut fields) {
            RecordCut::Record { length, next } => (next, length == 0 || fields.len() == columns),
            RecordCut::Astray { next, .. } => (next, false),
            RecordCut::Incomplete { .. } => break,
        };
        good += usize::from(whole);
        all += 1;
        at += next;
    }
    good * 1000 / all.max(1)
}
