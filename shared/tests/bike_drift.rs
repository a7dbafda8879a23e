//! Drift on a real dataset: the warm March of 2012 is seen, January is left alone.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use jiff::civil::Date;
use pawl::dataset::{Scan, Scanner, Schema};
use pawl::drift::{BaselineRule, Drift, Period, Policy, Verdict, compare, inputs, select};
use pawl::profile::bins::Baseline;

const FEATURES: [&str; 9] =
    ["hr", "holiday", "weekday", "workingday", "weathersit", "temp", "atemp", "hum", "windspeed"];

struct Month {
    period: Period,
    data: String,
}

/// The file cut by month, each with the header; none when the data is not on this machine.
fn months() -> Option<Vec<Month>> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/data/bike-sharing/hour.csv");
    let Ok(text) = std::fs::read_to_string(path) else {
        println!("skipped: ../shared is absent");
        return None;
    };
    let (header, rows) = text.split_once('\n').unwrap();
    let mut months: Vec<Month> = Vec::new();
    for row in rows.lines() {
        let day: Date = row.split(',').nth(1).unwrap().parse().unwrap();
        if months.last().is_none_or(|month| month.period.first.month() != day.month()) {
            let object = format!("{}-{:02}", day.year(), day.month());
            let period = Period { object, first: day.first_of_month(), last: day.last_of_month() };
            months.push(Month { period, data: format!("{header}\n") });
        }
        let month = months.last_mut().unwrap();
        month.data.push_str(row);
        month.data.push('\n');
    }
    Some(months)
}

fn scan(scanner: Scanner, data: &str) -> Scan {
    let mut scanner = scanner;
    scanner.feed(data.as_bytes(), &mut ()).unwrap();
    scanner.finish(&mut ()).unwrap()
}

/// A month of 2012 against the same season of 2011.
fn against_2011(months: &[Month], month: usize) -> Drift {
    let history: Vec<Period> = months[..12].iter().map(|month| month.period.clone()).collect();
    let rule = BaselineRule::SameSeason { months: 1 };
    let chosen = select(&history, &months[month].period, rule).unwrap();
    let mut merged = Scan::default();
    for month in months.iter().filter(|month| chosen.contains(&&month.period)) {
        merged.merge(&scan(Scanner::new(&Schema::default()), &month.data));
    }
    let baseline = Baseline::freeze(&merged.profile);
    let batch = scan(Scanner::new(&Schema::default()).with_baseline(&baseline), &months[month].data);
    let features = FEATURES.map(str::to_owned);
    compare(&inputs(&baseline, &batch.binned, &features, Some("cnt")), &Policy::default())
}

#[test]
fn march_2012_drifts_from_the_season_of_2011_and_january_does_not() {
    let Some(months) = months() else { return };
    let drifted = |month: usize| {
        let drift = against_2011(&months, month);
        println!("{}: features {:?}, label {:?}", months[month].period.object, drift.features, drift.label);
        drift.reasons.iter().for_each(|reason| println!("    {reason}"));
        drift
    };
    let all: Vec<Drift> = (12..24).map(drifted).collect();
    let january = &all[0];
    assert!(january.features < Verdict::InsufficientData, "{:?}", january.reasons);
    let march = &all[2];
    assert_eq!(march.features, Verdict::Drift);
    let moved: Vec<&str> = march.findings(Verdict::Drift).map(|finding| finding.name.as_str()).collect();
    assert!(moved.contains(&"temp") && moved.contains(&"atemp"), "{moved:?}");
    // Ridership grew all year: that is drift of the label, and stands apart from the features'.
    assert_eq!(january.label, Some(Verdict::Drift));
    // What the calendar fixes never moves.
    let calendar = ["hr", "weekday", "workingday"];
    for drift in &all {
        let quiet = |name: &&str| drift.columns.iter().all(|f| f.name != *name || f.verdict == Verdict::None);
        assert!(calendar.iter().all(quiet), "{:?}", drift.reasons);
    }
}
