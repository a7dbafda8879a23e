//! Lines out of bytes that come in pieces of any size.

/// A line longer than this, or so many bytes waiting, are refused: 16 MiB.
pub const MAX_BUFFERED: usize = 16 << 20;

/// Bytes that are not taken yet.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    bytes: Vec<u8>,
    /// Where the next line begins.
    start: usize,
    /// Up to where no line feed was found.
    searched: usize,
    ended: bool,
}

/// Where a line lies in the buffer and where the next begins.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Span {
    start: usize,
    end: usize,
    next: usize,
}

impl Lines {
    pub(crate) fn extend(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// No more bytes come: the last line needs no line feed.
    pub(crate) fn end(&mut self) {
        self.ended = true;
    }

    pub(crate) fn ended(&self) -> bool {
        self.ended
    }

    /// Whether no line is complete and more bytes may come.
    pub(crate) fn needs_more(&mut self) -> bool {
        !self.ended && self.peek().is_none()
    }

    /// The next complete line that is not empty.
    pub(crate) fn peek(&mut self) -> Option<Span> {
        loop {
            let from = self.searched.max(self.start);
            let rest = self.bytes.get(from..)?;
            let span = match rest.iter().position(|&b| b == b'\n') {
                Some(at) => Span { start: self.start, end: from + at, next: from + at + 1 },
                None if self.ended && self.left() > 0 => {
                    Span { start: self.start, end: self.bytes.len(), next: self.bytes.len() }
                }
                None => {
                    self.searched = self.bytes.len();
                    return None;
                }
            };
            if !self.slice(span).trim_ascii().is_empty() {
                self.searched = span.end;
                return Some(span);
            }
            self.take(span);
        }
    }

    pub(crate) fn slice(&self, span: Span) -> &[u8] {
        self.bytes.get(span.start..span.end).unwrap_or_default()
    }

    pub(crate) fn take(&mut self, span: Span) {
        self.start = span.next;
        self.searched = span.next;
    }

    pub(crate) fn left(&self) -> usize {
        self.bytes.len() - self.start
    }

    pub(crate) fn compact(&mut self) {
        self.bytes.drain(..self.start);
        self.searched -= self.start;
        self.start = 0;
    }
}
