//! Calls of the rollback handler: begun, polled one await at a time, ended or killed.

use std::sync::MutexGuard;
use std::task::{Context, Poll, Waker};

use super::super::hands::Hands;
use super::super::world::*;
use super::types::{Call, Job, Phase, Schedule};
use crate::*;
use pawl_base::duration::Duration;
use pawl_base::names::ModelName;
use pawl_ledger::ledger::Keys;

impl Schedule {
    pub(in crate::simulation) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap()
    }

    pub(in crate::simulation) fn work(&mut self, until: i64) {
        loop {
            let mut world = self.world();
            if world.broken.is_some() || world.now >= until {
                return;
            }
            if self.quiet && self.calls.is_empty() && world.is_over() {
                return;
            }
            let next = world.queue.keys().next().map(|(at, _)| *at);
            let due = next.is_some_and(|at| at <= world.now);
            // A call may hang while the world goes on.
            let jump = self.calls.is_empty() || (!self.quiet && world.rng.chance(10));
            let take = next.is_some() && (jump || (due && world.rng.chance(500)));
            if take {
                let ((at, _), what) = world.queue.pop_first().unwrap();
                world.now = world.now.max(at);
                drop(world);
                self.happen(what);
            } else if self.calls.is_empty() {
                return;
            } else {
                let index = world.rng.index(self.calls.len());
                drop(world);
                self.poll(index);
            }
        }
    }

    pub(in crate::simulation) fn poll(&mut self, index: usize) {
        let mut world = self.world();
        let call = &self.calls[index];
        let late = world.now - call.begun > TIMEOUT;
        let dies = late || world.rng.chance(self.deaths);
        drop(world);
        if dies {
            let call = self.calls.swap_remove(index);
            let mut world = self.world();
            world.coverage.count(if late { "call timed out" } else { "call killed" });
            world.note(|| format!("a call dies: {:?}", name(&call.job)));
            drop(world);
            return self.after(call.job, None);
        }
        let call = &mut self.calls[index];
        let polled = call.future.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        if let Poll::Ready(result) = polled {
            let call = self.calls.swap_remove(index);
            self.after(call.job, result.ok());
        }
    }

    pub(in crate::simulation) fn call(&mut self, job: Job) {
        self.made += 1;
        let hands = Hands { world: self.world.clone(), holder: format!("call-{}", self.made) };
        let (policy, work, runs) = (self.policy.clone(), job.clone(), &self.runs);
        let run = match &job {
            Job::Run { run } => Some(runs[*run].clone()),
            _ => None,
        };
        let future = async move {
            let keys = Keys::new(&ModelName::try_from(ENDPOINT.to_owned()).unwrap());
            let lease = Duration::seconds(u64::try_from(TIMEOUT / SECOND).unwrap());
            let caller = Caller { id: hands.holder.clone(), lease };
            let driver = Driver::new(&hands, hands.clone(), || hands.now(), keys, &policy, caller);
            match (work, run) {
                (Job::Deliver { event, .. }, _) => driver.handle(&event).await,
                (Job::Run { .. }, Some(run)) => {
                    let generation = run.candidate.generation;
                    match run.phase {
                        Phase::Guard => driver.guard(run.candidate).await,
                        Phase::Failed => driver.report_failure(generation, "no quota".to_owned()).await,
                        Phase::Observe => driver.observe(generation, run.asked).await,
                        _ => driver.watch(generation, run.asked).await,
                    }
                }
                _ => driver.reconcile().await.map(|_| Reply::Noted),
            }
        };
        let begun = self.world().now;
        self.calls.push(Call { future: Box::pin(future), begun, job });
    }

    /// A call ended: with an answer, or without (dead, or failed).
    pub(in crate::simulation) fn after(&mut self, job: Job, answer: Option<Reply>) {
        let mut world = self.world();
        match (job, answer) {
            (Job::Reconcile, _) => {}
            (Job::Deliver { event, .. }, Some(_)) => world.check_heard(&event),
            // Lambda tries an event twice more, then it lies in the dead-letter queue.
            (Job::Deliver { event, tries }, None) => {
                if tries < 2 {
                    let after = world.rng.range(30, 180) * SECOND;
                    world.at(after, Happening::Deliver { event, tries: tries + 1 });
                }
            }
            (Job::Run { run }, answer) => {
                drop(world);
                self.run_goes_on(run, answer);
            }
        }
    }
}

fn name(job: &Job) -> String {
    match job {
        Job::Deliver { event, .. } => format!("{:?}", event.name()),
        Job::Run { run } => format!("run {run}"),
        Job::Reconcile => "reconcile".to_owned(),
    }
}
