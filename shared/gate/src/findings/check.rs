//! What the gate checks, by names such as `guard:auc`.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::policy::{Measure, Metric};

/// One thing the gate checks. Written as text, for example `guard:auc`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Check {
    /// The transform outputs themselves.
    Input,
    /// How many rows there are, of each class.
    Rows,
    /// Whether rows depend on those before them.
    Order,
    /// The challenger's own value against a floor.
    Floor(Metric),
    /// Not worse than the champion.
    Guard(Metric),
    /// Better than the champion.
    Superiority(Metric),
    /// All superiority checks together.
    Win,
    /// Which defaults the shares of the classes choose.
    Balance,
    /// Where scores begin to predict the positive class.
    Threshold,
    /// Rows that repeat another one.
    Copies,
    /// How often the same rows have judged before.
    Holdout,
    /// Whether a grouping has a group large enough to judge.
    Group(String),
    /// A measure of fairness over a grouping.
    Fairness(String, Measure),
    /// A slice, as `column=value`.
    Slice(String),
    /// The search for slices.
    Slices,
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
            Self::Order => f.write_str("order"),
            Self::Floor(metric) => write!(f, "floor:{metric}"),
            Self::Guard(metric) => write!(f, "guard:{metric}"),
            Self::Superiority(metric) => write!(f, "superiority:{metric}"),
            Self::Win => f.write_str("win"),
            Self::Balance => f.write_str("balance"),
            Self::Threshold => f.write_str("threshold"),
            Self::Copies => f.write_str("copies"),
            Self::Holdout => f.write_str("holdout"),
            Self::Group(grouping) => write!(f, "group:{grouping}"),
            Self::Fairness(grouping, measure) => write!(f, "fairness:{grouping}:{}", measure.as_str()),
            Self::Slice(slice) => write!(f, "slice:{slice}"),
            Self::Slices => f.write_str("slices"),
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
        let metric = Metric::from_name(subject);
        let leak = Leak::ALL.into_iter().find(|leak| leak.as_str() == subject);
        let fairness = subject
            .rsplit_once(':')
            .and_then(|(grouping, measure)| Some((grouping, Measure::from_name(measure)?)));
        if let ("leakage", Some(leak)) = (kind, leak) {
            return Ok(Self::Leakage(leak));
        }
        match (kind, metric) {
            ("input", None) => Ok(Self::Input),
            ("rows", None) => Ok(Self::Rows),
            ("order", None) => Ok(Self::Order),
            ("win", None) => Ok(Self::Win),
            ("balance", None) => Ok(Self::Balance),
            ("threshold", None) => Ok(Self::Threshold),
            ("copies", None) => Ok(Self::Copies),
            ("holdout", None) => Ok(Self::Holdout),
            ("slices", None) => Ok(Self::Slices),
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

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
            Check::Balance,
            Check::Threshold,
            Check::Copies,
            Check::Holdout,
            Check::Slices,
            Check::Order,
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
