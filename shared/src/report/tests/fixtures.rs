//! Evidence as the real core makes it: scanned, checked, compared, judged.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use crate::constraints::{self, Constraints};
use crate::dataset::{Scan, Scanner, Schema};
use crate::documents::{Choice, Decision, Judged, Released};
use crate::drift;
use crate::gate::convergence::{self, Converged, FinalMetric};
use crate::gate::live::{Agreement, BothCounts, TrialEvidence, TrialKind, TrialLook};
use crate::gate::live::{LiveLook, LiveVerdict};
use crate::gate::policy::Groups;
use crate::gate::{Against, Check, Forced, Judge, Judgement, PairedRow, Policy, Verdict};
use crate::ledger::dataset::{DatasetSplit, ObjectFate};
use crate::ledger::{Ending, Manifest, Object, RunOutcome, RunRecord, TriggerKind};
use crate::names::{ContentHash, Generation, ModelName};
use crate::profile::Profile;
use crate::profile::bins::Baseline;
use crate::release::{self, Cause, Deployment, Release, Rollback};
use crate::report::Evidence;

pub(super) const GENERATION: Generation = Generation(7);

/// The newest look at a shadow that has won.
pub(super) fn trial() -> TrialEvidence {
    let look = LiveLook {
        verdict: LiveVerdict::Promote,
        requests: 4_000,
        ln_better: 7.3,
        ln_worse: 0.0,
        estimate: Some(0.021),
    };
    let agreement = Agreement { requests: 5_000, alike: 4_800, interval: Some((0.949, 0.969)) };
    let reason = "The challenger is shown to be better.".to_owned();
    let answered = BothCounts { champion: 5_010, challenger: 5_000 };
    TrialEvidence {
        config: "bike-demand-000007t".to_owned(),
        at: jiff::Timestamp::UNIX_EPOCH,
        kind: TrialKind::Shadow,
        unreadable: 1,
        came_to: TrialLook { look, answered, agreement, lost: 12, reason },
    }
}

pub(super) fn model() -> ModelName {
    ModelName::try_from("bike-demand".to_owned()).unwrap()
}

/// An object of 900 rows: `warmer` moves the temperature, `broken` rows have an impossible hour.
fn csv(warmer: f64, broken: u32) -> String {
    let mut text = "hr,temp,weather,cnt\n".to_owned();
    for row in 0..900u32 {
        let hour = if row < broken { 99 } else { row % 24 };
        let temp = 0.3 + warmer + f64::from(row * 37 % 101) / 250.0;
        let weather = ["clear", "mist", "rain"][(row * 7 % 10 / 4) as usize];
        text += &format!("{hour},{temp:.4},{weather},{}\n", u32::from(row * 13 % 29 > 11));
    }
    text
}

fn scan(csv: &str, constraints: &Constraints, baseline: Option<&Baseline>) -> Scan {
    let mut scanner = Scanner::new(&Schema::default()).with_constraints(constraints);
    if let Some(baseline) = baseline {
        scanner = scanner.with_baseline(baseline);
    }
    scanner.feed(csv.as_bytes(), &mut ()).unwrap();
    scanner.finish(&mut ()).unwrap()
}

fn constraints() -> (constraints::Policy, Constraints) {
    let hours = constraints::ColumnPolicy {
        range: Some(constraints::Range { min: Some(0.0), max: Some(23.0) }),
        ..Default::default()
    };
    let policy = constraints::Policy { columns: [("hr".to_owned(), hours)].into(), ..Default::default() };
    let suggested = constraints::suggest(&Profile::default(), &policy);
    (policy, suggested)
}

fn object(key: &str) -> Object {
    Object::new("data".into(), key.into(), Some("v1".into()), "e".into(), 48_000)
}

/// A judgement on rows whose scores follow the label, the challenger's closer than the champion's.
pub(super) fn judgement(against: Against) -> Judgement {
    let mut policy = Policy::default();
    policy.slices.columns = vec!["road".to_owned()];
    policy.fairness.groups = vec![Groups { columns: vec!["road".to_owned()], disadvantaged: None }];
    let mut judge = Judge::new(&policy, against, 42).unwrap();
    for row in 0..1200u32 {
        let positive = row * 13 % 29 > 14;
        let noise = |by: u32| f64::from(row * by % 1201) / 1201.0;
        let score = |strength: f64, noise: f64| {
            (strength * f64::from(u8::from(positive)) + (1.0 - strength) * noise).clamp(0.01, 0.99)
        };
        judge
            .push(&PairedRow {
                columns: if row % 3 == 0 { &["wet"] } else { &["dry"] },
                label: positive.into(),
                challenger: score(0.4, noise(31)).into(),
                champion: (against == Against::Champion).then(|| score(0.3, noise(53)).into()),
            })
            .unwrap();
    }
    judge.finish()
}

/// A run that came all the way.
pub(super) fn full() -> Evidence {
    static FULL: LazyLock<Evidence> = LazyLock::new(whole);
    FULL.clone()
}

fn whole() -> Evidence {
    let mut evidence = Evidence::new(&model(), GENERATION);
    let at = |text: &str| text.parse().unwrap();
    let (policy, constraints) = constraints();
    let june = scan(&csv(0.0, 0), &constraints, None);
    let reference = Baseline::freeze(&june.profile);
    let july = scan(&csv(0.2, 9), &constraints, Some(&reference));
    let (old, new) = (object("bikes/2012-06.csv"), object("bikes/2012-07.csv"));
    let bad = object("bikes/2012-07-again.csv");
    let validation = constraints::check(&july, &constraints, &policy);
    let counted: Vec<_> = july.binned.iter().map(|it| (it.name.clone(), it.counts.clone())).collect();
    let features = ["hr", "temp", "weather"].map(str::to_owned);
    let inputs = drift::inputs(&reference, &counted, &features, Some("cnt"));
    let rule = drift::BaselineRule::SameSeason { months: 1 };
    evidence.drift = Some(drift::Drift {
        compared_with: Some(drift::ComparedWith::Earlier { rule, objects: 1 }),
        ..drift::compare(&inputs, &drift::Policy::default())
    });
    evidence.pipeline = Some(ContentHash::of(b"model: bike-demand"));
    evidence.manifest = Some(Manifest {
        generation: GENERATION,
        at: at("2026-11-20T08:00:00Z"),
        triggers: Vec::new(),
        objects: vec![old.clone(), new.clone(), bad.clone()],
        batch: vec![new.clone(), bad.clone()],
        left_out: 2,
    });
    let reasons: Vec<&str> = validation.violations.iter().map(|it| it.reason.as_str()).collect();
    evidence.validation = Some(vec![
        Judged {
            object: new.clone(),
            fate: ObjectFate::Accepted,
            reason: reasons.join("; "),
            validation: Some(validation),
            treated: None,
            left_out: 0,
        },
        Judged {
            object: bad,
            fate: ObjectFate::Quarantined,
            reason: "line 1: the header has no field".to_owned(),
            validation: None,
            treated: None,
            left_out: 0,
        },
    ]);
    evidence.profile = Some(july.profile);
    let split = DatasetSplit {
        version: ContentHash::of(b"split"),
        train: vec![old.id],
        holdout: vec![new.id],
        parts: BTreeMap::new(),
    };
    evidence.reference = Some(drift::Reference { baseline: reference, compared_with: None });
    let name = "bike-demand-7-20261120080200".to_owned();
    evidence.decision = Some(Decision {
        revisions: Vec::new(),
        decision: Choice::Train,
        reason: "Nothing speaks against a training.".to_owned(),
        name: name.clone(),
        triggers: vec![TriggerKind::NewData],
        fingerprint: ContentHash::of(b"fingerprint"),
        dataset: split.version.clone(),
        at: at("2026-11-20T08:02:00Z"),
    });
    evidence.split = Some(split);
    let reported = [FinalMetric { name: "validation:auc".into(), value: Some(0.93) }];
    evidence.convergence = Some(Converged {
        check: convergence::check(&[], &reported),
        metrics: serde_json::json!([{ "MetricName": "validation:auc", "Value": 0.93 }]),
        trained: None,
    });
    evidence.judgement = Some(judgement(Against::Champion));
    evidence.released = Some(Released {
        generation: GENERATION,
        outcome: release::ReleaseOutcome::Promoted,
        at: at("2026-11-20T08:50:00Z"),
    });
    let mut serving = Release::new("bike-demand");
    let mut current = Deployment::new(GENERATION, name.as_str());
    current.activated_at = Some(at("2026-11-20T08:20:00Z"));
    serving.generation = GENERATION;
    serving.good = vec![current.clone()];
    serving.current = Some(current);
    evidence.serving = Some(serving);
    evidence.run = Some(RunRecord {
        model: model(),
        generation: GENERATION,
        outcome: RunOutcome {
            code: Ending::Promoted,
            reason: "It serves, and its watch ended healthy.".to_owned(),
            state: None,
            error: None,
        },
        triggers: vec!["bikes/2012-07.csv arrived".to_owned()],
        more_triggers: 0,
        opened_at: Some(at("2026-11-20T07:58:30Z")),
        closed_at: at("2026-11-20T08:50:02Z"),
    });
    evidence
}

/// A run that failed while it profiled.
pub(super) fn early() -> Evidence {
    let full = full();
    let mut evidence = Evidence::new(&model(), GENERATION);
    evidence.manifest = full.manifest;
    evidence.pipeline = full.pipeline;
    let failure = RunOutcome {
        code: Ending::Failed,
        reason:
            r#"{"errorType":"Pawl.Refused","errorMessage":"refused: read bikes/2012-07.csv: access denied"}"#
                .to_owned(),
        state: Some("ProfilePartitions".to_owned()),
        error: Some("Pawl.Refused".to_owned()),
    };
    evidence.failure = Some(failure.clone());
    evidence.run = full.run.map(|run| RunRecord { outcome: failure, ..run });
    evidence
}

/// The full run with this text in every place that can hold a free one.
pub(super) fn with_text(text: &str) -> Evidence {
    let mut evidence = full();
    let free = || text.to_owned();
    if let Some(manifest) = &mut evidence.manifest {
        manifest.objects.iter_mut().chain(&mut manifest.batch).for_each(|it| it.key = free());
    }
    for judged in evidence.validation.iter_mut().flatten() {
        (judged.object.key, judged.object.id, judged.reason) = (free(), free(), free());
        for it in judged.validation.iter_mut().flat_map(|validation| &mut validation.violations) {
            (it.reason, it.expected, it.observed, it.column) = (free(), free(), free(), Some(free()));
        }
    }
    for column in evidence.profile.iter_mut().flat_map(|profile| &mut profile.columns) {
        column.name = free();
    }
    for (index, finding) in evidence.drift.iter_mut().flat_map(|drift| &mut drift.columns).enumerate() {
        // Names tell columns apart.
        (finding.name, finding.reason) = (format!("{text}{index}"), free());
        finding.segment = Some(drift::Segment { column: free(), value: free() });
        finding.bins.iter_mut().for_each(|bin| bin.bin = free());
    }
    if let Some(decision) = &mut evidence.decision {
        (decision.reason, decision.name) = (free(), free());
    }
    if let Some(converged) = &mut evidence.convergence {
        converged.metrics = serde_json::json!([{ "MetricName": text, "Value": text }]);
        converged.check.faults = vec![convergence::TrainingFault::NotFinite { metric: free() }];
    }
    if let Some(judgement) = &mut evidence.judgement {
        let at = jiff::Timestamp::UNIX_EPOCH;
        judgement.forced = Some(Forced {
            by: free(),
            reason: free(),
            at,
            run: GENERATION,
            instead_of: Verdict::NeedsApproval,
        });
        for reason in &mut judgement.reasons {
            (reason.text, reason.check) = (free(), Check::Slice(free()));
        }
        judgement.slices.iter_mut().for_each(|slice| slice.slice = free());
        let fairness = std::mem::take(&mut judgement.fairness);
        judgement.fairness = fairness
            .into_values()
            .map(|mut found| {
                found.disadvantaged = Some(free());
                for it in &mut found.comparisons {
                    (it.group, it.against) = (free(), Some(free()));
                }
                (free(), found)
            })
            .collect();
    }
    evidence.trial = Some(trial());
    if let Some(trial) = &mut evidence.trial {
        (trial.config, trial.came_to.reason) = (free(), free());
    }
    if let Some(release) = &mut evidence.serving {
        release.endpoint = free();
        release.rollbacks = vec![Rollback {
            generation: GENERATION,
            cause: Cause::Operator { who: free(), why: free() },
            at: jiff::Timestamp::UNIX_EPOCH,
        }];
        release.freeze = Some(release::Freeze { who: free(), why: free(), at: jiff::Timestamp::UNIX_EPOCH });
        for it in release.current.iter_mut().chain(&mut release.good) {
            (it.config, it.package) = (text.into(), Some(free()));
        }
    }
    if let Some(run) = &mut evidence.run {
        run.triggers = vec![free(), free()];
        run.outcome.reason = free();
        run.outcome.state = Some(free());
        run.outcome.error = Some(free());
    }
    evidence
}
