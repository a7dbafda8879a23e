//! What is compared: the columns of a batch, each paired with the baseline's.

use super::design::ColumnGroups;
use super::document::Role;
use pawl_data::dataset::BinnedColumn;
use pawl_data::profile::bins::{Baseline, BaselineColumn, BinCounts};
use pawl_data::profile::{GroupedCounts, SegmentValues, Segments};

/// One column to compare, in all rows or in one segment of them.
#[derive(Debug, Clone, Copy)]
pub struct Input<'a> {
    /// The column's name.
    pub name: &'a str,
    /// What it is to the model.
    pub role: Role,
    /// The part of the rows, by column and value; none for all of them.
    pub segment: Option<(&'a str, &'a str)>,
    /// The frozen bins and the baseline's counts; none if the baseline lacks the column.
    pub baseline: Option<&'a BaselineColumn>,
    /// The batch counted in these bins; none if the batch lacks the column.
    pub current: Option<&'a BinCounts>,
    /// How much the champion leans on it, on any scale; none if its container does not say.
    pub importance: Option<f64>,
    /// The rank error of the batch, where its counts come from a quantile sketch; 0 for exact counts. The
    /// baseline's own stands in its column.
    pub rank_error: f64,
    /// Why nothing can be said, where that is known beforehand.
    pub unfit: Option<&'a str>,
    /// The batch group by group, where rows belong together; none where they are independent.
    pub groups: Option<ColumnGroups<'a>>,
}

impl<'a> Input<'a> {
    /// A column of all rows, as far as both sides have it.
    pub fn new(
        name: &'a str,
        role: Role,
        baseline: Option<&'a BaselineColumn>,
        current: Option<&'a BinCounts>,
    ) -> Self {
        Self {
            name,
            role,
            segment: None,
            baseline,
            current,
            importance: None,
            rank_error: 0.0,
            unfit: None,
            groups: None,
        }
    }
}

/// Tells each input which of the batch's rows belong together. The parts of the rows take the groups of the
/// whole: theirs are smaller, so their tests err to the safe side.
pub fn group<'a>(inputs: &mut [Input<'a>], groups: &'a GroupedCounts) {
    for input in inputs {
        let (order, ungrouped) = (groups.order, groups.ungrouped);
        input.groups = groups.column(input.name).map(|column| ColumnGroups { order, column, ungrouped });
    }
}

/// A column of a batch, counted in frozen bins.
pub trait BinnedCounts {
    /// The column's name.
    fn name(&self) -> &str;
    /// Its counts.
    fn counts(&self) -> &BinCounts;
}

impl BinnedCounts for BinnedColumn {
    fn name(&self) -> &str {
        &self.name
    }

    fn counts(&self) -> &BinCounts {
        &self.counts
    }
}

impl BinnedCounts for (String, BinCounts) {
    fn name(&self) -> &str {
        &self.0
    }

    fn counts(&self) -> &BinCounts {
        &self.1
    }
}

/// Pairs the named columns of a baseline with the counts of a batch: `features` in their order,
/// then the label. A name that a side lacks is compared all the same, and is `insufficient_data`.
///
/// Leave out columns that are new by construction, such as a date, a year or an index. For the parts of
/// the rows add [`in_segments`]; all inputs of one call to [`compare`](crate::compare) are corrected
/// together.
pub fn inputs<'a, C: BinnedCounts>(
    baseline: &'a Baseline,
    current: &'a [C],
    features: &'a [String],
    label: Option<&'a str>,
) -> Vec<Input<'a>> {
    let input = |name: &'a str, role| {
        let current = current.iter().find(|column| column.name() == name).map(BinnedCounts::counts);
        Input::new(name, role, baseline.column(name), current)
    };
    let features = features.iter().map(|name| input(name, Role::Feature));
    features.chain(label.map(|name| input(name, Role::Label))).collect()
}

/// The same for each part of the batch's rows, against the baseline's rows of that part. A column cannot
/// move where it makes the part, and is left out there.
pub fn in_segments<'a, C: BinnedCounts>(
    baseline: &'a Baseline,
    current: &'a Segments<Vec<C>>,
    features: &'a [String],
    label: Option<&'a str>,
) -> Vec<Input<'a>> {
    const NOTHING: &Baseline = &Baseline::NOTHING;
    let mut all = Vec::new();
    for (column, parts) in current.iter() {
        let theirs = baseline.segments.parts(column);
        let unfit = match (theirs, parts) {
            (None, _) => Some("No segments by this column are known of the baseline."),
            (Some(SegmentValues::TooMany), _) | (_, SegmentValues::TooMany) => {
                Some("It has too many values to segment by: name a column that has few.")
            }
            (_, SegmentValues::Of(parts)) if parts.is_empty() => {
                Some("There is no such column to segment by.")
            }
            (Some(SegmentValues::Of(_)), SegmentValues::Of(_)) => None,
        };
        if unfit.is_some() {
            all.push(Input { unfit, ..Input::new(column, Role::Feature, None, None) });
        } else if let SegmentValues::Of(parts) = parts {
            for (value, counts) in parts {
                let part = baseline.segments.get(column, value).unwrap_or(NOTHING);
                let within = inputs(part, counts, features, label).into_iter();
                let others = within.filter(|input| input.name != column);
                all.extend(others.map(|input| Input { segment: Some((column, value)), ..input }));
            }
        }
    }
    all
}
