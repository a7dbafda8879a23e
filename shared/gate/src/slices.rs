//! Slices: does the challenger fail a part of the rows while it wins over all?

use serde::{Deserialize, Serialize};

use crate::blocks::{Cells, GroupCounter, LEAST_BLOCKS, Sums, sum};
use crate::findings::{Check, Code, Reason};
use crate::policy::{AND, Better, Metric, NamedSlice, Policy};
use pawl_stats::jackknife::jackknife_ratio;
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
    /// Interval of the change: Tango's, or Student's; where the policy names a cluster column, the
    /// jackknife's.
    pub interval: Option<Interval>,
    /// McNemar's mid-p, or that of the paired t-test; where the policy names a cluster column, the
    /// jackknife's.
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

impl Compared {
    /// As a finding on this slice.
    fn on(self, slice: String) -> SliceFinding {
        let Self { metric, rows, change, interval, p_value } = self;
        SliceFinding { slice, rows, metric, change, interval, p_value, adjusted_p_value: 1.0 }
    }
}

/// Sums that tell how both models compare.
pub(crate) trait Comparable: Sums {
    /// The comparison; `None` without rows.
    fn compare(&self, alpha: f64) -> Option<Compared>;

    /// The change summed over the rows, and how many they are.
    fn change(&self) -> [f64; 2];
}

/// How both models compare on the rows of these blocks; `None` without rows. Where blocks are clusters, their
/// changes say how far it may be off; `Err` where there are too few of them.
fn compare<C: Comparable>(policy: &Policy, blocks: &[C]) -> Option<Result<Compared, TooFewClusters>> {
    let compared = sum(blocks).compare(policy.alpha)?;
    if policy.cluster.is_none() {
        return Some(Ok(compared));
    }
    let changes = blocks.iter().map(Comparable::change).filter(|[_, rows]| *rows > 0.0);
    let changes: Vec<[f64; 2]> = changes.collect();
    if changes.len() < LEAST_BLOCKS {
        return Some(Err(TooFewClusters { rows: compared.rows }));
    }
    let found = jackknife_ratio(&changes, policy.alpha).map(|(_, found)| found);
    let p_value = match found {
        Some(found) => found.p_value,
        None if compared.change == 0.0 => 1.0,
        // The same change in every cluster has no variance: the sign test over clusters.
        None => 0.5_f64.powi(changes.len() as i32 - 1),
    };
    Some(Ok(Compared { interval: found.map(|found| found.interval), p_value, ..compared }))
}

/// Rows of fewer clusters than can be judged.
struct TooFewClusters {
    rows: u64,
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

    fn change(&self) -> [f64; 2] {
        let table = self.discordance();
        [table.challenger_only as f64 - table.champion_only as f64, table.rows as f64]
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
    let (mut found, mut unjudged) = (Vec::new(), 0_u64);
    for columns in rules.groupings() {
        for (value, blocks) in counts.groups(&columns) {
            match compare(policy, blocks) {
                Some(Ok(compared)) if compared.rows >= rules.minimum_rows => {
                    found.push(compared.on(format!("{}={value}", columns.join(AND))));
                }
                Some(Err(TooFewClusters { rows })) if rows >= rules.minimum_rows => unjudged += 1,
                Some(Ok(_) | Err(_)) | None => {}
            }
        }
    }
    let adjusted = holm(&found.iter().map(|f| f.p_value).collect::<Vec<_>>());
    for (finding, p) in found.iter_mut().zip(adjusted) {
        finding.adjusted_p_value = p;
    }
    let mut reasons = missing(policy, &found);
    found.sort_by(|a, b| match a.metric.better() {
        Better::Higher => a.change.total_cmp(&b.change),
        Better::Lower => b.change.total_cmp(&a.change),
    });
    let code = Code::of(rules.action, Code::SliceBroken, Code::SliceAsks, Code::SliceWarning);
    for lost in found.iter().filter(|f| f.loses() && f.adjusted_p_value <= policy.alpha).take(LISTED) {
        let text = format!(
            "on {} rows the challenger loses: {} {:+.4}, p {:.3e} by Holm",
            lost.rows, lost.metric, lost.change, lost.adjusted_p_value
        );
        reasons.push(Reason::new(Check::Slice(lost.slice.clone()), code, text));
    }
    if unjudged > 0 {
        let text =
            format!("{unjudged} slices have fewer than {LEAST_BLOCKS} clusters each, and were not judged");
        reasons.push(Reason::new(Check::Slices, Code::SlicesUnjudged, text));
    }
    found.truncate(LISTED);
    (found, reasons)
}

/// A reason for each slice that must be there and could not be judged.
fn missing(policy: &Policy, found: &[SliceFinding]) -> Vec<Reason> {
    let mut reasons = Vec::new();
    for NamedSlice { column, value } in &policy.slices.named {
        let name = format!("{column}={value}");
        if found.iter().any(|f| f.slice == name) {
            continue;
        }
        let clusters =
            policy.cluster.as_ref().map(|_| format!(", or rows of fewer than {LEAST_BLOCKS} clusters"));
        let clusters = clusters.unwrap_or_default();
        let text = format!("fewer than {} rows have {name}{clusters}", policy.slices.minimum_rows);
        reasons.push(Reason::new(Check::Slice(name), Code::SliceTooSmall, text));
    }
    reasons
}
