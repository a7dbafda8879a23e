//! The accepted rows once more: in the tables of the parts that they lie in, and in the sample.

use super::field::Row;
use super::grouped::Grouper;
use super::rules::ColumnJudge;
use super::table::{Column, Table};
use crate::constraints::Scan;
use crate::profile::{Grouping, SAMPLED_COLUMNS, SampledRow, SampledValue, Sampler, SegmentValues, Segments};

/// How much less memory for texts a part's column gets than one of the whole.
const SHARE: usize = 16;

impl Table {
    /// Divides the rows by these columns as well.
    #[must_use]
    pub(super) fn parted_by(mut self, columns: &[String]) -> Self {
        self.segments = Segments::by(columns);
        self
    }

    /// Draws a sample of the accepted rows as well, and counts them group by group.
    #[must_use]
    pub(super) fn sampled(mut self, wanted: bool, grouping: Option<&Grouping>) -> Self {
        self.sampler = wanted.then(Sampler::default);
        self.grouper = grouping.map(Grouper::new);
        self
    }

    /// Whether the next accepted row is wanted here.
    #[inline]
    pub(super) fn wants_row(&self) -> bool {
        !self.segments.is_empty()
            || self.grouper.is_some()
            || self.sampler.as_ref().is_some_and(Sampler::wants)
    }

    /// Passes over an accepted row that is not wanted.
    #[inline]
    pub(super) fn skip_row(&mut self) {
        if let Some(sampler) = &mut self.sampler {
            sampler.skip();
        }
    }

    /// Gives an accepted row to the sample and to its parts.
    pub(super) fn hand_out(&mut self, row: Row<'_>) {
        let record = row.record(&self.names, &self.judges);
        let baseline = self.known.baseline.as_ref();
        let group = self.grouper.as_mut().and_then(|grouper| grouper.count(&record, baseline));
        if self.sampler.as_ref().is_some_and(Sampler::wants) {
            let sampled = SampledRow { group, values: self.sampled_values(row) };
            if let Some(sampler) = &mut self.sampler {
                sampler.take(row.raw(), sampled);
            }
        } else {
            self.skip_row();
        }
        self.part(row);
    }

    /// A row's values as they are sampled.
    fn sampled_values(&self, row: Row<'_>) -> Vec<SampledValue> {
        let columns = self.columns.iter().zip(&self.judges).enumerate();
        let profiled = columns.filter(|(_, (column, _))| column.profiled).take(SAMPLED_COLUMNS);
        let value = |(index, (_, judge)): (usize, (&Column, &ColumnJudge))| match row.fields.get(index) {
            Some(span) => {
                let field = span.field(row.bytes);
                SampledValue::of(&field, judge.read(&field, span.kind))
            }
            None => SampledValue::Missing,
        };
        profiled.map(value).collect()
    }

    /// Counts an accepted row in its parts.
    fn part(&mut self, row: Row<'_>) {
        if self.segments.is_empty() {
            return;
        }
        let mut segments = std::mem::take(&mut self.segments);
        for (column, parts) in segments.iter_mut() {
            let index = self.names.iter().position(|name| name == column);
            let spelled = |index| row.record(&self.names, &self.judges).spelled(index);
            let value = index.map(spelled).unwrap_or_default();
            if let Some(part) = parts.part(&value, || self.part_of(column, &value)) {
                for name in self.names.iter().skip(part.names.len()) {
                    part.add_column(name.clone(), self.names.len() * SHARE);
                }
                part.decide(row, &[], &mut ());
            }
        }
        self.segments = segments;
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
            let seen = |(name, its): (&String, &Column)| name == column && its.seen;
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
                alone.profile.left_out = 0;
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
