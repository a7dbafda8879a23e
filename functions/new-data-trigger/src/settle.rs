//! Waits for the marker file, or for quiet; not where a person forces an earlier run's challenger.

use pawl::fault::Fault;
use pawl::ledger::inbox::{Completes, waiting};
use pawl::ledger::{Keys, TriggerId};
use pawl::names::ModelName;
use pawl::pipeline::Settle;
use serde_json::{Value, json};

use crate::edge::Edge;
use crate::route;

/// Whether the batch is complete.
#[derive(Debug, PartialEq, Eq)]
enum Settled {
    /// It is, as far as can be told.
    Ready,
    /// The run takes up the challenger of an earlier one: there is no batch to wait for.
    Forced,
    /// Look again after so many seconds.
    Wait { seconds: u64 },
}

pub(crate) async fn settle(edge: &Edge, model: &ModelName, looks: u32, seen: usize) -> Result<Value, Fault> {
    let pipeline = route::one(&edge.store, model).await?;
    let triggers = waiting(&edge.store, &Keys::new(model)).await?;
    Ok(match judge(&pipeline.settle, &triggers, looks, seen) {
        Settled::Ready => json!({ "state": "ready", "seen": triggers.len() }),
        Settled::Forced => json!({ "state": "forced", "seen": triggers.len() }),
        Settled::Wait { seconds } => json!({ "state": "wait", "seconds": seconds, "seen": triggers.len() }),
    })
}

/// Quiet means that a look found as many triggers as the look before: no clock but the waits themselves.
fn judge(policy: &Settle, triggers: &[TriggerId], looks: u32, seen: usize) -> Settled {
    if triggers.iter().any(|trigger| trigger.completes() == Completes::Alone) {
        return Settled::Forced;
    }
    let waited = policy.quiet.as_secs() * u64::from(looks);
    let complete = match policy.marker {
        Some(_) => triggers.iter().any(|trigger| trigger.completes() == Completes::TheBatch),
        None => looks > 0 && triggers.len() == seen,
    };
    if complete || waited >= policy.at_most.as_secs() {
        Settled::Ready
    } else {
        Settled::Wait { seconds: policy.quiet.as_secs() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pawl::pipeline::Span;

    fn triggers(count: usize, last: Completes) -> Vec<TriggerId> {
        (1..=count)
            .map(|n| TriggerId::new(&n.to_string(), if n == count { last } else { Completes::Itself }))
            .collect()
    }

    #[test]
    fn quiet_is_two_looks_that_agree() {
        let policy = Settle { quiet: Span::seconds(10), marker: None, at_most: Span::seconds(60) };
        let some = triggers(3, Completes::Itself);
        assert_eq!(judge(&policy, &some, 0, 0), Settled::Wait { seconds: 10 });
        assert_eq!(judge(&policy, &some, 1, 2), Settled::Wait { seconds: 10 });
        assert_eq!(judge(&policy, &some, 2, 3), Settled::Ready);
        assert_eq!(judge(&policy, &some, 6, 2), Settled::Ready, "the upper bound");
    }

    #[test]
    fn a_forced_challenger_waits_for_no_batch() {
        let policy = Settle {
            quiet: Span::seconds(10),
            marker: Some("_SUCCESS".to_owned()),
            at_most: Span::seconds(60),
        };
        assert_eq!(judge(&policy, &triggers(3, Completes::Alone), 0, 0), Settled::Forced);
    }

    #[test]
    fn a_marker_completes_at_once() {
        let marker = Some("_SUCCESS".to_owned());
        let policy = Settle { quiet: Span::seconds(10), marker, at_most: Span::seconds(60) };
        assert_eq!(judge(&policy, &triggers(3, Completes::Itself), 3, 3), Settled::Wait { seconds: 10 });
        assert_eq!(judge(&policy, &triggers(3, Completes::TheBatch), 0, 0), Settled::Ready);
    }
}
