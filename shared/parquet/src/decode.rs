//! The values of a page, handed to a visitor one batch after the other.

use bytes::Bytes;
use parquet::basic::{Encoding, Type};
use parquet::column::page::{Page, PageMetadata, PageReader};
use parquet::column::reader::{ColumnReader, ColumnReaderImpl, get_column_reader};
use parquet::data_type::{ByteArray, DataType};
use parquet::errors::Result as ParquetResult;

use crate::file::guarded;
use crate::header::RLE;
use crate::hybrid::{Run, runs, unpack};
use crate::leaf::Leaf;
use crate::write::{Int96, Raw};

/// Values without encoding, as the format numbers it.
pub(crate) const PLAIN: i32 = 0;

/// Codes of the dictionary: the old number and the new.
pub(crate) const DICTIONARY: [i32; 2] = [2, 8];

/// Values decoded at once.
const BATCH: usize = 4096;

/// Bytes that the values decoded at once may take, where each may repeat what the one before held.
const BATCH_BYTES: usize = 32 << 20;

/// Bytes that all texts of a page may take: four times the largest page.
const DECODED_LIMIT: u64 = 1 << 30;

/// Takes values in the order of the file.
pub(crate) trait Visit {
    /// Takes the next ones.
    fn visit<V: Raw>(&mut self, values: impl Iterator<Item = V>);
    /// Takes the next truths, run by run.
    fn truths(&mut self, value: bool, count: usize);
    /// Takes the next truths, bit by bit; none when the bytes hold fewer.
    fn bits(&mut self, bytes: &[u8], count: usize) -> Option<()> {
        unpack(bytes, 1, count, |value| {
            self.truths(value != 0, 1);
            Some(())
        })
    }
}

/// Hands out the `count` values of a page. The error is what is wrong with it.
pub(crate) fn values(
    leaf: &Leaf,
    encoding: i32,
    bytes: &Bytes,
    count: usize,
    visitor: &mut impl Visit,
) -> Result<(), String> {
    const SHORT: &str = "a page holds fewer values than it says";
    match (leaf.physical, encoding) {
        _ if count == 0 => Ok(()),
        (Type::BOOLEAN, PLAIN) => {
            let packed = Run::Packed { bytes, count };
            (bytes.len() * 8 >= count)
                .then(|| truths(packed, visitor))
                .flatten()
                .ok_or_else(|| SHORT.to_owned())
        }
        (Type::BOOLEAN, RLE) => bytes
            .get(4..)
            .and_then(|bytes| runs(bytes, 1, count, |run| truths(run, visitor)))
            .ok_or_else(|| SHORT.to_owned()),
        (_, PLAIN) => plain(leaf, bytes, count, visitor).ok_or_else(|| SHORT.to_owned()),
        _ => encoded(leaf, encoding, bytes, count, visitor),
    }
}

fn truths(run: Run<'_>, visitor: &mut impl Visit) -> Option<()> {
    match run {
        Run::Same { value, count } => visitor.truths(value != 0, count),
        Run::Packed { bytes, count } => visitor.bits(bytes, count)?,
    }
    Some(())
}

/// Values written as they are in memory. None when the bytes are too few.
pub(crate) fn plain(leaf: &Leaf, bytes: &[u8], count: usize, visitor: &mut impl Visit) -> Option<()> {
    if leaf.physical == Type::BYTE_ARRAY {
        let mut texts = Texts { rest: bytes, left: count };
        visitor.visit(&mut texts);
        return (texts.left == 0).then_some(());
    }
    let bytes = bytes.get(..count.checked_mul(leaf.width)?)?;
    match leaf.physical {
        Type::INT32 => visitor.visit(bytes.as_chunks().0.iter().map(|value| i32::from_le_bytes(*value))),
        Type::INT64 => visitor.visit(bytes.as_chunks().0.iter().map(|value| i64::from_le_bytes(*value))),
        Type::FLOAT => visitor.visit(bytes.as_chunks().0.iter().map(|value| f32::from_le_bytes(*value))),
        Type::DOUBLE => visitor.visit(bytes.as_chunks().0.iter().map(|value| f64::from_le_bytes(*value))),
        Type::INT96 => visitor.visit(bytes.as_chunks::<12>().0.iter().map(|value| {
            let [a, b, c, d, e, f, g, h, day @ ..] = *value;
            let nanoseconds = i64::from_le_bytes([a, b, c, d, e, f, g, h]);
            Int96 { nanoseconds, day: i32::from_le_bytes(day) }
        })),
        _ if leaf.width == 0 => return None,
        _ => visitor.visit(bytes.chunks_exact(leaf.width)),
    }
    Some(())
}

/// Texts, each behind its length.
#[derive(Debug, Clone)]
struct Texts<'a> {
    rest: &'a [u8],
    left: usize,
}

impl<'a> Iterator for Texts<'a> {
    type Item = &'a [u8];

    #[inline]
    fn next(&mut self) -> Option<&'a [u8]> {
        if self.left == 0 {
            return None;
        }
        let (length, rest) = self.rest.split_first_chunk::<4>()?;
        let (text, rest) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
        self.rest = rest;
        self.left -= 1;
        Some(text)
    }
}

/// The rarer encodings, by the parquet crate. It sees values alone: levels were cut off.
fn encoded(
    leaf: &Leaf,
    encoding: i32,
    bytes: &Bytes,
    count: usize,
    visitor: &mut impl Visit,
) -> Result<(), String> {
    let (Some(flat), Some(encoding)) = (&leaf.flat, named(encoding)) else {
        return Err(format!("encoding {encoding} is not known"));
    };
    if encoding == Encoding::BYTE_STREAM_SPLIT && Some(bytes.len()) != count.checked_mul(leaf.width) {
        return Err(format!("a page of {count} split values has {} bytes", bytes.len()));
    }
    let page = Page::DataPage {
        buf: bytes.clone(),
        num_values: u32::try_from(count).map_err(|_| "a page of too many values".to_owned())?,
        encoding,
        def_level_encoding: Encoding::RLE,
        rep_level_encoding: Encoding::RLE,
        statistics: None,
    };
    let reader = guarded(|| Ok(get_column_reader(flat.clone(), Box::new(One(Some(page))))))?;
    // Prefixes that repeat make much of little: as many at once as fit.
    let batch = match encoding {
        Encoding::DELTA_BYTE_ARRAY => (BATCH_BYTES / bytes.len().max(1)).clamp(1, BATCH),
        _ => BATCH,
    };
    let seen = decode(reader, batch, count, visitor)?;
    if seen == count { Ok(()) } else { Err(format!("a page holds {seen} of the {count} values it should")) }
}

/// Hands out up to `count` values of a reader, `batch` at a time; how many there were.
fn decode(
    reader: ColumnReader,
    batch: usize,
    count: usize,
    visitor: &mut impl Visit,
) -> Result<usize, String> {
    match reader {
        ColumnReader::BoolColumnReader(reader) => copies(reader, batch, count, visitor),
        ColumnReader::Int32ColumnReader(reader) => copies(reader, batch, count, visitor),
        ColumnReader::Int64ColumnReader(reader) => copies(reader, batch, count, visitor),
        ColumnReader::FloatColumnReader(reader) => copies(reader, batch, count, visitor),
        ColumnReader::DoubleColumnReader(reader) => copies(reader, batch, count, visitor),
        ColumnReader::Int96ColumnReader(reader) => batches(reader, batch, count, |values| {
            visitor.visit(values.iter().map(|value| int96(value.data())));
            Ok(())
        }),
        ColumnReader::ByteArrayColumnReader(reader) => {
            let mut size = 0;
            batches(reader, batch, count, |values| {
                size += values.iter().map(|text| text.len() as u64).sum::<u64>();
                if size > DECODED_LIMIT {
                    return Err(format!("a page decodes to more than {DECODED_LIMIT} bytes"));
                }
                visitor.visit(values.iter().map(ByteArray::data));
                Ok(())
            })
        }
        ColumnReader::FixedLenByteArrayColumnReader(reader) => batches(reader, batch, count, |values| {
            visitor.visit(values.iter().map(|value| value.data()));
            Ok(())
        }),
    }
}

/// Hands out values that need no conversion.
fn copies<T: DataType<T: Raw + Copy>>(
    reader: ColumnReaderImpl<T>,
    batch: usize,
    count: usize,
    visitor: &mut impl Visit,
) -> Result<usize, String> {
    batches(reader, batch, count, |values| {
        visitor.visit(values.iter().copied());
        Ok(())
    })
}

/// Decodes values some at a time; how many there were.
fn batches<T: DataType>(
    mut reader: ColumnReaderImpl<T>,
    batch: usize,
    count: usize,
    mut each: impl FnMut(&[T::T]) -> Result<(), String>,
) -> Result<usize, String> {
    let (mut seen, mut values) = (0, Vec::new());
    while seen < count {
        values.clear();
        let wanted = batch.min(count - seen);
        let (_, got, _) = guarded(|| reader.read_records(wanted, None, None, &mut values))?;
        if got == 0 {
            break;
        }
        seen += got;
        each(&values)?;
    }
    Ok(seen)
}

fn int96(words: &[u32]) -> Int96 {
    let word = |index: usize| words.get(index).copied().unwrap_or(0);
    let nanoseconds = (u64::from(word(1)) << 32 | u64::from(word(0))) as i64;
    Int96 { nanoseconds, day: word(2) as i32 }
}

fn named(encoding: i32) -> Option<Encoding> {
    Some(match encoding {
        5 => Encoding::DELTA_BINARY_PACKED,
        6 => Encoding::DELTA_LENGTH_BYTE_ARRAY,
        7 => Encoding::DELTA_BYTE_ARRAY,
        9 => Encoding::BYTE_STREAM_SPLIT,
        10 => Encoding::ALP,
        _ => return None,
    })
}

/// A reader of one page.
struct One(Option<Page>);

impl Iterator for One {
    type Item = ParquetResult<Page>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.take().map(Ok)
    }
}

impl PageReader for One {
    fn get_next_page(&mut self) -> ParquetResult<Option<Page>> {
        Ok(self.0.take())
    }

    fn peek_next_page(&mut self) -> ParquetResult<Option<PageMetadata>> {
        Ok(None)
    }

    fn skip_next_page(&mut self) -> ParquetResult<()> {
        self.0 = None;
        Ok(())
    }
}
