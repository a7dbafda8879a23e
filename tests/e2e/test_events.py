"""Many events, one run; an event during a run, exactly one further run."""
import json
from concurrent.futures import ThreadPoolExecutor

from runs import arrive, ended, handled, kept, month


def at_once(work, items):
    with ThreadPoolExecutor(10) as pool:
        return list(pool.map(work, items))


def test_one_event_ten_times_is_one_run(pipeline):
    loop = pipeline("ten-times")
    # Before there is a pipeline its event is kept, so that it can be sent again.
    arrive(loop, "2011-05")
    event = kept(loop, "ten-times/2011-05.csv")["event"]
    loop.put_pipeline({"settle": {"marker": "_SUCCESS"}})
    answers = at_once(lambda _: loop.invoke("NewDataTrigger", event), range(10))
    states = [signal["trigger"] for answer in answers for signals in answer["signals"] for signal in signals]
    assert sorted(states) == ["duplicate"] * 9 + ["recorded"]
    loop.put_object("ten-times/_SUCCESS", b"")
    record = ended(loop, 1, "skipped", "1 accepted object|0 accepted object")
    assert len(record["triggers"]) == 3, "the file, the marker and pipeline.yaml"
    assert handled(loop) == [1, 1, 1]

    # And once more after the run: it is known.
    assert loop.invoke("NewDataTrigger", event)["signals"][0][0]["trigger"] == "duplicate"
    assert loop.waiting() == [] and loop.training()["open"] is None
    assert loop.executions() == ["ten-times-1"]


def test_ten_events_at_once_are_one_run(pipeline):
    loop = pipeline("ten-at-once", {"settle": {"marker": "_SUCCESS"}, "split": {"least_objects": 50}})
    loop.put_pipeline()
    names = [f"{year}-{number:02}" for year in (2011, 2012) for number in range(3, 8)]
    bodies = {name: month(name) for name in names}
    at_once(lambda name: loop.put_month(name, bodies[name]), names)
    loop.aws.wait_until(lambda: len(loop.waiting()) == 11, what="the events to be recorded")
    loop.put_object("ten-at-once/_SUCCESS", b"")
    record = ended(loop, 1, "skipped", "9 accepted objects")
    assert len(record["triggers"]) == 12, "ten files, the marker and pipeline.yaml"
    assert handled(loop) == [1] * 12
    assert [one["fate"] for one in loop.evidence(1, "validation.json")] == ["accepted"] * 10
    assert loop.executions() == ["ten-at-once-1"]


def test_events_during_a_run_are_one_further_run(pipeline):
    loop = pipeline("meanwhile", {"decide": {"ask_above": 0.0}})
    loop.put_pipeline()
    arrive(loop, "2011-05", "2011-06")
    # The run stands still at its question, with the lock in its hand.
    loop.question("train-1")
    taken = len(loop.evidence(1, "manifest.json")["triggers"])
    assert taken == 3, "pipeline.yaml and two files"
    arrive(loop, "2011-07", "2011-08", "2011-09")
    loop.aws.wait_until(lambda: len(loop.waiting()) == taken + 3, what="the events to be recorded")
    assert loop.training()["open"]["generation"] == 1
    assert loop.executions() == ["meanwhile-1"]

    loop.answer("train-1", "reject", "Not on this data.")
    ended(loop, 1, "declined", "^Not on this data.$", last=False)
    loop.answer("train-2", "reject", "Nor on this.")
    record = ended(loop, 2, "declined", "^Nor on this.$")
    assert len(record["triggers"]) == 3
    assert len(loop.evidence(2, "manifest.json")["batch"]) == 3
    assert sorted(handled(loop)) == [1] * taken + [2] * 3
    assert loop.executions() == ["meanwhile-1", "meanwhile-2"]
    assert loop.serving() is None


def test_what_could_not_be_told_is_told_by_the_next_try(standin):
    event = {"untold": "yet"}
    standin.aws.fail_call("Publish", error="AuthorizationError", status=403, message="by the test", match="untold")
    answer = standin.aws.client("lambda").invoke(FunctionName=standin.aws.resources["NewDataTrigger"],
                                                 Payload=json.dumps(event).encode())
    assert "FunctionError" in answer
    # As Lambda does for an event.
    key = standin.invoke("NewDataTrigger", event)["kept"]
    assert standin.read(key)["event"] == event
    assert len([notice for notice in standin.notices() if key in notice["Message"]]) == 1
