//! Where the evidence lies, and what a replay needs.

use super::evidence::Evidence;
use super::html::{Head, Html, Tone, badge, code, paragraph, table, terms, text};
use super::words::plain;
use crate::documents::{self, Entry};
use crate::ledger::Keys;

/// The section.
pub(super) fn render(evidence: &Evidence) -> Html {
    let mut html = Html::default();
    html.raw("<h3>How it replays</h3>\n").add(&replay(evidence));
    html.raw("<h3>Where it lies</h3>\n").add(&keys(evidence));
    html
}

fn replay(evidence: &Evidence) -> Html {
    let dataset = evidence.decision.as_ref().map(|decision| &decision.dataset);
    let mut facts = Vec::new();
    if let Some(version) = dataset.or(evidence.split.as_ref().map(|split| &split.version)) {
        facts.push(("Dataset version", code(version)));
    }
    if let Some(pipeline) = &evidence.pipeline {
        facts.push(("Digest of pipeline.yaml", code(pipeline)));
    }
    if let Some(decision) = &evidence.decision {
        facts.push(("Fingerprint of data, code and parameters", code(&decision.fingerprint)));
        facts.push(("Training job", code(&decision.name)));
    }
    if let Some(judgement) = &evidence.judgement {
        facts.push(("Seed", code(judgement.seed)));
        facts.push(("Rules of the gate", text(format!("version {}", judgement.rules_version))));
    }
    if let Some(drift) = &evidence.drift {
        facts.push(("Rules of drift", text(format!("version {}", drift.version))));
    }
    if facts.is_empty() {
        return paragraph("The run ended before there was anything to replay.");
    }
    let mut html = Html::default();
    html.add(&paragraph(format_args!(
        "The objects in {} (each by its version), the frozen {}, the seed and the versions of the rules \
         give the same verdicts again.",
        documents::MANIFEST.name(),
        documents::PIPELINE.name()
    )));
    html.add(&terms(facts));
    html
}

fn key<T>(document: &Entry<T>) -> String {
    document.key().to_owned()
}

fn keys(evidence: &Evidence) -> Html {
    let keys = Keys::new(&evidence.model);
    let run = evidence.generation;
    let all = [
        ("The configuration, frozen", documents::PIPELINE.key(&keys, run), evidence.pipeline.is_some()),
        ("The objects", key(&documents::MANIFEST.of(&keys, run)), evidence.manifest.is_some()),
        (
            "The judgement on new data",
            key(&documents::VALIDATION.of(&keys, run)),
            evidence.validation.is_some(),
        ),
        ("The profile of new data", key(&documents::PROFILE.of(&keys, run)), evidence.profile.is_some()),
        ("Train and holdout", key(&documents::SPLIT.of(&keys, run)), evidence.split.is_some()),
        ("The baseline", key(&documents::REFERENCE.of(&keys, run)), evidence.reference.is_some()),
        ("The drift", key(&documents::DRIFT.of(&keys, run)), evidence.drift.is_some()),
        ("The decision to train", key(&documents::DECISION.of(&keys, run)), evidence.decision.is_some()),
        (
            "The training\u{2019}s metrics",
            key(&documents::CONVERGENCE.of(&keys, run)),
            evidence.convergence.is_some(),
        ),
        (
            "The judgement on the models",
            key(&documents::JUDGEMENT.of(&keys, run)),
            evidence.judgement.is_some(),
        ),
        ("The trial in production", key(&documents::TRIAL.of(&keys, run)), evidence.trial.is_some()),
        ("The release of this run", key(&documents::RELEASED.of(&keys, &run)), evidence.released.is_some()),
        ("The failure", key(&documents::FAILURE.of(&keys, run)), evidence.failure.is_some()),
        ("The run", key(&documents::RUN.of(&keys, run)), evidence.run.is_some()),
        ("What serves", key(&documents::RELEASE.of(&keys)), evidence.serving.is_some()),
    ];
    let rows = all.iter().map(|(what, key, there)| {
        let bad = evidence.unreadable.iter().find(|it| it.key == *key);
        let state = match (bad, there) {
            (Some(bad), _) => {
                let mut html = badge((Tone::Bad, "cannot be read"));
                html.raw(" ").text(plain(&bad.reason));
                html
            }
            (None, true) => badge((Tone::Good, "read")),
            (None, false) => text("not there"),
        };
        vec![text(what), code(key), state]
    });
    let head = [Head::Words("Document"), Head::Words("Key in the bucket of evidence"), Head::Words("State")];
    table("Documents", &head, rows)
}
