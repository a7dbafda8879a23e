//! A run asks to deploy.

use super::turn::Turn;
use crate::action::{Action, UpdateCall};
use crate::alarms;
use crate::audit::ReleaseRule;
use crate::deployment::Deployment;
use crate::event::{CandidateFailure, GuardRequest};
use crate::observation::{EndpointOrigin, TargetCheck, TargetPresence};
use crate::reply::{HoldReason, Reply};
use crate::state::{Deploying, Progress, State};
use crate::strategy::Strategy;
use pawl_ledger::events::EndpointStatus;

impl Turn<'_> {
    pub(super) fn guard(&mut self, request: &GuardRequest) -> ReleaseRule {
        let generation = request.candidate.generation;
        if let State::Deploying(deploying) = self.release.state.clone()
            && deploying.candidate.generation == generation
            && *deploying.candidate.last_config() == request.candidate.config
        {
            return self.asked_again(deploying);
        }
        if let State::RollingBack(rolling) = &self.release.state
            && rolling.from.generation == generation
        {
            // Its trial was won, and taken back before it asked.
            self.subject = Some(generation);
            return ReleaseRule::AlreadyRollingBack;
        }
        match self.refusal(request) {
            None => self.grant(request),
            Some(reason) => self.hold(reason),
        }
    }

    fn hold(&mut self, reason: HoldReason) -> ReleaseRule {
        self.note(reason.message());
        self.reply = Some(reason.into());
        ReleaseRule::Held
    }

    /// The trial was won, or the answer got lost: it is given again, as long as nothing has begun.
    fn asked_again(&mut self, deploying: Deploying) -> ReleaseRule {
        if matches!(deploying.progress, Progress::Updating | Progress::Begun) {
            self.reply = Some(Reply::Wait);
            return ReleaseRule::Granted;
        }
        if let Some(cause) = deploying.intent {
            // The run may have used an earlier permission: the end of its lease and the endpoint's status
            // decide what happens.
            return self.hold(HoldReason::TakenBack { cause });
        }
        self.reply = Some(self.permission(&deploying.candidate));
        self.release.state = State::Deploying(Deploying {
            progress: Progress::Granted,
            lease_until: self.later(self.policy.grant),
            // What its run could not begin before, it may begin now.
            failure: None,
            ..deploying
        });
        ReleaseRule::Granted
    }

    fn grant(&mut self, request: &GuardRequest) -> ReleaseRule {
        let candidate = self.first_stage(&request.candidate);
        self.release.pass = None;
        self.release.generation = candidate.generation;
        self.release.seen_at = Some(request.look.at);
        let granted = self.grant_stage(candidate, Progress::Granted);
        self.reply = Some(self.permission(&granted));
        ReleaseRule::Granted
    }

    fn has_pass(&self) -> bool {
        self.release.pass_at(self.now).is_some()
    }

    /// The trial, if the policy asks for one and there is a champion; a person's permission skips it.
    fn first_stage(&self, candidate: &Deployment) -> Deployment {
        match &self.policy.trial {
            Some(trial) if self.release.current.is_some() && !self.has_pass() => {
                candidate.in_trial(trial.kind())
            }
            _ => candidate.clone(),
        }
    }

    /// A stage may begin, behind its alarms.
    pub(super) fn grant_stage(&mut self, candidate: Deployment, progress: Progress) -> Deployment {
        let (policy, endpoint) = (&self.policy.alarms, &self.release.endpoint);
        let specs = alarms::for_deployment(policy, endpoint, &candidate);
        let names = alarms::names(policy, endpoint, &candidate);
        let candidate = Deployment { alarms: names, activated_at: None, ..candidate };
        self.release.state = State::Deploying(Deploying {
            candidate: candidate.clone(),
            progress,
            since: self.now,
            lease_until: self.later(match progress {
                Progress::Offered => self.policy.offer(),
                _ => self.policy.grant,
            }),
            intent: None,
            forced: false,
            failure: None,
        });
        self.queue(Action::PutAlarms { alarms: specs });
        candidate
    }

    fn permission(&self, candidate: &Deployment) -> Reply {
        let (endpoint, config) = (self.release.endpoint.clone(), candidate.config.clone());
        let Some(current) = &self.release.current else { return Reply::DeployCreate { endpoint, config } };
        // The champion goes on answering in a trial: there is nothing to move in steps.
        let strategy = if candidate.trial.is_some() { &Strategy::AllAtOnce } else { &self.policy.strategy };
        let way = strategy.deployment(&candidate.alarms);
        Reply::DeployUpdate { call: UpdateCall::to(&endpoint, current, candidate, way) }
    }

    /// The first reason against the deployment.
    fn refusal(&mut self, request: &GuardRequest) -> Option<HoldReason> {
        let candidate = &request.candidate;
        if candidate.generation <= self.release.generation {
            return Some(HoldReason::Superseded { by: self.release.generation });
        }
        if let Some(freeze) = &self.release.freeze {
            return Some(HoldReason::Frozen { freeze: freeze.clone() });
        }
        match self.release.state {
            State::Stable => {}
            State::CoolDown { .. } if self.has_pass() => {}
            State::CoolDown { until } => return Some(HoldReason::CoolDown { until }),
            State::Deploying(_) | State::Watching(_) | State::RollingBack(_) => {
                return Some(HoldReason::EndpointBusy);
            }
        }
        if self.release.is_revoked(candidate) {
            return Some(HoldReason::Revoked);
        }
        if let Some(refusal) = self.refusal_of_endpoint(request) {
            return Some(refusal);
        }
        if let Some(refusal) = self.refusal_of_trial(request) {
            return Some(refusal);
        }
        let stage = self.first_stage(candidate);
        let (policy, endpoint) = (&self.policy.alarms, &self.release.endpoint);
        let mut specs = alarms::for_deployment(policy, endpoint, &stage);
        specs.extend(alarms::on_traffic(policy, endpoint, &stage.config));
        let lints = alarms::lint(self.policy, &stage.config, &specs, &request.alarms, &request.defined);
        (!lints.is_empty()).then_some(HoldReason::AlarmLint { lints })
    }

    fn refusal_of_endpoint(&mut self, request: &GuardRequest) -> Option<HoldReason> {
        let serving = request.look.config.as_ref();
        match (request.look.status, &self.release.current) {
            (EndpointStatus::Absent, None) => return None,
            (EndpointStatus::InService, None) => {
                let config = serving?.clone();
                if request.look.origin != EndpointOrigin::Ours {
                    let Some(pass) = self.release.pass_at(self.now) else {
                        let endpoint = self.release.endpoint.clone();
                        return Some(HoldReason::ForeignEndpoint { endpoint, serving: config });
                    };
                    self.note(format!("taken over with {config}, as {} allowed: {}", pass.who, pass.why));
                }
                // From before this record: taken as it is, good or not nobody knows.
                self.serve(Deployment::new(pawl_base::names::Generation::default(), config));
            }
            (EndpointStatus::InService, Some(current)) if serving == Some(&current.config) => {}
            (status, _) => {
                let found = match serving {
                    Some(config) => format!("status {status:?}, serving {config}"),
                    None => format!("status {status:?}"),
                };
                return Some(HoldReason::EndpointNotReady { found });
            }
        }
        if serving == Some(&request.candidate.config) {
            return Some(HoldReason::AlreadyServing);
        }
        self.refusal_of_target(&request.target)
    }

    /// There must be a champion to try it beside, and enough traffic for a verdict.
    fn refusal_of_trial(&self, request: &GuardRequest) -> Option<HoldReason> {
        let (Some(trial), Some(current)) = (&self.policy.trial, &self.release.current) else { return None };
        if self.has_pass() {
            return None;
        }
        let is_good = self.release.good_with(&current.config).is_some();
        if !is_good || current.model.is_none() || self.release.is_revoked(current) {
            return Some(HoldReason::NoChampion { serving: current.config.clone() });
        }
        let why = trial.undecidable(request.traffic.unwrap_or(0.0))?;
        Some(HoldReason::TooLittleTraffic { why })
    }

    /// There must be something to go back to, and it must have been seen to exist.
    fn refusal_of_target(&mut self, check: &TargetCheck) -> Option<HoldReason> {
        if self.has_pass() {
            return None;
        }
        let Some(target) = self.release.fallback_of_next(self.policy).map(|target| target.config) else {
            let what = "no config has finished its watch healthy".to_owned();
            self.page_once("guard:no-target", format!("a deployment is held: {what}"));
            return Some(HoldReason::NoLastKnownGood { what });
        };
        match check {
            TargetCheck::Checked { config, found: TargetPresence::Present } if *config == target => None,
            TargetCheck::Checked { config, found: TargetPresence::Missing { what } } if *config == target => {
                self.page_once(&format!("lost:{target}"), format!("the fallback {target} is gone: {what}"));
                let known = self.release.good.len();
                self.release.good.retain(|good| good.config != target);
                match self.release.good.len() < known {
                    true => Some(HoldReason::AskAgain),
                    false => Some(HoldReason::NoLastKnownGood { what: format!("{target}: {what}") }),
                }
            }
            TargetCheck::Checked { .. } | TargetCheck::NotAsked => Some(HoldReason::AskAgain),
        }
    }

    /// The run reports that it could not begin. Whether that is true, the endpoint's status decides.
    pub(super) fn candidate_failed(&mut self, failure: &CandidateFailure) -> ReleaseRule {
        self.subject = Some(failure.generation);
        match &mut self.release.state {
            State::Deploying(deploying) if deploying.candidate.generation == failure.generation => {
                deploying.failure = Some(failure.reason.clone());
                // SageMaker may have accepted the call all the same: only a description from now on can show
                // it.
                self.release.seen_at = Some(self.now);
                self.note(failure.reason.clone());
                self.describe()
            }
            _ => ReleaseRule::Logged,
        }
    }
}
