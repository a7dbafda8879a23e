//! The deterministic simulation: the real driver and core against a model of S3, SageMaker, CloudWatch,
//! people and time.
//!
//! One seed makes one world: runs that deploy challengers good and bad, alarms that flap, duplicate, come
//! late or never, guardrails that roll back silently, updates that get lost, endpoints that fail, targets
//! that vanish, stores that answer 503 after having written, functions that die between any two effects, and
//! people who act at bad moments. The driver's futures are polled one await at a time in an order that the
//! seed decides, so every interleaving of calls can occur. The rules of [`invariants`] are checked at every
//! write and every effect, and again when the world has come to rest.
//!
//! - `cargo test -p pawl-release simulation` runs 1,000 schedules; `PAWL_SCHEDULES` asks for more,
//!   `PAWL_SEED` names the first seed.
//! - `PAWL_SEED=77 PAWL_SCHEDULES=1` replays one, and prints its log where a rule is broken.
//! - `./scripts/test-more simulation` runs a million.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)]
#![allow(clippy::large_enum_variant)]

mod coverage;
mod hands;
mod invariants;
mod rng;
mod schedule;
mod truth;
mod world;

use std::sync::atomic::{AtomicU64, Ordering};

use coverage::Coverage;

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// Runs the schedules on all cores, and panics at the first that breaks a rule.
fn run(schedules: u64) -> Coverage {
    let (first, next) = (number("PAWL_SEED", 1), AtomicU64::new(0));
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let work = || {
        let mut coverage = Coverage::default();
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= schedules {
                return coverage;
            }
            let seed = first.wrapping_add(number);
            match schedule::run(seed) {
                Ok(covered) => coverage.add(&covered),
                Err(broken) => {
                    next.store(u64::MAX / 2, Ordering::Relaxed);
                    panic!(
                        "seed {seed}: {broken}\nreplay: PAWL_SEED={seed} PAWL_SCHEDULES=1 cargo test \
                        simulation"
                    );
                }
            }
        }
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        workers.into_iter().fold(Coverage::default(), |mut all, worker| {
            match worker.join() {
                Ok(coverage) => all.add(&coverage),
                Err(cause) => std::panic::resume_unwind(cause),
            }
            all
        })
    })
}

#[test]
fn production_never_ends_worse() {
    let schedules = number("PAWL_SCHEDULES", 1_000);
    let begun = std::time::Instant::now();
    let coverage = run(schedules);
    eprintln!("{schedules} schedules in {:.1} s\n{coverage}", begun.elapsed().as_secs_f64());
    if schedules >= 5_000 {
        assert_eq!(coverage.missing(), [""; 0], "the worlds no longer reach everything");
    }
}

#[test]
fn a_seed_replays() {
    for seed in 1..20 {
        assert_eq!(schedule::run(seed), schedule::run(seed));
    }
}
