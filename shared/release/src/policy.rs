//! The section `release` of `pipeline.yaml`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::ConfigName;
use crate::region;
use crate::region::{Region, RegionError, SmokeRows};
use crate::strategy::{Strategy, Trial};
use pawl_base::duration::Duration;

/// How a challenger reaches production, and what takes it out again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
// Long: it is a section of pipeline.yaml, field by field.
pub struct Policy {
    /// How traffic moves to a new config. Default: a canary of 10 % for 10 minutes.
    pub strategy: Strategy,
    /// How a challenger is tried beside the champion before that. Default: it is not.
    pub trial: Option<Trial>,
    /// How long a new config must serve all traffic without an alarm before it counts as good. Default `30m`.
    pub bake: Duration,
    /// By how much the bake is extended, at most, while there is too little traffic or data to judge. Default
    /// `2h`.
    pub patience: Duration,
    /// How long a person may take to decide about a config that could not be proven good; then it is rolled
    /// back. Default `1d`.
    pub decision: Duration,
    /// The run must begin its update within this time of being granted it. Default `15m`.
    pub grant: Duration,
    /// The pauses after one, two, and three or more rollbacks in a row.
    pub cool_downs: CoolDowns,
    /// What a confirmed alarm does once the bake is over. Default `roll_back`.
    pub when_stable: WhenStable,
    /// An endpoint config to fall back to where no config is known to be good, for example one with a simple
    /// rule. Default: none.
    pub fallback: Option<ConfigName>,
    /// Endpoint configs and models that nothing needs any more are kept for this long. Default `1d`.
    pub keep_unused: Duration,
    /// The alarms that Pawl makes for each new config.
    pub alarms: AlarmPolicy,
    /// Further regions that a promoted model goes to, one after another. Default: none.
    pub regions: Vec<Region>,
    /// Which rows an endpoint in a further region is tried with. Default `synthetic`: no row of the data
    /// leaves home.
    pub smoke: SmokeRows,
    /// An endpoint that is created or updated for longer than this, and than its strategy takes, is paged.
    /// Default `2h`.
    pub stuck: Duration,
    /// How often the metrics of endpoints come. Not the team's to say: once a minute, but on a stand-in.
    #[serde(skip)]
    pub endpoint_metrics: Duration,
}

/// The most looks at one phase of a release whose length is known, so that a state machine's history, which
/// ends at 25,000 events, holds them all.
const LOOKS: u64 = 250;

/// A phase whose length nobody knows, such as an update, is looked at again after this part of the time that
/// it has taken so far: looks grow with the logarithm of its length only.
const PART: u64 = 30;

impl Policy {
    /// How often a phase of this length is polled: often enough to see it pass, and seldom enough that a
    /// state machine's history holds trial, bake, patience and a person's time to decide.
    pub fn look_every(&self, longest: Duration) -> Duration {
        Duration::seconds(self.usual_pause().max(longest.as_secs().div_ceil(LOOKS)))
    }

    /// The pause before the next look at a rollout or a rollback that has taken so long.
    pub fn look_again(&self, taken: Duration) -> Duration {
        Duration::seconds(self.usual_pause().max(taken.as_secs() / PART))
    }

    /// After this time a rollout hangs.
    pub(super) fn stuck_after(&self) -> Duration {
        self.stuck.max(self.strategy.longest())
    }

    /// In seconds.
    fn usual_pause(&self) -> u64 {
        (self.bake.as_secs() / 10).clamp(1, 30)
    }

    /// How long a run may take to ask for all traffic after its trial was won: it may have polled just before
    /// that.
    pub(super) fn offer(&self) -> Duration {
        let trial = self.trial.as_ref().map_or(Duration::seconds(0), Trial::at_most);
        let watch = Duration::seconds(self.bake.as_secs() + self.patience.as_secs());
        let longest = trial.max(self.decision).max(watch);
        Duration::seconds(self.grant.as_secs() + 2 * self.look_every(longest).as_secs())
    }

    /// Whether a wave could visit all regions, as far as the file shows. `image` and `bucket` are those at
    /// home.
    ///
    /// # Errors
    /// [`RegionError`] names the region and the fix.
    pub fn fits_regions(&self, image: &str, bucket: &str) -> Result<(), RegionError> {
        region::check(&self.regions, image, bucket)
    }

    /// The part of the policy that applies in a further region. The trial was won at home; the monitoring's
    /// metrics and the fallback exist at home only.
    pub fn in_region(&self) -> Self {
        let alarms = AlarmPolicy { live_quality: None, drift: None, groups: None, ..self.alarms.clone() };
        Self { trial: None, fallback: None, alarms, ..self.clone() }
    }

    /// How long a run may deploy and watch at most, if each phase takes its longest.
    pub fn at_most(&self) -> Duration {
        let trial =
            self.trial.as_ref().map_or(0, |trial| trial.at_most().as_secs() + self.decision.as_secs());
        Duration::seconds(trial + self.bake.as_secs() + self.patience.as_secs() + self.decision.as_secs())
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            strategy: Strategy::default(),
            trial: None,
            bake: Duration::seconds(30 * 60),
            patience: Duration::seconds(2 * 3600),
            decision: Duration::seconds(24 * 3600),
            grant: Duration::seconds(15 * 60),
            cool_downs: CoolDowns::default(),
            when_stable: WhenStable::default(),
            fallback: None,
            keep_unused: Duration::seconds(24 * 3600),
            alarms: AlarmPolicy::default(),
            regions: Vec::new(),
            smoke: SmokeRows::default(),
            stuck: Duration::seconds(2 * 3600),
            endpoint_metrics: Duration::seconds(60),
        }
    }
}

/// The pauses after rollbacks in a row; a promotion starts the count anew.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CoolDowns {
    /// After the first. Default `6h`.
    pub first: Duration,
    /// After the second. Default `12h`.
    pub second: Duration,
    /// After any further one. Default `1d`.
    pub further: Duration,
}

impl Default for CoolDowns {
    fn default() -> Self {
        Self {
            first: Duration::seconds(6 * 3600),
            second: Duration::seconds(12 * 3600),
            further: Duration::seconds(24 * 3600),
        }
    }
}

impl CoolDowns {
    /// The pause after this many rollbacks in a row.
    pub fn after(&self, in_a_row: u32) -> Duration {
        match in_a_row {
            0 | 1 => self.first,
            2 => self.second,
            _ => self.further,
        }
    }
}

/// What a confirmed alarm of a config that is past its bake does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WhenStable {
    /// Go back to the last known good config.
    #[default]
    RollBack,
    /// Tell people.
    Notify,
}

/// The alarms that Pawl makes for each new config, with its name as dimension.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AlarmPolicy {
    /// The share of requests that may end in a 5xx. Default 0.01.
    pub error_rate: f64,
    /// The latency that 99 of 100 requests must keep, in milliseconds, without SageMaker's own overhead.
    /// Default 500.
    pub latency_p99_ms: f64,
    /// The length of one period. Default `60s`.
    pub period: Duration,
    /// How many of these periods are judged together. Default 3.
    pub periods: u32,
    /// How many of them must be bad. Default 2.
    pub bad_periods: u32,
    /// The fewest requests in a bake from which anything may be concluded. Default 100.
    pub minimum_requests: u64,
    /// The fewest requests in one period: fewer count as an outage, once the config is promoted. Default: not
    /// watched.
    pub requests_per_period: Option<u64>,
    /// The lowest live quality, 0 to 1, on what was served and has its true label by now: the accuracy; of a
    /// regression the expected mean absolute error over the live one, 1 where that is no larger. Fallen
    /// quality is harm: by default it goes back, and asks for a new model. Default: not watched.
    pub live_quality: Option<LiveLimit>,
    /// The largest share of columns that may drift in what is served, 0 to 1. Inputs that moved are no fault
    /// of the model: by default it stays and a new one is asked for. Default: not watched.
    pub drift: Option<LiveLimit>,
    /// The largest share of the comparisons of the gate's groups that may be worse in what is served than
    /// allowed, 0 to 1: 0 for none. By default it goes back and asks for no model, since one of the same data
    /// would treat them alike. Default: not watched.
    pub groups: Option<LiveLimit>,
    /// Names of further alarms, made by you, that watch every config: business metrics, for example.
    pub further: Vec<String>,
}

impl Default for AlarmPolicy {
    fn default() -> Self {
        Self {
            error_rate: 0.01,
            latency_p99_ms: 500.0,
            period: Duration::seconds(60),
            periods: 3,
            bad_periods: 2,
            minimum_requests: 100,
            requests_per_period: None,
            live_quality: None,
            drift: None,
            groups: None,
            further: Vec::new(),
        }
    }
}

/// A bound on what the monitoring publishes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LiveLimit {
    /// The bound.
    pub bound: f64,
    /// How often the monitoring publishes: a multiple of a minute.
    pub period: Duration,
    /// So many periods in a row must be bad. Default 1.
    #[serde(default = "one")]
    pub periods: u32,
    /// What follows. Default: of `drift` `retrain`, of `live_quality` `roll_back_and_retrain`, of `groups`
    /// `roll_back`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub then: Option<AlarmResponse>,
}

/// What follows from an alarm on what the monitoring publishes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AlarmResponse {
    /// A run is asked for. What serves stays, and so does its data: neither is to blame.
    Retrain,
    /// The config is taken out, as by any other alarm of its own; `when_stable` counts.
    RollBack,
    /// Both.
    RollBackAndRetrain,
    /// People are told.
    Notify,
}

impl AlarmResponse {
    /// Whether the alarm watches releases: guards deployments, counts in a bake, takes a config out.
    pub fn rolls_back(self) -> bool {
        matches!(self, Self::RollBack | Self::RollBackAndRetrain)
    }

    /// Whether the alarm asks for a run.
    pub fn retrains(self) -> bool {
        matches!(self, Self::Retrain | Self::RollBackAndRetrain)
    }
}

fn one() -> u32 {
    1
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// The events of one look: a wait, a choice or two, and a call of a function or two; see
    /// `statemachines/retraining.asl.json`.
    const WAITED: u64 = 9;
    const WATCHED: u64 = 11;
    const COMPARED: u64 = 16;
    /// What a run writes down beside its looks at the release: its other states, and looks for quiet.
    const ELSE: u64 = 2_500;

    fn looks_at_rollout(policy: &Policy, takes: u64) -> u64 {
        let (mut taken, mut looks) = (0, 0);
        while taken < takes {
            taken += policy.look_again(Duration::seconds(taken)).as_secs();
            looks += 1;
        }
        looks
    }

    #[test]
    fn the_longest_release_fits_the_history_of_its_run() {
        let (hour, day) = (3_600, 86_400);
        for bake in [1, 10, 600, 1_800, day, 7 * day] {
            for at_most in [60, hour, day, 14 * day] {
                for rollout in [60, hour, 8 * hour, day] {
                    let seconds = Duration::seconds;
                    let policy =
                        Policy { bake: seconds(bake), patience: seconds(at_most), ..Policy::default() };
                    let rollouts = 3 * looks_at_rollout(&policy, rollout) * WAITED;
                    let looks = |length: u64| length.div_ceil(policy.look_every(seconds(length)).as_secs());
                    let trial = (looks(at_most) + looks(day)) * COMPARED;
                    let watch = (looks(bake + at_most) + looks(day)) * WATCHED;
                    let events = rollouts + trial + watch + ELSE;
                    assert!(events < 25_000, "{bake} {at_most} {rollout}: {events}");
                }
            }
        }
    }

    #[test]
    fn what_exists_at_home_only_does_not_count_there() {
        let text = r#"{"shadow": {"at_most": "7d"}}"#;
        let trial: Trial = serde_json::from_str(text).unwrap();
        let limit =
            || Some(LiveLimit { bound: 0.5, period: Duration::seconds(3_600), periods: 1, then: None });
        let alarms =
            AlarmPolicy { live_quality: limit(), drift: limit(), groups: limit(), ..AlarmPolicy::default() };
        let home = Policy { trial: Some(trial), fallback: Some("rule".into()), alarms, ..Policy::default() };
        assert_eq!(home.in_region(), Policy::default());
    }
}
