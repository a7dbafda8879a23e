//! What a notice looks like. Each kind's sample stands in docs/notices.md as well: `PAWL_UPDATE_DOCS=1 cargo
//! test -p pawl-ledger notice` writes them there.

#![allow(clippy::unwrap_used)]

use super::*;
use crate::ledger::{Ending, RunOutcome};

const DOCS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/notices.md");
const BEGIN: &str = "<!-- samples: made by a test -->\n";
const END: &str = "<!-- end of samples -->\n";

fn origin() -> Origin {
    Origin {
        region: RegionName::try_from("eu-west-1".to_owned()).unwrap(),
        bucket: "pawl-evidence".to_owned(),
    }
}

fn model() -> ModelName {
    ModelName::try_from("bike-demand".to_owned()).unwrap()
}

fn sent(notice: &Notice) -> Message {
    Message::new(notice, &origin())
}

fn ends(code: Ending, reason: &str) -> Notice {
    let outcome = RunOutcome { code, reason: reason.to_owned(), state: None, error: None };
    ended(&model(), Generation(7), outcome, Some("the model of run 5 (bike-demand-000005)".to_owned()))
}

fn asks() -> Notice {
    question(OpenQuestion {
        model: &model(),
        generation: Generation(7),
        reason: "The challenger wins, but too few rows of group B are known to say that it is fair.",
        until: "2026-12-08T08:00:00Z".parse().unwrap(),
        serving: Some("the model of run 5 (bike-demand-000005)".to_owned()),
    })
}

/// One notice of each kind that a function sends, and of each way in which a run ends.
fn samples() -> Vec<(&'static str, Notice)> {
    let of_release = Notice {
        severity: Severity::Page,
        model: Some(model()),
        region: Some(RegionName::try_from("us-east-1".to_owned()).unwrap()),
        asked: Some(NextStep {
            what: "Look at the endpoint and decide.".to_owned(),
            by: None,
            commands: vec!["pawl status bike-demand".to_owned(), "pawl history bike-demand".to_owned()],
        }),
        evidence: Some("ledger/bike-demand/history/".to_owned()),
        ..Notice::new(
            NoticeKind::Release,
            "bike-demand in us-east-1: two rollbacks within 24 hours: locked until a person unfreezes it",
            "two rollbacks within 24 hours: locked until a person unfreezes it",
        )
    };
    let of_regions = Notice {
        model: Some(model()),
        generation: Some(Generation(7)),
        verdict: Some("promoted"),
        evidence: Some("runs/bike-demand/000007/".to_owned()),
        ..Notice::new(
            NoticeKind::Regions,
            "bike-demand run 7 promoted in further regions",
            "The model of run 7 serves in us-east-1 and ap-southeast-2.",
        )
    };
    let kept = Notice {
        evidence: Some("unrouted/2f7c.json".to_owned()),
        ..Notice::new(
            NoticeKind::EventKept,
            "an event started nothing",
            "No pipeline takes s3://bike-rentals/tmp/may.csv. The event is kept.",
        )
    };
    vec![
        ("A run waits for an answer", asks()),
        (
            "A run promoted its model",
            ends(Ending::Promoted, "The challenger serves; its watch ended healthy."),
        ),
        ("The gate rejected the challenger", ends(Ending::Rejected, "rmse rose from 41.2 to 44.9.")),
        ("The new data was refused", ends(Ending::Quarantined, "may.csv: 31 % of its rows break a rule.")),
        ("Nothing was trained", ends(Ending::Skipped, "Nothing drifted and few rows are new.")),
        ("The training diverged", ends(Ending::Diverged, "The loss is NaN from step 40 on.")),
        ("Nobody answered", ends(Ending::Declined, "Nobody answered in time.")),
        ("The release waits for a person", ends(Ending::Held, "The endpoint serves a config of others.")),
        ("The model was taken back", ends(Ending::RolledBack, "The alarm on errors fired in the bake.")),
        ("A step failed", ends(Ending::Failed, "The account-level limit of ml.m5.large is 0.")),
        ("A release needs a person", of_release),
        ("Further regions", of_regions),
        ("An event started nothing", kept),
    ]
}

#[test]
fn each_kind_has_its_sample_in_the_docs() {
    let mut made = String::from(BEGIN);
    for (title, notice) in samples() {
        let Message { subject, text, attributes, .. } = sent(&notice);
        let attributes: Vec<_> = attributes.iter().map(|(name, value)| format!("{name}={value}")).collect();
        made += &format!("\n**{title}**: `{}`\n\n```text\n{subject}\n\n{text}```\n", attributes.join(" "));
    }
    made +=
        &format!("\nThe first of them as a chat gets it:\n\n```json\n{:#}\n```\n\n{END}", sent(&asks()).chat);
    let docs = std::fs::read_to_string(DOCS).unwrap();
    let (start, end) = (docs.find(BEGIN).unwrap(), docs.find(END).unwrap() + END.len());
    if std::env::var_os("PAWL_UPDATE_DOCS").is_some() {
        std::fs::write(DOCS, format!("{}{made}{}", &docs[..start], &docs[end..])).unwrap();
    } else {
        assert_eq!(
            &docs[start..end],
            made,
            "write them anew: PAWL_UPDATE_DOCS=1 cargo test -p pawl-ledger notice"
        );
    }
}

#[test]
fn a_subject_is_one_line_of_fewer_than_a_hundred_characters() {
    let notice = Notice::new(NoticeKind::Release, format!("two\nlines{}", "é".repeat(150)), "why");
    let subject = sent(&notice).subject;
    assert!(subject.starts_with("Pawl: two lines"), "{subject}");
    assert_eq!(subject.chars().count(), 99);
}

#[test]
fn a_long_reason_is_cut_and_says_so() {
    let notice = Notice::new(NoticeKind::Release, "m", "a".repeat(300_000));
    let message = sent(&notice);
    assert!(message.text.contains("aaa [...]\n"));
    assert!(message.by_protocol().len() < 256 * 1024, "the most that SNS takes");
}

#[test]
fn links_lead_to_the_console_of_the_partition() {
    for (region, domain) in [
        ("eu-west-1", "console.aws.amazon.com"),
        ("cn-north-1", "console.amazonaws.cn"),
        ("us-gov-west-1", "console.amazonaws-us-gov.com"),
    ] {
        let region = RegionName::try_from(region.to_owned()).unwrap();
        let origin = Origin { region, bucket: "b".to_owned() };
        let text = Message::new(&asks(), &origin).text;
        assert!(text.contains(&format!("https://{domain}/s3/object/b?region=")), "{text}");
    }
}

#[test]
fn no_attribute_is_empty_and_each_protocol_gets_its_form() {
    for (_, notice) in samples() {
        let message = sent(&notice);
        assert!(message.attributes.iter().all(|(_, value)| !value.is_empty()));
        let forms: serde_json::Value = serde_json::from_str(&message.by_protocol()).unwrap();
        assert_eq!(forms["default"], message.text);
        let chat: serde_json::Value = serde_json::from_str(forms["https"].as_str().unwrap()).unwrap();
        assert_eq!((&chat["version"], &chat["source"]), (&"1.0".into(), &"custom".into()));
    }
}
