"""Executions are walked by our interpreter, and StartExecution is idempotent as it is on AWS."""
import json

from ministack.core.responses import json_response
from ministack.services import stepfunctions as sfn

from ..states import execution, integrations


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


def _same(one: str, other: str) -> bool:
    return json.loads(one) == json.loads(other)
