"""Holds every request against the model of its service, which botocore carries, and against what only the service's
documentation says. What does not fit is refused in the protocol of the request, as the service would refuse it."""
import asyncio
import collections
import logging

from .. import switches
from . import answers, check, decode, documented, services

log = logging.getLogger("standin.models")
_MOST = 1000
_refused: collections.deque = collections.deque(maxlen=_MOST)


def refused() -> list[dict]:
    """The latest requests that did not fit, oldest first: {"caller", "service", "operation", "message"}."""
    return list(_refused)


def waive():
    """The entries that the switch names do not hold; ValueError where there is no such entry."""
    documented.waive(tuple(name.strip() for name in switches.now.waived.split(",") if name.strip()))


def install(handlers: dict, caller):
    """Put the check before every service's handler. `caller` tells from headers which function asks, "" for all others."""
    waive()
    for service, handler in list(handlers.items()):
        handlers[service] = _checked(service, handler, caller)


def _checked(service: str, handler, caller):
    async def handle(method, path, headers, body, query):
        known = services.known(service, headers)
        if known is None:
            if function := caller(headers):
                return _note(function, service, "", answers.Refusal("InvalidAction", (
                    f"the stand-in has no model to hold {service} against: add it to standin/models/services.py")),
                    headers, body)
            return await handler(method, path, headers, body, query)
        if not services.loaded(known):
            await asyncio.to_thread(services.model, known)
        request = decode.Request(method, path, headers, body, query)
        operation, refusal = judge(known, request)
        if refusal is not None:
            return _note(caller(headers), known, operation, refusal, headers, body)
        return await handler(method, path, headers, body, query)

    return handle


def judge(service: str, request: decode.Request) -> tuple[str, answers.Refusal | None]:
    """The operation that a request asks for, and what the service says where it does not fit."""
    operation = ""
    try:
        operation, params = decode.request(service, request)
        check.check(service, operation, params)
        documented.check(service, operation, params)
    except answers.Refusal as refusal:
        return operation or refusal.operation, refusal
    return operation, None


def _note(function: str, service: str, operation: str, refusal: answers.Refusal, headers: dict, body: bytes):
    log.warning("refused: %s %s by %s: %s: %s", service, operation, function or "nobody's function", refusal.code,
                refusal.message)
    _refused.append({"caller": function, "service": service, "operation": operation, "code": refusal.code,
                     "message": refusal.message})
    return answers.encode(service, refusal, headers, body)
