"""A stack with a key and a VPC of one's own, as its resources say after it was made."""
import json
import re

import pytest

from loop import BINARIES, ROOT
from standin import Standin, deploy

KEY = "arn:aws:kms:us-east-1:000000000000:key/11111111-2222-3333-4444-555555555555"
TEMPLATE = deploy.load(ROOT / "template.yaml")
FUNCTIONS = ("NewDataTrigger", "DataValidator", "DriftChecker", "EvaluationGate", "RollbackHandler")


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    parameters = {"DataBucketName": "own-data", "PawlBucketName": "own-evidence", "KmsKeyArn": KEY,
                  "VpcSubnetIds": "subnet-1,subnet-2", "VpcSecurityGroupIds": "sg-1", "AcceptedDays": "400"}
    with Standin(ROOT / "template.yaml", BINARIES, {}, parameters=parameters,
                 state_dir=tmp_path_factory.mktemp("stack")) as aws:
        yield aws


def test_the_key_reaches_everything_that_keeps_data(stack):
    s3 = stack.client("s3")
    for bucket in ("own-data", "own-evidence"):
        rule = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"][0]
        assert rule["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": KEY}
    queue = stack.client("sqs").get_queue_attributes(QueueUrl=stack.resources["DeadLetters"], AttributeNames=["All"])
    assert queue["Attributes"]["KmsMasterKeyId"] == KEY
    topic = stack.client("sns").get_topic_attributes(TopicArn=stack.outputs["Notices"])
    assert topic["Attributes"]["KmsMasterKeyId"] == KEY
    groups = stack.client("logs").describe_log_groups()["logGroups"]
    assert groups and {group.get("kmsKeyId") for group in groups} == {KEY}


def test_every_function_gets_the_key_and_the_subnets():
    """The stand-in keeps neither, so the template is read."""
    of_all = TEMPLATE["Globals"]["Function"]
    assert of_all["KmsKeyArn"]["Fn::If"][:2] == ["HasKey", {"Ref": "KmsKeyArn"}]
    assert of_all["VpcConfig"]["Fn::If"][:2] == ["HasVpc", {
        "SubnetIds": {"Ref": "VpcSubnetIds"}, "SecurityGroupIds": {"Ref": "VpcSecurityGroupIds"}}]
    for name in FUNCTIONS:
        assert not {"KmsKeyArn", "VpcConfig"} & set(TEMPLATE["Resources"][name]["Properties"]), name


def test_requests_without_tls_are_refused_by_both_buckets(stack):
    for bucket in ("own-data", "own-evidence"):
        policy = json.loads(stack.client("s3").get_bucket_policy(Bucket=bucket)["Policy"])
        denied = [one for one in policy["Statement"] if one["Effect"] == "Deny"]
        assert [(one["Principal"], one["Action"], one["Condition"]) for one in denied] == [
            ("*", "s3:*", {"Bool": {"aws:SecureTransport": "false"}})]
        assert denied[0]["Resource"] == [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]


def test_what_piles_up_expires_and_what_a_rollback_reads_never_does():
    """The stand-in keeps no lifecycle of a template, so the template is read."""
    rules = TEMPLATE["Resources"]["PawlBucket"]["Properties"]["LifecycleConfiguration"]["Rules"]
    expiring = {rule["Prefix"]: rule for rule in rules if rule["Id"] != "unfinished-uploads"}
    assert set(expiring) == {"ledger/", "capture/", "truth/", "accepted/"}, "runs/ and models/ keep all that they have"
    assert "ExpirationInDays" not in expiring["ledger/"], "only what was replaced or deleted"
    assert expiring["ledger/"]["ExpiredObjectDeleteMarker"] is True
    assert expiring["accepted/"]["Status"] == {"Fn::If": ["AcceptedExpire", "Enabled", "Disabled"]}


def test_two_stacks_live_side_by_side(stack):
    outputs, _ = stack.deploy("beside", parameters={"DataBucketName": "beside-data", "PawlBucketName": "beside-evidence"})
    schedules = stack.client("scheduler").list_schedules()["Schedules"]
    assert len({one["Name"] for one in schedules}) == len(schedules) == 6
    s3, states = stack.client("s3"), stack.client("stepfunctions")
    text = (ROOT / "examples" / "bike-demand" / "pipeline.yaml").read_text()
    # Only one of them has the pipeline: only there does a file start a run.
    pipeline = re.sub(r"(?m)^(\s*bucket:).*$", r"\1 beside-data", text)
    model = re.search(r"(?m)^model: (\S+)", text)[1]
    s3.put_object(Bucket="beside-evidence", Key=f"pipelines/{model}/pipeline.yaml", Body=pipeline.encode())
    stack.wait_until(lambda: states.list_executions(stateMachineArn=outputs["Retraining"])["executions"], "a run of the second")
    assert states.list_executions(stateMachineArn=stack.outputs["Retraining"])["executions"] == []
    assert not s3.list_objects_v2(Bucket="own-evidence").get("Contents")


def test_a_stack_whose_name_is_too_long_is_refused(stack):
    with pytest.raises(deploy.DeployError, match="80|64"):
        stack.deploy("p" * 70, parameters={"DataBucketName": "long-data", "PawlBucketName": "long-evidence"})


def test_every_role_of_a_service_names_the_account(stack):
    iam = stack.client("iam")
    named = ("TrainingRole", "ScoringRole", "SageMakerRole", "SchedulesRole", "RetrainingRole", "MonitoringRole", "ApprovalRole",
             "RoundRole", "UpkeepRole", "RegionsRole")
    for name in named:
        trust = iam.get_role(RoleName=stack.resources[name])["Role"]["AssumeRolePolicyDocument"]
        conditions = [statement.get("Condition") for statement in trust["Statement"]]
        assert conditions == [{"StringEquals": {"aws:SourceAccount": "000000000000"}}], name
