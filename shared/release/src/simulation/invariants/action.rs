//! What must hold when an action is performed, or a run begins its update.

use super::super::world::World;
use crate::*;
use pawl_ledger::events::EndpointStatus;

impl World {
    /// One call must not do the same over and over.
    pub(in crate::simulation) fn count_call(&mut self, holder: &str, action: &Action) {
        let (last_holder, last_action, times) = &mut self.truth.last_act;
        if last_holder == holder && *last_action == action.name() {
            *times += 1;
        } else {
            (*last_holder, *last_action, *times) = (holder.to_owned(), action.name().to_owned(), 1);
        }
        if *times > 12 {
            self.break_rule(format!("one call did {} again and again", action.name()));
        }
    }

    /// An action is about to be performed.
    pub(in crate::simulation) fn about_to(&mut self, action: &Action) {
        if !self.history.values().rev().any(|audit| audit.actions.contains(action)) {
            self.break_rule(format!("{} was performed before its audit was written", action.name()));
        }
        let Some((release, _)) = self.record.clone() else {
            return self.break_rule("an action without a record");
        };
        let target = match action {
            Action::UpdateEndpoint { call } => &call.config,
            Action::RecreateEndpoint { config, .. } => config,
            Action::RejectPackage { package, .. } => {
                // What an earlier rollback queued, which was given up, may still be on its way.
                let first = |generation| {
                    release.rollbacks.iter().filter(|rollback| rollback.generation == generation).count() == 1
                };
                let unsafe_yet = matches!(&release.state, State::RollingBack(r) if first(r.from.generation))
                    && self.endpoint.serving.as_ref().is_some_and(|serving| {
                        self.configs[serving].deployment.package.as_ref() == Some(package)
                    })
                    && self.endpoint.status == EndpointStatus::InService;
                if unsafe_yet {
                    self.break_rule("the books came before the traffic");
                }
                return;
            }
            _ => return,
        };
        match &release.state {
            State::RollingBack(rolling) if rolling.to.config == *target => {
                if let Action::UpdateEndpoint { call } = action {
                    self.check_instances(call, &rolling.to);
                }
                self.truth.taken_out.insert(rolling.from.config.clone());
            }
            state => {
                let name = state.name();
                self.break_rule(format!("traffic was moved to {target} in the state {name:?}"));
            }
        }
        if self.truth.taken_out.contains(target) {
            self.break_rule(format!("{target} was taken out and came back"));
        }
    }

    /// What autoscaling has made survives an update; what the config says is done.
    pub(in crate::simulation) fn check_instances(&mut self, call: &UpdateCall, to: &Deployment) {
        match (to.instances, call.retain_all_variant_properties) {
            (InstanceCount::Kept, true) | (InstanceCount::Configured, false) => {}
            (InstanceCount::Kept, false) => {
                self.break_rule(format!("autoscaling's instances were lost on the way to {}", to.config));
            }
            (InstanceCount::Configured, true) => {
                self.break_rule(format!("{} asks for instances that it does not get", to.config));
            }
        }
    }

    /// A run starts its update.
    pub(in crate::simulation) fn about_to_deploy(&mut self, config: &ConfigName) {
        let record = self.record.as_ref().map(|(release, _)| &release.state);
        let granted = matches!(record, Some(State::Deploying(d)) if d.candidate.config == *config);
        // Where somebody broke the endpoint by hand, bringing it back outranks a permission that may not be
        // used.
        let broken_by_hand = self.truth.console && self.coverage.has("endpoint failed");
        if !granted && !broken_by_hand {
            self.break_rule(format!("{config} was deployed without a grant"));
        }
        if self.endpoint.serving.as_ref() == Some(config) {
            self.break_rule(format!("{config} serves and was deployed again"));
        }
        if self.truth.taken_out.contains(config) && !broken_by_hand {
            self.break_rule(format!("{config} was taken out and was deployed again"));
        }
        if !self.alarms.contains_key(&format!("pawl-{config}-errors")) {
            self.break_rule(format!("{config} was deployed before its alarms stood"));
        }
    }
}
