"""What a service says when it refuses a request, in the protocol of the request."""
import json
from xml.sax.saxutils import escape

import cbor2

# The code of a refusal whose cause has no code of its own.
_CODES = {"sagemaker-runtime": "ValidationError", "sns": "InvalidParameter", "sqs": "InvalidParameterValue",
          "cloudwatch": "ValidationError", "s3": "InvalidArgument", "lambda": "ValidationException"}
_CODE = "ValidationException"


class Refusal(Exception):
    """A request that does not fit. Without a code it is the service's usual one."""

    def __init__(self, code: str | None, message: str, status: int = 400, operation: str = ""):
        super().__init__(message)
        self.code, self.message, self.status, self.operation = code, message, status, operation


def encode(service: str, refusal: Refusal, headers: dict, body: bytes):
    """Status, headers and body of the answer."""
    code, message = refusal.code or _CODES.get(service, _CODE), refusal.message
    if "cbor" in headers.get("content-type", ""):
        return refusal.status, {"Content-Type": "application/cbor", "smithy-protocol": "rpc-v2-cbor"}, \
            cbor2.dumps({"__type": code, "message": message})
    error = f"<Error><Type>Sender</Type><Code>{escape(code)}</Code><Message>{escape(message)}</Message></Error>"
    if service == "s3":
        return refusal.status, {"Content-Type": "application/xml"}, error.replace("<Type>Sender</Type>", "").encode()
    if "x-amz-target" not in headers and b"Action=" in body:
        return refusal.status, {"Content-Type": "text/xml"}, f"<ErrorResponse>{error}</ErrorResponse>".encode()
    headers = {"Content-Type": "application/x-amz-json-1.1", "x-amzn-errortype": code}
    return refusal.status, headers, json.dumps({"__type": code, "message": message}).encode()
