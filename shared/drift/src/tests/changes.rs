//! What each kind of change must come to: the rows of the table in `docs/drift.md`, from data as it comes.
//! `scripts/bench drift` measures the rates; here stands that none of the rows is forgotten.

use pawl_base::random::SplitMix64;
use pawl_data::dataset::{Scan, Scanner, Schema};
use pawl_data::profile::bins::Baseline;

use super::*;

/// What a column holds, given random numbers.
type Make = fn(&mut Draws) -> String;

struct Draws(SplitMix64);

impl Draws {
    fn uniform(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }

    fn normal(&mut self) -> f64 {
        let (a, b) = (1.0 - self.uniform(), self.uniform());
        (-2.0 * a.ln()).sqrt() * (std::f64::consts::TAU * b).cos()
    }

    /// One of the values, by their shares.
    fn of<'a>(&mut self, shares: &[(&'a str, f64)]) -> &'a str {
        let mut rank = self.uniform();
        let found = shares.iter().find(|(_, share)| {
            rank -= share;
            rank < 0.0
        });
        found.unwrap_or(&shares[shares.len() - 1]).0
    }
}

const HEAVY: Make = |d| d.normal().exp().to_string();
const NORMAL: Make = |d| d.normal().to_string();
const AROUND_TWO: Make = |d| (2.0 + d.normal()).to_string();
const LABEL: Make = |d| d.of(&[("1", 0.1), ("0", 0.9)]).to_owned();
const TOWNS: Make = |d| d.of(&[("a", 0.3), ("b", 0.2), ("c", 0.2), ("d", 0.2), ("e", 0.1)]).to_owned();

/// A change: its name, the column before and after.
type Change = (&'static str, Make, Make);

const GROSS: [Change; 6] = [
    ("mean by 0.5 deviations", NORMAL, |d| (d.normal() + 0.5).to_string()),
    ("deviation times 1.5", NORMAL, |d| (d.normal() * 1.5).to_string()),
    ("unit times 100", AROUND_TWO, |d| (200.0 + 100.0 * d.normal()).to_string()),
    ("sign", AROUND_TWO, |d| (-2.0 - d.normal()).to_string()),
    ("a stuck column", NORMAL, |_| "0.31".to_owned()),
    ("a new category of 5 %", TOWNS, |d| if d.uniform() < 0.05 { "new".to_owned() } else { TOWNS(d) }),
];

const MATERIAL: [Change; 10] = [
    ("mean by 0.3 deviations", NORMAL, |d| (d.normal() + 0.3).to_string()),
    ("variance times 1.5", NORMAL, |d| (d.normal() * 1.5_f64.sqrt()).to_string()),
    ("top 5 % times 3", HEAVY, |d| tail(d, 1.6449, 3.0)),
    ("label from 10 to 20 %", LABEL, |d| d.of(&[("1", 0.2), ("0", 0.8)]).to_owned()),
    ("categories of 30 and 20 % swapped", TOWNS, |d| {
        d.of(&[("a", 0.2), ("b", 0.3), ("c", 0.2), ("d", 0.2), ("e", 0.1)]).to_owned()
    }),
    ("missing from 1 to 3 %", |d| missing(d, 0.01), |d| missing(d, 0.03)),
    ("a new category of 2 %", TOWNS, |d| if d.uniform() < 0.02 { "new".to_owned() } else { TOWNS(d) }),
    ("10 % of the rows stuck", NORMAL, |d| if d.uniform() < 0.1 { "0.31".to_owned() } else { NORMAL(d) }),
    ("tail of 2 % times 5", HEAVY, |d| tail(d, 2.0537, 5.0)),
    ("a flag from 1.1 to 6.5 %", |d| flag(d, 0.011), |d| flag(d, 0.065)),
];

const SMALL: [Change; 2] = [
    ("mean by 0.05 deviations", NORMAL, |d| (d.normal() + 0.05).to_string()),
    ("label from 10 to 10.5 %", LABEL, |d| d.of(&[("1", 0.105), ("0", 0.895)]).to_owned()),
];

fn tail(draws: &mut Draws, beyond: f64, times: f64) -> String {
    let number = draws.normal();
    (number.exp() * if number > beyond { times } else { 1.0 }).to_string()
}

fn missing(draws: &mut Draws, share: f64) -> String {
    if draws.uniform() < share { String::new() } else { NORMAL(draws) }
}

fn flag(draws: &mut Draws, share: f64) -> String {
    if draws.uniform() < share { "true" } else { "false" }.to_owned()
}

fn scan(text: &str, baseline: Option<&Baseline>) -> Scan {
    let mut scanner = Scanner::new(&Schema::default());
    if let Some(baseline) = baseline {
        scanner = scanner.with_baseline(baseline);
    }
    scanner.feed(text.as_bytes(), &mut ()).unwrap();
    scanner.finish(&mut ()).unwrap()
}

fn table(columns: &[Make], rows: usize, draws: &mut Draws) -> String {
    let names: Vec<String> = (0..columns.len()).map(|index| format!("c{index}")).collect();
    let mut text = names.join(",") + "\n";
    for _ in 0..rows {
        let fields: Vec<String> = columns.iter().map(|make| make(draws)).collect();
        text += &(fields.join(",") + "\n");
    }
    text
}

/// One changed column among quiet ones.
fn compared((_, before, after): Change, n: usize, m: usize, quiet: usize, seed: u64) -> Drift {
    let mut draws = Draws(SplitMix64::new(seed));
    let others = || [NORMAL, TOWNS, LABEL, HEAVY].into_iter().cycle().take(quiet);
    let columns = |changed| std::iter::once(changed).chain(others()).collect::<Vec<Make>>();
    let before = scan(&table(&columns(before), n, &mut draws), None);
    // Counted once more in its own bins, as a second pass does.
    let frozen = Baseline::freeze(&before.profile);
    let batch = scan(&table(&columns(after), m, &mut draws), Some(&frozen));
    let features: Vec<String> = frozen.columns.iter().map(|column| column.name.clone()).collect();
    compare(&inputs(&frozen, &batch.binned, &features, None), &Policy::default())
}

fn told(drift: &Drift) -> String {
    drift.reasons.join("\n")
}

#[test]
fn gross_changes_drift_in_a_thousand_rows_among_ten_columns() {
    for change in GROSS {
        for seed in 0..5 {
            let drift = compared(change, 1000, 1000, 9, seed);
            assert!(drift.drifting().contains("c0"), "{}, seed {seed}: {}", change.0, told(&drift));
        }
    }
}

#[test]
fn material_changes_drift_in_20000_rows_against_50000() {
    for (seed, change) in (100..).zip(GROSS.into_iter().chain(MATERIAL)) {
        let drift = compared(change, 50_000, 20_000, 3, seed);
        assert_eq!(
            drift.drifting().into_iter().collect::<Vec<_>>(),
            ["c0"],
            "{}: {}",
            change.0,
            told(&drift)
        );
    }
}

#[test]
fn small_changes_are_told_and_never_drift() {
    for (seed, change) in (200..).zip(SMALL) {
        let drift = compared(change, 200_000, 200_000, 0, seed);
        assert!(drift.verdict < Verdict::Drift, "{}: {}", change.0, told(&drift));
        let shape = drift.columns.iter().find(|it| it.name == "c0" && it.axis == Axis::Shape).unwrap();
        assert!(shape.evidence.q_value.unwrap() < 0.05, "{}: {}", change.0, shape.reason);
        assert!(shape.reason.starts_with("Moved for sure, but too little to matter"), "{}", shape.reason);
    }
}

/// The same rows, spelled in several ways: the same verdicts and the same p-values.
#[test]
fn the_spelling_of_values_decides_nothing() {
    let spellings: [[&str; 3]; 4] =
        [["0", "1", "2"], ["no", "yes", "perhaps"], ["0.5", "1.5", "7.5"], ["x", "y", "z"]];
    let words = [["0", "1"], ["no", "yes"], ["false", "true"], ["1", "2"], ["a", "b"]];
    let verdicts = |of: &dyn Fn(usize) -> String, before: &[f64], after: &[f64]| {
        let column = |shares: &[f64], rows: usize| {
            let mut text = "k\n".to_owned();
            for (value, share) in shares.iter().enumerate() {
                text += &format!("{}\n", of(value)).repeat((share * rows as f64).round() as usize);
            }
            text
        };
        let frozen = Baseline::freeze(&scan(&column(before, 5_000), None).profile);
        let batch = scan(&column(after, 2_000), Some(&frozen));
        let drift = compare(&inputs(&frozen, &batch.binned, &["k".to_owned()], None), &Policy::default());
        drift.columns.iter().map(|it| (it.axis, it.verdict, it.evidence.p_value)).collect::<Vec<_>>()
    };
    for (before, after) in [(0.4, 0.6), (0.4, 0.44), (0.1, 0.2), (0.1, 0.105), (0.01, 0.03), (0.5, 0.5)] {
        let of = |word: &[&str; 2]| {
            let word = word.map(str::to_owned);
            verdicts(&move |value| word[value].clone(), &[1.0 - before, before], &[1.0 - after, after])
        };
        let first = of(&words[0]);
        words.iter().for_each(|word| assert_eq!(of(word), first, "{before} to {after} as {word:?}"));
    }
    let of = |word: &[&str; 3]| {
        let word = word.map(str::to_owned);
        verdicts(&move |value| word[value].clone(), &[0.5, 0.3, 0.2], &[0.5, 0.2, 0.3])
    };
    let first = of(&spellings[0]);
    assert!(first.iter().any(|(_, verdict, _)| *verdict == Verdict::Drift), "{first:?}");
    spellings.iter().for_each(|word| assert_eq!(of(word), first, "{word:?}"));
}
