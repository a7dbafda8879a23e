//! Model Monitor's rules and Pawl's own constraints, each as the other.

use super::convert::inferred;
use super::rules::{FeatureRules, Monitoring, NumberRules, Rules, TextRules};
use super::statistics::{Feature, InferredType, Statistics};
use crate::constraints::{CONSTRAINTS_VERSION, ColumnConstraints, Constraints, Range, TypeShare};
use crate::profile::ColumnType;

impl Rules {
    /// The rules that the data of these statistics keeps, as Model Monitor suggests them.
    pub fn suggest(statistics: &Statistics) -> Self {
        Self {
            version: 0.0,
            features: statistics.features.iter().map(suggest).collect(),
            monitoring_config: Monitoring::default(),
        }
    }

    /// Pawl's constraints of the same meaning, row by row. A rule that some rows may break, by a
    /// threshold below 1, is left out: a row rule has no share.
    pub fn constraints(&self) -> Constraints {
        let column = |feature: &FeatureRules| {
            let monitoring = self.monitoring(feature);
            let kind = match feature.inferred_type {
                InferredType::Integral => Some(ColumnType::Integral),
                InferredType::Fractional => Some(ColumnType::Fractional),
                InferredType::String => Some(ColumnType::String),
                InferredType::Unknown => None,
            };
            let non_negative =
                feature.num_constraints.as_ref().is_some_and(|numbers| numbers.is_non_negative);
            let domain = feature.string_constraints.as_ref().and_then(|texts| texts.domains.clone());
            let share = monitoring.datatype_check_threshold;
            ColumnConstraints {
                name: feature.name.clone(),
                kind: kind.filter(|_| share >= 1.0),
                mostly: kind.filter(|_| share < 1.0).map(|kind| TypeShare { kind, share }),
                completeness: Some(feature.completeness),
                required: false,
                empty: false,
                optional: false,
                range: non_negative.then_some(Range { min: Some(0.0), max: None }),
                domain: domain.filter(|_| monitoring.domain_content_threshold >= 1.0),
                length: None,
                pattern: None,
                unique: None,
                usual: None,
                freshness: None,
                stuck: None,
            }
        };
        Constraints {
            version: CONSTRAINTS_VERSION,
            rows: None,
            gap: None,
            columns: self.features.iter().map(column).collect(),
            across: Vec::new(),
        }
    }

    /// Model Monitor's rules of these constraints, as far as it has such rules: types, completeness, the
    /// sign, the values allowed. Ranges, stuck values, gaps and rules across columns have no place there.
    pub fn of(constraints: &Constraints) -> Self {
        let feature = |column: &ColumnConstraints| {
            let kind = inferred(column.kind.unwrap_or(ColumnType::Unknown));
            let numeric = matches!(kind, InferredType::Integral | InferredType::Fractional);
            let is_non_negative = column.range.and_then(|range| range.min).is_some_and(|min| min >= 0.0);
            let completeness = if column.required { Some(1.0) } else { column.completeness };
            FeatureRules {
                name: column.name.clone(),
                inferred_type: kind,
                completeness: completeness.unwrap_or(0.0),
                num_constraints: numeric.then(|| NumberRules { is_non_negative, ..NumberRules::default() }),
                string_constraints: column
                    .domain
                    .clone()
                    .map(|domains| TextRules { domains: Some(domains), ..TextRules::default() }),
                documented_overrides: None,
                monitoring_config_overrides: None,
            }
        };
        Self {
            version: 0.0,
            features: constraints.columns.iter().map(feature).collect(),
            monitoring_config: Monitoring::default(),
        }
    }
}

fn suggest(feature: &Feature) -> FeatureRules {
    let numbers = feature.numerical_statistics.as_ref();
    let values = feature.string_statistics.as_ref().map(|texts| {
        let domains = texts.values().map(|values| values.iter().map(|value| value.value.clone()).collect());
        TextRules { domains, ..TextRules::default() }
    });
    FeatureRules {
        name: feature.name.clone(),
        inferred_type: feature.inferred_type,
        completeness: feature.common().map_or(0.0, |common| common.completeness()),
        num_constraints: numbers
            .map(|numbers| NumberRules { is_non_negative: numbers.min >= 0.0, ..NumberRules::default() }),
        string_constraints: values.filter(|texts| texts.domains.is_some()),
        documented_overrides: None,
        monitoring_config_overrides: None,
    }
}
