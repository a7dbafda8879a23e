"""Endpoints: fleets, guardrails, silent rollbacks, capture and metrics."""
import json
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from botocore.exceptions import ClientError
from conftest import IMAGE, ROLE, trained


@pytest.fixture(scope="module")
def archives(aws, archive):
    """Models of weight 3 (old) and 30 (new), so that an answer tells who gave it."""
    job = trained(aws, "ten-times", {"factor": "10"})
    return {"old": archive, "new": job["ModelArtifacts"]["S3ModelArtifacts"]}


@pytest.fixture
def config(sagemaker, archives, request):
    """Make endpoint configs of one variant with two instances: config(suffix, "old" or "new", environment)."""
    def make(suffix, which="old", environment=None, **changes):
        name = f"{request.node.originalname.replace('_', '-')[:50]}-{suffix}"
        sagemaker.create_model(ModelName=name, ExecutionRoleArn=ROLE, PrimaryContainer={
            "Image": IMAGE, "ModelDataUrl": archives[which], "Environment": environment or {}})
        sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[{
            "VariantName": "main", "ModelName": name, "InitialInstanceCount": 2, "InstanceType": "ml.m5.large"}],
            **changes)
        return name
    return make


@pytest.fixture
def endpoint(aws, sagemaker, config, request):
    """An endpoint in service on config "a", deleted afterwards."""
    name = request.node.originalname.replace("_", "-")[:60]

    def make(**changes):
        sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=config("a", **changes))
        assert settled(aws, name)["EndpointStatus"] == "InService"
        return name
    yield make
    if settled(aws, name)["EndpointStatus"] != "Deleting":
        sagemaker.delete_endpoint(EndpointName=name)


def settled(aws, name):
    sagemaker = aws.client("sagemaker")

    def at_rest():
        described = sagemaker.describe_endpoint(EndpointName=name)
        return described if described["EndpointStatus"] in ("InService", "Failed") else None
    return aws.wait_until(at_rest, f"endpoint {name}")


def score(aws, name, **more):
    answer = aws.client("sagemaker-runtime").invoke_endpoint(
        EndpointName=name, Body=b'{"x": 1}', ContentType="application/jsonlines", Accept="application/jsonlines",
        **more)
    return json.loads(answer["Body"].read())["score"]


def canary(wait, alarms=(), termination=0):
    deployment = {"BlueGreenUpdatePolicy": {
        "TrafficRoutingConfiguration": {"Type": "CANARY", "WaitIntervalInSeconds": wait,
                                        "CanarySize": {"Type": "CAPACITY_PERCENT", "Value": 50}},
        "TerminationWaitInSeconds": termination, "MaximumExecutionTimeoutInSeconds": 600}}
    if alarms:
        deployment["AutoRollbackConfiguration"] = {"Alarms": [{"AlarmName": name} for name in alarms]}
    return deployment


def test_an_update_moves_all_traffic(aws, sagemaker, endpoint, config):
    name, new = endpoint(), config("b", "new")
    assert score(aws, name) == 3.0
    sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=new)
    described = settled(aws, name)
    assert (described["EndpointStatus"], described["EndpointConfigName"]) == ("InService", new)
    assert score(aws, name) == 30.0
    assert "PendingDeploymentSummary" not in described


def test_a_second_update_is_refused(aws, sagemaker, endpoint, config):
    name, new, newer = endpoint(), config("b", "new"), config("c", "new")
    sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=new, DeploymentConfig=canary(5))
    for call in (lambda: sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=newer),
                 lambda: sagemaker.delete_endpoint(EndpointName=name)):
        with pytest.raises(ClientError) as refused:
            call()
        assert refused.value.response["Error"]["Code"] == "ValidationException"
        assert refused.value.response["Error"]["Message"].startswith("Cannot update in-progress endpoint")
    assert settled(aws, name)["EndpointConfigName"] == new


def test_a_canary_takes_its_share_of_the_traffic(aws, sagemaker, endpoint, config):
    name, new = endpoint(), config("b", "new")
    sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=new, DeploymentConfig=canary(20))
    aws.wait_until(lambda: sagemaker.describe_endpoint(EndpointName=name).get("PendingDeploymentSummary", {}).get(
        "ProductionVariants", [{}])[0].get("VariantStatus", [{}])[0].get("Status") == "Baking", "the canary")
    scores = [score(aws, name) for _ in range(40)]
    assert sagemaker.describe_endpoint(EndpointName=name)["EndpointConfigName"] != new
    # 40 requests at one half: fewer than 6 of either come about once in 700,000 runs.
    assert 6 <= scores.count(30.0) <= 34
    assert settled(aws, name)["EndpointConfigName"] == new
    assert {score(aws, name) for _ in range(10)} == {30.0}


def test_an_alarm_rolls_back_without_a_word(aws, sagemaker, endpoint, config):
    name, old = endpoint(), sagemaker.describe_endpoint
    before = old(EndpointName=name)["EndpointConfigName"]
    new = config("b", "new", {"ANSWER": "500"})
    aws.client("cloudwatch").put_metric_alarm(
        AlarmName="pawl-new-fleet", Namespace="AWS/SageMaker", MetricName="Invocation5XXErrors", Statistic="Average",
        Dimensions=[{"Name": "EndpointName", "Value": name}, {"Name": "VariantName", "Value": "main"},
                    {"Name": "EndpointConfigName", "Value": new}],
        Period=60, EvaluationPeriods=1, Threshold=0.05, ComparisonOperator="GreaterThanThreshold",
        TreatMissingData="notBreaching")
    sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=new,
                              DeploymentConfig=canary(60, ["pawl-new-fleet"]))
    runtime = aws.client("sagemaker-runtime")

    def ask_until_rolled_back():
        try:
            runtime.invoke_endpoint(EndpointName=name, Body=b'{"x": 1}', ContentType="application/jsonlines")
        except runtime.exceptions.ModelError as error:
            assert error.response["OriginalStatusCode"] == 500
        return old(EndpointName=name)["EndpointStatus"] == "InService"
    aws.wait_until(ask_until_rolled_back, "the rollback")
    described = old(EndpointName=name)
    assert described["EndpointConfigName"] == before
    assert "FailureReason" not in described
    assert {score(aws, name) for _ in range(10)} == {3.0}


def test_a_model_that_cannot_be_loaded_fails_the_endpoint(aws, sagemaker, endpoint, config):
    name, broken = endpoint(), config("b", "new", {"BROKEN": "1"})
    sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=broken)
    described = settled(aws, name)
    assert described["EndpointStatus"] == "Failed"
    assert "did not pass the ping health check" in described["FailureReason"]
    assert score(aws, name) == 3.0
    with pytest.raises(ClientError, match="in status Failed"):
        sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=config("c"))


def test_a_lost_update_stays_on_the_old_config(aws, sagemaker, endpoint, config):
    name, new = endpoint(), config("b", "new")
    aws.lose_update(name)
    sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=new)
    described = settled(aws, name)
    assert described["EndpointConfigName"] != new
    sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=new)
    assert settled(aws, name)["EndpointConfigName"] == new


def test_linear_steps_reach_the_end(aws, sagemaker, endpoint, config):
    name, new = endpoint(), config("b", "new")
    sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=new, DeploymentConfig={"BlueGreenUpdatePolicy": {
        "TrafficRoutingConfiguration": {"Type": "LINEAR", "WaitIntervalInSeconds": 0,
                                        "LinearStepSize": {"Type": "CAPACITY_PERCENT", "Value": 50}}}})
    assert settled(aws, name)["EndpointConfigName"] == new


@pytest.mark.parametrize("deployment, said", [
    ({"BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": {
        "Type": "CANARY", "WaitIntervalInSeconds": 0, "CanarySize": {"Type": "CAPACITY_PERCENT", "Value": 60}}}},
     "between 1 and 50 percent"),
    ({"AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "nobody"}]}}, "do not exist"),
    ({"BlueGreenUpdatePolicy": {"MaximumExecutionTimeoutInSeconds": 600, "TrafficRoutingConfiguration": {
        "Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": 900}}}, "longer than all waits"),
])
def test_guardrails_that_are_none(aws, sagemaker, config, deployment, said):
    name = f"guard-{len(said)}"
    first, second = config(f"{len(said)}-a"), config(f"{len(said)}-b")
    sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=first)
    settled(aws, name)
    with pytest.raises(ClientError, match=said):
        sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=second, DeploymentConfig=deployment)
    sagemaker.delete_endpoint(EndpointName=name)


def test_metrics_are_published_with_and_without_the_config(aws, endpoint, sagemaker):
    name = endpoint()
    started = time.time()
    for _ in range(5):
        score(aws, name)
    base = [{"Name": "EndpointName", "Value": name}, {"Name": "VariantName", "Value": "main"}]
    config_name = sagemaker.describe_endpoint(EndpointName=name)["EndpointConfigName"]
    for dimensions in (base, base + [{"Name": "EndpointConfigName", "Value": config_name}]):
        def read(metric, stat, dimensions=dimensions):
            points = aws.client("cloudwatch").get_metric_statistics(
                Namespace="AWS/SageMaker", MetricName=metric, Dimensions=dimensions, Period=3600, Statistics=[stat],
                StartTime=started - 3600, EndTime=started + 3600)["Datapoints"]
            return sum(point[stat] for point in points)
        assert read("Invocations", "Sum") == 5
        assert read("Invocation5XXErrors", "Sum") == 0
        assert 50 < read("ModelLatency", "Average") < 5_000_000


def test_requests_and_answers_are_captured(aws, endpoint):
    name = endpoint(DataCaptureConfig={
        "EnableCapture": True, "InitialSamplingPercentage": 100, "DestinationS3Uri": "s3://data/capture",
        "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
        "CaptureContentTypeHeader": {"JsonContentTypes": ["application/jsonlines"]}})
    score(aws, name, InferenceId="request-7")
    aws.flush_capture()
    s3 = aws.client("s3")
    keys = [item["Key"] for item in s3.list_objects_v2(Bucket="data", Prefix=f"capture/{name}/main/")["Contents"]]
    assert len(keys) == 1
    assert keys[0].count("/") == 7 and keys[0].endswith(".jsonl")
    line = json.loads(s3.get_object(Bucket="data", Key=keys[0])["Body"].read())
    assert line["captureData"]["endpointInput"] == {
        "observedContentType": "application/jsonlines", "mode": "INPUT", "data": '{"x": 1}', "encoding": "JSON"}
    assert json.loads(line["captureData"]["endpointOutput"]["data"]) == {"score": 3.0, "batch": 1}
    assert line["eventMetadata"]["inferenceId"] == "request-7"
    assert line["eventVersion"] == "0"


def test_a_model_that_hangs_up_on_silence_is_asked_anew(aws, endpoint):
    name = endpoint()
    with ThreadPoolExecutor(4) as clients:
        def together():
            return [answer.result() for answer in [clients.submit(score, aws, name) for _ in range(8)]]
        first = together()
        # Longer than the model waits for the next request on a connection: it hangs up on all of them.
        time.sleep(3)
        assert together() == first


def test_two_variants_share_by_weight_and_obey_a_target(aws, sagemaker, archives):
    for which in ("old", "new"):
        sagemaker.create_model(ModelName=f"two-{which}", ExecutionRoleArn=ROLE, PrimaryContainer={
            "Image": IMAGE, "ModelDataUrl": archives[which]})
    sagemaker.create_endpoint_config(EndpointConfigName="two", ProductionVariants=[
        {"VariantName": which, "ModelName": f"two-{which}", "InitialInstanceCount": 1, "InstanceType": "ml.m5.large",
         "InitialVariantWeight": weight} for which, weight in (("old", 1), ("new", 0))])
    sagemaker.create_endpoint(EndpointName="two", EndpointConfigName="two")
    settled(aws, "two")
    assert {score(aws, "two") for _ in range(10)} == {3.0}
    assert score(aws, "two", TargetVariant="new") == 30.0
    sagemaker.update_endpoint_weights_and_capacities(EndpointName="two", DesiredWeightsAndCapacities=[
        {"VariantName": "old", "DesiredWeight": 0}, {"VariantName": "new", "DesiredWeight": 1}])
    settled(aws, "two")
    assert {score(aws, "two") for _ in range(10)} == {30.0}
    sagemaker.delete_endpoint(EndpointName="two")

    def gone():
        try:
            sagemaker.describe_endpoint(EndpointName="two")
        except ClientError as error:
            return "Could not find endpoint" in str(error)
    aws.wait_until(gone)
    with pytest.raises(ClientError, match="not found"):
        score(aws, "two")


def test_a_shadow_sees_requests_and_answers_nobody(aws, sagemaker, archives):
    for which in ("old", "new"):
        sagemaker.create_model(ModelName=f"shadow-{which}", ExecutionRoleArn=ROLE, PrimaryContainer={
            "Image": IMAGE, "ModelDataUrl": archives[which]})
    variant = {"InitialInstanceCount": 1, "InstanceType": "ml.m5.large"}
    sagemaker.create_endpoint_config(
        EndpointConfigName="shadowed",
        ProductionVariants=[variant | {"VariantName": "main", "ModelName": "shadow-old"}],
        ShadowProductionVariants=[variant | {"VariantName": "shadow", "ModelName": "shadow-new"}],
        DataCaptureConfig={"InitialSamplingPercentage": 100, "DestinationS3Uri": "s3://data/shadowed",
                           "CaptureOptions": [{"CaptureMode": "Output"}]})
    sagemaker.create_endpoint(EndpointName="shadowed", EndpointConfigName="shadowed")
    settled(aws, "shadowed")
    assert score(aws, "shadowed") == 3.0

    def captured():
        aws.flush_capture()
        return aws.client("s3").list_objects_v2(Bucket="data", Prefix="shadowed/shadowed/shadow/").get("Contents")
    assert len(aws.wait_until(captured, "the shadow's capture")) == 1
    sagemaker.delete_endpoint(EndpointName="shadowed")


def test_a_scalable_target_may_get_another_model_and_nothing_else(aws, sagemaker, endpoint, config):
    name, scaling = endpoint(), aws.client("application-autoscaling")
    target = {"ServiceNamespace": "sagemaker", "ResourceId": f"endpoint/{name}/variant/main",
              "ScalableDimension": "sagemaker:variant:DesiredInstanceCount"}
    policy = {"PolicyName": "p", "PolicyType": "TargetTrackingScaling", "TargetTrackingScalingPolicyConfiguration": {
        "TargetValue": 10, "PredefinedMetricSpecification": {
            "PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"}}}
    with pytest.raises(scaling.exceptions.ObjectNotFoundException):
        scaling.put_scaling_policy(**target, **policy)
    with pytest.raises(ClientError, match="not above"):
        scaling.register_scalable_target(**target, MinCapacity=3, MaxCapacity=2)
    scaling.register_scalable_target(**target, MinCapacity=2, MaxCapacity=4)
    scaling.put_scaling_policy(**target, **policy)
    found = scaling.describe_scaling_policies(ServiceNamespace="sagemaker", ResourceId=target["ResourceId"])
    assert [one["PolicyName"] for one in found["ScalingPolicies"]] == ["p"]

    other = config("b", "new")
    sagemaker.create_endpoint_config(EndpointConfigName=f"{other}-type", ProductionVariants=[{
        "VariantName": "main", "ModelName": other, "InitialInstanceCount": 2, "InstanceType": "ml.c5.large"}])
    with pytest.raises(ClientError, match="must be deregistered"):
        sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=f"{other}-type")
    sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=other)
    assert settled(aws, name)["EndpointConfigName"] == other
    scaling.deregister_scalable_target(**target)
    assert scaling.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"] == []
    with pytest.raises(scaling.exceptions.ObjectNotFoundException):
        scaling.deregister_scalable_target(**target)
    sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=f"{other}-type")
    assert settled(aws, name)["EndpointConfigName"] == f"{other}-type"


def test_weights_and_capture_are_kept_unless_the_update_says_otherwise(aws, sagemaker, endpoint, config):
    def capturing(uri):
        return {"InitialSamplingPercentage": 100, "DestinationS3Uri": uri, "CaptureOptions": [{"CaptureMode": "Output"}]}
    name = endpoint(DataCaptureConfig=capturing("s3://data/old"))
    other = config("b", "new", DataCaptureConfig=capturing("s3://data/new"))
    again = config("c", "new", DataCaptureConfig=capturing("s3://data/new"))

    def captured(new, **more):
        sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=new, **more)
        return settled(aws, name)["DataCaptureConfig"]["DestinationS3Uri"]
    aws.switch(capture_retained=True)
    assert captured(other, RetainAllVariantProperties=True) == "s3://data/old"
    aws.switch(capture_retained=False)
    assert captured(again, RetainAllVariantProperties=True, ExcludeRetainedVariantProperties=[
        {"VariantPropertyType": "DesiredWeight"}]) == "s3://data/new"
    with pytest.raises(ClientError, match="needs RetainAllVariantProperties"):
        captured(other, ExcludeRetainedVariantProperties=[{"VariantPropertyType": "DesiredWeight"}])


def test_a_shadow_is_for_one_production_variant_and_keeps_its_errors_to_itself(aws, sagemaker, archives):
    for which, environment in (("old", {}), ("new", {"ANSWER": "500"})):
        sagemaker.create_model(ModelName=f"shade-{which}", ExecutionRoleArn=ROLE, PrimaryContainer={
            "Image": IMAGE, "ModelDataUrl": archives[which], "Environment": environment})
    variant = {"InitialInstanceCount": 1, "InstanceType": "ml.m5.large"}

    def variants(*named):
        return [variant | {"VariantName": name, "ModelName": model} for name, model in named]
    with pytest.raises(ClientError, match="exactly one production and one shadow"):
        sagemaker.create_endpoint_config(EndpointConfigName="shade-no", ProductionVariants=variants(
            ("a", "shade-old"), ("b", "shade-old")), ShadowProductionVariants=variants(("c", "shade-new")))
    sagemaker.create_endpoint_config(
        EndpointConfigName="shade", ProductionVariants=variants(("main", "shade-old")),
        ShadowProductionVariants=variants(("shadow", "shade-new")))
    sagemaker.create_endpoint(EndpointName="shade", EndpointConfigName="shade")
    settled(aws, "shade")
    with pytest.raises(ClientError, match="was not found"):
        score(aws, "shade", TargetVariant="shadow")
    assert {score(aws, "shade") for _ in range(10)} == {3.0}
    sagemaker.delete_endpoint(EndpointName="shade")
