"""Functions fail when a test asks for it, carry a session token of their own, answer without waiting for log lines that do
not come, and share the account's concurrency as on AWS."""
import contextvars
import functools
import json
import time

from ministack.core import lambda_runtime
from ministack.services import lambda_svc

from .. import calls, faults, switches
from ..rights import sessions

# A throttled event is tried again after this long, then twice as long; AWS begins with a second and goes to five minutes.
_FIRST_PAUSE, _LONGEST_PAUSE = 0.2, 1.0
_MOST_AGE = 21_600
_asynchronous = contextvars.ContextVar("asynchronous", default=False)
_LOG_SECONDS = 0.002  # ministack waits 50 ms; a line that comes later is kept with the next invocation


def install():
    worker = lambda_runtime.ProvidedWorker
    worker._drain_stderr_bounded = functools.partialmethod(worker._drain_stderr_bounded, first_line_wait=_LOG_SECONDS)
    _let_functions_fail()
    _let_functions_be_known()
    lambda_svc._acquire_execution_slot = _acquire
    _keep_throttled_events()


def _acquire(function: dict, config: dict):
    """Reserved concurrency is a function's own, and the others share what is left of the account's."""
    reserved, key = lambda_svc._reserved_concurrency(function, config), lambda_svc._inflight_key(config)
    account = switches.now.account_concurrency or lambda_svc._ACCOUNT_CONCURRENCY_CAP
    with lambda_svc._inflight_lock:
        running = lambda_svc._inflight
        if reserved is not None:
            if running.get(key, 0) >= reserved:
                return None, "function"
        elif account > 0:
            kept = {lambda_svc._inflight_key(one["config"]): one["concurrency"]
                    for one in lambda_svc._functions.values() if one.get("concurrency") is not None}
            shared = sum(count for name, count in running.items() if name not in kept)
            if shared >= account - sum(kept.values()):
                return None, "account"
        running[key] = running.get(key, 0) + 1
        lambda_svc._inflight_total += 1
    return key, None


def _keep_throttled_events():
    """An event that finds no concurrency stays in the queue: that is no attempt, and no failure."""
    execute, invoke = lambda_svc._execute_function, lambda_svc.invoke_async_with_retry

    def execute_function(function, event):
        started, pause = time.monotonic(), _FIRST_PAUSE
        while True:
            result = execute(function, event)
            if not (_asynchronous.get() and result.get("throttle")) or time.monotonic() - started > _MOST_AGE:
                return result
            time.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)

    def invoke_async_with_retry(function, event):
        token = _asynchronous.set(True)
        try:
            invoke(function, event)  # copies the context into its thread
        finally:
            _asynchronous.reset(token)

    lambda_svc._execute_function, lambda_svc.invoke_async_with_retry = execute_function, invoke_async_with_retry


def _let_functions_fail():
    """Every invocation, by API or by event, passes here."""
    original = lambda_svc._execute_function_dispatch

    def dispatch(func, config, event, request_id, started):
        if fault := faults.take("fail_function", json.dumps(event, default=str), function=config["FunctionName"]):
            return {"body": {"errorType": fault["error"], "errorMessage": fault["message"]}, "error": True,
                    "function_error": "Unhandled", "log": ""}
        return original(func, config, event, request_id, started)

    lambda_svc._execute_function_dispatch = dispatch


def _often():
    """Metrics of endpoints come every second here. Where a test waives that alarms on them wait for whole minutes, functions know."""
    return {"PAWL_ENDPOINT_METRICS_SECONDS": "1"} if "alarm-period-of-endpoints" in switches.now.waived else {}


def _let_functions_be_known():
    original = lambda_svc._provided_worker_env

    def environment(config, code_dir, port):
        name = config["FunctionName"]
        session = sessions.session(config["Role"], name, calls.token(name, port))
        return original(config, code_dir, port) | session.environment() | _often()

    lambda_svc._provided_worker_env = environment
