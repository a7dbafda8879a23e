//! Slices: does the challenger fail a part of the rows while it wins over all?

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::cells::{AND, Cells, Counts, Sums, sum};
use super::fairness::Action;
use super::metric::{Better, Metric};
use super::policy::Policy;
use super::verdict::{Check, Code, Reason};
use pawl_stats::{Interval, holm, tango};

/// The most slices a judgement lists, the worst first.
const LISTED: usize = 20;

/// The slices part of the gate's policy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SlicePolicy {
    /// Columns whose values, one by one and in pairs of columns, are searched for slices that lose.
    /// Default: none.
    pub columns: Vec<String>,
    /// Slices that must be there with enough rows. Default: none.
    pub named: Vec<NamedSlice>,
    /// Fewer rows than this are no slice. Default 100.
    pub minimum_rows: u64,
    /// What follows when a slice is shown to lose: accuracy by McNemar, for `regression` the mean absolute error by a
    /// paired t-test; Holm over all slices. Default: ask.
    pub action: Action,
}

impl Default for SlicePolicy {
    fn default() -> Self {
        Self { columns: Vec::new(), named: Vec::new(), minimum_rows: 100, action: Action::Ask }
    }
}

/// Rows whose column has this value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NamedSlice {
    /// The column.
    pub column: String,
    /// Its value.
    pub value: String,
}

/// What was found on one slice.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SliceFinding {
    /// `column=value`, for a pair of columns `a & b=x & y`.
    pub slice: String,
    /// Its rows.
    pub rows: u64,
    /// What changes: accuracy, or the mean absolute error of a number.
    pub metric: Metric,
    /// Challenger's value − champion's on it.
    pub change: f64,
    /// Interval of the change: Tango's, or Student's.
    pub interval: Option<Interval>,
    /// McNemar's mid-p, or that of the paired t-test.
    pub p_value: f64,
    /// Holm over all slices searched.
    pub adjusted_p_value: f64,
}

impl SlicePolicy {
    /// The groupings to count.
    pub(super) fn groupings(&self) -> Vec<Vec<String>> {
        let mut columns = self.columns.clone();
        columns.extend(self.named.iter().map(|n| n.column.clone()).filter(|c| !self.columns.contains(c)));
        let mut groupings: Vec<Vec<String>> = columns.into_iter().map(|c| vec![c]).collect();
        for (place, first) in self.columns.iter().enumerate() {
            let pairs = self.columns.iter().skip(place + 1);
            groupings.extend(pairs.map(|second| vec![first.clone(), second.clone()]));
        }
        groupings
    }
}

/// How both models compare on some rows.
pub(super) struct Compared {
    pub(super) metric: Metric,
    pub(super) rows: u64,
    pub(super) change: f64,
    pub(super) interval: Option<Interval>,
    pub(super) p_value: f64,
}

/// Sums that tell how both models compare.
pub(super) trait Comparable: Sums {
    /// The comparison; `None` without rows.
    fn compare(&self, alpha: f64) -> Option<Compared>;
}

impl Comparable for Cells {
    fn compare(&self, alpha: f64) -> Option<Compared> {
        let table = self.discordance();
        Some(Compared {
            metric: Metric::Accuracy,
            rows: table.rows,
            change: table.difference()?,
            interval: tango::interval(&table, alpha),
            p_value: table.mid_p(),
        })
    }
}

impl SliceFinding {
    fn loses(&self) -> bool {
        match self.metric.better() {
            Better::Higher => self.change < 0.0,
            Better::Lower => self.change > 0.0,
        }
    }
}

/// Searches the slices: the worst of them, and the reasons that follow.
pub(super) fn search<C: Comparable>(policy: &Policy, counts: &Counts<C>) -> (Vec<SliceFinding>, Vec<Reason>) {
    let rules = &policy.slices;
    let mut found = Vec::new();
    for columns in rules.groupings() {
        for (value, blocks) in counts.groups(&columns) {
            let compared = sum(blocks).compare(policy.alpha).filter(|it| it.rows >= rules.minimum_rows);
            found.extend(compared.map(|Compared { metric, rows, change, interval, p_value }| SliceFinding {
                slice: format!("{}={value}", columns.join(AND)),
                rows,
                metric,
                change,
                interval,
                p_value,
                adjusted_p_value: 1.0,
            }));
        }
    }
    let adjusted = holm(&found.iter().map(|f| f.p_value).collect::<Vec<_>>());
    for (finding, p) in found.iter_mut().zip(adjusted) {
        finding.adjusted_p_value = p;
    }
    let mut reasons = Vec::new();
    for NamedSlice { column, value } in &rules.named {
        let name = format!("{column}={value}");
        if !found.iter().any(|f| f.slice == name) {
            let text = format!("fewer than {} rows have {name}", rules.minimum_rows);
            reasons.push(Reason::new(Check::Slice(name), Code::SliceTooSmall, text));
        }
    }
    found.sort_by(|a, b| match a.metric.better() {
        Better::Higher => a.change.total_cmp(&b.change),
        Better::Lower => b.change.total_cmp(&a.change),
    });
    let code = match rules.action {
        Action::Block => Code::SliceBroken,
        Action::Ask => Code::SliceAsks,
        Action::Warn => Code::SliceWarning,
    };
    for lost in found.iter().filter(|f| f.loses() && f.adjusted_p_value <= policy.alpha).take(LISTED) {
        let text = format!(
            "on {} rows the challenger loses: {} {:+.4}, p {:.3e} by Holm",
            lost.rows, lost.metric, lost.change, lost.adjusted_p_value
        );
        reasons.push(Reason::new(Check::Slice(lost.slice.clone()), code, text));
    }
    found.truncate(LISTED);
    (found, reasons)
}
