"""Task states: run an integration in a thread, and give it up on a timeout, a missed heartbeat or the end."""
import contextvars
import json
import queue
import threading
import time
import uuid

from ministack.services import stepfunctions as sfn

from . import integrations
from .errors import StateError
from .expressions import encode, evaluate, seconds

_POLL_SECONDS = 0.1
_TOKEN = ".waitForTaskToken"
_MOST_ASKED = 10_000
# The machine of each task token, of those that nobody waits for any more too: whoever answers needs a right on it.
asked: dict[str, str] = {}


def run(state: dict, scope, data):
    """The result of a Task state's one attempt; StateError when it failed."""
    resource = state["Resource"]
    token = str(uuid.uuid4()) if resource.endswith(_TOKEN) else None
    if token:
        scope.context["Task"] = {"Token": token}
    try:
        arguments = evaluate(state.get("Arguments", {}), scope, data) if "Arguments" in state else data
        timeout = seconds(state, "TimeoutSeconds", scope, data)
        heartbeat = seconds(state, "HeartbeatSeconds", scope, data)
        scope.event("TaskScheduled", taskScheduledEventDetails={
            "resourceType": _resource_type(resource), "resource": resource.rsplit(":", 1)[-1],
            "region": "us-east-1", "parameters": encode(arguments)})
        if token:
            result = _with_token(resource.removesuffix(_TOKEN), arguments, token, scope, timeout, heartbeat)
        else:
            result = _wait_for(_Call(resource, arguments), scope, timeout)
    except StateError as raised:
        raised.of_a_task = not raised.error.startswith("States.") or raised.error == "States.TaskFailed"
        scope.event("TaskTimedOut" if raised.error == "States.Timeout" else "TaskFailed", **{
            "taskTimedOutEventDetails" if raised.error == "States.Timeout" else "taskFailedEventDetails": {
                "resourceType": _resource_type(resource), "resource": resource.rsplit(":", 1)[-1],
                "error": raised.error, "cause": raised.cause}})
        raise
    finally:
        scope.context.pop("Task", None)
    scope.event("TaskSucceeded", taskSucceededEventDetails={
        "resourceType": _resource_type(resource), "resource": resource.rsplit(":", 1)[-1],
        "output": encode(result)})
    return result


class _Call:
    """One call of an integration, in a thread of its own."""

    def __init__(self, resource: str, arguments):
        self.over = threading.Event()  # tells a job that runs for us to stop
        self._done: queue.Queue = queue.Queue()
        context = contextvars.copy_context()
        threading.Thread(target=context.run, args=(self._run, resource, arguments), daemon=True,
                         name="standin-task").start()

    def _run(self, resource, arguments):
        try:
            self._done.put((integrations.call(resource, arguments, self.over), None))
        except StateError as raised:
            self._done.put((None, raised))
        except Exception as error:
            self._done.put((None, StateError("States.Runtime", f"{type(error).__name__}: {error}")))

    def result(self, timeout: float):
        result, raised = self._done.get(timeout=timeout)
        if raised is not None:
            raise raised
        return result


def _wait_for(call: _Call, scope, timeout):
    deadline = time.monotonic() + timeout if timeout is not None else None
    try:
        while True:
            scope.over()
            try:
                return call.result(_POLL_SECONDS)
            except queue.Empty:
                if deadline is not None and time.monotonic() > deadline:
                    raise StateError("States.Timeout", f"the task ran longer than {timeout} seconds") from None
    finally:
        call.over.set()


def _with_token(resource, arguments, token, scope, timeout, heartbeat):
    """Send the request that carries the token, then wait for SendTaskSuccess or SendTaskFailure."""
    answered = threading.Event()
    sfn._task_tokens[token] = entry = {"event": answered, "result": None, "error": None, "heartbeat": None}
    asked[token] = scope.context["StateMachine"]["Id"]
    if len(asked) > _MOST_ASKED:
        asked.pop(next(iter(asked)))
    started = beat = time.monotonic()
    seen = None
    try:
        _wait_for(_Call(resource, arguments), scope, timeout)
        while not answered.wait(_POLL_SECONDS):
            scope.over()
            now = time.monotonic()
            if entry["heartbeat"] != seen:
                seen, beat = entry["heartbeat"], now
            if timeout is not None and now - started > timeout:
                raise StateError("States.Timeout", f"no answer to the task token within {timeout} seconds")
            if heartbeat is not None and now - beat > heartbeat:
                raise StateError("States.HeartbeatTimeout", f"no heartbeat for {heartbeat} seconds")
    finally:
        sfn._task_tokens.pop(token, None)
    if entry["error"]:
        raise StateError(entry["error"].get("Error") or "States.TaskFailed", entry["error"].get("Cause") or "")
    return json.loads(entry["result"])


def _resource_type(resource: str) -> str:
    return ":".join(resource.split(":")[5:-1])
