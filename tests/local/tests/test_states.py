"""The interpreter: what state machines may ask for, one small machine each."""
import json
import re
import time

import pytest
from conftest import ROLE, execution, training_job

J = {"QueryLanguage": "JSONata"}
LAMBDA = "arn:aws:states:::lambda:invoke"


@pytest.fixture
def run(aws, request):
    """Create a machine of these states, run it, return its description with parsed output."""
    states = aws.client("stepfunctions")

    def start(machine, data=None, name="one"):
        title = re.sub(r"[^\w-]", "-", f"{request.node.name[:60]}-{time.monotonic_ns()}")
        arn = states.create_state_machine(name=title[:80], definition=json.dumps(J | machine),
                                          roleArn=ROLE)["stateMachineArn"]
        return states.start_execution(stateMachineArn=arn, name=name, input=json.dumps(data or {}))["executionArn"]

    def finish(machine, data=None):
        done = execution(aws, start(machine, data))
        if done["status"] == "SUCCEEDED":
            done["output"] = json.loads(done["output"])
        return done
    finish.start = start
    return finish


def one(state):
    """A machine of this state, which ends."""
    end = {} if state["Type"] in ("Succeed", "Fail", "Choice") else {"End": True}
    return {"StartAt": "S", "States": {"S": state | end}}


def invoke(payload, **more):
    return {"Type": "Task", "Resource": LAMBDA, "Arguments": {"FunctionName": "echo", "Payload": payload}} | more


def test_values_variables_and_context(run):
    done = run({"StartAt": "A", "States": {
        "A": {"Type": "Pass", "Assign": {"n": "{% $states.input.n + 1 %}", "none": None}, "Output": {"kept": 1},
              "Next": "B"},
        "B": {"Type": "Succeed", "Output": {
            "n": "{% $n %}", "in": "{% $states.input %}", "name": "{% $states.context.Execution.Name %}",
            "given": "{% $states.context.Execution.Input.n %}", "state": "{% $states.context.State.Name %}",
            "none": "{% $none %}", "same": "{% $states.context.Execution.StartTime != '' %}"}}}}, {"n": 4})
    assert done["output"] == {"n": 5, "in": {"kept": 1}, "name": "one", "given": 4, "state": "B", "none": None,
                              "same": True}


def test_choice_assigns_and_falls_through(run):
    def chosen(n):
        return run({"StartAt": "C", "States": {
            "C": {"Type": "Choice", "Choices": [
                {"Condition": "{% $states.input.n > 3 %}", "Assign": {"size": "big"}, "Next": "E"}],
                "Assign": {"size": "small"}, "Default": "E"},
            "E": {"Type": "Pass", "Output": "{% $size %}", "End": True}}}, {"n": n})["output"]
    assert (chosen(4), chosen(3)) == ("big", "small")


def test_fail_names_its_error(run):
    done = run(one({"Type": "Fail", "Error": "{% 'Pawl.' & $states.input.n %}", "Cause": "because"}), {"n": "Busy"})
    assert (done["status"], done["error"], done["cause"]) == ("FAILED", "Pawl.Busy", "because")


@pytest.mark.parametrize("expression", ["{% $states.input.nothing %}", "{% 1 + 'a' %}", "{% $nobody(1) %}"])
def test_a_bad_expression_is_a_query_evaluation_error(run, expression):
    done = run(one({"Type": "Pass", "Output": expression}))
    assert done["error"] == "States.QueryEvaluationError"


def test_a_payload_that_is_too_large_ends_the_execution(run):
    done = run({"StartAt": "A", "States": {
        "A": {"Type": "Pass", "Output": "{% $pad('', 300000, 'x') %}", "Next": "B"},
        "B": {"Type": "Succeed"}}})
    assert done["error"] == "States.DataLimitExceeded"


def test_a_function_that_fails_names_its_error_and_can_be_caught(run):
    done = run({"StartAt": "A", "States": {
        "A": invoke({"fail": "Pawl.Conflict"}, End=True, Catch=[
            {"ErrorEquals": ["Pawl.Unavailable"], "Next": "Wrong"},
            {"ErrorEquals": ["States.TaskFailed"], "Next": "B", "Assign": {"error": "{% $states.errorOutput.Error %}"},
             "Output": {"cause": "{% $parse($states.errorOutput.Cause).errorMessage %}"}}]),
        "B": {"Type": "Succeed", "Output": {"error": "{% $error %}", "cause": "{% $states.input.cause %}"}},
        "Wrong": {"Type": "Fail"}}})
    assert done["output"] == {"error": "Pawl.Conflict", "cause": "asked to fail"}


def test_retries_stop_when_the_fault_has_passed(aws, run):
    aws.fail_function("echo", "Pawl.Unavailable", times=2)
    done = run(one(invoke({"a": 1}, Output="{% $states.result.Payload.event.a + $states.context.State.RetryCount %}",
                          Retry=[{"ErrorEquals": ["Pawl.Unavailable"], "IntervalSeconds": 1, "MaxAttempts": 3,
                                  "BackoffRate": 2, "MaxDelaySeconds": 2, "JitterStrategy": "FULL"}])))
    assert done["output"] == 3


def test_a_retrier_gives_up_after_its_attempts(aws, run):
    aws.fail_function("echo", "Pawl.Unavailable", times=3)
    done = run(one(invoke({}, Retry=[{"ErrorEquals": ["States.ALL"], "MaxAttempts": 2}])))
    assert (done["status"], done["error"]) == ("FAILED", "Pawl.Unavailable")


def test_a_throttled_function_has_the_services_name(aws, run):
    aws.fail_call("Invoke", error="TooManyRequestsException", status=429, match="echo")
    assert run(one(invoke({})))["error"] == "Lambda.TooManyRequestsException"


def test_a_missing_function(run):
    state = {"Type": "Task", "Resource": LAMBDA, "Arguments": {"FunctionName": "nobody", "Payload": {}}}
    assert run(one(state))["error"] == "Lambda.ResourceNotFoundException"


def test_parallel_branches_have_their_own_variables(run):
    branch = {"StartAt": "P", "States": {"P": {"Type": "Pass", "Assign": {"v": "{% $states.input %}"}, "Next": "Q"},
                                         "Q": {"Type": "Succeed", "Output": "{% $v * 2 %}"}}}
    done = run({"StartAt": "A", "States": {
        "A": {"Type": "Pass", "Assign": {"v": 1}, "Next": "B"},
        "B": {"Type": "Parallel", "Arguments": "{% $states.input.n %}", "Branches": [branch, branch],
              "Output": {"both": "{% $states.result %}"}, "Assign": {"sum": "{% $sum($states.result) %}"}, "Next": "C"},
        "C": {"Type": "Succeed", "Output": {"in": "{% $states.input %}", "sum": "{% $sum %}", "v": "{% $v %}"}}}},
        {"n": 21})
    assert done["output"] == {"in": {"both": [42, 42]}, "sum": 84, "v": 1}


def test_a_failing_branch_ends_its_sibling(aws, run):
    waits = {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 600, "End": True}}}
    fails = {"StartAt": "F", "States": {"F": {"Type": "Fail", "Error": "Pawl.Broken"}}}
    done = run({"StartAt": "A", "States": {
        "A": {"Type": "Parallel", "Branches": [waits, fails], "End": True,
              "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "B"}]},
        "B": {"Type": "Succeed", "Output": "{% $states.input.Error %}"}}})
    assert done["output"] == "Pawl.Broken"


def test_an_inline_map_selects_items_in_order(run):
    done = run(one({"Type": "Map", "Items": "{% $states.input.items %}", "MaxConcurrency": "{% 2 %}",
                    "ItemSelector": {"n": "{% $states.context.Map.Item.Value %}",
                                     "i": "{% $states.context.Map.Item.Index %}"},
                    "ItemProcessor": {"StartAt": "S", "States": {
                        "S": {"Type": "Succeed", "Output": "{% $states.input.n * 10 + $states.input.i %}"}}}}),
               {"items": [5, 6, 7]})
    assert done["output"] == [50, 61, 72]


def distributed(processor, **more):
    return {"Type": "Map", "ItemReader": {
        "Resource": "arn:aws:states:::s3:getObject", "ReaderConfig": {"InputType": "JSON"},
        "Arguments": {"Bucket": "data", "Key": "{% $states.input.key %}"}},
        "ItemProcessor": {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, **processor}} | more


@pytest.fixture
def items(aws):
    aws.client("s3").put_object(Bucket="data", Key="items.json", Body=json.dumps([{"n": n} for n in range(5)]))
    return {"key": "items.json"}


def test_a_distributed_map_batches_and_writes_its_results(aws, run, items):
    done = run({"StartAt": "M", "States": {"M": distributed(
        {"StartAt": "E", "States": {"E": invoke("{% $states.input %}", Output="{% $states.result.Payload.event %}",
                                                End=True)}},
        ItemSelector={"n": "{% $states.context.Map.Item.Value.n %}", "key": "{% $states.input.key %}"},
        ItemBatcher={"MaxItemsPerBatch": 2, "BatchInput": {"shared": "{% $states.input.key %}"}}, MaxConcurrency=2,
        ToleratedFailurePercentage=0,
        ResultWriter={"Resource": "arn:aws:states:::s3:putObject",
                      "Arguments": {"Bucket": "data", "Prefix": "results"}}, End=True)}}, items)
    assert done["status"] == "SUCCEEDED", done.get("cause")
    where = done["output"]["ResultWriterDetails"]
    s3 = aws.client("s3")
    manifest = json.loads(s3.get_object(Bucket=where["Bucket"], Key=where["Key"])["Body"].read())
    assert where["Key"].startswith("results/")
    assert manifest["ResultFiles"]["FAILED"] == []
    written = manifest["ResultFiles"]["SUCCEEDED"][0]["Key"]
    children = json.loads(s3.get_object(Bucket="data", Key=written)["Body"].read())
    inputs = [json.loads(child["Input"]) for child in children]
    assert [len(given["Items"]) for given in inputs] == [2, 2, 1]
    assert inputs[0] == {"BatchInput": {"shared": "items.json"}, "Items": [
        {"n": 0, "key": "items.json"}, {"n": 1, "key": "items.json"}]}
    states = aws.client("stepfunctions")
    described = states.describe_map_run(mapRunArn=manifest["MapRunArn"])
    assert (described["status"], described["itemCounts"]["succeeded"]) == ("SUCCEEDED", 3)


def test_a_distributed_map_tolerates_some_failures(run, items):
    processor = {"StartAt": "C", "States": {
        "C": {"Type": "Choice", "Choices": [{"Condition": "{% $states.input.n = 2 %}", "Next": "F"}], "Default": "S"},
        "F": {"Type": "Fail", "Error": "Pawl.Two"}, "S": {"Type": "Succeed", "Output": "{% $states.input.n %}"}}}
    tolerant = run({"StartAt": "M", "States": {"M": distributed(processor, ToleratedFailureCount=1, End=True)}}, items)
    assert tolerant["output"] == [0, 1, 3, 4]
    strict = run({"StartAt": "M", "States": {"M": distributed(processor, End=True)}}, items)
    assert strict["error"] == "States.ExceedToleratedFailureThreshold"
    assert "Pawl.Two" in strict["cause"]


def test_children_do_not_see_the_parents_variables(run, items):
    done = run({"StartAt": "A", "States": {
        "A": {"Type": "Pass", "Assign": {"v": 1}, "Next": "M"},
        "M": distributed({"StartAt": "S", "States": {"S": {"Type": "Succeed", "Output": "{% $v %}"}}}, End=True)}},
        items)
    assert done["error"] == "States.ExceedToleratedFailureThreshold"
    assert "States.QueryEvaluationError" in done["cause"]


def test_a_missing_items_file(run):
    machine = one(distributed({"StartAt": "S", "States": {"S": {"Type": "Succeed"}}}))
    assert run(machine, {"key": "nothing.json"})["error"] == "States.ItemReaderFailed"


def token_task(**more):
    return {"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:s3:putObject.waitForTaskToken", "Arguments": {
        "Bucket": "data", "Key": "{% 'questions/' & $states.context.Execution.Name & '.json' %}",
        "Body": {"token": "{% $states.context.Task.Token %}"}}} | more


def token(aws, name):
    def read():
        try:
            return json.loads(aws.client("s3").get_object(Bucket="data", Key=f"questions/{name}.json")["Body"].read())
        except aws.client("s3").exceptions.NoSuchKey:
            return None
    return aws.wait_until(read, "the question")["token"]


def test_a_task_token_written_to_s3_is_answered(aws, run):
    states = aws.client("stepfunctions")
    arn = run.start(one(token_task(TimeoutSeconds=60)), name="answered")
    states.send_task_success(taskToken=token(aws, "answered"), output='{"answer": "approve"}')
    assert json.loads(execution(aws, arn)["output"]) == {"answer": "approve"}
    arn = run.start(one(token_task()), name="declined")
    states.send_task_failure(taskToken=token(aws, "declined"), error="Pawl.Declined", cause="no")
    assert execution(aws, arn)["error"] == "Pawl.Declined"
    with pytest.raises(states.exceptions.TaskDoesNotExist):
        states.send_task_success(taskToken=token(aws, "answered"), output="{}")


def test_a_machine_answers_another_machines_token(aws, run):
    arn = run.start(one(token_task()), name="by-machine")
    done = run({"StartAt": "G", "States": {
        "G": {"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:s3:getObject", "Next": "A",
              "Arguments": {"Bucket": "data", "Key": "questions/by-machine.json"},
              "Output": "{% $parse($states.result.Body) %}",
              "Retry": [{"ErrorEquals": ["S3.NoSuchKeyException"], "IntervalSeconds": 1, "BackoffRate": 1,
                         "MaxAttempts": 50}]},
        "A": {"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:sfn:sendTaskSuccess", "End": True,
              "Arguments": {"TaskToken": "{% $states.input.token %}", "Output": "{% $string({'by': 'machine'}) %}"}}}})
    assert done["status"] == "SUCCEEDED", done.get("cause")
    assert json.loads(execution(aws, arn)["output"]) == {"by": "machine"}


def test_tokens_time_out_and_want_heartbeats(run):
    caught = [{"ErrorEquals": [f"States.{name}"], "Next": name[0]} for name in ("HeartbeatTimeout", "Timeout")]
    ends = {"H": {"Type": "Succeed", "Output": "heartbeat"}, "T": {"Type": "Succeed", "Output": "timeout"}}

    def machine(**limits):
        return {"StartAt": "S", "States": {"S": token_task(Catch=caught, End=True, **limits)} | ends}
    assert run(machine(TimeoutSeconds="{% 1 %}"))["output"] == "timeout"
    assert run(machine(TimeoutSeconds=30, HeartbeatSeconds=1))["output"] == "heartbeat"


def test_sns_and_lambda_carry_tokens(aws, run):
    queue = aws.client("sqs").get_queue_url(QueueName="notices")["QueueUrl"]
    topic = aws.client("sns").list_topics()["Topics"][0]["TopicArn"]
    arn = run.start(one({"Type": "Task", "Resource": "arn:aws:states:::sns:publish.waitForTaskToken", "Arguments": {
        "TopicArn": topic, "Message": {"ask": 9, "token": "{% $states.context.Task.Token %}"}}}))

    def asked():
        for message in aws.client("sqs").receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", []):
            body = json.loads(message["Body"])
            if body.get("ask") == 9:
                return body["token"]
        return None
    aws.client("stepfunctions").send_task_success(taskToken=aws.wait_until(asked, "the message"), output="1")
    assert execution(aws, arn)["output"] == "1"
    state = {"Type": "Task", "Resource": f"{LAMBDA}.waitForTaskToken", "TimeoutSeconds": 1, "Arguments": {
        "FunctionName": "echo", "Payload": {"token": "{% $states.context.Task.Token %}"}}}
    assert run(one(state))["error"] == "States.Timeout"


def test_a_training_job_that_fails_is_a_failed_task_with_its_description(run):
    job = training_job(f"sync-{time.monotonic_ns()}", {"fail": "no label"})
    done = run(one({"Type": "Task", "Resource": "arn:aws:states:::sagemaker:createTrainingJob.sync", "Arguments": job}))
    assert done["error"] == "States.TaskFailed"
    assert json.loads(done["cause"])["FailureReason"] == "AlgorithmError: no label, exit code: 3"


def test_stopping_an_execution_stops_its_training_job(aws, run, sagemaker):
    name = f"stop-{time.monotonic_ns()}"
    arn = run.start(one({"Type": "Task", "Resource": "arn:aws:states:::sagemaker:createTrainingJob.sync",
                         "Arguments": training_job(name, {"sleep": "60"})}))
    aws.wait_until(lambda: sagemaker.list_training_jobs(NameContains=name)["TrainingJobSummaries"], "the job")
    aws.client("stepfunctions").stop_execution(executionArn=arn)
    assert execution(aws, arn)["status"] == "ABORTED"
    aws.wait_until(lambda: sagemaker.describe_training_job(TrainingJobName=name)["TrainingJobStatus"] == "Stopped")


def test_an_execution_times_out(run):
    done = run(one({"Type": "Wait", "Seconds": 600}) | {"TimeoutSeconds": 1})
    assert done["status"] == "TIMED_OUT"


def test_api_errors_have_step_functions_names(run):
    def error(resource, arguments):
        return run(one({"Type": "Task", "Resource": resource, "Arguments": arguments}))["error"]
    sdk = "arn:aws:states:::aws-sdk"
    assert error(f"{sdk}:sagemaker:describeEndpoint", {"EndpointName": "nobody"}) == "SageMaker.SageMakerException"
    assert error("arn:aws:states:::sagemaker:createModel", {"ModelName": "m", "ExecutionRoleArn": ROLE}) \
        == "SageMaker.AmazonSageMakerException"
    assert error(f"{sdk}:s3:getObject", {"Bucket": "data", "Key": "nobody"}) == "S3.NoSuchKeyException"
    assert error(f"{sdk}:sfn:sendTaskSuccess", {"TaskToken": "nobody", "Output": "1"}) \
        == "Sfn.TaskDoesNotExistException"
    assert error(f"{sdk}:s3:putObject", {"Bukket": "data", "Key": "k"}) == "States.Runtime"
    assert error(f"{sdk}:s3:putObject", {"Bucket": "data", "Key": "train/a.csv", "Body": "x", "IfNoneMatch": "*"}) \
        == "S3.S3Exception"
    assert error("arn:aws:states:::glue:startJobRun", {}) == "States.Runtime"


def test_events_and_metrics_from_a_machine(aws, run):
    done = run({"StartAt": "E", "States": {
        "E": {"Type": "Task", "Resource": "arn:aws:states:::events:putEvents", "Next": "M", "Arguments": {
            "Entries": [{"Source": "pawl", "DetailType": "Gate", "Detail": {"a": 1}}]}},
        "M": {"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:cloudwatch:putMetricData", "End": True,
              "Output": {}, "Arguments": {"Namespace": "Pawl", "MetricData": [{"MetricName": "Runs", "Value": 1}]}}}})
    assert done["output"] == {}


def test_a_machine_starts_a_machine_and_waits(aws, run):
    states = aws.client("stepfunctions")
    child = states.create_state_machine(name=f"child-{time.monotonic_ns()}", roleArn=ROLE,
                                        definition=json.dumps(J | one({"Type": "Succeed", "Output": {"child": 1}})))
    done = run(one({"Type": "Task", "Resource": "arn:aws:states:::states:startExecution.sync:2", "Output":
                    "{% $states.result.Output %}", "Arguments": {
                        "StateMachineArn": child["stateMachineArn"], "Input": {"a": 1}}}))
    assert done["output"] == {"child": 1}, done.get("cause")


def test_starting_by_name_is_idempotent_only_while_it_runs(aws, run):
    states = aws.client("stepfunctions")
    arn = run.start(one({"Type": "Wait", "Seconds": "{% $states.input.s %}"}), {"s": 600}, name="generation-1")
    machine = states.describe_execution(executionArn=arn)["stateMachineArn"]
    again = states.start_execution(stateMachineArn=machine, name="generation-1", input='{"s":600}')
    assert again["executionArn"] == arn
    with pytest.raises(states.exceptions.ExecutionAlreadyExists):
        states.start_execution(stateMachineArn=machine, name="generation-1", input='{"s": 11}')
    states.stop_execution(executionArn=arn)
    execution(aws, arn)
    with pytest.raises(states.exceptions.ExecutionAlreadyExists):
        states.start_execution(stateMachineArn=machine, name="generation-1", input='{"s":600}')


def test_jsonpath_machines_are_refused(aws):
    states = aws.client("stepfunctions")
    arn = states.create_state_machine(name="old-style", roleArn=ROLE, definition=json.dumps(
        {"StartAt": "S", "States": {"S": {"Type": "Succeed"}}}))["stateMachineArn"]
    started = states.start_execution(stateMachineArn=arn)
    assert "JSONata" in execution(aws, started["executionArn"])["cause"]


def test_the_end_of_an_execution_is_told(aws, run):
    arn = run.start(one({"Type": "Fail", "Error": "Pawl.Told", "Cause": "why"}), {"model": "m"}, name="m-1")
    s3 = aws.client("s3")

    def told():
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket="kept", Prefix="events/")
        keys = [item["Key"] for page in pages for item in page.get("Contents", [])]
        events = [json.loads(s3.get_object(Bucket="kept", Key=key)["Body"].read()) for key in keys]
        return [event for event in events if event.get("detail", {}).get("executionArn") == arn
                and event["detail"]["status"] == "FAILED"]
    event = aws.wait_until(told, "the event")[0]
    assert event["detail-type"] == "Step Functions Execution Status Change"
    detail = event["detail"]
    assert (detail["name"], json.loads(detail["input"]), detail["error"]) == ("m-1", {"model": "m"}, "Pawl.Told")
