"""Other regions: what stands in one is unknown in the others, and SageMaker takes an archive only from its own."""
import json
import time

import pytest
from botocore.exceptions import ClientError
from conftest import IMAGE, ROLE

FAR = "eu-west-1"


@pytest.fixture(scope="module")
def far(aws, archive):
    """The model's archive in a bucket of the other region."""
    s3 = aws.client("s3", FAR)
    s3.create_bucket(Bucket="far", CreateBucketConfiguration={"LocationConstraint": FAR})
    bucket, key = archive.removeprefix("s3://").split("/", 1)
    s3.put_object(Bucket="far", Key="model.tar.gz", Body=aws.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read())
    return "s3://far/model.tar.gz"


def serve(aws, region, name, archive, environment=None, **config):
    """Make model, config and endpoint of this name; wait until it serves."""
    client = aws.client("sagemaker", region)
    container = {"Image": IMAGE, "ModelDataUrl": archive, "Environment": environment or {}}
    client.create_model(ModelName=name, ExecutionRoleArn=ROLE, PrimaryContainer=container)
    client.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[
        {"VariantName": "all", "ModelName": name, "InitialInstanceCount": 1, "InstanceType": "ml.m5.large"}], **config)
    client.create_endpoint(EndpointName=name, EndpointConfigName=name)
    aws.wait_until(lambda: client.describe_endpoint(EndpointName=name)["EndpointStatus"] == "InService", what=name)
    return client


def test_each_region_has_books_of_its_own(aws, sagemaker, archive, far):
    there = serve(aws, FAR, "both", far, DataCaptureConfig={
        "EnableCapture": True, "InitialSamplingPercentage": 100, "DestinationS3Uri": "s3://far/capture",
        "CaptureOptions": [{"CaptureMode": "Input"}]})
    with pytest.raises(ClientError, match="Could not find endpoint"):
        sagemaker.describe_endpoint(EndpointName="both")
    serve(aws, "us-east-1", "both", archive)
    arns = [client.describe_endpoint(EndpointName="both")["EndpointArn"] for client in (there, sagemaker)]
    assert [arn.split(":")[3] for arn in arns] == [FAR, "us-east-1"]

    def ask(region):
        answer = aws.client("sagemaker-runtime", region).invoke_endpoint(
            EndpointName="both", ContentType="application/jsonlines", Body=b'{"x": 1}\n')
        return json.loads(answer["Body"].read())

    def requests(region):
        found = aws.client("cloudwatch", region).get_metric_statistics(
            Namespace="AWS/SageMaker", MetricName="Invocations", StartTime=time.time() - 600, EndTime=time.time() + 60,
            Period=60, Statistics=["Sum"], Dimensions=[{"Name": "EndpointName", "Value": "both"},
                                                       {"Name": "VariantName", "Value": "all"}])
        return sum(point["Sum"] for point in found["Datapoints"])
    assert ask(FAR) == ask("us-east-1") == ask(FAR)
    assert (requests(FAR), requests("us-east-1")) == (2, 1)
    aws.flush_capture()
    assert aws.client("s3", FAR).list_objects_v2(Bucket="far", Prefix="capture/both/all/")["KeyCount"] >= 1
    there.delete_endpoint(EndpointName="both")
    assert sagemaker.describe_endpoint(EndpointName="both")["EndpointStatus"] == "InService"


def test_an_archive_of_another_region_is_refused(aws, sagemaker, archive, far):
    for region, wrong in ((FAR, archive), ("us-east-1", far)):
        with pytest.raises(ClientError, match=f"the object is located in {region}"):
            aws.client("sagemaker", region).create_model(ModelName="astray", ExecutionRoleArn=ROLE, PrimaryContainer={
                "Image": IMAGE, "ModelDataUrl": wrong})


def test_a_guardrail_goes_by_the_alarm_of_its_region(aws, far):
    there = serve(aws, FAR, "guarded", far)
    alarm = {"AlarmName": "slow", "Namespace": "Tests", "MetricName": "Slow", "Statistic": "Sum", "Period": 10,
             "EvaluationPeriods": 1, "Threshold": 1, "ComparisonOperator": "GreaterThanThreshold"}
    for region in (FAR, "us-east-1"):
        aws.client("cloudwatch", region).put_metric_alarm(**alarm)
    aws.client("cloudwatch", FAR).put_metric_data(Namespace="Tests", MetricData=[{"MetricName": "Slow", "Value": 5}])

    def state(region):
        return aws.client("cloudwatch", region).describe_alarms(AlarmNames=["slow"])["MetricAlarms"][0]["StateValue"]
    aws.wait_until(lambda: state(FAR) == "ALARM", what="the alarm over there")
    assert state("us-east-1") != "ALARM"
    there.create_endpoint_config(EndpointConfigName="guarded-2", ProductionVariants=[
        {"VariantName": "all", "ModelName": "guarded", "InitialInstanceCount": 1, "InstanceType": "ml.m5.large"}])
    there.update_endpoint(EndpointName="guarded", EndpointConfigName="guarded-2", DeploymentConfig={
        "BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": 0}},
        "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "slow"}]}})
    found = aws.wait_until(lambda: (it := there.describe_endpoint(EndpointName="guarded"))["EndpointStatus"] == "InService"
                           and it, what="the way back")
    assert found["EndpointConfigName"] == "guarded"


def test_the_same_token_makes_the_same_package_in_each_region_its_own(aws, archive, far):
    arns = set()
    for region, where in (("us-east-1", archive), (FAR, far), (FAR, far)):
        client = aws.client("sagemaker", region)
        try:
            client.create_model_package_group(ModelPackageGroupName="tokens")
        except ClientError as error:
            assert "already exists" in str(error)
        arns.add(client.create_model_package(ModelPackageGroupName="tokens", ClientToken="one", InferenceSpecification={
            "Containers": [{"Image": IMAGE, "ModelDataUrl": where}], "SupportedContentTypes": ["text/csv"],
            "SupportedResponseMIMETypes": ["text/csv"]})["ModelPackageArn"])
    assert sorted(arn.split(":")[3] for arn in arns) == [FAR, "us-east-1"]
    assert all(arn.endswith("/1") for arn in arns)


def test_events_of_another_region_stay_there(aws, sagemaker, far):
    sqs, events = aws.client("sqs"), aws.client("events")
    queue, arn = aws.queue("models")
    events.put_rule(Name="packages", EventPattern=json.dumps({
        "source": ["aws.sagemaker"], "detail-type": ["SageMaker Model Package State Change"],
        "detail": {"ModelPackageGroupName": ["heard"]}}))
    events.put_targets(Rule="packages", Targets=[{"Id": "queue", "Arn": arn}])
    for region, uri in ((FAR, far), ("us-east-1", "s3://data/none.tar.gz")):
        client = aws.client("sagemaker", region)
        client.create_model_package_group(ModelPackageGroupName="heard")
        client.create_model_package(ModelPackageGroupName="heard", InferenceSpecification={
            "Containers": [{"Image": IMAGE, "ModelDataUrl": uri}], "SupportedContentTypes": ["text/csv"],
            "SupportedResponseMIMETypes": ["text/csv"]})
    # Events come in order: when home's is here, the other's would be.
    first = aws.wait_until(lambda: sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=1).get("Messages"), what="an event")
    told = [json.loads(message["Body"])["detail"]["ModelPackageArn"].split(":")[3] for message in first]
    assert told == ["us-east-1"]
