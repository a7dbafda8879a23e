//! JSON documents made into an object a line, as they stream by: an array of objects, objects over several
//! lines, or one behind the other.
//!
//! An object keeps the line that it begins on: blank lines take the place of those that it was spread over.

use std::io::{self, Read};

use serde::de::IgnoredAny;

use super::recode::Ready;

const CHUNK: usize = 1 << 16;

/// Whether the beginning of JSON is not an object a line already.
pub(super) fn is_folded(head: &[u8]) -> bool {
    let text = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head).trim_ascii_start();
    if let Some(inner) = text.strip_prefix(b"[") {
        return matches!(inner.trim_ascii_start().first(), Some(b'{' | b']'));
    }
    let line = text.split(|&byte| byte == b'\n').next().unwrap_or_default();
    if line.len() == text.len() && serde_json::from_slice::<IgnoredAny>(text).is_ok() {
        return false;
    }
    let mut values = serde_json::Deserializer::from_slice(text).into_iter::<IgnoredAny>();
    match values.next() {
        // Longer than its line, or with another one behind it on the same line.
        Some(Ok(_)) => {
            let end = values.byte_offset();
            let behind = line.get(end..).unwrap_or_default().trim_ascii();
            end > line.len() || behind.starts_with(b"{") && matches!(values.next(), Some(Ok(_)))
        }
        // It goes on behind the head: over lines, unless its first line does.
        Some(Err(error)) => error.is_eof() && line.len() < text.len() && text.starts_with(b"{"),
        None => false,
    }
}

/// An object a line.
pub(super) struct Unfolded<R> {
    bytes: R,
    chunk: Vec<u8>,
    ready: Ready,
    ended: bool,
    /// How deep the next byte lies in an object.
    depth: u64,
    in_array: bool,
    quoted: bool,
    escaped: bool,
    /// Line ends taken and given.
    lines: (u64, u64),
    /// Whether the last line given has no end yet.
    open: bool,
}

impl<R: Read> Unfolded<R> {
    pub(super) fn new(bytes: R) -> Self {
        Self {
            bytes,
            chunk: Vec::new(),
            ready: Ready::default(),
            ended: false,
            depth: 0,
            in_array: false,
            quoted: false,
            escaped: false,
            lines: (0, 0),
            open: false,
        }
    }

    fn byte(&mut self, byte: u8) {
        self.lines.0 += u64::from(byte == b'\n');
        if self.depth == 0 {
            return self.between(byte);
        }
        if self.quoted {
            self.quoted = byte != b'"' || self.escaped;
            self.escaped = byte == b'\\' && !self.escaped;
        } else {
            match byte {
                b'"' => self.quoted = true,
                b'{' | b'[' => self.depth += 1,
                b'}' | b']' => self.depth -= 1,
                _ => {}
            }
        }
        self.ready.bytes.push(if byte == b'\n' { b' ' } else { byte });
    }

    /// A byte between objects. What should not be there is given on, to be found as a bad row.
    fn between(&mut self, byte: u8) {
        match byte {
            b' ' | b'\t' | b'\r' | b'\n' => {}
            b',' if self.in_array => {}
            b'[' if !self.in_array => self.in_array = true,
            b']' if self.in_array => self.in_array = false,
            byte => {
                if byte == b'{' || !self.open || self.lines.1 < self.lines.0 {
                    self.begin_line();
                }
                self.ready.bytes.push(byte);
                self.depth = u64::from(byte == b'{');
            }
        }
    }

    fn begin_line(&mut self) {
        if self.open {
            self.ready.bytes.push(b'\n');
            self.lines.1 += 1;
        }
        while self.lines.1 < self.lines.0 {
            self.ready.bytes.push(b'\n');
            self.lines.1 += 1;
        }
        self.open = true;
    }
}

impl<R: Read> Read for Unfolded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.ready.is_empty() && !self.ended {
            self.ready.clear();
            self.chunk.clear();
            (&mut self.bytes).take(CHUNK as u64).read_to_end(&mut self.chunk)?;
            let chunk = std::mem::take(&mut self.chunk);
            let text = if self.lines == (0, 0) { chunk.strip_prefix(b"\xEF\xBB\xBF") } else { None };
            text.unwrap_or(&chunk).iter().for_each(|byte| self.byte(*byte));
            self.ended = chunk.is_empty();
            self.chunk = chunk;
            if self.ended && (self.depth > 0 || self.in_array) {
                return Err(io::Error::new(
                    io::ErrorKind::UnexpectedEof,
                    "the JSON ends within an array or object",
                ));
            }
        }
        Ok(self.ready.give(buffer))
    }
}
