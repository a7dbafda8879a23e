"""Events of AWS services to EventBridge's default bus, in the order in which they happened."""
import json
import logging
import queue
import threading

from . import aws

log = logging.getLogger("standin.events")
_waiting: queue.Queue = queue.Queue()


def send(source: str, detail_type: str, resources: list[str], detail: dict):
    """Queue an event for the bus of its region. Delivery is best effort, as on AWS, and never fails the caller."""
    _queue(aws.region(), source, detail_type, resources, detail)


def tell(source: str, detail_type: str, detail: dict, at: float):
    """Queue what a service that is not played here would say, as happened at this time."""
    _queue(aws.REGION, source, detail_type, [], detail, Time=at)


def _queue(region, source, detail_type, resources, detail, **more):
    entry = {"Source": source, "DetailType": detail_type, "Resources": resources, "Detail": json.dumps(detail)}
    _waiting.put((region, entry | more))


def _deliver():
    from ministack.core.responses import request_scope
    from ministack.services import eventbridge

    while True:
        region, entry = _waiting.get()
        try:
            with request_scope(aws.ACCOUNT, region):
                eventbridge._put_events({"Entries": [entry]}, allow_aws_source=True)
        except Exception:
            log.exception("event %s was not delivered", entry["DetailType"])


def start():
    threading.Thread(target=_deliver, daemon=True, name="standin-events").start()
