//! Names that fit, and requests in the words of each kind of endpoint.
#![allow(clippy::expect_used)]
use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::*;
use crate::gate::Contender;
use crate::pipeline::hyperparameters;
use crate::requests::ApprovalStatus;

fn one_role() -> Platform {
    Platform::with_one_role("role")
}

#[test]
fn each_work_has_a_role_of_its_own() {
    let yaml = |image: &str, more: &str| {
        let yaml = format!(
            "{{model: m, data: {{bucket: b, prefix: p/, label: {{column: y}}, features: [x]}}, \
             train: {{image: {image}, metrics: [{{name: auc, regex: 'auc=(.*)'}}]{more}}}}}"
        );
        Pipeline::parse(yaml.as_bytes()).expect("a pipeline")
    };
    let (new, old) =
        (yaml("new", ", tune: {metric: auc, goal: maximize, ranges: {k: {of: [a, b]}}}"), yaml("old", ""));
    let role = |work: &str| format!("arn:aws:iam::1:role/{work}");
    let roles = Roles { training: role("training"), scoring: role("scoring"), serving: role("serving") };
    let job = Job {
        pipeline: &new,
        generation: Generation(7),
        name: "m-7-20260101000000",
        bucket: "b",
        run: "r/",
        platform: &Platform { roles, ..one_role() },
    };
    assert_eq!(job.training().definition.role_arn, role("training"));
    let search = job.tuning().expect("a search");
    assert_eq!(search.training.definition.role_arn, role("training"));
    let served = job.model("s3://b/new.tar.gz");
    assert_eq!(served.execution_role_arn, role("serving"));
    let scored = job.scorer(Contender::Challenger, &new, "s3://b/new.tar.gz");
    assert_eq!(scored.execution_role_arn, role("scoring"));
    assert_eq!(scored.primary_container, served.primary_container, "what is judged is what will serve");
    let champion = job.scorer(Contender::Champion, &old, "s3://b/old.tar.gz");
    assert_eq!(champion.execution_role_arn, role("scoring"));
    assert_eq!(champion.primary_container.image, "old");
    let names = [&served, &scored, &champion].map(|model| model.model_name.as_str());
    assert_eq!(names, ["m-7-20260101000000", "m-7-20260101000000n", "m-7-20260101000000o"]);
}

#[test]
fn keys_and_networks_reach_every_request_and_the_pipelines_own_come_first() {
    let yaml = |train: &str, serve: &str| {
        let yaml = format!(
            "{{model: m, data: {{bucket: b, prefix: p/, label: {{column: y}}, features: [x]}}, train: {{image: i, \
             metrics: [{{name: auc, regex: 'auc=(.*)'}}], tune: {{metric: auc, goal: maximize, ranges: {{k: {{of: [a, b]}}}}}}{train}}}, \
             serve: {{{serve}}}, release: {{strategy: all_at_once}}}}"
        );
        Pipeline::parse(yaml.as_bytes()).expect("a pipeline")
    };
    let network = |name: &str| json!({ "Subnets": [format!("subnet-{name}")], "SecurityGroupIds": [format!("sg-{name}")] });
    let vpc = |name: &str| Vpc {
        subnets: vec![format!("subnet-{name}")],
        security_groups: vec![format!("sg-{name}")],
    };
    let platform = Platform { kms_key: Some("stack".to_owned()), vpc: Some(vpc("stack")), ..one_role() };
    let own =
        "vpc: {subnets: [subnet-own], security_groups: [sg-own]}, kms_key: own, network_isolation: true";
    let asynchronous = "kind: asynchronous, capture_percent: 0";
    for (train, serve, later, key, place, isolated) in [
        (String::new(), "instance_count: 2".to_owned(), asynchronous.to_owned(), "stack", "stack", false),
        (
            format!(", {own}, encrypt_traffic: true"),
            format!("instance_count: 2, {own}"),
            format!("{asynchronous}, {own}"),
            "own",
            "own",
            true,
        ),
    ] {
        let (pipeline, answers) = (yaml(&train, &serve), yaml(&train, &later));
        let job = |pipeline| Job {
            pipeline,
            generation: Generation(7),
            name: "m-7-20260101000000",
            bucket: "b",
            run: "r/",
            platform: &platform,
        };
        let made = job(&pipeline);
        for definition in
            [json!(made.training()), json!(made.tuning().expect("a search"))["TrainingJobDefinition"].clone()]
        {
            assert_eq!(definition["VpcConfig"], network(place));
            assert_eq!(definition["OutputDataConfig"]["KmsKeyId"], key);
            assert_eq!(definition["ResourceConfig"]["VolumeKmsKeyId"], key);
            assert_eq!(definition["EnableNetworkIsolation"], isolated);
            assert_eq!(definition["EnableInterContainerTrafficEncryption"], isolated);
        }
        for model in [made.model("s3://b/a"), made.scorer(Contender::Champion, &pipeline, "s3://b/a")] {
            let model = json!(model);
            assert_eq!(
                (&model["VpcConfig"], &model["EnableNetworkIsolation"]),
                (&network(place), &json!(isolated))
            );
        }
        let transform = json!(made.transform(Contender::Challenger, "m"));
        assert_eq!(transform["TransformOutput"]["KmsKeyId"], key);
        assert_eq!(transform["TransformResources"]["VolumeKmsKeyId"], key);
        let config = json!(made.endpoint_config());
        assert_eq!(
            (&config["KmsKeyId"], &config["DataCaptureConfig"]["KmsKeyId"]),
            (&json!(key), &json!(key))
        );
        let config = json!(job(&answers).endpoint_config());
        assert_eq!(config["AsyncInferenceConfig"]["OutputConfig"]["KmsKeyId"], key);
    }
    let serverless = yaml("", "kind: serverless, capture_percent: 0");
    let abroad = platform.abroad();
    let job = |platform| Job {
        pipeline: &serverless,
        generation: Generation(7),
        name: "m-7",
        bucket: "b",
        run: "r/",
        platform,
    };
    assert_eq!(job(&platform).endpoint_config().kms_key_id, None, "no volumes of its own");
    assert_eq!(job(&abroad).model("s3://b/a").vpc_config, None, "key and network are home's");
}

#[test]
fn disks_that_encrypt_themselves_take_no_key() {
    let key = || Some("key".to_owned());
    for with in ["ml.m5.large", "ml.c5.xlarge", "ml.p3.2xlarge", "ml.r6i.large", "ml.inf1.xlarge"] {
        assert_eq!(volume_key(key(), with), key(), "{with}");
    }
    for without in [
        "ml.m5d.large",
        "ml.g4dn.xlarge",
        "ml.p4d.24xlarge",
        "ml.g5.xlarge",
        "ml.r6gd.large",
        "ml.trn1.2xlarge",
    ] {
        assert_eq!(volume_key(key(), without), None, "{without}");
    }
}

#[test]
fn the_longest_names_fit_what_sagemaker_takes() {
    let model = "m".repeat(40);
    let yaml = format!(
        "{{model: {model}, data: {{bucket: b, prefix: p/, label: {{column: y}}, features: [x]}}, train: {{image: i, \
         metrics: [{{name: auc, regex: 'auc=(.*)'}}], tune: {{metric: auc, goal: maximize, ranges: {{k: {{of: [a, b]}}}}}}}}}}"
    );
    let pipeline = Pipeline::parse(yaml.as_bytes()).expect("a pipeline");
    let name = format!("{model}-123456-20261231235959");
    let job = Job {
        pipeline: &pipeline,
        generation: Generation(123_456),
        name: &name,
        bucket: "b",
        run: "r/",
        platform: &one_role(),
    };
    let fits = |name: &str, most: usize| (1..=most).contains(&name.len());
    let package = job.package("s3://b/model.tar.gz", ApprovalStatus::Approved, "better", BTreeMap::new());
    assert!(fits(&package.client_token, 36));
    let there = job.package_in_region("s3://b/model.tar.gz", Some("arn"));
    assert_eq!(there.inference_specification, package.inference_specification);
    assert_eq!(
        json!(there)["CustomerMetadataProperties"],
        json!({ "pawl.generation": "123456", "pawl.package": "arn" })
    );
    assert!(fits(&job.training().training_job_name, 63));
    let tuning = json!(job.tuning().expect("a search"));
    assert_eq!(tuning["HyperParameterTuningJobName"], "mmmmmmmmmm-123456-20261231235959");
    assert_eq!(tuning["TrainingJobDefinition"]["StaticHyperParameters"]["label"], "y");
    assert!(fits(&job.scorer(Contender::Champion, &pipeline, "s3://b/a").model_name, 63));
    assert!(fits(&job.transform(Contender::Challenger, &name).transform_job_name, 63));
    assert!(fits(&job.endpoint_config().endpoint_config_name.0, 63));
}

#[test]
fn every_name_fits_whatever_the_model_is_called() {
    for length in 1..=40 {
        for generation in [1, 9, 10, 99_999, 999_999] {
            let model = "m".repeat(length);
            let yaml = format!(
                "{{model: {model}, data: {{bucket: b, prefix: p/, label: {{column: y}}, features: [x]}}, train: {{image: i, \
                 metrics: [{{name: auc, regex: 'auc=(.*)'}}], tune: {{metric: auc, goal: maximize, ranges: {{k: {{of: [a, b]}}}}}}}}}}"
            );
            let pipeline = Pipeline::parse(yaml.as_bytes()).expect("a pipeline");
            let name = format!("{model}-{generation}-20261231235959");
            let job = Job {
                pipeline: &pipeline,
                generation: Generation(generation),
                name: &name,
                bucket: "b",
                run: "r/",
                platform: &one_role(),
            };
            let mut trial = crate::release::Deployment::new(Generation(generation), name.as_str());
            trial = trial.in_trial(crate::gate::live::TrialKind::Shadow);
            let at_most_63 = [
                job.training().training_job_name,
                job.model("s3://b/a").model_name,
                job.scorer(Contender::Challenger, &pipeline, "s3://b/a").model_name,
                job.scorer(Contender::Champion, &pipeline, "s3://b/a").model_name,
                job.transform(Contender::Challenger, &name).transform_job_name,
                job.transform(Contender::Champion, &name).transform_job_name,
                job.endpoint_config().endpoint_config_name.0,
                trial.config.0.clone(),
                job.package_group().model_package_group_name,
            ];
            for named in at_most_63 {
                let fine = |c: char| c.is_ascii_alphanumeric() || c == '-';
                assert!((1..=63).contains(&named.len()) && named.chars().all(fine), "{named}");
                assert!(!named.starts_with('-') && !named.ends_with('-'), "{named}");
            }
            let search = job.tuning().expect("a search").name;
            assert!((1..=32).contains(&search.len()) && !search.starts_with('-'), "{search}");
            assert!(format!("{model}-{generation}").len() <= 80, "an execution's name");
            let policy = crate::release::AlarmPolicy::default();
            for alarm in crate::release::alarms::for_deployment(&policy, &model, &trial) {
                assert!(alarm.alarm_name.len() <= 255, "{}", alarm.alarm_name);
            }
            let keys = crate::ledger::Keys::new(&pipeline.model);
            let object = "f".repeat(64);
            for key in [
                keys.part(&object, 99_999),
                keys.quarantine(Generation(generation), &object),
                keys.archive(&name),
                format!(
                    "{}accepted/{model}/{object}.jsonl.out",
                    keys.scores(Generation(generation), "challenger")
                ),
            ] {
                assert!(key.len() <= 1_024, "{key}");
            }
        }
    }
}

#[test]
fn what_is_too_long_for_a_hyperparameter_is_refused_with_the_fix() {
    // Quotes and brackets count: ["…"].
    let parse = |feature: usize, train: &str| {
        let yaml = format!(
            "{{model: m, data: {{bucket: b, prefix: p/, label: {{column: y}}, features: [{}]}}, train: {{image: i{train}}}}}",
            "é".repeat(feature)
        );
        Pipeline::parse(yaml.as_bytes()).map_err(|error| error.to_string())
    };
    let longest = parse(2_496, "").expect("2,500 characters are taken");
    let value = hyperparameters(&longest)["features"].chars().count();
    assert_eq!(value, 2_500);
    let refused = parse(2_497, "").expect_err("2,501 characters");
    assert_eq!(
        refused,
        "pipeline.yaml: train.pass_schema is true, the value of features has 2501 characters: SageMaker takes 2500 in one value: write false, and read the columns from the header of train/"
    );
    assert!(parse(2_497, ", pass_schema: false").is_ok());
    assert!(parse(2_497, ", hyperparameters: {features: all}").is_ok(), "the team's own stands");
    let own = |length: usize| parse(1, &format!(", hyperparameters: {{notes: {}}}", "x".repeat(length)));
    assert!(own(2_500).is_ok());
    let refused = own(2_501).expect_err("2,501 characters");
    assert!(refused.contains("train.hyperparameters is too long, the value of notes has 2501"), "{refused}");
}

#[test]
fn each_kind_of_endpoint_is_asked_for_in_its_own_words() {
    let variant = |serve: &str| {
        let yaml = format!(
            "{{model: bike, data: {{bucket: b, prefix: p/, label: {{column: y}}, features: [x]}}, train: {{image: i}}, serve: {serve}, release: {{strategy: all_at_once}}}}"
        );
        let pipeline = Pipeline::parse(yaml.as_bytes()).expect("a pipeline");
        let job = Job {
            pipeline: &pipeline,
            generation: Generation(1),
            name: "bike-1",
            bucket: "b",
            run: "r/",
            platform: &one_role(),
        };
        let mut config = json!(job.endpoint_config());
        (config["ProductionVariants"][0].take(), config["AsyncInferenceConfig"].take())
    };
    let (serverless, _) = variant("{kind: serverless, capture_percent: 0}");
    let expected = json!({
        "VariantName": "AllTraffic", "ModelName": "bike-1", "InitialVariantWeight": 1,
        "ServerlessConfig": { "MemorySizeInMB": 2048, "MaxConcurrency": 5 },
    });
    assert_eq!(serverless, expected);
    let (instances, answers) = variant("{kind: asynchronous, instance_count: 3, capture_percent: 0}");
    assert_eq!(
        (&instances["InitialInstanceCount"], &instances["InstanceType"]),
        (&json!(3), &json!("ml.m5.large"))
    );
    let places =
        json!({ "S3OutputPath": "s3://b/answers/bike", "S3FailurePath": "s3://b/answers/bike-failed" });
    assert_eq!(answers, json!({ "OutputConfig": places }));
    assert_eq!(variant("{}").1, Value::Null);
}

#[test]
fn weights_importances_and_exploration_reach_the_containers() {
    let of = |sections: &str, features: &str| {
        let yaml = format!(
            "{{model: m, data: {{bucket: b, prefix: p/, label: {{column: y}}, features: {features}}}, train: {{image: i, \
             metrics: [{{name: auc, regex: 'auc=(.*)'}}]}}{sections}}}"
        );
        let pipeline = Pipeline::parse(yaml.as_bytes()).expect("a pipeline");
        let job = Job {
            pipeline: &pipeline,
            generation: Generation(1),
            name: "m-1-20260101000000",
            bucket: "b",
            run: "r/",
            platform: &one_role(),
        };
        (json!(job.training()), json!(job.model("s3://b/model.tar.gz")))
    };
    let (plain, model) = of("", "['a.b', x_1]");
    let metrics = &plain["AlgorithmSpecification"]["MetricDefinitions"];
    assert_eq!(metrics[0]["Name"], "auc");
    let (name, regex) = ("importance:a.b", r"importance:a\.b=([0-9.eE+-]+)");
    assert_eq!(metrics[1], json!({ "Name": name, "Regex": regex }));
    assert_eq!(metrics[2]["Regex"], "importance:x_1=([0-9.eE+-]+)");
    assert_eq!(
        (&plain["HyperParameters"]["weight"], &model["PrimaryContainer"]["Environment"]),
        (&Value::Null, &json!({}))
    );
    let many: Vec<String> = (0..40).map(|column| format!("c{column}")).collect();
    let (wide, _) = of("", &format!("[{}]", many.join(", ")));
    let metrics = wide["AlgorithmSpecification"]["MetricDefinitions"].as_array();
    assert_eq!(metrics.map(Vec::len), Some(1), "all or none");
    let feedback = ", feedback: {selected_by: shown, treat: reweigh, exploration: 0.05}";
    let (weighed, model) = of(feedback, "[x]");
    assert_eq!(weighed["HyperParameters"]["weight"], "$weight");
    assert_eq!(model["PrimaryContainer"]["Environment"], json!({ "PAWL_EXPLORATION": "0.05" }));
}

#[test]
fn words_of_others_are_made_fit_for_the_registry() {
    assert_eq!(on_one_line("500:\n\tno such\u{7} column\n"), "500: no such column");
    assert_eq!(on_one_line(&"é".repeat(2_000)).chars().count(), 1_000);
    assert_eq!(property("Jane O'Brien (ops), j@x.org"), "Jane O Brien  ops   j@x.org");
    assert_eq!(property(&"x".repeat(300)).len(), 256);
}

#[test]
fn a_stack_has_a_vpc_whole_or_not_at_all() {
    let roles = Platform::with_one_role("arn").roles;
    let some = || vec!["a".to_owned()];
    let platform = |subnets, groups| Platform::new("pawl", roles.clone(), None, subnets, groups);
    assert_eq!(platform(vec![], vec![]).expect("no VPC").vpc, None);
    assert_eq!(platform(some(), some()).expect("a VPC").vpc.expect("whole").subnets, ["a"]);
    for fault in [platform(some(), vec![]), platform(vec![], some())] {
        assert!(matches!(fault, Err(Fault::BadConfig(_))));
    }
}
