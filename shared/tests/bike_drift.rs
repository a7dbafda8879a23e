//! Drift on a real dataset: the warm March of 2012 is seen, January is left alone.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::collections::BTreeMap;

use jiff::civil::Date;
use pawl::dataset::{Scan, Scanner, Schema};
use pawl::drift::live::{Calibration, Join, LiveQuality, QualityPolicy, QualityVerdict};
use pawl::drift::{BaselineRule, Drift, Period, Policy, Verdict, compare, inputs, select};
use pawl::gate::Task;
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

/// A model of two inputs: how often an hour of a working day, or of another, was busy.
type Model = BTreeMap<(String, String), (u32, u32)>;

fn rows(data: &str) -> impl Iterator<Item = ((String, String), bool)> + '_ {
    data.lines().skip(1).map(|row| {
        let fields: Vec<&str> = row.split(',').collect();
        ((fields[5].to_owned(), fields[8].to_owned()), fields[16].parse::<u32>().unwrap() >= 250)
    })
}

fn score(model: &Model, key: &(String, String)) -> f64 {
    let (busy, all) = model.get(key).copied().unwrap_or((0, 0));
    f64::from(busy + 1) / f64::from(all + 2)
}

/// What the endpoint answered on this month, with the truth that came after.
fn live(model: &Model, data: &str, expected: f64, inputs: Verdict) -> LiveQuality {
    let policy = QualityPolicy::default();
    let mut join = Join::new(Task::Binary, &policy, 10_000);
    for (row, (key, busy)) in rows(data).enumerate() {
        join.predicted(&row.to_string(), score(model, &key));
        join.truth(&row.to_string(), f64::from(u8::from(busy)));
    }
    join.judge(Some(expected), &Calibration::default(), inputs, &policy)
}

/// The clock of the data five hours ahead.
fn skewed(data: &str) -> String {
    let (header, rows) = data.split_once('\n').unwrap();
    let mut text = format!("{header}\n");
    for row in rows.lines() {
        let mut fields: Vec<String> = row.split(',').map(str::to_owned).collect();
        fields[5] = ((fields[5].parse::<u32>().unwrap() + 5) % 24).to_string();
        text += &(fields.join(",") + "\n");
    }
    text
}

#[test]
fn a_clock_five_hours_off_is_invisible_to_marginals_and_caught_by_live_quality() {
    let Some(months) = months() else { return };
    let mut model = Model::new();
    for (key, busy) in months[15..18].iter().flat_map(|month| rows(&month.data)) {
        let entry = model.entry(key).or_default();
        *entry = (entry.0 + u32::from(busy), entry.1 + 1);
    }
    let (july, august) = (&months[18].data, &months[19].data);
    let expected = live(&model, july, 0.5, Verdict::None).accuracy.unwrap();

    let mut trained = Scan::default();
    for month in &months[15..18] {
        trained.merge(&scan(Scanner::new(&Schema::default()), &month.data));
    }
    let baseline = Baseline::freeze(&trained.profile);
    let features = ["hr".to_owned(), "workingday".to_owned()];
    let inputs_of = |data: &str| {
        let batch = scan(Scanner::new(&Schema::default()).with_baseline(&baseline), data);
        compare(&inputs(&baseline, &batch.binned, &features, None), &Policy::default()).verdict
    };
    let straight = live(&model, august, expected, inputs_of(august));
    let off = live(&model, &skewed(august), expected, inputs_of(&skewed(august)));
    println!("expected {expected:.3}\nright: {straight:?}\nfive hours off: {off:?}");
    assert_eq!(inputs_of(&skewed(august)), Verdict::None);
    assert!(!matches!(straight.verdict, QualityVerdict::ConceptDrift | QualityVerdict::Degraded));
    assert_eq!(off.verdict, QualityVerdict::ConceptDrift);
}
