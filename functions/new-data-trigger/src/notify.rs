//! Tells people that a run ended, or that it waits for them.

use jiff::Timestamp;
use pawl::documents::{RELEASE, REPORT};
use pawl::duration::Duration;
use pawl::edge::Notices;
use pawl::fault::Fault;
use pawl::ledger::{Condition, Keys, RunOutcome, Store};
use pawl::names::{Generation, ModelName};
use pawl::notice::{self, OpenQuestion};
use pawl::report;

use crate::edge::{Edge, Services};

/// Notifies people of a run's end.
pub(crate) async fn end(
    edge: &Edge<impl Services>,
    model: &ModelName,
    generation: Generation,
    outcome: RunOutcome,
) -> Result<(), Fault> {
    let serving = serving(edge, model).await;
    edge.notices.notify(&notice::ended(model, generation, outcome, serving)).await
}

/// Notifies people of a question that a run waits with for so long. The run's page is written first, as far
/// as the run has come: it holds what they decide by.
pub(crate) async fn question(
    edge: &Edge<impl Services>,
    model: &ModelName,
    generation: Generation,
    reason: &str,
    wait: Duration,
    now: Timestamp,
) -> Result<(), Fault> {
    let page = report::page(&report::load(&edge.store, model, generation).await);
    let key = REPORT.key(&Keys::new(model), generation);
    edge.store.put(&key, page.into_bytes(), Condition::Always).await?;
    let until = now.saturating_add(wait.signed()).unwrap_or(Timestamp::MAX);
    let serving = serving(edge, model).await;
    edge.notices.notify(&notice::question(OpenQuestion { model, generation, reason, until, serving })).await
}

/// What answers clients now. A record that cannot be read must not keep a notice back.
async fn serving(edge: &Edge<impl Services>, model: &ModelName) -> Option<String> {
    let release = match RELEASE.of(&Keys::new(model)).read(&edge.store).await {
        Ok(release) => release,
        Err(fault) => return Some(format!("unknown: the record of the release cannot be read ({fault})")),
    };
    Some(match release.as_ref().and_then(|release| release.champion()) {
        Some(champion) => format!("the model of run {} ({})", champion.generation, champion.config),
        None => "nothing that Pawl released".to_owned(),
    })
}
