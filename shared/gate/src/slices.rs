//! Slices: does the challenger fail a part of the rows while it wins over all?

use serde::{Deserialize, Serialize};

use crate::blocks::{Cells, GroupCounter, Sums, sum};
use crate::findings::{Check, Code, Reason};
use crate::policy::{AND, Better, Consequence, Metric, NamedSlice, Policy};
use pawl_stats::{Interval, holm, tango};

/// The most slices a judgement lists, the worst first.
const LISTED: usize = 20;

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

/// How both models compare on some rows.
pub(crate) struct Compared {
    pub(crate) metric: Metric,
    pub(crate) rows: u64,
    pub(crate) change: f64,
    pub(crate) interval: Option<Interval>,
    pub(crate) p_value: f64,
}

/// Sums that tell how both models compare.
pub(crate) trait Comparable: Sums {
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
pub(crate) fn search<C: Comparable>(
    policy: &Policy,
    counts: &GroupCounter<C>,
) -> (Vec<SliceFinding>, Vec<Reason>) {
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
        Consequence::Block => Code::SliceBroken,
        Consequence::Ask => Code::SliceAsks,
        Consequence::Warn => Code::SliceWarning,
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
