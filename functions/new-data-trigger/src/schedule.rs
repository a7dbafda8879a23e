//! Runs by the clock: a trigger for the newest slot of a pipeline's schedule.

use jiff::Timestamp;
use pawl::documents::{SCHEDULE, SeenSlot};
use pawl::fault::Fault;
use pawl::ledger::inbox::{self, Completes};
use pawl::ledger::{Condition, Keys, Trigger, TriggerId, TriggerKind};
use pawl::pipeline::{Pipeline, Schedule};
use serde_json::json;

use crate::edge::{Edge, Services};

/// Records a trigger where a slot has come since the round last looked; slots that were missed meanwhile are
/// one trigger, that of the newest. A schedule that is new begins with its next slot.
///
/// The trigger is recorded before the slot counts as seen, and its id is the slot: told twice, it is one.
///
/// Says whether one was recorded.
pub(crate) async fn tick(
    edge: &Edge<impl Services>,
    pipeline: &Pipeline,
    now: Timestamp,
) -> Result<bool, Fault> {
    let Some((schedule, slot)) = due(pipeline, now) else { return Ok(false) };
    let keys = Keys::new(&pipeline.model);
    let memory = SCHEDULE.of(&keys);
    let seen = memory.read(&edge.store).await?.filter(|seen| seen.schedule == schedule.to_string());
    let comes = match &seen {
        Some(seen) if seen.slot >= slot => return Ok(false),
        Some(_) => true,
        None => false,
    };
    if comes {
        let what = format!("{schedule}: the slot of {slot}");
        let id = TriggerId::new(&format!("schedule:{}:{slot}", pipeline.model), Completes::Itself);
        let event = json!({ "schedule": schedule, "slot": slot });
        let trigger = Trigger { id, kind: TriggerKind::Schedule, what, received_at: now, event };
        inbox::record(&edge.store, &keys, &trigger).await?;
    }
    let now_seen = SeenSlot { schedule: schedule.to_string(), slot };
    memory.write(&edge.store, &now_seen, Condition::Always).await?;
    Ok(comes)
}

/// The newest slot that is over.
fn due(pipeline: &Pipeline, now: Timestamp) -> Option<(&Schedule, Timestamp)> {
    let schedule = pipeline.schedule.as_ref()?;
    // A schedule that has had no slot yet is seen all the same, so that its first one counts.
    Some((schedule, schedule.newest(now).unwrap_or(Timestamp::UNIX_EPOCH)))
}
