"""The ASGI application: our admin routes and the injected faults before ministack's own application."""
import asyncio
import json
from xml.sax.saxutils import escape

import cbor2

from . import bulk, calls, events, faults, limits, models, switches
from .rights import routes

_MAX_ADMIN_BODY = 1 << 20
_MAX_OBJECTS_BODY = 256 << 20


def wrap(sagemaker):
    from ministack import app as ministack

    _inject_faults(ministack)
    limits.install(ministack.SERVICE_HANDLERS)
    models.install(ministack.SERVICE_HANDLERS, calls.caller)

    async def application(scope, receive, send):
        if scope["type"] == "http" and scope["path"] == "/_standin/objects":
            await _answer(send, *await bulk.answer(await _read(receive, _MAX_OBJECTS_BODY)))
        elif scope["type"] == "http" and scope["path"].startswith("/_standin/"):
            body = await _read(receive)
            status, answer = await asyncio.to_thread(_admin, sagemaker, scope["method"], scope["path"], body)
            await _answer(send, status, answer)
        else:
            await ministack.app(scope, receive, send)

    return application


def _admin(sagemaker, method: str, path: str, body: bytes):
    route = (method, path)
    if path.startswith("/_standin/rights/"):
        return routes.answer(method, path, body)
    if route == ("GET", "/_standin/health"):
        return 200, {"status": "ready"}
    if route == ("GET", "/_standin/calls"):
        return 200, {"calls": calls.made()}
    if route == ("GET", "/_standin/refused"):
        return 200, {"refused": models.refused()}
    if route == ("GET", "/_standin/faults"):
        return 200, {"faults": faults.pending()}
    if route == ("POST", "/_standin/faults/clear"):
        faults.clear(json.loads(body)["match"])
        return 200, {}
    if route in _CHANGES:
        try:
            _CHANGES[route](json.loads(body))
        except ValueError as error:
            return 400, {"error": str(error)}
        return 200, {}
    if route == ("POST", "/_standin/events"):
        events.tell(**json.loads(body))
        return 200, {}
    if route == ("POST", "/_standin/capture/flush"):
        sagemaker.flush_capture()
        return 200, {}
    return 404, {"error": f"no route {method} {path}"}


def _switch(wanted: dict):
    switches.change(wanted)
    models.waive()


_CHANGES = {("POST", "/_standin/faults"): faults.add, ("POST", "/_standin/switches"): _switch}


def _inject_faults(ministack):
    """Put the faults of calls before and behind every service's handler, and write down what functions call."""
    for service, handler in list(ministack.SERVICE_HANDLERS.items()):
        ministack.SERVICE_HANDLERS[service] = _with_faults(service, handler)


def _with_faults(service: str, handler):
    async def handle(method, path, headers, body, query):
        function = calls.caller(headers)
        if not function and not faults.pending():
            return await handler(method, path, headers, body, query)
        operation = operation_of(service, method, path, headers, body, query)
        asked = path + "".join(f"&{name}={value}" for name in sorted(query) if name != "x-id" for value in query[name])
        call = calls.record(function, operation, asked, body) if function else {}
        subject = asked + " " + body.decode("utf-8", "replace")[:_MAX_ADMIN_BODY]
        if fault := faults.take("delay_call", subject, operation):
            await asyncio.sleep(fault["seconds"])
        fault = faults.take("fail_call", subject, operation, function)
        killed = faults.take("kill_function", subject, operation, function) if function else None
        if killed and killed["when"] == "before":
            return await _end(headers, body, service)
        if fault and fault["when"] == "before":
            return _failure(headers, body, service, fault)
        answer = await handler(method, path, headers, body, query)
        call["status"] = answer[0]
        if killed:
            return await _end(headers, body, service)
        return _failure(headers, body, service, fault) if fault else answer

    return handle


async def _end(headers: dict, body: bytes, service: str):
    """Kill the function that asks. Whatever is answered reaches nobody."""
    await asyncio.to_thread(calls.kill, headers)
    return _failure(headers, body, service, {"error": "InternalFailure", "message": "killed", "status": 500})


def operation_of(service: str, method: str, path: str, headers: dict, body: bytes, query: dict) -> str:
    """The API operation a request calls, for the services this project uses."""
    target = headers.get("x-amz-target", "")
    if target:
        return target.rsplit(".", 1)[-1]
    if "/operation/" in path:  # Smithy RPC v2
        return path.rsplit("/", 1)[-1]
    if service == "sagemaker":
        return "InvokeEndpoint"
    if service == "lambda":
        return "Invoke" if path.endswith("/invocations") else f"{method} {path}"
    if service == "s3":
        has_key = len(path.strip("/").split("/", 1)) == 2
        if method == "GET":
            return "GetObject" if has_key else "ListObjectVersions" if "versions" in query else "ListObjectsV2"
        return {"PUT": "PutObject", "HEAD": "HeadObject", "DELETE": "DeleteObject"}.get(method, method)
    if body.startswith(b"Action=") or b"&Action=" in body:
        return body.split(b"Action=", 1)[1].split(b"&", 1)[0].decode()
    return f"{method} {path}"


def _failure(request_headers: dict, request_body: bytes, service: str, fault: dict):
    """An error in the protocol of the request."""
    code, message, status = fault["error"], fault["message"], fault["status"]
    if "cbor" in request_headers.get("content-type", ""):
        return status, {"Content-Type": "application/cbor", "smithy-protocol": "rpc-v2-cbor"}, \
            cbor2.dumps({"__type": code, "message": message})
    error = f"<Error><Code>{escape(code)}</Code><Message>{escape(message)}</Message></Error>"
    if service == "s3":
        return status, {"Content-Type": "application/xml"}, error.encode()
    if b"Action=" in request_body:
        return status, {"Content-Type": "text/xml"}, f"<ErrorResponse>{error}</ErrorResponse>".encode()
    headers = {"Content-Type": "application/x-amz-json-1.1", "x-amzn-errortype": code}
    return status, headers, json.dumps({"__type": code, "message": message}).encode()


async def _read(receive, most: int = _MAX_ADMIN_BODY) -> bytes:
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body") or len(body) > most:
            return bytes(body)


async def _answer(send, status: int, answer: dict):
    await send({"type": "http.response.start", "status": status, "headers": [(b"content-type", b"application/json")]})
    await send({"type": "http.response.body", "body": json.dumps(answer).encode()})
