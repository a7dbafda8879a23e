"""The queue metrics that a dead-letter alarm watches; ministack publishes none."""
import threading
import time

from ministack.services import cloudwatch, sqs

_SECONDS = 1.0


def install():
    threading.Thread(target=_publish, daemon=True, name="standin-queues").start()


def _publish():
    while True:
        time.sleep(_SECONDS)
        for queue in list(sqs._queues.values()):
            now = time.time()
            visible = sum(message["visible_at"] <= now for message in list(queue["messages"]))
            for metric, count in (("Visible", visible), ("NotVisible", len(queue["messages"]) - visible)):
                cloudwatch.record_metric("AWS/SQS", f"ApproximateNumberOfMessages{metric}", count, "Count",
                                         {"QueueName": queue["name"]})
