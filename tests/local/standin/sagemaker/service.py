"""The API: operation names to what does them, requests checked, answers and refusals encoded."""
import asyncio
import json
import logging
import math
from pathlib import Path

from .. import container
from . import acting, state
from .capture import Capture
from .endpoints import Endpoints
from .errors import Refused
from .registry import Registry
from .runtime import Runtime
from .serving import ModelServers
from .training import TrainingJobs
from .transform import TransformJobs
from .tuning import TuningJobs

log = logging.getLogger("standin.sagemaker")


class SageMaker:
    """SageMaker's control plane (awsJson 1.1) and data plane (InvokeEndpoint) in one region."""

    def __init__(self, images: container.Images, folder: Path):
        self.tags = state.Tags()
        self.registry = Registry(images, self.tags)
        self.training = TrainingJobs(images, folder / "training", self.tags)
        servers = ModelServers(images, folder / "serving")
        self.transform = TransformJobs(servers, self.tags, self.registry)
        self.tuning = TuningJobs(self.tags, self.training)
        self.endpoints = Endpoints(servers, self.tags, self.registry)
        self._capture = Capture()
        self._runtime = Runtime(self.endpoints, self._capture)
        registry, endpoints = self.registry, self.endpoints
        self._operations = {
            "CreateTrainingJob": self.training.create, "DescribeTrainingJob": self.training.describe,
            "StopTrainingJob": self.training.stop, "ListTrainingJobs": self.training.list,
            "CreateTransformJob": self.transform.create, "DescribeTransformJob": self.transform.describe,
            "StopTransformJob": self.transform.stop, "ListTransformJobs": self.transform.list,
            "CreateHyperParameterTuningJob": self.tuning.create,
            "DescribeHyperParameterTuningJob": self.tuning.describe,
            "StopHyperParameterTuningJob": self.tuning.stop,
            "CreateModel": registry.create_model, "DescribeModel": registry.describe_model,
            "DeleteModel": registry.delete_model, "ListModels": registry.list_models,
            "CreateModelPackageGroup": registry.create_group, "DescribeModelPackageGroup": registry.describe_group,
            "DeleteModelPackageGroup": registry.delete_group, "ListModelPackageGroups": registry.list_groups,
            "CreateModelPackage": registry.create_package, "DescribeModelPackage": registry.describe_package,
            "UpdateModelPackage": registry.update_package, "DeleteModelPackage": registry.delete_package,
            "ListModelPackages": registry.list_packages,
            "CreateEndpointConfig": endpoints.create_config, "DescribeEndpointConfig": endpoints.describe_config,
            "DeleteEndpointConfig": endpoints.delete_config, "ListEndpointConfigs": endpoints.list_configs,
            "CreateEndpoint": endpoints.create, "DescribeEndpoint": endpoints.describe,
            "UpdateEndpoint": endpoints.update, "DeleteEndpoint": endpoints.delete, "ListEndpoints": endpoints.list,
            "UpdateEndpointWeightsAndCapacities": endpoints.update_weights,
            "AddTags": self._add_tags, "ListTags": self._list_tags, "DeleteTags": self._delete_tags,
        }

    def jobs(self, field: str):
        """The jobs whose fields start with "TrainingJob", "TransformJob" or "HyperParameterTuningJob"."""
        return {jobs.field: jobs for jobs in (self.training, self.transform, self.tuning)}[field]

    def flush_capture(self):
        self._capture.flush()

    async def handle(self, method, path, headers, body, query):
        """The signature of a ministack service. The work may block, so it leaves the event loop."""
        return await asyncio.to_thread(self._handle, path, headers, body)

    def _handle(self, path, headers, body):
        try:
            target = headers.get("x-amz-target")
            if not target:
                return self._runtime.handle(path, headers, body)
            service, operation = target.rsplit(".", 1)
            call = self.endpoints.scaling.call if service == "AnyScaleFrontendService" else self.call
            answer = call(operation, json.loads(body or b"{}"))
            return 200, {"Content-Type": "application/x-amz-json-1.1"}, json.dumps(_finite(answer)).encode()
        except Refused as refused:
            error = {"__type": refused.code, "message": refused.message}
            return refused.status, {"Content-Type": "application/x-amz-json-1.1", "x-amzn-errortype": refused.code}, \
                json.dumps(error).encode()

    def call(self, operation: str, params: dict) -> dict:
        do = self._operations.get(operation)
        if do is None:
            raise Refused("UnknownOperationException", f"the stand-in's SageMaker does not do {operation}")
        acting.trusted(params)
        return do(params)

    def _add_tags(self, p):
        state.check_tags(p["ResourceArn"])
        return {"Tags": self.tags.add(p["ResourceArn"], p["Tags"])}

    def _list_tags(self, p):
        state.check_tags(p["ResourceArn"])
        return {"Tags": self.tags.list(p["ResourceArn"])}

    def _delete_tags(self, p):
        self.tags.remove(p["ResourceArn"], p["TagKeys"])
        return {}


def _finite(value):
    """JSON has no NaN; AWS's JSON protocols write it as a string."""
    if isinstance(value, dict):
        return {k: _finite(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_finite(v) for v in value]
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return value
