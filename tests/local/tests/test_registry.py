"""The model registry, models and tags."""
import pytest
from botocore.exceptions import ClientError
from conftest import IMAGE, ROLE, finished


@pytest.fixture(scope="module")
def group(sagemaker):
    sagemaker.create_model_package_group(ModelPackageGroupName="bikes", Tags=[{"Key": "team", "Value": "a"}])
    return "bikes"


def package(sagemaker, group, archive, **changes):
    return sagemaker.create_model_package(**{
        "ModelPackageGroupName": group, "InferenceSpecification": {
            "Containers": [{"Image": IMAGE, "ModelDataUrl": archive, "Environment": {"ANSWER": "200"}}],
            "SupportedContentTypes": ["text/csv"], "SupportedResponseMIMETypes": ["text/csv"]}} | changes)[
                "ModelPackageArn"]


def test_versions_count_up_and_wait_for_approval(sagemaker, group, archive):
    first, second = package(sagemaker, group, archive), package(sagemaker, group, archive)
    described = sagemaker.describe_model_package(ModelPackageName=second)
    assert described["ModelPackageVersion"] == sagemaker.describe_model_package(
        ModelPackageName=first)["ModelPackageVersion"] + 1
    assert (described["ModelPackageStatus"], described["ModelApprovalStatus"]) == ("Completed", "PendingManualApproval")
    newest = sagemaker.list_model_packages(ModelPackageGroupName=group, MaxResults=1)
    assert newest["ModelPackageSummaryList"][0]["ModelPackageArn"] == second
    following = sagemaker.list_model_packages(ModelPackageGroupName=group, MaxResults=1, NextToken=newest["NextToken"])
    assert following["ModelPackageSummaryList"][0]["ModelPackageArn"] == first
    for status in ("Approved", "Rejected"):
        sagemaker.update_model_package(ModelPackageArn=first, ModelApprovalStatus=status)
        assert sagemaker.describe_model_package(ModelPackageName=first)["ModelApprovalStatus"] == status
    sagemaker.delete_model_package(ModelPackageName=second)
    third = package(sagemaker, group, archive)
    assert sagemaker.describe_model_package(ModelPackageName=third)["ModelPackageVersion"] == \
        described["ModelPackageVersion"] + 1


def test_a_group_is_made_once_and_not_deleted_while_full(sagemaker, group, archive):
    package(sagemaker, group, archive)
    for call in (sagemaker.create_model_package_group, sagemaker.delete_model_package_group):
        with pytest.raises(ClientError):
            call(ModelPackageGroupName=group)


def test_a_model_of_a_package_serves(aws, sagemaker, group, archive):
    sagemaker.create_model(ModelName="packaged", ExecutionRoleArn=ROLE, PrimaryContainer={
        "ModelPackageName": package(sagemaker, group, archive)})
    sagemaker.create_transform_job(
        TransformJobName="packaged", ModelName="packaged",
        TransformInput={"DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://data/holdout/"}},
                        "ContentType": "application/jsonlines", "SplitType": "Line"},
        TransformOutput={"S3OutputPath": "s3://data/packaged"}, DataProcessing={"InputFilter": "$.features"},
        TransformResources={"InstanceType": "ml.m5.large", "InstanceCount": 1})
    job = finished(aws, sagemaker.describe_transform_job, "TransformJob", "packaged")
    assert job["TransformJobStatus"] == "Completed", job


def test_tags(sagemaker, group):
    arn = sagemaker.describe_model_package_group(ModelPackageGroupName=group)["ModelPackageGroupArn"]
    sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "run", "Value": "7"}])
    assert {t["Key"]: t["Value"] for t in sagemaker.list_tags(ResourceArn=arn)["Tags"]} == {"team": "a", "run": "7"}
    sagemaker.delete_tags(ResourceArn=arn, TagKeys=["team"])
    assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "run", "Value": "7"}]
