//! `constraints.json`: what the data must hold to.

use serde::{Deserialize, Serialize};

use super::statistics::InferredType;

/// The document. Keys that are not known are passed over; the command lists them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rules {
    /// 0.0 in every file seen.
    #[serde(default)]
    pub version: f64,
    /// One entry a column.
    pub features: Vec<FeatureRules>,
    /// How the data is judged.
    #[serde(default)]
    pub monitoring_config: Monitoring,
}

/// What a column must hold to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FeatureRules {
    /// Its name.
    pub name: String,
    /// Its type.
    pub inferred_type: InferredType,
    /// The least share of rows with a value, 0..=1.
    pub completeness: f64,
    /// Of a column of numbers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub num_constraints: Option<NumberRules>,
    /// Of a column of texts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub string_constraints: Option<TextRules>,
    /// What is judged in another way here. The documentation writes it so.
    #[serde(rename = "monitoringConfigOverrides", default, skip_serializing_if = "Option::is_none")]
    pub documented_overrides: Option<Overrides>,
    /// The same as the SDK writes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub monitoring_config_overrides: Option<Overrides>,
}

/// Of a column of numbers.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct NumberRules {
    /// Whether no number is below zero.
    #[serde(default)]
    pub is_non_negative: bool,
    /// What is judged in another way here. The documentation writes it so.
    #[serde(rename = "monitoringConfigOverrides", default, skip_serializing_if = "Option::is_none")]
    pub documented_overrides: Option<Overrides>,
    /// The same as the SDK writes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub monitoring_config_overrides: Option<Overrides>,
}

/// Of a column of texts.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct TextRules {
    /// The values allowed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub domains: Option<Vec<String>>,
    /// What is judged in another way here. The documentation writes it so.
    #[serde(rename = "monitoringConfigOverrides", default, skip_serializing_if = "Option::is_none")]
    pub documented_overrides: Option<Overrides>,
    /// The same as the SDK writes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub monitoring_config_overrides: Option<Overrides>,
}

/// How the data is judged.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Monitoring {
    /// Whether it is judged at all.
    pub evaluate_constraints: Switch,
    /// Whether figures go to CloudWatch; passed on, nothing here emits them.
    pub emit_metrics: Switch,
    /// The least share of values of the right type, 0..=1.
    pub datatype_check_threshold: f64,
    /// The least share of values among those allowed, 0..=1.
    pub domain_content_threshold: f64,
    /// How distributions are compared.
    pub distribution_constraints: Comparison,
}

impl Default for Monitoring {
    fn default() -> Self {
        Self {
            evaluate_constraints: Switch::Enabled,
            emit_metrics: Switch::Enabled,
            datatype_check_threshold: 1.0,
            domain_content_threshold: 1.0,
            distribution_constraints: Comparison::default(),
        }
    }
}

/// On or off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Switch {
    /// On.
    Enabled,
    /// Off.
    Disabled,
}

/// How distributions are compared.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Comparison {
    /// Whether they are.
    pub perform_comparison: Switch,
    /// The largest distance of numbers.
    pub comparison_threshold: f64,
    /// Which distance.
    pub comparison_method: ComparisonMethod,
    /// The largest distance of texts.
    pub categorical_comparison_threshold: f64,
    /// Which distance of texts.
    pub categorical_drift_method: CategoricalMethod,
}

impl Default for Comparison {
    fn default() -> Self {
        Self {
            perform_comparison: Switch::Enabled,
            comparison_threshold: 0.1,
            comparison_method: ComparisonMethod::Robust,
            categorical_comparison_threshold: 0.1,
            categorical_drift_method: CategoricalMethod::LInfinity,
        }
    }
}

/// Which distance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ComparisonMethod {
    /// L-infinity, less what the sizes of both sides explain.
    Robust,
    /// L-infinity.
    Simple,
}

/// Which distance of texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum CategoricalMethod {
    /// The largest difference of the shares of one value.
    LInfinity,
    /// A test; its rule is not documented, so that it is refused.
    ChiSquared,
}

/// What one column judges in another way.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Overrides {
    /// In place of [`Monitoring::evaluate_constraints`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub evaluate_constraints: Option<Switch>,
    /// In place of [`Monitoring::emit_metrics`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub emit_metrics: Option<Switch>,
    /// In place of [`Monitoring::datatype_check_threshold`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub datatype_check_threshold: Option<f64>,
    /// In place of [`Monitoring::domain_content_threshold`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub domain_content_threshold: Option<f64>,
    /// In place of [`Monitoring::distribution_constraints`], field by field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub distribution_constraints: Option<ComparisonOverrides>,
}

/// What one column compares in another way.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ComparisonOverrides {
    /// In place of [`Comparison::perform_comparison`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub perform_comparison: Option<Switch>,
    /// In place of [`Comparison::comparison_threshold`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comparison_threshold: Option<f64>,
    /// In place of [`Comparison::comparison_method`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comparison_method: Option<ComparisonMethod>,
    /// In place of [`Comparison::categorical_comparison_threshold`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub categorical_comparison_threshold: Option<f64>,
    /// In place of [`Comparison::categorical_drift_method`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub categorical_drift_method: Option<CategoricalMethod>,
}

impl Rules {
    /// The rules of the column of this name.
    pub fn feature(&self, name: &str) -> Option<&FeatureRules> {
        self.features.iter().find(|feature| feature.name == name)
    }

    /// How a column is judged: overrides beside its name win over those within its constraints, in either
    /// place those spelt as in the documentation over those spelt as in the SDK, and all of them over the
    /// document's own.
    pub fn monitoring(&self, feature: &FeatureRules) -> Monitoring {
        let mut all = self.monitoring_config.clone();
        let (numbers, texts) = (feature.num_constraints.as_ref(), feature.string_constraints.as_ref());
        let overrides = [
            numbers.and_then(|numbers| numbers.monitoring_config_overrides.as_ref()),
            numbers.and_then(|numbers| numbers.documented_overrides.as_ref()),
            texts.and_then(|texts| texts.monitoring_config_overrides.as_ref()),
            texts.and_then(|texts| texts.documented_overrides.as_ref()),
            feature.monitoring_config_overrides.as_ref(),
            feature.documented_overrides.as_ref(),
        ];
        for own in overrides.into_iter().flatten() {
            all.evaluate_constraints = own.evaluate_constraints.unwrap_or(all.evaluate_constraints);
            all.emit_metrics = own.emit_metrics.unwrap_or(all.emit_metrics);
            all.datatype_check_threshold =
                own.datatype_check_threshold.unwrap_or(all.datatype_check_threshold);
            all.domain_content_threshold =
                own.domain_content_threshold.unwrap_or(all.domain_content_threshold);
            if let Some(own) = &own.distribution_constraints {
                let all = &mut all.distribution_constraints;
                all.perform_comparison = own.perform_comparison.unwrap_or(all.perform_comparison);
                all.comparison_threshold = own.comparison_threshold.unwrap_or(all.comparison_threshold);
                all.comparison_method = own.comparison_method.unwrap_or(all.comparison_method);
                all.categorical_comparison_threshold =
                    own.categorical_comparison_threshold.unwrap_or(all.categorical_comparison_threshold);
                all.categorical_drift_method =
                    own.categorical_drift_method.unwrap_or(all.categorical_drift_method);
            }
        }
        all
    }
}
