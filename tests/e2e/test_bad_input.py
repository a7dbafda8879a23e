"""What cannot be used is recorded with its reason and told; nothing is lost, nothing is stuck, nothing is tried for ever."""
import pytest
from runs import arrive, ended, handled, kept, month

GOOD = "2011-05"


@pytest.fixture(autouse=True, scope="module")
def calm(standin):
    """No event was ever tried again, and none landed in the dead letters."""
    def trouble():
        return standin.dead_letters(), [line for line in standin.logs("NewDataTrigger") if '"level":"ERROR"' in line]
    before = trouble()
    yield
    assert trouble() == before


def starts(loop):
    """How often events and steps have invoked the trigger's function."""
    return sum(line.startswith("START RequestId") for line in loop.logs("NewDataTrigger"))


def fates(loop, generation):
    """{key without prefix: (fate, reason)} of a run's batch."""
    return {one["object"]["key"].removeprefix(loop.prefix): (one["fate"], one["reason"])
            for one in loop.evidence(generation, "validation.json")}


def test_an_object_that_nobody_asked_for(pipeline):
    loop = pipeline("nobody")
    before = starts(loop)
    loop.put_object("elsewhere/file.csv", b"a\n1\n")
    record = kept(loop, "elsewhere/file.csv")
    assert record["reason"].startswith("no pipeline takes s3://bike-rentals/elsewhere/file.csv: its data.bucket and "
                                       "data.prefix must match")
    loop.aws.wait_until(lambda: starts(loop) > before, what="the invocation's log")

    event = record["event"] | {"detail": record["event"]["detail"] | {"bucket": {"name": "another-bucket"}}}
    loop.invoke("NewDataTrigger", event)
    assert kept(loop, "another-bucket")["reason"].startswith("no pipeline takes s3://another-bucket/elsewhere/file.csv")
    assert starts(loop) == before + 2, "one invocation an event"


@pytest.mark.parametrize("event, reason", [
    ({"hello": "there"}, "no known event (fields hello)"),
    ({"detail-type": "Object Created", "source": "aws.s3", "time": "2026-01-01T00:00:00Z",
      "detail": {"bucket": {"name": "bike-rentals"}, "object": {"size": 1}}}, "field detail.object.key is missing"),
    ([], "no known event (no object)"), ("nonsense", "no known event (no object)"), (None, "no known event (no object)"),
])
def test_an_event_that_is_no_event(standin, event, reason):
    answer = standin.invoke("NewDataTrigger", event)
    record = standin.read(answer["kept"])
    assert record["event"] == event and reason in record["reason"]
    assert standin.invoke("NewDataTrigger", event)["kept"] == answer["kept"]
    told = [notice for notice in standin.notices() if answer["kept"] in notice["Message"]]
    assert len(told) == 1


def test_a_pipeline_that_cannot_be_read_loses_nothing(pipeline):
    loop = pipeline("unreadable", {"split": {"least_objects": 50}})
    loop.put_text("model: unreadable\nsettle: {quiet: 1s}\nsettel: {quiet: 1s}\n")
    record = kept(loop, "pipelines/unreadable/pipeline.yaml")
    assert "settel" in record["reason"] and "line 3" in record["reason"]
    assert loop.training()["generation"] == 0

    # Data that comes meanwhile is kept, and taken as soon as the pipeline can be read.
    loop.put_month(GOOD, month(GOOD))
    assert "pipelines/unreadable/pipeline.yaml" in kept(loop, "unreadable/2011-05.csv")["reason"]
    assert loop.training()["generation"] == 0
    loop.put_pipeline()
    ended(loop, 1, "skipped")
    assert fates(loop, 1)["2011-05.csv"][0] == "accepted"


def test_a_wrong_field_is_named(pipeline):
    loop = pipeline("wrong-field")
    loop.put_pipeline({"decide": {"ask_above": 7}})
    record = kept(loop, "pipelines/wrong-field/pipeline.yaml")
    assert "decide.ask_above" in record["reason"] and "a share of columns, from 0 to 1" in record["reason"]
    loop.s3.delete_object(Bucket="pawl-evidence", Key="pipelines/wrong-field/pipeline.yaml")


def test_objects_that_cannot_be_used(pipeline):
    """All at once, beside one that can."""
    good = month(GOOD)
    loop = pipeline("bad-objects", {"split": {"least_objects": 50}, "data": {"largest_object": len(good)}})
    strange = "März + April=100%/2011 05 & more.csv"
    objects = {
        "good.csv": good,
        strange: month("2011-06")[:len(good)].rpartition(b"\n")[0] + b"\n",
        "empty.csv": b"",
        "header-only.csv": good.split(b"\n")[0] + b"\n",
        "too-large.csv": good + b" ",
        "binary.csv": bytes(range(256)) * 20,
        "deleted.csv": good,
    }
    loop.put_pipeline()
    for key, body in objects.items():
        loop.put_object(loop.prefix + key, body)
    loop.s3.delete_object(Bucket="bike-rentals", Key=loop.prefix + "deleted.csv")
    record = ended(loop, 1, "skipped", "1 accepted objects")
    found = fates(loop, 1)
    assert {key for key, (fate, _) in found.items() if fate == "accepted"} == {"good.csv", strange}
    assert "deleted.csv" not in found
    assert "needs a header row" in found["empty.csv"][1]
    assert f"{len(good) + 1} bytes are more than data.largest_object" in found["too-large.csv"][1]
    assert "a header and no rows" in found["header-only.csv"][1]
    assert "no UTF-8" in found["binary.csv"][1]
    assert f"s3://bike-rentals/bad-objects/{strange}" in record["triggers"]
    assert len(record["triggers"]) == 8 and handled(loop) == [1] * 8

    # Alone, such an object is a quarantined batch.
    loop.put_object(loop.prefix + "nothing.csv", b"")
    ended(loop, 2, "quarantined", "bad-objects/nothing.csv: the data is empty")


def test_an_object_that_is_gone_when_the_run_reads_it(pipeline):
    loop = pipeline("gone")
    loop.aws.fail_call("GetObject", error="NoSuchVersion", status=404, message="gone", match=f"gone/{GOOD}.csv")
    loop.put_pipeline()
    arrive(loop, GOOD)
    ended(loop, 1, "quarantined", "deleted meanwhile")
    assert loop.aws.pending_faults() == []
