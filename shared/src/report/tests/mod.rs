//! The page of a full run, of one that ended early, of any part of a run, and of hostile texts.
#![allow(clippy::unwrap_used)]

mod fixtures;

use proptest::prelude::*;
use serde::Serialize;

use super::{Evidence, STYLE, load, page};
use crate::documents::{self, Entry, PIPELINE};
use crate::drift::{BaselineRule, ComparedWith, NoEarlier};
use crate::gate::Against;
use crate::ledger::{Condition, Keys, Memory, Store};
use crate::names::Generation;
use crate::stats::Interval;

/// The page without the style sheet, which would only make the snapshots long.
fn content(evidence: &Evidence) -> String {
    page(evidence).replace(STYLE, "")
}

#[test]
fn a_full_run() {
    insta::assert_snapshot!(content(&fixtures::full()));
}

#[test]
fn a_run_that_failed_early() {
    insta::assert_snapshot!(content(&fixtures::early()));
}

#[test]
fn a_run_that_left_nothing() {
    let page = content(&Evidence::new(&fixtures::model(), fixtures::GENERATION));
    assert!(page.contains("The run has left no evidence yet."), "{page}");
    assert!(!page.contains("<h1><span class=\"badge good\">"), "{page}");
}

#[test]
fn a_first_model_has_no_zero_line() {
    let mut evidence = fixtures::full();
    evidence.judgement = Some(fixtures::judgement(Against::Nobody));
    let page = content(&evidence);
    assert!(page.contains("No champion took part") && !page.contains("class=\"zero\""), "{page}");
}

#[test]
fn the_baseline_is_named_and_what_it_took_the_place_of() {
    let mut evidence = fixtures::full();
    let mut told = |compared_with| {
        evidence.drift.as_mut().unwrap().compared_with = compared_with;
        let page = content(&evidence);
        let (_, from) = page.split_once("<dt>Baseline</dt>").unwrap();
        from.split_once("<div><dt>Tests</dt>").unwrap().0.to_owned()
    };
    let champion = Generation(3);
    assert_eq!(
        told(Some(ComparedWith::Champion(champion))),
        "<dd>900 rows: the training data of the champion, run 3</dd></div>\n"
    );
    let why = NoEarlier::NoneFits;
    let fallen_back = ComparedWith::ChampionInstead { champion, rule: BaselineRule::SameWeekday, why };
    assert_eq!(
        told(Some(fallen_back)),
        "<dd>900 rows: the training data of the champion, run 3</dd></div>\n\
         <div><dt>Wanted instead</dt><dd><span class=\"badge warn\">not to be had</span> earlier objects of the same day of the \
         week, as compare.with asks; no earlier accepted object is one</dd></div>\n"
    );
    // A document from before does not say.
    assert_eq!(told(None), "<dd>900 rows that it is compared with</dd></div>\n");
}

#[test]
fn a_trial_is_told_with_its_evidence() {
    let mut evidence = fixtures::full();
    assert!(!content(&evidence).contains("<h3>The trial</h3>"));
    evidence.trial = Some(fixtures::trial());
    let page = content(&evidence);
    for told in [
        "The challenger is shown to be better.",
        "<span class=\"badge good\">better</span>",
        "4,000 requests with a truth",
        "+0.0210",
        "1480.2999 to 1",
        "96.0 % of 5,000 requests, 94.9 % to 96.9 % at every look",
        "12 answers, 1 unreadable line",
    ] {
        assert!(page.contains(told), "{told}\n{page}");
    }
    if let Some(trial) = &mut evidence.trial {
        (trial.came_to.look.ln_better, trial.came_to.look.estimate) = (f64::INFINITY, Some(f64::NAN));
    }
    let page = content(&evidence);
    assert!(!page.contains("NaN") && !page.contains(" inf"), "{page}");
}

#[test]
fn numbers_that_are_none_are_not_drawn() {
    let mut evidence = fixtures::full();
    for test in evidence.judgement.iter_mut().flat_map(|judgement| &mut judgement.tests) {
        test.estimate = Some(f64::NAN);
        test.p_value = Some(f64::NAN);
        test.interval = Some(Interval { low: f64::NEG_INFINITY, high: f64::INFINITY });
    }
    let page = content(&evidence);
    assert!(
        !page.contains("NaN") && !page.contains(" inf") && !page.contains("svg class=\"interval\""),
        "{page}"
    );
}

#[test]
fn the_page_stands_by_itself() {
    let page = page(&fixtures::full());
    for outside in
        ["<script", "<link", "<img", "<iframe", "src=", "href=", "url(", "@import", "http:", "https:"]
    {
        assert!(!page.contains(outside), "{outside}");
    }
}

async fn leave<T: Serialize>(store: &Memory, document: &Entry<T>, value: Option<&T>) {
    document.write(store, value.unwrap(), Condition::Always).await.unwrap();
}

#[tokio::test]
async fn evidence_is_read_back_and_what_is_broken_is_named() {
    let (store, keys, full) = (Memory::default(), Keys::new(&fixtures::model()), fixtures::full());
    let run = fixtures::GENERATION;
    store.put(&PIPELINE.key(&keys, run), b"model: bike-demand".to_vec(), Condition::Always).await.unwrap();
    leave(&store, &documents::MANIFEST.of(&keys, run), full.manifest.as_ref()).await;
    leave(&store, &documents::VALIDATION.of(&keys, run), full.validation.as_ref()).await;
    leave(&store, &documents::PROFILE.of(&keys, run), full.profile.as_ref()).await;
    leave(&store, &documents::SPLIT.of(&keys, run), full.split.as_ref()).await;
    leave(&store, &documents::REFERENCE.of(&keys, run), full.reference.as_ref()).await;
    leave(&store, &documents::DRIFT.of(&keys, run), full.drift.as_ref()).await;
    leave(&store, &documents::DECISION.of(&keys, run), full.decision.as_ref()).await;
    leave(&store, &documents::CONVERGENCE.of(&keys, run), full.convergence.as_ref()).await;
    leave(&store, &documents::JUDGEMENT.of(&keys, run), full.judgement.as_ref()).await;
    leave(&store, &documents::RELEASED.of(&keys, &run), full.released.as_ref()).await;
    leave(&store, &documents::RUN.of(&keys, run), full.run.as_ref()).await;
    leave(&store, &documents::RELEASE.of(&keys), full.serving.as_ref()).await;
    let read = load(&store, &fixtures::model(), fixtures::GENERATION).await;
    assert_eq!(read.unreadable, []);
    assert_eq!(page(&read), page(&full));

    let drift = documents::DRIFT.of(&keys, run).into_key();
    store.put(&drift, b"{\"version\": <b>".to_vec(), Condition::Always).await.unwrap();
    let read = load(&store, &fixtures::model(), fixtures::GENERATION).await;
    assert!(read.drift.is_none() && read.judgement.is_some());
    assert_eq!(read.unreadable.iter().map(|it| &it.key).collect::<Vec<_>>(), [&drift]);
    assert!(page(&read).contains("cannot be read"));
}

/// Everything in a page that can make markup, in order.
fn skeleton(page: &str) -> String {
    page.chars().filter(|c| "<>\"'".contains(*c)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Whatever a text holds, the markup around it stays the same.
    #[test]
    fn hostile_text_is_escaped(text in "(?s)(<script>|</title>|</style>|-->|\"|'|&|<|>|\u{202e}|\u{0}|.){0,12}") {
        let plain = page(&fixtures::with_text("x"));
        let hostile = page(&fixtures::with_text(&format!("x{text}")));
        prop_assert_eq!(skeleton(&hostile), skeleton(&plain));
    }

    /// A run may end anywhere, and any document may be lost.
    #[test]
    fn any_part_of_the_evidence_makes_a_page(lost in prop::array::uniform14(any::<bool>())) {
        let mut it = fixtures::full();
        let [manifest, validation, profile, split, reference, drift, rest @ ..] = lost;
        let [decision, convergence, judgement, released, run, serving, pipeline, early] = rest;
        if early { it.failure = fixtures::early().failure; }
        if manifest { it.manifest = None; }
        if validation { it.validation = None; }
        if profile { it.profile = None; }
        if split { it.split = None; }
        if reference { it.reference = None; }
        if drift { it.drift = None; }
        if decision { it.decision = None; }
        if convergence { it.convergence = None; }
        if judgement { it.judgement = None; }
        if released { it.released = None; }
        if run { it.run = None; }
        if serving { it.serving = None; }
        if pipeline { it.pipeline = None; }
        let page = page(&it);
        prop_assert!(page.ends_with("</html>\n"));
        prop_assert_eq!(page.matches("<section>").count(), page.matches("</section>").count());
        // Without the record of a good end no page claims one.
        prop_assert!(!run || !page.contains("<h1><span class=\"badge good\">"));
    }
}
