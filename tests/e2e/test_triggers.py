"""What starts a run beside new data: the clock, whenever it is told, and code that was pushed."""
import datetime
import json
import time

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


def pushed(loop, tag, digest, when):
    """What ECR says of an image that was pushed: https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-eventbridge.html"""
    loop.aws.tell_event("aws.ecr", "ECR Image Action", {
        "result": "SUCCESS", "repository-name": "bike-demand", "image-digest": digest, "action-type": "PUSH", "image-tag": tag}, when)


def test_a_new_image_under_the_same_tag_is_trained_on_the_same_data(pipeline):
    image = "000000000000.dkr.ecr.us-east-1.amazonaws.com/bike-demand:coded"
    loop = pipeline("coded", {"train": {"image": image}, "release": {"strategy": "all_at_once"}})
    loop.put_pipeline()
    now = time.time()
    arrive(loop, "2011-05", "2011-06")
    with Traffic(loop.aws, loop.model, requests(month("2011-05")), rate=2):
        ended(loop, 1, "promoted", "healthy")
        # Another tag is another model's; told twice and out of order it is one push.
        pushed(loop, "another", "sha256:1111", now)
        for seconds in (5, 0, 5):
            pushed(loop, "coded", "sha256:2222", now - seconds)
        record = loop.wait_closed(2)
    first, second = (loop.evidence(run, "decision.json") for run in (1, 2))
    assert (first["decision"], second["decision"]) == ("train", "train"), second
    assert "revisions" not in first and second["revisions"] == ["sha256:2222"]
    assert first["dataset"] == second["dataset"] and first["fingerprint"] != second["fingerprint"]
    assert record["triggers"] == ["bike-demand:coded at sha256:2222"]
    # The same digest again is nothing new.
    pushed(loop, "coded", "sha256:2222", now)
    assert loop.wait_idle() == 2
