//! What a command says at its end, and the exit code that goes with it.

use std::borrow::Cow;
use std::fmt;
use std::io::{self, Write};
use std::process::ExitCode;

use pawl::fault::Fault;
use pawl::ledger::StoreError;
use serde::Serialize;
use serde_json::{Value, json};

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
    json: Value,
}

impl Reply {
    /// The answer that reads as `document` does.
    pub(crate) fn new(verdict: Verdict, document: &(impl fmt::Display + Serialize)) -> Result<Self, Failure> {
        let json = serde_json::to_value(document).map_err(|e| Failure::cannot_run(e.to_string()))?;
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
    pub(crate) fn json(&self) -> &Value {
        &self.json
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
    let (code, out) = match (&result, format) {
        (Ok(reply), Format::Text) => (reply.verdict.code(), reply.text.clone()),
        (Ok(reply), Format::Json) => (reply.verdict.code(), pretty(&reply.json)),
        (Err(failure), Format::Text) => (failure.kind.code(), String::new()),
        (Err(failure), Format::Json) => {
            let error = json!({ "error": { "exit_code": failure.kind.code(), "message": failure.message } });
            (failure.kind.code(), pretty(&error))
        }
    };
    let printed = io::stdout().lock().write_all(harmless(&out).as_bytes());
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
    if !text.contains(harms) {
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

fn pretty(value: &Value) -> String {
    format!("{value:#}\n")
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
