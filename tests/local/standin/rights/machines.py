"""State machines act in their roles: each execution in a session of its machine's role, and what Step Functions does beside the
calls of its states needs rights of that role, as its documentation lists them."""
import re

from ministack.services import stepfunctions as sfn

from .. import aws
from ..states import distributed, execution, integrations
from ..states.errors import StateError
from ..states.expressions import evaluate
from . import judge, sessions
from .judge import Demand

SERVICE = "states.amazonaws.com"
# The rules by which `.sync` hears that a job has ended.
_RULES = {"createTrainingJob": "SageMakerTrainingJobs", "createTransformJob": "SageMakerTransformJobs",
          "createHyperParameterTuningJob": "SageMakerTuningJobs", "startExecution": "StepFunctionsExecution"}


def install():
    sfn._run_execution = _in_its_role(sfn._run_execution)
    integrations.call = _with_rules(integrations.call)
    distributed.run = _with_children(distributed.run)


def _in_its_role(run):
    def run_in_role(arn):
        started = sfn._executions.get(arn)
        machine = sfn._state_machines.get(started["stateMachineArn"]) if started else None
        if machine is None:
            return
        try:
            session = sessions.assume(machine["roleArn"], SERVICE, machine["stateMachineArn"], "execution")
        except sessions.NotAssumed as error:
            execution._end(started, "FAILED", "ExecutionFailed", error="States.Runtime", cause=str(error))
            return
        with aws.acting(session):
            run(arn)

    return run_in_role


def _with_rules(call):
    def call_with_rules(resource, arguments, over):
        found = re.search(r":(\w+)\.sync", resource)
        if found and found[1] in _RULES:
            rule = f"arn:aws:events:{aws.REGION}:{aws.ACCOUNT}:rule/StepFunctionsGetEventsFor{_RULES[found[1]]}Rule"
            _demand("States.Runtime", *(Demand(f"events:{action}", rule) for action in ("PutTargets", "PutRule", "DescribeRule")))
        return call(resource, arguments, over)

    return call_with_rules


def _with_children(run):
    def run_with_children(state, scope, data):
        machine = scope.context["StateMachine"]["Id"].partition("/")[0]
        children = machine.replace(":stateMachine:", ":execution:") + f"/{state.get('Label', 'map')}:child"
        _demand("States.Runtime", Demand("states:StartExecution", machine), Demand("states:DescribeExecution", children),
                Demand("states:StopExecution", children))
        if "ItemReader" in state:
            reader = state["ItemReader"]
            _demand("States.ItemReaderFailed", _read(reader["Resource"], evaluate(reader.get("Arguments", {}), scope, data)))
        if "ResultWriter" in state:
            target = evaluate(state["ResultWriter"]["Arguments"], scope, data)
            key = "/".join(part for part in (target.get("Prefix", "").strip("/"), "map-run", "manifest.json") if part)
            _demand("States.ResultWriterFailed", *(Demand(f"s3:{action}", f"arn:aws:s3:::{target['Bucket']}/{key}") for action in (
                "PutObject", "GetObject", "ListMultipartUploadParts", "AbortMultipartUpload")))
        return run(state, scope, data)

    return run_with_children


def _read(resource: str, arguments: dict) -> Demand:
    """What it takes to read a map's items."""
    bucket = f"arn:aws:s3:::{arguments['Bucket']}"
    if resource.endswith(":listObjectsV2"):
        return Demand("s3:ListBucket", bucket, {"s3:prefix": arguments["Prefix"]} if "Prefix" in arguments else {})
    return Demand("s3:GetObject", f"{bucket}/{arguments['Key']}")


def _demand(error: str, *demands: Demand):
    refusal = judge.as_role(aws.actor(), *demands)
    if refusal is not None:
        raise StateError(error, refusal.message)
