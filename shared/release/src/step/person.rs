//! People act: on a package in the registry, or on the release itself.

use super::turn::Turn;
use crate::audit::DecisionRule;
use crate::cause::Cause;
use crate::deployment::Deployment;
use crate::record::Freeze;
use crate::state::State;
use pawl_ledger::events::{Operator, PackageApproval, PackageChange, Signal, Verb};

impl Turn<'_> {
    pub(super) fn package(&mut self, change: &PackageChange) -> DecisionRule {
        let key = Signal::Package(change.clone()).dedupe_key();
        if self.was_seen(&key) {
            return DecisionRule::Duplicate;
        }
        self.release.remember(key, self.now);
        // A rejection by Pawl itself comes back as an event too.
        if change.approval != PackageApproval::Rejected || self.release.rejected.contains(&change.arn) {
            return DecisionRule::Logged;
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
                DecisionRule::PackageRejected
            }
            _ => DecisionRule::PackageRejected,
        }
    }

    pub(super) fn operator(&mut self, operator: &Operator) -> DecisionRule {
        let key = Signal::Operator(operator.clone()).dedupe_key();
        if self.was_seen(&key) {
            return DecisionRule::Duplicate;
        }
        self.release.remember(key, self.now);
        let (who, why) = (operator.who.clone(), operator.why.clone());
        self.note(format!("{who}: {why}"));
        match operator.verb {
            Verb::Rollback => self.asked_to_roll_back(Cause::Operator { who, why }),
            Verb::Freeze => {
                self.release.freeze = Some(Freeze { who, why, at: self.now });
                self.release.pass = None;
                DecisionRule::Frozen
            }
            Verb::Unfreeze => {
                self.release.freeze = None;
                DecisionRule::Unfrozen
            }
            Verb::Force => self.forced(Freeze { who, why, at: self.now }),
        }
    }

    fn asked_to_roll_back(&mut self, cause: Cause) -> DecisionRule {
        match self.release.state {
            State::RollingBack(_) => DecisionRule::AlreadyRollingBack,
            _ => self.intend(cause),
        }
    }

    fn forced(&mut self, pass: Freeze) -> DecisionRule {
        match &mut self.release.state {
            State::Stable => self.release.pass = Some(pass),
            State::Deploying(deploying) => deploying.forced = true,
            State::Watching(_) => {
                self.pass_stage();
            }
            State::RollingBack(_) => return DecisionRule::AlreadyRollingBack,
            State::CoolDown { .. } => self.release.state = State::Stable,
        }
        DecisionRule::Forced
    }
}
