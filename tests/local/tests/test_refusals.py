"""Requests that SageMaker would refuse are refused: a typo in a state machine must not pass here."""
import pytest
from conftest import IMAGE, ROLE, training_job

from standin import aws as clients


def refusal(standin, operation, params):
    """The refusal of a request as it is, without boto3's own checks before it."""
    import json
    import urllib.error
    import urllib.request

    request = urllib.request.Request(standin.endpoint_url, method="POST", data=json.dumps(params).encode(), headers={
        "X-Amz-Target": f"SageMaker.{operation}", "Content-Type": "application/x-amz-json-1.1",
        "Authorization": f"AWS4-HMAC-SHA256 Credential=test/20260101/{clients.REGION}/sagemaker/aws4_request"})
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request)
    return json.loads(refused.value.read())


@pytest.mark.parametrize("change, said", [
    ({"TrainingJobNane": "x"}, 'Unknown parameter in input: "TrainingJobNane"'),
    ({"RoleArn": None}, "RoleArn"),
    ({"TrainingJobName": "under_score"}, "regular expression pattern"),
    ({"TrainingJobName": "x" * 64}, "less than or equal to 63"),
    ({"HyperParameters": {"factor": 2}}, "Invalid type for parameter HyperParameters.factor"),
    ({"StoppingCondition": {"MaxRuntimeInSeconds": 0}}, "MaxRuntimeInSeconds"),
    ({"ResourceConfig": {"InstanceType": "ml.m5.huge", "InstanceCount": 1, "VolumeSizeInGB": 1}}, "enum value set"),
])
def test_a_training_job_that_does_not_fit_the_model(aws, change, said):
    answer = refusal(aws, "CreateTrainingJob", training_job("refused") | change)
    assert answer["__type"] == "ValidationException"
    assert said in answer["message"]


def test_an_operation_that_is_not_there(aws):
    assert refusal(aws, "CreateNotebookInstanceX", {})["__type"] == "UnknownOperationException"
    assert "does not do ListApps" in refusal(aws, "ListApps", {})["message"]


def test_a_model_without_its_image(aws):
    answer = refusal(aws, "CreateModel", {"ModelName": "m", "ExecutionRoleArn": ROLE,
                                          "PrimaryContainer": {"Image": "nobody/knows:1"}})
    assert answer["message"].startswith("Requested image nobody/knows:1 not found.")


def test_an_endpoint_config_without_its_model(aws):
    answer = refusal(aws, "CreateEndpointConfig", {"EndpointConfigName": "c", "ProductionVariants": [
        {"VariantName": "main", "ModelName": "nobody", "InitialInstanceCount": 1, "InstanceType": "ml.m5.large"}]})
    assert answer["message"].startswith("Could not find model")


def test_a_filter_that_cannot_be_read(aws):
    clients_sagemaker = aws.client("sagemaker")
    clients_sagemaker.create_model(ModelName="for-filter", ExecutionRoleArn=ROLE, PrimaryContainer={"Image": IMAGE})
    answer = refusal(aws, "CreateTransformJob", {
        "TransformJobName": "t", "ModelName": "for-filter", "DataProcessing": {"InputFilter": "$.features[*]"},
        "TransformInput": {"DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://data/x"}},
                           "ContentType": "application/jsonlines", "SplitType": "Line"},
        "TransformOutput": {"S3OutputPath": "s3://data/y"},
        "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1}})
    assert "DataProcessing" in answer["message"]
