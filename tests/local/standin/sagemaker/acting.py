"""SageMaker acts in the role that a request hands it: reading and writing S3, pulling the image, publishing metrics."""
import re

from .. import aws
from ..rights import judge, machine_learning, sessions
from ..rights.judge import Demand
from .errors import invalid

# What joins an instance to somebody's subnets; the last ones know no resource.
_JOIN = ("CreateNetworkInterface", "CreateNetworkInterfacePermission", "DeleteNetworkInterface", "DeleteNetworkInterfacePermission")
_LOOK = ("DescribeNetworkInterfaces", "DescribeVpcs", "DescribeDhcpOptions", "DescribeSubnets", "DescribeSecurityGroups")
_PULL = ("BatchCheckLayerAvailability", "BatchGetImage", "GetDownloadUrlForLayer")


def trusted(params: dict):
    """Refuse a request that hands on a role which does not trust SageMaker."""
    for role in machine_learning.roles(params):
        try:
            _assume(role)
        except sessions.NotAssumed:
            raise invalid(f"Could not assume role {role}. Please ensure that the role exists and allows principal "
                          "'sagemaker.amazonaws.com' to assume the role.") from None


def role(arn: str):
    """Everything below is done in this role; sessions.NotAssumed where SageMaker cannot take it."""
    return aws.acting(_assume(arn))


def _assume(arn: str) -> aws.Credentials:
    source = f"arn:aws:sagemaker:{aws.region()}:{aws.ACCOUNT}:*"
    return sessions.assume(arn, machine_learning.SERVICE, source, "SageMaker")


def refused_pull(image: str) -> str | None:
    """Why the role that acts may not pull an image; None where it may, or where the image is in no registry of the account's."""
    found = re.fullmatch(r"(\d{12})\.dkr\.ecr\.([\w-]+)\.amazonaws\.com/([^:@]+)(?:[:@].*)?", image)
    if not found or found[1] != aws.ACCOUNT:
        return None
    repository = f"arn:aws:ecr:{found[2]}:{found[1]}:repository/{found[3]}"
    refusal = judge.as_role(aws.actor(), Demand("ecr:GetAuthorizationToken", "*"),
                            *(Demand(f"ecr:{action}", repository) for action in _PULL))
    return refusal.message if refusal else None


def refused_instance(key: str | None, network: dict | None) -> str | None:
    """Why the role that acts may not have an instance whose volume this key encrypts, in the subnets of this VpcConfig."""
    demands = []
    if key:
        arn = key if key.startswith("arn:") else f"arn:aws:kms:{aws.region()}:{aws.ACCOUNT}:key/{key}"
        demands.append(Demand("kms:CreateGrant", arn, {
            "kms:grantisforawsresource": "true", "kms:calleraccount": aws.ACCOUNT,
            "kms:viaservice": f"sagemaker.{aws.region()}.amazonaws.com"}))
    if network:
        interface = f"arn:aws:ec2:{aws.region()}:{aws.ACCOUNT}:network-interface/eni-1"
        demands += [Demand(f"ec2:{action}", interface) for action in _JOIN] + [Demand(f"ec2:{action}", "*") for action in _LOOK]
    refusal = judge.as_role(aws.actor(), *demands)
    return refusal.message if refusal else None


def observe(kind: str, name: str):
    """SageMaker logs and measures what runs with the role's rights, if it has them: without, nothing fails and nothing is seen. `kind`
    is "TrainingJobs", "TransformJobs" or "Endpoints"."""
    space = f"/aws/sagemaker/{kind}"
    group = f"arn:aws:logs:{aws.region()}:{aws.ACCOUNT}:log-group:{space}" + (f"/{name}" if kind == "Endpoints" else "")
    stream = f"{group}:log-stream:{name}"
    for demand in (Demand("logs:CreateLogGroup", group), Demand("logs:DescribeLogStreams", group),
                   Demand("logs:CreateLogStream", stream), Demand("logs:PutLogEvents", stream),
                   Demand("cloudwatch:PutMetricData", "*", {"cloudwatch:namespace": space})):
        judge.as_role(aws.actor(), demand)


def watches(role: str):
    """Refuse a deployment whose alarms the role of its models may not see: auto-rollback looks at them in it."""
    refusal = judge.as_role(_assume(role), Demand("cloudwatch:DescribeAlarms", f"arn:aws:cloudwatch:{aws.region()}:{aws.ACCOUNT}:alarm:*"))
    if refusal is not None:
        raise invalid(f"The alarms of AutoRollbackConfiguration cannot be watched. {refusal.message}")


def refused_read(archive: str) -> bool:
    """Whether the role that acts may not read an object; one that is not there is no refusal."""
    bucket, _, key = archive.removeprefix("s3://").partition("/")
    return judge.as_role(aws.actor(), Demand("s3:GetObject", f"arn:aws:s3:::{bucket}/{key}")) is not None
