//! Data made to break a reader: bounded, and refused with the place and the reason.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use pawl::constraints::{self, Policy};
use pawl::dataset::{
    ByteRange, Format, Header, RangeProgress, RangeScanner, Scan, ScanError, Scanner, Schema, Stitch,
};
use pawl::profile::bins::Baseline;
use pawl::profile::{Kll, Profile};
use proptest::prelude::*;

const FORMATS: [Format; 2] = [Format::Csv, Format::JsonLines];

fn scan(format: Format, chunks: impl IntoIterator<Item = Vec<u8>>) -> Result<Scan, ScanError> {
    let mut scanner = Scanner::of(format, &Schema::default());
    for chunk in chunks {
        scanner.feed(&chunk, &mut ())?;
    }
    scanner.finish(&mut ())
}

#[test]
fn an_endless_line_is_refused_long_before_its_end() {
    for (format, start) in
        [(Format::Csv, "a,b\n1,"), (Format::Csv, "a,b\n1,\""), (Format::JsonLines, "{\"a\":\"")]
    {
        let mut fed = 0;
        let endless = std::iter::once(start.as_bytes().to_vec())
            .chain(std::iter::repeat_n(vec![b'x'; 1 << 16], 1 << 14));
        let error = scan(format, endless.inspect(|chunk| fed += chunk.len())).unwrap_err();
        assert!(
            matches!(error, ScanError::RecordTooLong { limit, .. } if fed < limit + (1 << 17)),
            "{error}"
        );
    }
}

#[test]
fn a_quoted_field_of_line_ends_costs_no_more_than_its_length() {
    // Half a million line ends within quotes, a byte at a time at first: minutes, if each were tried anew.
    let field = "\n".repeat(500_000);
    let data = format!("a,b\n1,\"{field}\"\n2,x\n");
    let scan = scan(Format::Csv, data.as_bytes().chunks(4096).map(<[u8]>::to_vec)).unwrap();
    assert_eq!((scan.tally.rows, scan.tally.accepted), (2, 2));
}

#[test]
fn a_hundred_thousand_columns_are_refused() {
    let header: Vec<String> = (0..100_000).map(|index| format!("c{index}")).collect();
    let error = scan(Format::Csv, [format!("{}\n", header.join(",")).into_bytes()]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "line 1: 100000 columns, more than 20000: give the data with fewer columns, or name the character between fields"
    );
}

#[test]
fn saved_sketches_that_lie_are_refused() {
    let good = serde_json::to_value(Kll::default()).unwrap();
    assert!(serde_json::from_value::<Kll>(good.clone()).is_ok());
    let levels = |levels: serde_json::Value| {
        let mut bad = good.clone();
        bad["levels"] = levels;
        serde_json::from_value::<Kll>(bad)
    };
    assert!(levels(serde_json::json!(vec![Vec::<f64>::new(); 65])).is_err());
    assert!(levels(serde_json::json!([vec![0.5; 100_000]])).is_err());
    assert!(levels(serde_json::json!([])).is_err());
}

/// Bytes that look enough like data to get far into a reader.
fn garbage() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..6),
        prop::sample::select(vec![
            "\n",
            "\r\n",
            ",",
            "\"",
            "\"\"",
            "{",
            "}",
            "[",
            "]",
            ":",
            "{\"a\":",
            "\"b\":1",
            "null",
            "-1.5e3",
            "1e999",
            "\\u00e9",
            "\\ud800",
            "a,b\n",
            "\u{feff}",
            "NaN",
            "inf",
            "2012-01-01",
            "0x",
            " ",
            "9999999999999999999",
        ])
        .prop_map(|text| text.as_bytes().to_vec()),
    ];
    prop::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn garbage_is_read_or_refused_alike_in_any_chunks(data in garbage(), chunk in 1usize..40) {
        for format in FORMATS {
            let whole = scan(format, [data.clone()]);
            prop_assert_eq!(&scan(format, data.chunks(chunk).map(<[u8]>::to_vec)), &whole);
            let Ok(whole) = whole else { continue };
            prop_assert_eq!(whole.tally.rows, whole.tally.accepted + whole.tally.quarantined);
            for column in &whole.profile.columns {
                prop_assert_eq!(column.rows, whole.tally.accepted, "{}", &column.name);
                prop_assert_eq!(column.types.total() + column.missing, column.rows, "{}", &column.name);
            }
            // All that is made from a profile holds as well, and documents read back as they were.
            let _ = whole.profile.summary().to_string();
            let _ = constraints::suggest(&whole.profile, &Policy::default()).to_string();
            let _ = Baseline::freeze(&whole.profile);
            let text = serde_json::to_string(&whole.profile).unwrap();
            prop_assert_eq!(serde_json::from_str::<Profile>(&text).unwrap(), whole.profile);
        }
    }

    #[test]
    fn garbage_in_ranges_equals_the_whole(data in garbage(), each in 1u64..40) {
        for format in FORMATS {
            let Ok(whole) = scan(format, [data.clone()]) else { continue };
            let header = Header::of(format, &data, &Schema::default(), true).unwrap().unwrap();
            let mut stitch = Stitch::new(&header);
            for range in ByteRange::cover(&header, data.len() as u64, each) {
                for start in [None, Some(stitch.next_start())] {
                    let scanner = Scanner::of(format, &Schema::default());
                    let mut scanner = RangeScanner::new(scanner, &header, range, start);
                    let from = (scanner.first_byte() as usize).min(data.len());
                    let read = data[from..].chunks(7).try_fold((), |(), bytes| match scanner.feed(bytes, &mut ()) {
                        Ok(RangeProgress::More) => Ok(()),
                        Ok(RangeProgress::Done) => Err(None),
                        Err(error) => Err(Some(error)),
                    });
                    if let Err(Some(_)) = read {
                        prop_assert_eq!(start, None);
                        continue;
                    }
                    let part = scanner.finish(&mut ());
                    prop_assert!(part.is_ok() || start.is_none());
                    if part.is_ok_and(|part| stitch.add(part).is_ok()) {
                        break;
                    }
                }
            }
            let parts = stitch.finish();
            prop_assert_eq!(&parts.tally, &whole.tally);
            let columns = |scan: &Scan| {
                let mut all: Vec<_> = scan.profile.columns.iter().map(|c| (c.name.clone(), c.types, c.missing)).collect();
                all.sort_by(|a, b| a.0.cmp(&b.0));
                all
            };
            prop_assert_eq!(columns(&parts), columns(&whole));
        }
    }
}
