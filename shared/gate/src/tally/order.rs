//! Do rows depend on those before them, although no cluster column says so?

use crate::findings::{Check, Code, Reason};
use crate::policy::{Policy, Task};
use pawl_stats::autocovariance::{Autocovariance, Dependence};

/// Lags that are looked at where the policy names no horizon: a day of hours.
const LAGS: usize = 24;

/// Correlations of independent rows are taken for dependence this often.
const LEVEL: f64 = 0.01;

/// A variance that is understated by less moves a test of level 0.05 by less than 0.01.
const MATERIAL: f64 = 1.1;

/// Losses in the order of the rows, where the policy does not say by clusters which rows depend.
pub(super) fn losses(policy: &Policy) -> Option<Autocovariance> {
    policy.cluster.is_none().then(|| Autocovariance::new(LAGS))
}

/// What follows from the worst of these. Under a horizon the order of the rows is that of time, and the
/// policy says how far they depend: where they do so further, a person is asked. Else the order may mean
/// nothing, and it is told.
pub(super) fn check(policy: &Policy, found: impl IntoIterator<Item = Dependence>) -> Option<Reason> {
    let shown = |it: &Dependence| it.p_value <= LEVEL && it.inflation >= MATERIAL;
    let worst = found.into_iter().filter(shown).max_by(|a, b| a.inflation.total_cmp(&b.inflation))?;
    let Dependence { correlation, p_value, reach, inflation, lags } = worst;
    let from = policy.horizon.unwrap_or(1);
    let code = if policy.horizon.is_some() { Code::RowsDepend } else { Code::RowsDependWarning };
    let fix = match policy.task {
        Task::Regression if reach < lags => format!("write horizon: {}, or the cluster column", reach + 1),
        Task::Regression => format!("write a horizon above {lags}, or the cluster column"),
        Task::Binary | Task::Multiclass => "write the cluster column, such as the day or the user".to_owned(),
    };
    let text = format!(
        "losses depend on those of the rows before: correlation {correlation:.2} at lag {from}, p \
         {p_value:.1e}; up to lag {reach} the variance of their mean is {inflation:.1} times what the tests \
         take it for; {fix}"
    );
    Some(Reason::new(Check::Order, code, text))
}
