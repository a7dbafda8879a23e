"""Faults on request: taken as often as asked, then gone; and everything ends with who asked for it."""
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


def test_a_fault_that_nobody_knows_is_refused(aws):
    with pytest.raises(ValueError, match="unknown fault kind"):
        aws._fault(kind="earthquake")
