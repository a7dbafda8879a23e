"""What requests of SageMaker and of Application Auto Scaling demand."""
import re

from .. import aws
from . import catalog
from .judge import Demand
from .request import Request

SERVICE = "sagemaker.amazonaws.com"
_SCALING = "sagemaker.application-autoscaling.amazonaws.com"
# The parameter that names a resource of each type.
_NAMED_BY = {
    "endpoint": "EndpointName", "endpoint-config": "EndpointConfigName", "model": "ModelName",
    "training-job": "TrainingJobName", "transform-job": "TransformJobName",
    "hyper-parameter-tuning-job": "HyperParameterTuningJobName", "model-package-group": "ModelPackageGroupName",
    "model-package": "ModelPackageName"}
_TAGS = ("AddTags", "ListTags", "DeleteTags")


def arn(kind: str, name: str) -> str:
    if name.startswith("arn:"):
        return name
    return f"arn:aws:sagemaker:{aws.region()}:{aws.ACCOUNT}:{kind}/{name}"


def sagemaker(request: Request) -> list[Demand]:
    operation = request.action.partition(":")[2]
    if invoked := re.match(r"/endpoints/([^/]+)/", request.path):
        return [Demand(request.action, arn("endpoint", invoked[1]))]
    params = request.params
    if operation in _TAGS:
        return [Demand(request.action, params.get("ResourceArn", "*"), request.tags)]
    context = request.tags | _keys(params)
    resources = _resources(request.action, operation, params)
    # The key of the model has one value, so each model of a config is judged for itself.
    models = [{"sagemaker:modelarn": arn("model", one)} for one in dict.fromkeys(_models(operation, params))]
    demands = [Demand(request.action, resource, context | model) for resource in resources or ["*"] for model in models or [{}]]
    if params.get("Tags"):
        # The tags of a new resource are added with the caller's rights, and it is the first of those it names.
        demands.append(Demand("sagemaker:AddTags", resources[0], request.tags | {"sagemaker:taggingaction": operation}))
    demands += [Demand("iam:PassRole", role, {"iam:passedtoservice": SERVICE}) for role in roles(params)]
    if operation == "UpdateEndpoint" and guards(params):
        demands.append(Demand("cloudwatch:DescribeAlarms", f"arn:aws:cloudwatch:{aws.region()}:{aws.ACCOUNT}:alarm:*"))
    return demands


def _resources(action: str, operation: str, params: dict) -> list[str]:
    """The ARN of each resource that the reference requires; a type that no parameter names leaves the list empty."""
    if operation == "CreateModelPackage":
        group = params.get("ModelPackageGroupName")
        return [arn("model-package", f"{group.rsplit('/', 1)[-1]}/*" if group else params.get("ModelPackageName", ""))]
    if operation == "ListModelPackages" and params.get("ModelPackageGroupName"):
        return [arn("model-package", f"{params['ModelPackageGroupName'].rsplit('/', 1)[-1]}/*")]
    if operation == "UpdateModelPackage":
        return [params.get("ModelPackageArn", "*")]
    known = catalog.action(action)
    found = [arn(kind, params[_NAMED_BY[kind]]) for kind in (known.required if known else ())
             if _NAMED_BY.get(kind) in params]
    return found if known and len(found) == len(known.required) else []


def roles(params) -> list[str]:
    """Every role that a request hands on to SageMaker."""
    if isinstance(params, list):
        return [role for one in params for role in roles(one)]
    if not isinstance(params, dict):
        return []
    found = [value for name, value in params.items() if name in ("RoleArn", "ExecutionRoleArn") and isinstance(value, str)]
    return list(dict.fromkeys(found + [role for value in params.values() for role in roles(value)]))


def guards(params: dict) -> list[str]:
    """The alarms that a deployment is guarded by."""
    return [one["AlarmName"] for one in params.get("DeploymentConfig", {}).get("AutoRollbackConfiguration", {}).get("Alarms", [])]


def _models(operation: str, params: dict) -> list[str]:
    """The models that a config or a transform uses."""
    variants = params.get("ProductionVariants", []) + params.get("ShadowProductionVariants", [])
    users = variants + [params] * (operation == "CreateTransformJob")
    return [one["ModelName"] for one in users if "ModelName" in one]


def _keys(params: dict) -> dict:
    """The condition keys of SageMaker that the request has, from wherever it carries them."""
    job = params | params.get("TrainingJobDefinition", {}) | params.get("TransformResources", {})
    variants = params.get("ProductionVariants", []) + params.get("ShadowProductionVariants", [])
    resources, network = job.get("ResourceConfig", {}), job.get("VpcConfig", {})
    found = {
        "sagemaker:instancetypes": [one["InstanceType"] for one in [*variants, resources, job] if "InstanceType" in one],
        "sagemaker:networkisolation": job.get("EnableNetworkIsolation"),
        "sagemaker:intercontainertrafficencryption": job.get("EnableInterContainerTrafficEncryption"),
        "sagemaker:vpcsubnets": network.get("Subnets"), "sagemaker:vpcsecuritygroupids": network.get("SecurityGroupIds"),
        "sagemaker:volumekmskeyarn": resources.get("VolumeKmsKeyId") or job.get("VolumeKmsKeyId") or params.get("KmsKeyId"),
        "sagemaker:outputkmskeyarn": (job.get("OutputDataConfig") or params.get("TransformOutput") or {}).get("KmsKeyId"),
        "sagemaker:maxruntimeinseconds": job.get("StoppingCondition", {}).get("MaxRuntimeInSeconds"),
        "sagemaker:modelapprovalstatus": params.get("ModelApprovalStatus")}
    return {key: value for key, value in found.items() if value not in (None, [])}


def scaling(request: Request) -> list[Demand]:
    """Application Auto Scaling looks at the endpoint, changes it and keeps its alarms with the rights of whoever asks it."""
    operation, params = request.action.partition(":")[2], request.params
    context = request.tags | {"application-autoscaling:service-namespace": params.get("ServiceNamespace"),
                              "application-autoscaling:scalable-dimension": params.get("ScalableDimension")}
    endpoint = params.get("ResourceId", "").partition("/variant/")[0].removeprefix("endpoint/")
    if not catalog.action(request.action).required:
        return [Demand(request.action, "*", context)]
    target = f"arn:aws:application-autoscaling:{aws.region()}:{aws.ACCOUNT}:scalable-target/{params.get('ResourceId')}"
    alarms = f"arn:aws:cloudwatch:{aws.region()}:{aws.ACCOUNT}:alarm:"
    own = f"{alarms}TargetTracking-{params.get('ResourceId')}-AlarmHigh"
    demands = [Demand(request.action, target, context)]
    if operation == "RegisterScalableTarget":
        role = f"arn:aws:iam::{aws.ACCOUNT}:role/aws-service-role/{_SCALING}/AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint"
        demands += [Demand("sagemaker:DescribeEndpoint", arn("endpoint", endpoint)),
                    Demand("sagemaker:UpdateEndpointWeightsAndCapacities", arn("endpoint", endpoint)),
                    Demand("iam:CreateServiceLinkedRole", role, {"iam:awsservicename": _SCALING})]
    if operation == "PutScalingPolicy":
        demands += [Demand("cloudwatch:PutMetricAlarm", own), Demand("cloudwatch:DescribeAlarms", f"{alarms}*")]
    if operation in ("DeregisterScalableTarget", "DeleteScalingPolicy"):
        demands.append(Demand("cloudwatch:DeleteAlarms", own))
    return demands
