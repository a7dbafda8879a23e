//! The dimensions of an alarm's metrics: which endpoint and which endpoint config it is about.

use serde_json::Value;

use super::json::Node;

/// The values that one dimension takes over an alarm's metrics.
#[derive(Debug, Default)]
enum Values {
    #[default]
    None,
    One(String),
    Several,
}

impl Values {
    fn add(&mut self, value: &str) {
        *self = match std::mem::take(self) {
            Self::None => Self::One(value.to_owned()),
            Self::One(known) if known == value => Self::One(known),
            Self::One(_) | Self::Several => Self::Several,
        };
    }

    /// The value, where all agree: an alarm over two configs belongs to neither.
    fn single(&self) -> Option<String> {
        match self {
            Self::One(value) => Some(value.clone()),
            Self::None | Self::Several => None,
        }
    }
}

/// Whom an alarm's metrics are about.
#[derive(Debug, Default)]
pub(super) struct Dimensions {
    endpoint: Values,
    config: Values,
}

impl Dimensions {
    /// Of all metrics in the list `metrics`, each with its dimensions at `path`.
    pub(super) fn of_metrics(node: Node<'_>, metrics: &str, path: &str) -> Self {
        let mut found = Self::default();
        for metric in node.list(metrics) {
            found.add(metric, path);
        }
        found
    }

    /// Dimensions come as an object (EventBridge, Lambda) or as a list of name and value (SNS).
    pub(super) fn add(&mut self, node: Node<'_>, path: &str) {
        let Some(dimensions) = node.at(path) else { return };
        match dimensions.value {
            Value::Object(map) => {
                for (name, value) in map {
                    self.note(name, value.as_str());
                }
            }
            Value::Array(list) => {
                for entry in list {
                    let text = |lower: &str, upper: &str| {
                        entry.get(lower).or_else(|| entry.get(upper)).and_then(Value::as_str)
                    };
                    self.note(text("name", "Name").unwrap_or_default(), text("value", "Value"));
                }
            }
            _ => {}
        }
    }

    fn note(&mut self, name: &str, value: Option<&str>) {
        match (name, value) {
            ("EndpointName", Some(value)) => self.endpoint.add(value),
            ("EndpointConfigName", Some(value)) => self.config.add(value),
            _ => {}
        }
    }

    /// The endpoint that all metrics are about.
    pub(super) fn endpoint(&self) -> Option<String> {
        self.endpoint.single()
    }

    /// The endpoint config that all metrics are about.
    pub(super) fn config(&self) -> Option<String> {
        self.config.single()
    }
}
