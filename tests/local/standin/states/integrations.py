"""Service integrations: API calls to the gateway, with the names, shapes and errors that Step Functions gives them."""
import datetime
import json
import logging
import re
import time

import botocore.exceptions
import botocore.model

from .. import aws
from .errors import StateError

log = logging.getLogger("standin.states")
_sagemaker = None  # set by patches.install: .sync waits on jobs without polling

# Step Functions' service names where boto3's differ, and the prefixes of their errors.
_BOTO = {"sfn": "stepfunctions", "eventbridge": "events", "cloudwatchlogs": "logs",
         "applicationautoscaling": "application-autoscaling"}
_PREFIX = {"sagemaker": "SageMaker", "s3": "S3", "sfn": "Sfn", "sns": "Sns", "sqs": "Sqs", "lambda": "Lambda",
           "cloudwatch": "CloudWatch", "eventbridge": "EventBridge", "scheduler": "Scheduler",
           "sagemakerruntime": "SageMakerRuntime", "ssm": "Ssm", "cloudwatchlogs": "CloudWatchLogs",
           "applicationautoscaling": "ApplicationAutoScaling"}
# The optimised integrations of SageMaker; only jobs have .sync.
_SAGEMAKER = {"createTrainingJob": "TrainingJob", "createTransformJob": "TransformJob",
              "createHyperParameterTuningJob": "HyperParameterTuningJob", "createModel": None,
              "createEndpointConfig": None, "createEndpoint": None, "updateEndpoint": None}


def use(sagemaker):
    global _sagemaker
    _sagemaker = sagemaker


def call(resource: str, arguments, over):
    """Run one integration. `over` is set when nobody waits for it any more."""
    match = re.fullmatch(r"arn:aws:states:::(?:aws-sdk:)?([\w-]+):(\w+)(\.sync(?::2)?)?", resource)
    if ":function:" in resource:
        return _invoke({"FunctionName": resource, "Payload": arguments}, "LambdaFunction")["Payload"]
    if not match:
        raise StateError("States.Runtime", f"the stand-in does not know the resource {resource}")
    service, action, sync = match.groups()
    if "aws-sdk:" in resource:
        return _sdk(service, action, arguments)
    if (service, action) == ("lambda", "invoke"):
        return _invoke(arguments, "Lambda")
    if service == "sagemaker" and action in _SAGEMAKER:
        return _optimised_sagemaker(action, sync, arguments, over)
    if (service, action) == ("sns", "publish"):
        return _sdk("sns", "publish", _text(arguments, "Message"), "SNS", "AmazonSNSException")
    if (service, action) == ("sqs", "sendMessage"):
        return _sdk("sqs", "sendMessage", _text(arguments, "MessageBody"), "SQS", "AmazonSQSException")
    if (service, action) == ("events", "putEvents"):
        entries = [_text(entry, "Detail") for entry in arguments["Entries"]]
        return _sdk("eventbridge", "putEvents", arguments | {"Entries": entries}, "EventBridge")
    if (service, action) == ("states", "startExecution"):
        return _start_execution(arguments, sync, over)
    raise StateError("States.Runtime", f"the stand-in does not know the integration {resource}")


def _text(arguments: dict, field: str) -> dict:
    value = arguments.get(field)
    return arguments if isinstance(value, str) or value is None else arguments | {field: json.dumps(value)}


# aws-sdk:<service>:<action>

def _sdk(service: str, action: str, arguments: dict, prefix: str | None = None, base: str | None = None):
    name = _BOTO.get(service, service)
    try:
        client = aws.client("sagemaker-runtime" if name == "sagemakerruntime" else name)
    except botocore.exceptions.UnknownServiceError:
        raise StateError("States.Runtime", f"there is no service {service}") from None
    operation = action[0].upper() + action[1:]
    method = next((m for m, o in client.meta.method_to_api_mapping.items() if o == operation), None)
    if method is None:
        raise StateError("States.Runtime", f"{service} has no action {action}")
    model = client.meta.service_model.operation_model(operation)
    try:
        answer = getattr(client, method)(**_named_as(arguments or {}, model.input_shape))
    except botocore.exceptions.ClientError as error:
        raise _named_error(service, client, error, prefix, base) from None
    except botocore.exceptions.ParamValidationError as error:
        raise StateError("States.Runtime", f"The Parameters '{json.dumps(arguments)[:1000]}' could not be used to "
                                           f"start the Task: {error}") from None
    answer.pop("ResponseMetadata", None)
    return _pascal(answer)


def _named_error(service, client, error, prefix=None, base=None) -> StateError:
    """The name Step Functions gives an API error: modelled ones by name, all others by the service's base exception."""
    prefix = prefix or _PREFIX.get(service, service.capitalize())
    code, message = error.response["Error"]["Code"], error.response["Error"]["Message"]
    status = error.response["ResponseMetadata"]["HTTPStatusCode"]
    modelled = {shape.error_code or shape.name for shape in client.meta.service_model.error_shapes} | {
        shape.name for shape in client.meta.service_model.error_shapes}
    if code in modelled:
        name = code if code.endswith("Exception") else f"{code}Exception"
    else:
        name = base or f"{prefix}Exception"
    return StateError(f"{prefix}.{name}", f"{message} (Service: {prefix}, Status Code: {status}, Error Code: {code})")


def _named_as(value, shape: botocore.model.Shape):
    """Step Functions writes every parameter in Pascal case; the API may not."""
    if isinstance(value, dict) and shape is not None and shape.type_name == "structure":
        spelling = {name.lower(): name for name in shape.members}
        named = {}
        for key, member in value.items():
            name = spelling.get(key.lower(), key)
            named[name] = _named_as(member, shape.members.get(name))
        return named
    if isinstance(value, list) and shape is not None and shape.type_name == "list":
        return [_named_as(member, shape.member) for member in value]
    if isinstance(value, dict) and shape is not None and shape.type_name == "map":
        return {key: _named_as(member, shape.value) for key, member in value.items()}
    if shape is not None and shape.type_name == "blob" and not isinstance(value, (str, bytes)):
        return json.dumps(value)
    return value


def _pascal(value):
    if isinstance(value, dict):
        return {key[:1].upper() + key[1:]: _pascal(member) for key, member in value.items()}
    if isinstance(value, list):
        return [_pascal(member) for member in value]
    if isinstance(value, datetime.datetime):
        return value.astimezone(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
    if hasattr(value, "read"):
        value = value.read()
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


# Optimised integrations

def _invoke(arguments: dict, prefix: str) -> dict:
    client = aws.client("lambda")
    payload = arguments.get("Payload", {})
    request = {k: v for k, v in arguments.items() if k in ("FunctionName", "InvocationType", "Qualifier")}
    try:
        answer = client.invoke(**request, Payload=payload if isinstance(payload, (str, bytes)) else json.dumps(payload))
    except botocore.exceptions.ClientError as error:
        raise _named_error("lambda", client, error, "Lambda", "AWSLambdaException") from None
    except botocore.exceptions.BotoCoreError as error:
        raise StateError("Lambda.SdkClientException", str(error)) from None
    text = answer["Payload"].read().decode("utf-8", "replace")
    result = json.loads(text) if text else None
    if answer.get("FunctionError"):
        kind = result.get("errorType") if isinstance(result, dict) else None
        raise StateError(kind or "Lambda.Unknown", text, of_a_task=True)
    return {"ExecutedVersion": "$LATEST", "Payload": result, "StatusCode": answer["StatusCode"]}


def _optimised_sagemaker(action: str, sync: str | None, arguments: dict, over):
    field = _SAGEMAKER[action]
    if sync and field is None:
        raise StateError("States.Runtime", f"sagemaker:{action} has no .sync form")
    answer = _sdk("sagemaker", action, arguments, base="AmazonSageMakerException")
    if not sync:
        return answer
    name, jobs = arguments[f"{field}Name"], _sagemaker.jobs(field)
    while not jobs.wait(name, 0.2):
        if over.is_set():
            log.info("%s %s is stopped: its execution does not wait any more", field, name)
            _sdk("sagemaker", f"stop{field}", {f"{field}Name": name})
            return None
    described = _epoch(_describe(field, name))
    if described[f"{field}Status"] != "Completed":
        raise StateError("States.TaskFailed", json.dumps(described), of_a_task=True)
    return described


def _describe(field: str, name: str) -> dict:
    client = aws.client("sagemaker")
    method = {"TrainingJob": "describe_training_job", "TransformJob": "describe_transform_job",
              "HyperParameterTuningJob": "describe_hyper_parameter_tuning_job"}[field]
    answer = getattr(client, method)(**{f"{field}Name": name})
    answer.pop("ResponseMetadata", None)
    return answer


def _epoch(value):
    """The optimised integration gives times in epoch milliseconds."""
    if isinstance(value, dict):
        return {key: _epoch(member) for key, member in value.items()}
    if isinstance(value, list):
        return [_epoch(member) for member in value]
    return int(value.timestamp() * 1000) if isinstance(value, datetime.datetime) else value


def _start_execution(arguments: dict, sync: str | None, over):
    arguments = _text(arguments, "Input")
    started = _sdk("sfn", "startExecution", arguments, "StepFunctions", "AWSStepFunctionsException")
    if not sync:
        return started
    arn = started["ExecutionArn"]
    while True:
        described = _sdk("sfn", "describeExecution", {"ExecutionArn": arn}, "StepFunctions")
        if described["Status"] != "RUNNING":
            break
        if over.is_set():
            return _sdk("sfn", "stopExecution", {"ExecutionArn": arn}, "StepFunctions")
        time.sleep(0.1)
    if described["Status"] != "SUCCEEDED":
        raise StateError("States.TaskFailed", json.dumps(described), of_a_task=True)
    if sync == ".sync:2":
        described["Output"] = json.loads(described["Output"])
    return described
