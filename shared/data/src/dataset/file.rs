//! What a file holds: told by its name and its first bytes, and handed on unpacked.
//!
//! ```
//! use pawl_data::dataset::file::{Content, Unsaid, open};
//! use pawl_data::dataset::{Format, Schema};
//!
//! let opened = open("readings", &b"{\"temp\": 1.5}\n"[..], &Schema::default(), Unsaid::Guessed)?;
//! assert_eq!(opened.kind, Content::Records(Format::JsonLines));
//! assert!(!opened.packed);
//! # Ok::<(), std::io::Error>(())
//! ```

use std::io::{self, Cursor, Read};

use super::format::Format;
use super::packed::Packing;
use super::recode::{Encoding, Restyled, Style, Transcoded};
use super::schema::Schema;
use super::sniff::{self, Given};
use super::unfold::{Unfolded, is_folded};
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

/// What becomes of the ways of writing that a schema leaves open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unsaid {
    /// They are guessed from the first bytes.
    Guessed,
    /// They are as usual: a comma, a header in the first line, UTF-8 unless a mark says otherwise.
    Usual,
}

/// The bytes of a file, unpacked and as the [scanner](super::Scanner) takes them.
pub struct Opened {
    /// What they hold.
    pub kind: Content,
    /// Whether they were packed, by gzip or zstd, or had to be rewritten: then no part of them can be read
    /// alone.
    pub packed: bool,
    /// The schema with what was found.
    pub schema: Schema,
    /// What was found that nobody said, in words.
    pub found: Vec<String>,
    /// The first bytes, at most [`HEAD`]; they come again in `bytes`.
    pub head: Vec<u8>,
    /// All of them. A decompression bomb ends in an error of kind [`io::ErrorKind::FileTooLarge`].
    pub bytes: Box<dyn Read>,
}

/// Reads the beginning of a file.
///
/// # Errors
/// Of the reader, or of the packing; of kind [`io::ErrorKind::Unsupported`] where the file holds no table.
pub fn open(name: &str, raw: impl Read + 'static, schema: &Schema, unsaid: Unsaid) -> io::Result<Opened> {
    let (head, raw) = peek(raw)?;
    let packing = Packing::of(&head);
    let (head, bytes): (_, Box<dyn Read>) = match packing {
        Some(packing) => again(packing.unpack(raw)?)?,
        None => (head, Box::new(raw)),
    };
    let plain = plain_name(name);
    if let Some(what) = sniff::no_table(&plain, &head) {
        return Err(io::Error::new(io::ErrorKind::Unsupported, format!("no table: this is {what}")));
    }
    let mut opened = Opened {
        kind: Content::of(name, &head),
        packed: packing.is_some(),
        schema: schema.clone(),
        found: Vec::new(),
        head,
        bytes,
    };
    if let Content::Records(_) = opened.kind {
        opened.transcode(unsaid)?;
        opened.kind = Content::of(name, &opened.head);
    }
    match opened.kind {
        Content::Records(Format::JsonLines) if is_folded(&opened.head) => {
            opened.rewrite(|bytes| Box::new(Unfolded::new(bytes)))?;
        }
        Content::Records(Format::Csv) => opened.restyle(&plain, unsaid)?,
        Content::Records(Format::JsonLines) | Content::Parquet | Content::Profile => {}
    }
    Ok(opened)
}

impl Opened {
    /// Puts a reader before the bytes that writes them anew.
    fn rewrite(&mut self, with: impl FnOnce(Box<dyn Read>) -> Box<dyn Read>) -> io::Result<()> {
        let bytes = std::mem::replace(&mut self.bytes, Box::new(io::empty()));
        (self.head, self.bytes) = again(with(bytes))?;
        self.packed = true;
        Ok(())
    }

    fn transcode(&mut self, unsaid: Unsaid) -> io::Result<()> {
        let marked = |encoding: &Encoding| unsaid == Unsaid::Guessed || encoding.label() != "windows-1252";
        let encoding = match &self.schema.encoding {
            Some(encoding) => encoding.clone(),
            None => match Encoding::guess(&self.head).filter(marked) {
                Some(encoding) => {
                    self.found.push(format!("text in {} (--encoding)", encoding.label()));
                    encoding
                }
                None => Encoding::utf_8(),
            },
        };
        self.schema.encoding = Some(encoding.clone());
        if encoding.is_utf_8() {
            return Ok(());
        }
        self.rewrite(|bytes| match Transcoded::new(bytes, &encoding) {
            Some(text) => Box::new(text),
            // An encoding is made of a label that is known.
            None => Box::new(io::empty()),
        })
    }

    fn restyle(&mut self, name: &str, unsaid: Unsaid) -> io::Result<()> {
        let schema = &self.schema;
        let byte = |character: Option<char>| character.and_then(|it| u8::try_from(it).ok());
        let mut style = Style {
            skip: 0,
            comment: byte(schema.comment),
            carriage_returns: sniff::has_lone_returns(&self.head),
            quote: byte(schema.quote).filter(|quote| *quote != b'"'),
            escape: byte(schema.escape).filter(|escape| Some(*escape) != byte(schema.quote.or(Some('"')))),
            delimiter: schema.delimiter(),
        };
        if style.carriage_returns {
            self.found.push("lines that end in a carriage return alone".to_owned());
        }
        if !style.is_usual() {
            self.rewrite(|bytes| Box::new(Restyled::new(bytes, style)))?;
        }
        let tabs = name.ends_with(".tsv");
        let usual = if tabs { b'\t' } else { b',' };
        let whole = (self.head.len() as u64) < HEAD;
        let given = Given { delimiter: byte(self.schema.delimiter), usual, skip: self.schema.skip, whole };
        let given = match unsaid {
            Unsaid::Guessed if self.schema.header != Some(false) => given,
            Unsaid::Guessed => Given { skip: given.skip.or(Some(0)), ..given },
            Unsaid::Usual => {
                Given { delimiter: Some(self.schema.delimiter()), skip: given.skip.or(Some(0)), ..given }
            }
        };
        let guess = sniff::guess(&self.head, given);
        if given.delimiter.is_none() && guess.delimiter != usual {
            let shown = char::from(guess.delimiter);
            self.found.push(format!("fields between {shown:?} (--delimiter)"));
        }
        if given.skip.is_none() && guess.skip > 0 {
            self.found.push(format!("lines passed over before the header: {} (--skip)", guess.skip));
        }
        self.schema.delimiter = Some(char::from(guess.delimiter));
        self.schema.skip = Some(guess.skip);
        if guess.skip > 0 {
            style = Style { skip: guess.skip, delimiter: guess.delimiter, ..Style::default() };
            self.rewrite(|bytes| Box::new(Restyled::new(bytes, style)))?;
        }
        Ok(())
    }
}

/// The first bytes, and all of them again.
fn again(bytes: impl Read + 'static) -> io::Result<(Vec<u8>, Box<dyn Read>)> {
    let (head, bytes) = peek(bytes)?;
    Ok((head, Box::new(bytes)))
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
        } else if named(&[".jsonl", ".ndjson", ".json"])
            || (first == Some(&b'{') || first == Some(&b'[') && is_folded(head)) && !named(&[".csv", ".tsv"])
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
            let opened = open(name, bytes, &Schema::default(), Unsaid::Usual).unwrap();
            (opened.kind, opened.packed)
        };
        let json = Content::Records(Format::JsonLines);
        let csv = Content::Records(Format::Csv);
        assert_eq!(kind("a.csv", b"{x},y\n1,2\n"), (csv, false));
        assert_eq!(kind("part-0000", b"\xEF\xBB\xBF {\"a\": 1}\n"), (json, false));
        assert_eq!(kind("a.ndjson.gz", b""), (json, false));
        assert_eq!(kind("a.csv", b"PAR1...."), (Content::Parquet, false));
        let packed: &'static [u8] = zstd::encode_all(&b"{\"a\":1}"[..], 1).unwrap().leak();
        let mut opened = open("a", packed, &Schema::default(), Unsaid::Usual).unwrap();
        assert_eq!((opened.kind, opened.packed), (json, true));
        let mut all = Vec::new();
        opened.bytes.read_to_end(&mut all).unwrap();
        assert_eq!(all, b"{\"a\":1}");
    }
}
