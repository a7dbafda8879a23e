"""A request as it came over HTTP: which operation it asks for, and its parameters under the model's own names."""
import functools
import json
import re
import urllib.parse
import xml.etree.ElementTree
from dataclasses import dataclass

import cbor2

from . import answers, services, values

_NO_PARAMETERS = ("Action", "Version", "X-Amz-Algorithm")


@dataclass(frozen=True)
class Request:
    """What ministack hands to the handler of a service: the path is unquoted, headers are in lower case."""

    method: str
    path: str
    headers: dict
    body: bytes
    query: dict


def request(service: str, asked: Request) -> tuple[str, dict]:
    """The operation and its parameters; a Refusal where there is no such operation or it cannot be read."""
    try:
        if "x-amz-target" in asked.headers:
            operation = _operation(service, asked.headers["x-amz-target"].rsplit(".", 1)[-1])
            return operation.name, values.from_json(_json(asked.body), operation.input_shape)
        if "/operation/" in asked.path and "cbor" in asked.headers.get("content-type", ""):
            operation = _operation(service, asked.path.rsplit("/", 1)[-1])
            return operation.name, cbor2.loads(asked.body) if asked.body else {}
        if services.model(service).metadata["protocol"].startswith("rest-"):
            return _rest(service, asked)
        fields = _form(asked)
        operation = _operation(service, fields.get("Action", ""))
        return operation.name, _query(operation, fields)
    except (ValueError, xml.etree.ElementTree.ParseError, cbor2.CBORDecodeError) as error:
        code = "MalformedXML" if service == "s3" else "SerializationException"
        raise answers.Refusal(code, f"the request cannot be read: {error}") from None


def _operation(service: str, name: str):
    found = services.operation(service, name)
    if found is None:
        raise answers.Refusal("UnknownOperationException", f"{service} has no operation {name}", operation=name)
    return found


def _json(body: bytes) -> dict:
    read = json.loads(body or b"{}")
    if not isinstance(read, dict):
        raise ValueError("not a JSON object")
    return read


def _form(asked: Request) -> dict[str, str]:
    fields = {name: found[-1] for name, found in asked.query.items()}
    return fields | dict(urllib.parse.parse_qsl(asked.body.decode(), keep_blank_values=True))


def _query(operation, fields: dict[str, str]) -> dict:
    """The query protocol: dotted names. What no member takes stays, and is refused as unknown."""
    left = {name: value for name, value in fields.items()
            if name not in _NO_PARAMETERS and not name.startswith("X-Amz-")}
    params = values.from_query(left, operation.input_shape, "") if operation.input_shape else {}
    return (params or {}) | left


# REST

@dataclass(frozen=True)
class Route:
    """Where an operation is found: method, path, the constants of its query, what it must be told outside the body."""

    operation: str
    method: str
    path: re.Pattern
    constants: tuple[tuple[str, str], ...]
    needs: tuple[tuple[str, str], ...]
    current: bool  # not deprecated: PutBucketNotificationConfiguration has taken the place of PutBucketNotification


def _rest(service: str, asked: Request) -> tuple[str, dict]:
    best = None
    for route in _routes(service):
        match = route.method == asked.method and route.path.fullmatch(asked.path)
        if match and all(_has(asked, *need) for need in route.needs) and all(
                name in asked.query and value in ("", asked.query[name][0]) for name, value in route.constants):
            rank = (len(route.constants), len(route.needs), -len(match.groupdict()), route.current)
            if best is None or rank > best[0]:
                best = rank, route, match.groupdict()
    if best is None:
        raise answers.Refusal("UnknownOperationException", f"{service} has no {asked.method} {asked.path}", 404)
    _, route, labels = best
    operation = services.operation(service, route.operation)
    return route.operation, _rest_params(operation, route, labels, asked)


def _has(asked: Request, where: str, name: str) -> bool:
    return name in (asked.query if where == "querystring" else asked.headers)


@functools.cache
def _routes(service: str) -> list[Route]:
    routes = []
    for name in services.model(service).operation_names:
        operation = services.operation(service, name)
        path, _, query = operation.http["requestUri"].partition("?")
        constants = tuple(urllib.parse.parse_qsl(query, keep_blank_values=True))
        routes.append(Route(name, operation.http["method"], _path(path), constants, _needs(operation, constants),
                            not operation.deprecated))
    return routes


def _path(template: str) -> re.Pattern:
    """`/{Bucket}/{Key+}`: a label takes one segment, with a plus all that follows."""
    out = []
    for label, greedy, text in re.findall(r"\{(\w+)(\+?)\}|([^{]+)", template):
        out.append(re.escape(text) if text else f"(?P<{label}>.+)" if greedy else f"(?P<{label}>[^/]+)")
    return re.compile("".join(out).rstrip("/") + ("" if "+" in template else "/?"), re.DOTALL)


def _needs(operation, constants) -> tuple[tuple[str, str], ...]:
    """What an operation requires in query and headers: it tells UploadPart and CopyObject from PutObject."""
    shape, needs = operation.input_shape, []
    for member in shape.required_members if shape else ():
        where = shape.members[member].serialization
        name = where.get("name", member)
        if where.get("location") in ("querystring", "header") and name not in dict(constants):
            needs.append((where["location"], name if where["location"] == "querystring" else name.lower()))
    return tuple(needs)


def _rest_params(operation, route: Route, labels: dict, asked: Request) -> dict:
    shape = operation.input_shape
    if shape is None:
        return {}
    left = {name: found for name, found in asked.query.items()
            if name != "x-id" and name not in dict(route.constants) and not name.startswith("X-Amz-")}
    params, body = {}, {}
    for member, inner in shape.members.items():
        where = inner.serialization
        name, location = where.get("name", member), where.get("location")
        if location == "uri":
            params[member] = values.from_text(labels[name], inner)
        elif location == "querystring":
            values.take_query(left, name, member, inner, params)
        elif location == "header" and name.lower() in asked.headers:
            params[member] = values.from_header(asked.headers[name.lower()], inner)
        elif location == "headers":
            _take_prefixed(asked.headers, name.lower(), member, params)
        elif location is None:
            body[member] = inner
    payload = shape.serialization.get("payload")
    if payload:
        if asked.body or shape.members[payload].type_name == "blob":
            params[payload] = _payload(operation, asked, shape.members[payload])
    elif asked.body and body:
        params |= values.from_json(_json(asked.body), shape, body)
    return params | {name: found[0] for name, found in left.items()}


def _take_prefixed(headers: dict, prefix: str, member: str, params: dict):
    found = {name[len(prefix):]: value for name, value in headers.items() if name.startswith(prefix)}
    if found:
        params[member] = found


def _payload(operation, asked: Request, shape):
    if shape.type_name == "blob":
        return asked.body
    if shape.type_name == "string":
        return asked.body.decode()
    if operation.service_model.metadata["protocol"] == "rest-xml":
        return values.from_xml(xml.etree.ElementTree.fromstring(asked.body), shape)
    return values.from_json(_json(asked.body), shape)
