"""One batch of very many objects: it settles, runs and closes, and no call of a function comes to its time limit."""
import hashlib
import json

from conftest import OBJECTS, closed
from loop.loop import BUCKET, DATA_BUCKET
from runs import month

ROWS = 3


def small(month, number):
    """A few rows of a month as a file of their own."""
    header, *rows = month.splitlines()
    first = number * ROWS % (len(rows) - ROWS)
    return "\n".join([header, *rows[first:first + ROWS]]) + "\n"


def lay(loop, bucket, objects):
    """By the thousand, so that no call holds up the others."""
    keys = list(objects)
    for start in range(0, len(keys), 1_000):
        loop.aws.lay_objects(bucket, {key: objects[key] for key in keys[start:start + 1_000]})


def triggers(loop, keys):
    """What the trigger function records of each object's event, laid beside it: 50,000 events one by one would test the stand-in."""
    laid = {}
    for key in keys:
        name = hashlib.sha256(key.encode()).hexdigest()
        trigger = {"schema_version": 1, "id": name, "kind": "new_data", "what": f"s3://bike-rentals/{key}",
                   "received_at": "2026-11-20T08:00:00Z", "event": {"source": "the test"}}
        laid[f"ledger/{loop.model}/inbox/{name}.json"] = json.dumps(trigger)
    return laid


def test_a_batch_of_many_objects_settles_runs_and_closes(slow):
    loop = slow.beside("crowd", {"settle": {"marker": "_SUCCESS"}, "split": {"least_objects": 2 * OBJECTS}})
    body = month("2011-05").decode()
    objects = {f"crowd/{number:06}.csv": small(body, number) for number in range(OBJECTS)}
    lay(loop, DATA_BUCKET, objects)
    loop.put_pipeline()
    lay(loop, BUCKET, triggers(loop, objects))
    loop.put_object("crowd/_SUCCESS", b"")
    closed(loop, 1)
    record = loop.evidence(1, "run.json")
    assert record["outcome"]["code"] == "skipped", record["outcome"]
    assert len(loop.evidence(1, "validation.json")) == OBJECTS
    assert loop.waiting() == [], "every trigger is filed"
    for name in ("NewDataTrigger", "DataValidator", "EvaluationGate"):
        assert [line for line in loop.logs(name) if "timed out" in line.lower()] == [], name
    assert loop.aws.refusals() == [] and loop.dead_letters() == 0
