//! Bytes made into UTF-8 text of comma-separated kind, as they stream by: other encodings, lines to pass
//! over, other line ends, quotes and escapes. The reader behind knows one form only, which keeps it fast.
//!
//! Lines stay lines, so that a reason names the line of the file.

use std::io::{self, Read};

use encoding_rs::{Decoder, DecoderResult, Encoding as Known};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

const CHUNK: usize = 1 << 16;

/// In UTF-8 no byte: what stands for bytes that are no character of the encoding, so that their row is bad.
const NO_CHARACTER: u8 = 0xFF;

/// The encoding of text, by its label as the web knows it (`latin1`, `windows-1252`, `utf-16le`), or UTF-32.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
pub struct Encoding(String);

impl TryFrom<String> for Encoding {
    type Error = String;

    fn try_from(label: String) -> Result<Self, String> {
        let label = label.trim().to_lowercase();
        if Form::of(&label).is_some() {
            return Ok(Self(label));
        }
        Err(format!(
            "unknown encoding {label:?}: give utf-8, latin1, windows-1252, utf-16le or another label"
        ))
    }
}

impl From<Encoding> for String {
    fn from(encoding: Encoding) -> Self {
        encoding.0
    }
}

impl Encoding {
    pub(super) fn utf_8() -> Self {
        Self("utf-8".to_owned())
    }

    /// Its label.
    pub fn label(&self) -> &str {
        &self.0
    }

    pub(super) fn is_utf_8(&self) -> bool {
        Known::for_label(self.0.as_bytes()) == Some(encoding_rs::UTF_8)
    }

    /// Told by a byte order mark, else by the zeros of wide characters in plain text, else by bytes that are
    /// no UTF-8 where none of the head's characters is.
    pub(super) fn guess(head: &[u8]) -> Option<Self> {
        let label = match head {
            [0xFF, 0xFE, 0, 0, ..] => "utf-32le",
            [0, 0, 0xFE, 0xFF, ..] => "utf-32be",
            [0xFF, 0xFE, ..] => "utf-16le",
            [0xFE, 0xFF, ..] => "utf-16be",
            [a, 0, 0, 0, b, 0, 0, 0, ..] if *a != 0 && *b != 0 => "utf-32le",
            [0, 0, 0, a, 0, 0, 0, b, ..] if *a != 0 && *b != 0 => "utf-32be",
            [a, 0, b, 0, ..] if *a != 0 && *b != 0 => "utf-16le",
            [0, a, 0, b, ..] if *a != 0 && *b != 0 => "utf-16be",
            _ if single_byte(head) => "windows-1252",
            _ => return None,
        };
        Some(Self(label.to_owned()))
    }
}

/// Whether these bytes are text of one byte a character: some are no UTF-8, and not one character of several
/// bytes is.
fn single_byte(head: &[u8]) -> bool {
    let mut odd = false;
    for chunk in head.utf8_chunks() {
        // A character that the end of the head cuts is none.
        let wide = !chunk.valid().is_ascii();
        if wide || head.contains(&0) {
            return false;
        }
        odd |= chunk.invalid().iter().any(|byte| *byte >= 0xA0);
    }
    odd
}

enum Form {
    Known(Box<Decoder>),
    Wide { big: bool },
}

impl Form {
    fn of(label: &str) -> Option<Self> {
        match label {
            "utf-32le" | "utf-32" => Some(Self::Wide { big: false }),
            "utf-32be" => Some(Self::Wide { big: true }),
            label => {
                let known = Known::for_label(label.as_bytes())?;
                Some(Self::Known(Box::new(known.new_decoder_with_bom_removal())))
            }
        }
    }

    /// Appends what these bytes say; how many were used.
    fn decode(&mut self, bytes: &[u8], last: bool, out: &mut Vec<u8>) -> usize {
        match self {
            Self::Known(decoder) => decode_known(decoder, bytes, last, out),
            Self::Wide { big } => {
                let (units, rest) = bytes.as_chunks::<4>();
                for unit in units {
                    let point = if *big { u32::from_be_bytes(*unit) } else { u32::from_le_bytes(*unit) };
                    match char::from_u32(point) {
                        Some('\u{feff}') => {}
                        Some(character) => {
                            out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
                        }
                        None => out.push(NO_CHARACTER),
                    }
                }
                if last && !rest.is_empty() {
                    out.push(NO_CHARACTER);
                    return bytes.len();
                }
                bytes.len() - rest.len()
            }
        }
    }
}

fn decode_known(decoder: &mut Decoder, bytes: &[u8], last: bool, out: &mut Vec<u8>) -> usize {
    let mut used = 0;
    let mut piece = [0; 4096];
    loop {
        let rest = bytes.get(used..).unwrap_or_default();
        let (result, read, written) = decoder.decode_to_utf8_without_replacement(rest, &mut piece, last);
        used += read;
        out.extend_from_slice(piece.get(..written).unwrap_or_default());
        match result {
            DecoderResult::InputEmpty => return used,
            DecoderResult::OutputFull => {}
            DecoderResult::Malformed(..) => out.push(NO_CHARACTER),
        }
    }
}

/// Text in UTF-8 from text in another encoding.
pub(super) struct Transcoded<R> {
    bytes: R,
    form: Form,
    left: Vec<u8>,
    ready: Ready,
    ended: bool,
}

/// Bytes made and not yet taken.
#[derive(Default)]
pub(super) struct Ready {
    pub(super) bytes: Vec<u8>,
    taken: usize,
}

impl Ready {
    /// Whether all was taken.
    pub(super) fn is_empty(&self) -> bool {
        self.taken == self.bytes.len()
    }

    /// Room for more; only where all was taken.
    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.taken = 0;
    }

    pub(super) fn give(&mut self, buffer: &mut [u8]) -> usize {
        let rest = self.bytes.get(self.taken..).unwrap_or_default();
        let count = rest.len().min(buffer.len());
        if let (Some(to), Some(from)) = (buffer.get_mut(..count), rest.get(..count)) {
            to.copy_from_slice(from);
        }
        self.taken += count;
        count
    }
}

impl<R: Read> Transcoded<R> {
    pub(super) fn new(bytes: R, encoding: &Encoding) -> Option<Self> {
        let form = Form::of(&encoding.0)?;
        Some(Self { bytes, form, left: Vec::new(), ready: Ready::default(), ended: false })
    }
}

impl<R: Read> Read for Transcoded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.ready.is_empty() && !self.ended {
            self.ready.clear();
            let before = self.left.len();
            (&mut self.bytes).take(CHUNK as u64).read_to_end(&mut self.left)?;
            self.ended = self.left.len() == before;
            let used = self.form.decode(&self.left, self.ended, &mut self.ready.bytes);
            self.left.drain(..used);
        }
        Ok(self.ready.give(buffer))
    }
}

/// How records are written where they are not written the usual way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Style {
    /// Lines to pass over at the beginning.
    pub(super) skip: u64,
    /// Lines that begin with it are passed over.
    pub(super) comment: Option<u8>,
    /// Whether a carriage return alone ends a line.
    pub(super) carriage_returns: bool,
    /// What stands around a field, where it is not `"`.
    pub(super) quote: Option<u8>,
    /// What stands before a quote in a quoted field, where it is not another quote.
    pub(super) escape: Option<u8>,
    pub(super) delimiter: u8,
}

impl Style {
    /// Whether nothing has to be changed.
    pub(super) fn is_usual(&self) -> bool {
        *self == Self { delimiter: self.delimiter, ..Self::default() }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    LineStart,
    FieldStart,
    /// In a field without quotes.
    Plain,
    /// In a field without quotes that begins with `"`, where that is no quote: it is put in quotes.
    Wrapped,
    Quoted,
    /// Behind an escape.
    Escaped,
    /// Behind what may be a closing quote.
    Closing,
    /// In a line to pass over.
    Passed,
}

/// Records in the usual form from records in another.
pub(super) struct Restyled<R> {
    bytes: R,
    style: Style,
    place: Place,
    chunk: Vec<u8>,
    ready: Ready,
    ended: bool,
}

impl<R: Read> Restyled<R> {
    pub(super) fn new(bytes: R, style: Style) -> Self {
        let (chunk, ready) = (Vec::new(), Ready::default());
        Self { bytes, style, place: Place::LineStart, chunk, ready, ended: false }
    }

    fn byte(&mut self, byte: u8) {
        let style = self.style;
        let byte = if style.carriage_returns && byte == b'\r' { b'\n' } else { byte };
        let quote = style.quote.unwrap_or(b'"');
        let out = &mut self.ready.bytes;
        if self.place == Place::LineStart && (style.skip > 0 || style.comment == Some(byte)) {
            self.style.skip = style.skip.saturating_sub(1);
            self.place = Place::Passed;
        }
        self.place = match self.place {
            Place::Passed if byte == b'\n' => return self.end_line(),
            Place::Passed => return,
            Place::LineStart | Place::FieldStart if byte == quote => {
                out.push(b'"');
                Place::Quoted
            }
            Place::LineStart | Place::FieldStart if byte == b'"' => {
                out.extend_from_slice(b"\"\"\"");
                Place::Wrapped
            }
            Place::Quoted if style.escape == Some(byte) && byte != quote => Place::Escaped,
            Place::Quoted if byte == quote => Place::Closing,
            Place::Closing if byte == quote && style.escape.is_none() => {
                out.extend_from_slice(if quote == b'"' { b"\"\"" } else { std::slice::from_ref(&quote) });
                Place::Quoted
            }
            Place::Escaped => {
                if byte != quote && style.escape != Some(byte) {
                    out.extend(style.escape);
                }
                out.extend_from_slice(if byte == b'"' { b"\"\"" } else { std::slice::from_ref(&byte) });
                Place::Quoted
            }
            Place::Quoted => {
                out.extend_from_slice(if byte == b'"' { b"\"\"" } else { std::slice::from_ref(&byte) });
                Place::Quoted
            }
            before => {
                let separates = byte == style.delimiter || byte == b'\n';
                match before {
                    Place::Closing => out.push(b'"'),
                    Place::Wrapped if separates => out.push(b'"'),
                    Place::Wrapped if byte == b'"' => out.push(b'"'),
                    _ => {}
                }
                out.push(byte);
                match byte {
                    b'\n' => Place::LineStart,
                    byte if byte == style.delimiter => Place::FieldStart,
                    _ if before == Place::Wrapped => Place::Wrapped,
                    _ => Place::Plain,
                }
            }
        };
    }

    fn end_line(&mut self) {
        self.ready.bytes.push(b'\n');
        self.place = Place::LineStart;
    }

    fn end(&mut self) {
        if matches!(self.place, Place::Closing | Place::Wrapped) {
            self.ready.bytes.push(b'"');
        }
    }
}

impl<R: Read> Read for Restyled<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.ready.is_empty() && !self.ended {
            self.ready.clear();
            self.chunk.clear();
            (&mut self.bytes).take(CHUNK as u64).read_to_end(&mut self.chunk)?;
            let chunk = std::mem::take(&mut self.chunk);
            chunk.iter().for_each(|byte| self.byte(*byte));
            self.ended = chunk.is_empty();
            if self.ended {
                self.end();
            }
            self.chunk = chunk;
        }
        Ok(self.ready.give(buffer))
    }
}
