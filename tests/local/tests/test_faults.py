"""Faults on request: taken as often as asked, then gone; and everything ends with who asked for it."""
import json
import time

import pytest
from botocore.exceptions import ClientError


def error(call, **params):
    with pytest.raises(ClientError) as refused:
        call(**params)
    answer = refused.value.response
    return answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]


def test_a_call_is_throttled_twice(aws, sagemaker):
    aws.fail_call("ListEndpoints", times=2)
    assert error(sagemaker.list_endpoints) == ("ThrottlingException", 400)
    assert error(sagemaker.list_endpoints) == ("ThrottlingException", 400)
    assert "Endpoints" in sagemaker.list_endpoints()


def test_s3_is_out_for_one_key(aws):
    s3 = aws.client("s3")
    aws.fail_call("PutObject", error="ServiceUnavailable", status=503, match="faults/a")
    s3.put_object(Bucket="data", Key="faults/b", Body=b"")
    assert error(s3.put_object, Bucket="data", Key="faults/a", Body=b"") == ("ServiceUnavailable", 503)
    s3.put_object(Bucket="data", Key="faults/a", Body=b"")


def test_other_services_are_known_by_their_operations(aws):
    for service, operation, call in (("sns", "ListTopics", "list_topics"), ("stepfunctions", "ListStateMachines",
                                     "list_state_machines"), ("cloudwatch", "DescribeAlarms", "describe_alarms")):
        aws.fail_call(operation, error="InternalFailure", status=500)
        assert error(getattr(aws.client(service), call))[1] == 500


def test_a_call_is_delayed(aws, sagemaker):
    aws.delay_call("ListModels", 0.3)
    started = time.monotonic()
    sagemaker.list_models()
    assert time.monotonic() - started >= 0.3


def test_a_function_fails_with_the_type_asked_for(aws):
    aws.fail_function("echo", "Pawl.Unavailable", "no bucket")
    client = aws.client("lambda")
    answer = client.invoke(FunctionName="echo", Payload=b"{}")
    assert (answer["FunctionError"], b"Pawl.Unavailable" in answer["Payload"].read()) == ("Unhandled", True)
    assert "FunctionError" not in client.invoke(FunctionName="echo", Payload=b"{}")


def test_a_call_takes_effect_and_its_answer_is_lost(aws):
    s3 = aws.client("s3")
    aws.fail_call("PutObject", error="InternalError", status=500, match="faults/lost", when="after")
    assert error(s3.put_object, Bucket="data", Key="faults/lost", Body=b"1") == ("InternalError", 500)
    assert s3.get_object(Bucket="data", Key="faults/lost")["Body"].read() == b"1"


@pytest.mark.parametrize("when, kept", [("before", 0), ("after", 1)])
def test_a_function_is_killed_in_the_middle_of_a_call(aws, when, kept):
    event = {"killed": when}

    def keep():
        """Let the function `keeper` put the event into S3; its answer."""
        return client.invoke(FunctionName="keeper", Payload=json.dumps(event).encode())

    def objects():
        found = s3.list_objects_v2(Bucket="kept", Prefix="events/").get("Contents", [])
        bodies = [s3.get_object(Bucket="kept", Key=one["Key"])["Body"].read() for one in found]
        return sum(json.loads(body) == event for body in bodies)

    client, s3 = aws.client("lambda"), aws.client("s3")
    before = json.loads(keep()["Payload"].read())
    aws.kill_function("keeper", "PutObject", when, match=json.dumps(event))
    aws.kill_function("echo", "PutObject")  # another function's
    answer = keep()
    assert (answer["FunctionError"], json.loads(answer["Payload"].read())["errorType"]) == ("Unhandled", "Runtime.ExitError")
    assert objects() == 1 + kept
    assert [fault["function"] for fault in aws.pending_faults()] == ["echo"]
    aws.clear_faults()

    # The next invocation has a process of its own, and ends as if nothing had happened.
    after = json.loads(keep()["Payload"].read())
    assert after["pid"] != before["pid"]
    assert objects() == 2 + kept


def test_what_a_function_calls_is_known(aws):
    known = len(aws.calls())
    aws.client("lambda").invoke(FunctionName="keeper", Payload=b'{"known": 1}')
    aws.client("s3").list_objects_v2(Bucket="kept")  # nobody's function
    # An alarm's or the clock's event may come to it meanwhile.
    call, = [call for call in aws.calls()[known:] if call["function"] == "keeper" and call["body"] == '{"known": 1}']
    assert (call["operation"], call["path"].split("/")[1], call["status"]) == ("PutObject", "kept", 200)
    assert time.time() - 60 < call["at"] <= time.time()


def test_a_moment_that_nobody_knows_is_refused(aws):
    with pytest.raises(ValueError, match="when is 'meanwhile'; known: before, after"):
        aws.kill_function("echo", "PutObject", when="meanwhile")


def test_faults_are_forgotten_by_their_match(aws):
    for match in ("one/a", "two/b"):
        aws.fail_call("PutObject", match=match)
    aws.clear_faults("one/")
    assert [fault["match"] for fault in aws.pending_faults()] == ["two/b"]
    aws.clear_faults()
    assert aws.pending_faults() == []


def test_a_fault_that_nobody_knows_is_refused(aws):
    with pytest.raises(ValueError, match="unknown fault kind"):
        aws._fault(kind="earthquake")
