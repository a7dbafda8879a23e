#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr)]

use std::path::Path;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn one(value: &Value) -> Signal {
    let signals = decode(value).unwrap();
    let [signal] = signals.as_slice() else { panic!("{signals:?}") };
    signal.clone()
}

/// A record as SNS hands it to a function.
fn by_sns(message: &Value) -> Value {
    json!({"Records": [{"EventSource": "aws:sns", "EventVersion": "1.0",
        "EventSubscriptionArn": "arn:subscription", "Sns": notification(message)}]})
}

/// A message as SNS writes it.
fn notification(message: &Value) -> Value {
    json!({"Type": "Notification", "MessageId": "1", "TopicArn": "arn:topic", "Subject": null,
        "Timestamp": "2026-11-20T08:00:00.000Z", "SignatureVersion": "1", "Signature": "x",
        "SigningCertURL": "https://x", "UnsubscribeURL": "https://x", "Message": message.to_string()})
}

fn by_sqs(body: &Value) -> Value {
    json!({"Records": [{"eventSource": "aws:sqs", "body": body.to_string()}]})
}

fn alarm(value: &Value) -> AlarmChange {
    let Signal::Alarm(alarm) = one(value) else { panic!() };
    alarm
}

fn s3_record(key: &str) -> Value {
    json!({"eventSource": "aws:s3", "eventName": "ObjectCreated:Put", "eventTime": "2026-11-20T08:00:00.000Z",
        "userIdentity": {"principalId": "AIDA"}, "requestParameters": {"sourceIPAddress": "192.0.2.1"},
        "s3": {"bucket": {"name": "data"}, "object": {"key": key, "size": 3, "eTag": "e-2",
            "versionId": "v1", "sequencer": "A"}}})
}

#[test]
fn s3_keys_are_decoded_from_lambda_and_raw_from_event_bridge() {
    let lambda = json!({"Records": [s3_record("bike/a+b%2Bc%C3%BC.csv")]});
    let bridge = json!({"version": "0", "source": "aws.s3", "detail-type": "Object Created",
        "time": "2026-11-20T08:00:00Z",
        "detail": {"bucket": {"name": "data"}, "object": {"key": "bike/a b+cü.csv", "size": 3, "etag": "e-2",
        "version-id": "v1", "sequencer": "A"}}});
    let (lambda, bridge) = (one(&lambda), one(&bridge));
    assert_eq!(lambda, bridge);
    assert_eq!(lambda.dedupe_key().as_str(), "s3:data/bike/a b+cü.csv@v1");
    assert_eq!(lambda.at().unwrap().to_string(), "2026-11-20T08:00:00Z");
}

#[test]
fn several_records_and_nested_envelopes_are_opened() {
    let records = json!({"Records": [s3_record("a"), s3_record("b")]});
    assert_eq!(decode(&records).unwrap().len(), 2);
    for wrapped in [by_sns(&records), by_sqs(&by_sns(&records)), by_sqs(&notification(&records))] {
        assert_eq!(decode(&wrapped).unwrap().len(), 2, "{wrapped}");
    }
    let mut deep = records;
    for _ in 0..6 {
        deep = by_sqs(&deep);
    }
    assert_eq!(decode(&deep), Err(DecodeError::TooDeep(4)));
}

#[test]
fn test_events_and_tags_say_nothing() {
    for value in [
        json!({"Service": "Amazon S3", "Event": "s3:TestEvent", "Time": "2026-11-20T08:00:00Z",
            "Bucket": "data"}),
        json!({"Records": [{"eventSource": "aws:s3", "eventName": "ObjectTagging:Put", "s3": {}}]}),
    ] {
        assert_eq!(decode(&value).unwrap(), []);
    }
}

#[test]
fn three_copies_of_one_alarm_share_their_key() {
    let state = json!({"value": "ALARM", "reason": "crossed", "timestamp": "2026-11-20T08:00:00.123+0000",
        "reasonData": "{\"startDate\":\"2026-11-20T07:57:00.000+0000\",\"period\":60,\"recentDatapoints\":[1.0,1.0,1.0]}"});
    let before = json!({"value": "OK", "reason": "fine", "timestamp": "2026-11-20T07:00:00.123+0000"});
    let metric = |dimensions: Value| {
        json!({"id": "m1", "returnData": true, "metricStat": {"period": 86400, "stat": "Average",
        "metric": {"namespace": "AWS/SageMaker", "name": "Invocation5XXErrors", "dimensions": dimensions}}})
    };
    let dimensions =
        json!({"EndpointName": "bike", "VariantName": "AllTraffic", "EndpointConfigName": "bike-7"});
    let configuration = json!({"metrics": [metric(dimensions)]});
    let arn = "arn:aws:cloudwatch:eu-west-1:1:alarm:pawl-bike-7-errors";
    let bridge = alarm(&json!({"source": "aws.cloudwatch", "detail-type": "CloudWatch Alarm State Change",
        "time": "2026-11-20T08:00:00Z", "resources": [arn],
        "detail": {"alarmName": "pawl-bike-7-errors", "state": state, "previousState": before,
            "configuration": configuration}}));
    let action = alarm(&json!({"source": "aws.cloudwatch", "alarmArn": arn, "accountId": "1",
            "time": "2026-11-20T08:00:00.123+0000",
        "alarmData": {"alarmName": "pawl-bike-7-errors", "state": state, "previousState": before,
            "configuration": configuration}}));
    let message = json!({"AlarmName": "pawl-bike-7-errors", "AlarmArn": arn, "NewStateValue": "ALARM",
        "OldStateValue": "OK",
        "NewStateReason": "crossed", "StateChangeTime": "2026-11-20T08:00:00.123+0000",
            "Trigger": {"MetricName": "Invocation5XXErrors",
        "Dimensions": [{"name": "EndpointName", "value": "bike"}, {"name": "EndpointConfigName",
            "value": "bike-7"}]}});
    let sns = alarm(&by_sns(&message));
    assert_eq!(bridge, action);
    assert_eq!(AlarmChange { datapoints: bridge.datapoints, ..sns.clone() }, bridge);
    for copy in [bridge, action, sns] {
        assert_eq!(
            Signal::Alarm(copy.clone()).dedupe_key().as_str(),
            format!("alarm:{arn}@2026-11-20T08:00:00.123Z")
        );
        assert_eq!((copy.endpoint.as_deref(), copy.config.as_deref()), (Some("bike"), Some("bike-7")));
        assert_eq!(copy.shape, AlarmShape::Metric);
        if let Some(data) = copy.datapoints {
            assert_eq!(data.until.unwrap().to_string(), "2026-11-20T08:00:00Z");
        }
    }
}

#[test]
fn math_anomaly_and_composite_alarms_by_sns() {
    let message = |extra: Value| {
        let mut message = json!({"AlarmName": "a", "AlarmArn": "arn:aws:cloudwatch:r:1:alarm:a",
            "NewStateValue": "ALARM",
            "StateChangeTime": "2026-11-20T08:00:00.000+0000"});
        message.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        alarm(&by_sns(&message))
    };
    let stat = |config: &str| {
        json!({"Id": config, "MetricStat": {"Metric": {"MetricName": "ModelLatency",
        "Dimensions": [{"name": "EndpointConfigName", "value": config}]}, "Period": 60, "Stat": "p99"}})
    };
    let math =
        message(json!({"Trigger": {"Metrics": [{"Id": "e", "Expression": "a / b"}, stat("x"), stat("x")]}}));
    assert_eq!((math.shape, math.config.as_deref()), (AlarmShape::Math, Some("x")));
    // An alarm over two configs belongs to neither.
    let both =
        message(json!({"Trigger": {"Metrics": [{"Id": "e", "Expression": "a / b"}, stat("x"), stat("y")]}}));
    assert_eq!(both.config, None);
    let anomaly =
        message(json!({"Trigger": {"Metrics": [{"Id": "b", "Expression": "ANOMALY_DETECTION_BAND(m1, 2)"},
            stat("x")]}}));
    assert_eq!(anomaly.shape, AlarmShape::Anomaly);
    let composite = message(
        json!({"AlarmRule": "ALARM(b)", "TriggeringChildren": [{"Arn": "arn:aws:cloudwatch:r:1:alarm:b"}]}),
    );
    assert_eq!((composite.shape, composite.triggered_by), (AlarmShape::Composite, vec!["b".to_owned()]));
}

#[test]
fn people_schedules_executions_and_pushes() {
    let operator =
        json!({"operator": {"verb": "rollback", "who": "ada", "why": "slow", "at": "2026-11-20T08:00:00Z"}});
    let Signal::Operator(act) = one(&operator) else { panic!() };
    assert_eq!((act.verb, act.who.as_str()), (Verb::Rollback, "ada"));
    let bus = json!({"source": "custom.pawl", "detail-type": "Operator", "time": "2026-11-20T08:00:00Z",
        "detail": operator});
    assert_eq!(one(&bus).dedupe_key(), one(&operator).dedupe_key());

    let event = |source: &str, kind: &str, detail: Value| {
        json!({"source": source, "detail-type": kind,
        "time": "2026-11-20T08:00:00Z", "resources": ["arn:rule"], "detail": detail})
    };
    let schedule = one(&event("aws.events", "Scheduled Event", json!({"model": "bike"})));
    assert!(matches!(&schedule, Signal::Schedule(s) if s.model.as_deref() == Some("bike")));
    let failed = one(&event(
        "aws.states",
        "Step Functions Execution Status Change",
        json!({"status": "FAILED",
        "executionArn": "arn:aws:states:r:1:execution:retraining:bike-7",
            "stateMachineArn": "arn:aws:states:r:1:stateMachine:retraining",
        "name": "bike-7", "startDate": 1_763_625_600_000_u64, "stopDate": null}),
    ));
    assert!(matches!(&failed, Signal::Execution(e) if e.name == "bike-7" && e.status == "FAILED"));
    let pushes = [
        (
            "aws.codecommit",
            json!({"repositoryName": "r", "commitId": "c", "event": "referenceUpdated",
                "referenceType": "branch"}),
        ),
        ("aws.codepipeline", json!({"pipeline": "r", "execution-id": "c", "state": "SUCCEEDED"})),
        (
            "aws.ecr",
            json!({"repository-name": "r", "image-digest": "c", "action-type": "PUSH", "result": "SUCCESS"}),
        ),
        ("custom.pawl", json!({"repository": "r", "revision": "c", "model": "bike"})),
    ];
    for (source, detail) in pushes {
        assert_eq!(one(&event(source, "Push", detail)).dedupe_key().as_str(), "code:r@c", "{source}");
    }
    let quiet =
        event("aws.codepipeline", "x", json!({"pipeline": "r", "execution-id": "c", "state": "FAILED"}));
    assert_eq!(decode(&quiet).unwrap(), []);
}

#[test]
fn what_is_no_event_is_an_error_that_says_so() {
    for value in [
        json!({}),
        json!([]),
        json!(7),
        json!({"a": 1}),
        json!({"Records": [{"eventSource": "aws:kinesis"}]}),
    ] {
        assert!(matches!(decode(&value), Err(DecodeError::Unknown { .. })), "{value}");
    }
    let missing = json!({"operator": {"verb": "rollback", "who": "ada"}});
    let error = decode(&missing).unwrap_err();
    assert_eq!(error.to_string(), "operator request: field why is missing or empty");
    let wrong = json!({"operator": {"verb": "explode", "who": "ada", "why": "x"}});
    assert!(matches!(decode(&wrong), Err(DecodeError::Invalid { .. })));
    let mut record = s3_record("a%FF");
    assert!(matches!(decode(&json!({"Records": [record]})), Err(DecodeError::Invalid { .. })));
    record = s3_record("a");
    record["s3"]["object"] = json!({"key": "a"});
    assert!(matches!(decode(&json!({"Records": [record]})), Err(DecodeError::Missing { .. })));
}

/// Where our own reading stands above AWS's types. What no longer fails here needs it no longer.
#[test]
fn real_events_are_looser_than_their_types() {
    use aws_lambda_events::cloudwatch_alarms::{
        CloudWatchAlarmState, CloudWatchAlarmStateValue, CloudWatchCompositeAlarmConfiguration,
        CloudWatchMetricAlarmConfiguration,
    };
    use aws_lambda_events::eventbridge::EventBridgeEvent;
    use aws_lambda_events::sns::CloudWatchAlarmPayload;

    // SageMaker's documented endpoint event has milliseconds in a text.
    let event = json!({"version": "0", "source": "aws.sagemaker",
        "detail-type": "SageMaker Endpoint State Change",
        "time": "1583831889050", "resources": [], "detail": {"EndpointName": "bike",
            "EndpointArn": "arn:bike",
        "EndpointStatus": "IN_SERVICE", "LastModifiedTime": 1_592_411_994_287.0}});
    assert!(serde_json::from_value::<EventBridgeEvent>(event.clone()).is_err());
    assert!(matches!(one(&event), Signal::Endpoint(e) if e.status == EndpointStatus::InService));
    // And its documented event of a model package a list of sources.
    let event = json!({"source": ["aws.sagemaker"], "detail-type": "SageMaker Model Package State Change",
        "time": "2021-02-24T17:00:14Z", "resources": [], "detail": {"ModelPackageArn": "arn:p"}});
    assert!(serde_json::from_value::<EventBridgeEvent>(event.clone()).is_err());
    assert!(matches!(one(&event), Signal::Package(p) if p.approval == PackageApproval::Pending));

    let math = json!({"metrics": [{"id": "e", "expression": "a / b", "returnData": true}]});
    let daily = json!({"metrics": [{"id": "m", "returnData": true, "metricStat": {"period": 86_400,
        "stat": "Average", "metric": {"name": "DriftedShare", "namespace": "Pawl", "dimensions": {}}}}]});
    for configuration in [&math, &daily] {
        assert!(serde_json::from_value::<CloudWatchMetricAlarmConfiguration>(configuration.clone()).is_err());
    }
    let composite = json!({"alarmRule": "ALARM(b)"});
    assert!(serde_json::from_value::<CloudWatchCompositeAlarmConfiguration>(composite.clone()).is_err());
    let state = json!({"value": "ALARM", "reason": "crossed", "timestamp": "2026-11-20T08:00:00.123+0000"});
    let action = |state: &Value, configuration: &Value| {
        json!({"alarmArn": "arn:aws:cloudwatch:r:1:alarm:a", "time": "2026-11-20T08:00:00.123+0000",
            "alarmData": {"alarmName": "a", "state": state, "configuration": configuration}})
    };
    for (configuration, shape) in
        [(&math, AlarmShape::Math), (&daily, AlarmShape::Metric), (&composite, AlarmShape::Composite)]
    {
        assert_eq!(alarm(&action(&state, configuration)).shape, shape);
    }

    // A state before without its reason.
    let silent = json!({"value": "OK", "timestamp": "2026-11-20T08:00:00.123+0000"});
    assert!(serde_json::from_value::<CloudWatchAlarmState>(silent.clone()).is_err());
    let mut known = action(&state, &daily);
    known["alarmData"]["previousState"] = silent;
    assert_eq!(alarm(&known).previous, Some(AlarmState::Ok));

    // Here the type is the looser one: it makes up health.
    let silent = json!({"reason": "crossed", "timestamp": "2026-11-20T08:00:00.123+0000"});
    let read: CloudWatchAlarmState = serde_json::from_value(silent.clone()).unwrap();
    assert_eq!(read.value, CloudWatchAlarmStateValue::Ok);
    assert!(matches!(decode(&action(&silent, &daily)), Err(DecodeError::Missing { .. })));

    let message = json!({"AlarmName": "a", "AlarmDescription": null, "AWSAccountId": "1",
        "NewStateValue": "ALARM",
        "NewStateReason": "crossed", "StateChangeTime": "2026-11-20T08:00:00.000+0000",
            "Region": "EU (Ireland)",
        "AlarmArn": "arn:aws:cloudwatch:r:1:alarm:a", "OldStateValue": "OK", "AlarmRule": "ALARM(b)"});
    assert!(serde_json::from_value::<CloudWatchAlarmPayload>(message.clone()).is_err());
    assert_eq!(alarm(&by_sns(&message)).shape, AlarmShape::Composite);
}

/// What AWS documents, as collected beside the project.
#[test]
fn the_documented_samples_are_read() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/fixtures/events");
    let Ok(files) = std::fs::read_dir(&folder) else {
        eprintln!("skipped: ../shared is absent");
        return;
    };
    let mut read = 0;
    for file in files {
        let path = file.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let event: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        let signals = decode(&event).unwrap_or_else(|e| panic!("{name}: {e}"));
        let [signal] = signals.as_slice() else { panic!("{name}") };
        match (name.as_str(), signal) {
            ("cw_state_change_for_a_composite_alarm_with_a_suppressor_alarm.json", Signal::Alarm(a)) => {
                assert_eq!((a.shape, a.suppression), (AlarmShape::Composite, Suppression::Suppressed));
                assert_eq!(a.triggered_by, ["ServerCpuTooHigh"]);
            }
            ("cw_state_change_for_a_metric_math_alarm.json", Signal::Alarm(a)) => {
                assert_eq!((a.shape, a.state), (AlarmShape::Math, AlarmState::Alarm));
                assert_eq!(a.datapoints.unwrap().from.to_string(), "2019-10-02T17:10:00Z");
            }
            ("cw_state_change_for_a_single_metric_alarm.json", Signal::Alarm(a)) => {
                assert_eq!(
                    (a.shape, a.at.to_string().as_str()),
                    (AlarmShape::Metric, "2019-10-02T17:04:40.989Z")
                );
            }
            (name, Signal::AlarmEdited { .. })
                if name.contains("creation") || name.contains("deletion") || name.contains("update") => {}
            ("sm_endpoint_state_change_0.json", Signal::Endpoint(e)) => {
                assert_eq!((e.status, e.endpoint.as_str()), (EndpointStatus::InService, "MyEndpoint"));
            }
            ("sm_endpoint_deployment_state_change_0.json", Signal::Endpoint(e)) => {
                assert_eq!(e.pending_config.as_deref(), Some("sample-endpoint-config-2"));
                assert_eq!(e.status, EndpointStatus::Updating);
            }
            ("sm_model_package_state_change_0.json", Signal::Package(p)) => {
                assert_eq!(p.approval, PackageApproval::Rejected);
            }
            (_, Signal::Job(_) | Signal::Execution(_)) if name.starts_with("sm_") => {}
            (name, signal) => panic!("{name}: {signal:?}"),
        }
        read += 1;
    }
    assert!(read >= 15, "only {read} samples");
}

proptest! {
    /// No payload, however broken, does anything but decode or fail with a reason.
    #[test]
    fn nothing_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200), text in "\\PC{0,40}") {
        if let Ok(value) = serde_json::from_slice(&bytes) {
            let _ = decode(&value);
        }
        let _ = decode(&json!({"Records": [s3_record(&text)]}));
        let _ = decode(&json!({"alarmArn": text, "time": text, "alarmData": {"alarmName": "a",
            "configuration": {},
            "state": {"value": "ALARM", "reason": text, "reasonData": text, "timestamp": text}}}));
    }
}
