"""Who may do what: everything acts in a role, and what the role's policies, or the resource's, do not allow is refused."""
import importlib.util
import json
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from botocore.exceptions import ClientError
from conftest import FIXTURES, IMAGE, ROLE, execution, finished, training_job

from standin import Standin
from standin.deploy import DeployError

ACCOUNT = "000000000000"
TRUST = ("sagemaker.amazonaws.com", "states.amazonaws.com", "scheduler.amazonaws.com", "events.amazonaws.com", "lambda.amazonaws.com")


@pytest.fixture(autouse=True)
def no_refusals_left(aws):
    yield
    aws.forget_refusals()


@pytest.fixture
def role(aws, request):
    """Makes a role with these statements: (action or actions, resource or resources, condition); its ARN."""
    iam, made = aws.client("iam"), []

    def make(*statements, trusts=TRUST, condition=None):
        name = f"r{time.monotonic_ns()}"
        trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": list(trusts)}}
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(
            {"Version": "2012-10-17", "Statement": [trust | ({"Condition": condition} if condition else {})]}))
        policy = [{"Effect": "Allow", "Action": action, "Resource": resource} | ({"Condition": more[0]} if more else {})
                  for action, resource, *more in statements]
        if policy:
            iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=json.dumps(
                {"Version": "2012-10-17", "Statement": policy}))
        made.append(name)
        return f"arn:aws:iam::{ACCOUNT}:role/{name}"
    return make


@pytest.fixture
def acting(aws, role):
    """Makes a client of a service that acts in a role with these statements."""
    return lambda service, *statements: aws.client(service, session=aws.session(role(*statements)))


def refused(call, **arguments):
    """The refusal of a call: (HTTP status, code, message)."""
    with pytest.raises(ClientError) as error:
        call(**arguments)
    answer = error.value.response
    return answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Code"], answer["Error"].get("Message", "")


def policy(**fields):
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"} | fields]})


# Each service refuses in its protocol.

def test_s3_refuses_by_action_and_by_resource(acting):
    s3 = acting("s3", ("s3:PutObject", "arn:aws:s3:::data/mine/*"))
    s3.put_object(Bucket="data", Key="mine/a", Body=b"1")
    status, code, said = refused(s3.put_object, Bucket="data", Key="yours/a", Body=b"1")
    assert (status, code) == (403, "AccessDenied")
    assert 'is not authorized to perform: s3:PutObject on resource: "arn:aws:s3:::data/yours/a" because no identity-based policy' in said
    assert refused(s3.get_object, Bucket="data", Key="mine/a")[:2] == (403, "AccessDenied")


@pytest.mark.parametrize("service, call, arguments, expected", [
    ("sagemaker", "describe_endpoint", {"EndpointName": "e"}, (400, "AccessDeniedException", "sagemaker:DescribeEndpoint", "endpoint/e")),
    ("sagemaker-runtime", "invoke_endpoint", {"EndpointName": "e", "Body": b""}, (403, "AccessDeniedException", "sagemaker:InvokeEndpoint", "endpoint/e")),
    ("application-autoscaling", "register_scalable_target", {
        "ServiceNamespace": "sagemaker", "ResourceId": "endpoint/e/variant/v", "MinCapacity": 1, "MaxCapacity": 2,
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount"},
     (400, "AccessDeniedException", "application-autoscaling:RegisterScalableTarget", "scalable-target/")),
    ("stepfunctions", "start_execution", {"stateMachineArn": f"arn:aws:states:us-east-1:{ACCOUNT}:stateMachine:pipeline"},
     (400, "AccessDeniedException", "states:StartExecution", "stateMachine:pipeline")),
    ("events", "put_events", {"Entries": [{"Source": "s", "DetailType": "d", "Detail": "{}"}]},
     (400, "AccessDeniedException", "events:PutEvents", "event-bus/default")),
    ("sns", "publish", {"TopicArn": f"arn:aws:sns:us-east-1:{ACCOUNT}:notices", "Message": "m"},
     (403, "AuthorizationError", "sns:Publish", ":notices")),
    ("sqs", "send_message", {"QueueUrl": f"http://127.0.0.1/{ACCOUNT}/notices", "MessageBody": "m"},
     (403, "AccessDenied", "sqs:SendMessage", ":notices")),
    ("cloudwatch", "put_metric_data", {"Namespace": "N", "MetricData": [{"MetricName": "m", "Value": 1}]},
     (400, "AccessDeniedException", "cloudwatch:PutMetricData", "*")),
    ("lambda", "invoke", {"FunctionName": "echo", "Payload": b"{}"}, (403, "AccessDeniedException", "lambda:InvokeFunction", "function:echo")),
    ("logs", "create_log_group", {"logGroupName": "g"}, (400, "AccessDeniedException", "logs:CreateLogGroup", "log-group:g")),
    ("dynamodb", "list_tables", {}, (400, "AccessDeniedException", "dynamodb:ListTables", "*")),
])
def test_a_role_without_rights_is_refused(aws, acting, service, call, arguments, expected):
    status, code, said = refused(getattr(acting(service), call), **arguments)
    assert (status, code) == expected[:2]
    assert f"is not authorized to perform: {expected[2]} on resource: " in said and expected[3] in said
    assert [(one["action"], expected[3] in one["resource"]) for one in aws.refusals()] == [(expected[2], True)]


def test_an_object_that_is_missing_is_told_to_those_who_may_list(acting):
    reader = acting("s3", ("s3:GetObject", "arn:aws:s3:::data/*"))
    status, code, said = refused(reader.get_object, Bucket="data", Key="nothing")
    assert (status, code) == (403, "AccessDenied") and "s3:ListBucket on resource" in said
    assert refused(reader.head_object, Bucket="data", Key="nothing")[0] == 403
    # A condition on the prefix is not met: a read has none.
    some = acting("s3", ("s3:GetObject", "arn:aws:s3:::data/*"),
                  ("s3:ListBucket", "arn:aws:s3:::data", {"StringLike": {"s3:prefix": "*"}}))
    assert refused(some.get_object, Bucket="data", Key="nothing")[0] == 403
    lister = acting("s3", ("s3:GetObject", "arn:aws:s3:::data/*"), ("s3:ListBucket", "arn:aws:s3:::data"))
    assert refused(lister.get_object, Bucket="data", Key="nothing")[:2] == (404, "NoSuchKey")


def test_a_copy_reads_its_source_and_a_version_has_an_action_of_its_own(acting):
    s3 = acting("s3", ("s3:PutObject", "arn:aws:s3:::data/mine/*"), ("s3:GetObject", "arn:aws:s3:::data/train/*"))
    s3.copy_object(Bucket="data", Key="mine/copy", CopySource="data/train/a.csv")
    assert "s3:GetObject on resource" in refused(s3.copy_object, Bucket="data", Key="mine/c", CopySource="data/holdout/rows.jsonl")[2]
    assert "s3:GetObjectVersion" in refused(s3.get_object, Bucket="data", Key="train/a.csv", VersionId="x")[2]
    keys = {"Objects": [{"Key": "mine/copy"}, {"Key": "train/a.csv"}]}
    deleter = acting("s3", ("s3:DeleteObject", "arn:aws:s3:::data/mine/*"))
    assert "train/a.csv" in refused(deleter.delete_objects, Bucket="data", Delete=keys)[2]


# Conditions, and policies of resources.

def test_a_condition_decides(acting):
    metrics = acting("cloudwatch", ("cloudwatch:PutMetricData", "*", {"StringEquals": {"cloudwatch:namespace": "Mine"}}))
    metrics.put_metric_data(Namespace="Mine", MetricData=[{"MetricName": "m", "Value": 1}])
    assert refused(metrics.put_metric_data, Namespace="Yours", MetricData=[{"MetricName": "m", "Value": 1}])[0] == 400
    lister = acting("s3", ("s3:ListBucket", "arn:aws:s3:::data", {"StringLike": {"s3:prefix": "mine/*"}}))
    lister.list_objects_v2(Bucket="data", Prefix="mine/a")
    assert refused(lister.list_objects_v2, Bucket="data")[0] == 403
    sender = acting("events", ("events:PutEvents", "*", {"StringEquals": {"events:source": "mine"}}))
    sender.put_events(Entries=[{"Source": "mine", "DetailType": "d", "Detail": "{}"}])
    two = [{"Source": source, "DetailType": "d", "Detail": "{}"} for source in ("mine", "yours")]
    assert refused(sender.put_events, Entries=two)[0] == 400


def test_a_user_id_in_a_resource_is_the_callers_own(aws, role):
    arn = role(("s3:PutObject", "arn:aws:s3:::data/of/${aws:userid}/*"))
    ids = {}
    for name in ("ada", "bob"):
        s3 = aws.client("s3", session=aws.session(arn, name))
        ids[name] = aws.client("sts", session=aws.session(arn, name)).get_caller_identity()["UserId"]
        s3.put_object(Bucket="data", Key=f"of/{ids[name]}/x", Body=b"")
        for other in (*(set(ids.values()) - {ids[name]}), "*", "${aws:userid}", ids[name].split(":")[0]):
            assert refused(s3.put_object, Bucket="data", Key=f"of/{other}/x", Body=b"")[0] == 403
    assert ids["ada"].split(":")[1] == "ada" and ids["ada"].startswith("AROA") and len(set(ids.values())) == 2


def test_a_tag_decides(aws, acting):
    for name, tags in (("tagged", [{"Key": "pawl", "Value": "yes"}]), ("plain", [])):
        aws.client("sagemaker").create_model_package_group(ModelPackageGroupName=f"{name}-by-test", Tags=tags)
    only = {"StringEquals": {"aws:ResourceTag/pawl": "yes"}}
    sagemaker = acting("sagemaker", ("sagemaker:DescribeModelPackageGroup", "*", only),
                       ("sagemaker:CreateModelPackageGroup", "*", {"StringEquals": {"aws:RequestTag/pawl": "yes"}}))
    sagemaker.describe_model_package_group(ModelPackageGroupName="tagged-by-test")
    assert refused(sagemaker.describe_model_package_group, ModelPackageGroupName="plain-by-test")[0] == 400
    # Tags of a new resource are added with the caller's rights.
    said = refused(sagemaker.create_model_package_group, ModelPackageGroupName="new-by-test", Tags=[{"Key": "pawl", "Value": "yes"}])[2]
    assert "sagemaker:AddTags" in said
    assert "CreateModelPackageGroup" in refused(sagemaker.create_model_package_group, ModelPackageGroupName="new-by-test")[2]


@pytest.fixture
def guarded(aws):
    """A bucket whose policy a test may set."""
    s3, name = aws.client("s3"), f"guarded-{time.monotonic_ns()}"
    s3.create_bucket(Bucket=name)

    def guard(**statement):
        s3.put_bucket_policy(Bucket=name, Policy=policy(**{"Principal": "*", "Effect": "Deny", "Action": "s3:PutObject",
                                                           "Resource": f"arn:aws:s3:::{name}/*"} | statement))
        return name
    return guard


def test_a_deny_of_the_bucket_beats_what_the_role_allows(aws, acting, guarded):
    bucket = guarded(Resource="arn:aws:s3:::guarded-*/ledger/*")
    s3 = acting("s3", ("s3:*", "*"))
    s3.put_object(Bucket=bucket, Key="runs/1", Body=b"")
    status, code, said = refused(s3.put_object, Bucket=bucket, Key="ledger/1", Body=b"")
    assert (status, code) == (403, "AccessDenied") and "with an explicit deny in a resource-based policy" in said


def test_a_bucket_knows_a_role_by_its_own_arn(aws, role, guarded):
    writer, other = role(("s3:PutObject", "*")), role(("s3:PutObject", "*"))
    bucket = guarded(Condition={"ArnNotEquals": {"aws:PrincipalArn": writer}})
    aws.client("s3", session=aws.session(writer)).put_object(Bucket=bucket, Key="a", Body=b"")
    assert refused(aws.client("s3", session=aws.session(other)).put_object, Bucket=bucket, Key="a", Body=b"")[0] == 403


def test_a_request_counts_as_encrypted_unless_it_says_otherwise(aws, acting, guarded):
    bucket = guarded(Condition={"Bool": {"aws:SecureTransport": "false"}})
    s3 = acting("s3", ("s3:PutObject", "*"))
    s3.put_object(Bucket=bucket, Key="a", Body=b"")
    s3.meta.events.register("before-send.s3.PutObject", lambda request, **_: request.headers.__setitem__("x-forwarded-proto", "http"))
    try:
        assert refused(s3.put_object, Bucket=bucket, Key="a", Body=b"")[0] == 403
    finally:
        s3.meta.events.unregister("before-send.s3.PutObject")


def test_an_unsigned_request_is_refused(aws):
    with pytest.raises(urllib.error.HTTPError) as error:
        urllib.request.build_opener(urllib.request.ProxyHandler({})).open(f"{aws.endpoint_url}/data/train/a.csv")
    assert error.value.code == 403


# Roles that are handed on.

JOBS = ("sagemaker:CreateTrainingJob", "*")


def passing(role, service="sagemaker.amazonaws.com"):
    return "iam:PassRole", role, {"StringEquals": {"iam:PassedToService": service}}


def test_a_role_is_handed_on_only_by_who_may_pass_it(acting):
    job = training_job(f"passed-{time.monotonic_ns()}")
    for statements in [JOBS], [JOBS, passing(ROLE + "-other")], [JOBS, passing(ROLE, "lambda.amazonaws.com")]:
        status, code, said = refused(acting("sagemaker", *statements).create_training_job, **job)
        assert (status, code) == (400, "AccessDeniedException")
        assert f"iam:PassRole on resource: {ROLE}" in said
    acting("sagemaker", JOBS, passing(ROLE)).create_training_job(**job)


@pytest.mark.parametrize("make, said", [
    (lambda role: role(trusts=["lambda.amazonaws.com"]), "allows principal 'sagemaker.amazonaws.com' to assume the role"),
    (lambda role: f"arn:aws:iam::{ACCOUNT}:role/nobody", "Please ensure that the role exists"),
    (lambda role: role(condition={"StringEquals": {"aws:SourceAccount": "111111111111"}}), "Could not assume role"),
])
def test_a_role_that_sagemaker_cannot_take(sagemaker, role, make, said):
    status, code, message = refused(sagemaker.create_training_job, **training_job("untrusted", RoleArn=make(role)))
    assert (status, code) == (400, "ValidationException") and said in message


def test_a_deployment_with_alarms_needs_to_see_them(aws, acting):
    update = ("sagemaker:UpdateEndpoint", "*")
    guarded = {"AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "errors"}]}, "BlueGreenUpdatePolicy": {
        "TrafficRoutingConfiguration": {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": 0}}}
    ask = {"EndpointName": "nowhere", "EndpointConfigName": "none"}
    assert "cloudwatch:DescribeAlarms" in refused(acting("sagemaker", update).update_endpoint, **ask, DeploymentConfig=guarded)[2]
    assert "Could not find" in refused(acting("sagemaker", update).update_endpoint, **ask)[2]


def test_the_role_of_a_model_sees_the_alarms_of_its_deployment(aws, sagemaker, role, archive):
    name = f"rights-{time.monotonic_ns()}"
    roles = {"blind": role(PULL, ("s3:GetObject", "arn:aws:s3:::data/models/*"), LIST), "seeing": ROLE}
    for which, arn in roles.items():
        sagemaker.create_model(ModelName=f"{name}-{which}", ExecutionRoleArn=arn, PrimaryContainer={"Image": IMAGE, "ModelDataUrl": archive})
        sagemaker.create_endpoint_config(EndpointConfigName=f"{name}-{which}", ProductionVariants=[{
            "VariantName": "main", "ModelName": f"{name}-{which}", "InitialInstanceCount": 1, "InstanceType": "ml.m5.large"}])
    sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=f"{name}-seeing")
    aws.wait_until(lambda: sagemaker.describe_endpoint(EndpointName=name)["EndpointStatus"] == "InService", "the endpoint")
    said = refused(sagemaker.update_endpoint, EndpointName=name, EndpointConfigName=f"{name}-blind", DeploymentConfig={
        "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "errors"}]},
        "BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": 0}}})
    assert said[1] == "ValidationException" and "cloudwatch:DescribeAlarms" in said[2]
    sagemaker.delete_endpoint(EndpointName=name)


def test_scaling_asks_with_the_callers_rights(acting):
    own = ("application-autoscaling:*", "*")
    target = {"ServiceNamespace": "sagemaker", "ResourceId": "endpoint/e/variant/v", "MinCapacity": 1, "MaxCapacity": 2,
              "ScalableDimension": "sagemaker:variant:DesiredInstanceCount"}
    assert "sagemaker:DescribeEndpoint" in refused(acting("application-autoscaling", own).register_scalable_target, **target)[2]
    more = (["sagemaker:DescribeEndpoint", "sagemaker:UpdateEndpointWeightsAndCapacities"], "*")
    assert "iam:CreateServiceLinkedRole" in refused(acting("application-autoscaling", own, more).register_scalable_target, **target)[2]


READ, WRITE = ("s3:GetObject", "arn:aws:s3:::data/*"), ("s3:PutObject", "arn:aws:s3:::data/models/*")
LIST, PULL = ("s3:ListBucket", "arn:aws:s3:::data"), ("ecr:*", "*")
LOGS = (["logs:*", "cloudwatch:PutMetricData"], "*")


# Jobs and endpoints act in their roles.

def trained_in(aws, role, hyperparameters=None, **changes):
    name = f"rights-{time.monotonic_ns()}"
    aws.client("sagemaker").create_training_job(**training_job(name, hyperparameters, RoleArn=role, **changes))
    return finished(aws, aws.client("sagemaker").describe_training_job, "TrainingJob", name)


@pytest.mark.parametrize("statements, said", [
    ([READ, WRITE, LIST, LOGS], "Cannot pull algorithm container"),
    ([READ, WRITE, PULL, LOGS], "s3:ListBucket"),
    ([WRITE, LIST, PULL, LOGS], "s3:GetObject"),
    ([READ, LIST, PULL, LOGS], "Artifact upload failed"),
])
def test_a_training_job_fails_for_want_of_a_right(aws, role, statements, said):
    job = trained_in(aws, role(*statements))
    assert job["TrainingJobStatus"] == "Failed" and said in job["FailureReason"], job["FailureReason"]


def test_a_training_job_needs_no_more_than_this(aws, role):
    job = trained_in(aws, role(READ, WRITE, LIST, PULL, LOGS))
    assert job["TrainingJobStatus"] == "Completed", job["FailureReason"]
    assert aws.refusals() == []


def test_a_container_acts_in_the_role_of_its_job(aws, role):
    arn = role(READ, WRITE, LIST, PULL, LOGS)
    assert trained_in(aws, arn, {"write": "s3://data/models/note"})["TrainingJobStatus"] == "Completed"
    attack = trained_in(aws, arn, {"write": "s3://data/ledger/release.json"})
    assert (attack["TrainingJobStatus"], attack["FailureReason"][:14]) == ("Failed", "AlgorithmError")
    assert [(one["action"], one["resource"]) for one in aws.refusals()] == [("s3:PutObject", "arn:aws:s3:::data/ledger/release.json")]
    # Without a network there is nobody to ask.
    cut_off = trained_in(aws, arn, {"write": "s3://data/models/note"}, EnableNetworkIsolation=True)
    assert cut_off["TrainingJobStatus"] == "Failed"


def test_a_model_is_read_and_asked_in_its_own_role(aws, sagemaker, role, archive):
    name, container = f"rights-{time.monotonic_ns()}", {"Image": IMAGE, "ModelDataUrl": archive}
    status, code, said = refused(sagemaker.create_model, ModelName=name, ExecutionRoleArn=role(PULL), PrimaryContainer=container)
    assert code == "ValidationException" and "Could not access model data" in said
    reader = role(PULL, ("s3:GetObject", "arn:aws:s3:::data/models/*"), LIST)
    sagemaker.create_model(ModelName=name, ExecutionRoleArn=reader, PrimaryContainer=container)
    sagemaker.create_transform_job(
        TransformJobName=name, ModelName=name, TransformResources={"InstanceType": "ml.m5.large", "InstanceCount": 1},
        TransformOutput={"S3OutputPath": "s3://data/scores/"}, TransformInput={
            "ContentType": "application/jsonlines", "SplitType": "Line",
            "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://data/holdout/"}}})
    job = finished(aws, sagemaker.describe_transform_job, "TransformJob", name)
    assert job["TransformJobStatus"] == "Failed" and "s3:GetObject" in job["FailureReason"]


def test_a_capture_that_is_not_allowed_is_not_written(aws, sagemaker, role, archive):
    name = f"rights-{time.monotonic_ns()}"
    reader = role(PULL, LOGS, ("s3:GetObject", "arn:aws:s3:::data/models/*"), LIST)
    sagemaker.create_model(ModelName=name, ExecutionRoleArn=reader, PrimaryContainer={"Image": IMAGE, "ModelDataUrl": archive})
    sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[
        {"VariantName": "main", "ModelName": name, "InitialInstanceCount": 1, "InstanceType": "ml.m5.large"}],
        DataCaptureConfig={"EnableCapture": True, "InitialSamplingPercentage": 100, "DestinationS3Uri": f"s3://data/{name}",
                           "CaptureOptions": [{"CaptureMode": "Input"}]})
    sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
    aws.wait_until(lambda: sagemaker.describe_endpoint(EndpointName=name)["EndpointStatus"] == "InService", "the endpoint")
    aws.client("sagemaker-runtime").invoke_endpoint(EndpointName=name, Body=b'{"x": 1}', ContentType="application/json")
    aws.flush_capture()
    assert "Contents" not in aws.client("s3").list_objects_v2(Bucket="data", Prefix=f"{name}/")
    assert {one["action"] for one in aws.refusals()} == {"s3:PutObject"}
    sagemaker.delete_endpoint(EndpointName=name)


# State machines act in their roles.

INVOKE = ("lambda:InvokeFunction", f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:echo")


@pytest.fixture
def run(aws, role):
    """Run a machine of one state in a role with these statements."""
    states = aws.client("stepfunctions")

    def start(state, *statements, trusts=TRUST):
        arn = states.create_state_machine(
            name=f"rights-{time.monotonic_ns()}", roleArn=role(*statements, trusts=trusts), definition=json.dumps(
                {"QueryLanguage": "JSONata", "StartAt": "S", "States": {"S": state | {"End": True}}}))["stateMachineArn"]
        return execution(aws, states.start_execution(stateMachineArn=arn)["executionArn"])
    return start


def task(resource, arguments):
    return {"Type": "Task", "Resource": f"arn:aws:states:::{resource}", "Arguments": arguments}


def test_a_state_calls_in_the_role_of_its_machine(run):
    state = task("lambda:invoke", {"FunctionName": "echo", "Payload": {}})
    done = run(state)
    assert (done["status"], done["error"]) == ("FAILED", "Lambda.AWSLambdaException")
    assert "lambda:InvokeFunction" in done["cause"]
    assert run(state, INVOKE)["status"] == "SUCCEEDED"
    told = run(task("aws-sdk:s3:getObject", {"Bucket": "data", "Key": "train/a.csv"}))
    assert told["error"] == "S3.AccessDeniedException" and "s3:GetObject" in told["cause"]


def test_a_machine_whose_role_does_not_trust_step_functions(run):
    done = run(task("lambda:invoke", {"FunctionName": "echo"}), INVOKE, trusts=["lambda.amazonaws.com"])
    assert done["status"] == "FAILED" and "states.amazonaws.com may not assume" in done["cause"]


def test_to_wait_for_a_job_needs_the_rules_that_hear_of_it(run):
    job = training_job(f"synced-{time.monotonic_ns()}")
    own = [JOBS, passing(ROLE), (["sagemaker:DescribeTrainingJob"], "*")]
    done = run(task("sagemaker:createTrainingJob.sync", job), *own)
    assert done["status"] == "FAILED" and "events:PutTargets" in done["cause"]
    rules = f"arn:aws:events:us-east-1:{ACCOUNT}:rule/StepFunctionsGetEventsForSageMaker*"
    assert run(task("sagemaker:createTrainingJob.sync", job), *own, (
        ["events:PutTargets", "events:PutRule", "events:DescribeRule"], rules))["status"] == "SUCCEEDED"


@pytest.mark.parametrize("lacks, error", [
    (0, "States.Runtime"), (1, "States.Runtime"), (2, "States.ItemReaderFailed"), (3, "States.ResultWriterFailed"), (None, None)])
def test_what_a_distributed_map_needs(run, lacks, error):
    state = {"Type": "Map", "Label": "Each", "ItemReader": {
        "Resource": "arn:aws:states:::s3:listObjectsV2", "Arguments": {"Bucket": "data", "Prefix": "train/"}},
        "ResultWriter": {"Resource": "arn:aws:states:::s3:putObject", "Arguments": {"Bucket": "data", "Prefix": "mapped"}},
        "ItemProcessor": {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, "StartAt": "P",
                          "States": {"P": {"Type": "Pass", "End": True}}}}
    statements = [
        ("states:StartExecution", f"arn:aws:states:us-east-1:{ACCOUNT}:stateMachine:rights-*"),
        (["states:DescribeExecution", "states:StopExecution"], f"arn:aws:states:us-east-1:{ACCOUNT}:execution:rights-*"),
        ("s3:ListBucket", "arn:aws:s3:::data", {"StringLike": {"s3:prefix": "train/*"}}),
        (["s3:PutObject", "s3:GetObject", "s3:ListMultipartUploadParts", "s3:AbortMultipartUpload"], "arn:aws:s3:::data/mapped/*")]
    done = run(state, *(one for at, one in enumerate(statements) if at != lacks))
    assert (done["status"], done.get("error")) == (("FAILED", error) if error else ("SUCCEEDED", None)), done.get("cause")


def test_a_waiting_task_is_answered_by_who_may(aws, acting, run, role):
    states = aws.client("stepfunctions")
    state = task("lambda:invoke.waitForTaskToken", {"FunctionName": "echo", "Payload": "{% $states.context.Task.Token %}"})
    machine = states.create_state_machine(name=f"asks-{time.monotonic_ns()}", roleArn=ROLE, definition=json.dumps(
        {"QueryLanguage": "JSONata", "StartAt": "S", "States": {"S": state | {"End": True}}}))["stateMachineArn"]
    started = states.start_execution(stateMachineArn=machine)["executionArn"]

    def token():
        for event in states.get_execution_history(executionArn=started)["events"]:
            if "taskScheduledEventDetails" in event:
                return json.loads(event["taskScheduledEventDetails"]["parameters"])["Payload"]
        return None
    answer = {"taskToken": aws.wait_until(token, "the token"), "output": "{}"}
    other = acting("stepfunctions", ("states:SendTaskSuccess", machine + "-other"))
    assert f"states:SendTaskSuccess on resource: {machine}" in refused(other.send_task_success, **answer)[2]
    acting("stepfunctions", ("states:SendTaskSuccess", machine)).send_task_success(**answer)
    assert execution(aws, started)["status"] == "SUCCEEDED"


# Deliveries within AWS.

def wait_for_refusal(aws, who, action):
    return aws.wait_until(lambda: [one for one in aws.refusals() if one["who"] == who and one["action"] == action], f"{action} by {who}")


def test_a_rule_needs_the_permission_of_its_function_and_a_role_for_a_machine(aws, role):
    events, target = aws.client("events"), f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:echo"
    for name in ("unpermitted", "unroled", "untrusted"):
        events.put_rule(Name=name, EventPattern=json.dumps({"source": [name]}))
    events.put_targets(Rule="unpermitted", Targets=[{"Id": "1", "Arn": target}])
    machine = aws.outputs["PipelineArn"]
    events.put_targets(Rule="unroled", Targets=[{"Id": "1", "Arn": machine, "RoleArn": role()}])
    events.put_targets(Rule="untrusted", Targets=[{"Id": "1", "Arn": machine, "RoleArn": role(
        ("states:StartExecution", machine), trusts=["states.amazonaws.com"])}])
    events.put_events(Entries=[{"Source": name, "DetailType": "d", "Detail": "{}"} for name in ("unpermitted", "unroled", "untrusted")])
    assert wait_for_refusal(aws, "events.amazonaws.com", "lambda:InvokeFunction")[0]["resource"] == target
    aws.wait_until(lambda: [one for one in aws.refusals() if one["action"] == "states:StartExecution"], "the start")
    wait_for_refusal(aws, "events.amazonaws.com", "sts:AssumeRole")
    for name in ("unpermitted", "unroled", "untrusted"):
        events.remove_targets(Rule=name, Ids=["1"])
    assert aws.client("logs").describe_log_groups(logGroupNamePrefix="/aws/lambda/echo") is not None


def test_a_schedule_and_an_alarm_need_their_rights(aws, role):
    keeper = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:keeper"
    moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(time.time() + 1))
    aws.client("scheduler").create_schedule(Name="powerless", ScheduleExpression=f"at({moment})", FlexibleTimeWindow={"Mode": "OFF"},
                                            Target={"Arn": keeper, "RoleArn": role(), "Input": '{"clock": "powerless"}'})
    echo = keeper.replace("keeper", "echo")
    cloudwatch = aws.client("cloudwatch")
    cloudwatch.put_metric_alarm(AlarmName="powerless", Namespace="N", MetricName="m", Statistic="Sum", Period=10, EvaluationPeriods=1,
                                Threshold=1, ComparisonOperator="GreaterThanThreshold", AlarmActions=[echo])
    cloudwatch.set_alarm_state(AlarmName="powerless", StateValue="ALARM", StateReason="by the test")
    assert wait_for_refusal(aws, "lambda.alarms.cloudwatch.amazonaws.com", "lambda:InvokeFunction")[0]["resource"] == echo
    aws.wait_until(lambda: [one for one in aws.refusals() if "powerless" in one["why"] or "assumed-role" in one["who"]], "the schedule")
    cloudwatch.delete_alarms(AlarmNames=["powerless"])


def test_a_failed_event_reaches_its_dead_letters_with_the_functions_rights(aws):
    iam, name = aws.client("iam"), aws.resources["KeeperRole"]
    documents = {one: iam.get_role_policy(RoleName=name, PolicyName=one)["PolicyDocument"]
                 for one in iam.list_role_policies(RoleName=name)["PolicyNames"]}
    for one in documents:
        iam.delete_role_policy(RoleName=name, PolicyName=one)
    try:
        aws.client("lambda").invoke(FunctionName="keeper", InvocationType="Event", Payload=b'{"fail": "Fixture.Rights"}')
        aws.wait_until(lambda: [one for one in aws.refusals() if one["action"] == "sqs:SendMessage"], "the refusal")
    finally:
        for one, document in documents.items():
            iam.put_role_policy(RoleName=name, PolicyName=one, PolicyDocument=json.dumps(document))


# What the judge cannot decide is refused.

@pytest.mark.parametrize("statement, said", [
    ({"Action": "s3:GetObjct"}, "there is no action s3:GetObjct"),
    ({"Action": "s4:GetObject"}, "there is no action s4:GetObject"),
    ({"Resource": "arn:aws:s3:::data"}, "no action of it takes the resource arn:aws:s3:::data"),
    ({"Action": ["s3:GetObject", "s3:ListBucket"], "Resource": "arn:aws:s3:::data/*"}, "s3:ListBucket takes none of its resources"),
    ({"Resource": "arn:aws:s3:::data/${aws:username}/*"}, "the judge knows no policy variables"),
    ({"Resource": "arn:aws:s3:::data/${aws:userid}/${aws:PrincipalTag/team}/*"}, "the judge knows no policy variables"),
    ({"Condition": {"StringSounds": {"aws:PrincipalArn": "x"}}}, "the judge does not know the operator StringSounds"),
    ({"Effect": "Deny", "Condition": {"StringEquals": {"s3:TlsVersion": "1.2"}}}, "the judge does not know the condition key s3:tlsversion"),
    ({"Condition": {"StringEquals": {"s3:prefix": "x"}}}, "s3:GetObject has no condition key s3:prefix"),
    ({"Effect": "Deny", "Condition": {"StringEquals": {"aws:TagKeys": "x"}}}, "is a list, so StringEquals needs ForAllValues"),
    ({"Condition": {"StringEquals": {"aws:SourceAccount": ACCOUNT}}}, "the judge does not know the condition key aws:sourceaccount"),
])
def test_a_policy_that_cannot_be_judged_allows_nothing(aws, role, statement, said):
    arn = role(("s3:*", "*"))
    aws.client("iam").put_role_policy(RoleName=arn.rsplit("/", 1)[-1], PolicyName="odd", PolicyDocument=policy(**statement))
    message = refused(aws.client("s3", session=aws.session(arn)).get_object, Bucket="data", Key="train/a.csv")[2]
    assert "the stand-in cannot judge by role/" in message and said in message


def test_a_template_with_such_a_policy_is_not_deployed(tmp_path):
    for name in ("statemachines", "functions"):
        (tmp_path / name).symlink_to(FIXTURES / name)
    text = (FIXTURES / "template.yaml").read_text()
    broken = text.replace("sagemaker:DescribeEndpoint\n", "sagemaker:DescribeEndpoints\n")
    assert broken != text
    (tmp_path / "template.yaml").write_text(broken)
    with pytest.raises(DeployError, match="there is no action sagemaker:DescribeEndpoints"):
        Standin(tmp_path / "template.yaml", FIXTURES / "functions").start()


def test_a_bucket_policy_that_cannot_be_judged_denies(acting, guarded):
    bucket = guarded(Condition={"StringEquals": {"s3:TlsVersion": "1.1"}})
    assert refused(acting("s3", ("s3:*", "*")).put_object, Bucket=bucket, Key="a", Body=b"")[0] == 403


@pytest.mark.parametrize("service, call, arguments, said", [
    # The reference requires a resource, and there is no rule that tells it.
    ("sagemaker", "describe_notebook_instance", {"NotebookInstanceName": "n"}, "cannot tell on which resource"),
    ("sagemaker", "create_presigned_domain_url", {"DomainId": "d-1", "UserProfileName": "u"}, "cannot tell on which resource"),
])
def test_a_call_that_cannot_be_judged_is_refused_whatever_is_allowed(acting, service, call, arguments, said):
    message = refused(getattr(acting(service, ("*", "*")), call), **arguments)[2]
    assert said in message


def test_an_action_without_a_name_is_refused(acting):
    client = acting("lambda", ("*", "*"))
    assert "has no action for" in refused(client.get_account_settings)[2]


# People, and the list of rights.

def test_a_person_has_the_rights_of_a_managed_policy_and_no_others(aws):
    arn = aws.client("iam").create_policy(PolicyName="readers", PolicyDocument=policy(Resource="arn:aws:s3:::data/*"))["Policy"]["Arn"]
    person = aws.person(arn)
    s3 = aws.client("s3", session=person)
    assert s3.get_object(Bucket="data", Key="train/a.csv")["Body"].read()
    assert refused(s3.put_object, Bucket="data", Key="train/a.csv", Body=b"")[0] == 403
    environment = aws.environment(person)
    assert environment["AWS_ACCESS_KEY_ID"] == person.access_key != "test"
    program = "import boto3; print(boto3.client('sts').get_caller_identity()['Arn'])"
    told = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True).stdout
    assert told.strip() == f"arn:aws:sts::{ACCOUNT}:assumed-role/person-readers/person"


def test_used_rights_are_written_down(aws, acting, role):
    arn = role(("s3:GetO*", ["arn:aws:s3:::data/train/*", "arn:aws:s3:::data/*"]), ("s3:PutObject", "arn:aws:s3:::data/*"))
    aws.client("s3", session=aws.session(arn)).get_object(Bucket="data", Key="train/a.csv")
    folder = Path(aws.rights)
    lines = [json.loads(line) for file in folder.glob("rights-*.jsonl") for line in file.read_text().splitlines()]
    used = [one["used"] for one in lines if one.get("used", {}).get("source") == f"role/{arn.rsplit('/', 1)[-1]}"]
    assert {(one["action"], one["resource"]) for one in used} == {
        ("s3:GetO*", "arn:aws:s3:::data/train/*"), ("s3:GetO*", "arn:aws:s3:::data/*")}
    granted = [one for line in lines for one in line.get("granted", []) if one["role"] == "PipelineRole"]
    assert {"arn:aws:lambda:us-east-1:000000000000:function:echo*": "arn:aws:lambda:us-east-1:000000000000:function:${Echo}*"} in [
        one["resources"] for one in granted]


# Keys.

@pytest.fixture(scope="module")
def key(aws):
    """A key whose policy leaves it to the account's roles, as a new one's does."""
    return aws.client("kms").create_key()["KeyMetadata"]["Arn"]


def test_what_lies_in_an_encrypted_bucket_needs_the_key(aws, acting, key):
    s3, name = aws.client("s3"), f"encrypted-{time.monotonic_ns()}"
    s3.create_bucket(Bucket=name)
    s3.put_bucket_encryption(Bucket=name, ServerSideEncryptionConfiguration={"Rules": [
        {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}}]})
    everything = ("s3:*", "*")
    without = acting("s3", everything)
    assert f"kms:GenerateDataKey on resource: {key}" in refused(without.put_object, Bucket=name, Key="a", Body=b"1")[2]
    by_s3 = {"StringEquals": {"kms:ViaService": "s3.us-east-1.amazonaws.com"}}
    writer = acting("s3", everything, ("kms:GenerateDataKey", key, by_s3))
    writer.put_object(Bucket=name, Key="a", Body=b"1")
    assert f"kms:Decrypt on resource: {key}" in refused(writer.get_object, Bucket=name, Key="a")[2]
    assert acting("s3", everything, ("kms:Decrypt", key)).get_object(Bucket=name, Key="a")["Body"].read() == b"1"


def test_an_encrypted_topic_needs_the_key_of_whoever_publishes(aws, acting, key):
    topic = aws.client("sns").create_topic(Name="encrypted", Attributes={"KmsMasterKeyId": key})["TopicArn"]
    publish = ("sns:Publish", topic)
    assert "kms:GenerateDataKey" in refused(acting("sns", publish).publish, TopicArn=topic, Message="m")[2]
    acting("sns", publish, (["kms:GenerateDataKey", "kms:Decrypt"], key)).publish(TopicArn=topic, Message="m")
    # An alarm is no role of the account's: the key's own policy would have to name its service.
    cloudwatch = aws.client("cloudwatch")
    cloudwatch.put_metric_alarm(AlarmName="encrypted", Namespace="N", MetricName="m", Statistic="Sum", Period=10, EvaluationPeriods=1,
                                Threshold=1, ComparisonOperator="GreaterThanThreshold", AlarmActions=[topic])
    cloudwatch.set_alarm_state(AlarmName="encrypted", StateValue="ALARM", StateReason="by the test")
    assert wait_for_refusal(aws, "cloudwatch.amazonaws.com", "kms:GenerateDataKey")[0]["resource"] == key
    cloudwatch.delete_alarms(AlarmNames=["encrypted"])


# The list of rights that nothing needed.

@pytest.fixture(scope="module")
def unused():
    """tests/rights/unused.py."""
    path = Path(__file__).resolve().parents[2] / "rights" / "unused.py"
    spec = importlib.util.spec_from_file_location("unused", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("excuses, wrong", [
    ({}, ["Reader: no test needs any of s3:GetObject, s3:PutObject on ${Bucket}/b/*",
          "Reader: no test needs s3:PutObject on ${Bucket}/a/*, ${Bucket}/b/*"]),
    ({"Reader": {"*": "all of it"}}, []),
    ({"Reader": {"*": "all of it", "s3:GetObject on*": "used"}}, ["Reader: the excuse is stale: s3:GetObject on*"]),
    ({"Reader": {"*": "all of it"}, "Gone": {"x": "y"}}, ["Gone: there are excuses for it, and the template has no such role or policy"]),
])
def test_unused_rights_are_listed_over_all_stacks(unused, tmp_path, excuses, wrong):
    template = tmp_path / "template.yaml"
    for number, bucket in enumerate(("first", "second")):
        granted = {"template": str(template), "granted": [{"source": f"role/r{number}", "role": "Reader", "actions": [
            "s3:GetObject", "s3:PutObject"], "resources": {f"{bucket}/a/*": "${Bucket}/a/*", f"{bucket}/b/*": "${Bucket}/b/*"}}]}
        lines = [granted] + [{"used": {"source": f"role/r{number}", "action": "s3:GetObject", "resource": f"{bucket}/a/*"}}] * number
        foreign = granted | {"template": "another.yaml"}
        (tmp_path / f"rights-{number}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in [*lines, foreign]))
    assert sorted(unused.judge(unused.read(tmp_path, template), excuses)) == wrong


NETWORK = {"Subnets": ["subnet-12345678"], "SecurityGroupIds": ["sg-12345678"]}


def test_an_instance_needs_its_key_and_its_network(aws, role, key):
    own = [READ, WRITE, LIST, PULL, LOGS]
    size = {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1}
    locked, joined = {"ResourceConfig": size | {"VolumeKmsKeyId": key}}, {"VpcConfig": NETWORK}
    assert "kms:CreateGrant" in trained_in(aws, role(*own), **locked)["FailureReason"]
    grant = ("kms:CreateGrant", key, {"Bool": {"kms:GrantIsForAWSResource": "true"}})
    assert trained_in(aws, role(*own, grant), **locked)["TrainingJobStatus"] == "Completed"
    assert "ec2:CreateNetworkInterface" in trained_in(aws, role(*own), **joined)["FailureReason"]
    assert trained_in(aws, role(*own, ("ec2:*", "*")), **joined)["TrainingJobStatus"] == "Completed"
