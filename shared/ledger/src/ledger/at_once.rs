//! Many requests to the store, a bounded number of them at once, their answers in order.
//!
//! A batch may hold tens of thousands of objects, and each request takes some 30 ms: one after another they
//! would outlast any function.
//!
//! ```
//! use pawl_ledger::ledger::{Condition, Memory, Store, StoreError, at_once};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), StoreError> {
//! let store = Memory::default();
//! at_once::each((0..9).map(|n| store.put("same", vec![n], Condition::Always)), |_| ()).await?;
//! assert_eq!(store.get("same").await?.map(|stored| stored.body), Some(vec![8]));
//! # Ok(())
//! # }
//! ```

use std::future::Future;
use std::pin::pin;

use futures_util::stream::{self, StreamExt};

/// How many requests of one step are under way at once: as many answers wait in memory at most.
pub const AT_ONCE: usize = 32;

/// Makes these requests, [`AT_ONCE`] at once, and hands each answer to `take`, in the order of the requests.
/// A request is taken from the iterator only when it can be made.
///
/// # Errors
/// The first in that order; later requests are not made.
pub async fn each<F, T, E>(requests: impl IntoIterator<Item = F>, mut take: impl FnMut(T)) -> Result<(), E>
where
    F: Future<Output = Result<T, E>>,
{
    let mut answers = pin!(stream::iter(requests).buffered(AT_ONCE));
    while let Some(answer) = answers.next().await {
        take(answer?);
    }
    Ok(())
}

/// The answers to these requests, in their order, [`AT_ONCE`] at once.
///
/// # Errors
/// The first in that order; later requests are not made.
pub async fn all<F, T, E>(requests: impl IntoIterator<Item = F>) -> Result<Vec<T>, E>
where
    F: Future<Output = Result<T, E>>,
{
    let mut answers = Vec::new();
    each(requests, |answer| answers.push(answer)).await?;
    Ok(answers)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use tokio::task::yield_now;

    use super::*;

    #[tokio::test]
    async fn answers_come_in_order_and_no_more_wait_than_may() {
        let (under_way, most) = (Cell::new(0), Cell::new(0));
        let request = |n: usize| {
            let (under_way, most) = (&under_way, &most);
            async move {
                under_way.set(under_way.get() + 1);
                most.set(most.get().max(under_way.get()));
                // The later ones are quicker.
                for _ in n..320 {
                    yield_now().await;
                }
                under_way.set(under_way.get() - 1);
                Ok::<usize, ()>(n)
            }
        };
        assert_eq!(all((0..320).map(request)).await, Ok((0..320).collect()));
        assert_eq!(most.get(), AT_ONCE);
    }

    #[tokio::test]
    async fn nothing_is_asked_behind_a_fault() {
        let asked = Cell::new(0);
        let request = |n: usize| {
            asked.set(asked.get() + 1);
            async move { if n == 3 { Err(n) } else { Ok(n) } }
        };
        assert_eq!(all((0..1_000).map(request)).await, Err(3));
        assert!(asked.get() <= AT_ONCE + 4, "{}", asked.get());
    }
}
