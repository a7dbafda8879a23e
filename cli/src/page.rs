//! Plain text that fits a terminal of 80 columns: labelled fields and tables. No colour.

use std::fmt;

/// The widest line, unless one word is wider: a URI is not broken, so that it can be copied.
const WIDTH: usize = 80;

/// The width of a field's label with the gap behind it.
const LABEL: usize = 12;

/// Lines of text.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Page {
    text: String,
}

impl Page {
    /// A paragraph.
    pub(crate) fn line(&mut self, text: &str) {
        self.hang("", text);
    }

    /// An empty line.
    pub(crate) fn gap(&mut self) {
        self.text.push('\n');
    }

    /// A label and its value.
    pub(crate) fn field(&mut self, label: &str, value: &str) {
        self.hang(&format!("{label:<LABEL$}"), value);
    }

    /// Rows under headings; the last column takes what is left of the line and wraps.
    pub(crate) fn table<const N: usize>(&mut self, headings: [&str; N], rows: &[[String; N]]) {
        let headings = headings.map(str::to_owned);
        let all = || std::iter::once(&headings).chain(rows);
        let mut widths = [0; N];
        for (column, width) in widths.iter_mut().enumerate() {
            *width =
                all().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0);
        }
        for row in all() {
            let Some((last, first)) = row.split_last() else { continue };
            let head = first.iter().zip(widths).fold(String::new(), |mut head, (cell, width)| {
                head.push_str(&format!("{cell:<width$}  "));
                head
            });
            self.hang(&head, last);
        }
    }

    /// `text` behind `head`, wrapped below itself.
    fn hang(&mut self, head: &str, text: &str) {
        let indent = head.chars().count();
        let lines = wrap(text, WIDTH.saturating_sub(indent));
        for (number, line) in lines.iter().enumerate() {
            let whole = if number == 0 { format!("{head}{line}") } else { format!("{:indent$}{line}", "") };
            self.text.push_str(whole.trim_end());
            self.text.push('\n');
        }
    }
}

impl fmt::Display for Page {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Breaks at white space. At least one line.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let Some(line) = lines.last_mut() else { break };
        if line.is_empty() {
            line.push_str(word);
        } else if line.chars().count() + 1 + word.chars().count() <= width {
            line.push(' ');
            line.push_str(word);
        } else {
            lines.push(word.to_owned());
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_values_hang_below_themselves_within_80_columns() {
        let mut page = Page::default();
        page.field("breaker", &"three challengers in a row were rejected, ".repeat(4));
        page.table(["RUN", "OUTCOME"], &[["12".into(), "word ".repeat(40)], ["13".into(), "short".into()]]);
        let text = page.to_string();
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
        assert!(text.starts_with("breaker     three"));
        assert!(
            text.contains("\n            a row were")
                || text.lines().nth(1).is_some_and(|l| l.starts_with("            "))
        );
        assert!(text.ends_with("13   short\n"), "{text}");
    }
}
