//! Why an endpoint cannot be moved, or a challenger not be tried, as `pipeline.yaml` asks.

use super::fleet::EndpointKind;

/// Why a strategy cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StrategyError {
    /// A share outside of what SageMaker takes.
    #[error("release.strategy: {what} is {found} %: SageMaker takes {least} to {most} %")]
    Percent {
        /// Which field.
        what: &'static str,
        /// What stands there.
        found: u8,
        /// The least allowed.
        least: u8,
        /// The most allowed.
        most: u8,
    },
    /// A wait longer than SageMaker takes.
    #[error("release.strategy: a wait of {found} s: SageMaker takes at most 3600 s")]
    Wait {
        /// What stands there, in seconds.
        found: u64,
    },
    /// All steps together last longer than SageMaker lets an update last.
    #[error(
        "release.strategy: the steps take {found} s together: SageMaker ends an update after 28800 s; wait \
        less, or take larger steps"
    )]
    TooLong {
        /// The sum of the waits, in seconds.
        found: u64,
    },
    /// The endpoint has too few instances to be split.
    #[error(
        "release.strategy: {what} needs at least 2 instances, serve.instance_count is {instances}: raise \
        it, or use all_at_once or blue_green"
    )]
    TooFewInstances {
        /// The strategy.
        what: &'static str,
        /// How many there are.
        instances: u32,
    },
    /// SageMaker would fall back to all at once without a word, or refuse.
    #[error(
        "release.strategy: {what} does not work on a {kind} endpoint: use {instead}, or serve.kind: real_time"
    )]
    Kind {
        /// The strategy.
        what: &'static str,
        /// The endpoint's kind.
        kind: EndpointKind,
        /// What works there.
        instead: &'static str,
    },
    /// SageMaker has no second variant there.
    #[error(
        "release.trial: {what} does not work on a {kind} endpoint: use serve.kind: real_time, or leave \
        release.trial out"
    )]
    TrialKind {
        /// The trial.
        what: &'static str,
        /// The endpoint's kind.
        kind: EndpointKind,
    },
    /// What is not captured cannot be compared.
    #[error(
        "release.trial: {what} compares what is captured, serve.capture_percent is {found}: write at least \
        {least}"
    )]
    Capture {
        /// The trial.
        what: &'static str,
        /// The least that works.
        least: u32,
        /// What stands there.
        found: u32,
    },
    /// SageMaker's guardrails need the same variants before and after.
    #[error(
        "release.trial: an A/B test ends all at once, since SageMaker moves traffic in steps only between \
        the same variants: use release.strategy: all_at_once instead of {then}, or a shadow"
    )]
    AfterAb {
        /// The strategy asked for.
        then: &'static str,
    },
    /// Evidence that cannot exist.
    #[error("release.trial: judge.{field}: {fix}")]
    Judge {
        /// Which field.
        field: &'static str,
        /// What would be right.
        fix: &'static str,
    },
    /// Rolling moves one variant only.
    #[error("release.strategy: rolling moves one variant, the endpoint has {variants}: use canary or linear")]
    Variants {
        /// How many there are.
        variants: u32,
    },
}
