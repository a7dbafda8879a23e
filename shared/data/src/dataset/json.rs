//! One line of JSON Lines: an object, its leaves by path (`a.b`), arrays as text.
//!
//! The objects of a file mostly have the same keys in the same order, so each key is first compared with the
//! one that followed last time.

use std::borrow::Cow;
use std::collections::HashMap;

use super::field::{FieldKind, FieldSpan};
use super::table::Table;
use crate::constraints::Oddity;
use crate::profile::value::{self, FieldValue};

/// How deep objects and arrays may lie in each other.
const DEPTH: usize = 64;

/// The most columns that the objects of one file may have.
pub(crate) const COLUMN_LIMIT: usize = 20_000;

const TOO_MANY: &str = "no more than 20,000 different keys in the data";

/// What is wrong with a line: what should stand at a byte, counted from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Flaw {
    pub(crate) at: usize,
    pub(crate) expected: &'static str,
}

/// The keys seen so far, as a tree.
#[derive(Debug)]
pub(crate) struct Keys {
    nodes: Vec<Node>,
    columns: HashMap<String, usize>,
}

/// A key, and what stood below it.
#[derive(Debug, Default)]
struct Node {
    path: String,
    /// The column of the values here, once there was one.
    column: Option<usize>,
    children: Vec<(Box<[u8]>, usize)>,
    places: HashMap<Box<[u8]>, usize>,
}

impl Keys {
    /// The keys of a table that has these columns already.
    pub(crate) fn new(names: &[String]) -> Self {
        let columns = names.iter().cloned().zip(0..).collect();
        Self { nodes: vec![Node::default()], columns }
    }

    /// Reads a line; its fields come in the order of the table's columns, which new keys extend.
    /// Texts that had to be unescaped go to `extra`, and their spans count on from the line's end.
    pub(crate) fn read(
        &mut self,
        line: &[u8],
        extra: &mut Vec<u8>,
        table: &mut Table,
        fields: &mut Vec<FieldSpan>,
    ) -> Result<Option<Oddity>, Flaw> {
        extra.clear();
        fields.clear();
        fields.resize(table.columns.len(), FieldSpan::default());
        let before = table.names.len();
        let mut reader = Reader {
            line,
            at: 0,
            depth: 0,
            extra,
            keys: self,
            table,
            fields,
            fresh: Vec::new(),
            repeated: false,
        };
        let read = reader.document().map(|()| reader.repeated.then_some(Oddity::RepeatedKey));
        for node in reader.fresh {
            let place = &mut self.nodes[node].column;
            if read.is_ok() {
                place.iter().for_each(|&column| table.columns[column].seen = true);
            } else {
                *place = None;
            }
        }
        if read.is_err() {
            // A bad line makes no column.
            self.columns.retain(|_, column| *column < before);
            table.drop_columns(before);
        }
        read
    }

    /// The node of a key below another; the hint is where it stood last time.
    /// None when the data has too many keys.
    fn child(&mut self, parent: usize, key: &[u8], hint: usize) -> Option<(usize, usize)> {
        let node = &self.nodes[parent];
        if let Some((name, child)) = node.children.get(hint)
            && **name == *key
        {
            return Some((*child, hint + 1));
        }
        if let Some(&place) = node.places.get(key) {
            return Some((node.children[place].1, place + 1));
        }
        if self.nodes.len() > 2 * COLUMN_LIMIT {
            return None;
        }
        let name = String::from_utf8_lossy(key);
        let path = if parent == 0 { name.into_owned() } else { format!("{}.{name}", node.path) };
        self.nodes.push(Node { path, ..Node::default() });
        let (child, node) = (self.nodes.len() - 1, &mut self.nodes[parent]);
        node.places.insert(key.into(), node.children.len());
        node.children.push((key.into(), child));
        Some((child, node.children.len()))
    }
}

struct Reader<'a> {
    line: &'a [u8],
    at: usize,
    depth: usize,
    extra: &'a mut Vec<u8>,
    keys: &'a mut Keys,
    table: &'a mut Table,
    fields: &'a mut Vec<FieldSpan>,
    /// Nodes that have a column since this line.
    fresh: Vec<usize>,
    /// Whether a column has had two values in this line.
    repeated: bool,
}

impl Reader<'_> {
    fn document(&mut self) -> Result<(), Flaw> {
        if let Err(error) = std::str::from_utf8(self.line) {
            return Err(Flaw { at: error.valid_up_to(), expected: "UTF-8" });
        }
        self.blanks();
        self.expect(b'{', "an object: {")?;
        self.object(0)?;
        self.blanks();
        if self.at < self.line.len() {
            return self.flaw("the end of the line");
        }
        Ok(())
    }

    /// An object behind its opening brace.
    fn object(&mut self, node: usize) -> Result<(), Flaw> {
        let mut hint = 0;
        self.descend()?;
        self.blanks();
        if self.eat(b'}') {
            self.depth -= 1;
            return Ok(());
        }
        loop {
            self.blanks();
            let key = self.string("a key in quotes")?;
            let found = self.keys.child(node, key.of(self.line, self.extra), hint);
            let Some((child, next)) = found else { return self.flaw(TOO_MANY) };
            hint = next;
            self.blanks();
            self.expect(b':', "a colon")?;
            self.blanks();
            if self.eat(b'{') {
                self.object(child)?;
            } else {
                let span = self.value()?;
                self.set_column(child, span)?;
            }
            self.blanks();
            if self.eat(b',') {
                continue;
            }
            self.expect(b'}', "a comma or }")?;
            self.depth -= 1;
            return Ok(());
        }
    }

    /// Notes a value in the column of its key, which is added where it is new.
    fn set_column(&mut self, node: usize, span: FieldSpan) -> Result<(), Flaw> {
        let column = match self.keys.nodes[node].column {
            Some(column) => column,
            None => {
                let path = self.keys.nodes[node].path.clone();
                let known = self.keys.columns.get(&path).copied();
                if known.is_none() && self.table.names.len() >= COLUMN_LIMIT {
                    return self.flaw(TOO_MANY);
                }
                let column = known.unwrap_or_else(|| self.table.add_column(path.clone(), 0));
                self.keys.columns.insert(path, column);
                self.keys.nodes[node].column = Some(column);
                self.fresh.push(node);
                self.fields.resize(self.table.columns.len(), FieldSpan::default());
                column
            }
        };
        let field = &mut self.fields[column];
        self.repeated |= *field != FieldSpan::default();
        *field = span;
        Ok(())
    }

    /// A value that is no object below a key.
    fn value(&mut self) -> Result<FieldSpan, Flaw> {
        let start = self.at;
        match self.line.get(start) {
            Some(b'"') => {
                let text = self.string("a text")?;
                let field = text.of(self.line, self.extra);
                // JSON has no times, so a text may be one; but "12" and "true" are texts.
                let odd = matches!(
                    value::read(field),
                    FieldValue::Integral(_) | FieldValue::Fractional(_) | FieldValue::Boolean
                );
                let kind = if odd { FieldKind::Text } else { FieldKind::Plain };
                let behind = if text.unescaped { self.line.len() } else { 0 };
                Ok(FieldSpan { start: behind + text.start, end: behind + text.end, kind })
            }
            Some(b'n') => self.word(b"null").map(|()| FieldSpan::default()),
            _ => {
                self.skip()?;
                Ok(FieldSpan { start, end: self.at, kind: FieldKind::Plain })
            }
        }
    }

    /// Passes any value, and checks it.
    fn skip(&mut self) -> Result<(), Flaw> {
        match self.line.get(self.at) {
            Some(b'"') => self.string("a text").map(|_| ()),
            Some(b'{') => self.skip_all(b'}'),
            Some(b'[') => self.skip_all(b']'),
            Some(b't') => self.word(b"true"),
            Some(b'f') => self.word(b"false"),
            Some(b'n') => self.word(b"null"),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => self.flaw("a value"),
        }
    }

    /// Passes an array or an object within one.
    fn skip_all(&mut self, close: u8) -> Result<(), Flaw> {
        self.at += 1;
        self.descend()?;
        self.blanks();
        if self.eat(close) {
            self.depth -= 1;
            return Ok(());
        }
        loop {
            self.blanks();
            if close == b'}' {
                self.string("a key in quotes")?;
                self.blanks();
                self.expect(b':', "a colon")?;
                self.blanks();
            }
            self.skip()?;
            self.blanks();
            if self.eat(b',') {
                continue;
            }
            self.expect(close, if close == b'}' { "a comma or }" } else { "a comma or ]" })?;
            self.depth -= 1;
            return Ok(());
        }
    }

    fn number(&mut self) -> Result<(), Flaw> {
        self.eat(b'-');
        if !self.eat(b'0') {
            self.digits()?;
        }
        if self.eat(b'.') {
            self.digits()?;
        }
        if self.eat(b'e') || self.eat(b'E') {
            let _ = self.eat(b'+') || self.eat(b'-');
            self.digits()?;
        }
        Ok(())
    }

    fn digits(&mut self) -> Result<(), Flaw> {
        let rest = self.line.get(self.at..).unwrap_or_default();
        let count = rest.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(rest.len());
        self.at += count;
        if count == 0 { self.flaw("a digit") } else { Ok(()) }
    }

    fn word(&mut self, word: &'static [u8]) -> Result<(), Flaw> {
        if !self.line.get(self.at..).unwrap_or_default().starts_with(word) {
            return self.flaw("true, false or null");
        }
        self.at += word.len();
        Ok(())
    }

    /// A string; it is unescaped only where that changes it.
    fn string(&mut self, expected: &'static str) -> Result<Piece, Flaw> {
        self.expect(b'"', expected)?;
        let start = self.at;
        let mut from = None;
        loop {
            let rest = self.line.get(self.at..).unwrap_or_default();
            let Some(length) = memchr::memchr2(b'"', b'\\', rest) else {
                self.at = self.line.len();
                return self.flaw("a closing quote");
            };
            let plain = &rest[..length];
            if let Some(control) = plain.iter().position(|&byte| byte < 0x20) {
                self.at += control;
                return self.flaw("no control character within quotes");
            }
            self.at += length;
            if self.line.get(self.at) == Some(&b'"') {
                self.at += 1;
                return Ok(match from {
                    None => Piece { start, end: self.at - 1, unescaped: false },
                    Some(from) => {
                        self.extra.extend_from_slice(plain);
                        Piece { start: from, end: self.extra.len(), unescaped: true }
                    }
                });
            }
            from = from.or(Some(self.extra.len()));
            self.extra.extend_from_slice(plain);
            self.escape()?;
        }
    }

    /// One escape, from its backslash on.
    fn escape(&mut self) -> Result<(), Flaw> {
        self.at += 1;
        let plain = match self.line.get(self.at) {
            Some(&byte @ (b'"' | b'\\' | b'/')) => byte,
            Some(b'b') => 8,
            Some(b'f') => 12,
            Some(b'n') => b'\n',
            Some(b'r') => b'\r',
            Some(b't') => b'\t',
            Some(b'u') => return self.unicode(),
            _ => return self.flaw("an escape of JSON"),
        };
        self.extra.push(plain);
        self.at += 1;
        Ok(())
    }

    /// `\uXXXX`, two of them for a character beyond 16 bits.
    fn unicode(&mut self) -> Result<(), Flaw> {
        let first = self.hex(self.at + 1)?;
        self.at += 5;
        let low = |unit: u32| (0xDC00..0xE000).contains(&unit);
        let mut point = first;
        if (0xD800..0xDC00).contains(&first)
            && self.line.get(self.at..).unwrap_or_default().starts_with(b"\\u")
        {
            let second = self.hex(self.at + 2)?;
            if low(second) {
                point = 0x1_0000 + ((first - 0xD800) << 10) + (second - 0xDC00);
                self.at += 6;
            }
        }
        let Some(character) = char::from_u32(point) else {
            return self.flaw("the other half of a surrogate pair");
        };
        self.extra.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
        Ok(())
    }

    fn hex(&self, at: usize) -> Result<u32, Flaw> {
        let digits = self.line.get(at..at + 4).unwrap_or_default();
        let value = digits.iter().try_fold(0, |sum, &byte| Some(sum * 16 + char::from(byte).to_digit(16)?));
        value.filter(|_| digits.len() == 4).ok_or(Flaw { at, expected: "four hexadecimal digits" })
    }

    fn descend(&mut self) -> Result<(), Flaw> {
        self.depth += 1;
        if self.depth > DEPTH { self.flaw("no more than 64 levels of objects and arrays") } else { Ok(()) }
    }

    fn blanks(&mut self) {
        while let Some(b' ' | b'\t' | b'\r' | b'\n') = self.line.get(self.at) {
            self.at += 1;
        }
    }

    fn eat(&mut self, byte: u8) -> bool {
        let there = self.line.get(self.at) == Some(&byte);
        self.at += usize::from(there);
        there
    }

    fn expect(&mut self, byte: u8, expected: &'static str) -> Result<(), Flaw> {
        if self.eat(byte) { Ok(()) } else { self.flaw(expected) }
    }

    fn flaw<T>(&self, expected: &'static str) -> Result<T, Flaw> {
        Err(Flaw { at: self.at, expected })
    }
}

/// A string, in the line or among what was unescaped.
#[derive(Debug, Clone, Copy)]
struct Piece {
    start: usize,
    end: usize,
    unescaped: bool,
}

impl Piece {
    fn of<'a>(self, line: &'a [u8], extra: &'a [u8]) -> &'a [u8] {
        let source = if self.unescaped { extra } else { line };
        source.get(self.start..self.end).unwrap_or_default()
    }
}

/// A flaw as a reason shows it.
pub(crate) fn shown(flaw: Flaw, line: &[u8]) -> String {
    let rest = String::from_utf8_lossy(line.get(flaw.at..).unwrap_or_default());
    let near: Cow<'_, str> = rest.chars().take(20).collect::<String>().into();
    let column = String::from_utf8_lossy(line.get(..flaw.at).unwrap_or(line)).chars().count() + 1;
    if near.is_empty() {
        format!("the end of the line at column {column}")
    } else {
        format!("{near:?} at column {column}")
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::constraints::{self, Policy, Verdict};
    use crate::dataset::{Format, Reason, Record, Scan, Scanner, Schema, Sink};
    use crate::profile::ColumnType;

    /// The rows, each as JSON, and the reasons of those turned away.
    #[derive(Default)]
    struct Rows(Vec<String>, Vec<String>);

    impl Sink for Rows {
        fn accepted(&mut self, record: &Record<'_>) {
            let row: Vec<serde_json::Value> = (0..record.len()).map(|index| record.json(index)).collect();
            self.0.push(serde_json::Value::from(row).to_string());
        }
        fn quarantined(&mut self, record: &Record<'_>, reasons: &[Reason]) {
            self.1.push(format!("{}: {}", record.line, reasons[0]));
        }
    }

    fn scan_in(data: &str, chunk: usize, rows: &mut impl Sink) -> Scan {
        let mut scanner = Scanner::of(Format::JsonLines, &Schema::default());
        data.as_bytes().chunks(chunk).for_each(|bytes| scanner.feed(bytes, rows).unwrap());
        scanner.finish(rows).unwrap()
    }

    #[test]
    fn leaves_are_columns_by_path_and_late_keys_were_missing() {
        let data = concat!(
            "\u{feff}{\"a\": 1, \"b\": {\"c\": \"x\\u00e9\\n\", \"d\": [1, {\"e\": 2}]}}\r\n",
            "\n",
            "{\"b\": {\"d\": null}, \"a\": 2.5, \"late\": true}\n",
            "{\"a\": \"12\", \"late\": false, \"b\": {}}",
        );
        for chunk in 1..data.len() {
            let mut rows = Rows::default();
            let scan = scan_in(data, chunk, &mut rows);
            let names: Vec<&str> = scan.profile.columns.iter().map(|column| column.name.as_str()).collect();
            assert_eq!(names, ["a", "b.c", "b.d", "late"]);
            assert_eq!(
                rows.0,
                ["[1,\"xé\\n\",\"[1, {\\\"e\\\": 2}]\"]", "[2.5,null,null,true]", "[\"12\",null,null,false]"]
            );
            let [a, c, d, late] = &scan.profile.columns[..] else { unreachable!() };
            assert_eq!((a.types.integral, a.types.fractional, a.types.string), (1, 1, 1));
            assert_eq!((c.missing, d.missing, late.missing, late.rows), (2, 2, 1, 3));
            assert_eq!(late.kind(), ColumnType::Boolean);
            let without: Scan = scan_in(data, chunk, &mut ());
            assert_eq!(without, scan);
        }
    }

    #[test]
    fn bad_lines_say_where_and_leave_no_trace() {
        let data = "{\"a\":1}\n{\"a\":1,\"typo\":01}\n[1]\n{\"a\":2}{\n{\"a\":\"x\n{\"é\": tru}\n{\"a\":3}\n";
        let mut rows = Rows::default();
        let scan = scan_in(data, 9, &mut rows);
        assert_eq!(
            rows.1,
            [
                "2: expected a comma or }, found \"1}\" at column 16",
                "3: expected an object: {, found \"[1]\" at column 1",
                "4: expected the end of the line, found \"{\" at column 8",
                "5: expected a closing quote, found the end of the line at column 8",
                "6: expected true, false or null, found \"tru}\" at column 7",
            ]
        );
        assert_eq!((scan.tally.rows, scan.tally.accepted), (7, 2));
        assert_eq!(scan.profile.columns.len(), 1);
    }

    #[test]
    fn constraints_hold_for_paths() {
        let good = scan_in("{\"a\":{\"b\":1}}\n{\"a\":{\"b\":2}}\n", 99, &mut ());
        let constraints = constraints::suggest(&good.profile, &Policy::default());
        let check = |data: &[u8]| {
            let mut scanner =
                Scanner::of(Format::JsonLines, &Schema::default()).with_constraints(&constraints);
            scanner.feed(data, &mut ()).unwrap();
            constraints::check(&scanner.finish(&mut ()).unwrap(), &constraints, &Policy::default())
        };
        assert_eq!(check(b"{\"a\":{\"b\":1}}\n").verdict, Verdict::Accepted);
        let mixed = check(b"{\"a\":{\"b\":1}}\n{\"a\":{\"b\":\"1\"}}\n");
        assert_eq!((mixed.verdict, mixed.quarantined), (Verdict::Quarantined, 1));
        assert!(check(b"{\"b\":1}\n").violations[0].reason.starts_with("a.b: the data has no such column"));
    }

    #[test]
    fn depth_and_width_are_bounded() {
        let deep = format!("{{\"a\":{}1{}}}", "[".repeat(70), "]".repeat(70));
        let mut rows = Rows::default();
        scan_in(&deep, 1000, &mut rows);
        assert!(rows.1[0].contains("no more than 64 levels"), "{}", rows.1[0]);
        let keys: Vec<String> = (0..=COLUMN_LIMIT).map(|key| format!("\"{key}\":1")).collect();
        let mut rows = Rows::default();
        let scan = scan_in(&format!("{{{}}}\n{{\"1\":1}}", keys.join(",")), 1 << 16, &mut rows);
        assert!(rows.1[0].contains("no more than 20,000 different keys"), "{}", rows.1[0]);
        assert_eq!(scan.profile.columns.len(), 1);
    }

    proptest! {
        #[test]
        fn a_line_is_good_exactly_where_serde_json_finds_an_object(
            line in prop_oneof![
                "[{}\\[\\]\":,0-9eE.+\\-truefalsn \\\\ué]{0,24}",
                // Long: one regular expression.
                "\\{\"[a-c\\\\u0-9]{0,6}\": ?(-?[0-9]{1,3}(\\.[0-9]{1,2})?([eE][+-]?[0-9])?|true|null|\\[1, ?\\{\\}\\]|\"[a-z\\\\nu0-9d]{0,9}\") ?\\}",
            ],
        ) {
            let object = serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(&line);
            // serde_json refuses numbers beyond a double's range, which are infinite here.
            prop_assume!(!object.as_ref().is_err_and(|error| error.to_string().contains("out of range")));
            let scan = scan_in(&format!("{line}\n{{\"x\":1}}"), 7, &mut ());
            let blank = u64::from(line.trim_ascii().is_empty());
            prop_assert_eq!(scan.tally.quarantined, u64::from(object.is_err()) - blank, "{:?}", line);
        }
    }
}
