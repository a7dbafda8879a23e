//! Levels: which entries of a page hold a value, and where a row begins.

use bytes::Bytes;

use crate::header::{Header, PageKind, RLE};
use crate::hybrid::{Run, ones, runs, unpack};

/// The parts of a page.
pub(crate) struct Parts {
    /// The levels that say where a row begins; empty where no leaf repeats.
    repetition: Bytes,
    /// The levels that say which entries hold a value; empty where all do.
    definition: Bytes,
    /// The values.
    pub(crate) values: Bytes,
}

/// The levels of one entry of a leaf that repeats.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Levels {
    pub(crate) repetition: u32,
    pub(crate) definition: u32,
}

/// The highest levels of a leaf.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Highest {
    pub(crate) definition: u32,
    pub(crate) repetition: u32,
}

impl Parts {
    /// Cuts a page. The error is what is wrong with it.
    pub(crate) fn cut(header: &Header, mut body: Bytes, highest: Highest) -> Result<Self, &'static str> {
        const SHORT: &str = "a page ends before its levels do";
        if let PageKind::DataV2 { definition, repetition, .. } = header.kind {
            if (body.len() as u64) < u64::from(definition) + u64::from(repetition) {
                return Err(SHORT);
            }
            let repetition = body.split_to(repetition as usize);
            return Ok(Self { repetition, definition: body.split_to(definition as usize), values: body });
        }
        let mut section = |highest: u32, encoding: i32| -> Result<Bytes, &'static str> {
            if highest == 0 {
                return Ok(Bytes::new());
            }
            if encoding != RLE {
                return Err(
                    "its levels are packed in a way that was given up; read and rewrite it with another tool",
                );
            }
            let length = body.first_chunk::<4>().map(|length| u32::from_le_bytes(*length) as usize);
            let length = length.filter(|length| length + 4 <= body.len()).ok_or(SHORT)?;
            drop(body.split_to(4));
            Ok(body.split_to(length))
        };
        let repetition = section(highest.repetition, header.levels.1)?;
        let definition = section(highest.definition, header.levels.0)?;
        Ok(Self { repetition, definition, values: body })
    }

    /// How many of `entries` hold a value.
    pub(crate) fn present(&self, entries: u32, highest: Highest) -> Option<u64> {
        if highest.definition == 0 {
            return Some(u64::from(entries));
        }
        count(&self.definition, highest.definition, entries, highest.definition)
    }

    /// How many rows begin among `entries`. The `first` entry of a chunk begins one.
    pub(crate) fn rows(&self, entries: u32, highest: Highest, first: bool) -> Option<u64> {
        if highest.repetition == 0 {
            return Some(u64::from(entries));
        }
        if first && count(&self.repetition, highest.repetition, 1, 0) != Some(1) {
            return None;
        }
        count(&self.repetition, highest.repetition, entries, 0)
    }

    /// The levels of each entry of a leaf that repeats, appended to `out`.
    pub(crate) fn levels(&self, entries: u32, highest: Highest, out: &mut Vec<Levels>) -> Option<()> {
        let (start, count) = (out.len(), entries as usize);
        each(&self.repetition, highest.repetition, count, |repetition| {
            out.push(Levels { repetition, definition: 0 });
        })?;
        let mut entry = out.get_mut(start..)?.iter_mut();
        each(&self.definition, highest.definition, count, |value| {
            if let Some(levels) = entry.next() {
                levels.definition = value;
            }
        })
    }

    /// Whether each entry holds a value, appended to `out`.
    pub(crate) fn presence(&self, entries: u32, highest: Highest, out: &mut Vec<bool>) -> Option<()> {
        if highest.definition == 0 {
            out.resize(out.len() + entries as usize, true);
            return Some(());
        }
        let width = width(highest.definition);
        runs(&self.definition, width, entries as usize, |run| match run {
            Run::Same { value, count } => {
                out.resize(out.len() + count, level(value, highest.definition)? == highest.definition);
                Some(())
            }
            Run::Packed { bytes, count } => unpack(bytes, width, count, |value| {
                out.push(level(value, highest.definition)? == highest.definition);
                Some(())
            }),
        })
    }
}

fn width(highest: u32) -> u32 {
    u32::BITS - highest.leading_zeros()
}

fn level(value: u32, highest: u32) -> Option<u32> {
    (value <= highest).then_some(value)
}

/// Hands out each level; none when they are fewer, or one is too high.
fn each(bytes: &[u8], highest: u32, entries: usize, mut take: impl FnMut(u32)) -> Option<()> {
    let width = width(highest);
    runs(bytes, width, entries, |run| match run {
        Run::Same { value, count } => {
            let value = level(value, highest)?;
            (0..count).for_each(|_| take(value));
            Some(())
        }
        Run::Packed { bytes, count } => unpack(bytes, width, count, |value| {
            take(level(value, highest)?);
            Some(())
        }),
    })
}

/// How many of `entries` levels are `wanted`; none when they are fewer, or one is too high.
fn count(bytes: &[u8], highest: u32, entries: u32, wanted: u32) -> Option<u64> {
    let width = width(highest);
    let mut found = 0;
    runs(bytes, width, entries as usize, |run| {
        match run {
            Run::Same { value, count } => {
                found += if level(value, highest)? == wanted { count as u64 } else { 0 };
            }
            Run::Packed { bytes, count } if width == 1 && wanted == 1 => found += ones(bytes, count)?,
            Run::Packed { bytes, count } => unpack(bytes, width, count, |value| {
                found += u64::from(level(value, highest)? == wanted);
                Some(())
            })?,
        }
        Some(())
    })?;
    Some(found)
}
