//! Challenger against champion on live traffic, looked at as often as one likes.
//!
//! Pairs of answers are joined with their truth when it comes: of one request that both models answered, or
//! of two requests that one of them each answered ([`super::SideBySide`]). Two bets run side by side, one
//! on the challenger being better and one on it being worse; each has its own error budget, which holds
//! over all looks together. The horizon ends in "needs approval", never in a promotion.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use pawl_stats::mcnemar::Discordance;
use pawl_stats::sequential::{PRIOR, ln_evidence};

/// When live evidence suffices.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct LivePolicy {
    /// The chance of ever promoting a challenger that is no better. Default 0.025.
    pub promote_alpha: f64,
    /// The chance of ever stopping a challenger that is no worse. Default 0.025.
    pub harm_alpha: f64,
    /// No promotion before this many requests. Default 1000.
    pub minimum_requests: u64,
    /// Requests after which a person decides. Default 100,000.
    pub horizon: u64,
    /// The gain in accuracy that the traffic must suffice to find, four times out of five; else the trial
    /// is not begun. Default 0.01.
    pub gain: f64,
    /// The share of requests on which the two models are expected to disagree. Default 0.1.
    pub discordance: f64,
    /// For a shadow whose truth never comes: promote when both models agree on at least this share of the
    /// requests, for sure. Default: the truth decides.
    pub agreement: Option<f64>,
}

impl Default for LivePolicy {
    fn default() -> Self {
        Self {
            promote_alpha: 0.025,
            harm_alpha: 0.025,
            minimum_requests: 1000,
            horizon: 100_000,
            gain: 0.01,
            discordance: 0.1,
            agreement: None,
        }
    }
}

/// What a look says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LiveVerdict {
    /// The challenger is shown to be better.
    Promote,
    /// The challenger is shown to be worse: roll back.
    Harm,
    /// Not enough is known yet: go on.
    Continue,
    /// The horizon is reached without an answer: a person decides.
    NeedsApproval,
}

/// One look at the evidence.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct LiveLook {
    /// What it says.
    pub verdict: LiveVerdict,
    /// Requests so far.
    pub requests: u64,
    /// Natural logarithm of the greatest evidence so far that the challenger is better.
    pub ln_better: f64,
    /// Natural logarithm of the greatest evidence so far that it is worse.
    pub ln_worse: f64,
    /// Challenger's accuracy − champion's; `None` before the first request.
    pub estimate: Option<f64>,
}

/// The running comparison; keeps four numbers, so it is stored between looks.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Live {
    table: Discordance,
    ln_better: f64,
    ln_worse: f64,
}

impl Live {
    /// What was counted so far.
    pub fn table(&self) -> &Discordance {
        &self.table
    }

    /// Takes new counts in and looks. What was once shown stays shown: the evidence is the greatest so far.
    pub fn look(&mut self, new: &Discordance, policy: &LivePolicy) -> LiveLook {
        self.table.challenger_only += new.challenger_only;
        self.table.champion_only += new.champion_only;
        self.table.rows += new.rows;
        let Discordance { challenger_only, champion_only, rows } = self.table;
        let turned = Discordance { challenger_only: champion_only, champion_only: challenger_only, rows };
        self.ln_better = self.ln_better.max(ln_evidence(&self.table, PRIOR));
        self.ln_worse = self.ln_worse.max(ln_evidence(&turned, PRIOR));
        // Written so that a NaN shows nothing.
        let shown = |ln: f64, alpha: f64| alpha > 0.0 && ln >= -alpha.ln();
        let verdict = if shown(self.ln_worse, policy.harm_alpha) {
            LiveVerdict::Harm
        } else if shown(self.ln_better, policy.promote_alpha) && rows >= policy.minimum_requests {
            LiveVerdict::Promote
        } else if rows >= policy.horizon {
            LiveVerdict::NeedsApproval
        } else {
            LiveVerdict::Continue
        };
        LiveLook {
            verdict,
            requests: rows,
            ln_better: self.ln_better,
            ln_worse: self.ln_worse,
            estimate: self.table.difference(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pawl_base::random::SplitMix64;
    use pawl_stats::normal_upper;

    /// Requests of which 10 % are discordant; of those the challenger wins this share.
    fn traffic(rng: &mut SplitMix64, rows: u64, wins: f64) -> Discordance {
        let mut table = Discordance { rows, ..Discordance::default() };
        for _ in 0..rows / 10 {
            let unit = rng.unit();
            if unit < wins { table.challenger_only += 1 } else { table.champion_only += 1 }
        }
        table
    }

    /// 100 looks at models that are equally good: each budget holds over all looks together, while a
    /// plain z-test that peeks promotes far more often than its nominal 5 %.
    #[test]
    fn looking_often_costs_nothing_and_peeking_does() {
        let (runs, policy) = (400, LivePolicy { minimum_requests: 0, ..LivePolicy::default() });
        let (mut promoted, mut harmed, mut peeked) = (0, 0, 0);
        for run in 0..runs {
            let mut rng = SplitMix64::new(run);
            let (mut live, mut all) = (Live::default(), Discordance::default());
            let (mut promote, mut harm, mut peek) = (false, false, false);
            for _ in 0..100 {
                let new = traffic(&mut rng, 100, 0.5);
                all.challenger_only += new.challenger_only;
                all.champion_only += new.champion_only;
                let z = (all.challenger_only as f64 - all.champion_only as f64)
                    / (all.discordant() as f64).sqrt();
                peek |= z > normal_upper(0.05);
                match live.look(&new, &policy).verdict {
                    LiveVerdict::Promote => promote = true,
                    LiveVerdict::Harm => harm = true,
                    LiveVerdict::Continue | LiveVerdict::NeedsApproval => {}
                }
            }
            promoted += u32::from(promote);
            harmed += u32::from(harm);
            peeked += u32::from(peek);
        }
        // 10 are nominal; 19 lie three standard errors above.
        assert!(promoted <= 19 && harmed <= 19, "promoted {promoted}, harmed {harmed} of {runs}");
        assert!(peeked > 80, "peeking promoted only {peeked} of {runs}");
    }

    #[test]
    fn a_clear_difference_is_found_and_the_horizon_promotes_nobody() {
        let policy = LivePolicy { horizon: 5000, ..LivePolicy::default() };
        let mut rng = SplitMix64::new(3);
        let better = Live::default().look(&traffic(&mut rng, 4000, 0.7), &policy);
        assert_eq!(better.verdict, LiveVerdict::Promote);
        let worse = Live::default().look(&traffic(&mut rng, 4000, 0.3), &policy);
        assert_eq!(worse.verdict, LiveVerdict::Harm);
        let mut equal = Live::default();
        assert_eq!(equal.look(&traffic(&mut rng, 4000, 0.5), &policy).verdict, LiveVerdict::Continue);
        assert_eq!(equal.look(&traffic(&mut rng, 4000, 0.5), &policy).verdict, LiveVerdict::NeedsApproval);
        let early = Live::default().look(&traffic(&mut rng, 900, 0.95), &policy);
        assert_eq!(early.verdict, LiveVerdict::Continue);
    }
}
