//! A judgement in the forms that SageMaker's model registry shows: evaluation.json and Clarify's analysis.json.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::fairness::{GroupFairness, Measure, PreTraining};
use super::judgement::{BinaryMetrics, Confusion, Judgement};

/// evaluation.json of the challenger, by Model Monitor's names. A value that is undefined is the text
/// `"NaN"`, as SageMaker writes it; standard deviations are not measured here and are `"NaN"` too.
pub fn evaluation(judgement: &Judgement) -> Value {
    let metrics = judgement.metrics.challenger.clone().unwrap_or_default();
    let Confusion { true_positives, false_positives, true_negatives, false_negatives } = metrics.confusion;
    let BinaryMetrics { auc, accuracy, precision, recall, .. } = metrics;
    let share = |part: u64, other: u64| (part + other > 0).then(|| part as f64 / (part + other) as f64);
    // With β², a false negative weighs β² times a false positive.
    let f = |beta_squared: f64| {
        let hits = (1.0 + beta_squared) * true_positives as f64;
        let all = hits + beta_squared * false_negatives as f64 + false_positives as f64;
        (all > 0.0).then(|| hits / all)
    };
    let of = |value: Option<f64>| json!({"value": or_nan(value), "standard_deviation": "NaN"});
    json!({
        "binary_classification_metrics": {
            "confusion_matrix": {
                "0": {"0": true_negatives, "1": false_positives},
                "1": {"0": false_negatives, "1": true_positives},
            },
            "accuracy": of(accuracy),
            "precision": of(precision),
            "recall": of(recall),
            "auc": of(auc),
            "f0_5": of(f(0.25)),
            "f1": of(f(1.0)),
            "f2": of(f(4.0)),
            "true_positive_rate": of(recall),
            "true_negative_rate": of(share(true_negatives, false_positives)),
            "false_positive_rate": of(share(false_positives, true_negatives)),
            "false_negative_rate": of(share(false_negatives, true_positives)),
        }
    })
}

/// Clarify's analysis.json of the challenger: bias of labels and of predictions, by column and group.
/// `label` is the label's column; its value 1 is the favoured one.
pub fn analysis(judgement: &Judgement, label: &str) -> Value {
    let section = |metrics: &dyn Fn(&GroupFairness) -> Vec<Value>| {
        let facets: BTreeMap<&String, Value> = judgement
            .fairness
            .iter()
            .filter_map(|(name, found)| {
                let group = found.disadvantaged.as_ref()?;
                Some((name, json!([{"value_or_threshold": group, "metrics": metrics(found)}])))
            })
            .collect();
        json!({"label": label, "label_value_or_threshold": "1", "facets": facets})
    };
    let entry = |name: &Value, text: &str, value: Option<f64>| json!({"name": name, "description": text, "value": value});
    json!({
        "version": "1.0",
        "pre_training_bias_metrics": section(&|found| {
            let measures = found.pre_training.iter();
            measures.map(|(m, value)| entry(&json!(m), described_labels(*m), *value)).collect()
        }),
        "post_training_bias_metrics": section(&|found| {
            let measures = found.measures.iter();
            measures.map(|(m, change)| entry(&json!(m), described(*m), change.challenger)).collect()
        }),
    })
}

fn or_nan(value: Option<f64>) -> Value {
    value.filter(|v| v.is_finite()).map_or_else(|| json!("NaN"), |v| json!(v))
}

fn described_labels(measure: PreTraining) -> &'static str {
    match measure {
        PreTraining::Ci => "Class Imbalance (CI)",
        PreTraining::Dpl => "Difference in Positive Proportions in Labels (DPL)",
        PreTraining::Kl => "Kullback-Liebler Divergence (KL)",
        PreTraining::Js => "Jensen-Shannon Divergence (JS)",
        PreTraining::Lp => "L-p Norm (LP)",
        PreTraining::Tvd => "Total Variation Distance (TVD)",
        PreTraining::Ks => "Kolmogorov-Smirnov Distance (KS)",
    }
}

fn described(measure: Measure) -> &'static str {
    match measure {
        Measure::Dppl => "Difference in Positive Proportions in Predicted Labels (DPPL)",
        Measure::Di => "Disparate Impact (DI)",
        Measure::Dcacc => "Difference in Conditional Acceptance (DCAcc)",
        Measure::Dcr => "Difference in Conditional Rejection (DCR)",
        Measure::Sd => "Specificity Difference (SD)",
        Measure::Rd => "Recall Difference (RD)",
        Measure::Dar => "Difference in Acceptance Rates (DAR)",
        Measure::Drr => "Difference in Rejection Rates (DRR)",
        Measure::Ad => "Accuracy Difference (AD)",
        Measure::Te => "Treatment Equality (TE)",
        Measure::Ge => "Generalized Entropy (GE)",
    }
}
