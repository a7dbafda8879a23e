"""What starts a run beside new data: the clock, whenever it is told."""
import datetime
import json

from disturb import go_round
from runs import arrive, ended, month

from loop import Traffic
from loop.loop import BUCKET
from loop.story import requests


def put(loop, key, document):
    loop.s3.put_object(Bucket=BUCKET, Key=key, Body=json.dumps(document).encode())


def slots(loop):
    """The triggers of the clock that were handled, by run."""
    handled = [loop.read(key) for key in loop.keys(f"ledger/{loop.model}/handled/")]
    return {one["generation"]: one["trigger"]["what"] for one in handled if one["trigger"]["kind"] == "schedule"}


def test_a_slot_is_one_run_and_missed_slots_are_one(pipeline):
    loop = pipeline("clocked", {"decide": {"retrain_on": ["schedule"]}, "release": {"strategy": "all_at_once"}})
    loop.put_pipeline({"schedule": "rate(1 day)"})
    arrive(loop, "2011-05", "2011-06")
    with Traffic(loop.aws, loop.model, requests(month("2011-05")), rate=2):
        ended(loop, 1, "skipped", "retrain_on")
        # The round sees the schedule, and takes no slot that was over before.
        go_round(loop, "NewDataTrigger")
        assert slots(loop) == {} and loop.wait_idle() == 1
        seen = loop.read("ledger/clocked/schedule.json")
        today = datetime.datetime.now(datetime.timezone.utc).date()
        assert seen == {"schema_version": 1, "schedule": "rate(1 day)", "slot": f"{today}T00:00:00Z"}

        # As if nobody had looked for three days.
        earlier = seen | {"slot": f"{today - datetime.timedelta(3)}T00:00:00Z"}
        put(loop, "ledger/clocked/schedule.json", earlier)
        go_round(loop, "NewDataTrigger")
        put(loop, "ledger/clocked/schedule.json", earlier)
        go_round(loop, "NewDataTrigger")
        ended(loop, 2, "promoted", "healthy")
        go_round(loop, "NewDataTrigger")
    assert loop.wait_idle() == 2
    assert slots(loop) == {2: f"rate(1 day): the slot of {today}T00:00:00Z"}
