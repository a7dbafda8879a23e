//! A run asks to deploy.

use super::Turn;
use crate::events::EndpointStatus;
use crate::release::{
    Action, Answer, CandidateFailure, Deploying, Deployment, GuardRequest, Hold, Progress, Rule, State,
    Target, TargetCheck, UpdateCall, alarms,
};

impl Turn<'_> {
    pub(super) fn guard(&mut self, request: &GuardRequest) -> Rule {
        let generation = request.candidate.generation;
        let lease_until = self.later(self.policy.grant);
        if let State::Deploying(deploying) = &mut self.release.state
            && deploying.candidate.generation == generation
            && deploying.candidate.config == request.candidate.config
        {
            // The answer got lost: it is given again, as long as nothing has begun.
            self.answer = Some(match deploying.progress {
                Progress::Updating | Progress::Begun => Answer::Wait,
                Progress::Granted => {
                    deploying.lease_until = lease_until;
                    let candidate = deploying.candidate.clone();
                    self.permission(&candidate)
                }
            });
            return Rule::Granted;
        }
        match self.refusal(request) {
            None => self.grant(request),
            Some(reason) => {
                self.note(reason.message());
                self.answer = Some(reason.into());
                Rule::Held
            }
        }
    }

    fn grant(&mut self, request: &GuardRequest) -> Rule {
        let specs =
            alarms::for_config(&self.policy.alarms, &self.release.endpoint, &request.candidate.config);
        let names = alarms::names(&self.policy.alarms, &self.release.endpoint, &request.candidate.config);
        let candidate = Deployment { alarms: names, activated_at: None, ..request.candidate.clone() };

        self.release.generation = candidate.generation;
        self.release.pass = None;
        self.answer = Some(self.permission(&candidate));
        self.release.state = State::Deploying(Deploying {
            candidate,
            progress: Progress::Granted,
            since: self.now,
            lease_until: self.later(self.policy.grant),
            intent: None,
            forced: false,
            failure: None,
        });
        self.queue(Action::PutAlarms { alarms: specs });
        Rule::Granted
    }

    fn permission(&self, candidate: &Deployment) -> Answer {
        let (endpoint, config) = (self.release.endpoint.clone(), candidate.config.clone());
        if self.release.current.is_none() {
            return Answer::DeployCreate { endpoint, config };
        }
        let way = self.policy.strategy.deployment(&candidate.alarms);
        Answer::DeployUpdate { call: UpdateCall::to(&endpoint, candidate, way) }
    }

    /// The first reason against the deployment.
    fn refusal(&mut self, request: &GuardRequest) -> Option<Hold> {
        let candidate = &request.candidate;
        if candidate.generation <= self.release.generation {
            return Some(Hold::Superseded { by: self.release.generation });
        }
        if let Some(freeze) = &self.release.freeze {
            return Some(Hold::Frozen { freeze: freeze.clone() });
        }
        match self.release.state {
            State::Stable => {}
            State::CoolDown { .. } if self.release.pass.is_some() => {}
            State::CoolDown { until } => return Some(Hold::CoolDown { until }),
            State::Deploying(_) | State::Watching(_) | State::RollingBack(_) => {
                return Some(Hold::EndpointBusy);
            }
        }
        if self.release.is_revoked(candidate) {
            return Some(Hold::Revoked);
        }
        if let Some(refusal) = self.refusal_of_endpoint(request) {
            return Some(refusal);
        }
        let specs = alarms::for_config(&self.policy.alarms, &self.release.endpoint, &candidate.config);
        let lints = alarms::lint(self.policy, &candidate.config, &specs, &request.alarms, &request.defined);
        (!lints.is_empty()).then_some(Hold::AlarmLint { lints })
    }

    fn refusal_of_endpoint(&mut self, request: &GuardRequest) -> Option<Hold> {
        let serving = request.serving.as_ref();
        match (request.status, &self.release.current) {
            (EndpointStatus::Absent, None) => return None,
            (EndpointStatus::InService, None) => {
                // An endpoint from before Pawl: taken as it is, good or not nobody knows.
                let config = serving?.clone();
                self.serve(Deployment::new(crate::names::Generation::default(), config));
            }
            (EndpointStatus::InService, Some(current)) if serving == Some(&current.config) => {}
            (status, _) => {
                let found = match serving {
                    Some(config) => format!("status {status:?}, serving {config}"),
                    None => format!("status {status:?}"),
                };
                return Some(Hold::EndpointNotReady { found });
            }
        }
        if serving == Some(&request.candidate.config) {
            return Some(Hold::AlreadyServing);
        }
        self.refusal_of_target(&request.target)
    }

    /// There must be something to go back to, and it must have been seen to exist.
    fn refusal_of_target(&mut self, check: &TargetCheck) -> Option<Hold> {
        if self.release.pass.is_some() {
            return None;
        }
        let Some(target) = self.release.fallback_of_next(self.policy).map(|target| target.config) else {
            let what = "no config has finished its watch healthy".to_owned();
            self.page_once("guard:no-target", format!("a deployment is held: {what}"));
            return Some(Hold::NoLastKnownGood { what });
        };
        match check {
            TargetCheck::Checked { config, found: Target::Present } if *config == target => None,
            TargetCheck::Checked { config, found: Target::Missing { what } } if *config == target => {
                self.page_once(&format!("lost:{target}"), format!("the fallback {target} is gone: {what}"));
                let known = self.release.good.len();
                self.release.good.retain(|good| good.config != target);
                match self.release.good.len() < known {
                    true => Some(Hold::AskAgain),
                    false => Some(Hold::NoLastKnownGood { what: format!("{target}: {what}") }),
                }
            }
            TargetCheck::Checked { .. } | TargetCheck::NotAsked => Some(Hold::AskAgain),
        }
    }

    /// The run says that it could not begin; the endpoint tells whether that is so.
    pub(super) fn candidate_failed(&mut self, failure: &CandidateFailure) -> Rule {
        self.subject = Some(failure.generation);
        match &mut self.release.state {
            State::Deploying(deploying) if deploying.candidate.generation == failure.generation => {
                deploying.failure = Some(failure.reason.clone());
                self.note(failure.reason.clone());
                self.describe()
            }
            _ => Rule::Logged,
        }
    }
}
