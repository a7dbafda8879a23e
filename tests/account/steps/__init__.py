"""The steps in their order. What takes none of the model's time stands where the model is being made."""
from ..step import STEPS
from . import before, first, people, serving, teardown, updates, watch  # noqa: F401

ORDER = ("stack", "quotas", "first-month", "rights", "tls", "schedules", "registry-approval", "error-names", "transform-outputs",
         "endpoint", "dimensions", "promoted", "capture", "keys",
         "pawl-approval", "update", "failing-requests", "alarm-by-hand", "stopped-run", "tear-down")
STEPS.sort(key=lambda one: ORDER.index(one.name))
assert [one.name for one in STEPS] == list(ORDER)
