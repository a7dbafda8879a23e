//! The accepted rows once more, each in the tables of the parts that it lies in.

use super::field::Row;
use super::table::Table;
use crate::constraints::Scan;
use crate::profile::value::FieldValue;
use crate::profile::{SegmentValues, Segments};

/// How much less memory for texts a part's column gets than one of the whole.
const SHARE: usize = 16;

impl Table {
    /// Divides the rows by these columns as well.
    #[must_use]
    pub(super) fn parted_by(mut self, columns: &[String]) -> Self {
        self.segments = Segments::by(columns);
        self
    }

    /// Whether accepted rows are wanted here.
    pub(super) fn has_parts(&self) -> bool {
        !self.segments.is_empty()
    }

    /// Counts an accepted row in its parts.
    pub(super) fn part(&mut self, row: Row<'_>) {
        if !self.has_parts() {
            return;
        }
        let mut segments = std::mem::take(&mut self.segments);
        for (column, parts) in segments.iter_mut() {
            let index = self.names.iter().position(|name| name == column);
            let value = index.map(|index| self.spelled(row, index)).unwrap_or_default();
            if let Some(part) = parts.part(&value, || self.part_of(column, &value)) {
                for name in self.names.iter().skip(part.names.len()) {
                    part.add_column(name.clone(), self.names.len() * SHARE);
                }
                part.decide(row, &[], &mut ());
            }
        }
        self.segments = segments;
    }

    /// One spelling for a value: `1` and `1.0` are the same, and all that is missing is empty.
    fn spelled(&self, row: Row<'_>, index: usize) -> String {
        let record = row.record(&self.names, &self.judges);
        match record.value(index) {
            None | Some(FieldValue::Missing) => String::new(),
            Some(FieldValue::Integral(number) | FieldValue::Fractional(number)) => number.to_string(),
            Some(FieldValue::Boolean | FieldValue::Timestamp | FieldValue::Text) => {
                record.text(index).unwrap_or_default().into_owned()
            }
        }
    }

    fn part_of(&self, column: &str, value: &str) -> Self {
        let known = &self.known;
        let baseline = known.baseline.as_ref().and_then(|baseline| baseline.segments.get(column, value));
        Self::new(Vec::new(), &known.schema, known.constraints.as_ref(), baseline)
    }

    /// Ends the parts. A column that the data lacks has made none.
    pub(super) fn finish_parts(&mut self) -> Segments<Scan> {
        let mut segments = std::mem::take(&mut self.segments);
        for (column, parts) in segments.iter_mut() {
            let seen = |(name, its): (&String, &super::table::Column)| name == column && its.seen;
            if !self.names.iter().zip(&self.columns).any(seen) {
                *parts = SegmentValues::default();
            }
            for (_, part) in parts.iter_mut() {
                for (mine, whole) in part.columns.iter_mut().zip(&self.columns) {
                    mine.seen = whole.seen;
                }
            }
        }
        segments.map(|_, _, part| part.finish(None))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use crate::constraints::{self, Policy, Range};
    use crate::dataset::{Format, Scan, Scanner, Schema, TimeOrder};
    use crate::profile::bins::Baseline;
    use crate::profile::{Profile, SegmentValues};

    const HEADER: &str = "day,town,sales,note\n";

    /// Rows of three towns, one of them without a name; three rows are bad.
    fn rows(of: impl Fn(&str) -> bool) -> String {
        let mut text = HEADER.to_owned();
        for row in 0..600u32 {
            let town = ["Rome", "\"Bad, Town\"", "NA"][(row % 3) as usize];
            let note = if row % 7 == 0 { "\"two\nlines\"" } else { "plain" };
            let sales = if row % 290 == 17 { "many".to_owned() } else { format!("{}", row * 37 % 101) };
            if of(town) {
                text += &format!("2012-01-{:02},{town},{sales},{note}\n", row / 24 + 1);
            }
        }
        text
    }

    fn scan(text: &str, schema: &Schema, segments: &[String], baseline: Option<&Baseline>) -> Scan {
        let sales = constraints::ColumnPolicy {
            length: Some(Range { min: None, max: Some(3.0) }),
            ..Default::default()
        };
        let policy = Policy { columns: [("sales".to_owned(), sales)].into(), ..Policy::default() };
        let constraints = constraints::suggest(&Profile::default(), &policy);
        let mut scanner =
            Scanner::of(Format::Csv, schema).with_segments(segments).with_constraints(&constraints);
        if let Some(baseline) = baseline {
            scanner = scanner.with_baseline(baseline);
        }
        for chunk in text.as_bytes().chunks(313) {
            scanner.feed(chunk, &mut ()).unwrap();
        }
        scanner.finish(&mut ()).unwrap()
    }

    /// Each part is what its rows alone would have yielded, in time order too.
    #[test]
    fn a_part_is_what_its_rows_alone_yield() {
        let by = ["town".to_owned()];
        let ordered = Schema {
            time: Some(TimeOrder { date: "day".to_owned(), hour: None, every: 86_400 }),
            ..Schema::default()
        };
        for schema in [Schema::default(), ordered] {
            let whole = scan(&rows(|_| true), &schema, &by, None);
            let baseline = Baseline::freeze(&whole.profile);
            let counted = scan(&rows(|_| true), &schema, &by, Some(&baseline));
            assert_eq!(whole.tally.quarantined, 3);
            for (value, town) in [("Rome", "Rome"), ("Bad, Town", "\"Bad, Town\""), ("", "NA")] {
                let frozen = baseline.segments.get("town", value).unwrap();
                let mut alone = scan(&rows(|it| it == town), &Schema::default(), &[], Some(frozen));
                // The rows that were refused belong to no part.
                alone.profile.part_rows = (alone.profile.rows, alone.profile.rows);
                assert_eq!(whole.profile.segments.get("town", value), Some(&alone.profile), "{value}");
                assert_eq!(counted.segments.get("town", value), Some(&alone.binned), "{value}");
                assert_eq!(*frozen, Baseline::freeze(&alone.profile));
            }
        }
    }

    #[test]
    fn a_column_that_the_data_lacks_makes_no_part() {
        let by = ["country".to_owned()];
        let whole = scan(&rows(|_| true), &Schema::default(), &by, None);
        let parts = whole.profile.segments.parts("country");
        assert!(matches!(parts, Some(SegmentValues::Of(none)) if none.is_empty()));
        let mut lines = Scanner::of(Format::JsonLines, &Schema::default()).with_segments(&by);
        lines.feed(b"{\"a\": 1}\n{\"a\": 2}\n", &mut ()).unwrap();
        let scan = lines.finish(&mut ()).unwrap();
        assert!(
            matches!(scan.profile.segments.parts("country"), Some(SegmentValues::Of(none)) if none.is_empty())
        );
    }

    /// Keys may come late in lines of JSON; the rows before lack them.
    #[test]
    fn lines_without_the_key_are_a_part_of_their_own() {
        let by = ["town".to_owned()];
        let mut lines = Scanner::of(Format::JsonLines, &Schema::default()).with_segments(&by);
        let text = b"{\"a\": 1}\n{\"a\": 2, \"town\": \"Rome\"}\n{\"town\": null, \"b\": 1.0}\n\
            {\"town\": 3}\n{\"town\": 3.0}\n";
        lines.feed(text, &mut ()).unwrap();
        let scan = lines.finish(&mut ()).unwrap();
        let rows = |value: &str| scan.profile.segments.get("town", value).map(|part| part.rows);
        assert_eq!((rows(""), rows("Rome"), rows("3")), (Some(2), Some(1), Some(2)));
        let unnamed = scan.profile.segments.get("town", "").unwrap();
        assert_eq!(unnamed.column("b").unwrap().missing, 1);
    }
}
