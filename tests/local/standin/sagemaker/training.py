"""Training jobs: download the channels, run the image's `train`, upload what it left."""
import contextlib
import re
import shutil
import subprocess
import time
from pathlib import Path

from .. import aws, container, faults, storage
from . import acting, state
from .errors import invalid
from .jobs import JobFailed, Jobs, JobStopped, log

POLL_SECONDS = 0.05


class TrainingJobs(Jobs):
    kind, field, detail_type = "training-job", "TrainingJob", "SageMaker Training Job State Change"

    def __init__(self, images: container.Images, folder: Path, tags: state.Tags):
        super().__init__(tags)
        self._images, self._folder = images, folder

    def create(self, p):
        if "TrainingImage" not in p["AlgorithmSpecification"]:
            raise invalid("the stand-in trains by AlgorithmSpecification.TrainingImage only")
        modes = [p["AlgorithmSpecification"]["TrainingInputMode"]]
        modes += [channel["InputMode"] for channel in p.get("InputDataConfig", []) if "InputMode" in channel]
        if "Pipe" in modes:
            raise invalid("the stand-in has no Pipe input mode; File and FastFile read the same files")
        channels = [channel["ChannelName"] for channel in p.get("InputDataConfig", [])]
        if len(channels) != len(set(channels)):
            raise invalid("Channel names must be unique.")
        return super().create(p)

    def first_fields(self, p):
        return {"SecondaryStatus": "Starting", "ModelArtifacts": {"S3ModelArtifacts": ""},
                "SecondaryStatusTransitions": [{"Status": "Starting", "StartTime": time.time(),
                                                "StatusMessage": "Preparing the instances for training"}]}

    def work(self, name, record):
        shutil.rmtree(self._folder / name, ignore_errors=True)  # of an earlier stand-in on this state folder
        folder = container.JobFolder(self._folder / name)
        log_path = self._folder / name / "train.log"
        log_path.touch()
        acting.observe("TrainingJobs", name)
        try:
            self._step(name, "Downloading", "Downloading input data")
            if why := acting.refused_pull(record["AlgorithmSpecification"]["TrainingImage"]):
                raise JobFailed(f"ClientError: Cannot pull algorithm container. {why}")
            if why := acting.refused_instance(record["ResourceConfig"].get("VolumeKmsKeyId"), record.get("VpcConfig")):
                raise JobFailed(f"ClientError: {why}")
            resources = self._write_input(folder, record)
            self._step(name, "Training", "Training image download completed. Training in progress.",
                       TrainingStartTime=time.time())
            if fault := faults.take("fail_training", name):
                raise JobFailed(fault["message"])
            self._train(folder, record, resources, log_path)
        except (storage.StorageError, container.ImageMissing) as error:
            raise JobFailed(f"ClientError: Data download failed:{error}") from None
        finally:
            self._keep_log(name, log_path)
            self.table.update(name, FinalMetricDataList=_metrics(record, log_path) or None)
        self._step(name, "Uploading", "Uploading generated training model")
        self._upload(name, folder, record)

    def last_fields(self, record, status):
        now = time.time()
        final = record.get("_final_secondary", status)
        record["SecondaryStatusTransitions"][-1]["EndTime"] = now
        record["SecondaryStatusTransitions"].append({"Status": final, "StartTime": now, "EndTime": now,
                                                     "StatusMessage": f"Training job {status.lower()}"})
        seconds = max(1, round(now - record.get("TrainingStartTime", now)))
        return {"SecondaryStatus": final, "TrainingTimeInSeconds": seconds, "BillableTimeInSeconds": seconds}

    def _step(self, name, secondary, message, **fields):
        with state.changed:
            record = self.table.get(name)
            if record["_stop"].is_set():
                raise JobStopped
            now = time.time()
            record["SecondaryStatusTransitions"][-1]["EndTime"] = now
            record["SecondaryStatusTransitions"].append(
                {"Status": secondary, "StartTime": now, "StatusMessage": message})
            self.table.update(name, SecondaryStatus=secondary, **fields)
        self.announce(name)

    def _write_input(self, folder, record) -> dict:
        channels = {}
        for channel in record.get("InputDataConfig", []):
            source = channel["DataSource"].get("S3DataSource")
            if source is None:
                raise JobFailed("ClientError: the stand-in reads channels from S3 only")
            storage.download(storage.list_source(source), folder.channel(channel["ChannelName"]))
            channels[channel["ChannelName"]] = {
                "TrainingInputMode": "File", "S3DistributionType": source.get("S3DataDistributionType",
                                                                              "FullyReplicated"),
                "RecordWrapperType": channel.get("RecordWrapperType", "None")} | (
                    {"ContentType": channel["ContentType"]} if "ContentType" in channel else {})
        resources = {"current_host": "algo-1", "hosts": ["algo-1"], "network_interface_name": "lo",
                     "current_instance_type": record["ResourceConfig"].get("InstanceType", "local")}
        folder.write_config("hyperparameters", record.get("HyperParameters", {}))
        folder.write_config("inputdataconfig", channels)
        folder.write_config("resourceconfig", resources)
        return resources

    def _train(self, folder, record, resources, log_path):
        program = self._images.program(record["AlgorithmSpecification"]["TrainingImage"], "train")
        channels = [channel["ChannelName"] for channel in record.get("InputDataConfig", [])]
        environment = container.training_environment(folder, record.get("HyperParameters", {}), channels, resources)
        environment |= {"TRAINING_JOB_NAME": record["TrainingJobName"], "TRAINING_JOB_ARN": record["TrainingJobArn"]}
        process = container.start(program, "train", environment | record.get("Environment", {}), log_path,
                                  record.get("EnableNetworkIsolation", False))
        limit = record["StoppingCondition"].get("MaxRuntimeInSeconds", 86400)
        deadline = time.monotonic() + limit
        while True:
            try:
                code = process.wait(POLL_SECONDS)
                break
            except subprocess.TimeoutExpired:
                if record["_stop"].is_set():
                    container.stop(process)
                    raise JobStopped from None
                if time.monotonic() > deadline:
                    container.stop(process)
                    record["_final_secondary"] = "MaxRuntimeExceeded"
                    raise JobStopped("Training job runtime exceeded MaxRuntimeInSeconds provided") from None
        if code != 0:
            raise JobFailed(f"AlgorithmError: {folder.failure()}, exit code: {code}")

    def _upload(self, name, folder, record):
        base = f"{record['OutputDataConfig']['S3OutputPath'].rstrip('/')}/{name}/output"
        try:
            archive = folder.root / "model.tar.gz"
            storage.pack(folder.model, archive)
            storage.upload(archive, f"{base}/model.tar.gz")
            if any((folder.output / "data").iterdir()):
                storage.pack(folder.output / "data", folder.root / "output.tar.gz")
                storage.upload(folder.root / "output.tar.gz", f"{base}/output.tar.gz")
        except storage.StorageError as error:
            raise JobFailed(f"ClientError: Artifact upload failed:{error}") from None
        self.table.update(name, ModelArtifacts={"S3ModelArtifacts": f"{base}/model.tar.gz"})

    @staticmethod
    def _keep_log(name, log_path):
        """The log also goes to CloudWatch Logs, where SageMaker puts it. The file remains whatever happens."""
        group, stream = "/aws/sagemaker/TrainingJobs", f"{name}/algo-1-{int(time.time())}"
        lines = [line for line in log_path.read_text(errors="replace").splitlines() if line.strip()]
        if not lines:
            return
        logs = aws.client("logs")
        try:
            with contextlib.suppress(logs.exceptions.ResourceAlreadyExistsException):
                logs.create_log_group(logGroupName=group)
            logs.create_log_stream(logGroupName=group, logStreamName=stream)
            now = int(time.time() * 1000)
            logs.put_log_events(logGroupName=group, logStreamName=stream,
                                logEvents=[{"timestamp": now, "message": line} for line in lines[-1000:]])
        except Exception:
            log.exception("the log of %s is only in %s", name, log_path)


def _metrics(record: dict, log_path: Path) -> list[dict]:
    """The last value of each metric whose regex a line of the log matches."""
    text = log_path.read_text(errors="replace")
    found = []
    for definition in record["AlgorithmSpecification"].get("MetricDefinitions", []):
        values = re.findall(definition["Regex"], text)
        if not values:
            continue
        last = values[-1] if isinstance(values[-1], str) else values[-1][0]
        try:
            found.append({"MetricName": definition["Name"], "Timestamp": time.time(), "Value": float(last)})
        except ValueError:
            continue
    return found
