//! Champion and challenger side by side in production: their answers joined with each other and with the
//! truth.
//!
//! In a shadow each request is a pair. In an A/B test each request has one answer, so requests of the two
//! sides are paired in the order in which their truth came: were both models equally good, a pair with one
//! right answer would be the challenger's half of the time, whatever their accuracy (A. Wald, *Sequential
//! Analysis*, 1947, chapter 6: double dichotomies). So one sequential test serves both, exact at every
//! look.

use std::collections::{BTreeMap, VecDeque};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::compare::{Live, LiveLook, LivePolicy, LiveVerdict};
use crate::row::Contender;
use pawl_stats::mcnemar::Discordance;
use pawl_stats::sequential::always_valid;

/// How champion and challenger share the requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TrialKind {
    /// Both answer each request; clients get the champion's answer.
    Shadow,
    /// Each answers a share of them.
    Ab,
}

/// How many outcomes of one side may wait for one of the other: so a pair is never far apart in time.
const UNPAIRED: usize = 100;

/// The running join. Holds at most `limit` ids; what waits longest is let go, and counted as lost.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SideBySide {
    kind: TrialKind,
    limit: usize,
    threshold: f64,
    /// The champion's, where it has one of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    champion_threshold: Option<f64>,
    rows: BTreeMap<String, RequestRow>,
    order: VecDeque<String>,
    unpaired: VecDeque<(Contender, bool)>,
    answered: BothCounts,
    agreement: Agreement,
    lost: u64,
    fresh: Discordance,
    live: Live,
}

/// What is known of one request.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
struct RequestRow {
    champion: Option<bool>,
    challenger: Option<bool>,
    truth: Option<bool>,
    /// It was counted: what comes again changes nothing.
    counted: bool,
}

/// A count for each side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct BothCounts {
    /// The champion's.
    pub champion: u64,
    /// The challenger's.
    pub challenger: u64,
}

/// How often both decided alike, with or without a truth.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Agreement {
    /// Requests that both answered.
    pub requests: u64,
    /// Of these, so many alike.
    pub alike: u64,
    /// The share's interval, valid at every look at once.
    pub interval: Option<(f64, f64)>,
}

/// What one look at a trial came to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrialLook {
    /// What the evidence says.
    pub look: LiveLook,
    /// Answers read.
    pub answered: BothCounts,
    /// How often both decided alike.
    pub agreement: Agreement,
    /// Answers that could not be used, or whose counterpart or truth did not come in time.
    pub lost: u64,
    /// In plain words.
    pub reason: String,
}

/// The newest look of a trial: the document `runs/<model>/<run>/trial.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrialEvidence {
    /// The endpoint config of the trial.
    pub config: String,
    /// When.
    pub at: jiff::Timestamp,
    /// How the two share the requests.
    pub kind: TrialKind,
    /// Captured lines and truths that could not be read.
    pub unreadable: u64,
    /// What it came to.
    pub came_to: TrialLook,
}

impl SideBySide {
    /// Nothing seen yet. A score from `threshold` on answers yes.
    pub fn new(kind: TrialKind, threshold: f64, limit: usize) -> Self {
        Self {
            kind,
            limit: limit.max(1),
            threshold,
            champion_threshold: None,
            rows: BTreeMap::new(),
            order: VecDeque::new(),
            unpaired: VecDeque::new(),
            answered: BothCounts::default(),
            agreement: Agreement::default(),
            lost: 0,
            fresh: Discordance::default(),
            live: Live::default(),
        }
    }

    /// The same with a threshold of the champion's own.
    pub fn with_champion_threshold(mut self, threshold: f64) -> Self {
        self.champion_threshold = Some(threshold);
        self
    }

    /// An answer of one side. The first one of an id counts; one that is no probability is lost.
    pub fn add_answer(&mut self, side: Contender, id: &str, score: f64) {
        if !(0.0..=1.0).contains(&score) {
            self.lost += 1;
            return;
        }
        let threshold = match side {
            Contender::Champion => self.champion_threshold.unwrap_or(self.threshold),
            Contender::Challenger => self.threshold,
        };
        let (decision, kind) = (score >= threshold, self.kind);
        let Some(row) = self.row(id) else { return };
        let (own, other) = match side {
            Contender::Champion => (&mut row.champion, row.challenger),
            Contender::Challenger => (&mut row.challenger, row.champion),
        };
        // In an A/B test an id that both answered was used twice: which request its truth is of, nobody
        // knows.
        if own.is_some() || (kind == TrialKind::Ab && other.is_some()) {
            return;
        }
        *own = Some(decision);
        match side {
            Contender::Champion => self.answered.champion += 1,
            Contender::Challenger => self.answered.challenger += 1,
        }
        if let Some(other) = other {
            self.agreement.requests += 1;
            self.agreement.alike += u64::from(other == decision);
        }
        self.count(id);
    }

    /// The truth of a request, whenever it comes.
    pub fn add_truth(&mut self, id: &str, positive: bool) {
        if let Some(row) = self.row(id) {
            row.truth.get_or_insert(positive);
            self.count(id);
        }
    }

    /// The row of an id, unless it was counted before.
    fn row(&mut self, id: &str) -> Option<&mut RequestRow> {
        if !self.rows.contains_key(id) {
            while self.rows.len() >= self.limit {
                let Some(oldest) = self.order.pop_front() else { break };
                let waited =
                    |row: &RequestRow| !row.counted && (row.champion.is_some() || row.challenger.is_some());
                self.lost += u64::from(self.rows.remove(&oldest).is_some_and(|row| waited(&row)));
            }
            self.order.push_back(id.to_owned());
        }
        Some(self.rows.entry(id.to_owned()).or_default()).filter(|row| !row.counted)
    }

    /// GroupCounter a row that is complete.
    fn count(&mut self, id: &str) {
        let Some(row) = self.rows.get_mut(id) else { return };
        let (Some(truth), false) = (row.truth, row.counted) else { return };
        let right = |decision: bool| decision == truth;
        match (self.kind, row.champion, row.challenger) {
            (TrialKind::Shadow, Some(champion), Some(challenger)) => {
                row.counted = true;
                pair(&mut self.fresh, right(champion), right(challenger));
            }
            (TrialKind::Ab, Some(champion), None) => {
                row.counted = true;
                self.outcome(Contender::Champion, right(champion));
            }
            (TrialKind::Ab, None, Some(challenger)) => {
                row.counted = true;
                self.outcome(Contender::Challenger, right(challenger));
            }
            _ => {}
        }
    }

    /// Pairs an outcome with the oldest one that waits on the other side, whatever either is.
    fn outcome(&mut self, side: Contender, right: bool) {
        match self.unpaired.front() {
            Some((other, _)) if *other != side => {
                let other = self.unpaired.pop_front().is_some_and(|(_, right)| right);
                match side {
                    Contender::Champion => pair(&mut self.fresh, right, other),
                    Contender::Challenger => pair(&mut self.fresh, other, right),
                }
            }
            _ => {
                if self.unpaired.len() >= UNPAIRED {
                    self.unpaired.pop_front();
                }
                self.unpaired.push_back((side, right));
            }
        }
    }

    /// Looks at all that was joined so far. What the truth shows as harm outweighs any agreement.
    pub fn look(&mut self, policy: &LivePolicy) -> TrialLook {
        let mut look = self.live.look(&std::mem::take(&mut self.fresh), policy);
        let Agreement { requests, alike, .. } = self.agreement;
        let share = (requests > 0).then(|| alike as f64 / requests as f64);
        self.agreement.interval = share.and_then(|share| always_valid(share, requests, policy.promote_alpha));
        if let Some(least) = policy.agreement.filter(|_| look.verdict != LiveVerdict::Harm) {
            look.verdict = match self.agreement.interval {
                Some((low, _)) if low >= least && requests >= policy.minimum_requests => LiveVerdict::Promote,
                // Another model is not a worse one: a person must look.
                Some((_, high)) if high < least => LiveVerdict::NeedsApproval,
                _ if requests >= policy.horizon => LiveVerdict::NeedsApproval,
                _ => LiveVerdict::Continue,
            };
        }
        let Discordance { challenger_only, champion_only, rows } = self.live.table();
        let reason = format!(
            "{rows} pairs with their truth: only the challenger right in {challenger_only}, only the \
             champion in {champion_only}; alike in {alike} of {requests}"
        );
        TrialLook { look, answered: self.answered, agreement: self.agreement, lost: self.lost, reason }
    }
}

fn pair(table: &mut Discordance, champion: bool, challenger: bool) {
    table.rows += 1;
    table.challenger_only += u64::from(challenger && !champion);
    table.champion_only += u64::from(champion && !challenger);
}

#[cfg(test)]
mod tests {
    use super::*;
    use pawl_base::random::SplitMix64;

    const SURE: f64 = 0.9;

    fn policy() -> LivePolicy {
        LivePolicy { minimum_requests: 10, horizon: 1_000_000, ..LivePolicy::default() }
    }

    fn counts(trial: &mut SideBySide) -> (u64, u64, u64) {
        trial.look(&policy());
        let table = trial.live.table();
        (table.rows, table.challenger_only, table.champion_only)
    }

    #[test]
    fn a_shadows_pair_is_counted_once_in_whatever_order_it_comes() {
        let mut trial = SideBySide::new(TrialKind::Shadow, 0.5, 100);
        trial.add_truth("a", true);
        trial.add_answer(Contender::Challenger, "a", SURE);
        assert_eq!(counts(&mut trial), (0, 0, 0), "half a pair is none");
        trial.add_answer(Contender::Champion, "a", 0.1);
        for _ in 0..2 {
            trial.add_answer(Contender::Champion, "a", SURE);
            trial.add_truth("a", false);
            assert_eq!(counts(&mut trial), (1, 1, 0));
        }
        trial.add_answer(Contender::Champion, "b", f64::NAN);
        trial.add_answer(Contender::Champion, "b", 2.0);
        let seen = trial.look(&policy());
        assert_eq!((seen.lost, seen.agreement.requests, seen.agreement.alike), (2, 1, 0));
    }

    #[test]
    fn an_ab_test_pairs_requests_of_the_two_sides_and_never_one_with_itself() {
        let mut trial = SideBySide::new(TrialKind::Ab, 0.5, 100);
        for id in ["a", "b"] {
            trial.add_answer(Contender::Champion, id, 0.1);
            trial.add_truth(id, true);
        }
        assert_eq!(counts(&mut trial), (0, 0, 0));
        trial.add_answer(Contender::Challenger, "a", SURE);
        trial.add_answer(Contender::Challenger, "c", SURE);
        trial.add_truth("c", true);
        assert_eq!(counts(&mut trial), (1, 1, 0));
        assert_eq!(trial.unpaired.len(), 1);
    }

    #[test]
    fn memory_is_bounded_and_what_it_cost_is_told() {
        let mut trial = SideBySide::new(TrialKind::Shadow, 0.5, 10);
        for id in 0..50 {
            trial.add_answer(Contender::Champion, &format!("{id:03}"), SURE);
        }
        assert_eq!((trial.rows.len(), trial.order.len(), trial.lost), (10, 10, 40));
        let mut trial = SideBySide::new(TrialKind::Ab, 0.5, 1000);
        for id in 0..500 {
            trial.add_answer(Contender::Champion, &format!("{id:03}"), SURE);
            trial.add_truth(&format!("{id:03}"), true);
        }
        assert_eq!(trial.unpaired.len(), UNPAIRED);
    }

    #[test]
    fn without_truth_agreement_decides_where_the_team_says_so() {
        let by_agreement = LivePolicy { agreement: Some(0.9), minimum_requests: 500, ..policy() };
        let verdict = |alike: u64, of: u64, policy: &LivePolicy| {
            let mut trial = SideBySide::new(TrialKind::Shadow, 0.5, 100);
            for id in 0..of {
                let id_text = format!("{id}");
                trial.add_answer(Contender::Champion, &id_text, SURE);
                trial.add_answer(Contender::Challenger, &id_text, if id < alike { SURE } else { 0.1 });
            }
            trial.look(policy).look.verdict
        };
        assert_eq!(
            verdict(2000, 2000, &policy()),
            LiveVerdict::Continue,
            "nobody said that agreement decides"
        );
        assert_eq!(verdict(2000, 2000, &by_agreement), LiveVerdict::Promote);
        assert_eq!(verdict(400, 400, &by_agreement), LiveVerdict::Continue);
        assert_eq!(verdict(1820, 2000, &by_agreement), LiveVerdict::Continue);
        assert_eq!(verdict(1000, 2000, &by_agreement), LiveVerdict::NeedsApproval);
    }

    /// A random A/B test: 100 looks at 20 requests each, a share of them the challenger's.
    fn ab(seed: u64, share: f64, champion: f64, challenger: f64) -> (bool, bool) {
        let mut rng = SplitMix64::new(seed);
        let mut unit = || rng.unit();
        let mut trial = SideBySide::new(TrialKind::Ab, 0.5, 1000);
        let (mut promoted, mut harmed) = (false, false);
        for look in 0..100 {
            for request in 0..20 {
                let id = format!("{look}-{request}");
                let (side, accuracy) = if unit() < share {
                    (Contender::Challenger, challenger)
                } else {
                    (Contender::Champion, champion)
                };
                trial.add_answer(side, &id, SURE);
                trial.add_truth(&id, unit() < accuracy);
            }
            match trial.look(&policy()).look.verdict {
                LiveVerdict::Promote => promoted = true,
                LiveVerdict::Harm => harmed = true,
                LiveVerdict::Continue | LiveVerdict::NeedsApproval => {}
            }
        }
        (promoted, harmed)
    }

    /// Two independent samples of equally good models, looked at 100 times: each budget holds over all
    /// looks together, at any accuracy and any split.
    #[test]
    fn two_independent_samples_keep_their_budgets_at_every_look() {
        for (share, accuracy) in [(0.5, 0.8), (0.2, 0.6)] {
            let (mut promoted, mut harmed) = (0, 0);
            for seed in 0..400 {
                let (better, worse) = ab(seed, share, accuracy, accuracy);
                promoted += u32::from(better);
                harmed += u32::from(worse);
            }
            // 10 are nominal; 19 lie three standard errors above.
            assert!(
                promoted <= 19 && harmed <= 19,
                "{share} {accuracy}: promoted {promoted}, harmed {harmed}"
            );
        }
        let found = (0..40).filter(|seed| ab(*seed, 0.5, 0.65, 0.85).0).count();
        assert!(found >= 38, "a gain of twenty points was found {found} times out of 40");
        let found = (0..40).filter(|seed| ab(*seed, 0.5, 0.85, 0.65).1).count();
        assert!(found >= 38, "a loss of twenty points was found {found} times out of 40");
    }
}
