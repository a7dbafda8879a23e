"""Reads of a part of an object's version, which ministack answers with the whole, and the version in S3's events."""
import json
import threading

from ministack.services import eventbridge, s3

_event = threading.local()


def install():
    _read_ranges_of_versions()
    _name_versions_in_events()


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
