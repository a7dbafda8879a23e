//! Means and deviations certified by NIST's Statistical Reference Datasets (StRD, univariate summary statistics).
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout)]

use std::path::Path;

use pawl::dataset::{Scanner, Schema};

/// The mean and the sample standard deviation of a column, its numbers read from text.
fn moments(numbers: &[String]) -> (f64, f64) {
    let mut scanner = Scanner::new(&Schema::default());
    scanner.feed(format!("y\n{}\n", numbers.join("\n")).as_bytes(), &mut ()).unwrap();
    let column = scanner.finish(&mut ()).unwrap().profile.summary().columns.remove(0);
    (column.numbers.mean.unwrap(), column.numbers.std_dev.unwrap())
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

/// One file of the collection.
struct Certified {
    mean: f64,
    deviation: f64,
    numbers: Vec<String>,
}

/// Reads a file as NIST writes it: a head with the certified values and the number of observations, a line `Data: Y` with
/// a line of dashes below, then one number a line. Other lines of the head begin with `Data` too: the name, the kind.
fn read(text: &str) -> Result<Certified, String> {
    let certified = |label: &str| -> Result<f64, String> {
        let line = text.lines().find(|line| line.starts_with(label)).ok_or(format!("no line {label:?}"))?;
        let value = line.split(':').nth(1).unwrap_or_default().split_whitespace().next().unwrap_or_default();
        value.parse().map_err(|_| format!("{label}: {value:?} is no number"))
    };
    let lines: Vec<&str> = text.lines().collect();
    let is_rule = |line: &str| line.len() > 3 && line.trim_end().chars().all(|c| c == '-');
    let head = lines.windows(2).rposition(|pair| pair[0].starts_with("Data:") && is_rule(pair[1]));
    let head = head.ok_or("no line `Data:` above a line of dashes")?;
    let numbers = lines[head + 2..].iter().map(|line| line.trim()).filter(|line| !line.is_empty());
    let numbers: Vec<String> = numbers.map(str::to_owned).collect();
    if let Some(other) = numbers.iter().find(|number| number.parse::<f64>().is_err()) {
        return Err(format!("{other:?} stands among the numbers"));
    }
    let observations = certified("Number of Observations")?;
    if numbers.len() as f64 != observations {
        return Err(format!("{} numbers where the head tells {observations}", numbers.len()));
    }
    Ok(Certified {
        mean: certified("Sample Mean")?,
        deviation: certified("Sample Standard Deviation")?,
        numbers,
    })
}

#[test]
fn heads_are_told_from_data() {
    let head = "Dataset Name:  Lew (Beam Deflection Data)\nData:          \"Real World\"\n\
                Sample Mean                 ybar:  1.5\nSample Standard Deviation (denom. = n-1)  s: 0.5\n\
                Number of Observations:        2\n";
    let good = read(&format!("{head}\nData: Y\n-------\n  1\n  2\n")).unwrap();
    assert_eq!((good.mean, good.deviation, good.numbers.len()), (1.5, 0.5, 2));
    for (data, wanted) in [
        ("Data: Y\n-------\n  1\n", "1 numbers where the head tells 2"),
        ("Data: Y\n-------\n  1\n  x\n", "\"x\" stands among"),
        ("1\n2\n", "no line `Data:`"),
    ] {
        let refused = read(&format!("{head}\n{data}")).err().unwrap();
        assert!(refused.contains(wanted), "{refused}");
    }
}

#[test]
fn certified_values_are_met() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/oracles/nist-strd");
    let Ok(entries) = std::fs::read_dir(&root) else {
        println!("skipped: ../shared/oracles/nist-strd is absent");
        return;
    };
    let mut read_files = 0;
    for path in entries.map(|entry| entry.unwrap().path()) {
        if path.extension().is_none_or(|extension| extension != "dat") {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        let certified = read(&text).unwrap_or_else(|why| panic!("{path:?}: {why}"));
        let found = moments(&certified.numbers);
        let (mean, deviation) = (digits(found.0, certified.mean), digits(found.1, certified.deviation));
        assert!(
            mean >= 13.0 && deviation >= 8.0,
            "{path:?}: {found:?}, right to {mean} and {deviation} digits"
        );
        read_files += 1;
    }
    assert!(read_files > 0, "no file of the collection in {root:?}");
}
