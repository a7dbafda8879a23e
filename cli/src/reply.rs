//! What a command says at its end, and the exit code that goes with it.

use std::borrow::Cow;
use std::fmt;
use std::io::{self, BufWriter, Write};
use std::process::ExitCode;

use pawl::fault::Fault;
use pawl::ledger::StoreError;
use serde::Serialize;
#[cfg(test)]
use serde_json::Value;
use serde_json::json;

/// How a command that ran came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Exit code 0.
    Done,
    /// Exit code 1.
    Refused,
    /// Exit code 3: too little to decide.
    Undecided,
}

/// A command's answer, for people and for programs.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Reply {
    pub(crate) verdict: Verdict,
    text: String,
    /// Compact: a document of many columns takes several times as much as a tree.
    json: String,
}

impl Reply {
    /// The answer that reads as `document` does.
    pub(crate) fn new(verdict: Verdict, document: &(impl fmt::Display + Serialize)) -> Result<Self, Failure> {
        let json = serde_json::to_string(document).map_err(|e| Failure::cannot_run(e.to_string()))?;
        Ok(Self { verdict, text: document.to_string(), json })
    }

    /// Exit code 0, with the document.
    pub(crate) fn done(document: &(impl fmt::Display + Serialize)) -> Result<Self, Failure> {
        Self::new(Verdict::Done, document)
    }

    #[cfg(test)]
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    #[cfg(test)]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.json).unwrap_or_default()
    }
}

/// Why a command did not do what was asked: one line, with the fix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    kind: Kind,
    message: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Refused,
    CannotRun,
}

impl Failure {
    /// Exit code 2: the input, the settings or a service stand in the way.
    pub(crate) fn cannot_run(message: impl Into<String>) -> Self {
        Self::new(Kind::CannotRun, &message.into())
    }

    /// Exit code 1: what was asked is not possible as things stand.
    pub(crate) fn refused(message: impl Into<String>) -> Self {
        Self::new(Kind::Refused, &message.into())
    }

    fn new(kind: Kind, message: &str) -> Self {
        Self { kind, message: message.split_whitespace().collect::<Vec<_>>().join(" ") }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Fault::from(error).into()
    }
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        Self::cannot_run(brief(&fault.to_string()))
    }
}

/// The SDK ends its messages with its own structures in brackets, of no use to an operator: `reason
/// (DispatchFailure(..`.
fn brief(text: &str) -> &str {
    // The whole chain of sources that were asked tells an operator less than what to set.
    if text.contains("no credentials found in chain") {
        return "no AWS credentials: set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY";
    }
    let structure = |(at, _): &(usize, &str)| {
        let name: String = text[at + 2..].chars().take_while(char::is_ascii_alphanumeric).collect();
        name.starts_with(|first: char| first.is_ascii_uppercase())
            && text[at + 2 + name.len()..].starts_with(['(', ' ', '{'])
            && text.ends_with(')')
    };
    match text.match_indices(" (").find(structure) {
        Some((at, _)) => &text[..at],
        None => text,
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// How an answer is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Text,
    Json,
}

/// Prints the answer and names the exit code. A reader that has gone, as in `pawl history | head`, is no
/// error.
pub(crate) fn finish(result: Result<Reply, Failure>, format: Format) -> ExitCode {
    let mut out = BufWriter::new(io::stdout().lock());
    let (code, printed) = match (&result, format) {
        (Ok(reply), Format::Text) => (reply.verdict.code(), out.write_all(harmless(&reply.text).as_bytes())),
        (Ok(reply), Format::Json) => (reply.verdict.code(), pretty(&harmless(&reply.json), &mut out)),
        (Err(failure), Format::Text) => (failure.kind.code(), Ok(())),
        (Err(failure), Format::Json) => {
            let error = json!({ "error": { "exit_code": failure.kind.code(), "message": failure.message } });
            (failure.kind.code(), pretty(&harmless(&error.to_string()), &mut out))
        }
    };
    let printed = printed.and_then(|()| out.flush());
    if let Err(failure) = &result {
        let _ = writeln!(io::stderr().lock(), "pawl: {}", harmless(&failure.to_string()));
    }
    match printed {
        Err(e) if e.kind() != io::ErrorKind::BrokenPipe => ExitCode::from(Kind::CannotRun.code()),
        _ => ExitCode::from(code),
    }
}

/// The text with control characters spelt out: data may hold some, and a terminal would obey them.
pub(crate) fn harmless(text: &str) -> Cow<'_, str> {
    let harms = |character: char| character.is_control() && !"\n\t".contains(character);
    // A byte that may begin a control character: most texts hold none, and are long.
    let may_harm = |byte: u8| byte < b' ' && byte != b'\n' && byte != b'\t' || byte == 0x7F || byte == 0xC2;
    if !text.bytes().any(may_harm) || !text.contains(harms) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        if harms(character) {
            out += &format!("\\u{:04x}", u32::from(character));
        } else {
            out.push(character);
        }
    }
    Cow::Owned(out)
}

/// Prints compact JSON with a line for each key and item, without a second copy of it.
fn pretty(json: &str, out: &mut impl Write) -> io::Result<()> {
    let (mut depth, mut rest) = (0_usize, json);
    let line = |depth: usize, out: &mut dyn Write| {
        out.write_all(b"\n")?;
        (0..depth).try_for_each(|_| out.write_all(b"  "))
    };
    // Each of these is one byte, so that what lies between is text.
    let special = |byte: u8| matches!(byte, b'{' | b'[' | b'}' | b']' | b',' | b':' | b'"');
    while let Some(at) = rest.bytes().position(special) {
        let (plain, found) = rest.split_at(at);
        out.write_all(plain.as_bytes())?;
        let length = if found.starts_with('"') { string(found) } else { 1 };
        let (token, behind) = found.split_at_checked(length).unwrap_or((found, ""));
        rest = behind;
        match token {
            "{" | "[" if behind.starts_with(['}', ']']) => {
                let (close, behind) = behind.split_at(1);
                out.write_all(&[token.as_bytes(), close.as_bytes()].concat())?;
                rest = behind;
            }
            "{" | "[" => {
                out.write_all(token.as_bytes())?;
                depth += 1;
                line(depth, out)?;
            }
            "}" | "]" => {
                depth = depth.saturating_sub(1);
                line(depth, out)?;
                out.write_all(token.as_bytes())?;
            }
            "," => {
                out.write_all(b",")?;
                line(depth, out)?;
            }
            ":" => out.write_all(b": ")?,
            text => out.write_all(text.as_bytes())?,
        }
    }
    out.write_all(rest.as_bytes())?;
    out.write_all(b"\n")
}

/// How long a string is that begins here, its quotes counted.
fn string(json: &str) -> usize {
    let mut escaped = false;
    let close = json.bytes().skip(1).position(|byte| {
        let closes = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        closes
    });
    close.map_or(json.len(), |close| close + 2)
}

impl Verdict {
    fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Refused => Kind::Refused.code(),
            Self::Undecided => 3,
        }
    }
}

impl Kind {
    fn code(self) -> u8 {
        match self {
            Self::Refused => 1,
            Self::CannotRun => 2,
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn json_is_printed_a_line_a_key_as_serde_does() {
        for document in [
            json!({}),
            json!([]),
            json!({"a": [], "b": {}, "c": [1, -2.5e300, null, true], "d": {"e": [[], [{}], ["x"]]}}),
            json!(["{[,:]}", "\"", "\\", "\\\"", "é\n", ""]),
            json!("alone"),
            json!(7),
        ] {
            let mut out = Vec::new();
            pretty(&document.to_string(), &mut out).unwrap();
            assert_eq!(String::from_utf8(out).unwrap(), format!("{document:#}\n"));
        }
    }
}
