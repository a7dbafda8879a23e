//! Packed bytes, unpacked within bounds: a small file may hold terabytes of nothing.

use std::cell::Cell;
use std::io::{self, BufRead, BufReader, Read};
use std::rc::Rc;

use flate2::bufread::GzDecoder;

/// How many packed bytes are read at a time.
const CHUNK: usize = 1 << 18;

/// How many bytes one packed byte may become. Deflate makes at most 1,032; tables come to some dozens.
const RATIO: u64 = 5_000;

/// Only beyond so many bytes the ratio counts.
const FREE: u64 = 1 << 30;

/// How bytes are packed, told by the first of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Packing {
    Gzip,
    Zstd,
}
impl Packing {
    pub(super) fn of(head: &[u8]) -> Option<Self> {
        if head.starts_with(&[0x1F, 0x8B]) {
            Some(Self::Gzip)
        } else {
            // A frame, or one that carries something else and is passed over.
            let skippable = matches!(head, [0x50..=0x5F, 0x2A, 0x4D, 0x18, ..]);
            (skippable || head.starts_with(&[0x28, 0xB5, 0x2F, 0xFD])).then_some(Self::Zstd)
        }
    }

    /// The bytes that are packed so.
    pub(super) fn unpack(self, packed: impl Read + 'static) -> io::Result<Box<dyn Read>> {
        let taken = Rc::new(Cell::new(0));
        let packed = Counted { bytes: packed, taken: Rc::clone(&taken) };
        let unpacked: Box<dyn Read> = match self {
            Self::Gzip => Box::new(Members::new(BufReader::with_capacity(CHUNK, packed))),
            Self::Zstd => Box::new(zstd::Decoder::new(packed)?),
        };
        Ok(Box::new(Bounded { unpacked, taken, made: 0, free: FREE }))
    }
}

/// The members of a gzip file, one behind the other; zeros that fill up a block of a tape end it.
struct Members<R> {
    member: Option<GzDecoder<R>>,
}

impl<R: BufRead> Members<R> {
    fn new(packed: R) -> Self {
        Self { member: Some(GzDecoder::new(packed)) }
    }
}

impl<R: BufRead> Read for Members<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while let Some(mut member) = self.member.take() {
            let read = member.read(buffer)?;
            if read > 0 || buffer.is_empty() {
                self.member = Some(member);
                return Ok(read);
            }
            let mut packed = member.into_inner();
            let mut padded = false;
            loop {
                let rest = packed.fill_buf()?;
                let zeros = rest.iter().take_while(|byte| **byte == 0).count();
                let (all, behind) = (rest.len(), zeros < rest.len());
                padded |= zeros > 0;
                packed.consume(zeros);
                if all == 0 {
                    return Ok(0);
                }
                if behind {
                    break;
                }
            }
            if padded {
                let reason = "bytes stand behind the zeros that end the packed data";
                return Err(io::Error::new(io::ErrorKind::InvalidData, reason));
            }
            self.member = Some(GzDecoder::new(packed));
        }
        Ok(0)
    }
}

struct Counted<R> {
    bytes: R,
    taken: Rc<Cell<u64>>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.bytes.read(buffer)?;
        self.taken.set(self.taken.get() + read as u64);
        Ok(read)
    }
}

struct Bounded<R> {
    unpacked: R,
    taken: Rc<Cell<u64>>,
    made: u64,
    free: u64,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.unpacked.read(buffer)?;
        self.made += read as u64;
        let taken = self.taken.get();
        if self.made > self.free.saturating_add(taken.saturating_mul(RATIO)) {
            let reason = format!(
                "{taken} packed bytes hold more than {} bytes: this is a decompression bomb and no data; \
                 if it is data, unpack it yourself and pipe it in",
                self.made
            );
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, reason));
        }
        Ok(read)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_bomb_is_stopped_and_plain_data_is_not() {
        let bomb = zstd::encode_all(io::repeat(b'\n').take(50 << 20), 19).unwrap();
        let open = |free| {
            let taken = Rc::new(Cell::new(0));
            let packed = Counted { bytes: io::Cursor::new(bomb.clone()), taken: Rc::clone(&taken) };
            Bounded { unpacked: zstd::Decoder::new(packed).unwrap(), taken, made: 0, free }
        };
        let error = io::copy(&mut open(1 << 20), &mut io::sink()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::FileTooLarge);
        assert!(error.to_string().contains("this is a decompression bomb"), "{error}");
        assert_eq!(io::copy(&mut open(FREE), &mut io::sink()).unwrap(), 50 << 20);
    }
}
