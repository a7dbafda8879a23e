//! How often whole rows alarm, and how often they should: simulated tables, compared as `pawl drift` does.
//!
//! `cargo run -p pawl-drift --example rows -- 400` makes 400 pairs of tables a line; a word behind the number keeps
//! the settings whose name holds it. It prints, for each setting,
//! in how many pairs any column drifts or is a warning (`alarms`), the columns together do (`together`), and the
//! warning of dependent rows is given (`told`). Nothing is asserted; `docs/drift.md` has the table.

use std::io::Write;

use pawl_base::random::SplitMix64;
use pawl_data::dataset::{Scanner, Schema};
use pawl_data::profile::Grouping;
use pawl_data::profile::bins::Baseline;
use pawl_drift::files::{ColumnSelection, ComparedSide, compare_files};
use pawl_drift::{Axis, Drift, Policy, Verdict};

/// How rows come about.
#[derive(Clone, Copy)]
enum Rows {
    Plain,
    /// The first two columns correlate.
    Correlated(f64),
    /// Each column is an AR(1) series.
    Serial(f64),
    /// Rows of a user, of whose variance so much is the user's own.
    Users {
        each: usize,
        own: f64,
    },
}

/// One line of the table.
struct Setting {
    name: &'static str,
    rows: (usize, usize),
    columns: usize,
    before: Rows,
    after: Rows,
    grouping: Option<Grouping>,
}

fn table(rows: usize, columns: usize, how: Rows, rng: &mut SplitMix64) -> String {
    let names: Vec<String> = (0..columns).map(|column| format!("x{column}")).collect();
    let mut text = format!("user,hour,{}\n", names.join(","));
    let start: Vec<f64> = (0..columns).map(|_| rng.normal()).collect();
    let (mut last, mut own) = (start.clone(), start);
    let users = rng.next_u64();
    let each = if let Rows::Users { each, .. } = how { each } else { 1 };
    for row in 0..rows {
        let mut values: Vec<f64> = (0..columns).map(|_| rng.normal()).collect();
        match how {
            Rows::Plain => {}
            Rows::Correlated(rho) => values[1] = rho * values[0] + (1.0 - rho * rho).sqrt() * values[1],
            Rows::Serial(phi) => {
                for (value, last) in values.iter_mut().zip(&mut last) {
                    *last = phi * *last + (1.0 - phi * phi).sqrt() * *value;
                    *value = *last;
                }
            }
            Rows::Users { each, own: share } => {
                if row % each == 0 {
                    own.iter_mut().for_each(|own| *own = rng.normal());
                }
                for (value, own) in values.iter_mut().zip(&own) {
                    *value = *value * (1.0 - share).sqrt() + own * share.sqrt();
                }
            }
        }
        // A fifth of the columns are categories.
        let field = |(column, value): (usize, &f64)| match column % 5 {
            4 => format!("c{}", ((value + 2.0).clamp(0.0, 4.0) * 1.5) as u32),
            _ => format!("{value:.4}"),
        };
        let fields: Vec<String> = values.iter().enumerate().map(field).collect();
        let hour = jiff::Timestamp::UNIX_EPOCH + jiff::SignedDuration::from_hours(row as i64);
        text += &format!("u{}-{users},{hour},{}\n", row / each, fields.join(","));
    }
    text
}

fn side(text: &str, baseline: Option<&Baseline>, grouping: Option<&Grouping>) -> Option<ComparedSide> {
    let mut scanner = Scanner::new(&Schema::default()).with_row_sample().with_groups(grouping);
    if let Some(baseline) = baseline {
        scanner = scanner.with_baseline(baseline);
    }
    scanner.feed(text.as_bytes(), &mut ()).ok()?;
    Some(ComparedSide::Data(Box::new(scanner.finish(&mut ()).ok()?)))
}

fn compared(setting: &Setting, rng: &mut SplitMix64) -> Option<Drift> {
    let (n, m) = setting.rows;
    let before = table(n, setting.columns, setting.before, rng);
    let after = table(m, setting.columns, setting.after, rng);
    let grouping = setting.grouping.as_ref();
    let before = side(&before, None, grouping)?;
    let frozen = before.freeze();
    let after = side(&after, Some(&frozen), grouping)?;
    let choice = ColumnSelection {
        ignore: vec!["user".to_owned(), "hour".to_owned()],
        grouping: grouping.cloned(),
        ..ColumnSelection::default()
    };
    compare_files(&before, &frozen, &after, &choice, &Policy::default()).ok()
}

fn settings() -> Vec<Setting> {
    let day = || Some(Grouping::Block { date: None, hour: None, seconds: 86_400 });
    let user = || Some(Grouping::Cluster("user".to_owned()));
    let same = |name, rows, columns, how, grouping| Setting {
        name,
        rows,
        columns,
        before: how,
        after: how,
        grouping,
    };
    let turned = |name, rows, columns| Setting {
        name,
        rows,
        columns,
        before: Rows::Correlated(0.9),
        after: Rows::Correlated(-0.9),
        grouping: None,
    };
    let users = |own| Rows::Users { each: 10, own };
    vec![
        same("nothing moved", (1000, 300), 5, Rows::Plain, None),
        same("nothing moved", (1000, 1000), 10, Rows::Plain, None),
        same("nothing moved", (1000, 1000), 40, Rows::Plain, None),
        same("wide data in which nothing moved", (1000, 1000), 250, Rows::Plain, None),
        same("nothing moved, correlation .9", (1000, 1000), 10, Rows::Correlated(0.9), None),
        turned("correlation .9 to -.9", (1000, 1000), 10),
        same("AR(1) .5, no block", (1000, 1000), 10, Rows::Serial(0.5), None),
        same("AR(1) .9, no block", (1000, 1000), 10, Rows::Serial(0.9), None),
        same("AR(1) .9, block day", (1000, 1000), 10, Rows::Serial(0.9), day()),
        same("AR(1) .9, block day", (5000, 5000), 10, Rows::Serial(0.9), day()),
        same("AR(1) .99, no block", (5000, 5000), 10, Rows::Serial(0.99), None),
        same("AR(1) .99, block day", (5000, 5000), 10, Rows::Serial(0.99), day()),
        same("10 rows a user, half own, no cluster", (1000, 1000), 10, users(0.5), None),
        same("10 rows a user, .2 own, no cluster", (1000, 1000), 10, users(0.2), None),
        same("30 users of 10 rows, half own", (300, 300), 10, users(0.5), user()),
        same("30 users of 10 rows, all own", (300, 300), 10, users(1.0), user()),
        same("100 users of 10 rows, half own", (1000, 1000), 10, users(0.5), user()),
        same("100 users of 10 rows, all own", (1000, 1000), 10, users(1.0), user()),
        same("500 users of 10 rows, all own", (5000, 5000), 10, users(1.0), user()),
        same("independent rows, a user each, cluster", (1000, 1000), 10, Rows::Plain, user()),
        same("nothing moved", (20_000, 50_000), 20, Rows::Plain, None),
        turned("correlation .9 to -.9", (20_000, 50_000), 20),
    ]
}

fn main() -> std::io::Result<()> {
    let runs: u64 = std::env::args().nth(1).and_then(|it| it.parse().ok()).unwrap_or(100);
    let mut out = std::io::stdout().lock();
    let only = std::env::args().nth(2).unwrap_or_default();
    writeln!(
        out,
        "{:>40} {:>15} {:>8} {:>8} {:>9} {:>8} {:>6} {:>7}",
        "setting", "rows", "columns", "alarms", "together", "drift", "told", "silent"
    )?;
    for setting in settings().into_iter().filter(|setting| setting.name.contains(&only)) {
        let runs = if setting.rows.1 > 10_000 { runs / 8 } else { runs };
        let mut rng = SplitMix64::new(20_261_201);
        let (mut alarms, mut together, mut drifts, mut told, mut silent) = (0, 0, 0, 0, 0);
        for _ in 0..runs {
            let Some(drift) = compared(&setting, &mut rng) else { continue };
            let moved =
                |finding: &&pawl_drift::Finding| matches!(finding.verdict, Verdict::Warn | Verdict::Drift);
            alarms += u64::from(drift.columns.iter().any(|it| moved(&it)));
            let all = drift.columns.iter().filter(|it| it.axis == Axis::Together);
            together += u64::from(all.clone().any(|it| moved(&it)));
            drifts += u64::from(all.clone().any(|it| it.verdict == Verdict::Drift));
            told += u64::from(drift.warnings.iter().any(|it| it.starts_with("The rows")));
            silent += u64::from(drift.verdict == Verdict::InsufficientData);
        }
        let share = |count: u64| format!("{:.3}", count as f64 / runs as f64);
        writeln!(
            out,
            "{:>40} {:>15} {:>8} {:>8} {:>9} {:>8} {:>6} {:>7}",
            setting.name,
            format!("{}/{}", setting.rows.0, setting.rows.1),
            setting.columns,
            share(alarms),
            share(together),
            share(drifts),
            share(told),
            share(silent)
        )?;
        out.flush()?;
    }
    Ok(())
}
