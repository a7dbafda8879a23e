"""Faults that a test asks for. Each is taken a number of times and then gone; what is left can be listed."""
import threading

_KINDS = {
    "lose_update": {"match"},
    "fail_training": {"match", "message"},
    "fail_function": {"match", "function", "error", "message"},
    "fail_call": {"operation", "match", "function", "when", "error", "status", "message"},
    "kill_function": {"operation", "match", "function", "when"},
    "delay_call": {"operation", "match", "seconds"},
}
_WHEN = ("before", "after")
_lock = threading.Lock()
_faults: list[dict] = []


def add(fault: dict):
    allowed = _KINDS.get(fault.get("kind"))
    if allowed is None:
        raise ValueError(f"unknown fault kind {fault.get('kind')!r}; known: {', '.join(sorted(_KINDS))}")
    unknown = set(fault) - allowed - {"kind", "times"}
    if unknown:
        raise ValueError(f"a fault of kind {fault['kind']} has no field {', '.join(sorted(unknown))}")
    if fault.get("when", "before") not in _WHEN:
        raise ValueError(f"when is {fault['when']!r}; known: {', '.join(_WHEN)}")
    with _lock:
        _faults.append({"times": 1, "match": "", "function": ""} | fault)


def take(kind: str, subject: str = "", operation: str | None = None, function: str = "") -> dict | None:
    """The first fault of this kind that fits, counted down; None when there is none."""
    if not _faults:
        return None
    with _lock:
        for fault in _faults:
            if (fault["kind"] == kind and fault["match"] in subject and fault["function"] in function
                    and (operation is None or fault["operation"] == operation)):
                fault["times"] -= 1
                if fault["times"] <= 0:
                    _faults.remove(fault)
                return fault
    return None


def pending() -> list[dict]:
    with _lock:
        return [dict(fault) for fault in _faults]


def clear(match: str):
    """Forget the faults that wait for a call with this in it."""
    with _lock:
        _faults[:] = [fault for fault in _faults if match not in fault["match"]]
