//! Waits for the marker file, or for quiet; not where a person forces an earlier run's challenger.

use pawl::fault::Fault;
use pawl::ledger::inbox::{Completes, waiting};
use pawl::ledger::{Keys, TriggerId};
use pawl::names::ModelName;
use pawl::pipeline::{Settle, load};
use serde_json::{Value, json};

use crate::edge::{Edge, Services};

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

pub(crate) async fn settle(
    edge: &Edge<impl Services>,
    model: &ModelName,
    looks: u32,
    seen: usize,
) -> Result<Value, Fault> {
    let pipeline = load(&edge.store, model).await?;
    let triggers = waiting(&edge.store, &Keys::new(model)).await?;
    Ok(match judge(&pipeline.settle, &triggers, looks, seen) {
        Settled::Ready => json!({ "state": "ready", "seen": triggers.len() }),
        Settled::Forced => json!({ "state": "forced", "seen": triggers.len() }),
        Settled::Wait { seconds } => json!({ "state": "wait", "seconds": seconds, "seen": triggers.len() }),
    })
}

/// The most looks at one batch: each is about 9 events of a state machine's history, which ends at 25,000.
const LOOKS: u64 = 400;

/// So many of them come as often as `quiet` says, which is as many as a batch takes that settles soon.
const EARLY: u64 = LOOKS / 2;

/// The pause in seconds after this many looks. The later ones share the longest wait, however short `quiet`
/// is.
fn pause(policy: &Settle, looks: u64) -> u64 {
    let quiet = policy.quiet.as_secs();
    if looks < EARLY { quiet } else { quiet.max(policy.at_most.as_secs().div_ceil(LOOKS - EARLY)) }
}

/// The seconds that were waited before this many looks and the next.
fn waited(policy: &Settle, looks: u64) -> u64 {
    let early = looks.min(EARLY);
    pause(policy, 0) * early + pause(policy, EARLY) * (looks - early)
}

/// Quiet means that a look found as many triggers as the look before: no clock but the waits themselves.
fn judge(policy: &Settle, triggers: &[TriggerId], looks: u32, seen: usize) -> Settled {
    if triggers.iter().any(|trigger| trigger.completes() == Completes::Alone) {
        return Settled::Forced;
    }
    let (waited, pause) = (waited(policy, looks.into()), pause(policy, looks.into()));
    let complete = match policy.marker {
        Some(_) => triggers.iter().any(|trigger| trigger.completes() == Completes::TheBatch),
        None => looks > 0 && triggers.len() == seen,
    };
    if complete || waited >= policy.at_most.as_secs() {
        Settled::Ready
    } else {
        Settled::Wait { seconds: pause }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pawl::duration::Duration;

    fn triggers(count: usize, last: Completes) -> Vec<TriggerId> {
        (1..=count)
            .map(|n| TriggerId::new(&n.to_string(), if n == count { last } else { Completes::Itself }))
            .collect()
    }

    #[test]
    fn quiet_is_two_looks_that_agree() {
        let policy = Settle { quiet: Duration::seconds(10), marker: None, at_most: Duration::seconds(60) };
        let some = triggers(3, Completes::Itself);
        assert_eq!(judge(&policy, &some, 0, 0), Settled::Wait { seconds: 10 });
        assert_eq!(judge(&policy, &some, 1, 2), Settled::Wait { seconds: 10 });
        assert_eq!(judge(&policy, &some, 2, 3), Settled::Ready);
        assert_eq!(judge(&policy, &some, 6, 2), Settled::Ready, "the upper bound");
    }

    #[test]
    fn a_history_holds_all_looks_at_the_longest_batch() {
        for (quiet, at_most) in [(5, 6 * 3_600), (1, 12 * 86_400), (1, 1), (300, 6 * 3_600), (7, 1_501)] {
            let policy = Settle {
                quiet: Duration::seconds(quiet),
                marker: Some("_SUCCESS".to_owned()),
                at_most: Duration::seconds(at_most),
            };
            let (mut looks, mut passed) = (0, 0);
            while let Settled::Wait { seconds } = judge(&policy, &[], looks, 0) {
                assert!(seconds >= quiet);
                assert_eq!(passed, waited(&policy, looks.into()), "the count is what was waited");
                (looks, passed) = (looks + 1, passed + seconds);
            }
            assert!(u64::from(looks) <= LOOKS, "{looks} looks of {quiet} s in {at_most} s");
            assert!(passed >= at_most, "{passed} of {at_most} s");
        }
    }

    #[test]
    fn a_forced_challenger_waits_for_no_batch() {
        let policy = Settle {
            quiet: Duration::seconds(10),
            marker: Some("_SUCCESS".to_owned()),
            at_most: Duration::seconds(60),
        };
        assert_eq!(judge(&policy, &triggers(3, Completes::Alone), 0, 0), Settled::Forced);
    }

    #[test]
    fn a_marker_completes_at_once() {
        let marker = Some("_SUCCESS".to_owned());
        let policy = Settle { quiet: Duration::seconds(10), marker, at_most: Duration::seconds(60) };
        assert_eq!(judge(&policy, &triggers(3, Completes::Itself), 3, 3), Settled::Wait { seconds: 10 });
        assert_eq!(judge(&policy, &triggers(3, Completes::TheBatch), 0, 0), Settled::Ready);
    }
}
