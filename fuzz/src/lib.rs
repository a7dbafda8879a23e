//! What several targets ask.

use pawl::dataset::{Format, Scan, ScanError, Scanner, Schema};

/// Reads rows in two ways of cutting them and compares: the chunks make no difference.
pub fn chunks_make_no_difference(format: Format, (chunk, data): (u8, &[u8])) {
    let tally = |chunk| scan(format, data, chunk).map(|scan| scan.tally);
    assert_eq!(tally(usize::from(chunk).max(1)), tally(data.len().max(1)));
}

fn scan(format: Format, data: &[u8], chunk: usize) -> Result<Scan, ScanError> {
    let mut scanner = Scanner::of(format, &Schema::default());
    for bytes in data.chunks(chunk) {
        scanner.feed(bytes, &mut ())?;
    }
    scanner.finish(&mut ())
}
