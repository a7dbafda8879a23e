"""Every request is held against its service's model and documentation: what AWS would refuse is refused, in words of the
service's protocol, and nothing that either says is left out in silence."""
import html
import json
import re
import urllib.error
import urllib.request

import boto3
import pytest
import yaml
from botocore.config import Config
from botocore.exceptions import ClientError
from conftest import ROLE
from examples import EXAMPLES

from standin.models import answers, documented, patterns, services, unsupported_places

LISTS = ("documented.yaml", "unsupported.yaml")
ENTRIES = {entry.name: entry for file in LISTS for entry in documented.entries(file)}
TOPIC, QUEUE = "arn:aws:sns:us-east-1:000000000000:notices", "http://127.0.0.1/000000000000/notices"
MACHINE = "arn:aws:states:us-east-1:000000000000:stateMachine:pipeline"
ALARM = {"AlarmName": "a", "Namespace": "Fixture", "MetricName": "Errors", "Statistic": "Sum", "Period": 60,
         "EvaluationPeriods": 1, "Threshold": 1.0, "ComparisonOperator": "GreaterThanThreshold"}
SCHEDULE = {"Name": "s", "ScheduleExpression": "rate(1 minute)", "FlexibleTimeWindow": {"Mode": "OFF"},
            "Target": {"Arn": MACHINE, "RoleArn": "arn:aws:iam::000000000000:role/scheduler"}}
SCALED = {"ServiceNamespace": "sagemaker", "ResourceId": "endpoint/a/variant/b",
          "ScalableDimension": "sagemaker:variant:DesiredInstanceCount", "MinCapacity": 1, "MaxCapacity": 2}


def without(params, name):
    return {key: value for key, value in params.items() if key != name}


# Service, call, parameters, the code and a part of the message of the refusal. The SDK's own checks are off.
REFUSED = [
    # JSON
    ("sagemaker", "update_model_package", {"ModelPackageArn": "arn:aws:sagemaker:us-east-1:000000000000:model-package/a/1",
                                           "ModelApprovalStatus": "Maybe"}, "ValidationException", "enum value set"),
    ("sagemaker", "describe_endpoint", {}, "ValidationException", "Missing required parameter"),
    ("sagemaker", "describe_endpoint", {"EndpointName": "x" * 64}, "ValidationException", "less than or equal to 63"),
    ("sagemaker", "describe_endpoint", {"EndpointName": "a_b"}, "ValidationException", "regular expression pattern"),
    ("sagemaker", "list_models", {"MaxResults": 101}, "ValidationException", "value less than or equal to 100"),
    ("sagemaker", "update_endpoint", {"EndpointName": "a", "EndpointConfigName": "b", "RetainAllVariantProperties": True,
                                      "ExcludeRetainedVariantProperties": [{"VariantPropertyType": "DataCaptureConfig"}]},
     "ValidationException", "not currently supported"),
    ("stepfunctions", "start_execution", {"input": "{}"}, "ValidationException", "stateMachineArn"),
    ("stepfunctions", "start_execution", {"stateMachineArn": MACHINE, "name": "x" * 81}, "ValidationException", "equal to 80"),
    ("stepfunctions", "start_execution", {"stateMachineArn": MACHINE, "name": "a b"}, "InvalidName", "not allowed"),
    ("stepfunctions", "list_executions", {"stateMachineArn": MACHINE, "statusFilter": "ASLEEP"}, "ValidationException", "enum"),
    ("sqs", "send_message", {"QueueUrl": QUEUE}, "InvalidParameterValue", "MessageBody"),
    ("sqs", "send_message", {"QueueUrl": QUEUE, "MessageBody": "\x07"}, "InvalidMessageContents", "allowed set"),
    ("events", "put_events", {"Entries": []}, "ValidationException", "valid min length: 1"),
    ("application-autoscaling", "register_scalable_target", SCALED | {"ServiceNamespace": "nobody"}, "ValidationException",
     "enum value set"),
    ("application-autoscaling", "register_scalable_target", SCALED | {"ResourceId": "\x00"}, "ValidationException", "pattern"),
    # Query
    ("sns", "publish", {"TopicArn": TOPIC}, "InvalidParameter", "Missing required parameter"),
    ("sns", "publish", {"TopicArn": TOPIC, "Message": "m", "Subject": "x" * 100}, "InvalidParameter", "shorter than 100"),
    ("sns", "publish", {"TopicArn": TOPIC, "Message": "m", "Subject": "two\nlines"}, "InvalidParameter", "line breaks"),
    ("sns", "publish", {"Message": "m"}, "InvalidParameter", "exactly one"),
    ("sns", "create_sms_sandbox_phone_number", {"PhoneNumber": "+15550100", "LanguageCode": "xx"}, "InvalidParameter", "enum"),
    ("sns", "create_sms_sandbox_phone_number", {"PhoneNumber": "1" * 21}, "InvalidParameter", "less than or equal to 20"),
    ("sns", "create_sms_sandbox_phone_number", {"PhoneNumber": "five"}, "InvalidParameter", "pattern"),
    ("sns", "list_origination_numbers", {"MaxResults": 31}, "InvalidParameter", "value less than or equal to 30"),
    # REST with XML
    ("s3", "put_object", {"Bucket": "data", "Key": "k", "StorageClass": "LUKEWARM"}, "InvalidArgument", "enum value set"),
    ("s3", "put_bucket_versioning", {"Bucket": "data", "VersioningConfiguration": {"Status": "Maybe"}}, "InvalidArgument", "enum"),
    ("s3", "delete_objects", {"Bucket": "data", "Delete": {"Quiet": True}}, "InvalidArgument", "Objects"),
    ("s3", "put_object", {"Bucket": "data", "Key": "k" * 1025}, "KeyTooLongError", "too long"),
    ("s3", "list_objects_v2", {"Bucket": "Data_"}, "InvalidBucketName", "not valid"),
    ("s3", "upload_part", {"Bucket": "data", "Key": "k", "UploadId": "u", "PartNumber": 0}, "InvalidArgument", "between 1 and"),
    ("s3", "list_objects_v2", {"Bucket": "data", "MaxKeys": "many"}, "InvalidArgument", "MaxKeys"),
    ("s3", "put_object", {"Bucket": "data", "Key": "k", "Tagging": "&".join(f"t{n}=v" for n in range(11))}, "BadRequest", "10"),
    # CBOR
    ("cloudwatch", "put_metric_alarm", ALARM | {"ComparisonOperator": "Like"}, "ValidationError", "enum value set"),
    ("cloudwatch", "put_metric_alarm", without(ALARM, "EvaluationPeriods") | {"AlarmName": ""}, "ValidationError", "AlarmName"),
    ("cloudwatch", "put_metric_alarm", without(ALARM, "AlarmName"), "ValidationError", "Missing required parameter"),
    ("cloudwatch", "put_metric_alarm", ALARM | {"AlarmName": "x" * 256}, "ValidationError", "less than or equal to 255"),
    ("cloudwatch", "put_metric_alarm", ALARM | {"Namespace": ":x"}, "ValidationError", "pattern"),
    ("cloudwatch", "put_metric_alarm", ALARM | {"EvaluationPeriods": 0}, "ValidationError", "EvaluationPeriods"),
    ("cloudwatch", "put_metric_alarm", ALARM | {"Namespace": "AWS/SageMaker", "Period": 10}, "ValidationError", "sub-minute"),
    ("cloudwatch", "put_metric_data", {"Namespace": "Fixture", "MetricData": [{"MetricName": "a", "Value": float("nan")}]},
     "InvalidParameterValue", "NaN"),
    # REST with JSON
    ("lambda", "invoke", {"FunctionName": "echo", "InvocationType": "Sometimes"}, "ValidationException", "enum value set"),
    ("lambda", "invoke", {"FunctionName": "x" * 257}, "ValidationException", "less than or equal to 256"),
    ("lambda", "invoke", {"FunctionName": "a b"}, "ValidationException", "pattern"),
    ("lambda", "invoke", {"FunctionName": "echo", "Payload": b" " * 6291457}, "RequestTooLargeException", "6 MB"),
    ("scheduler", "create_schedule", without(SCHEDULE, "Target"), "ValidationException", "Target"),
    ("scheduler", "create_schedule", SCHEDULE | {"FlexibleTimeWindow": {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 1441}},
     "ValidationException", "less than or equal to 1440"),
    ("sagemaker-runtime", "invoke_endpoint", {"EndpointName": "a", "Body": b"", "CustomAttributes": "x" * 1025}, "ValidationError",
     "less than or equal to 1024"),
    ("sagemaker-runtime", "invoke_endpoint", {"EndpointName": "a_b", "Body": b""}, "ValidationError", "pattern"),
]


@pytest.fixture(scope="module")
def unchecked(aws):
    """Clients that send whatever they are given."""
    made = {}

    def client(service):
        if service not in made:
            config = Config(parameter_validation=False, retries={"max_attempts": 0}, proxies={}, s3={"addressing_style": "path"})
            made[service] = boto3.session.Session().client(
                service, endpoint_url=aws.endpoint_url, region_name="us-east-1", aws_access_key_id="test",
                aws_secret_access_key="test", config=config)
        return made[service]
    return client


@pytest.mark.parametrize("service, call, params, code, said", REFUSED, ids=lambda value: value if isinstance(value, str) else "")
def test_a_request_that_does_not_fit(aws, unchecked, service, call, params, code, said):
    with pytest.raises(ClientError) as refused:
        getattr(unchecked(service), call)(**params)
    error = refused.value.response["Error"]
    assert (error["Code"], said in error["Message"]) == (code, True), error
    last = aws.refused()[-1]
    assert (last["caller"], last["service"], last["message"]) == ("", service, error["Message"])


def test_every_protocol_has_each_kind():
    services_of = {"json": {"sagemaker", "stepfunctions", "sqs", "events", "application-autoscaling"}, "query": {"sns"},
                   "rest-xml": {"s3"}, "cbor": {"cloudwatch"}, "rest-json": {"lambda", "scheduler", "sagemaker-runtime"}}
    for protocol, members in services_of.items():
        said = [said for service, _, _, _, said in REFUSED if service in members]
        assert len(said) >= 7, protocol
        assert any("enum" in one for one in said), protocol
        assert any("equal to" in one or "too long" in one for one in said), protocol


def raw(aws, path, body=b"", method="POST", **headers):
    """The refusal of a request as it is."""
    request = urllib.request.Request(aws.endpoint_url + path, data=body or None, method=method, headers=headers)
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request)
    return refused.value.code, refused.value.read().decode()


def signed(service):
    return {"Authorization": f"AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/{service}/aws4_request"}


def test_a_misspelt_parameter_of_a_query(aws):
    status, said = raw(aws, "/data?list-type=2&prefxi=a", method="GET", **signed("s3"))
    assert (status, "prefxi" in said) == (400, True), said
    status, said = raw(aws, "/", f"Action=Publish&Version=2010-03-31&TopicArn={TOPIC}&Mesage=m".encode(),
                       **signed("sns"), **{"Content-Type": "application/x-www-form-urlencoded"})
    assert (status, "Mesage" in said) == (400, True), said


def test_cloudwatch_by_query(aws):
    form = "Action=PutMetricAlarm&Version=2010-08-01&AlarmName=a&EvaluationPeriods=1&ComparisonOperator=Like"
    status, said = raw(aws, "/", form.encode(), **signed("monitoring"),
                       **{"Content-Type": "application/x-www-form-urlencoded"})
    assert (status, "enum value set" in said, "<Code>ValidationError</Code>" in said) == (400, True, True), said


def test_what_cannot_be_read(aws):
    status, said = raw(aws, "/", b"[1", **signed("states"), **{
        "X-Amz-Target": "AWSStepFunctions.StartExecution", "Content-Type": "application/x-amz-json-1.0"})
    assert (status, json.loads(said)["__type"]) == (400, "SerializationException")
    status, said = raw(aws, "/data?versioning", b"<a", method="PUT", **signed("s3"))
    assert (status, "MalformedXML" in said) == (400, True)


def test_a_function_reaches_no_service_without_a_model(aws):
    status, said = raw(aws, "/", b"{}", **signed("ssm"), **{
        "X-Amz-Target": "AmazonSSM.GetParameter", "Content-Type": "application/x-amz-json-1.1", "X-Amz-Security-Token": "echo/1"})
    assert (status, "no model to hold ssm against" in said) == (400, True)


def test_a_state_machine_meets_the_models_too(aws):
    sfn = aws.client("stepfunctions")
    definition = {"QueryLanguage": "JSONata", "StartAt": "Tell", "States": {"Tell": {
        "Type": "Task", "Resource": "arn:aws:states:::sns:publish", "End": True,
        "Arguments": {"TopicArn": TOPIC, "Message": "m", "Subject": "{% $pad('', 100, 'x') %}"}}}}
    machine = sfn.create_state_machine(name="told", definition=json.dumps(definition),
                                       roleArn=ROLE)["stateMachineArn"]
    started = sfn.start_execution(stateMachineArn=machine)["executionArn"]
    described = aws.wait_until(lambda: (found := sfn.describe_execution(executionArn=started))["status"] != "RUNNING" and found)
    assert (described["status"], "shorter than 100" in described["cause"]) == ("FAILED", True), described


# The lists

def shape_at(entry):
    """The shapes that an entry's path leads to: one for each operation, or each that has it where the operation is `*`."""
    model = services.model(entry.service)
    for operation in model.operation_names if entry.operation == "*" else [entry.operation]:
        shape, seen = model.operation_model(operation).input_shape, []
        for step in filter(None, entry.path.split(".")):
            name = re.split(r"[\[{]", step)[0]
            if shape is None or shape.type_name != "structure" or name not in shape.members:
                shape = None
                break
            shape = shape.members[name]
            seen.append(shape)
            shape = (shape.member if step.endswith("[]") else shape.key if step.endswith("{key}")
                     else shape.value if step.endswith("{}") else shape)
            seen.append(shape)
        if shape is not None:
            yield seen or [shape]


def plain(documentation):
    text = html.unescape(re.sub(r"<[^>]+>", "", documentation))
    return re.sub(r"\s+", " ", text).replace("’", "'").replace(" :", ":")


@pytest.mark.parametrize("name", ENTRIES)
def test_an_entry_names_what_there_is(name):
    entry = ENTRIES[name]
    shapes = list(shape_at(entry))
    assert shapes, f"no {entry.at} in the model"
    assert entry.source.startswith("https://docs.aws.amazon.com/")
    if entry.words:
        told = " ".join(plain(shape.documentation) for found in shapes for shape in found)
        assert plain(entry.words) in told, told[:2000]


@pytest.mark.parametrize("name", ENTRIES)
def test_an_entry_refuses(name):
    entry = ENTRIES[name]
    assert name in EXAMPLES, f"tests/local/tests/examples.py has no request that {name} refuses"
    operation, bad, good = EXAMPLES[name]
    with pytest.raises(answers.Refusal) as refused:
        documented.check(entry.service, operation, bad)
    assert f"({name}," in refused.value.message
    documented.check(entry.service, operation, good)


def test_examples_are_of_entries():
    assert set(EXAMPLES) == set(ENTRIES)


def test_no_pattern_is_left_out_in_silence():
    unreadable = {}
    for service in services.ALL:
        model = services.model(service)
        for name in model.shape_names:
            pattern = model.shape_for(name).metadata.get("pattern")
            try:
                if pattern:
                    patterns.compiled(pattern)
            except patterns.Unreadable as error:
                unreadable[f"{service}.{name}"] = str(error)
    listed = yaml.safe_load((documented._FOLDER / "unreadable.yaml").read_text())
    assert unreadable == {entry["shape"]: entry["reason"] for entry in listed}


@pytest.mark.parametrize("pattern, fits, fits_not", [
    (r"[\p{L}\p{Z}\p{N}_.:/=+\-]*", ["Größe 1", ""], ["a;b"]),
    (r"\p{ASCII}*", ["a\x07"], ["ä"]),
    (r"\A\S[\p{Print}]*\z", ["a b"], [" a", "a\n", "aä"]),
    (r"[\u0020-\uD7FF\uE000-\uFFFD\uD800\uDC00-\uDBFF\uDFFF\r\n\t]*", ["a\U0001F600\n"], ["\x00"]),
    (r"[\w-_]*", ["a-b_1"], ["ä", "a b"]),
    (r"[\S\s]*", ["a\n"], []),
    (r"\d{2}", ["12"], ["١٢", "1"]),
])
def test_javas_patterns_mean_what_java_means(pattern, fits, fits_not):
    compiled = patterns.compiled(pattern)
    assert [compiled.fullmatch(text) is not None for text in fits + fits_not] == [True] * len(fits) + [False] * len(fits_not)


def test_what_the_models_call_unsupported_is_in_the_list_or_passed_over_with_a_reason():
    passed = yaml.safe_load((documented._FOLDER / "passed_over.yaml").read_text())
    patterns_of = {entry["at"]: re.compile(".*".join(map(re.escape, entry["at"].split("*")))) for entry in passed}
    refused, used, left = {entry.at for entry in ENTRIES.values()}, set(), {}
    for place, words in unsupported_places.found().items():
        fitting = {at for at, pattern in patterns_of.items() if pattern.fullmatch(place)}
        used |= fitting
        if place not in refused and f"{place}[]" not in refused and not fitting:
            left[place] = words
    assert left == {}
    assert set(patterns_of) == used, "passed over, and not in the models"
    assert all(entry["because"] for entry in passed)


def test_an_entry_can_be_waived(aws):
    cloudwatch = aws.client("cloudwatch")
    quick = ALARM | {"AlarmName": "quick", "Namespace": "AWS/SageMaker", "Period": 10}
    aws.switch(waived="alarm-period-of-endpoints")
    try:
        cloudwatch.put_metric_alarm(**quick)
    finally:
        aws.switch(waived="")
    with pytest.raises(ClientError, match="sub-minute"):
        cloudwatch.put_metric_alarm(**quick)
    with pytest.raises(ValueError, match="no entry nobody"):
        aws.switch(waived="nobody")
    aws.switch(waived="")
