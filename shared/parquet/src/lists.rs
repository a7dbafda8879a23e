//! The values of a repeated leaf that belong to one row, as one text: the list in JSON, as JSON Lines has it.
//!
//! What a row holds follows from the levels of its entries (Dremel): the repetition level says at which of
//! the lists around a value it goes on, the definition level how much of its path is there.

use crate::leaf::ValueKind;
use crate::levels::Levels;

/// The most bytes of one row's list, as of a record.
pub(crate) const LIST_LIMIT: usize = 1 << 20;

/// The list of one row, while its entries come.
pub(crate) struct ListText {
    /// For each list around a value, outermost first, the definition level from which on it has an item.
    lists: Vec<u32>,
    quoted: bool,
    text: Vec<u8>,
    /// How many lists are open in the text.
    open: usize,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// No entry of the row has come.
    Before,
    /// The row has no list.
    Missing,
    Some,
}

impl ListText {
    pub(crate) fn new(lists: Vec<u32>, kind: ValueKind) -> Self {
        let quoted = kind.numbers().is_none() && kind != ValueKind::Boolean;
        Self { lists, quoted, text: Vec::new(), open: 0, state: State::Before }
    }

    /// Begins a row.
    pub(crate) fn begin(&mut self) {
        self.text.clear();
        (self.open, self.state) = (0, State::Before);
    }

    /// Whether an entry of the row has come.
    pub(crate) fn has_begun(&self) -> bool {
        self.state != State::Before
    }

    /// Adds an entry, with its value where it holds one. None where its levels do not follow the ones before.
    pub(crate) fn add(&mut self, levels: Levels, value: Option<&[u8]>) -> Option<()> {
        let within = levels.repetition as usize;
        if (within == 0) != (self.state == State::Before) || within > self.open {
            return None;
        }
        if within > 0 {
            self.close(within);
            self.text.push(b',');
        }
        self.state = State::Some;
        for depth in within..self.lists.len() {
            let items_from = self.lists[depth];
            if levels.definition + 1 < items_from {
                // The list itself is null.
                if depth == 0 {
                    self.state = State::Missing;
                } else {
                    self.text.extend_from_slice(b"null");
                }
                return Some(());
            }
            self.text.push(b'[');
            self.open = depth + 1;
            if levels.definition < items_from {
                return Some(());
            }
        }
        match value {
            None => self.text.extend_from_slice(b"null"),
            Some(value) if self.quoted => quote(value, &mut self.text),
            Some(value) => self.text.extend_from_slice(value),
        }
        Some(())
    }

    /// Whether the row is longer than is held in memory.
    pub(crate) fn is_too_long(&self) -> bool {
        self.text.len() > LIST_LIMIT
    }

    /// The row's list; none where it has none.
    pub(crate) fn finish(&mut self) -> Option<&[u8]> {
        self.close(0);
        (self.state == State::Some).then_some(self.text.as_slice())
    }

    fn close(&mut self, to: usize) {
        let closing = self.open.saturating_sub(to);
        self.text.resize(self.text.len() + closing, b']');
        self.open = self.open.min(to);
    }
}

/// Writes a text as JSON does.
fn quote(text: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    for &byte in text {
        match byte {
            b'"' | b'\\' => out.extend_from_slice(&[b'\\', byte]),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            0..0x20 => out.extend_from_slice(format!("\\u{byte:04x}").as_bytes()),
            _ => out.push(byte),
        }
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(
        lists: &[u32],
        kind: ValueKind,
        entries: &[(u32, u32, Option<&str>)],
    ) -> Option<Vec<Option<String>>> {
        let mut list = ListText::new(lists.to_vec(), kind);
        let (mut rows, text) = (Vec::new(), |list: &mut ListText| {
            list.finish().map(|text| String::from_utf8_lossy(text).into_owned())
        });
        list.begin();
        for &(repetition, definition, value) in entries {
            if repetition == 0 && list.has_begun() {
                rows.push(text(&mut list));
                list.begin();
            }
            list.add(Levels { repetition, definition }, value.map(str::as_bytes))?;
        }
        rows.push(text(&mut list));
        Some(rows)
    }

    /// An optional list of optional numbers: null, empty, a null item, three items.
    #[test]
    fn a_row_is_one_list() {
        let entries =
            [(0, 0, None), (0, 1, None), (0, 2, None), (0, 3, Some("1")), (1, 2, None), (1, 3, Some("3"))];
        let told = rows(&[2], ValueKind::Signed, &entries).unwrap_or_default();
        let told: Vec<Option<&str>> = told.iter().map(Option::as_deref).collect();
        assert_eq!(told, [None, Some("[]"), Some("[null]"), Some("[1,null,3]")]);
    }

    /// Lists of lists of texts, all optional.
    #[test]
    fn lists_nest() {
        let entries = [
            (0, 5, Some("a")),
            (2, 5, Some("b\"\n")),
            (1, 3, None),
            (1, 2, None),
            (1, 5, Some("c")),
            (0, 1, None),
            (0, 2, None),
        ];
        let told = rows(&[2, 4], ValueKind::Text, &entries).unwrap_or_default();
        let told: Vec<Option<&str>> = told.iter().map(Option::as_deref).collect();
        assert_eq!(told, [Some(r#"[["a","b\"\n"],[],null,["c"]]"#), Some("[]"), Some("[null]")]);
    }

    #[test]
    fn levels_that_do_not_follow_are_refused() {
        assert_eq!(rows(&[2], ValueKind::Signed, &[(1, 3, Some("1"))]), None);
        assert_eq!(rows(&[2, 4], ValueKind::Signed, &[(0, 2, None), (2, 5, Some("1"))]), None);
        assert_eq!(rows(&[2], ValueKind::Signed, &[(0, 0, None), (1, 3, Some("1"))]), None);
    }
}
