"""Training jobs: what goes in, what comes out, and how they end badly."""
import io
import json
import tarfile

import pytest
from botocore.exceptions import ClientError
from conftest import finished, trained, training_job


def members(aws, uri):
    bucket, key = uri.removeprefix("s3://").split("/", 1)
    body = aws.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    with tarfile.open(fileobj=io.BytesIO(body)) as tar:
        return {member.name: tar.extractfile(member).read() for member in tar if member.isfile()}


def test_a_job_leaves_model_metrics_output_and_log(aws):
    job = trained(aws, "good", {"factor": "1.5"})
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Completed", "Completed")
    assert [(m["MetricName"], m["Value"]) for m in job["FinalMetricDataList"]] == [("loss", 0.5)]
    assert [t["Status"] for t in job["SecondaryStatusTransitions"]] == [
        "Starting", "Downloading", "Training", "Uploading", "Completed"]
    assert job["TrainingEndTime"] >= job["TrainingStartTime"] >= job["CreationTime"]
    assert job["ModelArtifacts"]["S3ModelArtifacts"] == "s3://data/models/good/output/model.tar.gz"
    model = json.loads(members(aws, job["ModelArtifacts"]["S3ModelArtifacts"])["model.json"])
    assert model["weight"] == 4.5
    assert model["config"]["train"]["TrainingInputMode"] == "File"
    assert members(aws, "s3://data/models/good/output/output.tar.gz") == {"notes.txt": b"3 rows"}
    group, logs = "/aws/sagemaker/TrainingJobs", aws.client("logs")
    streams = logs.describe_log_streams(logGroupName=group, logStreamNamePrefix="good/")["logStreams"]
    lines = logs.get_log_events(logGroupName=group, logStreamName=streams[0]["logStreamName"])["events"]
    assert [line["message"] for line in lines] == ["validation-loss=0.5000;"]


def test_a_manifest_names_the_files_of_a_channel(aws):
    aws.client("s3").put_object(Bucket="data", Key="manifests/one.json",
                                Body=json.dumps([{"prefix": "s3://data/"}, "train/b.csv"]).encode())
    channel = {"ChannelName": "train", "DataSource": {"S3DataSource": {
        "S3DataType": "ManifestFile", "S3Uri": "s3://data/manifests/one.json"}}}
    trained(aws, "by-manifest", InputDataConfig=[channel])
    assert json.loads(members(aws, "s3://data/models/by-manifest/output/model.tar.gz")["model.json"])["weight"] == 3.0


def test_a_failing_program_gives_the_reason_it_wrote(aws):
    job = trained(aws, "bad", {"fail": "the label has one class"})
    assert job["TrainingJobStatus"] == "Failed"
    assert job["FailureReason"] == "AlgorithmError: the label has one class, exit code: 3"


def test_a_channel_without_objects_fails_the_job(aws):
    channel = {"ChannelName": "train", "DataSource": {"S3DataSource": {
        "S3DataType": "S3Prefix", "S3Uri": "s3://data/nothing/"}}}
    job = trained(aws, "no-data", InputDataConfig=[channel])
    assert job["FailureReason"].startswith("ClientError: Data download failed:No S3 objects found")


def test_an_unknown_image_fails_the_job(aws):
    request = training_job("no-image")
    request["AlgorithmSpecification"]["TrainingImage"] = "nobody/knows:1"
    aws.client("sagemaker").create_training_job(**request)
    job = finished(aws, aws.client("sagemaker").describe_training_job, "TrainingJob", "no-image")
    assert "nobody/knows:1" in job["FailureReason"]


def test_a_stopped_job_is_stopped(aws, sagemaker):
    sagemaker.create_training_job(**training_job("stopped", {"sleep": "60"}))
    aws.wait_until(lambda: sagemaker.describe_training_job(TrainingJobName="stopped")["SecondaryStatus"] == "Training")
    sagemaker.stop_training_job(TrainingJobName="stopped")
    assert finished(aws, sagemaker.describe_training_job, "TrainingJob", "stopped")["TrainingJobStatus"] == "Stopped"


def test_a_job_over_its_time_is_stopped(aws):
    job = trained(aws, "slow", {"sleep": "60"}, StoppingCondition={"MaxRuntimeInSeconds": 1})
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Stopped", "MaxRuntimeExceeded")


def test_an_injected_failure_hits_one_job(aws):
    aws.fail_training("unlucky", "AlgorithmError: out of memory")
    assert trained(aws, "lucky")["TrainingJobStatus"] == "Completed"
    assert trained(aws, "unlucky")["FailureReason"] == "AlgorithmError: out of memory"
    assert trained(aws, "unlucky-2")["TrainingJobStatus"] == "Completed"


def test_a_name_is_used_once(aws, sagemaker):
    trained(aws, "once")
    with pytest.raises(ClientError) as refused:
        sagemaker.create_training_job(**training_job("once"))
    assert refused.value.response["Error"]["Code"] == "ResourceInUse"


def test_tuning_finds_the_best_factor(aws, sagemaker):
    definition = training_job("unused", {})
    sagemaker.create_hyper_parameter_tuning_job(
        HyperParameterTuningJobName="tuned",
        HyperParameterTuningJobConfig={
            "Strategy": "Random", "ResourceLimits": {"MaxNumberOfTrainingJobs": 3, "MaxParallelTrainingJobs": 2},
            "HyperParameterTuningJobObjective": {"Type": "Minimize", "MetricName": "loss"},
            "ParameterRanges": {"ContinuousParameterRanges": [{"Name": "factor", "MinValue": "1", "MaxValue": "3"}]}},
        TrainingJobDefinition={"StaticHyperParameters": {}, **{
            k: definition[k] for k in ("AlgorithmSpecification", "RoleArn", "InputDataConfig", "OutputDataConfig",
                                       "ResourceConfig", "StoppingCondition")}})
    job = finished(aws, sagemaker.describe_hyper_parameter_tuning_job, "HyperParameterTuningJob", "tuned")
    assert job["HyperParameterTuningJobStatus"] == "Completed", job
    assert job["TrainingJobStatusCounters"]["Completed"] == 3
    best = job["BestTrainingJob"]
    factor = float(best["TunedHyperParameters"]["factor"])
    assert best["FinalHyperParameterTuningJobObjectiveMetric"]["Value"] == pytest.approx(abs(factor - 2), abs=1e-4)
    trials = sagemaker.list_training_jobs(NameContains="tuned-")["TrainingJobSummaries"]
    losses = [sagemaker.describe_training_job(TrainingJobName=t["TrainingJobName"])["FinalMetricDataList"][0]["Value"]
              for t in trials]
    assert best["FinalHyperParameterTuningJobObjectiveMetric"]["Value"] == min(losses)
