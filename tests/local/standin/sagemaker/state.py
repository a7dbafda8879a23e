"""Everything SageMaker remembers: plain records in the shape the Describe calls answer, behind one lock."""
import copy
import threading
import time

from .. import aws
from .errors import Refused

# Every status change wakes those who wait on this.
changed = threading.Condition(threading.RLock())


def arn(kind: str, name: str) -> str:
    return f"arn:aws:sagemaker:{aws.region()}:{aws.ACCOUNT}:{kind}/{name}"


def wait_until(condition, seconds: float) -> bool:
    """Wait for `condition()`, woken by every change; False when it did not come within `seconds`."""
    with changed:
        return bool(changed.wait_for(condition, seconds))


class Table:
    """Records of one kind by name. Names starting with an underscore are ours and never leave by Describe."""

    def __init__(self, kind: str, missing, existing):
        self.kind, self._missing, self._existing = kind, missing, existing
        self.records: dict[str, dict] = {}

    def add(self, name: str, record: dict) -> dict:
        with changed:
            if name in self.records:
                raise self._existing(arn(self.kind, name))
            now = time.time()
            ours = {k: v for k, v in record.items() if k.startswith("_")}
            self.records[name] = record = public(record) | ours | {"CreationTime": now, "LastModifiedTime": now}
            changed.notify_all()
            return record

    def get(self, name: str) -> dict:
        with changed:
            try:
                return self.records[name]
            except KeyError:
                raise self._missing(arn(self.kind, name)) from None

    def find(self, name: str) -> dict | None:
        return self.records.get(name)

    def update(self, name: str, **fields) -> dict:
        with changed:
            record = self.get(name)
            record.update(fields, LastModifiedTime=time.time())
            changed.notify_all()
            return record

    def remove(self, name: str):
        with changed:
            self.get(name)
            del self.records[name]
            changed.notify_all()

    def view(self, name: str) -> dict:
        with changed:
            return public(self.get(name))

    def all(self) -> list[dict]:
        with changed:
            return [public(record) for record in self.records.values()]


def public(record: dict) -> dict:
    return copy.deepcopy({k: v for k, v in record.items() if not k.startswith("_") and v is not None})


def page(items: list[dict], params: dict, key: str, sort_fields: dict[str, str], default_sort="CreationTime") -> dict:
    """A List answer: sorted, cut to MaxResults, with a NextToken that is the offset."""
    field = sort_fields.get(params.get("SortBy", ""), default_sort)
    ordered = sorted(items, key=lambda item: item[field], reverse=params.get("SortOrder", "Descending") == "Descending")
    start, size = int(params.get("NextToken", 0)), params.get("MaxResults", 10)
    answer = {key: ordered[start:start + size]}
    return answer | ({"NextToken": str(start + size)} if start + size < len(ordered) else {})


class Tags:
    """Tags by ARN."""

    def __init__(self):
        self._tags: dict[str, dict[str, str]] = {}

    def add(self, resource: str, tags: list[dict]) -> list[dict]:
        with changed:
            self._tags.setdefault(resource, {}).update({tag["Key"]: tag["Value"] for tag in tags})
            return self.list(resource)

    def remove(self, resource: str, keys: list[str]):
        with changed:
            for key in keys:
                self._tags.get(resource, {}).pop(key, None)

    def list(self, resource: str) -> list[dict]:
        return [{"Key": key, "Value": value} for key, value in self._tags.get(resource, {}).items()]

    def map(self, resource: str) -> dict[str, str]:
        """The form events carry."""
        return dict(self._tags.get(resource, {}))


def check_tags(resource: str):
    if not resource.startswith("arn:aws:sagemaker:"):
        raise Refused("ValidationException", f"Invalid ARN: {resource}")
