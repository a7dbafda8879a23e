//! The stage before all traffic moves: champion and challenger side by side.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::error::StrategyError;
use super::fleet::{EndpointKind, Fleet};
use super::rollout::Strategy;
use pawl_base::duration::Duration;
use pawl_gate::live::LivePolicy;
use pawl_gate::live::TrialKind;
use pawl_stats::power::paired_rows;

/// How a challenger is tried beside the champion before all traffic moves to it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Trial {
    /// The challenger answers a copy of each request; clients get the champion's answer. Requests need an
    /// inference id, by which the answers meet each other and their truth.
    Shadow {
        /// After this long without an answer a person decides.
        at_most: Duration,
        /// What evidence suffices.
        #[serde(default)]
        judge: LivePolicy,
    },
    /// The challenger answers a share of the requests, chosen at random.
    Ab {
        /// How many of them, in percent: 1 to 50.
        percent: u8,
        /// After this long without an answer a person decides.
        at_most: Duration,
        /// What evidence suffices.
        #[serde(default)]
        judge: LivePolicy,
    },
}

/// The chance of finding the gain that the traffic must suffice for.
const POWER: f64 = 0.8;
/// Two different requests: at worst one of two such pairs has one right answer.
const UNPAIRED_DISCORDANCE: f64 = 0.5;

impl Trial {
    /// Which of the two.
    pub fn kind(&self) -> TrialKind {
        match self {
            Self::Shadow { .. } => TrialKind::Shadow,
            Self::Ab { .. } => TrialKind::Ab,
        }
    }

    /// How long it may take.
    pub fn at_most(&self) -> Duration {
        match self {
            Self::Shadow { at_most, .. } | Self::Ab { at_most, .. } => *at_most,
        }
    }

    /// What evidence suffices.
    pub fn judge(&self) -> &LivePolicy {
        match self {
            Self::Shadow { judge, .. } | Self::Ab { judge, .. } => judge,
        }
    }

    fn name(&self) -> &'static str {
        match self {
            Self::Shadow { .. } => "shadow",
            Self::Ab { .. } => "ab",
        }
    }

    /// Checks that the endpoint can do it, that the answers are captured, and that the evidence asked for can
    /// exist.
    pub fn fits(&self, fleet: Fleet, capture_percent: u32, then: &Strategy) -> Result<(), StrategyError> {
        let what = self.name();
        if fleet.kind != EndpointKind::RealTime {
            return Err(StrategyError::TrialKind { what, kind: fleet.kind });
        }
        match self {
            Self::Shadow { .. } if capture_percent != 100 => {
                return Err(StrategyError::Capture { what, least: 100, found: capture_percent });
            }
            Self::Ab { .. } if capture_percent == 0 => {
                return Err(StrategyError::Capture { what, least: 1, found: capture_percent });
            }
            Self::Ab { percent, .. } if !(1..=50).contains(percent) => {
                return Err(StrategyError::Percent { what, found: *percent, least: 1, most: 50 });
            }
            Self::Ab { .. } if *then != Strategy::AllAtOnce => {
                return Err(StrategyError::AfterAb { then: then.name() });
            }
            Self::Ab { .. } | Self::Shadow { .. } => {}
        }
        self.check_judge()
    }

    fn check_judge(&self) -> Result<(), StrategyError> {
        let judge = self.judge();
        let wrong = |field, fix| Err(StrategyError::Judge { field, fix });
        let share = |x: f64| x > 0.0 && x < 1.0;
        if !(share(judge.promote_alpha) && share(judge.harm_alpha)) {
            return wrong("promote_alpha and harm_alpha", "a chance above 0 and below 1");
        }
        if judge.agreement.is_some_and(|least| !share(least)) {
            return wrong("agreement", "a share above 0 and below 1");
        }
        if judge.agreement.is_some() && self.kind() == TrialKind::Ab {
            return wrong("agreement", "only a shadow's models answer the same requests: leave it out");
        }
        match self.needed() {
            None => wrong("gain", "above 0 and not above judge.discordance"),
            Some(needed) if needed > judge.horizon => {
                wrong("horizon", "more pairs: a gain of judge.gain cannot be found in so few")
            }
            Some(_) => Ok(()),
        }
    }

    /// The pairs of answers that it takes to find the gain four times out of five.
    fn needed(&self) -> Option<u64> {
        let judge = self.judge();
        if judge.agreement.is_some() {
            return Some(judge.minimum_requests);
        }
        let discordance = match self {
            Self::Shadow { .. } => judge.discordance,
            Self::Ab { .. } => UNPAIRED_DISCORDANCE,
        };
        let rows = paired_rows(discordance, judge.gain, judge.promote_alpha, POWER)?;
        Some(rows.max(judge.minimum_requests))
    }

    /// Why this many requests a second cannot decide in time, if so: said before the trial, not after it.
    pub fn undecidable(&self, requests_per_second: f64) -> Option<String> {
        let pairs = match self {
            Self::Shadow { .. } => 1.0,
            // The smaller side sets the pace.
            Self::Ab { percent, .. } => f64::from((*percent).min(100 - (*percent).min(100))) / 100.0,
        };
        let expected = requests_per_second * pairs * self.at_most().as_secs() as f64;
        let needed = self.needed().unwrap_or(u64::MAX);
        // Written so that a NaN decides nothing.
        let enough = expected >= needed as f64;
        (!enough).then(|| {
            format!(
                "this traffic cannot decide: about {expected:.0} pairs of answers in {}, {needed} needed \
                for a gain of {}; allow more time (at_most), ask for less (judge.gain), or \
                `pawl force` to deploy without a trial",
                self.at_most(),
                self.judge().gain
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REAL_TIME: Fleet = Fleet { kind: EndpointKind::RealTime, instances: 2, variants: 1 };

    fn shadow(judge: LivePolicy) -> Trial {
        Trial::Shadow { at_most: Duration::seconds(7 * 86_400), judge }
    }

    fn ab(percent: u8, judge: LivePolicy) -> Trial {
        Trial::Ab { percent, at_most: Duration::seconds(7 * 86_400), judge }
    }

    fn refused(trial: &Trial, fleet: Fleet, capture: u32, then: &Strategy) -> String {
        trial.fits(fleet, capture, then).map_or_else(|error| error.to_string(), |()| String::new())
    }

    #[test]
    fn only_a_real_time_endpoint_that_captures_can_try() {
        let judge = LivePolicy::default;
        for kind in [EndpointKind::Serverless, EndpointKind::Asynchronous] {
            let fleet = Fleet { kind, ..REAL_TIME };
            let text = refused(&shadow(judge()), fleet, 100, &Strategy::default());
            assert!(text.contains(&format!("shadow does not work on a {kind} endpoint")), "{text}");
        }
        assert_eq!(refused(&shadow(judge()), REAL_TIME, 100, &Strategy::default()), "");
        assert!(
            refused(&shadow(judge()), REAL_TIME, 50, &Strategy::default()).contains("capture_percent is 50")
        );
        assert_eq!(refused(&ab(50, judge()), REAL_TIME, 50, &Strategy::AllAtOnce), "");
        assert!(
            refused(&ab(50, judge()), REAL_TIME, 0, &Strategy::AllAtOnce).contains("capture_percent is 0")
        );
        assert!(refused(&ab(51, judge()), REAL_TIME, 100, &Strategy::AllAtOnce).contains("51 %"));
        assert!(refused(&ab(50, judge()), REAL_TIME, 100, &Strategy::default()).contains("all_at_once"));
    }

    #[test]
    fn evidence_that_cannot_exist_is_not_asked_for() {
        let policy = LivePolicy::default;
        for (judge, field) in [
            (LivePolicy { promote_alpha: 0.0, ..policy() }, "promote_alpha"),
            (LivePolicy { agreement: Some(1.5), ..policy() }, "agreement"),
            (LivePolicy { gain: 0.2, ..policy() }, "gain"),
            (LivePolicy { gain: f64::NAN, ..policy() }, "gain"),
            (LivePolicy { horizon: 5_000, ..policy() }, "horizon"),
        ] {
            let text = refused(&shadow(judge), REAL_TIME, 100, &Strategy::default());
            assert!(text.contains(field), "{field}: {text}");
        }
        let agreeing = LivePolicy { agreement: Some(0.9), ..policy() };
        assert!(refused(&ab(50, agreeing), REAL_TIME, 100, &Strategy::AllAtOnce).contains("agreement"));
    }

    #[test]
    fn too_little_traffic_is_said_before() {
        let trial = shadow(LivePolicy::default());
        // A discordance of 10 % and a gain of 1 pp at 2.5 %: 7,849 pairs, by the formula of facts on sample
        // sizes.
        let needed = trial.needed().map(|needed| needed as f64);
        assert!(needed.is_some_and(|needed| (7_800.0..7_900.0).contains(&needed)), "{needed:?}");
        let a_week = 7.0 * 86_400.0;
        assert_eq!(trial.undecidable(7_900.0 / a_week), None);
        let text = trial.undecidable(700.0 / a_week).unwrap_or_default();
        assert!(text.starts_with("this traffic cannot decide: about 700 pairs of answers in 7d"), "{text}");
        assert!(trial.undecidable(f64::NAN).is_some() && trial.undecidable(0.0).is_some());
        let (fair, small) = (ab(50, LivePolicy::default()), ab(5, LivePolicy::default()));
        assert!(fair.undecidable(0.15).is_none() && small.undecidable(0.15).is_some());
    }
}
