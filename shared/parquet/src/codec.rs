//! Decompressing a page, to the size its header declares and not a byte more.

use std::io::Read;

use parquet::basic::CompressionCodec;

/// How the pages of a chunk are compressed.
pub(crate) enum Codec {
    Plain,
    Snappy,
    Gzip,
    #[cfg(feature = "brotli")]
    Brotli,
    Zstd(Box<zstd::bulk::Decompressor<'static>>),
    /// Blocks alone.
    Lz4Raw,
    /// What writers of the old name made of it: Hadoop's framing, LZ4's own, or blocks alone.
    Lz4,
}

impl Codec {
    /// The codec of a chunk; none for one that is not read.
    pub(crate) fn new(codec: CompressionCodec) -> Option<Self> {
        Some(match codec {
            CompressionCodec::UNCOMPRESSED => Self::Plain,
            CompressionCodec::SNAPPY => Self::Snappy,
            CompressionCodec::GZIP => Self::Gzip,
            #[cfg(feature = "brotli")]
            CompressionCodec::BROTLI => Self::Brotli,
            #[cfg(not(feature = "brotli"))]
            CompressionCodec::BROTLI => return None,
            CompressionCodec::ZSTD => Self::Zstd(Box::new(zstd::bulk::Decompressor::new().ok()?)),
            CompressionCodec::LZ4_RAW => Self::Lz4Raw,
            CompressionCodec::LZ4 => Self::Lz4,
            CompressionCodec::LZO => return None,
        })
    }

    /// Whether a page's bytes are its values.
    pub(crate) fn is_plain(&self) -> bool {
        matches!(self, Self::Plain)
    }

    /// Appends exactly `size` bytes; none when they are not what comes out.
    pub(crate) fn decompress(&mut self, input: &[u8], size: usize, out: &mut Vec<u8>) -> Option<()> {
        let start = out.len();
        match self {
            Self::Plain => out.extend_from_slice(input.get(..size)?),
            Self::Snappy => {
                (snap::raw::decompress_len(input).ok()? == size).then_some(())?;
                let mut decoder = snap::raw::Decoder::new();
                decoder.decompress(input, grow(out, size)).ok()?;
            }
            // One byte more is asked for, to see that there is none.
            Self::Gzip => {
                flate2::bufread::MultiGzDecoder::new(input).take(size as u64 + 1).read_to_end(out).ok()?;
            }
            #[cfg(feature = "brotli")]
            Self::Brotli => {
                let decoder = brotli_decompressor::Decompressor::new(input, 4096);
                decoder.take(size as u64 + 1).read_to_end(out).ok()?;
            }
            Self::Zstd(decoder) => {
                let length = decoder.decompress_to_buffer(input, grow(out, size)).ok()?;
                (length == size).then_some(())?;
            }
            Self::Lz4Raw => raw(input, grow(out, size))?,
            Self::Lz4 => {
                let filled = hadoop(input, grow(out, size));
                if filled.is_none() {
                    out.truncate(start);
                    let frame = lz4_flex::frame::FrameDecoder::new(input);
                    let framed = frame.take(size as u64 + 1).read_to_end(out);
                    if framed.is_err() {
                        out.truncate(start);
                        raw(input, grow(out, size))?;
                    }
                }
            }
        }
        (out.len() - start == size).then_some(())
    }
}

fn grow(out: &mut Vec<u8>, size: usize) -> &mut [u8] {
    let start = out.len();
    out.resize(start + size, 0);
    &mut out[start..]
}

fn raw(input: &[u8], out: &mut [u8]) -> Option<()> {
    (lz4_flex::block::decompress_into(input, out).ok()? == out.len()).then_some(())
}

/// Frames of: size in memory, size here (each four bytes, big end first), a block.
fn hadoop(mut input: &[u8], mut out: &mut [u8]) -> Option<()> {
    while let Some((head, rest)) = input.split_at_checked(8) {
        let size = |bytes: &[u8]| Some(u32::from_be_bytes(*bytes.first_chunk()?) as usize);
        let (block, next) = rest.split_at_checked(size(&head[4..])?)?;
        let (now, later) = out.split_at_mut_checked(size(head)?)?;
        raw(block, now)?;
        (input, out) = (next, later);
    }
    (input.is_empty() && out.is_empty()).then_some(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::io::Write;

    use super::*;

    fn bomb() -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(&vec![0; 1 << 22]).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn a_page_is_its_declared_size_or_nothing() {
        let (packed, mut out) = (bomb(), vec![7]);
        assert_eq!(Codec::Gzip.decompress(&packed, 1 << 22, &mut out), Some(()));
        assert_eq!(out.len(), 1 + (1 << 22));
        for size in [0, 100, (1 << 22) - 1, (1 << 22) + 1] {
            let mut out = Vec::new();
            assert_eq!(Codec::Gzip.decompress(&packed, size, &mut out), None, "{size}");
            assert!(out.len() <= size + 1);
        }
    }

    #[test]
    fn lz4_is_read_in_all_three_forms() {
        let text = b"a pawl is the catch that lets a ratchet turn forward, forward, forward".as_slice();
        let block = lz4_flex::block::compress(text);
        let mut framed = lz4_flex::frame::FrameEncoder::new(Vec::new());
        framed.write_all(text).unwrap();
        let mut hadoop = Vec::new();
        hadoop.extend_from_slice(&(text.len() as u32).to_be_bytes());
        hadoop.extend_from_slice(&(block.len() as u32).to_be_bytes());
        hadoop.extend_from_slice(&block);
        for form in [block, framed.finish().unwrap(), hadoop] {
            let mut out = Vec::new();
            assert_eq!(Codec::Lz4.decompress(&form, text.len(), &mut out), Some(()));
            assert_eq!(out, text);
        }
    }
}
