"""Reads of a part of an object's version, which ministack answers with the whole, the version in S3's events, and objects
that are put without an event."""
import bisect
import contextlib
import contextvars
import itertools
import json
import threading

from ministack.services import eventbridge, s3

_event = threading.local()
_silent = contextvars.ContextVar("silent", default=False)


def install():
    _read_ranges_of_versions()
    _name_versions_in_events()
    _be_silent()
    _list_in_order()


@contextlib.contextmanager
def silent(wanted: bool):
    """What is put meanwhile sends no event."""
    token = _silent.set(wanted)
    try:
        yield
    finally:
        _silent.reset(token)


def _be_silent():
    original = s3._fire_s3_event_async

    def fire(*args, **kwargs):
        if not _silent.get():
            original(*args, **kwargs)

    s3._fire_s3_event_async = fire


def _read_ranges_of_versions():
    original = s3._get_object

    def get_object(bucket, key, headers, query_params=None):
        status, answered, body = original(bucket, key, headers, query_params)
        wanted = headers.get("range", "")
        if status != 200 or not wanted or not s3._qp(query_params or {}, "versionId", ""):
            return status, answered, body
        part = s3._parse_range(wanted, len(body))
        if part is None:
            return 416, {"Content-Type": "application/xml", "Content-Range": f"bytes */{len(body)}"}, \
                s3._xml_body(s3._range_error_xml(bucket, key))
        start, end = part
        # A checksum of the whole says nothing about a part, and SDKs would compare them.
        answered = {k: v for k, v in answered.items() if not k.lower().startswith("x-amz-checksum-")}
        answered |= {"Content-Length": str(end - start + 1), "Content-Range": f"bytes {start}-{end}/{len(body)}"}
        return 206, answered, body[start:end + 1]

    s3._get_object = get_object


def _name_versions_in_events():
    fire, dispatch = s3._fire_s3_event, eventbridge._dispatch_event

    def fire_s3_event(*args, **kwargs):
        _event.version = kwargs.get("version_id")  # each event is fired in a thread of its own
        fire(*args, **kwargs)

    def dispatch_event(event, view=None):
        version = getattr(_event, "version", None)
        if version and event["Source"] == "aws.s3":
            detail = json.loads(event["Detail"])
            detail["object"]["version-id"] = version
            event = event | {"Detail": json.dumps(detail)}
        return dispatch(event, view)

    s3._fire_s3_event, eventbridge._dispatch_event = fire_s3_event, dispatch_event


# A listing costs what it answers, not what the bucket holds: ministack sorts all keys for every page.

class _Ordered(dict):
    """A bucket's objects with their keys in order."""

    def __init__(self, objects: dict):
        super().__init__(objects)
        self.keys_in_order = sorted(objects)

    def __setitem__(self, key, value):
        if key not in self:
            bisect.insort(self.keys_in_order, key)
        super().__setitem__(key, value)

    def __delitem__(self, key):
        super().__delitem__(key)
        del self.keys_in_order[bisect.bisect_left(self.keys_in_order, key)]

    def pop(self, key, *default):
        if key not in self:
            return super().pop(key, *default)
        value = self[key]
        del self[key]
        return value

    def after(self, start: str, prefix: str):
        """The keys under a prefix behind `start`, in order."""
        keys = self.keys_in_order
        at = max(bisect.bisect_left(keys, prefix), bisect.bisect_right(keys, start))
        while at < len(keys) and keys[at].startswith(prefix):
            yield keys[at]
            at += 1

    def setdefault(self, key, default=None):
        if key not in self:
            self[key] = default
        return self[key]

    def _refused(self, *_, **__):
        raise NotImplementedError("ministack changes a bucket's objects in a way that the stand-in does not know")

    update = clear = popitem = __ior__ = _refused


def _list_in_order():
    ensure, collect = s3._ensure_bucket, s3._collect_list_entries

    def ensure_bucket(name):
        bucket = ensure(name)
        if bucket is not None and type(bucket["objects"]) is dict:
            bucket["objects"] = _Ordered(bucket["objects"])
        return bucket

    def collect_list_entries(objects, prefix, delimiter, max_keys, start_after):
        if isinstance(objects, _Ordered):
            # With a delimiter a group may lie before its marker and go on behind it: then the whole prefix is looked at.
            keys = objects.after("" if delimiter else start_after, prefix)
            objects = dict.fromkeys(keys if delimiter else itertools.islice(keys, max_keys + 1))
        return collect(objects, prefix, delimiter, max_keys, start_after)

    s3._ensure_bucket, s3._collect_list_entries = ensure_bucket, collect_list_entries
