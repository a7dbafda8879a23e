"""The services whose requests are checked, and their models."""
import functools

import botocore.loaders
import botocore.model

# ministack's name of a service: botocore's.
_BOTOCORE = {
    "s3": "s3", "sagemaker": "sagemaker", "states": "stepfunctions", "step-functions": "stepfunctions",
    "stepfunctions": "stepfunctions", "sns": "sns", "sqs": "sqs", "monitoring": "cloudwatch", "cloudwatch": "cloudwatch",
    "application-autoscaling": "application-autoscaling", "events": "events", "eventbridge": "events",
    "lambda": "lambda", "scheduler": "scheduler", "logs": "logs", "cloudwatch-logs": "logs"}
# Two services of one signing name; only the control plane names an operation.
_RUNTIME = "sagemaker-runtime"
ALL = tuple(sorted({*_BOTOCORE.values(), _RUNTIME}))
_loaded: set[str] = set()


def known(service: str, headers: dict) -> str | None:
    """botocore's name of the service that a request is for; None where it is not checked."""
    if service == "sagemaker" and "x-amz-target" not in headers:
        return _RUNTIME
    return _BOTOCORE.get(service)


def loaded(name: str) -> bool:
    """Whether `model` answers at once."""
    return name in _loaded


@functools.cache
def model(name: str) -> botocore.model.ServiceModel:
    """A service's API model. The first time takes some tenths of a second."""
    found = botocore.model.ServiceModel(botocore.loaders.Loader().load_service_model(name, "service-2"), name)
    _loaded.add(name)
    return found


@functools.cache
def operation(service: str, name: str) -> botocore.model.OperationModel | None:
    """One operation, or None where the service has none of this name."""
    try:
        return model(service).operation_model(name)
    except botocore.model.OperationNotFoundError:
        return None
