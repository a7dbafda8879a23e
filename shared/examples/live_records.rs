//! Looks at captured requests and their truth as the monitoring does, for `scripts/bench drift`.
//!
//! Argument: how many requests. Out: the processor's time that reading, joining and judging took, without that of making them up.

use std::fmt::Write as _;
use std::io::Write as _;
use std::time::{Duration, Instant};

use pawl::dataset::Label;
use pawl::dataset::{Scanner, Schema};
use pawl::drift::monitor::{CaptureReader, Policy, truths};
use pawl::drift::{Calibration, Join, compare, inputs};
use pawl::gate::Task;
use pawl::profile::bins::Baseline;

/// Requests in a captured object; their truth comes behind each.
const OBJECT: u64 = 50_000;

/// Numbers that look random and are the same each time.
struct Numbers(u64);

impl Numbers {
    /// From 0 to 1.
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// The twelve features of the example's pipeline.
    fn row(&mut self) -> Vec<(&'static str, String)> {
        const WHOLE: [(&str, f64); 8] = [
            ("season", 4.0),
            ("yr", 2.0),
            ("mnth", 12.0),
            ("hr", 24.0),
            ("holiday", 2.0),
            ("weekday", 7.0),
            ("workingday", 2.0),
            ("weathersit", 4.0),
        ];
        let mut row: Vec<_> = WHOLE
            .iter()
            .map(|&(name, most)| (name, format!("{:.0}", (self.next() * most).floor())))
            .collect();
        for name in ["temp", "atemp", "hum", "windspeed"] {
            row.push((name, format!("{:.4}", self.next() + self.next())));
        }
        row
    }
}

fn baseline(numbers: &mut Numbers) -> Result<(Vec<String>, Baseline), Box<dyn std::error::Error>> {
    let names: Vec<String> = numbers.row().iter().map(|(name, _)| (*name).to_owned()).collect();
    let mut text = names.join(",") + "\n";
    for _ in 0..20_000 {
        let fields: Vec<String> = numbers.row().into_iter().map(|(_, field)| field).collect();
        text += &(fields.join(",") + "\n");
    }
    let mut scanner = Scanner::new(&Schema::default());
    scanner.feed(text.as_bytes(), &mut ())?;
    Ok((names, Baseline::freeze(&scanner.finish(&mut ())?.profile)))
}

/// One object of requests as SageMaker captures them, and one of truths.
fn object(numbers: &mut Numbers, first: u64, rows: u64) -> (String, String) {
    let (mut asked, mut told) = (String::new(), String::new());
    for id in first..first + rows {
        let fields: Vec<String> =
            numbers.row().iter().map(|(name, field)| format!("\\\"{name}\\\": {field}")).collect();
        let score = numbers.next();
        let _ = writeln!(
            asked,
            "{{\"captureData\":{{\"endpointInput\":{{\"observedContentType\":\"application/jsonlines\",\"mode\":\"INPUT\",\
             \"data\":\"{{{}}}\\n\",\"encoding\":\"JSON\"}},\"endpointOutput\":{{\"observedContentType\":\
             \"application/jsonlines\",\"mode\":\"OUTPUT\",\"data\":\"{{\\\"score\\\": {score:.6}}}\\n\",\"encoding\":\"JSON\"}}}},\
             \"eventMetadata\":{{\"eventId\":\"e-{id}\",\"inferenceId\":\"i-{id}\",\"inferenceTime\":\
             \"2026-01-01T00:00:00Z\"}},\"eventVersion\":\"0\"}}",
            fields.join(", ")
        );
        let truth = u8::from(numbers.next() < score);
        let _ = writeln!(
            told,
            "{{\"groundTruthData\":{{\"data\":\"{truth}\",\"encoding\":\"CSV\"}},\
             \"eventMetadata\":{{\"eventId\":\"i-{id}\"}},\"eventVersion\":\"0\"}}"
        );
    }
    (asked, told)
}

/// The processor's time of this thread, which others on the machine do not lengthen; without Linux's count, the clock's.
fn now(begun: Instant) -> Duration {
    let counted = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanoseconds = counted.and_then(|text| text.split(' ').next()?.parse().ok());
    nanoseconds.map_or_else(|| begun.elapsed(), Duration::from_nanos)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let records: u64 = std::env::args().nth(1).map_or(Ok(1_000_000), |text| text.parse())?;
    let (begun, mut numbers) = (Instant::now(), Numbers(7));
    let (features, baseline) = baseline(&mut numbers)?;
    let (policy, label) = (Policy::default(), Label { column: "busy".to_owned(), ..Label::default() });
    let mut join = Join::new(Task::Binary, &policy.quality, policy.remember);
    let mut reader = CaptureReader::new(&features, &[], &Schema::default(), &baseline)?;
    let (mut taken, mut bytes, mut at) = (Duration::ZERO, 0, 0);
    while at < records {
        let rows = OBJECT.min(records - at);
        let (asked, told) = object(&mut numbers, at, rows);
        let started = now(begun);
        for piece in asked.as_bytes().chunks(1 << 16) {
            reader.feed(piece, &mut join)?;
        }
        reader.end(&mut join)?;
        truths(told.as_bytes(), &label, Task::Binary, |id, truth, _| join.truth(id, truth));
        taken += now(begun) - started;
        bytes += asked.len() + told.len();
        at += rows;
    }
    let started = now(begun);
    let captured = reader.finish()?;
    let drift = compare(&inputs(&baseline, &captured.scan.binned, &features, None), &Default::default());
    let quality = join.judge(Some(0.75), &Calibration::default(), drift.features, &policy.quality);
    let remembered = serde_json::to_vec(&join)?;
    taken += now(begun) - started;
    let line = serde_json::json!({
        "records": captured.requests,
        "unreadable": captured.unreadable,
        "joined": quality.rows,
        "megabytes": bytes as f64 / 1e6,
        "seconds": taken.as_secs_f64(),
        "drift": drift.verdict,
        "quality": quality.verdict,
        "remembered_megabytes": remembered.len() as f64 / 1e6,
    });
    writeln!(std::io::stdout(), "{line}")?;
    Ok(())
}
