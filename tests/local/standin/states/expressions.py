"""JSONata in states. The engine is ministack's; this gives it the variables and the context of a walk."""
import json
import math

from ministack.services import stepfunctions as sfn

from .errors import StateError

PAYLOAD_LIMIT = 262_144
_NAMES = {bool: "boolean", int: "number", float: "number", str: "string", list: "array", dict: "object"}


def evaluate(template, scope, data, result=None, error=None):
    """Every `{% %}` string in `template`, evaluated."""
    context = scope.context | {"variables": scope.variables}
    try:
        return sfn._apply_jsonata_template(template, data, context, result, error)
    except sfn._ExecutionError as failed:
        raise StateError(failed.error, failed.cause) from None


def field(state: dict, name: str, scope, data, kind: type | tuple, default=None):
    """A field of a state that may be an expression, held to its type."""
    if name not in state:
        return default
    value = evaluate(state[name], scope, data)
    kinds = kind if isinstance(kind, tuple) else (kind,)
    if isinstance(value, bool) and bool not in kinds or not isinstance(value, kinds):
        raise StateError("States.QueryEvaluationError",
                         f"The JSONata expression specified for the field '{name}' returned an unexpected result type. "
                         f"Expected '{_NAMES[kinds[0]]}', but was '{_NAMES.get(type(value), 'null')}' for value: "
                         f"{json.dumps(value)}")
    return value


def seconds(state: dict, name: str, scope, data):
    value = field(state, name, scope, data, (int, float))
    if value is not None and (value < 0 or not math.isclose(value, round(value))):
        raise StateError("States.QueryEvaluationError", f"{name} must be a whole number of seconds, not {value}")
    return value


def finish(state: dict, scope, data, default, result=None, error=None):
    """Output and Assign of a state, of a choice rule or of a catcher. Both see the variables as they were before."""
    output = evaluate(state["Output"], scope, data, result, error) if "Output" in state else default
    assigned = evaluate(state.get("Assign", {}), scope, data, result, error)
    scope.variables.update(assigned)
    return output


def encode(value) -> str:
    """A payload as JSON; too large a one ends the execution, as it does on AWS."""
    text = json.dumps(value)
    if len(text.encode()) > PAYLOAD_LIMIT:
        raise StateError("States.DataLimitExceeded",
                         f"The state's payload of {len(text)} bytes exceeds the limit of {PAYLOAD_LIMIT} bytes.")
    return text
