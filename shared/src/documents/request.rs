//! What people ask by the command, and who AWS says they are.
//!
//! IAM lets a person put objects only under their own user id, so the key of a request names its author. What
//! the request itself says of its author is a claim.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Component::{Command, NewDataTrigger, RollbackHandler};
use super::{Document, Named};
use crate::events::{ObjectChange, Verb};
use crate::ledger::{Store, StoreError};
use crate::names::{Generation, ModelName, RegionName};

/// What a person asks by the command. Its key names who: IAM lets nobody write under another's user id.
pub const REQUEST: Document<Request, Named<RequestKey>> =
    Document::object(Named(|_, key: &RequestKey| key.to_string()))
        .written_by(&[Command])
        .read_by(&[NewDataTrigger, RollbackHandler]);

/// The folder of all requests.
const REQUESTS: &str = "requests/";

/// The most bytes of a request.
const MOST: usize = 16 * 1024;

/// The longest part of a key, as a user id may be: a role's id, a colon and the name of a session.
const LONGEST: usize = 200;

/// What a request is about: it decides who may ask, and which function answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Concern {
    /// The question of a run: an approver's part.
    Answer,
    /// The retraining loop: an operator's part.
    Run,
    /// A release: an operator's part.
    Release,
}

impl Concern {
    /// The name of its folder.
    fn folder(self) -> &'static str {
        match self {
            Self::Answer => "answer",
            Self::Run => "run",
            Self::Release => "release",
        }
    }

    fn of_folder(name: &str) -> Option<Self> {
        [Self::Answer, Self::Run, Self::Release].into_iter().find(|concern| concern.folder() == name)
    }
}

/// What AWS calls `aws:userid`: who signed a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserId(String);

impl UserId {
    /// Letters, digits and `:+=,.@_-`, as AWS makes them.
    ///
    /// # Errors
    /// The text, where it is no such id.
    pub fn new(text: impl Into<String>) -> Result<Self, String> {
        let text = text.into();
        let fits = |c: char| c.is_ascii_alphanumeric() || ":+=,.@_-".contains(c);
        let known = !text.is_empty() && text.len() <= LONGEST && text.chars().all(fits);
        if known { Ok(Self(text)) } else { Err(format!("{text:?} is no user id of AWS")) }
    }
}

/// As people read it: the name of the session first, then the id of its role; the id of a user alone.
impl fmt::Display for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.split_once(':') {
            Some((id, session)) if !session.is_empty() => write!(f, "{session} ({id})"),
            _ => f.write_str(&self.0),
        }
    }
}

/// Where a request lies, and so who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestKey {
    /// What it is about.
    pub concern: Concern,
    /// Who asks, as AWS tells.
    pub who: UserId,
    /// The model.
    pub model: ModelName,
    /// What tells it from the other requests of this person.
    pub id: String,
}

impl fmt::Display for RequestKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { concern, who, model, id } = self;
        write!(f, "{REQUESTS}{}/{}/{model}/{id}.json", concern.folder(), who.0)
    }
}

impl RequestKey {
    /// Whether an object of the bucket is a request.
    pub fn is_one(key: &str) -> bool {
        key.starts_with(REQUESTS)
    }

    /// Reads a key.
    ///
    /// # Errors
    /// In plain words, where it is that of no request.
    pub fn parse(key: &str) -> Result<Self, String> {
        let parts = key.strip_prefix(REQUESTS).and_then(|rest| rest.strip_suffix(".json"));
        let parts: Vec<&str> = parts.unwrap_or_default().split('/').collect();
        let &[concern, who, model, id] = parts.as_slice() else {
            return Err(format!("{key} is not {REQUESTS}<concern>/<userid>/<model>/<id>.json"));
        };
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '.' || c == '-';
        if id.is_empty() || id.len() > LONGEST || !id.chars().all(plain) {
            return Err(format!("{key}: {id:?} is no id of a request"));
        }
        Ok(Self {
            concern: Concern::of_folder(concern)
                .ok_or_else(|| format!("{key}: {concern:?} is not answer, run or release"))?,
            who: UserId::new(who)?,
            model: ModelName::try_from(model.to_owned()).map_err(|e| format!("{key}: {e}"))?,
            id: id.to_owned(),
        })
    }

    /// The same for every copy of the event that tells of it.
    pub fn dedupe_key(&self) -> String {
        format!("request:{self}")
    }
}

/// What a person asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// The act.
    #[serde(flatten)]
    pub wish: RequestedAct,
    /// Why, for the history.
    pub why: String,
    /// Who they say they are: a claim.
    #[serde(default)]
    pub says: String,
}

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "act", rename_all = "snake_case")]
pub enum RequestedAct {
    /// Answer yes to the question of this name.
    Approve {
        /// The question's name.
        question: String,
    },
    /// Answer no to the question of this name.
    Reject {
        /// The question's name.
        question: String,
    },
    /// A run, or with `force` one that promotes the challenger of an earlier run.
    Run {
        /// The earlier run.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        force: Option<Generation>,
    },
    /// Close the breaker.
    Reset,
    /// An act on a release.
    Release {
        /// Which.
        verb: Verb,
        /// The further region whose release is meant.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        region: Option<RegionName>,
    },
}

impl RequestedAct {
    /// What it is about.
    pub fn concern(&self) -> Concern {
        match self {
            Self::Approve { .. } | Self::Reject { .. } => Concern::Answer,
            Self::Run { .. } | Self::Reset => Concern::Run,
            Self::Release { .. } => Concern::Release,
        }
    }
}

impl Request {
    /// Reads the request that an event tells of. What is no request, or asks for another's part, is told in
    /// plain words.
    ///
    /// # Errors
    /// Where the store does not answer.
    pub async fn open(
        store: &impl Store,
        object: &ObjectChange,
    ) -> Result<Result<(RequestKey, Self), String>, StoreError> {
        let key = match RequestKey::parse(&object.key) {
            Ok(key) => key,
            Err(reason) => return Ok(Err(reason)),
        };
        let fits = |size: usize| size <= MOST;
        if !object.size.is_some_and(|size| usize::try_from(size).is_ok_and(fits)) {
            return Ok(Err(format!("{key}: a request has at most {MOST} bytes")));
        }
        let Some(stored) = store.get_head(&object.key).await? else {
            return Ok(Err(format!("{key} is gone")));
        };
        if !fits(stored.len()) {
            return Ok(Err(format!("{key}: a request has at most {MOST} bytes")));
        }
        Ok(Self::read(&key, &stored).map(|request| (key, request)))
    }

    fn read(key: &RequestKey, body: &[u8]) -> Result<Self, String> {
        let mut request = REQUEST.at(key.to_string()).decode(body).map_err(|e| e.to_string())?;
        if request.wish.concern() != key.concern {
            return Err(format!("{key} asks for what is not asked for there: {:?}", request.wish));
        }
        if let RequestedAct::Approve { question } | RequestedAct::Reject { question } = &request.wish
            && !is_name(question)
        {
            return Err(format!("{key}: {question:?} is no name of a question"));
        }
        request.why = one_line(&request.why);
        request.says = one_line(&request.says);
        if !request.why.chars().any(char::is_alphanumeric) {
            return Err(format!("{key} does not say why"));
        }
        Ok(request)
    }
}

/// The name of a question is one file in its folder.
fn is_name(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
    !text.is_empty() && text.len() <= LONGEST && text.chars().all(plain)
}

/// The registry takes no line breaks.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use jiff::Timestamp;

    use super::*;
    use crate::events::ObjectEvent;
    use crate::ledger::{Condition, Memory};

    const KEY: &str = "requests/release/AROA1:ada@example.com/bike/1.json";

    async fn opened(key: &str, body: &str) -> Result<(RequestKey, Request), String> {
        let store = Memory::default();
        store.put(key, body.into(), Condition::Always).await.unwrap();
        let object = ObjectChange {
            event: ObjectEvent::Created,
            bucket: "b".into(),
            key: key.into(),
            version: Some("v".into()),
            sequencer: None,
            etag: None,
            size: Some(body.len() as u64),
            at: Timestamp::UNIX_EPOCH,
        };
        Request::open(&store, &object).await.unwrap()
    }

    #[tokio::test]
    async fn who_asks_is_in_the_key_whatever_the_request_says() {
        let body =
            r#"{"act": "release", "verb": "freeze", "why": "two\nlines", "says": "bob", "who": "bob"}"#;
        let (key, request) = opened(KEY, body).await.unwrap();
        assert_eq!(key.who.to_string(), "ada@example.com (AROA1)");
        assert_eq!(key.to_string(), KEY);
        assert_eq!(key.dedupe_key(), format!("request:{KEY}"));
        assert_eq!((request.why.as_str(), request.says.as_str()), ("two lines", "bob"));
        assert_eq!(UserId::new("AIDA7").unwrap().to_string(), "AIDA7");
    }

    #[tokio::test]
    async fn what_is_no_request_or_anothers_part_is_refused_in_words() {
        let freeze = r#"{"act": "release", "verb": "freeze", "why": "x"}"#;
        let long = format!(r#"{{"act": "reset", "why": "{}"}}"#, "x".repeat(MOST));
        for (key, body, reason) in [
            ("requests/answer/AIDA7/bike/1.json", freeze, "asks for what is not asked for there"),
            (
                "requests/run/AIDA7/bike/1.json",
                r#"{"act":"approve","question":"q","why":"x"}"#,
                "not asked for",
            ),
            (
                "requests/answer/AIDA7/bike/1.json",
                r#"{"act":"approve","question":"../x","why":"x"}"#,
                "no name",
            ),
            ("requests/other/AIDA7/bike/1.json", freeze, "is not answer, run or release"),
            ("requests/release/AIDA7/bike.json", freeze, "<concern>/<userid>/<model>/<id>.json"),
            ("requests/release/AIDA7/bike/a/1.json", freeze, "<concern>/<userid>/<model>/<id>.json"),
            ("requests/release/A B/bike/1.json", freeze, "no user id"),
            ("requests/release/AIDA7/No Name/1.json", freeze, "No Name"),
            (KEY, r#"{"act": "release", "verb": "dance", "why": "x"}"#, "dance"),
            (KEY, r#"{"act": "release", "verb": "freeze", "why": " - "}"#, "does not say why"),
            (KEY, &long, "at most"),
        ] {
            let refused = opened(key, body).await.unwrap_err();
            assert!(refused.contains(reason), "{refused}");
        }
    }
}
