//! `pawl history`: the audit trail, newest first.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use pawl::documents::{NOTE, NOTE_PREFIX, RELEASE_ENTRY, RUN_ENTRY, RUN_ENTRY_PREFIX, Slot};
use pawl::ledger::{Listed, Store, at_once};
use pawl::release::{Actor, Audit};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::edge::{Edge, Services};
use crate::options::{Model, Place};
use crate::page::Page;
use crate::reply::{Failure, Reply};
use crate::status::words;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    model: Model,
    #[command(flatten)]
    place: Place,
    /// The most entries to show
    #[arg(
        long,
        value_name = "N",
        default_value_t = 20,
        value_parser = clap::value_parser!(u16).range(1..=10_000)
    )]
    limit: u16,
}

/// One entry, in the words of the table, with the document itself.
#[derive(Debug, Serialize)]
struct Entry {
    at: Timestamp,
    who: String,
    what: String,
    key: String,
    document: Value,
}

#[derive(Debug, Serialize)]
#[serde(transparent)]
struct History(Vec<Entry>);

/// The trail's kinds of entry: each kind is named so that its own entries sort by time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    /// What the release did: `<sequence>`.
    Release,
    /// How a run ended: `run-<number>`.
    Run,
    /// What a person did with this command: `note-<time>-<act>`.
    Note,
}

impl Kind {
    fn of(name: &str) -> Option<Self> {
        if name.starts_with(RUN_ENTRY_PREFIX) {
            Some(Self::Run)
        } else if name.starts_with(NOTE_PREFIX) {
            Some(Self::Note)
        } else {
            name.starts_with(|first: char| first.is_ascii_digit()).then_some(Self::Release)
        }
    }
}

pub(crate) async fn run<S: Store, V: Services>(edge: &Edge<S, V>, args: &Args) -> Result<Reply, Failure> {
    let model = &args.model.model;
    edge.pipeline_of(model).await?;
    let (trail, limit) = (args.place.keys(model).trail(), usize::from(args.limit));
    let mut kinds: BTreeMap<Kind, Vec<String>> = BTreeMap::new();
    for Listed { key, .. } in edge.store.list(&trail).await? {
        if let Some(kind) = key.strip_prefix(&trail).and_then(Kind::of) {
            kinds.entry(kind).or_default().push(key);
        }
    }
    let mut entries = Vec::new();
    for (kind, keys) in kinds {
        // Only these can be among the newest of all.
        let read = keys.into_iter().rev().take(limit).map(|key| async {
            let stored = edge.store.get(&key).await?;
            stored.map(|stored| kind.read(key, &stored.body)).transpose()
        });
        entries.extend(at_once::all(read).await?.into_iter().flatten());
    }
    entries.sort_by(|a, b| (b.at, &b.key).cmp(&(a.at, &a.key)));
    entries.truncate(limit);
    Reply::done(&History(entries))
}

impl Kind {
    fn read(self, key: String, body: &[u8]) -> Result<Entry, Failure> {
        let (at, who, what) = match self {
            Self::Release => of_release(&parse(&RELEASE_ENTRY.at(key.as_str()), body)?),
            Self::Run => {
                let run = parse(&RUN_ENTRY.at(key.as_str()), body)?;
                let what = format!("{}. {}", words(&run.outcome.code), run.outcome.reason);
                (run.closed_at, format!("run {}", run.generation), what)
            }
            Self::Note => {
                let note = parse(&NOTE.at(key.as_str()), body)?;
                (note.at, note.who, format!("{}: {} ({})", note.act.word(), note.why, note.what))
            }
        };
        let document = serde_json::from_slice(body).map_err(|e| unreadable(&format!("{key}: {e}")))?;
        Ok(Entry { at, who, what, document, key })
    }
}

fn of_release(audit: &Audit) -> (Timestamp, String, String) {
    let who = match &audit.actor {
        Actor::Run { generation } => format!("run {generation}"),
        Actor::Alarm { arn } => format!("alarm {}", arn.rsplit(':').next().unwrap_or(arn)),
        Actor::Person { who } => who.clone(),
        Actor::Pawl => "pawl".to_owned(),
    };
    let moved = if audit.before == audit.after {
        String::new()
    } else {
        format!(" [{} to {}]", words(&audit.before), words(&audit.after))
    };
    let note = if audit.note.is_empty() { String::new() } else { format!(": {}", audit.note) };
    (audit.at, who, format!("{}{note}{moved}", words(&audit.rule)))
}

fn parse<T: DeserializeOwned>(slot: &Slot<T>, body: &[u8]) -> Result<T, Failure> {
    slot.decode(body).map_err(|e| unreadable(&e.to_string()))
}

fn unreadable(reason: &str) -> Failure {
    Failure::cannot_run(format!("{reason}; was it written by another version of Pawl?"))
}

/// A name cut to what the table has room for.
fn cut(who: &str) -> String {
    const ROOM: usize = 24;
    if who.chars().count() <= ROOM {
        who.to_owned()
    } else {
        who.chars().take(ROOM - 1).chain(['…']).collect()
    }
}

impl fmt::Display for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return writeln!(f, "Nothing has happened yet.");
        }
        let row = |entry: &Entry| {
            let time = entry.at.strftime("%F %T").to_string();
            [time, cut(&entry.who), entry.what.clone()]
        };
        let rows: Vec<_> = self.0.iter().map(row).collect();
        let mut page = Page::default();
        page.table(["TIME (UTC)", "WHO", "WHAT"], &rows);
        page.fmt(f)
    }
}
