//! Byte ranges of one object, read apart from each other; each record is read exactly once.
//!
//! A range owns the records that start in it, and reads on behind its end to finish the last one. Where the
//! first one starts cannot be known without reading all that is before: a line end may lie within quotes. So
//! a range guesses from what follows, and [`Stitch`] checks each guess against the end of the range before.
//! A wrong one costs a second reading of that range, never a wrong figure.

use serde::{Deserialize, Serialize};

use super::csv::RECORD_LIMIT;
use super::error::ScanError;
use super::header::Header;
use super::record::Sink;
use super::scan::Scanner;
use crate::constraints::Scan;

/// How many bytes a guess looks at, where a record ends within them.
const WINDOW: usize = 1 << 16;

/// Bytes `from` (counted from 0) up to and without `to`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ByteRange {
    /// The first byte.
    pub from: u64,
    /// The byte after the last.
    pub to: u64,
}

impl ByteRange {
    /// Ranges of `each` bytes that cover the records behind a header: at least one, the last one shorter.
    pub fn cover(header: &Header, size: u64, each: u64) -> Vec<Self> {
        let (mut from, each) = (header.length as u64, each.max(1));
        let mut ranges = vec![Self { from, to: size.min(from.saturating_add(each)).max(from) }];
        while let Some(last) = ranges.last().filter(|last| last.to < size) {
            from = last.to;
            ranges.push(Self { from, to: size.min(from.saturating_add(each)) });
        }
        ranges
    }
}

/// Whether a range needs more bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RangeProgress {
    /// Feed the bytes that follow, or finish where the data ends.
    More,
    /// Every record of the range was read.
    Done,
}

/// Reads one range.
pub struct RangeScanner {
    range: ByteRange,
    start: Option<u64>,
    phase: Phase,
}

enum Phase {
    /// The scanner waits for the first record, told from the bytes gathered so far.
    Seeking {
        scanner: Box<Scanner>,
        header: Header,
        window: Vec<u8>,
    },
    Reading(Box<Scanner>),
}

/// What one range yields.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RangeScan {
    /// Lines are counted from the range's first record.
    scan: Scan,
    start: u64,
    end: u64,
    lines: u64,
}

impl RangeScanner {
    /// A reader of the records of a range; `scanner` has seen no byte. With a `start`, the first record is
    /// known to start there; without, it is guessed.
    pub fn new(scanner: Scanner, header: &Header, range: ByteRange, start: Option<u64>) -> Self {
        // The range behind the header starts with a record.
        let start = start.or((range.from <= header.length as u64).then_some(range.from));
        let phase = match start {
            Some(start) => Phase::Reading(Box::new(scanner.between(header, start, range.to))),
            None => Phase::Seeking { scanner: Box::new(scanner), header: header.clone(), window: Vec::new() },
        };
        Self { range, start, phase }
    }

    /// The byte to feed from.
    pub fn first_byte(&self) -> u64 {
        // One before the range: a line end there means that a record starts with the range.
        self.start.unwrap_or(self.range.from.saturating_sub(1))
    }

    /// Where the first record starts, once that is known or guessed.
    pub fn start(&self) -> Option<u64> {
        self.start
    }

    /// Takes the next bytes, which may end anywhere.
    ///
    /// # Errors
    /// A [`ScanError`], its line counted from the first record. It holds only if the start does.
    pub fn feed(&mut self, bytes: &[u8], sink: &mut impl Sink) -> Result<RangeProgress, ScanError> {
        match &mut self.phase {
            Phase::Seeking { window, .. } => {
                window.extend_from_slice(bytes);
                if window.len() >= WINDOW { self.seek(false, sink) } else { Ok(RangeProgress::More) }
            }
            Phase::Reading(scanner) => {
                scanner.feed(bytes, sink)?;
                Ok(if scanner.at() < self.range.to { RangeProgress::More } else { RangeProgress::Done })
            }
        }
    }

    /// Guesses where the first record starts, and reads what was gathered. At the `end` of the data without
    /// a line end, no record starts in this range.
    fn seek(&mut self, end: bool, sink: &mut impl Sink) -> Result<RangeProgress, ScanError> {
        let (range, first) = (self.range, self.first_byte());
        let Phase::Seeking { scanner, header, window } = &mut self.phase else {
            return Ok(RangeProgress::More);
        };
        let offset = match scanner.guess_start(window, header) {
            Some(offset) => offset,
            None if end => window.len(),
            None if window.len() > RECORD_LIMIT => {
                return Err(ScanError::RecordTooLong { line: 1, limit: RECORD_LIMIT });
            }
            None => return Ok(RangeProgress::More),
        };
        let start = first + offset as u64;
        let fresh = std::mem::replace(&mut **scanner, Scanner::new(&super::Schema::default()));
        let reading = fresh.between(header, start, range.to);
        let gathered = std::mem::take(window);
        self.start = Some(start);
        self.phase = Phase::Reading(Box::new(reading));
        self.feed(gathered.get(offset..).unwrap_or_default(), sink)
    }

    /// Ends the range, where it is done or the data ends.
    ///
    /// # Errors
    /// As [`RangeScanner::feed`].
    pub fn finish(mut self, sink: &mut impl Sink) -> Result<RangeScan, ScanError> {
        self.seek(true, sink)?;
        let start = self.first_byte();
        match self.phase {
            Phase::Reading(mut scanner) => {
                scanner.end(sink)?;
                let (end, lines) = (scanner.at(), scanner.lines());
                Ok(RangeScan { scan: scanner.finish(sink)?, start, end, lines })
            }
            Phase::Seeking { .. } => Err(ScanError::Empty),
        }
    }
}

/// Puts the parts of one object together, in their order.
#[derive(Debug)]
pub struct Stitch {
    whole: Scan,
    end: u64,
    lines: u64,
}

impl Stitch {
    /// Nothing but the header so far.
    pub fn new(header: &Header) -> Self {
        Self { whole: Scan::default(), end: header.length as u64, lines: header.lines }
    }

    /// Where the next part's first record starts: a part that was read from elsewhere must be read again.
    pub fn next_start(&self) -> u64 {
        self.end
    }

    /// Adds the next part if it starts where the part before ended; hands it back if not.
    ///
    /// # Errors
    /// The part, untouched.
    pub fn add(&mut self, part: RangeScan) -> Result<(), Box<RangeScan>> {
        if part.start != self.end {
            return Err(Box::new(part));
        }
        self.whole.append(part.scan, self.lines);
        (self.end, self.lines) = (part.end, self.lines + part.lines);
        Ok(())
    }

    /// The error of the next part, with its line counted from the beginning of the object.
    pub fn explain(&self, error: ScanError) -> ScanError {
        error.behind(self.lines)
    }

    /// The whole.
    pub fn finish(self) -> Scan {
        self.whole
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::dataset::{Format, Schema};

    fn scan_whole(format: Format, data: &[u8]) -> Result<Scan, ScanError> {
        let mut scanner = Scanner::of(format, &Schema::default());
        scanner.feed(data, &mut ())?;
        scanner.finish(&mut ())
    }

    /// The data, and how it is read.
    #[derive(Clone, Copy)]
    struct Source<'a> {
        format: Format,
        data: &'a [u8],
        chunk: usize,
    }

    impl Source<'_> {
        fn read(self, header: &Header, range: ByteRange, start: Option<u64>) -> Result<RangeScan, ScanError> {
            let scanner = Scanner::of(self.format, &Schema::default());
            let mut scanner = RangeScanner::new(scanner, header, range, start);
            for bytes in self.data[scanner.first_byte() as usize..].chunks(self.chunk) {
                if scanner.feed(bytes, &mut ())? == RangeProgress::Done {
                    break;
                }
            }
            scanner.finish(&mut ())
        }

        /// The whole from its ranges, and how many were read twice.
        fn scan(self, each: u64) -> Result<(Scan, usize), ScanError> {
            let header = Header::of(self.format, self.data, &Schema::default(), true)?;
            let header = header.ok_or(ScanError::Empty)?;
            let (mut stitch, mut again) = (Stitch::new(&header), 0);
            for range in ByteRange::cover(&header, self.data.len() as u64, each) {
                if self.read(&header, range, None).is_ok_and(|part| stitch.add(part).is_ok()) {
                    continue;
                }
                again += 1;
                let part = self.read(&header, range, Some(stitch.next_start()));
                stitch.add(part.map_err(|error| stitch.explain(error))?).unwrap();
            }
            Ok((stitch.finish(), again))
        }
    }

    fn same(parts: &Scan, whole: &Scan) -> Result<(), TestCaseError> {
        prop_assert_eq!(&parts.tally, &whole.tally);
        prop_assert_eq!(parts.profile.part_rows, whole.profile.part_rows);
        prop_assert_eq!(parts.profile.parts, whole.profile.parts);
        for (mine, theirs) in parts.profile.columns.iter().zip(&whole.profile.columns) {
            prop_assert_eq!(&mine.name, &theirs.name);
            prop_assert_eq!(&mine.values, &theirs.values);
            prop_assert_eq!(
                (mine.rows, mine.missing, mine.types),
                (theirs.rows, theirs.missing, theirs.types)
            );
            prop_assert!((mine.numbers.mean - theirs.numbers.mean).abs() < 1e-9);
        }
        Ok(())
    }

    #[test]
    fn guesses_are_right_in_usual_data() {
        let mut data = "id,note,x\n".to_owned();
        for row in 0..2000 {
            let note =
                if row % 3 == 0 { "\"two, with \"\"quotes\"\"\nand lines,\nof text\"" } else { "plain" };
            data += &format!("{row},{note},{}.5\n", row % 50);
        }
        let source = Source { format: Format::Csv, data: data.as_bytes(), chunk: 8192 };
        let whole = scan_whole(source.format, source.data).unwrap();
        for each in [500, 997, 4096] {
            let (parts, again) = source.scan(each).unwrap();
            same(&parts, &whole).unwrap();
            assert_eq!(again, 0, "ranges of {each}");
        }
    }

    #[test]
    fn errors_tell_the_line_of_the_object() {
        let long = "x".repeat(RECORD_LIMIT + 9);
        let data = format!("a,b\n{}1,{long}\n3,4\n", "1,2\n".repeat(50));
        let source = Source { format: Format::Csv, data: data.as_bytes(), chunk: 1 << 16 };
        let expected = scan_whole(source.format, source.data).unwrap_err();
        assert_eq!(expected, ScanError::RecordTooLong { line: 52, limit: RECORD_LIMIT });
        assert_eq!(source.scan(60).unwrap_err(), expected);
    }

    #[test]
    fn an_open_quote_costs_its_line_in_parts_too() {
        let data = format!("a,b\n{}1,\"open\n3,4\n5,x\"y\n", "1,2\n".repeat(50));
        let source = Source { format: Format::Csv, data: data.as_bytes(), chunk: 64 };
        let whole = scan_whole(source.format, source.data).unwrap();
        assert_eq!((whole.tally.accepted, whole.tally.broken[0].line), (52, 52));
        assert_eq!(whole.tally.oddities[0].line, 54);
        same(&source.scan(60).unwrap().0, &whole).unwrap();
    }

    proptest! {
        #[test]
        fn any_split_of_a_file_equals_the_whole(
            rows in prop::collection::vec(
                prop_oneof![
                    4 => "-?[0-9]{1,3},[a-c]{0,3}",
                    2 => "[0-9],\"([a,\n]|\"\"){0,12}\"",
                    1 => "[0-9]{0,2}",
                    1 => "[a\",]{0,6}",
                    1 => "[0-9],\"?[a-c]{0,2}\"[ b]?",
                ],
                0..40,
            ),
            line_end in prop::sample::select(vec!["\n", "\r\n"]),
            last in any::<bool>(),
            each in 1u64..120,
            chunk in 1usize..90,
        ) {
            let mut data = format!("\u{feff}n,s{line_end}{}", rows.join(line_end));
            if last {
                data += line_end;
            }
            let source = Source { format: Format::Csv, data: data.as_bytes(), chunk };
            let parts = source.scan(each).map(|(scan, _)| scan);
            match scan_whole(source.format, source.data) {
                Ok(whole) => same(&parts.unwrap(), &whole)?,
                Err(error) => prop_assert_eq!(parts.unwrap_err(), error),
            }
        }

        #[test]
        fn any_split_of_json_lines_equals_the_whole(
            rows in prop::collection::vec(
                prop_oneof![
                    6 => "\\{\"[ab]\": ?(-?[0-9]{1,2}|null|\"x\\\\n[a-z]{0,9}\"|\\{\"c\": ?true\\})\\}",
                    1 => "[{\"a:1}]{0,6}",
                    1 => " ?",
                ],
                1..40,
            ),
            each in 1u64..120,
            chunk in 1usize..90,
        ) {
            let data = rows.join("\n");
            prop_assume!(!data.is_empty());
            let source = Source { format: Format::JsonLines, data: data.as_bytes(), chunk };
            let (parts, again) = source.scan(each).unwrap();
            same(&parts, &scan_whole(source.format, source.data).unwrap())?;
            prop_assert_eq!(again, 0);
        }
    }
}
