//! Time as a value, and a store that takes its time: how long a step would take, without waiting for it.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use jiff::Timestamp;
use pawl_ledger::edge::Clock;
use pawl_ledger::ledger::{Condition, ETag, Listed, Store, StoreError, Stored};

/// A clock that moves on whenever everything waits for it.
#[derive(Debug, Clone, Default)]
pub struct SimulatedClock {
    inner: Arc<Mutex<Inner>>,
}

#[derive(Debug, Default)]
struct Inner {
    now: Duration,
    sleepers: BinaryHeap<Reverse<Sleeper>>,
}

#[derive(Debug)]
struct Sleeper {
    until: Duration,
    waker: Waker,
}

impl Ord for Sleeper {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.until.cmp(&other.until)
    }
}

impl PartialOrd for Sleeper {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Sleeper {
    fn eq(&self, other: &Self) -> bool {
        self.until == other.until
    }
}

impl Eq for Sleeper {}

impl SimulatedClock {
    fn with<R>(&self, f: impl FnOnce(&mut Inner) -> R) -> R {
        f(&mut self.inner.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The time that has passed.
    pub fn elapsed(&self) -> Duration {
        self.with(|inner| inner.now)
    }

    /// Waits until the clock has moved on by this much.
    pub fn sleep(&self, long: Duration) -> Sleep {
        Sleep { until: self.elapsed() + long, clock: self.clone(), known: false }
    }

    /// Runs a future whose only waits are for this clock; `None` where it waits for something else.
    pub fn run<F: Future>(&self, future: F) -> Option<F::Output> {
        let mut future = pin!(future);
        let woken = Arc::new(Woken::default());
        let waker = Waker::from(Arc::clone(&woken));
        loop {
            if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
                return Some(output);
            }
            if !woken.0.swap(false, Ordering::Relaxed) {
                let next = self.with(|inner| {
                    let Reverse(next) = inner.sleepers.pop()?;
                    inner.now = inner.now.max(next.until);
                    Some(next.waker)
                });
                next?.wake();
            }
        }
    }
}

impl Clock for SimulatedClock {
    fn now(&self) -> Timestamp {
        let long = i64::try_from(self.elapsed().as_millis()).unwrap_or(i64::MAX);
        Timestamp::from_millisecond(1_800_000_000_000 + long).unwrap_or(Timestamp::MAX)
    }
}

#[derive(Default)]
struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// What [`SimulatedClock::sleep`] waits with.
#[derive(Debug)]
pub struct Sleep {
    clock: SimulatedClock,
    until: Duration,
    /// Whether the clock knows of it: polled again, it must not be woken twice.
    known: bool,
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let (until, known) = (self.until, self.known);
        let ready = self.clock.with(|inner| {
            if inner.now >= until {
                return Poll::Ready(());
            }
            if !known {
                inner.sleepers.push(Reverse(Sleeper { until, waker: context.waker().clone() }));
            }
            Poll::Pending
        });
        self.known = true;
        ready
    }
}

/// How many keys S3 lists in one call.
const PAGE: usize = 1_000;

/// A store of which each call takes a while, a long listing several calls.
#[derive(Debug)]
pub struct SlowStore<S> {
    store: S,
    clock: SimulatedClock,
    each: Duration,
}

impl<S> SlowStore<S> {
    /// The store, with so much time for each call.
    pub fn new(store: S, clock: &SimulatedClock, each: Duration) -> Self {
        Self { store, clock: clock.clone(), each }
    }

    /// The store itself, which takes no time.
    pub fn quick(&self) -> &S {
        &self.store
    }

    async fn calls(&self, calls: usize) {
        self.clock.sleep(self.each * u32::try_from(calls).unwrap_or(u32::MAX)).await;
    }
}

impl<S: Store> Store for SlowStore<S> {
    async fn get(&self, key: &str) -> Result<Option<Stored>, StoreError> {
        self.calls(1).await;
        self.store.get(key).await
    }

    async fn put(&self, key: &str, body: Vec<u8>, when: Condition) -> Result<ETag, StoreError> {
        self.calls(1).await;
        self.store.put(key, body, when).await
    }

    async fn list(&self, prefix: &str) -> Result<Vec<Listed>, StoreError> {
        let listed = self.store.list(prefix).await?;
        self.calls(listed.len().div_ceil(PAGE).max(1)).await;
        Ok(listed)
    }

    async fn keys_after(&self, prefix: &str, after: &str, most: usize) -> Result<Vec<String>, StoreError> {
        let keys = self.store.keys_after(prefix, after, most).await?;
        self.calls(keys.len().div_ceil(PAGE).max(1)).await;
        Ok(keys)
    }

    async fn delete(&self, key: &str) -> Result<(), StoreError> {
        self.calls(1).await;
        self.store.delete(key).await
    }
}

#[cfg(test)]
mod tests {
    use futures_util::future::join;
    use pawl_ledger::ledger::Memory;

    use super::*;

    #[test]
    fn what_waits_at_the_same_time_takes_the_time_of_the_longest() {
        let clock = SimulatedClock::default();
        let seconds = Duration::from_secs;
        clock.run(join(clock.sleep(seconds(3)), clock.sleep(seconds(5))));
        assert_eq!(clock.elapsed(), seconds(5));
        clock.run(async {
            clock.sleep(seconds(1)).await;
            clock.sleep(seconds(1)).await;
        });
        assert_eq!(clock.elapsed(), seconds(7));
        assert_eq!(clock.run(std::future::pending::<()>()), None);
    }

    #[test]
    fn each_call_of_a_slow_store_takes_its_time_and_a_page_of_a_listing_too() {
        let clock = SimulatedClock::default();
        let store = SlowStore::new(Memory::default(), &clock, Duration::from_millis(30));
        let done: Option<Result<(), StoreError>> = clock.run(async {
            for n in 0..2_001 {
                store.quick().put(&format!("a/{n}"), Vec::new(), Condition::Always).await?;
            }
            store.get("a/1").await?;
            store.list("a/").await?;
            store.keys_after("a/", "", 1).await?;
            Ok(())
        });
        assert_eq!(done, Some(Ok(())));
        assert_eq!(clock.elapsed(), Duration::from_millis(30 * (1 + 3 + 1)));
    }
}
