"""Application Auto Scaling as far as endpoints need it: targets and policies are kept and checked. Nothing scales."""
from . import state
from .errors import Refused, invalid

_KEY = ("ServiceNamespace", "ResourceId", "ScalableDimension")
_DIMENSION = "sagemaker:variant:DesiredInstanceCount"


def _not_found(what: str) -> Refused:
    return Refused("ObjectNotFoundException", f"No {what} found for service namespace: sagemaker")


class Scaling:
    """Scalable targets by endpoint and variant, each with its policies by name."""

    def __init__(self, variants):
        """`variants` gives the names of an endpoint's production variants, none where there is no such endpoint."""
        self._variants = variants
        self._targets: dict[tuple[str, str], dict] = {}
        self._operations = {
            "RegisterScalableTarget": self._register, "DeregisterScalableTarget": self._deregister,
            "DescribeScalableTargets": self._describe, "PutScalingPolicy": self._put_policy,
            "DescribeScalingPolicies": self._describe_policies,
        }

    def call(self, operation: str, params: dict) -> dict:
        do = self._operations.get(operation)
        if do is None or params["ServiceNamespace"] != "sagemaker":
            raise Refused("UnknownOperationException", f"the stand-in's Application Auto Scaling does not do {operation}")
        with state.changed:
            return do(params)

    def registered(self, endpoint: str) -> set[str]:
        """The variants of an endpoint that are scalable targets."""
        return {variant for name, variant in self._targets if name == endpoint}

    def _register(self, p):
        endpoint, variant = self._resource(p)
        if variant not in self._variants(endpoint):
            raise invalid(f"No variant {variant} of an endpoint {endpoint}")
        old = self._targets.get((endpoint, variant), {})
        least, most = (p.get(field, old.get(field)) for field in ("MinCapacity", "MaxCapacity"))
        if least is None or most is None or least > most:
            raise invalid(f"MinCapacity {least} and MaxCapacity {most}: both are required, the first not above the second")
        self._targets[endpoint, variant] = {k: p[k] for k in _KEY} | {
            "MinCapacity": least, "MaxCapacity": most, "_policies": old.get("_policies", {})}
        return {"ScalableTargetARN": f"arn:aws:application-autoscaling:us-east-1:000000000000:scalable-target/{endpoint}"}

    def _deregister(self, p):
        if self._targets.pop(self._resource(p), None) is None:
            raise _not_found("scalable target")
        return {}

    def _describe(self, p):
        wanted = p.get("ResourceIds")
        return {"ScalableTargets": [state.public(target) for target in self._targets.values()
                                    if wanted is None or target["ResourceId"] in wanted]}

    def _put_policy(self, p):
        target = self._targets.get(self._resource(p))
        if target is None:
            raise _not_found("scalable target")
        if p.get("PolicyType") != "TargetTrackingScaling" or "TargetTrackingScalingPolicyConfiguration" not in p:
            raise invalid("the stand-in keeps target tracking policies only")
        target["_policies"][p["PolicyName"]] = p
        return {"PolicyARN": f"arn:aws:autoscaling:us-east-1:000000000000:scalingPolicy:{p['PolicyName']}", "Alarms": []}

    def _describe_policies(self, p):
        return {"ScalingPolicies": [policy for target in self._targets.values() for policy in target["_policies"].values()
                                    if p.get("ResourceId") in (None, target["ResourceId"])]}

    @staticmethod
    def _resource(p) -> tuple[str, str]:
        kind, _, rest = p["ResourceId"].partition("/")
        endpoint, _, variant = rest.partition("/variant/")
        if kind != "endpoint" or not variant or p["ScalableDimension"] != _DIMENSION:
            raise invalid(f"{p['ResourceId']} with {p['ScalableDimension']} is no variant's number of instances")
        return endpoint, variant
