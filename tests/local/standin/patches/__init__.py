"""What is changed in ministack 1.5.33, each change in the module of its service."""
import importlib.metadata

from .. import events, rights
from . import changesets, cloudformation, cloudwatch, eventing, functions, s3, sagemaker, sqs, stepfunctions, templates

# The patches reach into ministack's modules, so they fit exactly one version.
VERSION = "1.5.33"


def install(service, wait_scale: float, state_dir):
    found = importlib.metadata.version("ministack")
    if found != VERSION:
        raise RuntimeError(f"the stand-in is made for ministack {VERSION}, but {found} is installed: "
                           "pip install -r tests/local/requirements.txt")
    sagemaker.install(service)
    stepfunctions.install(service, wait_scale)
    cloudwatch.install()
    s3.install()
    sqs.install()
    cloudformation.install()
    templates.install()
    changesets.install()
    eventing.install()
    functions.install()
    rights.install(service, state_dir)
    events.start()
