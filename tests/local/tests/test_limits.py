"""What AWS limits: the time of a call, the time of a function, how many run at once; many objects; two stacks side by side."""
import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from botocore.exceptions import ClientError
from conftest import FIXTURES, execution

from standin import Standin
from standin.deploy import DeployError


@pytest.fixture(scope="module")
def small():
    with Standin(FIXTURES / "small.yaml", FIXTURES / "functions", stack="one", wait_scale=0.1) as standin:
        yield standin


def invoke(standin, function, event, **more):
    answer = standin.client("lambda").invoke(FunctionName=function, Payload=json.dumps(event).encode(), **more)
    text = answer["Payload"].read()
    return answer.get("FunctionError"), json.loads(text) if text else None


def letters(standin, count=1):
    """This many letters of the dead letter queue, taken out."""
    sqs, found = standin.client("sqs"), []

    def taken():
        for message in sqs.receive_message(QueueUrl=standin.outputs["Letters"], MaxNumberOfMessages=10).get("Messages", []):
            sqs.delete_message(QueueUrl=standin.outputs["Letters"], ReceiptHandle=message["ReceiptHandle"])
            found.append(json.loads(message["Body"]))
        return found if len(found) >= count else None
    return standin.wait_until(taken, "letters")


# S3

def test_each_s3_call_takes_longer_and_others_go_on_meanwhile(small):
    s3, sqs = small.client("s3"), small.client("sqs")
    s3.list_objects_v2(Bucket="small"), sqs.list_queues()
    small.switch(s3_latency=0.3)
    try:
        started = time.monotonic()
        with ThreadPoolExecutor(10) as pool:
            list(pool.map(lambda n: s3.put_object(Bucket="small", Key=f"slow/{n}", Body=b""), range(10)))
        assert 0.3 <= time.monotonic() - started < 1.5  # side by side, and not 3 seconds

        slow = threading.Thread(target=lambda: s3.list_objects_v2(Bucket="small"))
        slow.start()
        started = time.monotonic()
        sqs.list_queues()
        assert time.monotonic() - started < 0.25
        slow.join()
    finally:
        small.switch(s3_latency=0)
    started = time.monotonic()
    s3.list_objects_v2(Bucket="small")
    assert time.monotonic() - started < 0.25


def test_many_objects_are_laid_by_one_call(small):
    many = {f"many/{n:05}.csv": f"{n}\n" for n in range(50_000)}
    assert small.lay_objects("small", many) == 50_000
    s3 = small.client("s3")
    last = s3.list_objects_v2(Bucket="small", Prefix="many/", StartAfter="many/49000.csv")
    assert (last["KeyCount"], last["IsTruncated"], last["Contents"][-1]["Key"]) == (999, False, "many/49999.csv")
    one = s3.get_object(Bucket="small", Key="many/31415.csv")
    assert (one["Body"].read(), len(one["VersionId"]) > 4) == (b"31415\n", True)


def kept(standin, prefix):
    """The keys under a prefix of which the function `one-others` has heard."""
    s3 = standin.client("s3")
    found = s3.list_objects_v2(Bucket="small", Prefix="events/").get("Contents", [])
    events = [json.loads(s3.get_object(Bucket="small", Key=one["Key"])["Body"].read()) for one in found]
    return sorted(key for event in events if (key := event.get("detail", {}).get("object", {}).get("key", "")).startswith(prefix))


def test_laid_objects_send_events_where_that_is_asked(small):
    small.lay_objects("small", {f"told/silent-{n}": "" for n in range(3)})
    small.lay_objects("small", {f"told/heard-{n}": "" for n in range(3)}, events=True)
    small.wait_until(lambda: len(kept(small, "told/heard")) == 3, "the events")
    assert kept(small, "told/silent") == []


def test_objects_for_no_bucket_are_refused(small):
    with pytest.raises(ValueError, match="there is no bucket nobody"):
        small.lay_objects("nobody", {"a": ""})


# Functions

def test_a_function_ends_at_its_templates_time(small):
    _, before = invoke(small, "one-brief", {})
    started = time.monotonic()
    error, answer = invoke(small, "one-brief", {"sleep": 5})
    assert 1 <= time.monotonic() - started < 3
    assert (error, answer["errorType"]) == ("Unhandled", "Sandbox.Timedout")
    assert "Task timed out after 1.00 seconds" in answer["errorMessage"]
    # The process is gone; the next invocation has one of its own.
    error, after = invoke(small, "one-brief", {})
    assert (error, after["pid"] == before["pid"]) == (None, False)


def test_a_state_machine_is_told_of_the_time_out(small):
    sfn = small.client("stepfunctions")
    started = sfn.start_execution(stateMachineArn=small.outputs["Machine"], input='{"sleep": 5}')
    described = execution(small, started["executionArn"])
    assert (described["status"], described["error"]) == ("FAILED", "Sandbox.Timedout")


def test_an_event_that_takes_too_long_is_a_dead_letter(small):
    invoke(small, "one-brief", {"sleep": 5}, InvocationType="Event")
    letter, = letters(small)
    assert letter["responsePayload"]["errorType"] == "Sandbox.Timedout"
    assert letter["requestPayload"] == {"sleep": 5}


def throttled(standin, function, count, seconds=1.5):
    """Of so many calls at once, how many were refused; each has the reason of the account or the function."""
    def ask(_):
        try:
            return invoke(standin, function, {"sleep": seconds})[0]
        except ClientError as error:
            assert (error.response["Error"]["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"]) == (
                "TooManyRequestsException", 429)
            return error.response["Reason"]
    with ThreadPoolExecutor(count) as pool:
        answers = list(pool.map(ask, range(count)))
    return sorted(filter(None, answers))


def test_a_function_has_no_more_than_its_reserved_concurrency(small):
    assert throttled(small, "one-reserved", 3) == ["ReservedFunctionConcurrentInvocationLimitExceeded"] * 2


def test_the_others_share_what_is_left_of_the_account(small):
    small.switch(account_concurrency=3)  # one of it is reserved
    try:
        with ThreadPoolExecutor(1) as pool:
            refused = pool.submit(throttled, small, "one-others", 4)
            time.sleep(0.7)
            # The reserved one is there whatever the others do.
            assert invoke(small, "one-reserved", {})[0] is None
            assert refused.result() == ["ConcurrentInvocationLimitExceeded"] * 2
    finally:
        small.switch(account_concurrency=0)


def test_events_wait_for_concurrency_and_none_is_lost(small):
    known = len(small.client("s3").list_objects_v2(Bucket="small", Prefix="events/").get("Contents", []))
    small.switch(account_concurrency=2)
    try:
        for number in range(6):
            invoke(small, "one-others", {"sleep": 0.3, "waited": number}, InvocationType="Event")
        small.wait_until(lambda: small.client("s3").list_objects_v2(Bucket="small", Prefix="events/")["KeyCount"] == known + 6,
                         "all six")
    finally:
        small.switch(account_concurrency=0)
    left = small.client("sqs").get_queue_attributes(QueueUrl=small.outputs["Letters"], AttributeNames=["All"])
    assert left["Attributes"]["ApproximateNumberOfMessages"] == "0"  # a throttle is no failed attempt


def test_a_machine_is_told_of_the_throttle(small):
    sfn = small.client("stepfunctions")
    small.switch(account_concurrency=2)
    try:
        with ThreadPoolExecutor(1) as pool:
            busy = pool.submit(invoke, small, "one-others", {"sleep": 2})
            time.sleep(0.7)
            started = sfn.start_execution(stateMachineArn=small.outputs["Machine"], input="{}")
            described = execution(small, started["executionArn"])
            busy.result()
    finally:
        small.switch(account_concurrency=0)
    assert (described["status"], described["error"]) == ("FAILED", "Lambda.TooManyRequestsException")


# Stacks

def test_a_second_stack_has_everything_of_its_own(small):
    outputs, resources = small.deploy("two", parameters={"Bucket": "second", "ScheduleName": "hourly-of-two"})
    assert outputs["Machine"] != small.outputs["Machine"]
    assert not set(resources.values()) & set(small.resources.values())
    sfn = small.client("stepfunctions")
    assert sfn.start_execution(stateMachineArn=outputs["Machine"], input='{"who": "two"}')["executionArn"].count("two-machine")
    assert invoke(small, "two-brief", {"who": "two"})[1]["pid"] != invoke(small, "one-brief", {})[1]["pid"]
    names = {one["Name"] for one in small.client("scheduler").list_schedules()["Schedules"]}
    assert {"hourly", "hourly-of-two"} <= names


def test_a_schedule_of_another_stack_is_not_taken(small):
    with pytest.raises(DeployError, match="Schedule hourly already exists in schedule group default.*ConflictException"):
        small.deploy("three", parameters={"Bucket": "third"})
    with pytest.raises(ClientError, match="ConflictException"):
        small.client("scheduler").create_schedule(
            Name="hourly", ScheduleExpression="rate(1 hour)", FlexibleTimeWindow={"Mode": "OFF"},
            Target={"Arn": small.outputs["Machine"], "RoleArn": "arn:aws:iam::000000000000:role/scheduler"})


def test_a_bucket_of_another_stack_is_not_taken(small):
    with pytest.raises(DeployError, match="Validation failed with 1 error"):
        small.deploy("four", parameters={"ScheduleName": "hourly-of-four"})


def test_a_name_that_is_too_long_is_refused_at_deployment(small):
    with pytest.raises(DeployError, match="at 'name' failed to satisfy constraint: Member must have length less than or equal to 80"):
        small.deploy("x" * 41, parameters={"Bucket": "fifth", "ScheduleName": "hourly-of-five"})


def test_a_switch_that_nobody_knows_is_refused(small):
    with pytest.raises(ValueError, match="unknown switch 'gravity'"):
        small.switch(gravity=1)
    with pytest.raises(ValueError, match="transform_outputs is 'elsewhere'; known: relative, name, subfolder"):
        small.switch(transform_outputs="elsewhere")
    with pytest.raises(ValueError, match="s3_latency is -1"):
        small.switch(s3_latency=-1)
    with pytest.raises(TypeError, match="no switch gravity"):
        Standin(gravity=1)
