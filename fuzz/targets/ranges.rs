//! Byte ranges of CSV: any split of the data equals the whole.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pawl::dataset::{
    ByteRange, Format, Header, RangeProgress, RangeScan, RangeScanner, Scan, ScanError, Scanner, Schema,
    Stitch,
};

fn part(data: &[u8], header: &Header, range: ByteRange, start: Option<u64>) -> Result<RangeScan, ScanError> {
    let mut scanner = RangeScanner::new(Scanner::of(Format::Csv, &Schema::default()), header, range, start);
    let first = usize::try_from(scanner.first_byte()).unwrap_or(usize::MAX).min(data.len());
    for bytes in data[first..].chunks(61) {
        if scanner.feed(bytes, &mut ())? == RangeProgress::Done {
            break;
        }
    }
    scanner.finish(&mut ())
}

fn split(data: &[u8], each: u64) -> Result<Scan, ScanError> {
    let header = Header::of(Format::Csv, data, &Schema::default(), true)?.ok_or(ScanError::Empty)?;
    let mut stitch = Stitch::new(&header);
    for range in ByteRange::cover(&header, data.len() as u64, each) {
        if part(data, &header, range, None).is_ok_and(|part| stitch.add(part).is_ok()) {
            continue;
        }
        let again = part(data, &header, range, Some(stitch.next_start()));
        assert!(stitch.add(again.map_err(|error| stitch.explain(error))?).is_ok());
    }
    Ok(stitch.finish())
}

fn whole(data: &[u8]) -> Result<Scan, ScanError> {
    let mut scanner = Scanner::of(Format::Csv, &Schema::default());
    scanner.feed(data, &mut ())?;
    scanner.finish(&mut ())
}

fuzz_target!(|input: (u8, &[u8])| {
    let (each, data) = input;
    let tally = |scan: Scan| scan.tally;
    assert_eq!(split(data, u64::from(each) + 1).map(tally), whole(data).map(tally));
});
