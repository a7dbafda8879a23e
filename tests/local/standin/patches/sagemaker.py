"""ministack has no SageMaker: ours is registered as a service, control plane and runtime under one signing name."""
from ministack import app
from ministack.core import router


def install(service):
    router.SERVICE_PATTERNS["sagemaker"] = {
        "target_prefixes": ["SageMaker."], "credential_scope": "sagemaker",
        "host_patterns": [r"api\.sagemaker\.", r"runtime\.sagemaker\."]}
    app.SERVICE_HANDLERS["sagemaker"] = service.handle
