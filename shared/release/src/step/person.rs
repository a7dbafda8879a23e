//! People act: on a package in the registry, or on the release itself.

use super::turn::Turn;
use crate::audit::ReleaseRule;
use crate::cause::Cause;
use crate::deployment::Deployment;
use crate::record::Freeze;
use crate::state::State;
use pawl_ledger::events::{Operator, PackageApproval, PackageChange, Signal, Verb};

impl Turn<'_> {
    pub(super) fn package(&mut self, change: &PackageChange) -> ReleaseRule {
        let key = Signal::Package(change.clone()).dedupe_key();
        if self.was_seen(&key) {
            return ReleaseRule::Duplicate;
        }
        self.release.remember(key, self.now);
        // A rejection by Pawl itself comes back as an event too.
        if change.approval != PackageApproval::Rejected || self.release.rejected.contains(&change.arn) {
            return ReleaseRule::Logged;
        }
        let holds = |deployment: Option<&Deployment>| {
            deployment.is_some_and(|d| d.package.as_deref() == Some(change.arn.as_str()))
        };
        let (is_subject, serves) = (
            holds(self.release.subject()),
            holds(self.release.current.as_ref()) || holds(self.release.champion()),
        );
        self.release.reject(&change.arn);
        self.note(change.arn.clone());
        match self.release.state {
            State::Deploying(_) | State::Stable | State::Watching(_) if is_subject => {
                self.intend(Cause::PackageRejected)
            }
            _ if serves => {
                self.page_once(
                    &format!("rejected:{}", change.arn),
                    format!("{} was rejected and serves: a person must act", change.arn),
                );
                ReleaseRule::PackageRejected
            }
            _ => ReleaseRule::PackageRejected,
        }
    }

    pub(super) fn operator(&mut self, operator: &Operator) -> ReleaseRule {
        let key = Signal::Operator(operator.clone()).dedupe_key();
        if self.was_seen(&key) {
            return ReleaseRule::Duplicate;
        }
        self.release.remember(key, self.now);
        let (who, why) = (operator.who.clone(), operator.why.clone());
        self.note(format!("{who}: {why}"));
        match operator.verb {
            Verb::Rollback => self.asked_to_roll_back(Cause::Operator { who, why }),
            Verb::Freeze => {
                self.release.freeze = Some(Freeze { who, why, at: self.now });
                self.release.pass = None;
                ReleaseRule::Frozen
            }
            Verb::Unfreeze => {
                self.release.freeze = None;
                ReleaseRule::Unfrozen
            }
            Verb::Force => self.forced(Freeze { who, why, at: self.now }),
        }
    }

    fn asked_to_roll_back(&mut self, cause: Cause) -> ReleaseRule {
        match self.release.state {
            State::RollingBack(_) => ReleaseRule::AlreadyRollingBack,
            _ => self.intend(cause),
        }
    }

    fn forced(&mut self, pass: Freeze) -> ReleaseRule {
        match &mut self.release.state {
            State::Stable => self.release.pass = Some(pass),
            State::Deploying(deploying) => deploying.forced = true,
            State::Watching(_) => {
                self.pass_stage();
            }
            State::RollingBack(_) => return ReleaseRule::AlreadyRollingBack,
            State::CoolDown { .. } => self.release.state = State::Stable,
        }
        ReleaseRule::Forced
    }
}
