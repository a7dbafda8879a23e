"""What is told to others: events of SageMaker, alarms in three shapes, schedules, retries and dead letters."""
import json
import re
import time

from conftest import IMAGE, ROLE, trained

STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+0000")


def given(aws):
    """Everything that the function `keeper` was given."""
    s3 = aws.client("s3")
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket="kept", Prefix="events/")
    return [json.loads(s3.get_object(Bucket="kept", Key=item["Key"])["Body"].read())
            for page in pages for item in page.get("Contents", [])]


def kept(aws, detail_type, wanted=lambda event: True):
    """Of this, the events of one kind."""
    found = [event for event in given(aws) if event.get("detail-type", event.get("source")) == detail_type]
    return [event for event in found if wanted(event)]


def put(aws, name, *values, endpoint="one"):
    """In one call, so that all are of one period."""
    aws.client("cloudwatch").put_metric_data(Namespace="Fixture", MetricData=[
        {"MetricName": name, "Value": value, "Dimensions": [{"Name": "Endpoint", "Value": endpoint}]} for value in values])


def state(aws, alarm):
    return aws.client("cloudwatch").describe_alarms(AlarmNames=[alarm])["MetricAlarms"][0]


def alarm(aws, name, metric, **changes):
    statistic = {} if "ExtendedStatistic" in changes else {"Statistic": "Sum"}
    aws.client("cloudwatch").put_metric_alarm(**statistic | {
        "AlarmName": name, "Namespace": "Fixture", "MetricName": metric, "Period": 10,
        "EvaluationPeriods": 1, "Threshold": 2, "ComparisonOperator": "GreaterThanThreshold",
        "Dimensions": [{"Name": "Endpoint", "Value": "one"}], "TreatMissingData": "notBreaching"} | changes)


def test_a_training_job_tells_every_step(aws):
    trained(aws, "told")

    def all_steps():
        events = kept(aws, "SageMaker Training Job State Change", lambda e: e["detail"]["TrainingJobName"] == "told")
        return events if len(events) >= 5 else None
    events = aws.wait_until(all_steps, "the events")
    assert {e["detail"]["SecondaryStatus"] for e in events} == {
        "Starting", "Downloading", "Training", "Uploading", "Completed"}
    last = next(e for e in events if e["detail"]["TrainingJobStatus"] == "Completed")
    assert last["source"] == "aws.sagemaker"
    assert last["resources"] == [last["detail"]["TrainingJobArn"]]
    assert isinstance(last["detail"]["TrainingEndTime"], int)


def test_an_approval_in_the_registry_is_told(aws, sagemaker):
    sagemaker.create_model_package_group(ModelPackageGroupName="approvals")
    package = sagemaker.create_model_package(
        ModelPackageGroupName="approvals", ModelApprovalStatus="PendingManualApproval",
        CustomerMetadataProperties={"dataset": "v1"},
        InferenceSpecification={"Containers": [{"Image": "fixture"}], "SupportedContentTypes": ["text/csv"],
                                "SupportedResponseMIMETypes": ["text/csv"]})["ModelPackageArn"]
    sagemaker.update_model_package(ModelPackageArn=package, ModelApprovalStatus="Approved",
                                   ApprovalDescription="looks right", CustomerMetadataProperties={"by": "me"})
    described = sagemaker.describe_model_package(ModelPackageName=package)
    assert described["ModelApprovalStatus"] == "Approved"
    assert described["CustomerMetadataProperties"] == {"dataset": "v1", "by": "me"}
    assert [p["ModelPackageArn"] for p in sagemaker.list_model_packages(
        ModelPackageGroupName="approvals", ModelApprovalStatus="Approved")["ModelPackageSummaryList"]] == [package]
    event = aws.wait_until(lambda: kept(
        aws, "SageMaker Model Package State Change",
        lambda e: e["detail"]["ModelPackageArn"] == package and e["detail"]["ModelApprovalStatus"] == "Approved"))[0]
    assert event["detail"]["ModelPackageVersion"] == 1


def test_an_endpoint_tells_its_status_in_another_spelling(aws, sagemaker, archive):
    sagemaker.create_model(ModelName="told", ExecutionRoleArn=ROLE,
                           PrimaryContainer={"Image": IMAGE, "ModelDataUrl": archive})
    sagemaker.create_endpoint_config(EndpointConfigName="told", ProductionVariants=[
        {"VariantName": "main", "ModelName": "told", "InitialInstanceCount": 1, "InstanceType": "ml.m5.large"}])
    sagemaker.create_endpoint(EndpointName="told", EndpointConfigName="told", Tags=[{"Key": "pawl", "Value": "yes"}])

    def in_service():
        return kept(aws, "SageMaker Endpoint State Change", lambda e: e["detail"]["EndpointName"] == "told"
                    and e["detail"]["EndpointStatus"] == "IN_SERVICE")
    detail = aws.wait_until(in_service, "the endpoint's event")[0]["detail"]
    assert detail["EndpointConfigName"] == "told"
    assert detail["Tags"] == {"pawl": "yes"}
    assert detail["ProductionVariants"][0]["CurrentInstanceCount"] == 1
    sagemaker.delete_endpoint(EndpointName="told")


def test_an_alarm_tells_event_function_and_topic_with_one_timestamp(aws):
    aws.wait_until(lambda: state(aws, "errors")["StateValue"] == "OK", "the alarm to be OK")
    sqs = aws.client("sqs")
    queue = sqs.get_queue_url(QueueName="notices")["QueueUrl"]
    put(aws, "Errors", 5, endpoint="another")
    put(aws, "Errors", 1.5, 1.5)
    described = aws.wait_until(
        lambda: (a := state(aws, "errors"))["StateValue"] == "ALARM" and a, "the alarm")
    assert described["StateTransitionedTimestamp"] == described["StateUpdatedTimestamp"]

    def copies():
        events = kept(aws, "CloudWatch Alarm State Change", lambda e: e["detail"]["alarmName"] == "errors"
                      and e["detail"]["state"]["value"] == "ALARM")
        calls = kept(aws, "aws.cloudwatch", lambda e: e["alarmData"]["alarmName"] == "errors"
                     and e["alarmData"]["state"]["value"] == "ALARM")
        return (events[0], calls[0]) if events and calls else None
    event, call = aws.wait_until(copies, "the alarm's copies")
    notice = aws.wait_until(lambda: sqs.receive_message(QueueUrl=queue).get("Messages"), "the notice")[0]
    message = json.loads(notice["Body"])

    detail = event["detail"]
    assert STAMP.fullmatch(detail["state"]["timestamp"])
    assert detail["state"]["timestamp"] == call["alarmData"]["state"]["timestamp"] == message["StateChangeTime"]
    assert event["resources"] == [call["alarmArn"]] == [message["AlarmArn"]]
    assert set(call) == {"source", "alarmArn", "accountId", "time", "region", "alarmData"}
    assert detail["previousState"]["value"] == message["OldStateValue"] == "OK"
    metric = detail["configuration"]["metrics"][0]["metricStat"]
    assert metric == {"metric": {"dimensions": {"Endpoint": "one"}, "name": "Errors", "namespace": "Fixture"},
                      "period": 10, "stat": "Sum"}
    data = json.loads(detail["state"]["reasonData"])
    assert (data["recentDatapoints"], data["threshold"], data["period"]) == ([3.0], 2.0, 10)
    assert STAMP.fullmatch(data["startDate"])


def test_an_alarm_by_hand_holds_for_a_period(aws):
    alarm(aws, "by-hand", "ByHand")
    aws.wait_until(lambda: state(aws, "by-hand")["StateValue"] == "OK")
    aws.client("cloudwatch").set_alarm_state(AlarmName="by-hand", StateValue="ALARM", StateReason="a drill")
    assert state(aws, "by-hand")["StateValue"] == "ALARM"
    events = aws.wait_until(lambda: kept(aws, "CloudWatch Alarm State Change", lambda e: e["detail"]["alarmName"]
                                         == "by-hand" and e["detail"]["state"]["value"] == "ALARM"))
    assert events[0]["detail"]["state"]["reason"] == "a drill"
    assert "reasonData" not in events[0]["detail"]["state"]


def test_missing_data_is_what_the_alarm_says_it_is(aws):
    for treat, expected in (("missing", "INSUFFICIENT_DATA"), ("breaching", "ALARM"), ("notBreaching", "OK")):
        alarm(aws, f"missing-{treat}", f"Nothing{treat}", TreatMissingData=treat)
        aws.wait_until(lambda t=treat, e=expected: state(aws, f"missing-{t}")["StateValue"] == e, treat)


def test_two_of_three_periods_and_a_percentile(aws):
    now = time.time()
    this_period = now - now % 10
    if now - this_period > 7:  # a period that ends soon would move the window under the test
        time.sleep(10 - (now - this_period))
        this_period += 10
    cloudwatch = aws.client("cloudwatch")
    dimensions = [{"Name": "Endpoint", "Value": "one"}]
    for age in (0, 20):
        cloudwatch.put_metric_data(Namespace="Fixture", MetricData=[
            {"MetricName": "Slow", "Timestamp": this_period - age + 0.5, "Dimensions": dimensions,
             "Values": [10.0, 1000.0], "Counts": [98.0, 2.0]}])
    alarm(aws, "p99", "Slow", ExtendedStatistic="p99", EvaluationPeriods=3, DatapointsToAlarm=2, Threshold=500)
    alarm(aws, "p50", "Slow", ExtendedStatistic="p50", EvaluationPeriods=3, DatapointsToAlarm=2, Threshold=500)
    aws.wait_until(lambda: state(aws, "p99")["StateValue"] == "ALARM", "p99")
    assert state(aws, "p50")["StateValue"] == "OK"


def test_an_alarm_on_metric_math(aws):
    dimensions = [{"Name": "Endpoint", "Value": "one"}]

    def query(identity, metric):
        return {"Id": identity, "ReturnData": False, "MetricStat": {"Period": 10, "Stat": "Sum", "Metric": {
            "Namespace": "Fixture", "MetricName": metric, "Dimensions": dimensions}}}
    aws.client("cloudwatch").put_metric_alarm(
        AlarmName="rate", EvaluationPeriods=1, Threshold=0.1, ComparisonOperator="GreaterThanThreshold",
        TreatMissingData="notBreaching", Metrics=[
            {"Id": "e", "Expression": "IF(asked >= 10, failed / asked, 0)", "Label": "rate"},
            query("failed", "Failed"), query("asked", "Asked")])
    put(aws, "Asked", 5)
    put(aws, "Failed", 5)
    aws.wait_until(lambda: state(aws, "rate")["StateValue"] == "OK", "too few requests")
    aws.client("cloudwatch").put_metric_data(Namespace="Fixture", MetricData=[
        {"MetricName": name, "Value": value, "Dimensions": dimensions} for name, value in (("Asked", 15), ("Failed", 5))])
    aws.wait_until(lambda: state(aws, "rate")["StateValue"] == "ALARM", "the rate")


def test_a_failing_asynchronous_invocation_is_retried_and_kept(aws):
    aws.client("lambda").invoke(FunctionName="keeper", InvocationType="Event",
                                Payload=json.dumps({"fail": "Fixture.Broken", "letter": 7}).encode())
    sqs = aws.client("sqs")
    queue = sqs.get_queue_url(QueueName="dead-letters")["QueueUrl"]
    letters = aws.wait_until(lambda: sqs.receive_message(QueueUrl=queue).get("Messages"), "the dead letter")
    assert "Fixture.Broken" in letters[0]["Body"]
    assert len([e for e in given(aws) if e.get("letter") == 7]) == 2


def test_a_function_that_fails_once_gets_its_event_again(aws):
    aws.fail_function("keeper", "Fixture.Once")
    aws.client("lambda").invoke(FunctionName="keeper", InvocationType="Event", Payload=b'{"again": 1}')
    aws.wait_until(lambda: [event for event in given(aws) if event.get("again") == 1], "the second attempt")


def test_a_dead_letter_trips_its_alarm(aws):
    sqs = aws.client("sqs")
    queue = sqs.create_queue(QueueName="letters")["QueueUrl"]
    aws.client("cloudwatch").put_metric_alarm(
        AlarmName="letters", Namespace="AWS/SQS", MetricName="ApproximateNumberOfMessagesVisible", Statistic="Maximum",
        Dimensions=[{"Name": "QueueName", "Value": "letters"}], Period=60, EvaluationPeriods=1, Threshold=0,
        ComparisonOperator="GreaterThanThreshold", TreatMissingData="notBreaching")
    aws.wait_until(lambda: state(aws, "letters")["StateValue"] == "OK", "an empty queue")
    sqs.send_message(QueueUrl=queue, MessageBody="x")
    aws.wait_until(lambda: state(aws, "letters")["StateValue"] == "ALARM", "the alarm")


def test_a_schedule_fires(aws):
    target = aws.client("lambda").get_function(FunctionName="keeper")["Configuration"]["FunctionArn"]
    moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(time.time() + 1))
    aws.client("scheduler").create_schedule(
        Name="once", ScheduleExpression=f"at({moment})", FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": target, "RoleArn": ROLE, "Input": '{"clock": "once"}'})
    aws.wait_until(lambda: [e for e in given(aws) if e.get("clock") == "once"], "the schedule")
