//! Which endpoint configs and models may be deleted: never one that serves, comes, goes, or could be gone back to.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{ConfigName, Policy, Release, State};
use crate::pipeline::Span;

/// An endpoint config as listed in the account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The config.
    pub config: ConfigName,
    /// The SageMaker models that it names.
    pub models: Vec<String>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// What may be deleted, the configs before the models.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Garbage {
    /// Endpoint configs.
    pub configs: Vec<ConfigName>,
    /// Models that no kept config names.
    pub models: Vec<String>,
}

impl Garbage {
    /// Plans the deletion of what this release made and no longer needs.
    ///
    /// `listed` are the configs whose names begin with the model's; only those that the record knows, or that a generation up
    /// to the newest granted one made, are ours to delete. Kept are: what serves, what is deployed, watched, taken out or brought
    /// back, every config that could be gone back to, the configured fallback, and whatever is younger than `grace`.
    pub fn plan(release: &Release, policy: &Policy, listed: &[Listed], grace: Span, now: Timestamp) -> Self {
        let needed = needed(release, policy);
        let young = |listed: &Listed| now.duration_since(listed.created_at) < grace.duration();
        let is_garbage = |listed: &&Listed| {
            is_ours(release, &listed.config) && !needed.contains(&listed.config) && !young(listed)
        };
        let configs: BTreeSet<&ConfigName> =
            listed.iter().filter(is_garbage).map(|listed| &listed.config).collect();
        let models_of = |gone: bool| -> BTreeSet<&String> {
            let chosen = listed.iter().filter(|listed| configs.contains(&listed.config) == gone);
            chosen.flat_map(|listed| &listed.models).collect()
        };
        let kept = models_of(false);
        let models = models_of(true).into_iter().filter(|model| !kept.contains(model)).cloned().collect();
        Self { configs: configs.into_iter().cloned().collect(), models }
    }
}

/// Every config that is in use or could be.
fn needed(release: &Release, policy: &Policy) -> BTreeSet<ConfigName> {
    let mut needed: BTreeSet<ConfigName> = policy.fallback.iter().cloned().collect();
    needed.extend(release.current.iter().map(|current| current.config.clone()));
    needed
        .extend(release.good.iter().filter(|good| !release.is_revoked(good)).map(|good| good.config.clone()));
    match &release.state {
        State::Deploying(deploying) => {
            needed.insert(deploying.candidate.config.clone());
        }
        State::RollingBack(rolling) => {
            needed.insert(rolling.from.config.clone());
            needed.insert(rolling.to.config.clone());
        }
        State::Stable | State::Watching(_) | State::CoolDown { .. } => {}
    }
    needed
}

/// Pawl names a config `<model>-<generation>` or `<model>-<generation>-<stamp>`; the endpoint has the model's name.
fn is_ours(release: &Release, config: &ConfigName) -> bool {
    let rest = config.0.strip_prefix(&release.endpoint).and_then(|rest| rest.strip_prefix('-'));
    rest.and_then(|rest| rest.split('-').next())
        .and_then(|number| number.parse::<u64>().ok())
        .is_some_and(|generation| generation <= release.generation.0)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::super::StateName;
    use super::super::tests::worlds::{at, release};
    use super::*;

    fn listed(config: &str, models: &[&str]) -> Listed {
        Listed {
            config: config.into(),
            models: models.iter().map(|model| (*model).to_owned()).collect(),
            created_at: at(0),
        }
    }

    fn plan(release: &Release, listed: &[Listed]) -> Garbage {
        let policy = Policy { fallback: Some("bike-0".into()), ..Policy::default() };
        Garbage::plan(release, &policy, listed, Span::seconds(3600), at(100))
    }

    #[test]
    fn whatever_could_be_gone_back_to_is_kept() {
        let mut release = release(StateName::Stable);
        release.generation = crate::names::Generation(9);
        let all: Vec<Listed> = (0..=9).map(|n| listed(&format!("bike-{n}"), &[])).collect();
        let gone: Vec<ConfigName> = (2..=9).map(|n| ConfigName(format!("bike-{n}"))).collect();
        assert_eq!(plan(&release, &all).configs, gone, "bike-1 serves, bike-0 is the fallback");
        release.revoked_configs.push("bike-1".into());
        assert_eq!(plan(&release, &all).configs, gone, "what serves is kept, revoked or not");
    }

    #[test]
    fn what_is_under_way_is_kept() {
        for state in [StateName::Deploying, StateName::Watching, StateName::RollingBack] {
            let all: Vec<Listed> = (0..=2).map(|n| listed(&format!("bike-{n}"), &[])).collect();
            assert_eq!(plan(&release(state), &all).configs, [], "{state:?}");
        }
    }

    #[test]
    fn strangers_and_newcomers_are_left_alone() {
        let mut release = release(StateName::Stable);
        release.generation = crate::names::Generation(5);
        let mut young = listed("bike-3", &[]);
        young.created_at = at(90);
        let others = [young, listed("bike-6", &[]), listed("bike-by-hand", &[]), listed("bikes-2", &[])];
        assert_eq!(plan(&release, &[listed("bike-2-8f", &[])]).configs, ["bike-2-8f".into()]);
        assert_eq!(plan(&release, &others), Garbage::default());
    }

    #[test]
    fn a_model_goes_with_its_last_config() {
        let mut release = release(StateName::Stable);
        release.generation = crate::names::Generation(5);
        let all = [listed("bike-1", &["shared"]), listed("bike-4", &["shared", "own"])];
        let garbage = plan(&release, &all);
        assert_eq!((garbage.configs, garbage.models), (vec!["bike-4".into()], vec!["own".to_owned()]));
    }
}
