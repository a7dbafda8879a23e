//! The header of a page.

use crate::thrift::{Bad, STRUCT, TRUE, Walker};

/// What a page holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PageKind {
    /// The dictionary of the chunk.
    Dictionary,
    /// Values: levels and values compressed together.
    Data,
    /// Values: levels stand before the compressed values.
    DataV2 {
        /// Bytes of the definition levels.
        definition: u32,
        /// Bytes of the repetition levels.
        repetition: u32,
        /// Whether the values are compressed.
        compressed: bool,
    },
    /// Anything else: jumped over.
    Other,
}

/// The header of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) kind: PageKind,
    /// Its size in the file.
    pub(crate) compressed: u32,
    /// Its size in memory.
    pub(crate) uncompressed: u32,
    /// The checksum of its bytes in the file.
    pub(crate) crc: Option<u32>,
    /// Values, the missing ones too; entries of a dictionary.
    pub(crate) values: u32,
    /// How the values are written; a number of the format.
    pub(crate) encoding: i32,
    /// How definition and repetition levels are written.
    pub(crate) levels: (i32, i32),
}

/// Reads the header at the front of these bytes; and its length.
pub(crate) fn read(bytes: &[u8]) -> Result<(Header, usize), Bad> {
    let mut walker = Walker::new(bytes);
    let (mut kind, mut compressed, mut uncompressed, mut crc) = (None, None, None, None);
    let mut body = None;
    let mut last = 0;
    while let Some(field) = walker.field(&mut last)? {
        match last {
            1 => kind = Some(walker.i32(field)?),
            2 => uncompressed = Some(positive(walker.i32(field)?)?),
            3 => compressed = Some(positive(walker.i32(field)?)?),
            4 => crc = Some(walker.i32(field)? as u32),
            5 | 7 | 8 if field == STRUCT => body = Some((last, numbers(&mut walker)?)),
            _ => walker.skip(field)?,
        }
    }
    let missing = Bad::Nonsense("a page header lacks a field");
    let (compressed, uncompressed) = (compressed.ok_or(missing)?, uncompressed.ok_or(missing)?);
    let mut header = Header {
        kind: PageKind::Other,
        compressed,
        uncompressed,
        crc,
        values: 0,
        encoding: 0,
        levels: (RLE, RLE),
    };
    let known = matches!(kind.ok_or(missing)?, 0 | 2 | 3);
    let (Some((which, fields)), true) = (body, known) else {
        return if known { Err(missing) } else { Ok((header, walker.at())) };
    };
    let get = |index: usize| fields.get(index).copied().flatten().ok_or(missing);
    header.values = positive(get(1)?)?;
    match (kind, which) {
        (Some(2), 7) => (header.kind, header.encoding) = (PageKind::Dictionary, get(2)?),
        (Some(0), 5) => {
            (header.kind, header.encoding, header.levels) = (PageKind::Data, get(2)?, (get(3)?, get(4)?));
        }
        (Some(3), 8) => {
            let (definition, repetition) = (positive(get(5)?)?, positive(get(6)?)?);
            if u64::from(definition) + u64::from(repetition) > u64::from(uncompressed.min(compressed)) {
                return Err(Bad::Nonsense("a page's levels are longer than the page"));
            }
            header.kind = PageKind::DataV2 { definition, repetition, compressed: get(7).unwrap_or(1) == 1 };
            header.encoding = get(4)?;
        }
        _ => return Err(missing),
    }
    Ok((header, walker.at()))
}

/// Levels in the run-length hybrid.
pub(crate) const RLE: i32 = 3;

/// The numbers and truths of a structure by field number, 1 to 8.
fn numbers(walker: &mut Walker<'_>) -> Result<[Option<i32>; 9], Bad> {
    let mut found = [None; 9];
    let mut last = 0;
    while let Some(kind) = walker.field(&mut last)? {
        let value = match kind {
            crate::thrift::I32 => Some(walker.i32(kind)?),
            TRUE => Some(1),
            crate::thrift::FALSE => Some(0),
            _ => {
                walker.skip(kind)?;
                None
            }
        };
        if let Some(slot) = usize::try_from(last).ok().and_then(|index| found.get_mut(index)) {
            *slot = value;
        }
    }
    Ok(found)
}

fn positive(number: i32) -> Result<u32, Bad> {
    u32::try_from(number).map_err(|_| Bad::Nonsense("a page header holds a negative size"))
}
