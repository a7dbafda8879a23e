#![allow(clippy::unwrap_used)]
use super::*;
use crate::findings::Code;
use crate::policy::{ErrorGuard, LatencyGuard, Policy, ServicePolicy};
use crate::row::{Against, Response, RowValue};

/// So many rows, in order: latency and failure of challenger and champion.
fn judged(service: ServicePolicy, rows: u64, row: impl Fn(u64) -> [Response; 2]) -> Vec<(String, Code)> {
    let mut tally = ServiceTally::new(1);
    for place in 0..rows {
        let [challenger, champion] = row(place);
        tally.push(challenger, Some(champion)).unwrap();
    }
    let policy = Policy { service, ..Policy::default() };
    let (_, reasons) = tally.finish(&policy, Against::Champion);
    reasons.into_iter().map(|reason| (reason.check.to_string(), reason.code)).collect()
}

fn took(latency_ms: f64) -> Response {
    Response { latency_ms: Some(latency_ms), failed: None }
}

fn spread(place: u64) -> f64 {
    10.0 + (place * 7919 % 1000) as f64 / 1000.0
}

#[test]
fn slower_models_are_told_from_as_fast_ones() {
    let of = |times: f64, rows: u64| {
        let found =
            judged(ServicePolicy::default(), rows, |row| [took(times * spread(row)), took(spread(row))]);
        found.into_iter().map(|(_, code)| code).collect::<Vec<_>>()
    };
    assert_eq!(of(1.0, 1000), [Code::NonInferior, Code::NonInferior]);
    assert_eq!(of(1.15, 1000), [Code::Harm, Code::NonInferior], "p99 may grow by a fifth");
    assert_eq!(of(1.3, 1000), [Code::Harm, Code::Harm]);
    assert_eq!(of(1.0, 200), [Code::NonInferior, Code::TooFewRows], "200 answers bound no 99th percentile");
    assert_eq!(of(1.0, 0), []);
}

#[test]
fn what_was_not_measured_never_passes() {
    let asked = ServicePolicy {
        latency: Some(vec![LatencyGuard { quantile: 0.5, margin: 0.1, at_most: None }]),
        errors: Some(ErrorGuard { margin: 0.005, at_most: None }),
    };
    let none = judged(asked.clone(), 500, |_| [Response::default(); 2]);
    let missing = |check: &str| (check.to_owned(), Code::NotMeasured);
    assert_eq!(none, [missing("latency:p50"), missing("errors")]);
    assert_eq!(judged(asked, 0, |_| [Response::default(); 2]), none);
    let gaps = judged(ServicePolicy::default(), 1000, |row| {
        [if row == 7 { Response::default() } else { took(1.0) }, took(1.0)]
    });
    assert_eq!(gaps, [missing("latency:p50"), missing("latency:p99")], "one answer may be the slow one");
    assert_eq!(judged(ServicePolicy::default(), 500, |_| [Response::default(); 2]), []);
}

#[test]
fn failures_are_counted_on_the_same_rows() {
    let of = |new: u64, old: u64| {
        let failed =
            |every: u64, row: u64| Response { latency_ms: None, failed: Some(row.is_multiple_of(every)) };
        let found = judged(ServicePolicy::default(), 4000, |row| [failed(new, row), failed(old, row)]);
        found.into_iter().map(|(_, code)| code).collect::<Vec<_>>()
    };
    assert_eq!(of(5000, 5000), [Code::NonInferior]);
    assert_eq!(of(20, 5000), [Code::Harm]);
    assert_eq!(of(180, 5000), [Code::Harm]);
    assert_eq!(of(5000, 20), [Code::NonInferior], "fewer failures are none");
    assert_eq!(of(110, 150), [Code::GuardUndecided]);
}

#[test]
fn tables_write_latencies_and_failures_in_their_ways() {
    let read = |latency, failed| Response::read(Some(RowValue::Text(latency)), Some(RowValue::Text(failed)));
    let answered = |latency_ms, failed| Ok(Response { latency_ms, failed: Some(failed) });
    assert_eq!(read("12.5", "0"), answered(Some(12.5), false));
    assert_eq!(read("", "1"), answered(None, true));
    assert_eq!(read("3", ""), answered(Some(3.0), false));
    assert_eq!(Response::read(None, None), Ok(Response::default()));
    assert!(read("soon", "0").is_err() && read("1", "500").is_err());
    for wrong in [-1.0, f64::NAN, f64::INFINITY] {
        assert!(ServiceTally::new(1).push(took(wrong), None).is_err());
    }
}

#[test]
fn a_bound_holds_without_a_champion() {
    let of = |most_ms: f64, most: f64| {
        let service = ServicePolicy {
            latency: Some(vec![LatencyGuard { quantile: 0.99, margin: 0.1, at_most: Some(most_ms) }]),
            errors: Some(ErrorGuard { margin: 0.005, at_most: Some(most) }),
        };
        let mut tally = ServiceTally::new(1);
        for row in 0..2000_u64 {
            tally
                .push(Response { failed: Some(row.is_multiple_of(400)), ..took(spread(row)) }, None)
                .unwrap();
        }
        let (_, reasons) = tally.finish(&Policy { service, ..Policy::default() }, Against::Nobody);
        reasons.into_iter().map(|reason| reason.code).collect::<Vec<_>>()
    };
    assert_eq!(of(12.0, 0.01), [Code::FloorHeld, Code::FloorHeld]);
    assert_eq!(of(10.5, 0.0001), [Code::FloorBroken, Code::FloorBroken]);
    assert_eq!(of(10.99, 0.0026), [Code::FloorUnproven, Code::FloorUnproven]);
    let mut tally = ServiceTally::new(1);
    tally.push(took(1.0), None).unwrap();
    let (told, reasons) = tally.finish(&Policy::default(), Against::Nobody);
    assert!(told.is_some() && reasons.is_empty(), "nobody to be compared with, and no bound");
}
