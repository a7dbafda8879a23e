"""One request as the judge of rights reads it: its service, its operation and its parameters, whatever the protocol."""
import functools
import json
from dataclasses import dataclass
from urllib.parse import parse_qsl

import cbor2
from ministack.core import iam_actions

from .. import aws


@dataclass(frozen=True)
class Request:
    service: str
    method: str
    path: str
    headers: dict
    body: bytes
    query: dict

    @functools.cached_property
    def params(self) -> dict:
        """The body of a JSON, CBOR or query request as a mapping; nothing for the others."""
        kind = self.headers.get("content-type", "")
        if not self.body:
            return {}
        if "cbor" in kind:
            return cbor2.loads(self.body)
        if "x-www-form-urlencoded" in kind:
            return _nested(parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True))
        if self.headers.get("x-amz-target"):
            return json.loads(self.body)
        return {}

    @functools.cached_property
    def action(self) -> str | None:
        """The IAM action, such as "s3:PutObject"; None where it has no name."""
        if "/operation/" in self.path:  # Smithy RPC v2
            return f"{iam_actions.SERVICE_TO_IAM_NAMESPACE[self.service]}:{self.path.rsplit('/', 1)[-1]}"
        return _extract_action(self.service, self.method, self.path, self.headers, self.body, self._merged())

    @functools.cached_property
    def resource(self) -> str:
        """The resource as ministack tells it; "*" where it cannot."""
        return iam_actions.extract_resource_arn(self.service, self.method, self.path, self.headers, self.body,
                                                self._merged(), aws.region(), aws.ACCOUNT)

    @functools.cached_property
    def tags(self) -> dict:
        """The keys aws:RequestTag/... and aws:TagKeys."""
        context = iam_actions.request_tag_context(self.service, self.action or "", self.body, self._merged())
        return {key.lower(): value for key, value in context.items()}

    def _merged(self) -> dict:
        if "x-www-form-urlencoded" not in self.headers.get("content-type", ""):
            return self.query
        form: dict = {}
        for name, value in parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True):
            form.setdefault(name, []).append(value)
        return form | self.query


# What ministack asks before each request; `guard` puts something else in its place.
_extract_action = iam_actions.extract_iam_action


def _nested(pairs: list[tuple[str, str]]) -> dict:
    """The parameters of a query request; `Names.member.1` and its sisters become a list."""
    found: dict = {}
    for name, value in pairs:
        head, member, _ = name.partition(".member.")
        if member and "." not in _:
            found.setdefault(head, []).append(value)
        else:
            found[name] = value
    return found
