//! HTML in which only this program's own text is markup. Everything else is escaped as it is added.

use std::fmt::{self, Display, Write};

/// The most characters of one text. Texts come from data and services, and may be of any length.
const MOST: usize = 1500;

/// A piece of HTML. Its markup is known when this program is compiled; all that is not can only become text.
#[derive(Debug, Default)]
pub(super) struct Html(String);

impl Html {
    /// Adds markup as it is.
    pub(super) fn raw(&mut self, markup: &'static str) -> &mut Self {
        self.0.push_str(markup);
        self
    }

    /// Adds a text, escaped for content and for quoted attributes alike, and cut where it is very long.
    pub(super) fn text(&mut self, value: impl Display) -> &mut Self {
        // The escaper's only error is that the text is too long.
        if write!(Escape { out: &mut self.0, left: MOST }, "{value}").is_err() {
            self.0.push_str(" [cut]");
        }
        self
    }

    /// Adds a piece that is HTML already.
    pub(super) fn add(&mut self, part: &Self) -> &mut Self {
        self.0.push_str(&part.0);
        self
    }

    /// The markup.
    pub(super) fn into_string(self) -> String {
        self.0
    }
}

/// A piece that is one text.
pub(super) fn text(value: impl Display) -> Html {
    let mut html = Html::default();
    html.text(value);
    html
}

/// A paragraph of one text.
pub(super) fn paragraph(value: impl Display) -> Html {
    let mut html = Html::default();
    html.raw("<p>").text(value).raw("</p>\n");
    html
}

struct Escape<'a> {
    out: &'a mut String,
    left: usize,
}

impl Write for Escape<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for c in text.chars() {
            self.left = self.left.checked_sub(1).ok_or(fmt::Error)?;
            match c {
                '&' => self.out.push_str("&amp;"),
                '<' => self.out.push_str("&lt;"),
                '>' => self.out.push_str("&gt;"),
                '"' => self.out.push_str("&quot;"),
                '\'' => self.out.push_str("&#39;"),
                '\n' | '\t' => self.out.push(c),
                // Control characters are not shown, and the bidirectional ones could reverse the words around
                // them.
                '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => self.out.push('\u{fffd}'),
                c if c.is_control() => self.out.push('\u{fffd}'),
                c => self.out.push(c),
            }
        }
        Ok(())
    }
}

/// A column of a table.
#[derive(Debug, Clone, Copy)]
pub(super) enum Head {
    /// Words, on the left.
    Words(&'static str),
    /// Numbers, on the right.
    Number(&'static str),
}

/// A table with a caption and a header in each column and row. The first cell of a row is its header.
pub(super) fn table(caption: &'static str, head: &[Head], rows: impl IntoIterator<Item = Vec<Html>>) -> Html {
    let mut html = Html::default();
    // A wide table scrolls by itself; the keyboard must reach it.
    html.raw("<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"").text(caption);
    html.raw("\"><table><caption>").text(caption).raw("</caption>\n<thead><tr>");
    for column in head {
        match column {
            Head::Words(name) => html.raw("<th scope=\"col\">").text(name),
            Head::Number(name) => html.raw("<th scope=\"col\" class=\"number\">").text(name),
        };
        html.raw("</th>");
    }
    html.raw("</tr></thead>\n<tbody>\n");
    for row in rows {
        html.raw("<tr>");
        for (index, cell) in row.iter().enumerate() {
            match (index, head.get(index)) {
                (0, _) => html.raw("<th scope=\"row\">").add(cell).raw("</th>"),
                (_, Some(Head::Number(_))) => html.raw("<td class=\"number\">").add(cell).raw("</td>"),
                _ => html.raw("<td>").add(cell).raw("</td>"),
            };
        }
        html.raw("</tr>\n");
    }
    html.raw("</tbody></table></div>\n");
    html
}

/// A list of terms and what each is.
pub(super) fn terms(pairs: impl IntoIterator<Item = (&'static str, Html)>) -> Html {
    let mut html = Html::default();
    html.raw("<dl>\n");
    for (term, value) in pairs {
        html.raw("<div><dt>").text(term).raw("</dt><dd>").add(&value).raw("</dd></div>\n");
    }
    html.raw("</dl>\n");
    html
}

/// The tone in which a badge is coloured. The badge's word says the same, so that nobody depends on the
/// colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tone {
    /// All is well.
    Good,
    /// Neither good nor bad.
    Calm,
    /// Somebody should look at it.
    Warn,
    /// Something is wrong.
    Bad,
}

impl Tone {
    /// The class in the style sheet.
    pub(super) fn class(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Calm => "calm",
            Self::Warn => "warn",
            Self::Bad => "bad",
        }
    }
}

/// A word in the colour of its tone.
pub(super) fn badge((tone, word): (Tone, &str)) -> Html {
    let mut html = Html::default();
    html.raw("<span class=\"badge ").raw(tone.class()).raw("\">").text(word).raw("</span>");
    html
}

/// A name that a machine reads: a key, a digest, a column.
pub(super) fn code(value: impl Display) -> Html {
    let mut html = Html::default();
    html.raw("<code>").text(value).raw("</code>");
    html
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_escaped_cut_and_freed_of_controls() {
        assert_eq!(text("<b a='\"'>&").into_string(), "&lt;b a=&#39;&quot;&#39;&gt;&amp;");
        assert_eq!(text("a\u{0}b\u{202e}c\nd").into_string(), "a\u{fffd}b\u{fffd}c\nd");
        let long = text("é".repeat(MOST + 1)).into_string();
        assert!(long.ends_with("é [cut]") && long.chars().count() == MOST + 6, "{}", long.len());
    }
}
