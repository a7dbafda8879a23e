"""A run on a stack with a key and subnets of one's own: every role has the rights on them that it needs."""
import json

import pytest
from conftest import SMALL
from runs import arrive, ended, month

from loop import BINARIES, Loop, Traffic
from loop.story import requests

ACCOUNT = "000000000000"
# As docs/security.md gives it, beside what every key has: the account's roles, as far as their policies go.
POLICY = {"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "kms:*", "Resource": "*"},
    {"Effect": "Allow", "Principal": {"Service": ["cloudwatch.amazonaws.com", "events.amazonaws.com", "lambda.amazonaws.com"]},
     "Action": ["kms:Decrypt", "kms:GenerateDataKey*"], "Resource": "*",
     "Condition": {"StringEquals": {"aws:SourceAccount": ACCOUNT}}}]}


def key(aws):
    return aws.client("kms").create_key(Policy=json.dumps(POLICY))["KeyMetadata"]["Arn"]


@pytest.fixture(scope="module")
def locked(tmp_path_factory):
    """A stack of its own, whose buckets, topic, queue, volumes and captured requests one key encrypts."""
    parameters = {"KmsKeyArn": key, "VpcSubnetIds": "subnet-11111111,subnet-22222222", "VpcSecurityGroupIds": "sg-11111111"}
    with Loop(bin_dir=BINARIES, changes=SMALL, state_dir=tmp_path_factory.mktemp("locked"), parameters=parameters) as loop:
        loop.listen()
        yield loop


def test_a_run_needs_no_more_than_the_stack_gives(locked):
    locked.put_pipeline()
    arrive(locked, "2011-05", "2011-06")
    with Traffic(locked.aws, locked.model, requests(month("2011-06")), rate=2):
        ended(locked, 1, "promoted", "healthy", last=False)
    locked.aws.flush_capture()
    assert locked.keys(f"capture/{locked.model}/")
    # The alarm of an encrypted queue reaches people through an encrypted topic.
    queue = locked.aws.resources["DeadLetters"]
    locked.aws.client("sqs").send_message(QueueUrl=queue, MessageBody="{}")
    locked.aws.wait_until(lambda: [one for one in locked.notices() if "ALARM" in one["Subject"]], what="the page")
    assert locked.aws.refusals() == []


def test_what_is_encrypted_cannot_be_read_without_the_key(locked):
    reader = locked.aws.client("s3", session=locked.aws.person("OperatorPolicy"))
    with pytest.raises(reader.exceptions.ClientError, match="kms:Decrypt"):
        reader.get_object(Bucket="pawl-evidence", Key=f"ledger/{locked.model}/release.json")
