"""Events of AWS services to EventBridge's default bus, in the order in which they happened."""
import json
import logging
import queue
import threading

log = logging.getLogger("standin.events")
_waiting: queue.Queue = queue.Queue()


def send(source: str, detail_type: str, resources: list[str], detail: dict):
    """Queue an event. Delivery is best effort, as on AWS, and never fails the caller."""
    _waiting.put({"Source": source, "DetailType": detail_type, "Resources": resources, "Detail": json.dumps(detail)})


def _deliver():
    from ministack.services import eventbridge

    while True:
        entry = _waiting.get()
        try:
            eventbridge._put_events({"Entries": [entry]}, allow_aws_source=True)
        except Exception:
            log.exception("event %s was not delivered", entry["DetailType"])


def start():
    threading.Thread(target=_deliver, daemon=True, name="standin-events").start()
