"""ministack has no SageMaker: ours is registered as a service, control plane and runtime under one signing name; and
with it Application Auto Scaling, which has no other user here."""
from ministack import app
from ministack.core import router


def install(service):
    router.SERVICE_PATTERNS["sagemaker"] = {
        "target_prefixes": ["SageMaker."], "credential_scope": "sagemaker",
        "host_patterns": [r"api\.sagemaker\.", r"runtime\.sagemaker\."]}
    router.SERVICE_PATTERNS["application-autoscaling"] = {
        "target_prefixes": ["AnyScaleFrontendService."], "credential_scope": "application-autoscaling",
        "host_patterns": [r"application-autoscaling\."]}
    for name in ("sagemaker", "application-autoscaling"):
        app.SERVICE_HANDLERS[name] = service.handle
