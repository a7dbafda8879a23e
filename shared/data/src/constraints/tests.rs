#![allow(clippy::unwrap_used)]

use super::*;
use crate::dataset::{Scan, Scanner, Schema};
use crate::profile::ColumnType;
use pawl_base::duration::Duration;

fn scan(data: &str, constraints: Option<&Constraints>) -> Scan {
    let mut scanner = Scanner::new(&Schema::default());
    if let Some(constraints) = constraints {
        scanner = scanner.with_constraints(constraints);
    }
    scanner.feed(data.as_bytes(), &mut ()).unwrap();
    scanner.finish(&mut ()).unwrap()
}

/// Orders: an identifier, a code with a shape, a state of few values, a note, a day.
fn orders(rows: usize, code: &str, state: &str, note: &str) -> String {
    let mut data = "id,code,state,note,day\n".to_owned();
    for row in 0..rows {
        let state = if row % 5 == 0 { state } else { ["open", "paid"][row % 2] };
        data += &format!("{row},{code}{row},{state},{note},2012-03-{:02}\n", row % 28 + 1);
    }
    data
}

#[test]
fn habits_are_suggested_from_what_is_there() {
    let data = orders(2000, "AB-", "sent", "fine");
    let constraints = suggest(&scan(&data, None).profile, &Policy::default());
    // A rule a line: most lines hold what every column must have.
    let rules = constraints.to_string().replace("; a value in at least 98.0 % of rows", "; 98 %");
    insta::assert_snapshot!(rules, @r"
    500 to 8000 rows in an object
    id: of type integral; 98 %; 90 % of the values differ
    code: of type string; 98 %; at most 64 characters; shaped like A-9; 90 % of the values differ
    state: of type string; 98 %; at most 64 characters; usually one of open, paid, sent
    note: of type string; 98 %; at most 64 characters; usually one of fine
    day: of type timestamp; 98 %
    ");
    let read: Constraints = serde_json::from_str(&serde_json::to_string(&constraints).unwrap()).unwrap();
    assert_eq!(read, constraints);
    let same = check(&scan(&data, Some(&constraints)), &constraints, &Policy::default());
    assert_eq!((same.verdict, same.violations.len()), (Verdict::Accepted, 0), "{same}");
    // Codes may grow and a new state may come up now and then.
    let grown = orders(2500, "XYZ-1", "open", "fine");
    assert_eq!(
        check(&scan(&grown, Some(&constraints)), &constraints, &Policy::default()).verdict,
        Verdict::Accepted
    );
}

#[test]
fn a_type_that_most_values_have_is_held_to() {
    let mixed = |words: usize| {
        let word = |row: usize| if row % 100 < words { "unknown".to_owned() } else { row.to_string() };
        (0..1000).map(word).fold("age\n".to_owned(), |data, value| data + &value + "\n")
    };
    let constraints = suggest(&scan(&mixed(5), None).profile, &Policy::default());
    let age = constraints.column("age").unwrap();
    assert_eq!((age.kind, age.mostly.map(|mostly| mostly.kind)), (None, Some(ColumnType::Integral)));
    let told = |words| check(&scan(&mixed(words), Some(&constraints)), &constraints, &Policy::default());
    assert_eq!(told(6).violations, []);
    assert_eq!(
        told(9).violations[0].reason,
        "age: expected at least 93.0 % of the values of type integral, found 91.0 %"
    );
    assert_eq!(told(9).verdict, Verdict::AcceptedWithWarnings);
}

#[test]
fn broken_habits_are_told() {
    let policy = Policy { quarantine_above: 1.0, ..Policy::default() };
    let constraints = suggest(&scan(&orders(2000, "AB-", "sent", "fine"), None).profile, &policy);
    let bad = orders(1000, "ab_", "lost", &"long ".repeat(20));
    let told = check(&scan(&bad, Some(&constraints)), &constraints, &policy);
    let reasons: Vec<&str> = told.violations.iter().map(|violation| violation.reason.as_str()).collect();
    assert_eq!(
        reasons,
        [
            "code: 1000 of 1000 rows quarantined from line 2 on: expected a text shaped like A-9, found \
             \"ab_0\"",
            "note: 1000 of 1000 rows quarantined from line 2 on: expected a length of at most 64, found \
             \"long long long long long long long long long long long long \" and more",
        ]
    );
    let lost = check(&scan(&orders(1000, "AB-", "lost", "fine"), Some(&constraints)), &constraints, &policy);
    assert_eq!(
        lost.violations[0].reason,
        "state: expected mostly one of open, paid, sent, found 200 other values"
    );
    let twice = orders(1500, "AB-", "sent", "fine");
    let doubled = twice.clone() + twice.split_once('\n').unwrap().1;
    let told = check(&scan(&doubled, Some(&constraints)), &constraints, &policy);
    assert_eq!(
        told.violations[0].reason,
        "id: expected at least 90 % different values, found 1500 different of 3000"
    );
}

#[test]
fn freshness_is_judged_by_the_clock_it_is_given() {
    let columns = [(
        "day".to_owned(),
        ColumnPolicy { freshness: Some(Duration::seconds(2 * 86_400)), ..Default::default() },
    )];
    let policy = Policy { columns: columns.into(), ..Policy::default() };
    let data = "day\n2012-03-01\n2012-03-03\n2012-03-02\n";
    let constraints = suggest(&scan(data, None).profile, &policy);
    let at = |now: &str| {
        check_at(&scan(data, Some(&constraints)), &constraints, &policy, Some(now.parse().unwrap()))
            .violations
    };
    assert!(at("2012-03-04T23:00:00Z").is_empty());
    let stale = at("2012-03-05T00:00:01Z");
    assert_eq!(stale[0].reason, "day: expected a time of the last 172800 s, found the newest 172801 s old");
    assert!(check(&scan(data, Some(&constraints)), &constraints, &policy).violations.is_empty());
}
