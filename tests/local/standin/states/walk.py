"""Walks the states of a machine, of a Parallel branch or of a Map item."""
import datetime
import random
import time

from ministack.services import stepfunctions as sfn

from . import maps, tasks
from .errors import Ended, StateError, find
from .expressions import encode, evaluate, field, finish, seconds
from .scope import Scope


def walk(states: dict, start: str, data, scope: Scope):
    """Run from `start` to an end; the last state's output."""
    name = start
    while name is not None:
        scope.over()
        state = states.get(name)
        if state is None:
            raise StateError("States.Runtime", f"there is no state {name!r}")
        if state.get("QueryLanguage", "JSONata") != "JSONata":
            raise StateError("States.Runtime", f"state {name}: the stand-in runs JSONata states only")
        kind = state["Type"]
        scope.context["State"] = {"Name": name, "EnteredTime": sfn.now_iso(), "RetryCount": 0}
        scope.event(f"{kind}StateEntered", stateEnteredEventDetails={"name": name, "input": encode(data)})
        data, following = _step(kind, state, data, scope)
        scope.event(f"{kind}StateExited", stateExitedEventDetails={"name": name, "output": encode(data)})
        name = following
    return data


def _step(kind: str, state: dict, data, scope: Scope):
    """One state: its output and the name of the next, or None at an end."""
    following = None if state.get("End") or kind == "Succeed" else state.get("Next")
    if kind in ("Pass", "Succeed"):
        return finish(state, scope, data, default=data), following
    if kind == "Fail":
        raise StateError(field(state, "Error", scope, data, str, ""), field(state, "Cause", scope, data, str, ""))
    if kind == "Wait":
        _wait(state, scope, data)
        return finish(state, scope, data, default=data), following
    if kind == "Choice":
        return _choose(state, scope, data)
    work = {"Task": tasks.run, "Parallel": maps.parallel, "Map": maps.map_state}.get(kind)
    if work is None:
        raise StateError("States.Runtime", f"unknown state type {kind}")
    return _with_retry_and_catch(work, state, scope, data, following)


def _wait(state, scope, data):
    if "Seconds" in state:
        scope.sleep(seconds(state, "Seconds", scope, data))
    else:
        text = field(state, "Timestamp", scope, data, str)
        try:
            until = datetime.datetime.fromisoformat(text)
        except ValueError:
            raise StateError("States.QueryEvaluationError", f"Timestamp is no ISO 8601 time: {text}") from None
        scope.sleep(max(0.0, until.timestamp() - time.time()))


def _choose(state, scope, data):
    for rule in state["Choices"]:
        chosen = evaluate(rule["Condition"], scope, data)
        if not isinstance(chosen, bool):
            raise StateError("States.QueryEvaluationError", f"Condition {rule['Condition']} is no boolean: {chosen!r}")
        if chosen:
            return finish(rule, scope, data, default=data), rule["Next"]
    if "Default" not in state:
        raise StateError("States.NoChoiceMatched", "no choice rule matched, and there is no Default")
    return finish(state, scope, data, default=data), state["Default"]


def _with_retry_and_catch(work, state, scope, data, following):
    tried: dict[int, int] = {}
    entered = scope.context["State"]
    while True:
        scope.context["State"] = entered | {"RetryCount": sum(tried.values())}
        try:
            result = work(state, scope, data)
            return finish(state, scope, data, default=result, result=result), following
        except Ended:
            raise
        except StateError as raised:
            scope.context["State"] = entered
            retrier = find(state.get("Retry", []), raised)
            if retrier is not None and tried.get(id(retrier), 0) < retrier.get("MaxAttempts", 3):
                count = tried.get(id(retrier), 0)
                tried[id(retrier)] = count + 1
                scope.sleep(_retry_interval(retrier, count))
                continue
            catcher = find(state.get("Catch", []), raised)
            if catcher is None:
                raise
            error = {"Error": raised.error, "Cause": raised.cause}
            return finish(catcher, scope, data, default=error, error=error), catcher["Next"]


def _retry_interval(retrier: dict, count: int) -> float:
    interval = retrier.get("IntervalSeconds", 1) * retrier.get("BackoffRate", 2.0) ** count
    interval = min(interval, retrier.get("MaxDelaySeconds", interval))
    return random.uniform(0, interval) if retrier.get("JitterStrategy") == "FULL" else interval
