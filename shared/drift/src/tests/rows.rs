//! What only whole rows show: columns that no longer move together, and rows that depend on one another.

use super::*;
use crate::files::{ColumnSelection, ComparedSide, compare_files};
use pawl_base::random::SplitMix64;
use pawl_data::dataset::{Scanner, Schema};
use pawl_data::profile::Grouping;

/// How the rows of a table come about.
#[derive(Clone, Copy)]
enum Rows {
    /// Independent, columns too.
    Plain,
    /// The first two columns correlate so much.
    Correlated(f64),
    /// The second column is far from its middle where the first is: no correlation, but no independence.
    Bent,
    /// Each column follows its own value of the row before by so much.
    Serial(f64),
    /// So many rows a user, half of the variance the user's own.
    Users(usize),
}

/// A table of `columns` numbers, a category and a user, of normal numbers.
fn table(rows: usize, columns: usize, how: Rows, seed: u64) -> String {
    let mut rng = SplitMix64::new(seed);
    let header: Vec<String> = (0..columns).map(|column| format!("x{column}")).collect();
    let mut text = format!("user,day,{},city\n", header.join(","));
    let mut last = vec![0.0; columns];
    let mut own = vec![0.0; columns];
    last.iter_mut().for_each(|value| *value = rng.normal());
    for row in 0..rows {
        if let Rows::Users(each) = how
            && row % each == 0
        {
            own.iter_mut().for_each(|value| *value = rng.normal());
        }
        let mut values: Vec<f64> = (0..columns).map(|_| rng.normal()).collect();
        match how {
            Rows::Plain => {}
            Rows::Correlated(rho) => values[1] = rho * values[0] + (1.0 - rho * rho).sqrt() * values[1],
            Rows::Bent => values[1] = values[0].abs() + 0.3 * values[1],
            Rows::Serial(phi) => {
                for (value, last) in values.iter_mut().zip(&mut last) {
                    *last = phi * *last + (1.0 - phi * phi).sqrt() * *value;
                    *value = *last;
                }
            }
            Rows::Users(_) => {
                values.iter_mut().zip(&own).for_each(|(value, own)| *value = (*value + own) / 2.0_f64.sqrt());
            }
        }
        let each = if let Rows::Users(each) = how { each } else { 1 };
        let city = ["Rome", "Oslo", "Bonn"][rng.below(3) as usize];
        let values: Vec<String> = values.iter().map(|value| format!("{value:.4}")).collect();
        let (user, hour) = (row / each, row % 24);
        let day = jiff::civil::date(2012, 1, 1).saturating_add(jiff::Span::new().days((row / 24) as i64));
        text += &format!("u{user}-{seed},{day}T{hour:02}:00:00,{},{city}\n", values.join(","));
    }
    text
}

fn side(text: &str, baseline: Option<&Baseline>, grouping: Option<&Grouping>) -> ComparedSide {
    let mut scanner = Scanner::new(&Schema::default()).with_row_sample().with_groups(grouping);
    if let Some(baseline) = baseline {
        scanner = scanner.with_baseline(baseline);
    }
    scanner.feed(text.as_bytes(), &mut ()).unwrap();
    ComparedSide::Data(Box::new(scanner.finish(&mut ()).unwrap()))
}

/// As `pawl drift` compares two files.
fn compared(baseline: &str, current: &str, grouping: Option<Grouping>) -> Drift {
    let before = side(baseline, None, grouping.as_ref());
    let frozen = before.freeze();
    let after = side(current, Some(&frozen), grouping.as_ref());
    // A column of clusters is left out by itself.
    let ignore = if grouping == cluster() { vec![] } else { vec!["user".to_owned()] };
    let choice = ColumnSelection { ignore, grouping, ..ColumnSelection::default() };
    compare_files(&before, &frozen, &after, &choice, &Policy::default()).unwrap()
}

fn cluster() -> Option<Grouping> {
    Some(Grouping::Cluster("user".to_owned()))
}

fn day() -> Option<Grouping> {
    Some(Grouping::Block { date: None, hour: None, seconds: 86_400 })
}

fn together(drift: &Drift) -> &Finding {
    on(drift, Axis::Together)
}

#[test]
fn a_correlation_that_turned_round_is_drift_of_the_pair_that_carries_it() {
    for (n, m, columns) in [(1000, 1000, 10), (4000, 9000, 20)] {
        let before = table(n, columns, Rows::Correlated(0.9), 1);
        let drift = compared(&before, &table(m, columns, Rows::Correlated(-0.9), 2), None);
        let alone = drift.columns.iter().filter(|finding| finding.axis != Axis::Together);
        assert!(alone.into_iter().all(|finding| finding.verdict == Verdict::None));
        let found = together(&drift);
        assert_eq!((found.verdict, drift.verdict), (Verdict::Drift, Verdict::Drift), "{}", found.reason);
        let pair = &drift.pairs[0];
        assert_eq!((pair.first.column.as_str(), pair.second.column.as_str()), ("x0", "x1"));
        assert!((pair.baseline - 0.89).abs() < 0.05 && (pair.current + 0.89).abs() < 0.05, "{pair:?}");
        assert!(found.reason.contains("x0 with x1, from 0."), "{}", found.reason);
        assert_eq!(drift.drifting().into_iter().collect::<Vec<_>>(), ["x0", "x1"]);
        assert!(drift.reasons[0].starts_with("all columns, moved together: Drift: "), "{:?}", drift.reasons);
    }
}

/// The rank correlation is zero before and after: only the distance from the middle tells.
#[test]
fn columns_that_bend_together_are_told_too() {
    let drift = compared(&table(1000, 4, Rows::Plain, 1), &table(1000, 4, Rows::Bent, 2), None);
    assert_eq!(together(&drift).verdict, Verdict::Drift, "{:?}", drift.reasons);
    let scores = [drift.pairs[0].first.score, drift.pairs[0].second.score];
    assert!(scores.contains(&PairedScore::Spread), "{:?}", drift.pairs);
}

/// A column that moves alone, and in any unit, changes nothing here.
#[test]
fn a_column_that_moved_alone_is_no_matter_of_all_together() {
    let before = table(1000, 4, Rows::Correlated(0.9), 1);
    let after = table(1000, 4, Rows::Correlated(0.9), 2);
    let scaled: Vec<String> = after
        .lines()
        .enumerate()
        .map(|(row, line)| {
            let mut fields: Vec<String> = line.split(',').map(str::to_owned).collect();
            if row > 0 {
                fields[2] = (fields[2].parse::<f64>().unwrap() * 100.0).to_string();
            }
            fields.join(",") + "\n"
        })
        .collect();
    let drift = compared(&before, &scaled.concat(), None);
    assert_eq!(drift.drifting().into_iter().collect::<Vec<_>>(), ["x0"]);
    assert_eq!(together(&drift).verdict, Verdict::None, "{}", together(&drift).reason);
}

/// 60 pairs of tables that are alike: at 5 % more than 8 alarms are a matter of 1 in 300.
#[test]
fn rows_that_are_alike_seldom_alarm() {
    let alarms = (0..60).filter(|&seed| {
        let before = table(400, 5, Rows::Correlated(0.5), 2 * seed + 1);
        let after = table(400, 5, Rows::Correlated(0.5), 2 * seed + 2);
        let drift = compared(&before, &after, None);
        let p_value = |finding: &Finding| finding.evidence.p_value.unwrap();
        drift.columns.iter().any(|finding| finding.axis == Axis::Together && p_value(finding) <= 0.05)
    });
    assert!(alarms.count() <= 8);
}

#[test]
fn the_same_samples_have_the_same_answer_and_too_few_rows_none() {
    let (before, after) = (table(500, 3, Rows::Plain, 1), table(500, 3, Rows::Plain, 2));
    assert_eq!(compared(&before, &after, None), compared(&before, &after, None));
    let few = compared(&before, &table(150, 3, Rows::Correlated(0.9), 2), None);
    assert!(few.columns.iter().all(|finding| finding.axis != Axis::Together));
    assert!(few.warnings.iter().any(|it| it.contains("150 of the batch were sampled")), "{:?}", few.warnings);
}

/// A baseline that an older version wrote has no sample: that is told, and nothing else changes.
#[test]
fn a_baseline_without_a_sample_is_told_and_changes_nothing_else() {
    let (before, after) =
        (table(1000, 3, Rows::Correlated(0.9), 1), table(1000, 3, Rows::Correlated(-0.9), 2));
    let mut frozen = side(&before, None, None).freeze();
    frozen.sample = None;
    let current = side(&after, Some(&frozen), None);
    let old = ComparedSide::Baseline(frozen.clone());
    let choice = ColumnSelection { ignore: vec!["user".into(), "day".into()], ..ColumnSelection::default() };
    let drift = compare_files(&old, &frozen, &current, &choice, &Policy::default()).unwrap();
    assert_eq!(drift.verdict, Verdict::None);
    assert!(drift.columns.iter().all(|finding| finding.axis != Axis::Together));
    assert!(drift.warnings[0].contains("the profile of the baseline holds no sample of rows"));
}

#[test]
fn the_importance_of_a_pair_counts_where_it_drifts() {
    let (before, after) =
        (table(1000, 4, Rows::Correlated(0.9), 1), table(1000, 4, Rows::Correlated(-0.9), 2));
    let frozen = side(&before, None, None).freeze();
    let ComparedSide::Data(scan) = side(&after, Some(&frozen), None) else { panic!() };
    let features: Vec<String> = (0..4).map(|column| format!("x{column}")).collect();
    let mut inputs = inputs(&frozen, &scan.binned, &features, None);
    inputs.iter_mut().zip([0.4, 0.2, 0.3, 0.1]).for_each(|(input, weight)| input.importance = Some(weight));
    let rows = SampledRows { baseline: frozen.sample.as_ref(), current: scan.profile.sample.as_ref() };
    let drift = compare_rows(&inputs, rows, &Policy { importance_drift: 0.5, ..Policy::default() });
    let moved = drift.importance.unwrap();
    assert!((moved.drift - 0.6).abs() < 1e-12, "{moved:?}");
    assert_eq!(drift.verdict, Verdict::Drift);
}

/// Dependent rows without a word of which belong together: the warning, nearly always.
#[test]
fn rows_that_depend_on_one_another_are_told() {
    let told = |how, seed| {
        let drift = compared(&table(600, 3, how, seed), &table(600, 3, how, seed + 100), None);
        // Permutations of such rows would take chance for change.
        let tested = drift.columns.iter().any(|finding| finding.axis == Axis::Together);
        assert_eq!(tested, matches!(how, Rows::Plain), "{:?}", drift.warnings);
        drift.warnings.iter().any(|it| it.starts_with("The rows depend on one another"))
    };
    assert_eq!((0..20).filter(|&seed| told(Rows::Serial(0.9), seed)).count(), 20);
    assert_eq!((0..20).filter(|&seed| told(Rows::Users(10), seed)).count(), 20);
    // At a level of 0.1 % a side more than 1 of 40 are a matter of 1 in 300.
    assert!((0..40).filter(|&seed| told(Rows::Plain, seed)).count() <= 1);
}

/// Rows of one user that lie apart are told by the identifier that comes back.
#[test]
fn an_identifier_that_comes_back_is_told() {
    let mut rows: Vec<String> =
        table(1000, 3, Rows::Users(10), 1).lines().map(|row| format!("{row}\n")).collect();
    let header = rows.remove(0);
    let mut rng = SplitMix64::new(3);
    for place in (1..rows.len()).rev() {
        rows.swap(place, rng.below(place as u64 + 1) as usize);
    }
    let drift = compared(&table(1000, 3, Rows::Plain, 2), &(header + &rows.concat()), None);
    assert!(drift.warnings[0].contains("values of user come back"), "{:?}", drift.warnings);
}

/// Sorting rows makes neighbours alike and no row less independent.
#[test]
fn rows_that_were_sorted_are_not_taken_as_dependent() {
    let text = table(600, 3, Rows::Plain, 1);
    let mut rows: Vec<&str> = text.lines().skip(1).collect();
    let key = |row: &&str| row.split(',').nth(2).unwrap().parse::<f64>().unwrap();
    rows.sort_by(|a, b| key(a).total_cmp(&key(b)));
    let sorted = format!("{}\n{}\n", text.lines().next().unwrap(), rows.join("\n"));
    let drift = compared(&text, &sorted, None);
    assert!(drift.warnings.is_empty(), "{:?}", drift.warnings);
}

/// Alarms of any column in 60 pairs of tables in which nothing moved, with the groups named: at 5 % more than
/// 8 are a matter of 1 in 300. Without them the same tables alarm in most pairs.
#[test]
fn groups_that_are_named_keep_dependent_rows_from_alarming() {
    let alarms = |how: Rows, rows: usize, grouping: Option<Grouping>| {
        (0..60)
            .filter(|&seed| {
                let (before, after) = (table(rows, 4, how, 2 * seed + 1), table(rows, 4, how, 2 * seed + 2));
                let drift = compared(&before, &after, grouping.clone());
                let moved =
                    |finding: &Finding| finding.verdict == Verdict::Drift || finding.verdict == Verdict::Warn;
                drift.columns.iter().any(moved)
            })
            .count()
    };
    assert!(alarms(Rows::Users(10), 300, cluster()) <= 8);
    assert!(alarms(Rows::Serial(0.9), 1000, day()) <= 8);
    assert!(alarms(Rows::Serial(0.9), 1000, None) >= 15);
}

/// Groups are no excuse: what moved far is found all the same.
#[test]
fn a_large_change_is_drift_with_groups_too() {
    let before = table(1000, 3, Rows::Users(10), 1);
    let after: String = table(1000, 3, Rows::Users(10), 2)
        .lines()
        .map(|line| {
            let mut fields: Vec<String> = line.split(',').map(str::to_owned).collect();
            if let Ok(number) = fields[2].parse::<f64>() {
                fields[2] = format!("{:.4}", number + 1.5);
            }
            fields.join(",") + "\n"
        })
        .collect();
    let drift = compared(&before, &after, cluster());
    assert_eq!(drift.drifting().into_iter().collect::<Vec<_>>(), ["x0"]);
    let shape = drift.columns.iter().find(|it| it.name == "x1" && it.axis == Axis::Shape).unwrap();
    let design = shape.evidence.design_effect.unwrap();
    assert!((1.0..4.0).contains(&design), "{design}");
}

#[test]
fn too_few_groups_judge_nothing() {
    let (before, after) = (table(1000, 2, Rows::Users(200), 1), table(1000, 2, Rows::Users(200), 2));
    let drift = compared(&before, &after, cluster());
    assert_eq!(drift.verdict, Verdict::InsufficientData);
    assert!(drift.reasons[0].contains("fall into 5 groups; at least 10 are needed"), "{:?}", drift.reasons);
    // Nor does a column that is not there make rows independent.
    let nowhere = compared(&before, &after, Some(Grouping::Cluster("nowhere".to_owned())));
    assert_eq!(nowhere.verdict, Verdict::InsufficientData);
    assert!(nowhere.warnings.iter().any(|it| it.contains("1000 rows of the batch belong to no known group")));
}
