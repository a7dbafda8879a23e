//! A notice as the topic sends it.
//!
//! Mail and everything else gets the text; what is subscribed over HTTPS gets the document that Amazon Q
//! Developer in chat applications takes for Slack and Teams
//! (<https://docs.aws.amazon.com/chatbot/latest/adminguide/custom-notifs.html>).

use std::fmt::Write as _;

use jiff::tz::TimeZone;
use pawl_base::names::RegionName;
use serde_json::{Value, json};

use super::{NextStep, Notice, Severity};

/// SNS takes fewer than 100 characters in a subject, no line breaks and no control characters
/// (<https://docs.aws.amazon.com/sns/latest/api/API_Publish.html>).
const LONGEST_SUBJECT: usize = 99;

/// The most characters of a reason that a message tells; the evidence holds the whole.
const LONGEST_REASON: usize = 2_000;

/// Where a message comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The stack's region.
    pub region: RegionName,
    /// The Pawl bucket.
    pub bucket: String,
}

impl Origin {
    /// The page of the S3 console that shows a key, or the folder where the key ends with a slash.
    fn link(&self, key: &str) -> String {
        let Self { region, bucket } = self;
        let what = if key.ends_with('/') { "buckets" } else { "object" };
        let domain = match region.as_str() {
            region if region.starts_with("cn-") => "console.amazonaws.cn",
            region if region.starts_with("us-gov-") => "console.amazonaws-us-gov.com",
            _ => "console.aws.amazon.com",
        };
        format!("https://{domain}/s3/{what}/{bucket}?region={region}&prefix={key}")
    }
}

/// A notice as it is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// One line of at most 99 characters.
    pub subject: String,
    /// For people who read mail.
    pub text: String,
    /// For Slack and Teams: a custom notification.
    pub chat: Value,
    /// Names and values for the filters of a subscription. None is empty.
    pub attributes: Vec<(&'static str, String)>,
}

impl Message {
    /// The notice, written for all channels.
    pub fn new(notice: &Notice, origin: &Origin) -> Self {
        let subject = subject(notice);
        Self {
            text: text(notice, origin),
            chat: chat(notice, origin, &subject),
            attributes: attributes(notice),
            subject,
        }
    }

    /// What SNS sends by protocol, as the message of a call whose structure is `json`.
    pub fn by_protocol(&self) -> String {
        json!({ "default": self.text, "https": self.chat.to_string() }).to_string()
    }
}

fn subject(notice: &Notice) -> String {
    let loud = match notice.severity {
        Severity::Info => "",
        Severity::Page => "needs a person: ",
    };
    let line = format!("Pawl: {loud}{}", notice.headline);
    line.chars().map(|c| if c.is_control() { ' ' } else { c }).take(LONGEST_SUBJECT).collect()
}

fn reason(notice: &Notice) -> String {
    if notice.reason.chars().count() <= LONGEST_REASON {
        return notice.reason.clone();
    }
    let told: String = notice.reason.chars().take(LONGEST_REASON).collect();
    format!("{told} [...]")
}

fn text(notice: &Notice, origin: &Origin) -> String {
    let mut text = format!("{}.\n\nWhy: {}\n", notice.headline, reason(notice));
    let mut line = |name: &str, value: &str| {
        let _ = writeln!(text, "{name}: {value}");
    };
    if let Some(serving) = &notice.serving {
        line("Serving", serving);
    }
    for (number, step) in steps(notice.asked.as_ref(), origin).iter().enumerate() {
        line(if number == 0 { "Asked of you" } else { "  Command" }, step);
    }
    if notice.asked.is_none() {
        line("Asked of you", "nothing");
    }
    if let Some(key) = &notice.evidence {
        line("Evidence", &origin.link(key));
    }
    text
}

/// What is asked, and the commands that do it.
fn steps(asked: Option<&NextStep>, origin: &Origin) -> Vec<String> {
    let Some(NextStep { what, by, commands }) = asked else { return Vec::new() };
    let until = by.map(|(at, then)| {
        let at = at.to_zoned(TimeZone::UTC).strftime("%Y-%m-%d %H:%M UTC").to_string();
        format!(" You have until {at}; {then}.")
    });
    let what = format!("{what}{}", until.unwrap_or_default());
    let commands = commands.iter().map(|command| format!("{command} --bucket {}", origin.bucket));
    std::iter::once(what).chain(commands).collect()
}

fn chat(notice: &Notice, origin: &Origin, subject: &str) -> Value {
    let mut description = reason(notice);
    if let Some(serving) = &notice.serving {
        let _ = write!(description, "\nServing: {serving}");
    }
    if let Some(key) = &notice.evidence {
        let _ = write!(description, "\nEvidence: {}", origin.link(key));
    }
    let steps = steps(notice.asked.as_ref(), origin);
    let next = steps.iter().enumerate().map(|(n, it)| if n == 0 { it.clone() } else { format!("`{it}`") });
    let thread = [notice.model.as_ref().map(ToString::to_string), notice.generation.map(|it| it.to_string())];
    let thread = thread.into_iter().flatten().collect::<Vec<_>>().join("-");
    let mut metadata = json!({
        "summary": subject,
        "eventType": notice.kind.word(),
        "additionalContext": attributes(notice).into_iter().collect::<std::collections::BTreeMap<_, _>>(),
    });
    // What belongs to one run stands in one thread.
    if !thread.is_empty() {
        metadata["threadId"] = Value::String(thread);
    }
    json!({
        "version": "1.0",
        "source": "custom",
        "content": {
            "textType": "client-markdown",
            "title": subject,
            "description": description,
            "nextSteps": next.collect::<Vec<_>>(),
        },
        "metadata": metadata,
    })
}

fn attributes(notice: &Notice) -> Vec<(&'static str, String)> {
    let of = |name, value: Option<String>| value.map(|value| (name, value));
    [
        of("kind", Some(notice.kind.word().to_owned())),
        of("severity", Some(notice.severity.word().to_owned())),
        of("model", notice.model.as_ref().map(ToString::to_string)),
        of("region", notice.region.as_ref().map(ToString::to_string)),
        of("run", notice.generation.map(|it| it.to_string())),
        of("verdict", notice.verdict.map(str::to_owned)),
    ]
    .into_iter()
    .flatten()
    .collect()
}
