//! Do the columns still move together as they did? A change that no single column shows, such as a
//! correlation that turned round.
//!
//! One test over all pairs of columns, on a bounded sample of rows of either side. Each column is replaced by
//! its ranks on its own side (and by how far a rank lies from the middle; a category by whether it is one of
//! the commonest), so that a column that moved alone changes nothing here. The correlations of all pairs of
//! these scores are compared, and the largest difference is held against permutations of the rows
//! ([`pairs::compare`]). Dependence that shows in no pair, as of an exclusive or of three columns, is not
//! seen.

mod pairs;
mod scores;

use pawl_data::profile::{RowSample, SAMPLED_PAIRS};

use super::document::{Axis, Drift, DriftTest, EffectUnit, Finding, Role, Verdict};
use super::input::Input;
use super::material;
use super::measure::{Draft, blank};
use super::moved::{MovedPair, PairedColumn, PairedScore};
use super::policy::Policy;
use pairs::{Compared, Pair};
use scores::{Score, ScoreKind, Scores};

/// The name under which the comparison of all columns together stands among the columns.
pub const ALL_COLUMNS: &str = "all columns";

/// The most pairs that a document names.
const NAMED: usize = 5;

/// A sample of the rows of either side; none where its profile holds none.
#[derive(Debug, Clone, Copy, Default)]
pub struct SampledRows<'a> {
    /// Of the baseline.
    pub baseline: Option<&'a RowSample>,
    /// Of the batch.
    pub current: Option<&'a RowSample>,
}

/// What came of comparing the columns together.
#[derive(Default)]
pub(super) struct Together {
    /// None where it could not be tested.
    pub draft: Option<Draft>,
    /// Those that moved for sure, the most moved first; bounded.
    pub pairs: Vec<MovedPair>,
    /// What was left out, and why, in plain words.
    pub warnings: Vec<String>,
}

/// Compares the correlations of all columns that are compared as a whole.
pub(super) fn measure(inputs: &[Input<'_>], rows: SampledRows<'_>, policy: &Policy) -> Together {
    let whole = |input: &&Input<'_>| input.segment.is_none() && input.role != Role::Prediction;
    let compared: Vec<&Input<'_>> = inputs.iter().filter(whole).collect();
    let columns: Vec<_> =
        compared.iter().filter_map(|input| Some((input.name, &input.baseline?.bins))).collect();
    if columns.len() < 2 {
        return Together::default();
    }
    let (Some(baseline), Some(current)) = (rows.baseline, rows.current) else {
        let side = if rows.baseline.is_none() { "baseline" } else { "batch" };
        return untested(&format!(
            "the profile of the {side} holds no sample of rows; profile its data anew"
        ));
    };
    let scores = scores::scores(&columns, baseline, current);
    let (n, m) = (scores.baseline, scores.rows - scores.baseline);
    if let Some(why) = too_few(n, m, policy) {
        return untested(&why);
    }
    let grouped = inputs.iter().any(|input| input.groups.is_some());
    let Some(units) = units(baseline, current, grouped) else {
        return untested("not all sampled rows tell the group that they belong to; profile the data anew");
    };
    let Some(found) = pairs::compare(&scores, &units) else {
        return untested("no two of them vary in the sampled rows, or these are of too few groups");
    };
    let mut together = Together {
        pairs: moved(&found, &scores, &columns),
        draft: Some(draft(&found, (n, m), policy)),
        warnings: Vec::new(),
    };
    if scores.left_out > 0 {
        let left_out = scores.left_out;
        together.warnings.push(format!("{left_out} columns are not sampled: no pair of them was compared."));
    }
    together
}

/// Neighbours are alike and nobody said which rows belong together: permutations of the rows would take
/// chance for change.
pub(super) fn untested_dependent() -> Together {
    untested("the rows depend on one another, and nothing says which belong together")
}

/// The reason alone, where the columns together could not be tested.
fn untested(why: &str) -> Together {
    let warnings = vec![format!("Whether the columns still move together was not tested: {why}.")];
    Together { warnings, ..Together::default() }
}

/// Why the sampled rows are too few. A sample holds so many rows at most, whatever the policy asks for.
fn too_few(n: usize, m: usize, policy: &Policy) -> Option<String> {
    let least = policy.min_rows.min(SAMPLED_PAIRS as u64);
    (n.min(m) < least as usize)
        .then(|| format!("{n} rows of the baseline and {m} of the batch were sampled; {least} are needed"))
}

/// What is exchanged as one: the group of a row where rows are grouped, else the pair of neighbours that was
/// drawn, which may be alike. None where a row does not tell its group.
fn units(baseline: &RowSample, current: &RowSample, grouped: bool) -> Option<Vec<u64>> {
    if grouped {
        return baseline.rows().chain(current.rows()).map(|row| row.group).collect();
    }
    Some(baseline.pair_numbers().chain(current.pair_numbers()).collect())
}

fn draft(found: &Compared, (n, m): (usize, usize), policy: &Policy) -> Draft {
    let mut finding = blank(&Input::new(ALL_COLUMNS, Role::Feature, None, None), Axis::Together);
    (finding.evidence.n, finding.evidence.m) = (n as u64, m as u64);
    finding.evidence.test = Some(DriftTest::PermutedCorrelations);
    finding.evidence.statistic = Some(found.statistic);
    finding.evidence.p_value = Some(found.p_value);
    let change = found.pairs.first().map(Pair::change);
    finding.scores.correlation_change = change;
    finding.scores.correlation_change_lower = change.map(|change| (change - found.noise).max(0.0));
    finding.detectable.minimum = Some(found.noise + policy.correlation_warn);
    finding.detectable.unit = Some(EffectUnit::Correlation);
    // Its tail is carried on beyond the permutations: any p-value can be reached.
    let material = material::correlation(finding.scores.correlation_change_lower, policy);
    Draft { material, least_p_value: 0.0, ..Draft::of(finding, None) }
}

fn moved(
    found: &Compared,
    scores: &Scores,
    columns: &[(&str, &pawl_data::profile::bins::Bins)],
) -> Vec<MovedPair> {
    let side = |score: &Score| {
        let (name, _) = columns.get(score.column)?;
        let score = match score.kind {
            ScoreKind::Rank => PairedScore::Rank,
            ScoreKind::Spread => PairedScore::Spread,
            ScoreKind::Value => PairedScore::Value,
        };
        Some(PairedColumn { column: (*name).to_owned(), score })
    };
    let sure = found.pairs.iter().filter(|pair| pair.change() > found.noise);
    let named = |pair: &Pair| {
        Some(MovedPair {
            first: side(scores.all.get(pair.first)?)?,
            second: side(scores.all.get(pair.second)?)?,
            baseline: pair.baseline,
            current: pair.current,
            change_lower: pair.change() - found.noise,
        })
    };
    sure.filter_map(named).take(NAMED).collect()
}

/// Names the pairs in the reason of the finding, where it is no pass.
pub(super) fn name_pairs(drift: &mut Drift) {
    let lines: Vec<String> = drift.pairs.iter().map(line).collect();
    let told = |finding: &&mut Finding| finding.axis == Axis::Together && finding.verdict > Verdict::None;
    for finding in drift.columns.iter_mut().filter(told) {
        finding.reason += &format!(" Most: {}.", lines.join("; "));
    }
}

fn line(pair: &MovedPair) -> String {
    let of = |side: &PairedColumn| match side.score {
        PairedScore::Rank => side.column.clone(),
        PairedScore::Spread => format!("the distance of {} from its middle", side.column),
        PairedScore::Value => format!("a common value of {}", side.column),
    };
    let (first, second) = (of(&pair.first), of(&pair.second));
    format!("{first} with {second}, from {:.2} to {:.2}", pair.baseline, pair.current)
}
