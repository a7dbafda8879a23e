//! One local file read on several processors, piece by piece.
//!
//! The pieces do not depend on how many threads read them, so the figures do not either.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

use indicatif::ProgressBar;
use pawl::dataset::{
    ByteRange, Header, RangeProgress, RangeScan, RangeScanner, Scan, ScanError, Scanner, Stitch,
};

use super::input::CHUNK;

/// How many bytes a range has: enough to make its warm-up small, few enough to share a file out.
pub(super) const RANGE: u64 = 32 << 20;

/// Does pieces of work on so many threads, each by a worker of its own, and takes what they yield in order.
pub(super) fn in_order<T: Send, W: FnMut(usize) -> T, E: From<io::Error>>(
    threads: usize,
    pieces: usize,
    worker: impl Fn() -> W + Sync,
    mut take: impl FnMut(usize, T) -> Result<(), E>,
) -> Result<(), E> {
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        let (sender, done) = mpsc::channel();
        for _ in 0..threads.min(pieces).max(1) {
            let (sender, next, worker) = (sender.clone(), &next, &worker);
            scope.spawn(move || {
                let mut work = worker();
                while let Some(piece) = Some(next.fetch_add(1, Ordering::Relaxed)).filter(|&one| one < pieces)
                {
                    // The receiver is gone only after an error, which ends the work.
                    if sender.send((piece, work(piece))).is_err() {
                        break;
                    }
                }
            });
        }
        drop(sender);
        let mut early = BTreeMap::new();
        for piece in 0..pieces {
            let yielded = loop {
                if let Some(yielded) = early.remove(&piece) {
                    break yielded;
                }
                match done.recv() {
                    Ok((piece, yielded)) => early.insert(piece, yielded),
                    Err(mpsc::RecvError) => return Err(io::Error::other("a reading thread has died").into()),
                };
            };
            take(piece, yielded)?;
        }
        Ok(())
    })
}

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
        let mut stitch = Stitch::new(self.header);
        let range =
            |index: usize| ranges.get(index).copied().ok_or_else(|| io::Error::other("no such range"));
        let worker = || |index| self.read(scanner(), range(index)?, None);
        in_order(threads, ranges.len(), worker, |index, part| {
            // An error counts only where the range was read from its true start.
            if part.is_ok_and(|part| stitch.add(part).is_ok()) {
                return Ok::<(), RangeError>(());
            }
            let again = self.read(scanner(), range(index)?, Some(stitch.next_start()));
            let again = again.map_err(|error| match error {
                RangeError::Scan(error) => stitch.explain(error).into(),
                error => error,
            })?;
            Ok(stitch.add(again).map_err(|_| io::Error::other("the file has changed while it was read"))?)
        })?;
        Ok(stitch.finish())
    }

    fn read(&self, scanner: Scanner, range: ByteRange, start: Option<u64>) -> Result<RangeScan, RangeError> {
        let mut scanner = RangeScanner::new(scanner, self.header, range, start);
        let mut file = File::open(self.path)?;
        file.seek(SeekFrom::Start(scanner.first_byte()))?;
        let mut chunk = vec![0; CHUNK];
        loop {
            let read = file.read(&mut chunk)?;
            let Some(bytes @ [_, ..]) = chunk.get(..read) else { break };
            self.bar.inc(read as u64);
            if scanner.feed(bytes, &mut ())? == RangeProgress::Done {
                break;
            }
        }
        Ok(scanner.finish(&mut ())?)
    }
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
    fn pieces_come_in_their_order_until_one_fails() {
        for threads in [0, 1, 4] {
            let (mut made, mut taken) = (0, Vec::new());
            let worker =
                || |piece: usize| if piece == 7 { Err(io::Error::other("seven")) } else { Ok(piece * 2) };
            let ended = in_order(threads, 20, worker, |piece, yielded| {
                made += 1;
                taken.push((piece, yielded?));
                Ok::<_, io::Error>(())
            });
            assert_eq!(ended.unwrap_err().to_string(), "seven");
            assert_eq!((made, taken), (8, (0..7).map(|piece| (piece, piece * 2)).collect()));
        }
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
        let data = format!("a,b\n{}1,{}\n", "1,2\n".repeat(5000), "x".repeat(2 << 20));
        let error = scan(&data, "long", 3, 1000).unwrap_err();
        assert!(error.to_string().starts_with("line 5002: a record of more than"), "{error}");
        let data = format!("a,b\n{}1,\"open\n", "1,2\n".repeat(5000));
        let tally = scan(&data, "open", 3, 1000).unwrap().tally;
        assert_eq!((tally.accepted, tally.broken[0].line), (5000, 5002));
    }
}
