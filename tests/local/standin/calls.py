"""Who calls what: every call that a function makes of the API, in its order; and the end of a function in the middle of one.

A function's process carries a session token of its own, as on AWS, and the SDKs send it with each call.
"""
import collections
import time

from ministack.core import lambda_runtime

TOKEN = "x-amz-security-token"
_MOST = 20_000
_BODY = 400
_made: collections.deque = collections.deque(maxlen=_MOST)


def token(function: str, port: int) -> str:
    """The session token of the process that serves this function by the runtime API on this port."""
    return f"{function}/{port}"


def caller(headers: dict) -> str:
    """The name of the function that makes a request, or "" where somebody else does."""
    return headers.get(TOKEN, "").rpartition("/")[0]


def record(function: str, operation: str, path: str, body: bytes) -> dict:
    """Write a call down; its `status` follows with the answer, if there is one."""
    call = {"at": time.time(), "function": function, "operation": operation, "path": path,
            "body": body[:_BODY].decode("utf-8", "replace"), "status": None}
    _made.append(call)
    return call


def made() -> list[dict]:
    """The latest calls, oldest first."""
    return list(_made)


def kill(headers: dict):
    """End the process that makes this request, and return when it is gone: no answer reaches it."""
    port = int(headers[TOKEN].rpartition("/")[2])
    with lambda_runtime._lock:
        workers = [worker for pool in lambda_runtime._workers.values() for worker in pool]
    for worker in workers:
        server, process = getattr(worker, "_server", None), worker._proc
        if server is not None and process is not None and server.server_address[1] == port:
            process.kill()
            process.wait()
