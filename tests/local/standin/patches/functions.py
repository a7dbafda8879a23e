"""Functions fail when a test asks for it, carry a session token of their own, and answer without waiting for log lines
that do not come."""
import functools

from ministack.core import lambda_runtime
from ministack.services import lambda_svc

from .. import calls, faults
from ..rights import sessions

_LOG_SECONDS = 0.002  # ministack waits 50 ms; a line that comes later is kept with the next invocation


def install():
    worker = lambda_runtime.ProvidedWorker
    worker._drain_stderr_bounded = functools.partialmethod(worker._drain_stderr_bounded, first_line_wait=_LOG_SECONDS)
    _let_functions_fail()
    _let_functions_be_known()


def _let_functions_fail():
    """Every invocation, by API or by event, passes here."""
    original = lambda_svc._execute_function_dispatch

    def dispatch(func, config, event, request_id, started):
        if fault := faults.take("fail_function", config["FunctionName"]):
            return {"body": {"errorType": fault["error"], "errorMessage": fault["message"]}, "error": True,
                    "function_error": "Unhandled", "log": ""}
        return original(func, config, event, request_id, started)

    lambda_svc._execute_function_dispatch = dispatch


def _let_functions_be_known():
    original = lambda_svc._provided_worker_env

    def environment(config, code_dir, port):
        name = config["FunctionName"]
        session = sessions.session(config["Role"], name, calls.token(name, port))
        return original(config, code_dir, port) | session.environment()

    lambda_svc._provided_worker_env = environment
