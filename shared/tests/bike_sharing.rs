//! The natural faults of a real dataset are seen, and its healthy months are left alone.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::collections::BTreeMap;

use pawl::constraints::{self, Across, ColumnPolicy, Constraints, Policy, Validation, Verdict};
use pawl::dataset::{Rule, Scan, Scanner, Schema, TimeOrder};
use pawl::profile::bins::Baseline;

fn schema() -> Schema {
    Schema {
        time: Some(TimeOrder { date: "dteday".to_owned(), hour: Some("hr".to_owned()), every: 3600 }),
        ..Schema::default()
    }
}

/// The file cut by month, each with the header; none when the data is not on this machine.
fn months() -> Option<BTreeMap<String, String>> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/data/bike-sharing/hour.csv");
    let Ok(text) = std::fs::read_to_string(path) else {
        println!("skipped: ../shared is absent");
        return None;
    };
    let (header, rows) = text.split_once('\n').unwrap();
    let mut months = BTreeMap::new();
    for row in rows.lines() {
        let month = row.split(',').nth(1).unwrap().get(..7).unwrap().to_owned();
        let part = months.entry(month).or_insert_with(|| format!("{header}\n"));
        part.push_str(row);
        part.push('\n');
    }
    Some(months)
}

fn scan(scanner: Scanner, data: &str) -> Scan {
    let mut scanner = scanner;
    scanner.feed(data.as_bytes(), &mut ()).unwrap();
    scanner.finish(&mut ()).unwrap()
}

fn judge(months: &BTreeMap<String, String>, policy: &Policy) -> BTreeMap<String, Validation> {
    let mut first_year = Scan::default();
    for (_, data) in months.iter().filter(|(month, _)| month.starts_with("2011")) {
        first_year.merge(&scan(Scanner::new(&schema()), data));
    }
    let constraints: Constraints = constraints::suggest(&first_year.profile, policy);
    let baseline = Baseline::freeze(&first_year.profile);
    months
        .iter()
        .filter(|(month, _)| month.starts_with("2012"))
        .map(|(month, data)| {
            let scanner = Scanner::new(&schema()).with_constraints(&constraints).with_baseline(&baseline);
            let scan = scan(scanner, data);
            for binned in &scan.binned {
                assert_eq!(binned.counts.rows(), scan.tally.accepted, "{month} {}", binned.name);
            }
            let validation = constraints::check(&scan, &constraints, policy);
            println!("{month}: {:?}, bad {:.4}", validation.verdict, validation.bad_share);
            for violation in &validation.violations {
                println!("    {}", violation.reason);
            }
            (month.clone(), validation)
        })
        .collect()
}

#[test]
fn faults_of_2012_are_seen_by_constraints_suggested_on_2011() {
    let Some(months) = months() else { return };
    // A year is the same all year, and another the next.
    let year = ColumnPolicy { usual: Some(Vec::new()), ..ColumnPolicy::default() };
    let policy = Policy { columns: [("yr".to_owned(), year)].into(), ..Policy::default() };
    let told = judge(&months, &Policy::default());
    let of_year = |validation: &Validation| {
        let told = validation.violations.iter().find(|it| it.column.as_deref() == Some("yr"));
        told.is_some_and(|it| (it.rule, it.rows) == (Rule::Usual, validation.accepted))
    };
    assert!(told.values().all(of_year));
    for (month, validation) in judge(&months, &policy) {
        let rules: Vec<(Option<&str>, Rule, u64)> =
            validation.violations.iter().map(|v| (v.column.as_deref(), v.rule, v.rows)).collect();
        let expected: &[(Option<&str>, Rule, u64)] = match month.as_str() {
            // All 24 hours of the 17th, and of the 29th of December, stand at 0.2424.
            "2012-08" | "2012-12" => &[(Some("atemp"), Rule::Stuck, 24)],
            // Hurricane Sandy.
            "2012-10" => &[(None, Rule::Gap, 36)],
            _ => &[],
        };
        assert_eq!(rules, expected, "{month}");
        let verdict = if expected.is_empty() { Verdict::Accepted } else { Verdict::AcceptedWithWarnings };
        assert_eq!(validation.verdict, verdict, "{month}");
    }
}

#[test]
fn a_rule_across_columns_sees_the_stuck_sensor_too() {
    let Some(months) = months() else { return };
    let rule = Across { column: "atemp".to_owned(), within: 0.3, of: "temp".to_owned() };
    let policy = Policy { across: vec![rule], ..Policy::default() };
    let august = &judge(&months, &policy)["2012-08"];
    let across = august.violations.iter().find(|v| v.rule == Rule::Across).unwrap();
    assert_eq!((across.rows, august.quarantined, august.verdict), (24, 24, Verdict::AcceptedWithWarnings));
}

#[test]
fn constraints_of_one_month_quarantine_no_later_month_whole() {
    let Some(months) = months() else { return };
    let policy = Policy::default();
    let first = scan(Scanner::new(&schema()), &months["2011-01"]);
    let constraints = constraints::suggest(&first.profile, &policy);
    for (month, data) in months.iter().skip(1) {
        let scan = scan(Scanner::new(&schema()).with_constraints(&constraints), data);
        let validation = constraints::check(&scan, &constraints, &policy);
        println!("{month}: {:?}, bad {:.4}", validation.verdict, validation.bad_share);
        for violation in &validation.violations {
            println!("    {}", violation.reason);
        }
        assert_ne!(validation.verdict, Verdict::Quarantined, "{month}");
    }
}
