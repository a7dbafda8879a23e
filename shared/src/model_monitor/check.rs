//! What of the rules does not hold, judged on a whole profile as Model Monitor does.

use super::convert::{inferred, spread};
use super::distance::{of_numbers, of_texts};
use super::rules::{CategoricalMethod, Comparison, FeatureRules, Rules, Switch};
use super::statistics::{Feature, InferredType, Statistics};
use super::violations::{CheckType, Violation, Violations};
use crate::profile::{ColumnProfile, Profile};

/// At most this many values that are not listed one by one share the rest of a column.
const UNLISTED: u64 = 4096;

/// Why nothing can be judged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CheckError {
    /// No rows.
    #[error("the data has no rows, so that nothing can be judged: give data that has some")]
    NoRows,
    /// A method whose rule is not known.
    #[error(
        "{column}: categorical_drift_method ChiSquared has no documented rule to judge by: \
         set it to LInfinity, or perform_comparison to Disabled"
    )]
    ChiSquared {
        /// The column.
        column: String,
    },
}

/// Judges a profile by rules, and with a baseline its distributions too.
///
/// A text column of so many values that the baseline lists none is not compared, as in Model Monitor.
///
/// # Errors
/// [`CheckError`] when nothing can be judged.
pub fn check(
    profile: &Profile,
    rules: &Rules,
    baseline: Option<&Statistics>,
) -> Result<Violations, CheckError> {
    if profile.rows == 0 {
        return Err(CheckError::NoRows);
    }
    let mut found = Vec::new();
    let mut note = |name: &str, kind: CheckType, description: String| {
        found.push(Violation { feature_name: name.to_owned(), constraint_check_type: kind, description });
    };
    for feature in &rules.features {
        let name = feature.name.as_str();
        let Some(column) = profile.column(name) else {
            let what = format!("The column {name} of the baseline constraints is not in the data.");
            note(name, CheckType::MissingColumnCheck, what);
            continue;
        };
        if column.rows < profile.rows {
            let (without, all) = (profile.rows - column.rows, profile.rows);
            let what = format!(
                "The column {name} of the baseline constraints is not in all of the data: {without} of {all} \
                 rows are of objects without it."
            );
            note(name, CheckType::MissingColumnCheck, what);
        }
        let monitoring = rules.monitoring(feature);
        if monitoring.evaluate_constraints == Switch::Enabled {
            if let Some(what) = wrong_type(column, feature, monitoring.datatype_check_threshold) {
                note(name, CheckType::DataTypeCheck, what);
            }
            // Of several objects one may lack the column.
            let completeness = column.present() as f64 / profile.rows as f64;
            if let Some(what) = below(completeness, feature.completeness) {
                note(name, CheckType::CompletenessCheck, what);
            }
            let known = known_share(column, feature);
            if let Some(what) = known.and_then(|known| below(known, monitoring.domain_content_threshold)) {
                note(name, CheckType::CategoricalValuesCheck, what);
            }
        }
        let comparison = &monitoring.distribution_constraints;
        let before = baseline.and_then(|baseline| baseline.feature(name));
        if let (Switch::Enabled, Some(before)) = (comparison.perform_comparison, before)
            && let Some(what) = drifted(column, before, comparison)?
        {
            note(name, CheckType::BaselineDriftCheck, what);
        }
    }
    for column in profile.columns.iter().filter(|column| rules.feature(&column.name).is_none()) {
        let what = format!("The column {} of the data is not in the baseline constraints.", column.name);
        note(&column.name, CheckType::ExtraColumnCheck, what);
    }
    Ok(Violations { violations: found })
}

/// The words for a share that is too small, NaN thresholds included.
fn below(share: f64, least: f64) -> Option<String> {
    (share.partial_cmp(&least).is_none_or(std::cmp::Ordering::is_lt)).then(|| {
        format!("Value: {share:?} does not meet the constraint requirement! At least {least:?} is required.")
    })
}

fn wrong_type(column: &ColumnProfile, feature: &FeatureRules, least: f64) -> Option<String> {
    let types = &column.types;
    let fitting = match feature.inferred_type {
        InferredType::Integral => types.integral,
        // A whole number is a number.
        InferredType::Fractional => types.integral + types.fractional,
        InferredType::String | InferredType::Unknown => return None,
    };
    let total = types.total();
    let share = fitting as f64 / total.max(1) as f64;
    let kept = total == 0 || share >= least;
    let name = feature.inferred_type;
    (!kept).then(|| {
        format!(
            "Data type match requirement is not met. Expected data type: {name:?}, Expected match: {:?}%. \
             Observed: Only {:?}% of data is {name:?}.",
            least * 100.0,
            share * 100.0
        )
    })
}

/// The share of values among those allowed; none where all are.
fn known_share(column: &ColumnProfile, feature: &FeatureRules) -> Option<f64> {
    let domains = feature.string_constraints.as_ref()?.domains.as_ref()?;
    let present = column.present();
    let known = column.values.frequent().into_iter().filter(|counted| domains.contains(&counted.value));
    (present > 0).then(|| known.map(|counted| counted.count).sum::<u64>() as f64 / present as f64)
}

/// The words for a distribution that is too far from the baseline's, or cannot be compared with it.
fn drifted(
    column: &ColumnProfile,
    before: &Feature,
    comparison: &Comparison,
) -> Result<Option<String>, CheckError> {
    let method = comparison.comparison_method;
    let (what, distance, limit) = if let Some(numbers) = &before.numerical_statistics {
        let baseline = spread(&column.name, numbers, &mut Vec::new());
        let current = column.values.weighted_numbers();
        ("Numerical", of_numbers(&baseline, &current, method), comparison.comparison_threshold)
    } else if let Some(values) = before.string_statistics.as_ref().and_then(|texts| texts.values()) {
        if comparison.categorical_drift_method == CategoricalMethod::ChiSquared {
            return Err(CheckError::ChiSquared { column: column.name.clone() });
        }
        let baseline = values.iter().map(|value| (value.value.as_str(), value.count));
        let listed = column.values.frequent();
        let unlisted =
            unlisted(column, listed.iter().map(|counted| counted.count).sum(), listed.len() as u64);
        let current = listed.iter().map(|counted| (counted.value.as_str(), counted.count));
        let current = current.chain(unlisted.iter().map(|(value, count)| (value.as_str(), *count)));
        ("Categorical", of_texts(baseline, current, method), comparison.categorical_comparison_threshold)
    } else {
        return Ok(None);
    };
    Ok(match distance {
        Some(distance) if distance <= limit => None,
        Some(distance) => Some(format!("{what} distance: {distance:?} exceeds threshold: {limit:?}")),
        None => Some(format!(
            "{what} distance: NaN exceeds threshold: {limit:?}, as a side has no distribution (the data is \
             {:?})",
            inferred(column.kind())
        )),
    })
}

/// Values that are counted together, as if each were as frequent as the next: none of them is in the
/// baseline's short list, or it would be frequent.
fn unlisted(column: &ColumnProfile, counted: u64, listed: u64) -> Vec<(String, u64)> {
    let rest = column.present().saturating_sub(counted);
    let values = column.values.distinct().saturating_sub(listed).clamp(1, UNLISTED);
    // No text of a file begins with this character.
    let share = |index: u64| rest * (index + 1) / values - rest * index / values;
    (0..values).map(|index| (format!("\u{0}{index}"), share(index))).filter(|(_, count)| *count > 0).collect()
}
