"""Executions are walked by our interpreter, StartExecution is idempotent as it is on AWS, and each start and end of an execution is
counted: https://docs.aws.amazon.com/step-functions/latest/dg/procedure-cw-metrics.html."""
import json

from ministack.core.responses import json_response
from ministack.services import cloudwatch
from ministack.services import stepfunctions as sfn

from ..states import execution, integrations

_METRICS = {"RUNNING": "ExecutionsStarted", "SUCCEEDED": "ExecutionsSucceeded", "FAILED": "ExecutionsFailed",
            "TIMED_OUT": "ExecutionsTimedOut", "ABORTED": "ExecutionsAborted"}


def install(service, wait_scale: float):
    integrations.use(service)
    execution.wait_scale = wait_scale
    sfn._run_execution = execution.run
    original = sfn._start_execution

    def start_execution(data):
        name = data.get("name")
        machine = sfn._state_machines.get(data.get("stateMachineArn", ""))
        if name and machine:
            arn = data["stateMachineArn"].replace(":stateMachine:", ":execution:") + f":{name}"
            running = sfn._executions.get(arn)
            if running and running["status"] == "RUNNING" and _same(running["input"], data.get("input", "{}")):
                return json_response({"executionArn": arn, "startDate": running["startDate"]})
        return original(data)

    sfn._start_execution = start_execution
    _count_executions()


def _count_executions():
    """Every change of an execution's state passes here; children of a map have no event and no metric of their machine."""
    original = sfn._emit_execution_status_event

    def emit(running):
        cloudwatch.record_metric("AWS/States", _METRICS[running["status"]], 1, "Count",
                                 {"StateMachineArn": running["stateMachineArn"]})
        original(running)

    sfn._emit_execution_status_event = emit


def _same(one: str, other: str) -> bool:
    return json.loads(one) == json.loads(other)
