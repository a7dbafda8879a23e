//! A judgement in the forms that SageMaker's model registry shows: evaluation.json and Clarify's
//! analysis.json.
//!
//! ```
//! use pawl_gate::{Against, Judge, Policy, documents};
//!
//! let judgement = Judge::new(&Policy::default(), Against::Nobody, 7)?.finish();
//! let evaluation = documents::evaluation(&judgement);
//! assert_eq!(evaluation["binary_classification_metrics"]["auc"]["value"], "NaN"); // no rows
//! # Ok::<(), pawl_gate::PolicyError>(())
//! ```

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::fairness::{GroupFairness, PreTraining};
use crate::findings::{Confusion, Metrics};
use crate::judgement::Judgement;
use crate::policy::{Favourable, Measure, Metric, Task};

/// evaluation.json of the challenger, by Model Monitor's names. A value that is undefined is the text
/// `"NaN"`, as SageMaker writes it; standard deviations are not measured here and are `"NaN"` too.
/// Source: <https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-model-quality-metrics.html>.
pub fn evaluation(judgement: &Judgement) -> Value {
    let metrics = judgement.metrics.challenger.clone().unwrap_or_default();
    match judgement.policy.task {
        Task::Binary => json!({ "binary_classification_metrics": binary(&metrics) }),
        Task::Multiclass => json!({ "multiclass_classification_metrics": multiclass(&metrics) }),
        Task::Regression => {
            let of = |metric| measured(metrics.value(metric));
            json!({ "regression_metrics": {
                "mae": of(Metric::Mae),
                "mse": of(Metric::Mse),
                "rmse": of(Metric::Rmse),
                "r2": of(Metric::R2),
            } })
        }
    }
}

fn measured(value: Option<f64>) -> Value {
    json!({"value": or_nan(value), "standard_deviation": "NaN"})
}

fn binary(metrics: &Metrics) -> Value {
    let Confusion { true_positives, false_positives, true_negatives, false_negatives } =
        metrics.confusion.unwrap_or_default();
    let share = |part: u64, other: u64| (part + other > 0).then(|| part as f64 / (part + other) as f64);
    // With β², a false negative weighs β² times a false positive.
    let f = |beta_squared: f64| {
        let hits = (1.0 + beta_squared) * true_positives as f64;
        let all = hits + beta_squared * false_negatives as f64 + false_positives as f64;
        (all > 0.0).then(|| hits / all)
    };
    let of = |metric| measured(metrics.value(metric));
    json!({
        "confusion_matrix": {
            "0": {"0": true_negatives, "1": false_positives},
            "1": {"0": false_negatives, "1": true_positives},
        },
        "accuracy": of(Metric::Accuracy),
        "precision": of(Metric::Precision),
        "recall": of(Metric::Recall),
        "auc": of(Metric::Auc),
        "f0_5": measured(f(0.25)),
        "f1": measured(f(1.0)),
        "f2": measured(f(4.0)),
        "true_positive_rate": of(Metric::Recall),
        "true_negative_rate": measured(share(true_negatives, false_positives)),
        "false_positive_rate": measured(share(false_positives, true_negatives)),
        "false_negative_rate": measured(share(false_negatives, true_positives)),
    })
}

fn multiclass(metrics: &Metrics) -> Value {
    let of = |metric| measured(metrics.value(metric));
    json!({
        "confusion_matrix": metrics.confusion_matrix,
        "accuracy": of(Metric::Accuracy),
        // Of all rows: each class's recall, weighted by its rows, adds up to accuracy.
        "weighted_recall": of(Metric::Accuracy),
        "weighted_precision": of(Metric::WeightedPrecision),
        "weighted_f1": of(Metric::WeightedF1),
    })
}

/// Clarify's analysis.json of the challenger: bias of labels and of predictions, by column and group.
/// `label` is the label's column; its value 1 is the favoured one, or what the policy says.
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
        let favoured = match &judgement.policy.fairness.favourable {
            Some(Favourable::Classes(classes)) => classes.join(","),
            Some(Favourable::Above(bound)) => format!("({bound}, inf)"),
            None => "1".to_owned(),
        };
        json!({"label": label, "label_value_or_threshold": favoured, "facets": facets})
    };
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

fn entry(name: &Value, description: &str, value: Option<f64>) -> Value {
    json!({"name": name, "description": description, "value": value})
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
