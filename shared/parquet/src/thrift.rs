//! Thrift's compact protocol, as far as it takes to walk over a document within its bounds.

/// Bytes that do not read as what they should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bad {
    /// They end too early.
    End,
    /// They cannot be what they say.
    Nonsense(&'static str),
}

/// How deep structures may nest.
const DEPTH: u32 = 32;

/// The types of the protocol that need telling apart.
pub(crate) const TRUE: u8 = 1;
pub(crate) const FALSE: u8 = 2;
pub(crate) const I32: u8 = 5;
pub(crate) const STRUCT: u8 = 12;
const LIST: u8 = 9;

/// A place in a document.
#[derive(Debug, Clone)]
pub(crate) struct Walker<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Walker<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// Bytes walked over so far.
    pub(crate) fn at(&self) -> usize {
        self.at
    }

    fn left(&self) -> usize {
        self.bytes.len() - self.at
    }

    fn byte(&mut self) -> Result<u8, Bad> {
        let byte = *self.bytes.get(self.at).ok_or(Bad::End)?;
        self.at += 1;
        Ok(byte)
    }

    fn varint(&mut self) -> Result<u64, Bad> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7F) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(Bad::Nonsense("a number of more than 64 bits"))
    }

    /// A signed number.
    pub(crate) fn number(&mut self) -> Result<i64, Bad> {
        let zigzag = self.varint()?;
        Ok((zigzag >> 1) as i64 ^ -((zigzag & 1) as i64))
    }

    fn jump(&mut self, length: u64) -> Result<(), Bad> {
        if length > self.left() as u64 {
            return Err(Bad::End);
        }
        self.at += length as usize;
        Ok(())
    }

    /// The next field of a structure, its number and type; none at the end. `last` is the number of
    /// the field before it.
    pub(crate) fn field(&mut self, last: &mut i64) -> Result<Option<u8>, Bad> {
        let head = self.byte()?;
        let kind = head & 0x0F;
        if kind == 0 {
            return Ok(None);
        }
        *last = match head >> 4 {
            0 => self.number()?,
            delta => *last + i64::from(delta),
        };
        Ok(Some(kind))
    }

    /// The beginning of a list: the type of its items and how many follow.
    pub(crate) fn list(&mut self) -> Result<(u8, usize), Bad> {
        let head = self.byte()?;
        let count = match head >> 4 {
            15 => self.varint()?,
            count => u64::from(count),
        };
        let kind = head & 0x0F;
        // The smallest item takes a byte; the smallest structure of a footer three.
        let least = if kind == STRUCT { 3 } else { 1 };
        if count.saturating_mul(least) > self.left() as u64 {
            return Err(Bad::Nonsense("a list longer than the bytes that hold it"));
        }
        Ok((kind, count as usize))
    }

    /// Walks over a value.
    pub(crate) fn skip(&mut self, kind: u8) -> Result<(), Bad> {
        self.skip_within(kind, DEPTH)
    }

    fn skip_within(&mut self, kind: u8, depth: u32) -> Result<(), Bad> {
        let depth = depth.checked_sub(1).ok_or(Bad::Nonsense("structures nested too deep"))?;
        match kind {
            TRUE | FALSE => Ok(()),
            3 => self.jump(1),
            4..=6 => self.varint().map(|_| ()),
            7 => self.jump(8),
            8 => {
                let length = self.varint()?;
                self.jump(length)
            }
            LIST | 10 => {
                let (kind, count) = self.list()?;
                // In a list a boolean takes a byte.
                let kind = if kind <= FALSE { 3 } else { kind };
                (0..count).try_for_each(|_| self.skip_within(kind, depth))
            }
            11 => {
                let count = self.varint()?;
                if count > self.left() as u64 {
                    return Err(Bad::Nonsense("a map longer than the bytes that hold it"));
                }
                if count == 0 {
                    return Ok(());
                }
                let kinds = self.byte()?;
                (0..count).try_for_each(|_| {
                    self.skip_within(kinds >> 4, depth)?;
                    self.skip_within(kinds & 0x0F, depth)
                })
            }
            STRUCT => {
                let mut last = 0;
                while let Some(kind) = self.field(&mut last)? {
                    self.skip_within(kind, depth)?;
                }
                Ok(())
            }
            13 => self.jump(16),
            _ => Err(Bad::Nonsense("a type that Thrift does not know")),
        }
    }

    /// A number of 32 bits in a field of that type.
    pub(crate) fn i32(&mut self, kind: u8) -> Result<i32, Bad> {
        if kind != I32 {
            return Err(Bad::Nonsense("a field of another type than the format has"));
        }
        i32::try_from(self.number()?).map_err(|_| Bad::Nonsense("a number of more than 32 bits"))
    }
}
