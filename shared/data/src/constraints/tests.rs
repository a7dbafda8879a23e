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
    note: of type string; 98 %; at most 64 characters; always fine
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
        "state: expected mostly one of open, paid, sent, found 200 other values, such as lost"
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

/// One scan of several objects.
fn scan_all(objects: &[&str], constraints: Option<&Constraints>) -> Scan {
    let mut whole = Scan::default();
    objects.iter().for_each(|data| whole.merge(&scan(data, constraints)));
    whole
}

fn reasons(validation: &Validation) -> Vec<&str> {
    validation.violations.iter().map(|violation| violation.reason.as_str()).collect()
}

/// Three columns, the value of each alone.
fn alone(rows: usize, price: &str, kind: &str, note: &str) -> String {
    (0..rows)
        .fold("i,price,kind,note\n".to_owned(), |data, row| data + &format!("{row},{price},{kind},{note}\n"))
}

#[test]
fn a_constant_that_changes_and_an_empty_column_that_is_filled_are_told() {
    let policy = Policy::default();
    let constraints = suggest(&scan(&alone(40, "50", "new", ""), None).profile, &policy);
    let read: Constraints = serde_json::from_str(&serde_json::to_string(&constraints).unwrap()).unwrap();
    assert_eq!(read, constraints);
    let judge = |data: &str| check(&scan(data, Some(&constraints)), &constraints, &policy);
    assert_eq!(reasons(&judge(&alone(60, "50", "new", ""))), [""; 0]);
    // One row of sixty is enough.
    let one = alone(60, "50", "new", "").replace("\n7,50,new,", "\n7,1000000,old,see below");
    let told = judge(&one);
    assert_eq!(told.verdict, Verdict::AcceptedWithWarnings);
    assert_eq!(
        reasons(&told),
        [
            "price: expected always 50, found 1 other value, such as 1000000",
            "kind: expected always new, found 1 other value, such as old",
            "note: expected no value, as ever before, found a value in 1 of 60 rows, such as see below",
        ]
    );
    let all = judge(&alone(60, "1000000.5", "new", ""));
    assert!(reasons(&all).contains(&"price: expected always 50, found 60 other values, such as 1000000.5"));
}

#[test]
fn a_team_says_what_is_usual() {
    let judge = |usual: &[&str], price: &str| {
        let usual = Some(usual.iter().map(|&value| value.to_owned()).collect());
        let rules = ColumnPolicy { usual, ..ColumnPolicy::default() };
        let policy = Policy { columns: [("price".to_owned(), rules)].into(), ..Policy::default() };
        let constraints = suggest(&scan(&alone(40, "50", "new", ""), None).profile, &policy);
        check(&scan(&alone(40, price, "new", ""), Some(&constraints)), &constraints, &policy).violations.len()
    };
    assert_eq!((judge(&[], "60"), judge(&["60"], "60"), judge(&["60"], "50")), (0, 0, 1));
    assert_eq!((judge(&["60", "50"], "60"), judge(&["60", "50"], "70")), (0, 1));
}

#[test]
fn few_rows_times_and_missing_values_make_no_constant() {
    let policy = Policy::default();
    let usual = |data: &str, name: &str| {
        suggest(&scan(data, None).profile, &policy).column(name).and_then(|column| column.usual.clone())
    };
    assert_eq!(usual(&alone(29, "50", "new", ""), "price"), None);
    assert_eq!(usual(&alone(30, "50", "new", ""), "price"), Some(vec!["50".to_owned()]));
    // The day of an export is another the next day.
    assert_eq!(usual(&alone(90, "50", "2012-03-01", ""), "kind"), None);
    assert_eq!(usual(&alone(90, "NaN", "new", ""), "price"), None);
    assert_eq!(usual(&alone(90, "NaN", "new", "").replace("\n3,NaN", "\n3,1"), "price"), None);
}

#[test]
fn a_column_that_one_of_several_objects_lacks_is_told_with_its_rows() {
    let policy = Policy::default();
    let (with, without) = ("a,b\n1,x\n2,y\n3,z\n", "a\n4\n5\n");
    let constraints = suggest(&scan(with, None).profile, &policy);
    for objects in [[with, without], [without, with]] {
        let told = check(&scan_all(&objects, Some(&constraints)), &constraints, &policy);
        assert_eq!(told.verdict, Verdict::Quarantined);
        assert_eq!(reasons(&told), ["b: the data has no such column in 2 of 5 rows: some objects lack it"]);
        assert_eq!(told.violations[0].rows, 2);
    }
    let gone = check(&scan_all(&[without, without], Some(&constraints)), &constraints, &policy);
    assert_eq!(reasons(&gone), ["b: the data has no such column"]);
    // A column that is new in one of them.
    let fresh = check(&scan_all(&[with, "a,b,c\n1,x,0\n"], Some(&constraints)), &constraints, &policy);
    assert_eq!((fresh.violations[0].rule, fresh.violations[0].rows), (Rule::ExtraColumn, 1));
}

#[test]
fn data_whose_objects_differ_keeps_its_own_rules() {
    let policy = Policy::default();
    let objects = ["a,b\n1,x\n2,y\n3,z\n", "a\n4\n5\n"];
    let constraints = suggest(&scan_all(&objects, None).profile, &policy);
    assert!(constraints.column("b").unwrap().optional);
    assert!((constraints.column("b").unwrap().completeness.unwrap() - 0.58).abs() < 1e-12);
    let same = check(&scan_all(&objects, Some(&constraints)), &constraints, &policy);
    assert_eq!((same.verdict, reasons(&same)), (Verdict::Accepted, vec![]));
    // Less of it than before is told.
    let less = ["a,b\n1,x\n2,y\n", "a\n4\n5\n"];
    let told = check(&scan_all(&less, Some(&constraints)), &constraints, &policy);
    assert_eq!((told.verdict, reasons(&told)), (Verdict::Quarantined, vec!["b: 2 of 4 values are missing"]));
}
