//! The retraining loop's memory: which run is open, what was spent, and what stops the loop.
//!
//! ```
//! use jiff::Timestamp;
//! use pawl_base::duration::Duration;
//! use pawl_base::names::Generation;
//! use pawl_ledger::ledger::Training;
//! use pawl_ledger::ledger::training::Opening;
//!
//! let (mut training, now, lease) = (Training::default(), Timestamp::UNIX_EPOCH, Duration::seconds(3_600));
//! assert_eq!(training.open(now, lease), Opening::Start(Generation(1)));
//! training.started(Generation(1));
//! assert_eq!(training.open(now, lease), Opening::Running(Generation(1)), "one run at a time");
//! ```

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use pawl_base::duration::Duration;
use pawl_base::names::{ContentHash, Generation};

/// How many earlier trainings are remembered.
const REMEMBERED: usize = 500;

/// The document `ledger/<model>/training.json`, changed only by compare-and-swap.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Training {
    /// The newest generation that was ever opened.
    pub generation: Generation,
    /// The run that holds the lock.
    pub open: Option<OpenRun>,
    /// When a model was last trained.
    pub last_trained_at: Option<Timestamp>,
    /// Trainings on the day of the last one.
    pub trained_that_day: u32,
    /// Challengers rejected one after another, since the last promotion or reset.
    pub rejected_in_a_row: u32,
    /// Set when the breaker opened: why. Only a person closes it.
    pub breaker: Option<Breaker>,
    /// Earlier trainings, the newest last. What was trained and judged once is never trained again.
    pub trained: Vec<BookedTraining>,
}

/// A training that was booked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BookedTraining {
    /// The digest of data, code and parameters.
    pub fingerprint: ContentHash,
    /// The run that booked it.
    pub generation: Generation,
}

/// The run that holds the lock.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OpenRun {
    /// Which run.
    pub generation: Generation,
    /// Since when.
    pub opened_at: Timestamp,
    /// When the lock expires.
    pub lease_until: Timestamp,
    /// Whether the execution is known to have started.
    pub execution: Execution,
}

/// Whether an open run's execution is known to have started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Execution {
    /// The lock was taken; the start may have been lost.
    Asked,
    /// Step Functions has confirmed it.
    Started,
}

/// An open breaker: no model is trained until a person resets it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Breaker {
    /// Why it opened.
    pub reason: String,
    /// When.
    pub at: Timestamp,
}

/// What came of the wish to open a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opening {
    /// This generation is open; its execution must be started (again: starting is idempotent).
    Start(Generation),
    /// This generation runs; it will look into the inbox when it closes.
    Running(Generation),
}

/// Why a training may not begin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "code")]
pub enum TrainingRefusal {
    /// The breaker is open.
    BreakerOpen {
        /// Why it opened.
        reason: String,
    },
    /// These very inputs, code and parameters were trained before.
    AlreadyTrained {
        /// By this run.
        generation: Generation,
    },
    /// The last training is too recent.
    CoolingDown {
        /// When the next may begin.
        until: Timestamp,
    },
    /// The day's budget is spent.
    BudgetSpent {
        /// Trainings today.
        trained: u32,
    },
}

impl std::fmt::Display for TrainingRefusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::BreakerOpen { reason } => {
                write!(f, "the breaker is open ({reason}); `pawl reset` closes it once the cause is mended")
            }
            Self::AlreadyTrained { generation } => {
                write!(f, "run {generation} trained on these very objects, code and parameters")
            }
            Self::CoolingDown { until } => write!(f, "cooling down until {until}"),
            Self::BudgetSpent { trained } => {
                write!(f, "the day's budget is spent: {trained} trainings today")
            }
        }
    }
}

/// What bounds the retraining loop.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limits {
    /// The least time between two trainings.
    pub cool_down: Duration,
    /// The most trainings on one day (UTC).
    pub trainings_per_day: u32,
}

impl Training {
    /// Takes the lock for the next generation, or says who holds it. An expired lease holds nothing.
    pub fn open(&mut self, now: Timestamp, lease: Duration) -> Opening {
        match &self.open {
            Some(run) if now < run.lease_until => match run.execution {
                Execution::Asked => Opening::Start(run.generation),
                Execution::Started => Opening::Running(run.generation),
            },
            _ => {
                self.generation = self.generation.next();
                self.open = Some(OpenRun {
                    generation: self.generation,
                    opened_at: now,
                    lease_until: now + lease.signed(),
                    execution: Execution::Asked,
                });
                Opening::Start(self.generation)
            }
        }
    }

    /// Notes that Step Functions runs the generation.
    pub fn started(&mut self, generation: Generation) {
        if let Some(run) = self.open.as_mut().filter(|run| run.generation == generation) {
            run.execution = Execution::Started;
        }
    }

    /// Passes over a generation that was only asked for, whose execution's name is taken: by a run that a
    /// ledger before this one knew.
    pub fn skip(&mut self, generation: Generation) {
        let asked = |run: &&mut OpenRun| run.generation == generation && run.execution == Execution::Asked;
        if let Some(run) = self.open.as_mut().filter(asked) {
            run.generation = generation.next();
            self.generation = run.generation;
        }
    }

    /// Frees the lock if this generation holds it.
    pub fn close(&mut self, generation: Generation) {
        self.open = self.open.take().filter(|run| run.generation != generation);
    }

    /// Books a training, or says why it may not begin. A run that asks again gets the same answer.
    pub fn admit(
        &mut self,
        generation: Generation,
        fingerprint: &ContentHash,
        limits: Limits,
        now: Timestamp,
    ) -> Result<(), TrainingRefusal> {
        if let Some(breaker) = &self.breaker {
            return Err(TrainingRefusal::BreakerOpen { reason: breaker.reason.clone() });
        }
        match self.trained.iter().find(|trained| trained.fingerprint == *fingerprint) {
            Some(trained) if trained.generation == generation => return Ok(()),
            Some(trained) => return Err(TrainingRefusal::AlreadyTrained { generation: trained.generation }),
            None => {}
        }
        if let Some(last) = self.last_trained_at {
            let until = last + limits.cool_down.signed();
            if now < until {
                return Err(TrainingRefusal::CoolingDown { until });
            }
        }
        let today = self.last_trained_at.is_some_and(|last| day(last) == day(now));
        let trained = if today { self.trained_that_day } else { 0 };
        if trained >= limits.trainings_per_day {
            return Err(TrainingRefusal::BudgetSpent { trained });
        }
        self.last_trained_at = Some(now);
        self.trained_that_day = trained + 1;
        self.trained.push(BookedTraining { fingerprint: fingerprint.clone(), generation });
        let surplus = self.trained.len().saturating_sub(REMEMBERED);
        self.trained.drain(..surplus);
        Ok(())
    }

    /// Cancels the booking of a run that ended before its model was judged: the same inputs may be trained
    /// again. The day's budget and the cool-down stay spent, so that repeated failures are bounded too.
    pub fn unbook(&mut self, generation: Generation) {
        self.trained.retain(|trained| trained.generation != generation);
    }

    /// Counts a rejected challenger; after `allowed` in a row the breaker opens.
    pub fn rejected(&mut self, allowed: u32, now: Timestamp) {
        self.rejected_in_a_row += 1;
        if self.rejected_in_a_row >= allowed {
            let reason = format!("{} challengers in a row were rejected", self.rejected_in_a_row);
            self.trip(reason, now);
        }
    }

    /// A challenger was promoted: the count of rejections begins anew.
    pub fn promoted(&mut self) {
        self.rejected_in_a_row = 0;
    }

    /// Opens the breaker. The first reason stays.
    pub fn trip(&mut self, reason: String, now: Timestamp) {
        self.breaker.get_or_insert(Breaker { reason, at: now });
    }

    /// A person closes the breaker.
    pub fn reset(&mut self) {
        self.breaker = None;
        self.rejected_in_a_row = 0;
    }
}

/// The UTC day of a moment, in days since 1970.
fn day(at: Timestamp) -> i64 {
    at.as_second().div_euclid(86_400)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits { cool_down: Duration::seconds(3_600), trainings_per_day: 2 };

    fn at(second: i64) -> Timestamp {
        Timestamp::constant(second, 0)
    }

    fn print(text: &str) -> ContentHash {
        ContentHash::of(text.as_bytes())
    }

    #[test]
    fn one_run_at_a_time_until_the_lease_ends() {
        let mut training = Training::default();
        let lease = Duration::seconds(100);
        assert_eq!(training.open(at(0), lease), Opening::Start(Generation(1)));
        assert_eq!(
            training.open(at(1), lease),
            Opening::Start(Generation(1)),
            "the start may have been lost"
        );
        training.started(Generation(1));
        assert_eq!(training.open(at(2), lease), Opening::Running(Generation(1)));
        assert_eq!(training.open(at(100), lease), Opening::Start(Generation(2)), "the lease is over");
        training.close(Generation(1));
        assert_eq!(
            training.open.as_ref().map(|run| run.generation),
            Some(Generation(2)),
            "a stale run frees nothing"
        );
        training.close(Generation(2));
        assert_eq!(training.open, None);
    }

    #[test]
    fn each_refusal_has_its_reason() {
        let mut training = Training::default();
        let mut ask = |run, what, second| training.admit(Generation(run), &print(what), LIMITS, at(second));
        assert_eq!(ask(1, "a", 0), Ok(()));
        assert_eq!(ask(1, "a", 9), Ok(()), "the same run asks again");
        assert_eq!(ask(2, "a", 9_999), Err(TrainingRefusal::AlreadyTrained { generation: Generation(1) }));
        assert_eq!(ask(2, "b", 10), Err(TrainingRefusal::CoolingDown { until: at(3_600) }));
        assert_eq!(ask(2, "b", 3_600), Ok(()));
        assert_eq!(ask(3, "c", 7_200), Err(TrainingRefusal::BudgetSpent { trained: 2 }));
        assert_eq!(ask(3, "c", 86_400), Ok(()), "a new day");
        training.trip("loss was NaN".to_owned(), at(86_401));
        let open = TrainingRefusal::BreakerOpen { reason: "loss was NaN".to_owned() };
        assert_eq!(training.admit(Generation(4), &print("d"), LIMITS, at(172_900)), Err(open));
        training.reset();
        assert_eq!(training.admit(Generation(4), &print("d"), LIMITS, at(172_900)), Ok(()));
    }

    #[test]
    fn what_a_run_left_unjudged_may_be_trained_again() {
        let mut training = Training::default();
        assert_eq!(training.admit(Generation(1), &print("a"), LIMITS, at(0)), Ok(()));
        assert_eq!(training.admit(Generation(2), &print("b"), LIMITS, at(3_600)), Ok(()));
        training.unbook(Generation(1));
        let once = training.clone();
        training.unbook(Generation(1));
        training.unbook(Generation(7));
        assert_eq!(training, once, "closing again changes nothing");
        let judged = Err(TrainingRefusal::AlreadyTrained { generation: Generation(2) });
        assert_eq!(training.admit(Generation(3), &print("b"), LIMITS, at(90_000)), judged);
        let spent = Err(TrainingRefusal::BudgetSpent { trained: 2 });
        assert_eq!(
            training.admit(Generation(3), &print("a"), LIMITS, at(7_200)),
            spent,
            "what it cost stays"
        );
        assert_eq!(training.admit(Generation(3), &print("a"), LIMITS, at(90_000)), Ok(()));
    }

    #[test]
    fn rejections_in_a_row_open_the_breaker() {
        let mut training = Training::default();
        training.rejected(3, at(0));
        training.rejected(3, at(1));
        training.promoted();
        training.rejected(3, at(2));
        training.rejected(3, at(3));
        assert_eq!(training.breaker, None);
        training.rejected(3, at(4));
        assert!(training.breaker.is_some());
    }
}
