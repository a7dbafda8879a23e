//! What a `pipeline.yaml` may say, and what is refused with the fix.
#![allow(clippy::unwrap_used)]
use super::*;
use crate::duration::Duration;

fn parse(sections: &str) -> Result<Pipeline, String> {
    let base =
        "model: bike\ndata: {bucket: b, prefix: p/, label: {column: y}, features: [x]}\ntrain: {image: i}\n";
    Pipeline::parse(format!("{base}{sections}").as_bytes()).map_err(|error| error.to_string())
}

#[test]
fn a_strategy_that_the_endpoint_cannot_follow_is_refused_with_the_fix() {
    let alone = parse("serve: {instance_count: 1}").unwrap_err();
    assert_eq!(
        alone,
        "pipeline.yaml: release.strategy: canary needs at least 2 instances, serve.instance_count is 1: raise it, or use all_at_once or blue_green"
    );
    let serverless = parse("serve: {kind: serverless, capture_percent: 0}").unwrap_err();
    assert!(serverless.contains("use all_at_once, or serve.kind: real_time"), "{serverless}");
    for kind in ["kind: serverless, capture_percent: 0", "kind: asynchronous, capture_percent: 0"] {
        let text = format!(
            "serve: {{{kind}}}\nrelease: {{strategy: all_at_once, trial: {{shadow: {{at_most: 7d}}}}}}"
        );
        let refused = parse(&text).unwrap_err();
        assert!(refused.contains("release.trial: shadow does not work on a"), "{refused}");
    }
    assert!(parse("release: {trial: {shadow: {at_most: 7d}}}").is_ok());
    assert!(parse("release: {strategy: all_at_once, trial: {ab: {percent: 20, at_most: 14d}}}").is_ok());
    assert!(parse("serve: {instance_count: 1}\nrelease: {strategy: {blue_green: {bake: 10m}}}").is_ok());
    assert!(
        parse("serve: {kind: asynchronous, capture_percent: 0}\nrelease: {strategy: {rolling: {percent: 50, wait: 1m}}}").is_ok()
    );
    let regions = "serve: {kind: asynchronous, capture_percent: 0}\nrelease: {regions: [{name: eu-west-1, bucket: there, image: bike}]}";
    assert!(parse(regions).unwrap_err().contains("release.regions"), "{regions}");
}

#[test]
fn waits_that_outlast_a_run_are_refused_with_the_longest() {
    // The defaults: 6h to settle, 7d for an answer, and 30m, 2h and 1d of the release.
    assert!(parse("approval: {wait: 2302200s}").is_ok(), "28 days");
    let refused = parse("approval: {wait: 2302201s}").unwrap_err();
    assert_eq!(
        refused,
        "pipeline.yaml: approval.wait is 2302201s, and a run may wait 29 days in all: at most 28d for settle, approval (twice with decide.ask_above), trial, bake, patience and decision (twice with a trial): a run is ended after 30"
    );
    let trial = |days: u32| format!("release: {{trial: {{shadow: {{at_most: {days}d}}}}}}");
    let (both, never) = ("decide: {ask_above: 0.5}", "approval: {ask: never}");
    for sections in [
        both.to_owned(),
        trial(7),
        format!("{both}\n{never}"),
        format!("{never}\n{}", trial(25)),
        "approval: {ask: never, wait: 1000d}".to_owned(),
    ] {
        assert!(parse(&sections).is_ok(), "{sections}");
    }
    for (sections, field, days) in [
        (format!("{both}\napproval: {{wait: 14d}}"), "approval.wait is 14d", 30),
        (trial(20), "release.trial.shadow.at_most is 20d", 30),
        (format!("{never}\n{}", trial(26)), "release.trial.shadow.at_most is 26d", 29),
        (format!("{never}\nsettle: {{at_most: 27d}}"), "settle.at_most is 27d", 29),
        (format!("{never}\nrelease: {{bake: 27d}}"), "release.bake is 27d", 29),
        (format!("{never}\nrelease: {{decision: 3650d}}"), "release.decision is 3650d", 3_651),
    ] {
        let refused = parse(&sections).unwrap_err();
        let wanted = format!("pipeline.yaml: {field}, and a run may wait {days} days");
        assert!(refused.starts_with(&wanted), "{refused}");
    }
}

#[test]
fn regions_are_refused_with_the_line_or_the_fix() {
    let regions = |list: &str| parse(&format!("release: {{regions: [{list}]}}"));
    let good = "{name: eu-west-1, bucket: there, image: bike}";
    assert_eq!(regions(good).unwrap().release.regions[0].name.as_str(), "eu-west-1");
    for (list, wanted) in [
        ("{name: ireland, bucket: there, image: bike}", "region \"ireland\": write it as AWS does"),
        ("{name: eu-west-1, image: bike}", "bucket"),
        ("{name: eu-west-1, bucket: there}", "image"),
        ("{name: eu-west-1, bucket: there, image: bike, role: r}", "role"),
        (
            "{name: eu-west-1, bucket: b, image: bike}",
            "has the bucket \"b\" of another region, or of the data",
        ),
    ] {
        let error = regions(list).unwrap_err();
        assert!(error.contains(wanted), "{error}");
    }
    assert!(regions(&format!("{good}, {good}")).unwrap_err().contains("named twice"));
}

#[test]
fn a_comparison_that_cannot_be_made_is_refused() {
    for compare in ["{segments: [x], with: {rolling: {objects: 3}}}", "{leave_out: [x]}", "{cluster: user}"] {
        assert!(parse(&format!("compare: {compare}")).is_ok(), "{compare}");
    }
    for (compare, wanted) in [
        ("{segments: [a, b, c, d, e]}", "compare.segments is 5 columns: name at most 4"),
        ("{segments: [a, a]}", "name each column once"),
        ("{segments: [y]}", "compare.segments is \"y\" included"),
        ("{leave_out: [z]}", "compare.leave_out is \"z\": name features"),
        ("{cluster: u, block: day}", "compare.block is named beside compare.cluster"),
        ("{block: day}", "name the column of time in data.schema.time"),
        ("{block: fortnight}", "fortnight"),
        ("{with: same_weekday}", "name the column of time in data.schema.time"),
        ("{with: {same_season: {months: 6}}}", "compare.with.same_season.months is 6"),
        ("{with: {rolling: {objects: 0}}}", "compare.with.rolling.objects is 0"),
    ] {
        let error = parse(&format!("compare: {compare}")).unwrap_err();
        assert!(error.contains(wanted), "{error}");
    }
}

#[test]
fn a_quality_that_cannot_be_held_is_refused() {
    assert!(parse("monitor: {quality: {error_margin: 0, margin: 0}}").is_ok());
    for (monitor, wanted) in [
        ("quality: {error_margin: -0.1}", "monitor.quality.error_margin is -0.1: give a share"),
        ("quality: {margin: 2}", "monitor.quality.margin is 2: give a fraction"),
        ("quality: {alpha: 0}", "monitor.quality.alpha is 0: give a fraction"),
        ("quality: {min_rows: 0}", "monitor.quality.min_rows is 0: at least 1"),
        ("remember: 0", "monitor.remember is 0"),
    ] {
        let error = parse(&format!("monitor: {{{monitor}}}")).unwrap_err();
        assert!(error.contains(wanted), "{error}");
    }
}

#[test]
fn what_the_monitoring_could_never_judge_is_refused() {
    assert!(
        parse("gate: {task: multiclass}\nrelease: {alarms: {live_quality: {bound: 0.8, period: 1h}}}")
            .is_ok()
    );
    let groups = "gate: {fairness: {groups: [{columns: [x]}]}}\n\
                  release: {alarms: {groups: {bound: 0, period: 1h}}}";
    assert!(parse(groups).is_ok());
    for (sections, wanted) in [
        (
            "gate: {task: multiclass}\nrelease: {trial: {shadow: {at_most: 7d}}}",
            "release.trial is there for gate.task multiclass: side by side",
        ),
        (
            "serve: {capture_percent: 0}\nrelease: {alarms: {live_quality: {bound: 0.8, period: 1h}}}",
            "serve.capture_percent is 0: release.alarms.live_quality",
        ),
        (
            "serve: {capture_percent: 0}\nrelease: {alarms: {groups: {bound: 0, period: 1h}}}",
            "serve.capture_percent is 0: release.alarms.live_quality, drift and groups",
        ),
        (
            "release: {alarms: {groups: {bound: 0, period: 1h}}}",
            "release.alarms.groups is there, and no groups to watch: name groups",
        ),
        (
            "gate: {fairness: {groups: [{columns: [x]}], rules: [{measure: TE}, {measure: DI, action: warn}]}}\n\
             release: {alarms: {groups: {bound: 0, period: 1h}}}",
            "release.alarms.groups is there, and no rule that live rows can be held to: write a rule",
        ),
        ("gate: {task: multiclass, classes: [owl, '2.0']}", "gate.classes: \"2.0\"; labels"),
    ] {
        let error = parse(sections).unwrap_err();
        assert!(error.contains(wanted), "{error}");
    }
    let above = "model: bike\ntrain: {image: i}\ngate: {task: multiclass}\n\
                 data: {bucket: b, prefix: p/, label: {column: y, at_least: 2}, features: [x]}\n";
    let error = Pipeline::parse(above.as_bytes()).unwrap_err().to_string();
    assert!(error.contains("data.label.at_least is 2 for gate.task multiclass: it makes"), "{error}");
}

#[test]
fn a_positive_class_is_named_for_a_yes_or_no() {
    let parse = |label: &str, task: &str| {
        let text = format!(
            "model: bike\ntrain: {{image: i}}\ngate: {{task: {task}}}\n\
             data: {{bucket: b, prefix: p/, label: {{column: y, {label}}}, features: [x]}}\n"
        );
        Pipeline::parse(text.as_bytes()).map_err(|error| error.to_string())
    };
    let pipeline = parse("positive: churned, negative: stayed", "binary").unwrap();
    let passed = hyperparameters(&pipeline);
    assert_eq!((passed["label_positive"].as_str(), passed["label_negative"].as_str()), ("churned", "stayed"));
    for (label, task, wanted) in [
        ("negative: stayed", "binary", "data.label.negative is \"stayed\" alone"),
        ("positive: a, at_least: 2", "binary", "data.label.positive is \"a\" beside at_least"),
        ("positive: a", "multiclass", "data.label.positive is \"a\" for gate.task multiclass"),
        ("positive: a, negative: ' a'", "binary", "data.label.negative is \" a\", as positive"),
    ] {
        let error = parse(label, task).unwrap_err();
        assert!(error.contains(wanted), "{error}");
    }
}

#[test]
fn feedback_that_cannot_be_undone_is_refused() {
    for feedback in [
        "{selected_by: shown}",
        "{selected_by: shown, version: served_by, treat: reweigh, exploration: 0.05}",
    ] {
        assert!(parse(&format!("feedback: {feedback}")).is_ok(), "{feedback}");
    }
    for (feedback, wanted) in [
        ("{selected_by: x}", "feedback.selected_by is \"x\": name a column of its own"),
        ("{selected_by: s, version: y}", "feedback.version is \"y\": name a column of its own"),
        ("{selected_by: s, treat: reweigh}", "feedback.exploration is missing: name the share"),
        ("{selected_by: s, exploration: 5}", "feedback.exploration is 5: a share of requests"),
        ("{selected_by: s, largest_weight: 0.5}", "feedback.largest_weight is 0.5: 1 or more"),
        ("{treat: exclude}", "selected_by"),
    ] {
        let error = parse(&format!("feedback: {feedback}")).unwrap_err();
        assert!(error.contains(wanted), "{error}");
    }
}

#[test]
fn a_column_that_is_named_twice_stands_once() {
    let base = "model: bike\ntrain: {image: i}\nfeedback: {selected_by: chosen}\n\
                data: {bucket: b, prefix: p/, label: {column: y}, features: [x], context: [chosen, day]}\n";
    let pipeline = Pipeline::parse(base.as_bytes()).unwrap();
    assert_eq!(pipeline.columns(), ["y", "x", "chosen", "day"]);
}

#[test]
fn autoscaling_is_held_to_what_can_work() {
    assert!(parse("serve: {autoscaling: {most: 4}}").is_ok());
    for (serve, field) in [
        ("autoscaling: {least: 1}", "serve.autoscaling.least"),
        ("autoscaling: {most: 1}", "serve.autoscaling.most"),
        ("instance_count: 9, autoscaling: {}", "serve.instance_count"),
        ("autoscaling: {requests_per_instance: 0}", "serve.autoscaling.requests_per_instance"),
        ("kind: asynchronous, capture_percent: 0, autoscaling: {}", "serve.kind"),
    ] {
        let error = parse(&format!("serve: {{{serve}}}")).unwrap_err();
        assert!(error.starts_with(&format!("pipeline.yaml: {field} is ")), "{error}");
    }
}

#[test]
fn a_serverless_endpoint_asks_only_for_what_there_is() {
    let serverless = |serve: &str| {
        parse(&format!("serve: {{kind: serverless, {serve}}}\nrelease: {{strategy: all_at_once}}"))
    };
    assert!(serverless("").unwrap_err().contains("serve.capture_percent is 100"));
    for serve in ["memory_mb: 1500", "concurrency: 201"] {
        let error = serverless(&format!("capture_percent: 0, serverless: {{{serve}}}")).unwrap_err();
        assert!(error.contains("SageMaker takes"), "{error}");
    }
    assert!(serverless("capture_percent: 0, serverless: {memory_mb: 3072}").is_ok());
}

#[test]
fn what_no_service_takes_is_refused_with_its_field_and_a_fix() {
    let parse = |train: &str, rest: &str| {
        let yaml = format!(
            "{{model: m, data: {{bucket: b, prefix: p/, label: {{column: y}}, features: [x], context: [day]}}, \
             train: {{image: i{train}}}{rest}}}"
        );
        Pipeline::parse(yaml.as_bytes()).map(drop).map_err(|error| error.to_string())
    };
    let many = |most: usize| (0..most).map(|n| format!("k{n}: v")).collect::<Vec<_>>().join(", ");
    let metric = |name: usize, regex: usize| {
        format!(", metrics: [{{name: {}, regex: {}}}]", "n".repeat(name), "r".repeat(regex))
    };
    let long = |length: usize| format!(", serve: {{environment: {{MODE: {}}}}}", "v".repeat(length));
    for (train, rest) in [
        (format!(", hyperparameters: {{{}}}", many(98)), String::new()),
        (metric(255, 500), String::new()),
        (String::new(), long(1_024)),
        (String::new(), format!(", serve: {{environment: {{{}}}}}", many(100))),
        (
            String::new(),
            ", serve: {kind: asynchronous, capture_percent: 0}, release: {strategy: all_at_once}".into(),
        ),
        (String::new(), ", gate: {cluster: day, slices: {columns: [x, day]}}".into()),
    ] {
        assert_eq!(parse(&train, &rest), Ok(()), "{train}{rest}");
    }
    for (train, rest, said) in [
        (
            format!(", hyperparameters: {{{}}}", many(99)),
            String::new(),
            "train.hyperparameters is 101 entries",
        ),
        (
            ", hyperparameters: {a: \"b\\nc\"}".into(),
            String::new(),
            "train.hyperparameters is \"a\" of several lines",
        ),
        (metric(256, 5), String::new(), "train.metrics is a name of 256 characters"),
        (metric(5, 501), String::new(), "train.metrics is \"nnnnn\" with a regex of 501 characters"),
        (String::new(), long(1_025), "serve.environment is MODE with 1025 characters"),
        (
            String::new(),
            format!(", serve: {{environment: {{{}}}}}", many(101)),
            "serve.environment is 101 entries",
        ),
        (String::new(), ", serve: {environment: {2a: b}}".into(), "serve.environment is \"2a\""),
        (
            String::new(),
            ", serve: {kind: asynchronous}, release: {strategy: all_at_once}".into(),
            "serve.capture_percent is 100: SageMaker captures what real-time endpoints are asked: write 0",
        ),
        (
            String::new(),
            ", gate: {cluster: week}".into(),
            "gate is asking for the column \"week\": name it in data.context",
        ),
        (String::new(), ", gate: {slices: {columns: [sky]}}".into(), "gate is asking for the column \"sky\""),
        (
            String::new(),
            ", gate: {fairness: {groups: [{columns: [sex], disadvantaged: f}]}}".into(),
            "gate is asking for the column \"sex\"",
        ),
        (
            String::new(),
            ", compare: {segments: [land]}".into(),
            "compare.segments is asking for the column \"land\"",
        ),
    ] {
        let refused = parse(&train, &rest).unwrap_err();
        assert!(refused.contains(said), "{refused}");
    }
}

#[test]
fn what_an_earlier_release_has_accepted_is_read_whatever_is_checked_today() {
    let yaml = "{model: m, data: {bucket: b, prefix: p/, label: {column: y}, features: [x]}, train: {image: i}, \
                serve: {kind: asynchronous}, gate: {cluster: week}, release: {strategy: all_at_once}}";
    assert!(matches!(Pipeline::parse(yaml.as_bytes()), Err(PipelineError::BadField { .. })));
    let read = Pipeline::read(yaml.as_bytes()).unwrap();
    assert_eq!(read.gate.cluster.as_deref(), Some("week"));
    assert!(read.gate.superiority.is_none(), "which metrics win by default, the holdout says");
    assert!(matches!(Pipeline::read(b"model: ["), Err(PipelineError::Unreadable(_))));
}

#[test]
fn an_alarm_of_an_endpoint_has_periods_of_whole_minutes() {
    let parse = |period: &str| {
        let yaml = format!(
            "{{model: m, data: {{bucket: b, prefix: p/, label: {{column: y}}, features: [x]}}, train: {{image: i}}, \
             release: {{alarms: {{period: {period}}}}}}}"
        );
        Pipeline::parse(yaml.as_bytes()).unwrap()
    };
    let minute = Duration::seconds(60);
    for (period, good) in [("60s", true), ("2m", true), ("10s", false), ("30s", false), ("90s", false)] {
        assert_eq!(parse(period).check_periods(minute).is_ok(), good, "{period}");
    }
    assert!(parse("10s").check_periods(Duration::seconds(1)).is_ok());
    let said = parse("30s").check_periods(minute).unwrap_err().to_string();
    assert!(
        said.contains("release.alarms.period is 30s: the metrics of endpoints come once a minute"),
        "{said}"
    );
}
