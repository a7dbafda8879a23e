"""What was used and what was refused: each right that a call needed, and each call that was not allowed.

Rights go to a file as they are first used, so that what several stand-ins needed can be put together when all have ended;
STANDIN_RIGHTS names the folder, otherwise it is the state folder. `tests/rights/unused.py` reads it.
"""
import collections
import json
import logging
import os
import threading
import time
from pathlib import Path

log = logging.getLogger("standin.rights")
_MOST = 5_000
_lock = threading.Lock()
_used: set[tuple[str, str, str]] = set()
_refused: collections.deque = collections.deque(maxlen=_MOST)
_file = None


def keep_in(state_dir: Path):
    """Open the file of this process."""
    global _file
    folder = Path(os.environ.get("STANDIN_RIGHTS") or state_dir)
    folder.mkdir(parents=True, exist_ok=True)
    _file = open(folder / f"rights-{os.getpid()}-{int(time.time())}.jsonl", "a", encoding="utf-8")


def use(source: str, action: str, resource: str):
    """A statement of `source`, the role or managed policy it stands in, allowed something: by these patterns of its."""
    right = (source, action, resource)
    if right in _used:
        return
    with _lock:
        if right not in _used:
            _used.add(right)
            _write({"used": {"source": source, "action": action, "resource": resource}})


def grant(template: str, granted: list[dict]):
    """What a stack has granted, as `audit.granted` lists it."""
    with _lock:
        _write({"template": template, "granted": granted})


def refuse(who: str, action: str, resource: str, why: str):
    """A call or a delivery that was not allowed."""
    log.warning("refused: %s: %s on %s: %s", who, action, resource, why)
    _refused.append({"at": time.time(), "who": who, "action": action, "resource": resource, "why": why})


def refused() -> list[dict]:
    """The latest refusals, oldest first."""
    return list(_refused)


def forget(match: str):
    """Forget the refusals that say this, by default all of them."""
    with _lock:
        kept = [one for one in _refused if match not in f"{one['who']} {one['action']} {one['resource']}"]
        _refused.clear()
        _refused.extend(kept)


def _write(line: dict):
    if _file is not None:
        _file.write(json.dumps(line) + "\n")
        _file.flush()
