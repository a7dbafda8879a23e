"""The metrics SageMaker publishes for an endpoint's invocations."""
import contextvars
import functools
import queue
import threading
import time

from .. import switches

_NAMESPACE = "AWS/SageMaker"
_late: queue.Queue = queue.Queue()


def invocation(endpoint: str, variant: str, config: str, status: int, model_seconds: float, overhead_seconds: float,
               of_config: bool = True):
    """One request. Errors are 0 or 1 per request, latencies are microseconds. `of_config`: with EndpointConfigName too."""
    base = {"EndpointName": endpoint, "VariantName": variant}
    values = (
        ("Invocations", 1.0, "None"),
        ("Invocation4XXErrors", float(400 <= status < 500), "None"),
        ("Invocation5XXErrors", float(status >= 500), "None"),
        ("InvocationModelErrors", float(status >= 400), "None"),
        ("ModelLatency", model_seconds * 1e6, "Microseconds"),
        ("OverheadLatency", overhead_seconds * 1e6, "Microseconds"),
    )
    dimensions = [base] + ([base | {"EndpointConfigName": config}] if of_config else [])
    points = [(name, {"Timestamp": time.time(), "Value": value, "Unit": unit, "Dimensions": one})
              for one in dimensions for name, value, unit in values]
    if switches.now.metric_delay:
        _start()
        _late.put((time.monotonic() + switches.now.metric_delay, contextvars.copy_context(), points))
    else:
        _publish(points)


def _publish(points: list[tuple[str, dict]]):
    from ministack.services import cloudwatch

    for name, point in points:
        key = (_NAMESPACE, name, cloudwatch._dims_key(point["Dimensions"]))
        cloudwatch._metric_bucket(key).append(point)


@functools.cache
def _start():
    threading.Thread(target=_publish_late, daemon=True, name="standin-metrics").start()


def _publish_late():
    """Metrics can be read some time after what they tell of; they bear the time of the request all the same."""
    while True:
        due, context, points = _late.get()
        time.sleep(max(0.0, due - time.monotonic()))
        context.run(_publish, points)
