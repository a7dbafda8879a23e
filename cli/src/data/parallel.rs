//! One local file read on several processors, range by range.
//!
//! The ranges do not depend on how many threads read them, so the figures do not either.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

use indicatif::ProgressBar;
use pawl::dataset::{ByteRange, Flow, Header, Part, RangeScanner, Scan, ScanError, Scanner, Stitch};

use super::input::CHUNK;

/// How many bytes a range has: enough to make its warm-up small, few enough to share a file out.
pub(super) const RANGE: u64 = 32 << 20;

/// Why a range was not read.
#[derive(Debug, thiserror::Error)]
pub(super) enum RangeError {
    #[error(transparent)]
    Read(#[from] io::Error),
    #[error(transparent)]
    Scan(#[from] ScanError),
}

/// A file of records behind a header.
pub(super) struct Ranges<'a> {
    pub(super) path: &'a Path,
    pub(super) header: &'a Header,
    pub(super) size: u64,
    /// How many bytes a range has.
    pub(super) each: u64,
    pub(super) bar: &'a ProgressBar,
}

impl Ranges<'_> {
    /// Reads all ranges on so many threads; `scanner` makes one that has seen no byte.
    pub(super) fn scan(
        &self,
        threads: usize,
        scanner: &(impl Fn() -> Scanner + Sync),
    ) -> Result<Scan, RangeError> {
        let ranges = ByteRange::cover(self.header, self.size, self.each);
        let next = AtomicUsize::new(0);
        thread::scope(|scope| {
            let (sender, parts) = mpsc::channel();
            for _ in 0..threads.min(ranges.len()).max(1) {
                let (sender, ranges, next) = (sender.clone(), &ranges, &next);
                scope.spawn(move || {
                    while let Some((index, range)) = claim(ranges, next) {
                        // The receiver is gone only after an error, which ends the work.
                        if sender.send((index, self.read(scanner(), range, None))).is_err() {
                            break;
                        }
                    }
                });
            }
            drop(sender);
            self.stitch(&ranges, &parts, scanner)
        })
    }

    /// Puts the parts together in their order, as they come.
    fn stitch(
        &self,
        ranges: &[ByteRange],
        parts: &mpsc::Receiver<(usize, Result<Part, RangeError>)>,
        scanner: &impl Fn() -> Scanner,
    ) -> Result<Scan, RangeError> {
        let mut stitch = Stitch::new(self.header);
        let mut early = BTreeMap::new();
        for (index, &range) in ranges.iter().enumerate() {
            let part = loop {
                if let Some(part) = early.remove(&index) {
                    break part;
                }
                match parts.recv() {
                    Ok((index, part)) => early.insert(index, part),
                    Err(mpsc::RecvError) => return Err(io::Error::other("a reading thread has died").into()),
                };
            };
            // An error counts only where the range was read from its true start.
            let fits = part.is_ok_and(|part| stitch.add(part).is_ok());
            if !fits {
                let again =
                    self.read(scanner(), range, Some(stitch.next_start())).map_err(|error| match error {
                        RangeError::Scan(error) => stitch.explain(error).into(),
                        error => error,
                    })?;
                if stitch.add(again).is_err() {
                    return Err(io::Error::other("the file has changed while it was read").into());
                }
            }
        }
        Ok(stitch.finish())
    }

    fn read(&self, scanner: Scanner, range: ByteRange, start: Option<u64>) -> Result<Part, RangeError> {
        let mut scanner = RangeScanner::new(scanner, self.header, range, start);
        let mut file = File::open(self.path)?;
        file.seek(SeekFrom::Start(scanner.first_byte()))?;
        let mut chunk = vec![0; CHUNK];
        loop {
            let read = file.read(&mut chunk)?;
            let Some(bytes @ [_, ..]) = chunk.get(..read) else { break };
            self.bar.inc(read as u64);
            if scanner.feed(bytes, &mut ())? == Flow::Done {
                break;
            }
        }
        Ok(scanner.finish(&mut ())?)
    }
}

fn claim(ranges: &[ByteRange], next: &AtomicUsize) -> Option<(usize, ByteRange)> {
    let index = next.fetch_add(1, Ordering::Relaxed);
    Some((index, *ranges.get(index)?))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use pawl::dataset::Schema;

    use super::*;

    fn scan(data: &str, name: &str, threads: usize, each: u64) -> Result<Scan, RangeError> {
        let path = std::env::temp_dir().join(format!("pawl-{}-{name}-{threads}-{each}", std::process::id()));
        std::fs::write(&path, data).unwrap();
        let schema = Schema::default();
        let header = Header::read(data.as_bytes(), &schema, true).unwrap().unwrap();
        let (size, bar) = (data.len() as u64, ProgressBar::hidden());
        let ranges = Ranges { path: &path, header: &header, size, each, bar: &bar };
        let scan = ranges.scan(threads, &|| Scanner::new(&schema));
        std::fs::remove_file(&path).unwrap();
        scan
    }

    #[test]
    fn the_figures_do_not_depend_on_the_number_of_threads() {
        let mut data = "id,note,x\n".to_owned();
        for row in 0..9000 {
            let note = if row % 5 == 0 { "\"two\nlines, \"\"quoted\"\"\"" } else { "plain" };
            data += &format!("{row},{note},{}.25\n", row % 97);
        }
        let one = scan(&data, "same", 1, 10_000).unwrap();
        assert_eq!(one.tally.rows, 9000);
        for threads in [2, 5] {
            assert_eq!(scan(&data, "same", threads, 10_000).unwrap(), one);
        }
    }

    #[test]
    fn an_error_is_told_at_its_line() {
        let data = format!("a,b\n{}1,\"open\n", "1,2\n".repeat(5000));
        let error = scan(&data, "open", 3, 1000).unwrap_err();
        assert!(error.to_string().starts_with("line 5002: a quoted field opens here"), "{error}");
    }
}
