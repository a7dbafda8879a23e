//! How much the champion leans on each feature, as its training reported.

use std::collections::BTreeMap;

use serde_json::Value;

use super::document::Role;
use super::input::Input;

/// A training reports the importance of a feature as the metric of this name and the feature's.
pub const IMPORTANCE: &str = "importance:";

/// The importances among the final metrics of a training, SageMaker's `FinalMetricDataList`, by feature.
pub fn importances(metrics: &Value) -> BTreeMap<&str, f64> {
    let entries = metrics.as_array().map(Vec::as_slice).unwrap_or_default();
    entries.iter().filter_map(importance).collect()
}

fn importance(entry: &Value) -> Option<(&str, f64)> {
    let name = entry.get("MetricName")?.as_str()?;
    Some((name.strip_prefix(IMPORTANCE)?, entry.get("Value")?.as_f64()?))
}

/// Tells each feature its importance, where it has one.
pub fn weigh(inputs: &mut [Input<'_>], importances: &BTreeMap<&str, f64>) {
    for input in inputs.iter_mut().filter(|input| input.role == Role::Feature) {
        input.importance = importances.get(input.name).copied();
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_what_is_an_importance_weighs() {
        let metrics = json!([
            { "MetricName": "validation:auc", "Value": 0.9 },
            { "MetricName": "importance:temp", "Value": 12.5, "Timestamp": 1 },
            { "MetricName": "importance:hum", "Value": "NaN" },
        ]);
        let importances = importances(&metrics);
        assert_eq!(importances.iter().collect::<Vec<_>>(), [(&"temp", &12.5)]);
        let mut inputs = [
            Input::new("temp", Role::Feature, None, None),
            Input::new("hum", Role::Feature, None, None),
            Input::new("temp", Role::Label, None, None),
        ];
        weigh(&mut inputs, &importances);
        assert_eq!(inputs.map(|input| input.importance), [Some(12.5), None, None]);
        assert!(super::importances(&json!(null)).is_empty());
    }
}
