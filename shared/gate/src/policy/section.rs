//! The section as a whole.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::action::Consequence;
use super::balance::Balance;
use super::behaviour::BehaviourPolicy;
use super::bounds::{Floor, Guard, Superiority, TrainingBound};
use super::copies::CopiesPolicy;
use super::error::PolicyError;
use super::fairness::FairnessPolicy;
use super::leakage::LeakagePolicy;
use super::metric::Metric;
use super::service::ServicePolicy;
use super::slices::SlicePolicy;
use super::task::Task;

/// What a challenger must show. All fractions and levels are plain numbers from 0 to 1.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
// Long: it is a section of pipeline.yaml, field by field.
pub struct Policy {
    /// What the model predicts. Default `binary`.
    pub task: Task,
    /// The classes in the order in which a list of scores names them, for `multiclass`. Default: none, then
    /// predictions are class names.
    pub classes: Vec<String>,
    /// For `regression`: the rows stand in the order of time and are forecasts so many steps ahead, so
    /// their errors depend on each other, and Diebold–Mariano decides `mae` and `mse`. Default: rows are
    /// independent.
    pub horizon: Option<usize>,
    /// A score at or above it predicts the positive class, of a model that has no threshold of its own.
    /// Default 0.5.
    pub threshold: f64,
    /// The training metric by which a container reports the model's own threshold, chosen on training data.
    /// It stays with the model. Default: none, then `threshold` counts for both models.
    pub threshold_metric: Option<String>,
    /// What follows when only the threshold seems to have moved: accuracy changes significantly, the area
    /// under the curve does not, or by less than a fifth as much. Default: ask a person.
    pub threshold_moved: Consequence,
    /// Two-sided level of every interval, and family-wise level of superiority (Holm). A guard is
    /// thereby decided at a one-sided `alpha / 2`. Default 0.05.
    pub alpha: f64,
    /// Fewer holdout rows than this decide nothing. Default 200.
    pub minimum_rows: u64,
    /// Classes: at least two must have so many rows, or nothing is decided. Default 30.
    pub minimum_rows_per_class: u64,
    /// The challenger must win in at least one. Default: any significant gain of `auc` or `log_loss`;
    /// multiclass: of `macro_f1`, and of `accuracy` where the classes are balanced; regression: of `mae` or
    /// `mse`.
    pub superiority: Option<Vec<Superiority>>,
    /// The challenger must lose in none. Default: `auc` by 0.01, `balanced_accuracy` by 0.02; multiclass:
    /// `macro_f1` by 0.02; both: `accuracy` by 0.02 where the classes are balanced; regression: `mae` by 2 %
    /// and `mse` by 4 % of the champion's.
    pub guards: Option<Vec<Guard>>,
    /// Worst acceptable values of the challenger itself. A first model has no champion to beat and
    /// is promoted by its floors alone; without any, a person decides. Default: none.
    pub floors: Vec<Floor>,
    /// Tests by rank need scores or errors in memory, 20 bytes a row. Above this many rows a seeded random
    /// sample of as many is taken, and the judgement says so. Default 10 million.
    pub sample_above: u64,
    /// The column that says which rows belong together (a day, a user): rows of one value are left
    /// out as one, and the jackknife of clusters decides instead of tests that take rows for
    /// independent. It needs ten clusters. Default: none.
    pub cluster: Option<String>,
    /// Resamples of the bootstrap, by which measures of fairness are compared. Default 2000.
    pub resamples: u32,
    /// Groups of people that must not be treated worse. Default: none.
    pub fairness: FairnessPolicy,
    /// Parts of the rows that must not be lost. Default: none.
    pub slices: SlicePolicy,
    /// Rows that were copied. Default: from 1 % of the rows on a person is asked.
    pub copies: CopiesPolicy,
    /// Scores too good to be true. Default: a person is asked.
    pub leakage: LeakagePolicy,
    /// What the challenger must do whatever its scores are. Default: nothing.
    pub behaviour: BehaviourPolicy,
    /// What serving may cost: latency and failures, where they are measured.
    pub service: ServicePolicy,
    /// What the training job's final metrics must satisfy. Default: nothing required, but a metric
    /// that is reported must be finite.
    pub convergence: Vec<TrainingBound>,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            task: Task::default(),
            classes: Vec::new(),
            horizon: None,
            threshold: 0.5,
            threshold_metric: None,
            threshold_moved: Consequence::Ask,
            alpha: 0.05,
            minimum_rows: 200,
            minimum_rows_per_class: 30,
            superiority: None,
            guards: None,
            floors: Vec::new(),
            sample_above: 10_000_000,
            cluster: None,
            resamples: 2000,
            fairness: FairnessPolicy::default(),
            slices: SlicePolicy::default(),
            copies: CopiesPolicy::default(),
            leakage: LeakagePolicy::default(),
            behaviour: BehaviourPolicy::default(),
            service: ServicePolicy::default(),
            convergence: Vec::new(),
        }
    }
}

impl Policy {
    /// Reads a gate section from YAML; a whole pipeline.yaml is no gate section.
    pub fn from_yaml(text: &str) -> Result<Self, PolicyError> {
        serde_saphyr::from_str(text).map_err(|error| PolicyError {
            field: "*".to_owned(),
            found: error.to_string(),
            fix: "write the fields of the gate section as they stand in pipeline.yaml",
        })
    }

    /// The columns a row must bring, in the order in which it brings them.
    pub fn columns(&self) -> Vec<String> {
        let groupings = self.groupings();
        let mut columns: Vec<String> = Vec::new();
        for name in self.cluster.iter().chain(groupings.iter().flatten()) {
            if !columns.contains(name) {
                columns.push(name.clone());
            }
        }
        columns
    }

    /// Where the challenger can win; without a list of the team's the default of a balanced holdout.
    pub fn superiority(&self) -> &[Superiority] {
        self.superiority.as_deref().unwrap_or(self.task.superiority(Balance::Balanced))
    }

    /// Where the challenger may not lose, likewise.
    pub fn guards(&self) -> &[Guard] {
        self.guards.as_deref().unwrap_or(self.task.guards(Balance::Balanced))
    }

    /// The same policy with the task's defaults for such a holdout written out.
    pub fn with_defaults(mut self, balance: Balance) -> Self {
        let task = self.task;
        self.superiority.get_or_insert_with(|| task.superiority(balance).to_vec());
        self.guards.get_or_insert_with(|| task.guards(balance).to_vec());
        self
    }

    /// Whether a check rests on this metric.
    pub(crate) fn rests_on(&self, metric: Metric) -> bool {
        let wins = self.superiority().iter().map(|s| s.metric);
        let mut named = wins.chain(self.guards().iter().map(|g| g.metric));
        named.any(|named| named == metric) || self.floors.iter().any(|floor| floor.metric == metric)
    }

    /// How many resamples this policy's checks need: none where no measure of fairness is compared.
    pub(crate) fn resamples_needed(&self) -> u32 {
        if self.fairness.groups.is_empty() { 0 } else { self.resamples }
    }

    pub(crate) fn groupings(&self) -> Vec<Vec<String>> {
        let fairness = self.fairness.groups.iter().map(|g| g.columns.clone());
        fairness.chain(self.slices.groupings()).collect()
    }
}
