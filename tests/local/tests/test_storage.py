"""S3 where ministack alone is not enough, and the parts of it that the project leans on."""
import json

import pytest
from botocore.exceptions import ClientError


@pytest.fixture(scope="module")
def versions(aws):
    s3 = aws.client("s3")
    return [s3.put_object(Bucket="data", Key="versions/a b+c é", Body=body)["VersionId"]
            for body in (b"0123456789", b"abcdefghij")]


@pytest.mark.parametrize("wanted, body, part", [
    ("bytes=2-4", b"234", "bytes 2-4/10"), ("bytes=5-", b"56789", "bytes 5-9/10"), ("bytes=-3", b"789", "bytes 7-9/10"),
    ("bytes=0-99", b"0123456789", "bytes 0-9/10"),
])
def test_a_part_of_an_old_version(aws, versions, wanted, body, part):
    answer = aws.client("s3").get_object(Bucket="data", Key="versions/a b+c é", VersionId=versions[0], Range=wanted)
    assert (answer["Body"].read(), answer["ContentRange"]) == (body, part)
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 206


def test_a_part_beyond_the_end(aws, versions):
    with pytest.raises(ClientError) as refused:
        aws.client("s3").get_object(Bucket="data", Key="versions/a b+c é", VersionId=versions[1], Range="bytes=10-")
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 416


def test_conditional_writes(aws):
    s3 = aws.client("s3")
    first = s3.put_object(Bucket="data", Key="ledger/x", Body=b"1", IfNoneMatch="*")["ETag"]
    for condition in ({"IfNoneMatch": "*"}, {"IfMatch": '"0"'}):
        with pytest.raises(ClientError) as refused:
            s3.put_object(Bucket="data", Key="ledger/x", Body=b"2", **condition)
        assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 412
    s3.put_object(Bucket="data", Key="ledger/x", Body=b"2", IfMatch=first)
    assert s3.get_object(Bucket="data", Key="ledger/x")["Body"].read() == b"2"


def test_an_event_carries_the_raw_key_and_the_version(aws):
    sqs, events, s3 = (aws.client(service) for service in ("sqs", "events", "s3"))
    queue, arn = aws.queue("uploads")
    events.put_rule(Name="uploads", EventPattern=json.dumps(
        {"source": ["aws.s3"], "detail": {"object": {"key": [{"prefix": "odd/"}]}}}))
    events.put_targets(Rule="uploads", Targets=[{"Id": "q", "Arn": arn}])
    put = s3.put_object(Bucket="data", Key="odd/a b+c é.csv", Body=b"x")
    message = aws.wait_until(lambda: sqs.receive_message(QueueUrl=queue).get("Messages"), "the event")[0]
    item = json.loads(message["Body"])["detail"]["object"]
    assert (item["key"], item["version-id"], item["size"]) == ("odd/a b+c é.csv", put["VersionId"], 1)
    assert item["etag"] == put["ETag"].strip('"')
    assert item["sequencer"]
