"""One execution from its start to its end: what ministack calls instead of its own interpreter."""
import json
import logging
import threading
import time

from ministack.services import stepfunctions as sfn

from .errors import Ended, StateError
from .expressions import encode
from .scope import Scope
from .walk import walk

log = logging.getLogger("standin.states")
_ending = threading.Lock()
wait_scale = 1.0


def run(arn: str):
    """Walk the execution's machine and record how it ended."""
    execution = sfn._executions.get(arn)
    machine = sfn._state_machines.get(execution["stateMachineArn"]) if execution else None
    if machine is None:
        return
    definition = json.loads(machine["definition"])
    data = json.loads(execution["input"])
    context = {
        "Execution": {"Id": arn, "Input": data, "Name": execution["name"], "RoleArn": machine["roleArn"],
                      "StartTime": execution["startDate"], "RedriveCount": 0},
        "StateMachine": {"Id": execution["stateMachineArn"], "Name": machine["name"]},
    }
    limit = definition.get("TimeoutSeconds")
    deadline = time.monotonic() + limit if limit else None

    def over():
        if execution["status"] != "RUNNING":
            raise Ended
        if deadline is not None and time.monotonic() > deadline:
            _end(execution, "TIMED_OUT", "ExecutionTimedOut", error="States.Timeout",
                 cause=f"the execution ran longer than {limit} seconds")
            raise Ended

    scope = Scope(execution, context, {}, over, wait_scale)
    try:
        if definition.get("QueryLanguage") != "JSONata":
            raise StateError("States.Runtime", "the stand-in runs machines with QueryLanguage JSONata only")
        output = encode(walk(definition["States"], definition["StartAt"], data, scope))
        _end(execution, "SUCCEEDED", "ExecutionSucceeded", output=output)
    except Ended:
        pass
    except StateError as raised:
        _end(execution, "FAILED", "ExecutionFailed", error=raised.error, cause=raised.cause)
    except Exception as error:
        log.exception("execution %s", arn)
        _end(execution, "FAILED", "ExecutionFailed", error="States.Runtime", cause=f"{type(error).__name__}: {error}")


def _end(execution: dict, status: str, event: str, **fields):
    """The first ending counts; a stopped execution stays stopped."""
    with _ending:
        if execution["status"] != "RUNNING":
            return
        sfn._add_event(execution, event, {f"{event[0].lower()}{event[1:]}EventDetails": fields})
        execution.update(fields, stopDate=sfn.now_iso(), status=status)
    if status != "SUCCEEDED":
        log.warning("execution %s %s: %s: %s", execution["name"], status, fields["error"], fields["cause"][:500])
    sfn._emit_execution_status_event(execution)
