"""Batch transforms beside the happy path of test_pipeline."""
import json

import pytest
from conftest import IMAGE, ROLE, finished

from standin.sagemaker import jsonpath


@pytest.fixture(scope="module")
def model(sagemaker, archive):
    def make(name, **environment):
        sagemaker.create_model(ModelName=name, ExecutionRoleArn=ROLE, PrimaryContainer={
            "Image": IMAGE, "ModelDataUrl": archive, "Environment": environment})
        return name
    return make


def transform(aws, name, model, **changes):
    sagemaker = aws.client("sagemaker")
    sagemaker.create_transform_job(**{
        "TransformJobName": name, "ModelName": model, "BatchStrategy": "MultiRecord",
        "TransformInput": {"DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://data/holdout/"}},
                           "ContentType": "application/jsonlines", "SplitType": "Line"},
        "TransformOutput": {"S3OutputPath": f"s3://data/{name}", "AssembleWith": "Line"},
        "DataProcessing": {"InputFilter": "$.features"},
        "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1}} | changes)
    return finished(aws, sagemaker.describe_transform_job, "TransformJob", name)


def test_without_a_join_the_output_is_what_the_model_said(aws, model):
    assert transform(aws, "plain", model("plain"))["TransformJobStatus"] == "Completed"
    body = aws.client("s3").get_object(Bucket="data", Key="plain/rows.jsonl.out")["Body"].read()
    assert [json.loads(line)["score"] for line in body.splitlines()] == [0.0, 3.0, 6.0, 9.0, 12.0]


def test_a_model_that_answers_errors_fails_the_job(aws, model):
    job = transform(aws, "sick", model("sick", ANSWER="500"))
    assert job["TransformJobStatus"] == "Failed"
    assert job["FailureReason"] == (
        "ClientError: s3://data/holdout/rows.jsonl: the model answered 500: sick on purpose")


def test_a_model_that_cannot_be_loaded_fails_the_job(aws, model):
    job = transform(aws, "broken", model("broken", BROKEN="1"))
    assert "this model cannot be loaded" in job["FailureReason"]


def test_a_row_without_the_filtered_field_fails_the_job(aws, model):
    aws.client("s3").put_object(Bucket="data", Key="odd/rows.jsonl", Body=b'{"features": {"x": 1}}\n{"nothing": 1}\n')
    source = {"DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://data/odd/"}},
              "ContentType": "application/jsonlines", "SplitType": "Line"}
    assert "InputFilter" in transform(aws, "odd", model("odd"), TransformInput=source)["FailureReason"]


@pytest.mark.parametrize("path, selected", [
    ("$", {"a": {"b": [1, 2, 3]}, "c": 4}), ("$.a.b", [1, 2, 3]), ("$['c']", 4),
    ("$['a','c']", {"a": {"b": [1, 2, 3]}, "c": 4}), ("$.a.b[0]", 1), ("$.a.b[-1]", 3), ("$.a.b[1:]", [2, 3]),
    ("$.a.b[0,2]", [1, 3]),
])
def test_paths(path, selected):
    assert jsonpath.select(jsonpath.parse(path), {"a": {"b": [1, 2, 3]}, "c": 4}) == selected


@pytest.mark.parametrize("path", ["a", "$..a", "$.a[*]", "$[", "$['a'", "$[?(@.x)]"])
def test_paths_that_are_none(path):
    with pytest.raises(jsonpath.BadPath):
        jsonpath.parse(path)
