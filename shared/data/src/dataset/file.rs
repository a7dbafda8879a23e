//! What a file holds: told by its name and its first bytes, and handed on unpacked.
//!
//! ```
//! use pawl_data::dataset::Format;
//! use pawl_data::dataset::file::{Content, open};
//!
//! let opened = open("readings", &b"{\"temp\": 1.5}\n"[..])?;
//! assert_eq!(opened.kind, Content::Records(Format::JsonLines));
//! assert!(!opened.packed);
//! # Ok::<(), std::io::Error>(())
//! ```

use std::io::{self, Cursor, Read};

use super::format::Format;
use super::packed::Packing;
use crate::profile::binary::MAGIC;

/// How many bytes are looked at beforehand: a header ends within them, or the file is read in one piece.
pub const HEAD: u64 = 1 << 16;

/// What unpacked bytes hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content {
    /// Records of text.
    Records(Format),
    /// Told by its magic number.
    Parquet,
    /// No data: a [profile in binary form](crate::profile::binary).
    Profile,
}

/// The bytes of a file, unpacked.
pub struct Opened {
    /// What they hold.
    pub kind: Content,
    /// Whether they were packed, by gzip or zstd: then no part of them can be read alone.
    pub packed: bool,
    /// The first bytes, at most [`HEAD`]; they come again in `bytes`.
    pub head: Vec<u8>,
    /// All of them. A decompression bomb ends in an error of kind [`io::ErrorKind::FileTooLarge`].
    pub bytes: Box<dyn Read>,
}

/// Reads the beginning of a file.
///
/// # Errors
/// Of the reader, or of the packing.
pub fn open(name: &str, raw: impl Read + 'static) -> io::Result<Opened> {
    let (head, raw) = peek(raw)?;
    let packing = Packing::of(&head);
    let (head, bytes): (_, Box<dyn Read>) = match packing {
        Some(packing) => {
            let (head, bytes) = peek(packing.unpack(raw)?)?;
            (head, Box::new(bytes))
        }
        None => (head, Box::new(raw)),
    };
    Ok(Opened { kind: Content::of(name, &head), packed: packing.is_some(), head, bytes })
}

impl Content {
    /// Objects make JSON Lines, whatever the name; only a header row may begin with a brace by chance.
    fn of(name: &str, head: &[u8]) -> Self {
        let name = plain_name(name);
        let named = |ends: &[&str]| ends.iter().any(|end| name.ends_with(end));
        let first = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head).trim_ascii_start().first();
        if head.starts_with(b"PAR1") {
            Self::Parquet
        } else if head.starts_with(MAGIC) {
            Self::Profile
        } else if named(&[".jsonl", ".ndjson", ".json"]) || first == Some(&b'{') && !named(&[".csv", ".tsv"])
        {
            Self::Records(Format::JsonLines)
        } else {
            Self::Records(Format::Csv)
        }
    }
}

/// A file's name in small letters, without the ending of its packing.
pub fn plain_name(name: &str) -> String {
    let name = name.to_lowercase();
    name.strip_suffix(".gz").or_else(|| name.strip_suffix(".zst")).unwrap_or(&name).to_owned()
}

/// The first bytes, and all of them again.
fn peek(mut bytes: impl Read) -> io::Result<(Vec<u8>, impl Read)> {
    let mut head = Vec::new();
    bytes.by_ref().take(HEAD).read_to_end(&mut head)?;
    Ok((head.clone(), Cursor::new(head).chain(bytes)))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_first_bytes_tell_what_a_file_holds() {
        let kind = |name: &str, bytes: &'static [u8]| {
            let opened = open(name, bytes).unwrap();
            (opened.kind, opened.packed)
        };
        let json = Content::Records(Format::JsonLines);
        let csv = Content::Records(Format::Csv);
        assert_eq!(kind("a.csv", b"{x},y\n1,2\n"), (csv, false));
        assert_eq!(kind("part-0000", b"\xEF\xBB\xBF {\"a\": 1}\n"), (json, false));
        assert_eq!(kind("a.ndjson.gz", b""), (json, false));
        assert_eq!(kind("a.csv", b"PAR1...."), (Content::Parquet, false));
        let packed: &'static [u8] = zstd::encode_all(&b"{\"a\":1}"[..], 1).unwrap().leak();
        let mut opened = open("a", packed).unwrap();
        assert_eq!((opened.kind, opened.packed), (json, true));
        let mut all = Vec::new();
        opened.bytes.read_to_end(&mut all).unwrap();
        assert_eq!(all, b"{\"a\":1}");
    }
}
