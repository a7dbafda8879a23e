"""Shapes that only AWS decides: each can be played either way."""
import json
import time

import pytest
from conftest import IMAGE, ROLE, finished

from standin.switches import fields


@pytest.fixture
def switch(aws):
    """Turn switches for one test."""
    turned = {}

    def turn(**switches):
        turned.update({name: fields()[name].default for name in switches})
        aws.switch(**switches)
    yield turn
    aws.switch(**turned)


@pytest.fixture(scope="module")
def model(sagemaker, archive):
    sagemaker.create_model(ModelName="switched", ExecutionRoleArn=ROLE,
                           PrimaryContainer={"Image": IMAGE, "ModelDataUrl": archive})
    return "switched"


def transformed(aws, name, model, kind, uri):
    """The keys below the output path of a job on this source."""
    sagemaker = aws.client("sagemaker")
    sagemaker.create_transform_job(
        TransformJobName=name, ModelName=model,
        TransformInput={"DataSource": {"S3DataSource": {"S3DataType": kind, "S3Uri": uri}},
                        "ContentType": "application/jsonlines", "SplitType": "Line"},
        TransformOutput={"S3OutputPath": f"s3://data/out/{name}/", "AssembleWith": "Line"},
        TransformResources={"InstanceType": "ml.m5.large", "InstanceCount": 1})
    job = finished(aws, sagemaker.describe_transform_job, "TransformJob", name)
    assert job["TransformJobStatus"] == "Completed", job
    found = aws.client("s3").list_objects_v2(Bucket="data", Prefix=f"out/{name}/").get("Contents", [])
    return sorted(one["Key"].removeprefix(f"out/{name}/") for one in found)


@pytest.mark.parametrize("placed, expected", [
    ("relative", ["2012/01/a.jsonl.out", "b.jsonl.out"]),
    ("name", ["a.jsonl.out", "b.jsonl.out"]),
    ("subfolder", ["01/a.jsonl.out", "b.jsonl.out"]),
])
def test_the_outputs_of_a_manifest(aws, switch, model, placed, expected):
    s3 = aws.client("s3")
    for key in ("in/2012/01/a.jsonl", "in/b.jsonl"):
        s3.put_object(Bucket="data", Key=key, Body=b'{"x": 1}\n')
    s3.put_object(Bucket="data", Key="in.manifest", Body=json.dumps(
        [{"prefix": "s3://data/in/"}, "2012/01/a.jsonl", "b.jsonl"]).encode())
    switch(transform_outputs=placed)
    assert transformed(aws, f"manifest-{placed}", model, "ManifestFile", "s3://data/in.manifest") == expected
    # A prefix has subfolders whatever the switch says: that is documented.
    assert transformed(aws, f"prefix-{placed}", model, "S3Prefix", "s3://data/in/") == ["2012/01/a.jsonl.out", "b.jsonl.out"]


def serve(aws, name, variants, shadows=()):
    """An endpoint with these variants; its dimensions without the config."""
    sagemaker = aws.client("sagemaker")
    sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=variants,
                                     **({"ShadowProductionVariants": shadows} if shadows else {}))
    sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
    aws.wait_until(lambda: sagemaker.describe_endpoint(EndpointName=name)["EndpointStatus"] == "InService", name)


def invocations(aws, name, variant, of_config):
    dimensions = [{"Name": "EndpointName", "Value": name}, {"Name": "VariantName", "Value": variant}]
    if of_config:
        dimensions.append({"Name": "EndpointConfigName", "Value": name})
    points = aws.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/SageMaker", MetricName="Invocations", Dimensions=dimensions, Period=3600, Statistics=["Sum"],
        StartTime=time.time() - 3600, EndTime=time.time() + 3600)["Datapoints"]
    return sum(point["Sum"] for point in points)


def ask(aws, name):
    aws.client("sagemaker-runtime").invoke_endpoint(EndpointName=name, Body=b'{"x": 1}', ContentType="application/jsonlines")


@pytest.mark.parametrize("published", [True, False])
def test_the_metrics_of_a_serverless_variant(aws, switch, model, published):
    name = f"serverless-{published}".lower()
    switch(serverless_config_dimension=published)
    serve(aws, name, [{"VariantName": "main", "ModelName": model,
                       "ServerlessConfig": {"MemorySizeInMB": 1024, "MaxConcurrency": 1}}])
    variant, = aws.client("sagemaker").describe_endpoint(EndpointName=name)["ProductionVariants"]
    assert variant["CurrentServerlessConfig"]["MemorySizeInMB"] == 1024
    assert "CurrentInstanceCount" not in variant
    ask(aws, name)
    assert (invocations(aws, name, "main", False), invocations(aws, name, "main", True)) == (1, int(published))
    aws.client("sagemaker").delete_endpoint(EndpointName=name)


@pytest.mark.parametrize("published", [True, False])
def test_the_metrics_of_a_shadow(aws, switch, model, published):
    name = f"shadow-{published}".lower()
    switch(shadow_config_dimension=published)
    instances = {"ModelName": model, "InitialInstanceCount": 1, "InstanceType": "ml.m5.large"}
    serve(aws, name, [instances | {"VariantName": "main"}], [instances | {"VariantName": "other"}])
    ask(aws, name)
    aws.wait_until(lambda: invocations(aws, name, "other", False) == 1, "the shadow")
    assert (invocations(aws, name, "other", True), invocations(aws, name, "main", True)) == (int(published), 1)
    aws.client("sagemaker").delete_endpoint(EndpointName=name)


def test_metrics_come_late_and_bear_the_time_of_the_request(aws, switch, model):
    serve(aws, "late", [{"VariantName": "main", "ModelName": model, "InitialInstanceCount": 1, "InstanceType": "ml.m5.large"}])
    switch(metric_delay=1.5)
    asked = time.time()
    ask(aws, "late")
    assert invocations(aws, "late", "main", False) == 0
    aws.wait_until(lambda: invocations(aws, "late", "main", False) == 1, "the metric")
    assert time.time() - asked >= 1.5
    dimensions = [{"Name": "EndpointName", "Value": "late"}, {"Name": "VariantName", "Value": "main"}]
    point, = aws.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/SageMaker", MetricName="Invocations", Dimensions=dimensions, Period=1, Statistics=["Sum"],
        StartTime=asked - 5, EndTime=asked + 60)["Datapoints"]
    assert abs(point["Timestamp"].timestamp() - asked) < 1.5
    aws.client("sagemaker").delete_endpoint(EndpointName="late")
