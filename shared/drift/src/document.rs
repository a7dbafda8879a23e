//! The document `drift.json`: what was compared, every score, the verdicts and their reasons.

use std::borrow::Cow;
use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::baseline::ComparedWith;
use super::moved::MovedPair;
use super::policy::Policy;
use pawl_data::profile::Segment;

/// The version of the [`Drift`] document that this code writes.
pub const DRIFT_VERSION: u32 = 1;

/// What a comparison came to. The order is the order of severity: the worst one wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Enough data, and nothing moved that matters.
    None,
    /// Moved significantly, and by enough to be told.
    Warn,
    /// Too little data to say, or none. Never a pass.
    InsufficientData,
    /// Moved significantly and materially.
    Drift,
}

/// Along which of the four axes a column is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Axis {
    /// The share of null, empty and NaN values.
    Missingness,
    /// The share of values that the baseline never saw: a new category, a number out of range, an
    /// infinity, a text among numbers.
    Unseen,
    /// How the values spread over the bins frozen from the baseline.
    Shape,
    /// The share of each type of value.
    TypeMix,
    /// How the columns move together: one finding for all of them.
    Together,
}

impl Axis {
    /// Its name in metrics and documents.
    pub fn name(self) -> &'static str {
        match self {
            Self::Missingness => "missingness",
            Self::Unseen => "unseen",
            Self::Shape => "shape",
            Self::TypeMix => "type_mix",
            Self::Together => "together",
        }
    }
}

/// What a column is to the model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Default)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// An input.
    #[default]
    Feature,
    /// The truth it learns.
    Label,
    /// What it answers.
    Prediction,
}

/// The test behind a p-value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DriftTest {
    /// Pearson's chi-square of homogeneity on the table baseline by batch, bins with an expected count
    /// below 5 pooled. Where the bins have an order, the p-value is twice this test's: normal scores had
    /// the larger one.
    ContingencyChiSquare,
    /// Location and spread by normal scores, the first two orthogonal components of that chi-square in bins
    /// that have an order; the p-value is twice this test's, since the smaller of two was taken.
    NormalScores,
    /// Fisher's exact test, two-sided: two cells are left and one expects fewer than 5.
    FisherExact,
    /// The same, one-sided: more in the batch than the baseline leads to expect.
    FisherExactMore,
    /// Everything lies in one cell on both sides: nothing can have moved, p is 1.
    SingleCell,
    /// Kolmogorov–Smirnov at the edges of the bins, less the errors of the quantile sketches. Only in
    /// documents of older versions.
    KolmogorovSmirnovSketched,
    /// Kolmogorov–Smirnov at the edges of the bins. Only under `compat`.
    KolmogorovSmirnov,
    /// The largest difference of Fisher's transforms over all pairs of columns, held against permutations of
    /// the sampled rows.
    PermutedCorrelations,
    /// Chi-square of one sample, the baseline taken as the truth. Only under `compat`.
    OneSampleChiSquare,
}

/// Whose rule gave a verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DecisionRule {
    /// Enough data, significant, material.
    Pawl,
    /// Evidently: two-sample Kolmogorov–Smirnov, p below 0.05.
    EvidentlyKs,
    /// Evidently: chi-square of one sample, p below 0.05.
    EvidentlyChiSquare,
    /// Evidently: difference of two shares, p below 0.05.
    EvidentlyZ,
    /// Evidently: Wasserstein-1 over the baseline's deviation, 0.1 or more.
    EvidentlyWasserstein,
    /// Evidently: Jensen–Shannon distance, base 2, 0.1 or more.
    EvidentlyJensenShannon,
    /// SageMaker Model Monitor: Robust L-infinity distance above 0.1.
    SagemakerRobust,
}

/// Why a column, or one axis of it, has no verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoVerdict {
    /// Too little data, or counts that cannot be compared.
    InsufficientData,
    /// Nearly every row has a value of its own, and more than that speaks for an identifier.
    Identifier,
    /// Dates and times move by themselves: of them only missing values and types are compared.
    Time,
    /// The baseline has no such column.
    New,
    /// Left out, or not among the columns to compare.
    LeftOut,
}

/// A column, or one axis of it, that has no verdict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotJudged {
    /// The column.
    pub name: String,
    /// The axis; none for all of them.
    pub axis: Option<Axis>,
    /// Why.
    pub why: NoVerdict,
    /// The same in plain words.
    pub reason: String,
}

/// The unit of a minimum detectable effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EffectUnit {
    /// Population stability index.
    Psi,
    /// Change of a share, 0 to 1.
    Share,
    /// Shift of the mean, in standard deviations of the baseline.
    Sigma,
    /// Change of a correlation, 0 to 2.
    Correlation,
}

/// One bin as the test and the scores saw it, after pooling.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CountedBin {
    /// What falls into it, in words.
    pub bin: String,
    /// Rows of the baseline in it.
    pub baseline: u64,
    /// Rows of the batch in it.
    pub current: u64,
}

/// One column on one axis. A score that does not apply is absent (`null`), never a made-up number.
/// In the document the fields of all parts stand side by side.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// The column.
    pub name: String,
    /// What the column is to the model.
    pub role: Role,
    /// The part of the rows; none for all of them.
    pub segment: Option<Segment>,
    /// The axis.
    pub axis: Axis,
    /// What it came to.
    pub verdict: Verdict,
    /// Why, in plain words.
    pub reason: String,
    /// Whose rule gave the verdict.
    pub rule: DecisionRule,
    /// The score that another tool's rule decided on; none under the rule of Pawl.
    pub rule_score: Option<f64>,
    /// How much the champion leans on the column, as its container reported.
    pub importance: Option<f64>,
    /// The rows and the test.
    #[serde(flatten)]
    pub evidence: TestEvidence,
    /// How far the distribution moved.
    #[serde(flatten)]
    pub scores: Distances,
    /// How far the watched share moved.
    #[serde(flatten)]
    pub share: ShareChange,
    /// What the comparison could have found.
    #[serde(flatten)]
    pub detectable: DetectableEffect,
    /// What earlier runs add.
    #[serde(flatten)]
    pub past: Past,
    /// The bins, after pooling.
    pub bins: Vec<CountedBin>,
}

/// How many rows a finding rests on, and what the test said of them.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct TestEvidence {
    /// Rows of the baseline that carry evidence on this axis.
    pub n: u64,
    /// Rows of the batch that carry evidence on this axis.
    pub m: u64,
    /// The test behind `p_value`.
    pub test: Option<DriftTest>,
    /// Its statistic; none for an exact test.
    pub statistic: Option<f64>,
    /// Its degrees of freedom.
    pub degrees_of_freedom: Option<u32>,
    /// The probability of a table at least this uneven if nothing had moved.
    pub p_value: Option<f64>,
    /// The p-value adjusted by Benjamini–Hochberg over the whole document.
    pub q_value: Option<f64>,
    /// How many rows weigh as one that is independent, on the mean over the cells; none where rows were taken
    /// as independent.
    pub design_effect: Option<f64>,
}

/// Distances between the distributions of baseline and batch.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Distances {
    /// Population stability index over the bins.
    pub psi: Option<f64>,
    /// The same less its mean under no drift; may be negative.
    pub psi_debiased: Option<f64>,
    /// Kolmogorov–Smirnov distance at the bins' edges. Numeric columns only.
    pub ks: Option<f64>,
    /// Its lower bound at 95 %.
    pub ks_lower: Option<f64>,
    /// Jensen–Shannon distance: the root of the divergence in bits (base 2).
    pub jensen_shannon: Option<f64>,
    /// The same, of the divergence less its mean under no drift, and 0 below it. Values without an order
    /// only.
    #[serde(default)]
    pub jensen_shannon_debiased: Option<f64>,
    /// Hellinger distance, 0 to 1.
    pub hellinger: Option<f64>,
    /// L-infinity distance, SageMaker's Simple: of the cumulative shares if the bins have an order,
    /// else of the shares.
    pub l_infinity: Option<f64>,
    /// SageMaker's Robust: the same less an allowance for small samples.
    pub l_infinity_robust: Option<f64>,
    /// Wasserstein-1 over the baseline's standard deviation, trimmed to 1 to 99 %.
    pub wasserstein_sigma: Option<f64>,
    /// The largest change of a correlation of two columns, 0 to 2. All columns together only.
    pub correlation_change: Option<f64>,
    /// By how much it moved at least, at 95 % for all pairs at once; 0 if that is not sure.
    pub correlation_change_lower: Option<f64>,
}

/// The share that an axis watches (missing, unseen; of types, values, bins and tails the one whose change
/// matters most), 0 to 1.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct ShareChange {
    /// What has this share.
    #[serde(default, rename = "share_of")]
    pub of: Option<String>,
    /// The baseline's share.
    #[serde(rename = "share_baseline")]
    pub baseline: Option<f64>,
    /// The batch's share.
    #[serde(rename = "share_current")]
    pub current: Option<f64>,
    /// By how much it moved at least, at one-sided 95 %; 0 if that is not sure.
    #[serde(rename = "share_change_lower")]
    pub lower_bound: Option<f64>,
}

/// The smallest true change that a comparison would have told with probability 0.8.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct DetectableEffect {
    /// Its size.
    #[serde(rename = "minimum_detectable_effect")]
    pub minimum: Option<f64>,
    /// Its unit.
    #[serde(rename = "minimum_detectable_unit")]
    pub unit: Option<EffectUnit>,
}

/// What the earlier runs add to a finding.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Past {
    /// Over how many windows in a row it has moved, this one counted; none without history.
    pub windows: Option<u32>,
    /// How far the score lies from the median of earlier runs, in robust deviations.
    pub robust_z: Option<f64>,
}

/// How much of the champion's feature importance sits in features that moved, 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ImportanceMoved {
    /// In features that drifted.
    pub drift: f64,
    /// In features that drifted, could not be judged, or are a warning.
    pub warn: f64,
}

/// How a score of the document is computed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Formula {
    /// The field of [`Finding`].
    pub score: Cow<'static, str>,
    /// What it is.
    pub formula: Cow<'static, str>,
}

/// The document `drift.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Drift {
    /// [`DRIFT_VERSION`] when it was written.
    pub version: u32,
    /// What was compared with, where a pipeline chose it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compared_with: Option<ComparedWith>,
    /// The worst verdict of all that could be judged; `insufficient_data` where nothing of a column that
    /// was to be compared could be, and none drifts. What could not be judged stands in `not_judged`.
    pub verdict: Verdict,
    /// The same of the features.
    pub features: Verdict,
    /// The worst verdict of the label; none if it was not compared.
    pub label: Option<Verdict>,
    /// The worst verdict of the predictions; none if they were not compared.
    pub predictions: Option<Verdict>,
    /// Why, in plain words, the worst first; bounded.
    pub reasons: Vec<String>,
    /// How much of the champion's importance moved; none unless every feature reports its own.
    pub importance: Option<ImportanceMoved>,
    /// The p-values that Benjamini–Hochberg corrected together.
    pub tests: usize,
    /// The thresholds used.
    pub policy: Policy,
    /// Every column of either side, or axis of it, that has no verdict, and why. Parts of the rows that are
    /// too small are not repeated here.
    #[serde(default)]
    pub not_judged: Vec<NotJudged>,
    /// One entry for each column on each axis, in the order given.
    pub columns: Vec<Finding>,
    /// The pairs of columns whose correlation moved for sure, the most moved first; bounded.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pairs: Vec<MovedPair>,
    /// What makes the verdict less sure than it reads, and what was left out, in plain words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// How each score is computed.
    pub formulas: Vec<Formula>,
}

impl Finding {
    /// Whether there was enough to judge by.
    pub fn is_judged(&self) -> bool {
        self.verdict != Verdict::InsufficientData
    }
}

impl Drift {
    /// The findings of this verdict.
    pub fn findings(&self, verdict: Verdict) -> impl Iterator<Item = &Finding> {
        self.columns.iter().filter(move |finding| finding.verdict == verdict)
    }

    /// The columns that drift anywhere, each once. Where the columns together drift, those of the pairs that
    /// moved by enough.
    pub fn drifting(&self) -> BTreeSet<&str> {
        let (together, alone): (Vec<&Finding>, Vec<&Finding>) =
            self.findings(Verdict::Drift).partition(|finding| finding.axis == Axis::Together);
        let names = alone.into_iter().map(|finding| finding.name.as_str());
        names
            .chain(together.first().into_iter().flat_map(|_| self.paired(self.policy.correlation_drift)))
            .collect()
    }

    /// The columns of the pairs whose correlation moved at least so much.
    pub(super) fn paired(&self, least: f64) -> impl Iterator<Item = &str> {
        let pairs = self.pairs.iter().filter(move |pair| pair.change_lower >= least);
        pairs.flat_map(|pair| [pair.first.column.as_str(), pair.second.column.as_str()])
    }

    /// The share of the columns that could be judged that drift; none where none could be.
    pub fn drifted_share(&self) -> Option<f64> {
        let judged = self.columns.iter().filter(|finding| finding.is_judged());
        let judged = judged.filter(|finding| finding.axis != Axis::Together);
        let judged: BTreeSet<&str> = judged.map(|finding| finding.name.as_str()).collect();
        (!judged.is_empty()).then(|| self.drifting().len() as f64 / judged.len() as f64)
    }
}

/// The formulas of the scores in a [`Finding`].
// Long: a table, a row for each score.
pub(super) fn formulas() -> Vec<Formula> {
    [
        (
            "p_value",
            "Pearson chi-square of the 2 x B table of counts, cells expecting fewer than 5 pooled; bins with \
             an order: twice the smaller of that and of normal scores (the chi-square's components along \
             orthonormal polynomials of degree 1 and 2 in the normal scores of the pooled mid-ranks); counts \
             from a quantile sketch: each cell's variance plus 2 s^2, s its rank error over 2.576; two cells \
             with one expecting fewer than 5: Fisher exact, two-sided; unseen: one-sided, and the baseline's \
             share is what it would not have seen of itself (values seen once; one row beyond the extremes), \
             and rows of categories weigh half where the baseline has rare ones",
        ),
        (
            "q_value",
            "Benjamini-Hochberg over all p-values of this document that could fall below the level at all \
             (Tarone 1990, Gilbert 2005); 1 for the others",
        ),
        (
            "design_effect",
            "mean over the cells of V(share) m/(share (1 - share)), V from the scatter of the batch's groups \
             (blocks of time: covariances of neighbours added), at least 1; the tests are Rao and Scott's of \
             second order, held against F, and the bounds take 1/design_effect of the rows",
        ),
        ("psi", "sum over bins of (c/m - b/n) ln((c/m) / (b/n)); a count of 0 is taken as 1/2"),
        ("psi_debiased", "psi - (B - 1)(1/n + 1/m), B bins"),
        ("ks", "largest difference of the two cumulative shares at the edges of the bins"),
        ("ks_lower", "max(0, ks - sketch errors - 1.3581 sqrt((n + m)/(n m)))"),
        ("jensen_shannon", "square root of the Jensen-Shannon divergence, logarithm to base 2"),
        (
            "jensen_shannon_debiased",
            "square root of max(0, divergence - (B - 1)(1/n + 1/m)/(8 ln 2)), B cells in use",
        ),
        ("hellinger", "sqrt(1 - sum of sqrt(b/n c/m))"),
        ("l_infinity", "largest difference of cumulative shares (ordered bins) or of shares (values)"),
        ("l_infinity_robust", "max(0, l_infinity - 1.8 sqrt((n + m)/(n m)))"),
        (
            "wasserstein_sigma",
            "integral over ranks 0.01 to 0.99 of the difference of the quantile functions, linear within \
             the unpooled bins, over the baseline's population standard deviation",
        ),
        (
            "correlation_change",
            "largest difference, over all pairs of columns, of the correlation of their ranks within each \
             side, of the distances of these ranks from the middle (Legendre), or of indicators of the \
             commonest values; a sample of at most 1,024 rows of each side",
        ),
        (
            "correlation_change_lower",
            "max(0, correlation_change - the 95 % point of the largest difference in permutations of rows)",
        ),
        ("robust_z", "(score - median)/(1.4826 MAD) over the earlier runs, from 8 on"),
        (
            "share_change_lower",
            "Newcombe's hybrid score bound of the difference of two shares, one-sided 95 %, 0 if it holds \
             no change; of types, values, bins and tails the one whose change matters most",
        ),
        (
            "minimum_detectable_effect",
            "power 0.8 at p = false_discovery_rate / tests and at the threshold of materiality; \
             psi: noncentral chi-square (Sankaran), noncentrality = psi n m/(n + m); share: arcsine; sigma: \
             shift of a normal column, noncentrality = shift^2 n m/(n + m)",
        ),
    ]
    .map(|(score, formula)| Formula { score: score.into(), formula: formula.into() })
    .into()
}
