//! `pawl rollback | freeze | unfreeze | force`: a person's act on a release, done by the rollback handler.

use std::fmt;

use pawl::documents::{RELEASE, RELEASE_ENTRY, RequestedAct};
use pawl::events::Verb;
use pawl::ledger::{Keys, Store, StoreError};
use pawl::names::ModelName;
use pawl::release::{Audit, ReleaseRule, StateName};
use serde::Serialize;

use crate::edge::{Edge, LOOKS, Services};
use crate::options::{ModelAndWhy, Place};
use crate::page::Page;
use crate::reply::{Failure, Reply, Verdict};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) about: ModelAndWhy,
    #[command(flatten)]
    place: Place,
}

/// What the release did.
#[derive(Debug, Serialize)]
struct Done {
    model: ModelName,
    verb: Verb,
    audit: Audit,
}

pub(crate) async fn run<S: Store, V: Services>(
    edge: &Edge<S, V>,
    verb: Verb,
    args: &Args,
) -> Result<Reply, Failure> {
    let model = &args.about.model.model;
    edge.pipeline_of(model).await?;
    let keys = args.place.keys(model);
    if let Some(region) = keys.region()
        && edge.store.get(&keys.release()).await?.is_none()
    {
        return Err(Failure::cannot_run(format!(
            "{model} was never released in {region}; see `pawl status {model}`"
        )));
    }
    let mut seen = sequence(&edge.store, &keys).await?;
    let wish = RequestedAct::Release { verb, region: keys.region().cloned() };
    let key = edge.send(model, wish, args.about.why.why.clone()).await?.dedupe_key();
    for _ in 0..LOOKS {
        while seen < sequence(&edge.store, &keys).await? {
            let entry = RELEASE_ENTRY.of(&keys, &(seen + 1));
            // The record is written just before its history.
            let Some(audit) = entry.read(&edge.store).await? else { break };
            if audit.key.as_ref().is_some_and(|found| found.as_str() == key) {
                let done = Done { model: model.clone(), verb, audit };
                return Reply::new(done.verdict(), &done);
            }
            seen += 1;
        }
        edge.services.pause().await;
    }
    Err(edge.had_no_effect(model))
}

/// The number of the release's newest history entry.
async fn sequence(store: &impl Store, keys: &Keys) -> Result<u64, StoreError> {
    Ok(RELEASE.of(keys).read(store).await?.map_or(0, |release| release.sequence))
}

impl Done {
    fn verdict(&self) -> Verdict {
        match (self.audit.rule, self.verb) {
            (ReleaseRule::NoTarget | ReleaseRule::Paged | ReleaseRule::GaveUp, _)
            | (ReleaseRule::AlreadyRollingBack, Verb::Force) => Verdict::Refused,
            _ => Verdict::Done,
        }
    }

    fn sentence(&self) -> &'static str {
        match (self.audit.rule, self.verb) {
            (ReleaseRule::RollBack, _) => "Traffic goes back.",
            (ReleaseRule::QueueIntent, _) => {
                "Noted: traffic goes back as soon as the endpoint takes an update."
            }
            (ReleaseRule::AlreadyRollingBack, Verb::Force) => "Nothing forced: a rollback is under way.",
            (ReleaseRule::AlreadyRollingBack, _) => "A rollback is under way already.",
            (ReleaseRule::NoTarget, _) => "Not rolled back: there is nothing to go back to.",
            (ReleaseRule::Frozen, _) => "Frozen: no new deployment begins until somebody unfreezes it.",
            (ReleaseRule::Unfrozen, _) => "Unfrozen.",
            (_, Verb::Force) if self.audit.before == StateName::Watching => {
                "Forced: what is watched is promoted."
            }
            (_, Verb::Force) if self.audit.before == StateName::CoolDown => "Forced: the cool-down is over.",
            (_, Verb::Force) if self.audit.before == StateName::Deploying => {
                "Forced: what is being deployed is promoted without a watch."
            }
            (_, Verb::Force) => "Forced: the next deployment may begin without a last known good config.",
            _ => "Noted.",
        }
    }
}

impl fmt::Display for Done {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut page = Page::default();
        page.line(self.sentence());
        page.field("model", self.model.as_str());
        page.field("release", &crate::status::words(&self.audit.after));
        if let Some(serving) = &self.audit.serving {
            page.field("serving", &serving.0);
        }
        page.field("note", &self.audit.note);
        page.field("history", &format!("entry {}; see `pawl history {}`", self.audit.sequence, self.model));
        page.fmt(f)
    }
}
