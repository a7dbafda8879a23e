//! CSV: whatever comes, in whatever chunks, is read or refused; the chunks make no difference.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pawl::dataset::{Format, Scan, ScanError, Scanner, Schema};

fn scan(data: &[u8], chunk: usize) -> Result<Scan, ScanError> {
    let mut scanner = Scanner::of(Format::Csv, &Schema::default());
    for bytes in data.chunks(chunk) {
        scanner.feed(bytes, &mut ())?;
    }
    scanner.finish(&mut ())
}

fuzz_target!(|input: (u8, &[u8])| {
    let (chunk, data) = input;
    let whole = scan(data, data.len().max(1)).map(|scan| scan.tally);
    let parts = scan(data, usize::from(chunk).max(1)).map(|scan| scan.tally);
    assert_eq!(parts, whole);
});
