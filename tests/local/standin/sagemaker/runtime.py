"""InvokeEndpoint: route a request to a fleet, measure it, capture it."""
import contextvars
import json
import random
import re
import time
from concurrent.futures import ThreadPoolExecutor

from .. import aws
from . import metrics
from .capture import Capture
from .endpoints import Endpoints
from .errors import Refused
from .fleet import Fleet

_PATH = re.compile(r"/endpoints/([^/]+)/invocations$")
_MAX_BODY = 25 * 1024 * 1024


class Runtime:
    def __init__(self, endpoints: Endpoints, capture: Capture):
        self._endpoints, self._capture = endpoints, capture
        self._shadows = ThreadPoolExecutor(4, thread_name_prefix="standin-shadow")

    def handle(self, path: str, headers: dict, body: bytes):
        """One HTTP request to the data plane: status, headers, body."""
        started = time.perf_counter()
        match = _PATH.match(path)
        if not match:
            raise Refused("UnknownOperationException", f"no such path: {path}", 404)
        name = match[1]
        if len(body) > _MAX_BODY:
            raise Refused("ValidationError", f"Request body is larger than {_MAX_BODY} bytes")
        fleet = self._fleet(name)
        variant = fleet.choose(headers.get("x-amzn-sagemaker-target-variant"))
        for shadow in fleet.shadows:
            self._shadows.submit(contextvars.copy_context().run, self._ask, name, fleet, shadow, headers, body, time.perf_counter())
        status, answered, answer = self._ask(name, fleet, variant, headers, body, started)
        if status != 200:
            return _model_error(name, variant, status, answer)
        out = {"Content-Type": answered.get("content-type", "application/octet-stream"),
               "x-Amzn-Invoked-Production-Variant": variant}
        if "x-amzn-sagemaker-custom-attributes" in answered:
            out["X-Amzn-SageMaker-Custom-Attributes"] = answered["x-amzn-sagemaker-custom-attributes"]
        return 200, out, answer

    def _fleet(self, name: str) -> Fleet:
        live = self._endpoints.live.get(name)
        if live is None:
            raise Refused("ValidationError", f"Endpoint {name} of account {aws.ACCOUNT} not found.")
        blue, green, share = live.blue, live.green, live.share
        if blue is None:
            raise Refused("ValidationError", f"Endpoint {name} of account {aws.ACCOUNT} is not in service.")
        return green if green is not None and random.random() < share else blue

    def _ask(self, name, fleet, variant, headers, body, started):
        content_type = headers.get("content-type", "application/octet-stream")
        sent = {"Content-Type": content_type, "Accept": headers.get("accept", "*/*")}
        attributes = headers.get("x-amzn-sagemaker-custom-attributes")
        if attributes:
            sent["X-Amzn-SageMaker-Custom-Attributes"] = attributes
        status, answered, answer, seconds = fleet.server(variant).invoke(body, sent)
        overhead = time.perf_counter() - started - seconds
        metrics.invocation(name, variant, fleet.name, status, seconds, overhead, fleet.tells_its_config(variant))
        settings = fleet.config.get("DataCaptureConfig")
        if settings and status == 200:
            self._capture.record(settings, name, variant, fleet.role(variant), (body, content_type),
                                 (answer, answered.get("content-type", "application/octet-stream")),
                                 headers.get("x-amzn-sagemaker-inference-id"), attributes)
        return status, answered, answer


def _model_error(name: str, variant: str, status: int, answer: bytes):
    said = answer.decode("utf-8", "replace")[:1024]
    kind = "client" if status < 500 else "server"
    stream = f"arn:aws:logs:{aws.region()}:{aws.ACCOUNT}:log-group:/aws/sagemaker/Endpoints/{name}"
    error = {"Message": f'Received {kind} error ({status}) from primary with message "{said}". See {stream} in account '
                        f"{aws.ACCOUNT} for more information.",
             "OriginalMessage": said, "OriginalStatusCode": status, "LogStreamArn": stream}
    return 424, {"Content-Type": "application/json", "x-amzn-errortype": "ModelError",
                 "x-Amzn-Invoked-Production-Variant": variant}, json.dumps(error).encode()
