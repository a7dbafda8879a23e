"""From a request to what it demands: actions on resources, as the Service Authorization Reference and the services' own pages say.

A service without rules of its own here is judged by one action on the resource that ministack tells.
"""
from ministack.core import iam_actions

from .. import aws
from ..states import tasks
from . import keys, machine_learning
from .judge import Demand
from .request import Request

ALARMS = "alarm:*"


def of(request: Request) -> list[Demand] | None:
    """The demands of a request, the first of them for its own action; None where the action has no name."""
    if request.action is None:
        return None
    rules = {"s3": _s3, "monitoring": _cloudwatch, "events": _events, "states": _states, "logs": _logs,
             "sns": _message, "sqs": _message, "sagemaker": machine_learning.sagemaker, "application-autoscaling": machine_learning.scaling}
    rule = rules.get(request.service)
    if rule is not None:
        return rule(request)
    return [Demand(request.action, request.resource, request.tags)]


def arn(service: str, resource: str) -> str:
    return f"arn:aws:{service}:{aws.region()}:{aws.ACCOUNT}:{resource}"


# S3

_HEADER_KEYS = ("x-amz-acl", "x-amz-server-side-encryption", "x-amz-server-side-encryption-aws-kms-key-id",
                "if-match", "if-none-match")
# What a write needs beside s3:PutObject for what it says in these headers.
_WITH_HEADER = {"x-amz-tagging": "s3:PutObjectTagging", "x-amz-acl": "s3:PutObjectAcl"}


def _s3(request: Request) -> list[Demand]:
    bucket, _, key = request.path.lstrip("/").partition("/")
    context = {name.lower(): value for name, value in iam_actions.s3_service_context(
        request.action, request.query, request.path, request.headers).items()}
    if request.action == "s3:PutObject":
        context |= {f"s3:{name}": request.headers[name] for name in _HEADER_KEYS if name in request.headers}
    resource = f"arn:aws:s3:::{bucket}/{key}" if key else request.resource
    more = iam_actions.s3_additional_checks(request.method, request.path, request.headers, request.body, request.query)
    more += [(action, resource) for header, action in _WITH_HEADER.items() if header in request.headers and key]
    demands = [Demand(request.action, resource, context)] + [Demand(action, on) for action, on in more]
    if not key:
        return demands
    return demands + [needed for one in demands for needed in keys.of_object(one.action, one.resource[13:].partition("/")[0])]


def missing_object(request: Request) -> Demand | None:
    """What a caller must be allowed to be told that an object is not there; S3 answers AccessDenied otherwise."""
    bucket, _, key = request.path.lstrip("/").partition("/")
    if request.method not in ("GET", "HEAD") or not key:
        return None
    action = "s3:ListBucketVersions" if "versionId" in request.query else "s3:ListBucket"
    return Demand(action, f"arn:aws:s3:::{bucket}")


# CloudWatch, EventBridge, Step Functions, topics and queues, CloudWatch Logs

def _cloudwatch(request: Request) -> list[Demand]:
    params = request.params
    if request.action == "cloudwatch:PutMetricData":
        return [Demand(request.action, "*", {"cloudwatch:namespace": params.get("Namespace")})]
    if request.action == "cloudwatch:DescribeAlarms":
        return [Demand(request.action, arn("cloudwatch", ALARMS))]
    names = params.get("AlarmNames") or [params[name] for name in ("AlarmName",) if name in params]
    if names:
        actions = [request.action] + ["cloudwatch:TagResource"] * bool(params.get("Tags"))
        return [Demand(action, arn("cloudwatch", f"alarm:{name}"), request.tags) for name in names for action in actions]
    return [Demand(request.action, "*")]


def _events(request: Request) -> list[Demand]:
    params = request.params
    if request.action == "events:PutEvents":
        return [Demand(request.action, _bus(entry.get("EventBusName")), {
            "events:source": entry.get("Source"), "events:detail-type": entry.get("DetailType")})
            for entry in params.get("Entries", [])]
    name, bus = params.get("Name") or params.get("Rule"), params.get("EventBusName") or "default"
    if name:
        return [Demand(request.action, arn("events", f"rule/{name}" if bus == "default" else f"rule/{bus}/{name}"),
                       request.tags)]
    return [Demand(request.action, request.resource, request.tags)]


def _bus(name: str | None) -> str:
    name = name or "default"
    return name if name.startswith("arn:") else arn("events", f"event-bus/{name}")


def _states(request: Request) -> list[Demand]:
    params = request.params
    if "taskToken" in params:
        return [Demand(request.action, tasks.asked.get(params["taskToken"]) or arn("states", "stateMachine:unknown"))]
    if "mapRunArn" in params:
        return [Demand(request.action, params["mapRunArn"])]
    return [Demand(request.action, request.resource, request.tags)]


def _message(request: Request) -> list[Demand]:
    return [Demand(request.action, request.resource, request.tags), *keys.of_message(request.action, request.resource)]


def _logs(request: Request) -> list[Demand]:
    params = request.params
    group, stream = params.get("logGroupName"), params.get("logStreamName")
    if group and stream:
        return [Demand(request.action, arn("logs", f"log-group:{group}:log-stream:{stream}"))]
    return [Demand(request.action, arn("logs", f"log-group:{group}") if group else "*", request.tags)]
