//! The pages of one column chunk, one after the other.

use std::sync::Arc;

use bytes::Bytes;
use parquet::file::metadata::ColumnChunkMetaData;
use parquet::file::reader::ChunkReader;

use crate::codec::Codec;
use crate::error::{FileLocation, ParquetError};
use crate::file::fetch;
use crate::header::{self, Header, PageKind};
use crate::limits::PAGE_LIMIT;
use crate::thrift::Bad;

/// How much of a chunk is fetched at once, at least, where one chunk is read at a time.
pub(crate) const WINDOW: u64 = 4 << 20;

/// The longest page header: it may hold the smallest and the largest value.
const HEADER_LIMIT: usize = 16 << 20;

/// Old writers leave the header of the dictionary out of a chunk's size (PARQUET-816). Reading ends
/// with the last value, so that what follows a chunk is never taken for a page of it.
const UNCOUNTED: u64 = 100;

/// Cuts the pages of a chunk and decompresses them.
pub(crate) struct Pages<R> {
    source: Arc<R>,
    codec: Codec,
    /// Where the next page begins; kept for errors too.
    pub(crate) place: FileLocation,
    end: u64,
    /// How much is fetched at once, at least.
    fetched: u64,
    /// Fetched bytes from `place.byte` on.
    window: Bytes,
    /// Values still to come.
    left: u64,
}

/// A page, decompressed.
pub(crate) struct Page {
    pub(crate) header: Header,
    pub(crate) body: Bytes,
}

impl<R: ChunkReader> Pages<R> {
    /// The pages of a chunk.
    pub(crate) fn new(
        source: &Arc<R>,
        chunk: &ColumnChunkMetaData,
        mut place: FileLocation,
        fetched: u64,
    ) -> Result<Self, ParquetError> {
        let data = chunk.data_page_offset().unsigned_abs();
        // Some writers leave the dictionary's place at 0: then it stands where the data is said to.
        let dictionary = chunk.dictionary_page_offset().and_then(|at| u64::try_from(at).ok());
        place.byte = dictionary.filter(|&at| 0 < at && at < data).unwrap_or(data);
        let end = place.byte.saturating_add(chunk.compressed_size().unsigned_abs());
        if end > source.len() {
            return Err(place.broken("the footer says that it lies outside the file"));
        }
        let end = (end + UNCOUNTED).min(source.len());
        let Some(codec) = Codec::new(chunk.compression_codec()) else {
            let what = format!("compression {:?}", chunk.compression_codec());
            return Err(place.unsupported(what, "write it with snappy, gzip, zstd or lz4"));
        };
        let left = chunk.num_values().unsigned_abs();
        Ok(Self { source: Arc::clone(source), codec, place, end, fetched, window: Bytes::new(), left })
    }

    /// The next page that holds anything; none once every value has come.
    pub(crate) fn next(&mut self) -> Result<Option<Page>, ParquetError> {
        while self.left > 0 {
            if self.place.byte >= self.end {
                return Err(self.place.broken(format!("{} values are missing", self.left)));
            }
            let header = self.header()?;
            let body = self.take(u64::from(header.compressed))?;
            if header.kind == PageKind::Other {
                continue;
            }
            if header.crc.is_some_and(|crc| crc32fast::hash(&body) != crc) {
                return Err(self.place.broken("the checksum of a page does not fit its bytes"));
            }
            if header.kind != PageKind::Dictionary {
                self.left = self
                    .left
                    .checked_sub(u64::from(header.values))
                    .ok_or_else(|| self.place.broken("its pages hold more values than the footer says"))?;
                if header.values == 0 {
                    continue;
                }
            }
            let body = self.decompress(&header, body)?;
            return Ok(Some(Page { header, body }));
        }
        Ok(None)
    }

    fn header(&mut self) -> Result<Header, ParquetError> {
        let mut wanted = 1 << 12;
        loop {
            self.fill(wanted)?;
            match header::read(&self.window) {
                Ok((header, length)) => {
                    for (what, size) in
                        [("in the file", header.compressed), ("in memory", header.uncompressed)]
                    {
                        if size > PAGE_LIMIT {
                            return Err(ParquetError::TooLarge {
                                what: format!("{}: a page (bytes {what})", self.place),
                                size: u64::from(size),
                                limit: u64::from(PAGE_LIMIT),
                                fix: "write it with smaller pages",
                            });
                        }
                    }
                    self.advance(length);
                    return Ok(header);
                }
                // It may go on beyond what was fetched.
                Err(Bad::End)
                    if wanted < HEADER_LIMIT && self.place.byte + (self.window.len() as u64) < self.end =>
                {
                    wanted = self.window.len().max(wanted) * 2;
                }
                Err(Bad::End) => return Err(self.place.broken("a page header does not end")),
                Err(Bad::Nonsense(what)) => return Err(self.place.broken(what)),
            }
        }
    }

    /// The next bytes of the chunk.
    fn take(&mut self, length: u64) -> Result<Bytes, ParquetError> {
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        self.fill(length)?;
        if self.window.len() < length {
            return Err(self.place.broken("a page is longer than its column chunk"));
        }
        let bytes = self.window.slice(..length);
        self.advance(length);
        Ok(bytes)
    }

    fn advance(&mut self, length: usize) {
        self.window = self.window.slice(length..);
        self.place.byte += length as u64;
    }

    /// Fetches until the window holds `wanted` bytes or the chunk ends.
    fn fill(&mut self, wanted: usize) -> Result<(), ParquetError> {
        let (left, held) = (self.end - self.place.byte, self.window.len() as u64);
        if held < left.min(wanted as u64) {
            let more = (left - held).min(self.fetched.max(wanted as u64 - held));
            let fetched = fetch(self.source.as_ref(), self.place.byte + held, more)?;
            // No byte is fetched twice: the rest of the window is put before the new one.
            self.window = match held {
                0 => fetched,
                _ => [self.window.as_ref(), fetched.as_ref()].concat().into(),
            };
        }
        Ok(())
    }

    fn decompress(&mut self, header: &Header, body: Bytes) -> Result<Bytes, ParquetError> {
        let (plain, packed) = match header.kind {
            PageKind::DataV2 { definition, repetition, compressed } => {
                ((definition + repetition) as usize, compressed)
            }
            _ => (0, true),
        };
        if self.codec.is_plain() || !packed {
            return Ok(body);
        }
        let size = header.uncompressed as usize;
        let mut out = Vec::with_capacity(size);
        out.extend_from_slice(&body[..plain]);
        // A page of nulls alone has no values to decompress.
        if size > plain {
            self.codec
                .decompress(&body[plain..], size - plain, &mut out)
                .ok_or_else(|| self.place.broken(format!("a page does not decompress to {size} bytes")))?;
        }
        Ok(out.into())
    }
}
