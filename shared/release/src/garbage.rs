//! Which endpoint configs, models and alarms may be deleted: never one that serves, comes, goes, or could be
//! gone back to.
//!
//! ```
//! use jiff::Timestamp;
//! use pawl_base::names::Generation;
//! use pawl_release::garbage::{Garbage, ListedResource};
//! use pawl_release::{Policy, Release};
//!
//! let mut release = Release::new("bike");
//! release.generation = Generation(2);
//! let named = |name: &str| ListedResource {
//!     name: name.to_owned(),
//!     arn: format!("arn:{name}"),
//!     created_at: Timestamp::UNIX_EPOCH,
//! };
//! let (old, stranger) = (named("bike-1-20260101000000"), named("scooter-1-20260101000000"));
//! let now = "2026-11-20T08:00:00Z".parse()?;
//! let garbage = Garbage::plan(&release, &Policy::default(), &[old, stranger], &[], now);
//! assert_eq!(garbage.configs.len(), 1);
//! assert_eq!(garbage.configs[0].config.name, "bike-1-20260101000000");
//! # Ok::<(), jiff::Error>(())
//! ```

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::alarms;
use crate::config::ConfigName;
use crate::deployment::Deployment;
use crate::policy::Policy;
use crate::record::Release;
use crate::state::State;

/// The length of the time in a name: `20261120080000`.
const STAMP: usize = 14;

/// An endpoint config or a model as listed in the account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedResource {
    /// Its name. Pawl gives an endpoint config the name of its model.
    pub name: String,
    /// Its ARN, which its tags are read by.
    pub arn: String,
    /// When it was made.
    pub created_at: Timestamp,
}

/// A page of a list, and the token that the next one is asked with; `None` behind the last page.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListedPage {
    /// What it holds.
    pub found: Vec<ListedResource>,
    /// Where to go on.
    pub next: Option<String>,
}

/// Where a sweep goes on: SageMaker lists by a part of the name, so one model's sweep passes by what others
/// have, however much that is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "of")]
pub enum SweepPlace {
    /// In the endpoint configs, which go before the models that they name.
    Configs {
        /// The token of the page.
        after: Option<String>,
    },
    /// In the models.
    Models {
        /// The token of the page.
        after: Option<String>,
    },
}

impl Default for SweepPlace {
    fn default() -> Self {
        Self::Configs { after: None }
    }
}

impl SweepPlace {
    /// The place after a page with this token; `None` at the end.
    pub fn then(&self, next: Option<String>) -> Option<Self> {
        match (self, next) {
            (Self::Configs { .. }, after @ Some(_)) => Some(Self::Configs { after }),
            (Self::Configs { .. }, None) => Some(Self::Models { after: None }),
            (Self::Models { .. }, after @ Some(_)) => Some(Self::Models { after }),
            (Self::Models { .. }, None) => None,
        }
    }
}

/// What may be deleted, the configs before the models.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Garbage {
    /// Endpoint configs, each with the alarms that watched it.
    pub configs: Vec<Discarded>,
    /// Models that no kept config names, those of rejected challengers among them.
    pub models: Vec<ListedResource>,
}

/// An endpoint config that nothing needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Discarded {
    /// The config.
    pub config: ListedResource,
    /// The names of the alarms that Pawl may have made for it.
    pub alarms: Vec<String>,
}

impl Garbage {
    /// Plans the deletion of what this release made and no longer needs.
    ///
    /// Only what a generation up to the newest granted one made is ours to delete. Kept are: what serves,
    /// what is deployed, watched, taken out or brought back, every config that could be gone back to, the
    /// configured fallback, the models of all these, and whatever is younger than [`Policy::keep_unused`].
    pub fn plan(
        release: &Release,
        policy: &Policy,
        configs: &[ListedResource],
        models: &[ListedResource],
        now: Timestamp,
    ) -> Self {
        let needed = needed(release, policy);
        let unused = |listed: &&ListedResource| {
            let young = now.duration_since(listed.created_at) < policy.keep_unused.signed();
            is_ours(release, &listed.name) && !needed.contains(&listed.name) && !young
        };
        let configs = configs.iter().filter(unused).map(|listed| Discarded {
            config: listed.clone(),
            alarms: alarms::every_name(&ConfigName(listed.name.clone())),
        });
        Self { configs: configs.collect(), models: models.iter().filter(unused).cloned().collect() }
    }
}

/// The names of every config that is in use or could be, and of their models.
fn needed(release: &Release, policy: &Policy) -> BTreeSet<String> {
    let good = release.good.iter().filter(|good| !release.is_revoked(good));
    let under_way: Vec<&Deployment> = match &release.state {
        State::Deploying(deploying) => vec![&deploying.candidate],
        State::RollingBack(rolling) => vec![&rolling.from, &rolling.to],
        State::Stable | State::Watching(_) | State::CoolDown { .. } => Vec::new(),
    };
    let names = |deployment: &Deployment| {
        let model = deployment.model.clone();
        std::iter::once(deployment.config.0.clone()).chain(model)
    };
    let fallback = policy.fallback.iter().map(|config| config.0.clone());
    good.chain(&release.current).chain(under_way).flat_map(names).chain(fallback).collect()
}

/// Pawl names what it makes `<model>-<generation>-<stamp>`, with a letter behind it for a trial's config or a
/// model that scores; the endpoint has the model's name. A name of any other shape is somebody else's.
fn is_ours(release: &Release, name: &str) -> bool {
    let rest = name.strip_prefix(&release.endpoint).and_then(|rest| rest.strip_prefix('-'));
    let Some(rest) = rest else { return false };
    let (number, stamp) = rest.split_once('-').map_or((rest, None), |(number, stamp)| (number, Some(stamp)));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_stamp = |stamp: &str| {
        let time = stamp.strip_suffix(|c: char| c.is_ascii_lowercase()).unwrap_or(stamp);
        time.len() == STAMP && digits(time)
    };
    let known = number.parse::<u64>().is_ok_and(|generation| generation <= release.generation.0);
    known && digits(number) && stamp.is_none_or(is_stamp)
}

#[cfg(test)]
mod tests {
    use super::super::StateName;
    use super::super::tests::worlds::{at, release};
    use super::*;
    use pawl_base::duration::Duration;
    use pawl_base::names::Generation;

    fn listed(name: &str) -> ListedResource {
        ListedResource { name: name.to_owned(), arn: format!("arn:{name}"), created_at: at(0) }
    }

    fn plan(
        release: &Release,
        configs: &[ListedResource],
        models: &[ListedResource],
    ) -> (Vec<String>, Vec<String>) {
        let keep_unused = Duration::seconds(3600);
        let policy = Policy { fallback: Some("bike-0".into()), keep_unused, ..Policy::default() };
        let garbage = Garbage::plan(release, &policy, configs, models, at(100));
        let names = |gone: Vec<ListedResource>| gone.into_iter().map(|gone| gone.name).collect();
        let configs = garbage.configs.into_iter().map(|gone| gone.config).collect();
        (names(configs), names(garbage.models))
    }

    fn numbered(numbers: std::ops::RangeInclusive<u64>) -> Vec<ListedResource> {
        numbers.map(|n| listed(&format!("bike-{n}"))).collect()
    }

    #[test]
    fn whatever_could_be_gone_back_to_is_kept() {
        let mut release = release(StateName::Stable);
        release.generation = Generation(9);
        let gone: Vec<String> = (2..=9).map(|n| format!("bike-{n}")).collect();
        let all = numbered(0..=9);
        assert_eq!(
            plan(&release, &all, &all),
            (gone.clone(), gone.clone()),
            "bike-1 serves, bike-0 is the fallback"
        );
        release.revoked_configs.push("bike-1".into());
        assert_eq!(plan(&release, &all, &[]).0, gone, "what serves is kept, revoked or not");
    }

    #[test]
    fn what_is_under_way_is_kept() {
        for state in [StateName::Deploying, StateName::Watching, StateName::RollingBack] {
            let all = numbered(0..=2);
            assert_eq!(plan(&release(state), &all, &all), (Vec::new(), Vec::new()), "{state:?}");
        }
    }

    #[test]
    fn strangers_and_newcomers_are_left_alone() {
        let mut release = release(StateName::Stable);
        release.generation = Generation(5);
        let young = ListedResource { created_at: at(90), ..listed("bike-3") };
        let others =
            [young, listed("bike-6"), listed("bike-by-hand"), listed("bikes-2"), listed("bike-demand-2")];
        let own = ["bike-2-20260101000000", "bike-2-20260101000000t", "bike-3-20260101000000n"].map(listed);
        assert_eq!(plan(&release, &own, &own).0.len(), own.len());
        assert_eq!(plan(&release, &own, &own).1.len(), own.len());
        let alike = [
            "bike-2-8f",
            "bike-2-canary",
            "bike-2-2026010100000",
            "bike-2-20260101000000tt",
            "bike-2-20260101000000-t",
            "bike-+2",
            "bike-eu-2-20260101000000",
            "my-bike-2-20260101000000",
        ]
        .map(listed);
        assert_eq!(plan(&release, &alike, &alike), (Vec::new(), Vec::new()));
        assert_eq!(plan(&release, &others, &others), (Vec::new(), Vec::new()));
    }

    #[test]
    fn a_sweep_goes_through_all_pages_of_both_lists() {
        let token = || Some("t".to_owned());
        let mut place = SweepPlace::default();
        let mut seen = vec![place.clone()];
        for next in [token(), None, token(), None] {
            let Some(then) = place.then(next) else { break };
            seen.push(then.clone());
            place = then;
        }
        let configs = |after| SweepPlace::Configs { after };
        let models = |after| SweepPlace::Models { after };
        assert_eq!(seen, [configs(None), configs(token()), models(None), models(token())]);
        assert_eq!(place.then(None), None);
    }

    #[test]
    fn a_model_is_kept_under_whatever_name_its_config_has() {
        let mut release = release(StateName::Stable);
        release.generation = Generation(5);
        release.good[0].model = Some("bike-4".to_owned());
        assert_eq!(plan(&release, &[], &numbered(3..=4)).1, ["bike-3"]);
    }

    #[test]
    fn a_config_takes_its_alarms_with_it() {
        let mut release = release(StateName::Stable);
        release.generation = Generation(5);
        let garbage = Garbage::plan(&release, &Policy::default(), &numbered(4..=4), &[], at(10_000));
        let made = alarms::for_config(&Policy::default().alarms, "bike", &"bike-4".into());
        let known = |alarm: &alarms::AlarmSpec| garbage.configs[0].alarms.contains(&alarm.alarm_name);
        assert!(!made.is_empty() && made.iter().all(known));
    }
}
