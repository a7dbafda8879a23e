"""One stand-in for all tests, and what most of them need: a trained model."""
import json
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from standin import Standin  # noqa: E402

FIXTURES = Path(__file__).parent / "fixtures"
IMAGE = "000000000000.dkr.ecr.us-east-1.amazonaws.com/fixture:1"
ROLE = "arn:aws:iam::000000000000:role/sagemaker"
HOLDOUT = [{"row": f"b:{n}", "label": n % 2, "features": {"x": n}} for n in range(5)]


@pytest.fixture(scope="session")
def aws():
    with Standin(FIXTURES / "template.yaml", FIXTURES / "functions", {"fixture": FIXTURES / "image"},
                 parameters={"Model": "bikes"}, wait_scale=0.1) as standin:
        standin.client("sagemaker").create_model_package_group(ModelPackageGroupName="fixture")
        s3 = standin.client("s3")
        s3.put_object(Bucket="data", Key="train/a.csv", Body=b"x,y\n1,2\n2,4\n")
        s3.put_object(Bucket="data", Key="train/b.csv", Body=b"x,y\n1,3\n")
        s3.put_object(Bucket="data", Key="holdout/rows.jsonl",
                      Body="\n".join(json.dumps(row) for row in HOLDOUT).encode())
        yield standin


@pytest.fixture(autouse=True)
def no_faults_left(aws):
    yield
    left = aws.pending_faults()
    aws.clear_faults()
    assert left == []


@pytest.fixture(scope="session")
def sagemaker(aws):
    return aws.client("sagemaker")


def training_job(name, hyperparameters=None, **changes):
    """A request for a training job on the fixture's image and data; the model's weight is 3 times the factor."""
    return {
        "TrainingJobName": name, "RoleArn": ROLE, "HyperParameters": hyperparameters or {},
        "AlgorithmSpecification": {"TrainingImage": IMAGE, "TrainingInputMode": "File", "MetricDefinitions": [
            {"Name": "loss", "Regex": "validation-loss=([0-9.]+);"}]},
        "InputDataConfig": [{"ChannelName": "train", "DataSource": {"S3DataSource": {
            "S3DataType": "S3Prefix", "S3Uri": "s3://data/train/"}}}],
        "OutputDataConfig": {"S3OutputPath": "s3://data/models"},
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
        "StoppingCondition": {"MaxRuntimeInSeconds": 60}} | changes


def trained(aws, name, hyperparameters=None, **changes):
    """Run a training job to its end."""
    client = aws.client("sagemaker")
    client.create_training_job(**training_job(name, hyperparameters, **changes))
    return finished(aws, client.describe_training_job, "TrainingJob", name)


def finished(aws, describe, field, name):
    def over():
        job = describe(**{f"{field}Name": name})
        return job if job[f"{field}Status"] in ("Completed", "Failed", "Stopped") else None
    return aws.wait_until(over, f"{field} {name}")


@pytest.fixture(scope="session")
def archive(aws):
    """The archive of a model with weight 3."""
    job = trained(aws, "the-model")
    assert job["TrainingJobStatus"] == "Completed", job
    return job["ModelArtifacts"]["S3ModelArtifacts"]


def execution(aws, arn):
    """Wait for the end of an execution."""
    client = aws.client("stepfunctions")

    def over():
        described = client.describe_execution(executionArn=arn)
        return described if described["status"] != "RUNNING" else None
    return aws.wait_until(over, arn)
