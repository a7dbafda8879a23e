#![allow(clippy::unwrap_used)]

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::dataset::{Scanner, Schema};
use crate::profile::Profile;

fn profile(csv: &str) -> Profile {
    let mut scanner = Scanner::new(&Schema::default());
    scanner.feed(csv.as_bytes(), &mut ()).unwrap();
    scanner.finish(&mut ()).unwrap().profile
}

fn rentals() -> Profile {
    profile(
        "hour,temp,season,note,none\n\
         0,0.25,spring,,\n1,0.5,spring,a,\n2,0.75,fall,b,\n3,1.5,fall,c,\n4,,winter,d,\n",
    )
}

#[test]
fn statistics_read_as_model_monitor_writes_them() {
    insta::assert_json_snapshot!(Statistics::of(&rentals()));
}

#[test]
fn constraints_read_as_model_monitor_writes_them() {
    insta::assert_json_snapshot!(Rules::suggest(&Statistics::of(&rentals())));
}

#[test]
fn violations_read_as_model_monitor_writes_them() {
    let baseline = Statistics::of(&rentals());
    let rules = Rules::suggest(&baseline);
    let now = profile(
        "hour,temp,season,note,new\n\
         9,0.25,spring,a,1\n9.5,hot,spring,a,1\n9,,summer,b,1\n9,0.5,,c,1\n",
    );
    insta::assert_json_snapshot!(check(&now, &rules, Some(&baseline)).unwrap());
    assert!(check(&rentals(), &rules, Some(&baseline)).unwrap().violations.is_empty());
    assert_eq!(check(&Profile::default(), &rules, None), Err(CheckError::NoRows));
}

/// Fields nobody knows, counts as `12.0`, both places of overrides.
#[test]
fn files_of_others_are_read_with_tolerance() {
    let statistics: Statistics = serde_json::from_value(json!({
        "version": 0.0,
        "dataset": {"item_count": 6.0, "when": "today"},
        "features": [
            {"name": "x", "inferred_type": "Integral", "numerical_statistics": {
                "common": {"num_present": 4.0, "num_missing": 2.0},
                "mean": 2.5, "sum": 10.0, "std_dev": 1.118033988749895, "min": 1.0, "max": 4.0,
                "distribution": {"kll": {
                    "buckets": [{"lower_bound": 1.0, "upper_bound": 4.0, "count": 4.0}],
                    "sketch": {"parameters": {"c": 0.64, "k": 2048.0}, "data": [[1.0, 2.0], [3.0]]}
                }}
            }},
            {"name": "y", "inferred_type": "String", "string_statistics": {
                "common": {"num_present": 6, "num_missing": 0}, "distinct_count": 500.0
            }}
        ]
    }))
    .unwrap();
    let imported = statistics.profile();
    let x = imported.profile.column("x").unwrap();
    assert_eq!((x.rows, x.missing, x.types.integral), (6, 2, 4));
    assert_eq!((x.numbers.mean(), x.numbers.extremes()), (Some(2.5), Some((1.0, 4.0))));
    assert_eq!(x.values.weighted_numbers(), [(1.0, 1), (2.0, 1), (3.0, 2)]);
    let told: Vec<String> = imported.notes.iter().map(ToString::to_string).collect();
    assert_eq!(told, ["y: the file has no distribution of its values: they are counted and no more"]);

    let rules: Rules = serde_json::from_value(json!({
        "features": [
            {"name": "a", "inferred_type": "Integral", "completeness": 1.0,
             "monitoringConfigOverrides": {"datatype_check_threshold": 0.9}},
            {"name": "b", "inferred_type": "String", "completeness": 0.5, "string_constraints": {
                "domains": ["u"], "monitoring_config_overrides": {
                    "domain_content_threshold": 0.8,
                    "distribution_constraints": {"comparison_method": "Simple"}
                }}}
        ],
        "monitoring_config": {"evaluate_constraints": "Enabled", "distribution_constraints": {
            "perform_comparison": "Enabled", "comparison_threshold": 0.2
        }}
    }))
    .unwrap();
    let (a, b) = (rules.monitoring(&rules.features[0]), rules.monitoring(&rules.features[1]));
    assert_eq!((a.datatype_check_threshold, a.domain_content_threshold), (0.9, 1.0));
    assert_eq!((b.datatype_check_threshold, b.domain_content_threshold), (1.0, 0.8));
    assert_eq!(b.distribution_constraints.comparison_method, ComparisonMethod::Simple);
    assert_eq!(b.distribution_constraints.comparison_threshold, 0.2);
    // Rows may break these rules, so that no row rule says the same.
    let ours = rules.constraints();
    assert_eq!((ours.columns[0].kind, &ours.columns[1].domain), (None, &None));
}

/// An override that switches a column off holds under either name, in each place where one was seen.
#[test]
fn overrides_hold_in_every_spelling_and_place() {
    let now = profile("x,word\nhot,odd\n");
    let off = json!({"evaluate_constraints": "Disabled", "emit_metrics": "Disabled"});
    let rules = |of_feature: Option<&str>, of_kind: Option<&str>| -> Rules {
        let mut x = json!({"name": "x", "inferred_type": "Integral", "completeness": 1.0,
            "num_constraints": {"is_non_negative": true}});
        let mut word = json!({"name": "word", "inferred_type": "String", "completeness": 1.0,
            "string_constraints": {"domains": ["even"]}});
        for (feature, kind) in [(&mut x, "num_constraints"), (&mut word, "string_constraints")] {
            if let Some(key) = of_feature {
                feature[key] = off.clone();
            }
            if let Some(key) = of_kind {
                feature[kind][key] = off.clone();
            }
        }
        serde_json::from_value(json!({"features": [x, word]})).unwrap()
    };
    let told = |rules: &Rules| check(&now, rules, None).unwrap().violations.len();
    assert_eq!(told(&rules(None, None)), 2);
    for key in ["monitoringConfigOverrides", "monitoring_config_overrides"] {
        for rules in [rules(Some(key), None), rules(None, Some(key))] {
            assert_eq!(told(&rules), 0, "{key}");
            let again: Rules = serde_json::from_value(serde_json::to_value(&rules).unwrap()).unwrap();
            assert_eq!(again, rules);
            let switches = rules.features.iter().map(|feature| rules.monitoring(feature).emit_metrics);
            assert!(switches.into_iter().all(|switch| switch == Switch::Disabled));
        }
    }
}

#[test]
fn a_column_that_one_object_lacks_is_told() {
    let rules = Rules::suggest(&Statistics::of(&profile("a,b\n1,x\n2,y\n")));
    let mut whole = profile("a,b\n1,x\n2,y\n");
    whole.merge(&profile("a\n3\n"));
    let found = check(&whole, &rules, None).unwrap().violations;
    let kinds: Vec<CheckType> = found.iter().map(|it| it.constraint_check_type).collect();
    assert_eq!(kinds, [CheckType::MissingColumnCheck, CheckType::CompletenessCheck]);
    assert!(found[0].description.contains("1 of 3 rows"), "{}", found[0].description);
}

#[test]
fn a_sketch_that_does_not_add_up_gives_way_to_its_bars() {
    let mut document = serde_json::to_value(Statistics::of(&profile("x\n1\n2\n3\n4\n"))).unwrap();
    document["features"][0]["numerical_statistics"]["distribution"]["kll"]["sketch"]["data"] = json!([[1.0]]);
    let statistics: Statistics = serde_json::from_value(document).unwrap();
    let imported = statistics.profile();
    let told: Vec<String> = imported.notes.iter().map(ToString::to_string).collect();
    assert_eq!(told, ["x: the sketch does not add up to its 4 values: its bars are taken instead"]);
    let spread = imported.profile.columns[0].values.weighted_numbers();
    assert_eq!(spread.iter().map(|(_, count)| count).sum::<u64>(), 4);
    assert!(spread.iter().all(|(number, _)| (1.0..=4.0).contains(number)));
}

/// The distance by its definition, on every threshold.
#[test]
fn distances_are_l_infinity() {
    let baseline = Statistics::of(&profile(&csv((0..1000).map(|number| f64::from(number % 97)))));
    let now = profile(&csv((0..500).map(|number| f64::from(number % 97) + 20.0)));
    let mut rules = Rules::suggest(&baseline);
    let distance = |rules: &Rules| {
        let found = check(&now, rules, Some(&baseline)).unwrap().violations;
        let words =
            &found.iter().find(|v| v.constraint_check_type == CheckType::BaselineDriftCheck)?.description;
        let number = words.split("distance: ").nth(1)?.split(' ').next()?;
        number.parse::<f64>().ok()
    };
    let share = |numbers: std::ops::Range<u32>, shift: f64, at: f64| {
        let count = numbers.len() as f64;
        numbers.filter(|number| f64::from(number % 97) + shift <= at).count() as f64 / count
    };
    let simple = (0..120)
        .map(|at| (share(0..1000, 0.0, f64::from(at)) - share(0..500, 20.0, f64::from(at))).abs())
        .fold(0.0, f64::max);
    rules.monitoring_config.distribution_constraints.comparison_method = ComparisonMethod::Simple;
    assert!((distance(&rules).unwrap() - simple).abs() < 1e-12);
    rules.monitoring_config.distribution_constraints.comparison_method = ComparisonMethod::Robust;
    let robust = simple - 1.8 * (1500.0 / 500_000.0_f64).sqrt();
    assert!((distance(&rules).unwrap() - robust).abs() < 1e-12);
    rules.monitoring_config.distribution_constraints.comparison_threshold = f64::NAN;
    assert!(distance(&rules).is_some(), "a limit that is no number is exceeded");
}

#[test]
fn a_method_without_a_known_rule_is_refused() {
    let baseline = Statistics::of(&rentals());
    let mut rules = Rules::suggest(&baseline);
    rules.monitoring_config.distribution_constraints.categorical_drift_method = CategoricalMethod::ChiSquared;
    let error = check(&rentals(), &rules, Some(&baseline)).unwrap_err();
    assert!(error.to_string().starts_with("season: categorical_drift_method ChiSquared"), "{error}");
}

#[test]
fn constraints_survive_the_way_there_and_back() {
    let rules = Rules::suggest(&Statistics::of(&rentals()));
    let ours = rules.constraints();
    let there = Rules::of(&ours);
    assert_eq!(there.constraints(), ours);
    assert_eq!(there.features[..2], rules.features[..2]);
}

fn csv(numbers: impl Iterator<Item = f64>) -> String {
    let mut text = "x\n".to_owned();
    numbers.for_each(|number| text += &format!("{number}\n"));
    text
}

proptest! {
    #[test]
    fn a_profile_survives_the_way_there_and_back(
        numbers in prop::collection::vec(prop::option::weighted(0.9, -1e6..1e6f64), 1..200),
        words in prop::collection::vec("[a-f]{0,2}", 1..200),
    ) {
        let mut text = "x,word\n".to_owned();
        for (number, word) in numbers.iter().zip(&words) {
            text += &format!("{},{word}\n", number.map(|number| number.to_string()).unwrap_or_default());
        }
        let profile = profile(&text);
        let document = serde_json::to_string(&Statistics::of(&profile)).unwrap();
        let back = serde_json::from_str::<Statistics>(&document).unwrap().profile();
        for (column, was) in back.profile.columns.iter().zip(&profile.columns) {
            prop_assert_eq!((column.rows, column.missing), (was.rows, was.missing));
            prop_assert_eq!(column.values.weighted_numbers(), was.values.weighted_numbers());
            prop_assert_eq!(column.values.frequent(), was.values.frequent());
            prop_assert_eq!(column.kind(), was.kind());
            let (deviation, before) = (column.numbers.std_dev(), was.numbers.std_dev());
            prop_assert_eq!(deviation.is_some(), before.is_some());
            prop_assert!((deviation.unwrap_or(0.0) - before.unwrap_or(0.0)).abs() <= 1e-6);
        }
        let again: Value = serde_json::to_value(Statistics::of(&back.profile)).unwrap();
        let first: Value = serde_json::from_str(&document).unwrap();
        prop_assert_eq!(&again["dataset"], &first["dataset"]);
        let features = |document: &Value| document["features"].as_array().unwrap().clone();
        for (left, right) in features(&again).iter().zip(&features(&first)) {
            prop_assert_eq!(&left["string_statistics"], &right["string_statistics"]);
        }
    }
}
