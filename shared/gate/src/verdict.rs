//! The verdict and its reasons: a closed algebra in which nothing unknown can promote.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::fairness::Measure;
use super::metric::Metric;

/// What shall become of the challenger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Every guard holds and at least one win is shown: it may replace the champion.
    Promote,
    /// Harm is shown, a floor is broken, or it is simply not better: the champion stays.
    Reject,
    /// The evidence does not decide: a person must.
    NeedsApproval,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Promote => "promote",
            Self::Reject => "reject",
            Self::NeedsApproval => "needs approval",
        })
    }
}

/// One thing the gate checks. Written as text, for example `guard:auc`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Check {
    /// The transform outputs themselves.
    Input,
    /// How many rows there are, of each class.
    Rows,
    /// The challenger's own value against a floor.
    Floor(Metric),
    /// Not worse than the champion.
    Guard(Metric),
    /// Better than the champion.
    Superiority(Metric),
    /// All superiority checks together.
    Win,
    /// Whether a grouping has a group large enough to judge.
    Group(String),
    /// A measure of fairness over a grouping.
    Fairness(String, Measure),
    /// A slice, as `column=value`.
    Slice(String),
    /// An alarm on answers that leaked.
    Leakage(Leak),
    /// A case of the behaviour suite, by its name.
    Behaviour(String),
    /// A quantile of the latency, such as `p99`.
    Latency(String),
    /// Requests without an answer.
    Errors,
}

/// The alarms on answers that leaked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leak {
    /// A score near perfection.
    Ceiling,
    /// A score far above those of earlier challengers.
    History,
    /// A single feature that tells the label.
    Feature,
    /// Rows of the holdout that trained.
    Rows,
}

impl Leak {
    const ALL: [Self; 4] = [Self::Ceiling, Self::History, Self::Feature, Self::Rows];

    fn as_str(self) -> &'static str {
        match self {
            Self::Ceiling => "ceiling",
            Self::History => "history",
            Self::Feature => "feature",
            Self::Rows => "rows",
        }
    }
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Input => f.write_str("input"),
            Self::Rows => f.write_str("rows"),
            Self::Floor(metric) => write!(f, "floor:{metric}"),
            Self::Guard(metric) => write!(f, "guard:{metric}"),
            Self::Superiority(metric) => write!(f, "superiority:{metric}"),
            Self::Win => f.write_str("win"),
            Self::Group(grouping) => write!(f, "group:{grouping}"),
            Self::Fairness(grouping, measure) => write!(f, "fairness:{grouping}:{}", measure.as_str()),
            Self::Slice(slice) => write!(f, "slice:{slice}"),
            Self::Behaviour(case) => write!(f, "behaviour:{case}"),
            Self::Latency(quantile) => write!(f, "latency:{quantile}"),
            Self::Errors => f.write_str("errors"),
            Self::Leakage(leak) => write!(f, "leakage:{}", leak.as_str()),
        }
    }
}

impl Serialize for Check {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Check {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let (kind, subject) = text.split_once(':').unwrap_or((&text, ""));
        let metric = Metric::named(subject);
        let leak = Leak::ALL.into_iter().find(|leak| leak.as_str() == subject);
        let fairness = subject
            .rsplit_once(':')
            .and_then(|(grouping, measure)| Some((grouping, Measure::named(measure)?)));
        if let ("leakage", Some(leak)) = (kind, leak) {
            return Ok(Self::Leakage(leak));
        }
        match (kind, metric) {
            ("input", None) => Ok(Self::Input),
            ("rows", None) => Ok(Self::Rows),
            ("win", None) => Ok(Self::Win),
            ("errors", None) => Ok(Self::Errors),
            ("latency", _) => Ok(Self::Latency(subject.to_owned())),
            ("floor", Some(metric)) => Ok(Self::Floor(metric)),
            ("guard", Some(metric)) => Ok(Self::Guard(metric)),
            ("superiority", Some(metric)) => Ok(Self::Superiority(metric)),
            ("group", _) => Ok(Self::Group(subject.to_owned())),
            ("behaviour", _) => Ok(Self::Behaviour(subject.to_owned())),
            ("slice", _) => Ok(Self::Slice(subject.to_owned())),
            _ => match fairness {
                Some((grouping, measure)) if kind == "fairness" => {
                    Ok(Self::Fairness(grouping.to_owned(), measure))
                }
                _ => Err(serde::de::Error::custom(format!("no check of the gate is called {text:?}"))),
            },
        }
    }
}

/// What a check found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// The interval lies above zero and the minimum effect is met: better.
    Superior,
    /// A first model's interval lies beyond the floor.
    FloorProven,
    /// The interval lies above the margin: as good as the champion.
    NonInferior,
    /// The value is beyond the floor.
    FloorHeld,
    /// No significant gain here.
    NoGain,
    /// A significant gain, but smaller than the minimum effect.
    GainTooSmall,
    /// No superiority check was won.
    NotSuperior,
    /// The interval lies below zero and reaches beyond the margin: worse than the champion.
    Harm,
    /// The challenger's value is beyond a floor, on the wrong side.
    FloorBroken,
    /// The interval reaches beyond the margin on the bad side and above zero on the other.
    GuardUndecided,
    /// A first model's value is beyond the floor, its interval is not.
    FloorUnproven,
    /// A first model, and no floor to judge it by.
    NoFloors,
    /// Fewer rows than the policy asks for.
    TooFewRows,
    /// Fewer rows of one class than the policy asks for.
    TooFewOfOneClass,
    /// The test has no answer on these rows, for example for want of variance.
    Undefined,
    /// A fairness measure is acceptable, or not shown to be worse than the champion's.
    FairnessHeld,
    /// A fairness measure is not acceptable and shown to be worse; the policy blocks.
    FairnessBroken,
    /// The same; the policy asks a person.
    FairnessAsks,
    /// The same; the policy only tells.
    FairnessWarning,
    /// No group of a grouping, or not the one named, has enough rows.
    GroupTooSmall,
    /// A slice is shown to lose; the policy blocks.
    SliceBroken,
    /// The same; the policy asks a person.
    SliceAsks,
    /// The same; the policy only tells.
    SliceWarning,
    /// A slice that must be there has too few rows.
    SliceTooSmall,
    /// A case of the behaviour suite holds.
    BehaviourHeld,
    /// A case does not hold; the suite blocks.
    BehaviourBroken,
    /// The same; the suite asks a person.
    BehaviourAsks,
    /// The same; the suite only tells.
    BehaviourWarning,
    /// Nothing of this kind leaked.
    NoLeak,
    /// An answer seems to have leaked; the policy blocks.
    LeakBlocks,
    /// The same; the policy asks a person.
    LeakAsks,
    /// The same; the policy only tells.
    LeakWarning,
    /// A guard asks for what nobody measured.
    NotMeasured,
    /// The outputs do not join, or hold something that is no score or label.
    UnusableInput,
}

/// How a code weighs in the verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// Shown to be bad: rejects, whatever else holds.
    Bad,
    /// Nothing can be known: a person must look.
    Insufficient,
    /// Not better: the champion stays.
    NotBetter,
    /// Not shown to be as good: a person must look.
    Undecided,
    /// A win.
    Win,
    /// As it should be, or merely told.
    Fine,
}

impl Code {
    /// How it weighs.
    pub fn weight(self) -> Weight {
        match self {
            Self::Harm
            | Self::FloorBroken
            | Self::FairnessBroken
            | Self::SliceBroken
            | Self::LeakBlocks
            | Self::BehaviourBroken => Weight::Bad,
            Self::TooFewRows
            | Self::TooFewOfOneClass
            | Self::Undefined
            | Self::GroupTooSmall
            | Self::SliceTooSmall
            | Self::NotMeasured
            | Self::UnusableInput => Weight::Insufficient,
            Self::NotSuperior => Weight::NotBetter,
            Self::GuardUndecided
            | Self::FloorUnproven
            | Self::NoFloors
            | Self::FairnessAsks
            | Self::SliceAsks
            | Self::LeakAsks
            | Self::BehaviourAsks => Weight::Undecided,
            Self::Superior | Self::FloorProven => Weight::Win,
            Self::NonInferior
            | Self::FloorHeld
            | Self::NoGain
            | Self::GainTooSmall
            | Self::FairnessHeld
            | Self::FairnessWarning
            | Self::SliceWarning
            | Self::NoLeak
            | Self::LeakWarning
            | Self::BehaviourHeld
            | Self::BehaviourWarning => Weight::Fine,
        }
    }
}

/// One check, what it found, and that in plain words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// What was checked.
    pub check: Check,
    /// What was found.
    pub code: Code,
    /// The finding for a person, with numbers.
    pub text: String,
}

impl Reason {
    /// A reason of these parts.
    pub fn new(check: Check, code: Code, text: impl Into<String>) -> Self {
        Self { check, code, text: text.into() }
    }
}

/// The verdict of these reasons: bad rejects, then insufficient asks, then not better rejects, then
/// undecided asks; what remains promotes only with a win. No reasons at all ask.
pub fn verdict(reasons: &[Reason]) -> Verdict {
    match reasons.iter().map(|r| r.code.weight()).min() {
        Some(Weight::Bad | Weight::NotBetter) => Verdict::Reject,
        Some(Weight::Win) => Verdict::Promote,
        Some(Weight::Insufficient | Weight::Undecided | Weight::Fine) | None => Verdict::NeedsApproval,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn of(codes: &[Code]) -> Verdict {
        let reasons: Vec<_> = codes.iter().map(|&c| Reason::new(Check::Rows, c, "")).collect();
        verdict(&reasons)
    }

    #[test]
    fn the_order_of_the_algebra() {
        use Code::*;
        assert_eq!(of(&[]), Verdict::NeedsApproval);
        assert_eq!(of(&[NonInferior, FloorHeld]), Verdict::NeedsApproval);
        assert_eq!(of(&[Superior, NonInferior, NoGain]), Verdict::Promote);
        assert_eq!(of(&[FloorProven]), Verdict::Promote);
        assert_eq!(of(&[Superior, GuardUndecided]), Verdict::NeedsApproval);
        assert_eq!(of(&[NotSuperior, GuardUndecided]), Verdict::Reject);
        assert_eq!(of(&[NotSuperior, TooFewRows]), Verdict::NeedsApproval);
        assert_eq!(of(&[Superior, TooFewRows, Harm]), Verdict::Reject);
        for bad in [TooFewRows, TooFewOfOneClass, Undefined, UnusableInput, NoFloors, FloorUnproven] {
            assert_eq!(of(&[Superior, bad]), Verdict::NeedsApproval, "{bad:?}");
        }
    }

    #[test]
    fn checks_read_back() {
        let named = [
            Check::Fairness("sex & race".into(), Measure::Di),
            Check::Group("sex".into()),
            Check::Slice("hour=a:b".into()),
            Check::Behaviour("warmer: busier".into()),
            Check::Latency("p99.9".into()),
        ];
        let plain = [
            Check::Input,
            Check::Guard(Metric::LogLoss),
            Check::Floor(Metric::Auc),
            Check::Win,
            Check::Errors,
        ];
        let leaks = Leak::ALL.map(Check::Leakage);
        for check in plain.into_iter().chain(named).chain(leaks) {
            let text = serde_json::to_string(&check).unwrap();
            assert_eq!(serde_json::from_str::<Check>(&text).unwrap(), check);
        }
        assert!(serde_json::from_str::<Check>("\"guard:speed\"").is_err());
    }
}
