//! What a check found, and how that weighs.

use serde::{Deserialize, Serialize};

use crate::policy::Consequence;

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
    /// A significant gain of squared errors, of which the challenger's have a tail too heavy for the test.
    GainDoubtful,
    /// No superiority check was won.
    NotSuperior,
    /// The same, but for a gain in doubt.
    WinDoubtful,
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
    /// Fewer clusters than a test of them needs.
    TooFewClusters,
    /// The test has no answer on these rows, for example for want of variance.
    Undefined,
    /// Which metrics win and guard by default on classes of such shares.
    DefaultsChosen,
    /// Only the threshold seems to have moved: accuracy changes, the ranking does not; the policy blocks.
    ThresholdBlocks,
    /// The same; the policy asks a person.
    ThresholdAsks,
    /// The same; the policy only tells.
    ThresholdWarning,
    /// A training reported no threshold of the model's own: the policy's counts.
    ThresholdDefault,
    /// More rows repeat another one than the policy allows; it blocks.
    CopiesBlock,
    /// The same; the policy asks a person.
    CopiesAsk,
    /// The same; the policy only tells.
    CopiesWarning,
    /// Some rows repeat another one, no more than the policy allows.
    FewCopies,
    /// The same rows have judged challengers before: wins are held to a smaller level.
    HoldoutReused,
    /// A fairness measure is shown to be acceptable, or as near to fair as the champion's.
    FairnessHeld,
    /// A fairness measure is not acceptable and shown to be worse; the policy blocks.
    FairnessBroken,
    /// The same; the policy asks a person.
    FairnessAsks,
    /// The same, or neither shown to hold nor shown to be worse; the policy only tells.
    FairnessWarning,
    /// A fairness measure is neither shown to hold nor shown to be worse.
    FairnessUndecided,
    /// No group of a grouping, or not the one named, has enough rows.
    GroupTooSmall,
    /// Some groups of a grouping have too few rows to be held to the rules.
    GroupsLeftOut,
    /// A slice is shown to lose; the policy blocks.
    SliceBroken,
    /// The same; the policy asks a person.
    SliceAsks,
    /// The same; the policy only tells.
    SliceWarning,
    /// A slice that must be there has too few rows, or too few clusters.
    SliceTooSmall,
    /// Slices with rows enough, but of too few clusters to be judged: told.
    SlicesUnjudged,
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
    /// Rows in the order of time depend on each other further apart than the policy's horizon.
    RowsDepend,
    /// Rows depend on those before them, if their order means anything; told.
    RowsDependWarning,
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
    /// What follows from what does not hold: of these codes the one that blocks, asks or warns.
    pub(crate) fn of(consequence: Consequence, blocks: Self, asks: Self, warns: Self) -> Self {
        match consequence {
            Consequence::Block => blocks,
            Consequence::Ask => asks,
            Consequence::Warn => warns,
        }
    }

    /// How it weighs.
    pub fn weight(self) -> Weight {
        match self {
            Self::Harm
            | Self::FloorBroken
            | Self::ThresholdBlocks
            | Self::CopiesBlock
            | Self::FairnessBroken
            | Self::SliceBroken
            | Self::LeakBlocks
            | Self::BehaviourBroken => Weight::Bad,
            Self::TooFewRows
            | Self::TooFewOfOneClass
            | Self::TooFewClusters
            | Self::Undefined
            | Self::GroupTooSmall
            | Self::SliceTooSmall
            | Self::NotMeasured
            | Self::UnusableInput => Weight::Insufficient,
            Self::NotSuperior => Weight::NotBetter,
            Self::GuardUndecided
            | Self::RowsDepend
            | Self::WinDoubtful
            | Self::FloorUnproven
            | Self::NoFloors
            | Self::ThresholdAsks
            | Self::CopiesAsk
            | Self::FairnessAsks
            | Self::FairnessUndecided
            | Self::SliceAsks
            | Self::LeakAsks
            | Self::BehaviourAsks => Weight::Undecided,
            Self::Superior | Self::FloorProven => Weight::Win,
            Self::NonInferior
            | Self::FloorHeld
            | Self::NoGain
            | Self::GainTooSmall
            | Self::DefaultsChosen
            | Self::ThresholdWarning
            | Self::ThresholdDefault
            | Self::CopiesWarning
            | Self::FewCopies
            | Self::HoldoutReused
            | Self::GainDoubtful
            | Self::FairnessHeld
            | Self::FairnessWarning
            | Self::GroupsLeftOut
            | Self::SliceWarning
            | Self::SlicesUnjudged
            | Self::RowsDependWarning
            | Self::NoLeak
            | Self::LeakWarning
            | Self::BehaviourHeld
            | Self::BehaviourWarning => Weight::Fine,
        }
    }
}
