//! Means and deviations certified by NIST's Statistical Reference Datasets (StRD, univariate summary statistics).
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::path::Path;

use pawl::dataset::{Scanner, Schema};

/// The mean and the sample standard deviation of a column, its numbers read from text.
fn moments(numbers: &[String]) -> (f64, f64) {
    let mut scanner = Scanner::new(&Schema::default());
    scanner.feed(format!("y\n{}\n", numbers.join("\n")).as_bytes(), &mut ()).unwrap();
    let column = scanner.finish(&mut ()).unwrap().profile.summary().columns.remove(0);
    (column.mean.unwrap(), column.std_dev.unwrap())
}

/// The number of right digits, up to 15.
fn digits(found: f64, certified: f64) -> f64 {
    -((found - certified) / certified).abs().max(1e-15).log10()
}

/// The four made to break one-pass formulas, by NIST's own description: digits lost to a large offset.
#[test]
fn the_hard_cases_keep_their_digits() {
    let around = |middle: &str, low: &str, high: &str, pairs: usize| {
        let pair = [low.to_owned(), high.to_owned()];
        let numbers: Vec<String> = std::iter::repeat_n(pair, pairs).flatten().collect();
        [vec![middle.to_owned()], numbers].concat()
    };
    let cases = [
        ("NumAcc1", around("10000001", "10000003", "10000002", 1), 10_000_002.0, 1.0, 15.0),
        ("NumAcc2", around("1.2", "1.1", "1.3", 500), 1.2, 0.1, 14.0),
        ("NumAcc3", around("1000000.2", "1000000.1", "1000000.3", 500), 1_000_000.2, 0.1, 9.0),
        ("NumAcc4", around("10000000.2", "10000000.1", "10000000.3", 500), 10_000_000.2, 0.1, 8.0),
    ];
    for (name, numbers, mean, deviation, least) in cases {
        let found = moments(&numbers);
        assert!(digits(found.0, mean) >= 14.0, "{name}: mean {}", found.0);
        // The doubles nearest to these decimals have no more digits of a deviation than this.
        assert!(
            digits(found.1, deviation) >= least,
            "{name}: deviation {} ({})",
            found.1,
            digits(found.1, deviation)
        );
    }
}

/// Every file of the collection: `Certified Values` in its head, numbers after the line `Data`.
#[test]
fn certified_values_are_met() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/oracles/nist-strd");
    let Ok(entries) = std::fs::read_dir(&root) else {
        println!("skipped: ../shared/oracles/nist-strd is absent");
        return;
    };
    for path in
        entries.map(|entry| entry.unwrap().path()).filter(|path| path.extension().is_some_and(|e| e == "dat"))
    {
        let text = std::fs::read_to_string(&path).unwrap();
        let certified = |label: &str| -> Option<f64> {
            let line = text.lines().find(|line| line.contains(label))?;
            line.split(':').nth(1)?.split_whitespace().next()?.parse().ok()
        };
        let (Some(mean), Some(deviation)) =
            (certified("Sample Mean"), certified("Sample Standard Deviation"))
        else {
            continue;
        };
        let data = text.lines().skip_while(|line| !line.starts_with("Data")).skip(1);
        let numbers: Vec<String> = data
            .filter_map(|line| line.split_whitespace().next())
            .filter(|word| word.parse::<f64>().is_ok())
            .map(str::to_owned)
            .collect();
        let found = moments(&numbers);
        assert!(digits(found.0, mean) >= 13.0 && digits(found.1, deviation) >= 8.0, "{path:?}: {found:?}");
    }
}
