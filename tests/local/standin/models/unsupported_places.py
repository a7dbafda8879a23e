"""Looks through the models' documentation of what Pawl asks for, for values that are said not to be supported."""
import html
import re

from . import services

# What functions, the command and state machines call.
CALLED = {
    "application-autoscaling": (
        "DeregisterScalableTarget", "DescribeScalableTargets", "DescribeScalingPolicies", "PutScalingPolicy",
        "RegisterScalableTarget"),
    "cloudwatch": ("DeleteAlarms", "DescribeAlarms", "GetMetricData", "PutMetricAlarm", "PutMetricData"),
    "events": ("PutEvents",),
    "lambda": ("Invoke",),
    "s3": ("AbortMultipartUpload", "CompleteMultipartUpload", "CreateMultipartUpload", "DeleteObject", "GetObject", "HeadObject",
           "ListObjectVersions", "ListObjectsV2", "PutObject", "UploadPart"),
    "sagemaker": (
        "AddTags", "CreateEndpoint", "CreateEndpointConfig", "CreateHyperParameterTuningJob", "CreateModel",
        "CreateModelPackage", "CreateModelPackageGroup", "CreateTrainingJob", "CreateTransformJob", "DeleteEndpoint",
        "DeleteEndpointConfig", "DeleteModel", "DescribeEndpoint", "DescribeEndpointConfig", "DescribeModel",
        "DescribeModelPackage", "DescribeModelPackageGroup", "DescribeTrainingJob", "ListEndpointConfigs", "ListModels",
        "ListTags", "UpdateEndpoint", "UpdateModelPackage"),
    "sagemaker-runtime": ("InvokeEndpoint", "InvokeEndpointAsync"),
    "sns": ("Publish",),
    "sqs": ("SendMessage",),
    "stepfunctions": ("DescribeExecution", "SendTaskSuccess", "StartExecution"),
}
_PHRASE = re.compile(
    r"[^.]*(?:not (?:currently |yet )?(?:supported|available|allowed)|no longer (?:supported|available)|(?:isn't|aren't) supported)[^.]*",
    re.IGNORECASE)
# Said of every parameter that one kind of bucket does not take; Pawl uses general purpose buckets.
_OF_OTHERS = re.compile(r"directory buckets|S3 on Outposts|access points? for|Object Lambda", re.IGNORECASE)


def found() -> dict[str, str]:
    """{place: the words}, places as in the lists' `at`."""
    places: dict[str, str] = {}
    for service, operations in CALLED.items():
        for operation in operations:
            _walk(services.operation(service, operation).input_shape, f"{service}.{operation}", (), places)
    return places


def _walk(shape, at: str, above: tuple[str, ...], places: dict):
    if shape is None or shape.name in above:
        return
    if shape.type_name == "structure":
        for name, member in shape.members.items():
            told = html.unescape(re.sub(r"<[^>]+>", " ", member.documentation))
            words = [re.sub(r"\s+", " ", one).strip() for one in _PHRASE.findall(told) if not _OF_OTHERS.search(one)]
            if words:
                places[f"{at}.{name}"] = "; ".join(words)
            _walk(member, f"{at}.{name}", (*above, shape.name), places)
    elif shape.type_name == "list":
        _walk(shape.member, f"{at}[]", above, places)
    elif shape.type_name == "map":
        _walk(shape.value, f"{at}{{}}", above, places)
