"""A stack with a key and a VPC of one's own, as its resources say after it was made."""
import json

import pytest

from loop import BINARIES, ROOT
from standin import Standin

KEY = "arn:aws:kms:us-east-1:000000000000:key/11111111-2222-3333-4444-555555555555"
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


def test_functions_run_in_the_subnets_and_their_settings_are_encrypted(stack):
    for name in FUNCTIONS:
        found = stack.client("lambda").get_function_configuration(FunctionName=stack.resources[name])
        assert (found["VpcConfig"]["SubnetIds"], found["VpcConfig"]["SecurityGroupIds"]) == (["subnet-1", "subnet-2"], ["sg-1"])
        assert found["KMSKeyArn"] == KEY


def test_requests_without_tls_are_refused_by_both_buckets(stack):
    for bucket in ("own-data", "own-evidence"):
        policy = json.loads(stack.client("s3").get_bucket_policy(Bucket=bucket)["Policy"])
        denied = [one for one in policy["Statement"] if one["Effect"] == "Deny"]
        assert [(one["Principal"], one["Action"], one["Condition"]) for one in denied] == [
            ("*", "s3:*", {"Bool": {"aws:SecureTransport": "false"}})]
        assert denied[0]["Resource"] == [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]


def test_what_piles_up_expires_and_what_a_rollback_reads_never_does(stack):
    rules = stack.client("s3").get_bucket_lifecycle_configuration(Bucket="own-evidence")["Rules"]
    expiring = {rule.get("Filter", {}).get("Prefix") or rule.get("Prefix"): rule for rule in rules
                if rule["ID"] != "unfinished-uploads" and rule["Status"] == "Enabled"}
    assert set(expiring) == {"ledger/", "capture/", "truth/", "accepted/"}, "runs/ and models/ keep all that they have"
    assert "Days" not in expiring["ledger/"]["Expiration"], "only what was replaced or deleted"
    assert expiring["accepted/"]["Expiration"]["Days"] == 400


def test_every_role_of_a_service_names_the_account(stack):
    iam = stack.client("iam")
    named = ("TrainingRole", "ScoringRole", "SageMakerRole", "SchedulesRole", "RetrainingRole", "MonitoringRole", "ApprovalRole",
             "RoundRole", "UpkeepRole", "RegionsRole")
    for name in named:
        trust = iam.get_role(RoleName=stack.resources[name])["Role"]["AssumeRolePolicyDocument"]
        conditions = [statement.get("Condition") for statement in trust["Statement"]]
        assert conditions == [{"StringEquals": {"aws:SourceAccount": "000000000000"}}], name
