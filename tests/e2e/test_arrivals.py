"""Events that come late, twice or never, and the function that records them killed in each of its effects."""
import pytest
from disturb import go_round, look_again, unheard
from runs import arrive, ended, handled, kept, month

from loop import BUCKET, DATA_BUCKET

# A run that ends soon, whatever arrives.
SHORT = {"split": {"least_objects": 50}}
EFFECTS = ["/inbox/", "/training.json", "StartExecution"]


def kill(loop, effect, when, times):
    operation, match = ("StartExecution", f'"{loop.model}-1"') if effect == "StartExecution" else (
        "PutObject", f"ledger/{loop.model}{effect}")
    loop.aws.kill_function(loop.aws.resources["NewDataTrigger"], operation, when, match=match, times=times)


@pytest.fixture(scope="module")
def killed(pipeline):
    """A pipeline for each effect of the first event, before and after it; the retries of the event heal it."""
    loops = {}
    for effect in EFFECTS:
        for when in ("before", "after"):
            loop = pipeline(f"killed-{effect.strip('/').split('.')[0].lower()}-{when}", SHORT)
            kill(loop, effect, when, times=2)
            loop.put_pipeline()
            loops[effect, when] = loop
    return loops


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("effect", EFFECTS)
def test_an_event_whose_handler_dies_is_one_run(killed, effect, when):
    loop = killed[effect, when]
    ended(loop, 1, "skipped", "accepted objects")
    assert loop.executions() == [f"{loop.model}-1"] and handled(loop) == [1]
    # Behind the record of an event its copy is nothing new: the retry goes on without writing it again.
    left = [fault["times"] for fault in loop.aws.pending_faults() if loop.model in fault["match"]]
    assert left in ([], [1]), left
    loop.aws.clear_faults(loop.model)


def test_a_run_that_could_not_be_started_is_started_by_the_round(pipeline):
    loop = pipeline("unstarted", SHORT)
    letters = loop.dead_letters()
    loop.aws.fail_call("StartExecution", times=1000, error="AccessDeniedException", match='"unstarted-1"')
    loop.put_pipeline()
    loop.aws.wait_until(lambda: loop.dead_letters() > letters, what="the event to be given up")
    assert loop.training()["open"]["execution"] == "asked" and len(loop.waiting()) == 1
    loop.aws.clear_faults("unstarted")
    look_again(loop, "NewDataTrigger")
    ended(loop, 1, "skipped", "accepted objects")
    assert loop.executions() == ["unstarted-1"] and handled(loop) == [1]


def test_in_a_round_no_pipeline_waits_for_another(pipeline):
    """The first in the alphabet is looked at in vain, and is one too many for a single call: its call never comes back."""
    stuck, healed = (pipeline(name, SHORT) for name in ("aa-stuck", "zz-healed"))
    for loop in (stuck, healed):
        letters = loop.dead_letters()
        loop.aws.fail_call("StartExecution", times=1000, error="AccessDeniedException", match=f'"{loop.model}-1"')
        loop.put_pipeline()
        loop.aws.wait_until(lambda loop=loop, letters=letters: loop.dead_letters() > letters, what="the event to be given up")
    healed.aws.clear_faults(healed.model)
    function, letters = healed.aws.resources["NewDataTrigger"], healed.dead_letters()
    healed.aws.kill_function(function, "GetObject", match="aa-stuck/training.json", times=1000)
    # A stranger's object under the prefix is no pipeline.
    healed.s3.put_object(Bucket=BUCKET, Key="pipelines/README.md", Body=b"Ours.")
    go_round(healed, "NewDataTrigger")
    ended(healed, 1, "skipped", "accepted objects")
    # The one whose call died is told as an event that could not be handled, once.
    assert healed.dead_letters() == letters + 1
    assert stuck.training()["open"]["execution"] == "asked"
    stuck.aws.clear_faults("aa-stuck")
    look_again(stuck, "NewDataTrigger")
    ended(stuck, 1, "skipped", "accepted objects")


def test_an_object_whose_event_comes_late_is_looked_at_once(pipeline):
    loop = pipeline("late", SHORT)
    # Before there is a pipeline its event is kept: to the pipeline it has not come yet.
    arrive(loop, "2011-05")
    event = kept(loop, "late/2011-05.csv")["event"]
    loop.put_pipeline()
    ended(loop, 1, "skipped")
    assert [one["object"]["key"] for one in loop.evidence(1, "validation.json")] == ["late/2011-05.csv"]

    # It is on record, and no run of its own looks at what run 1 has looked at.
    assert loop.invoke("NewDataTrigger", event)["signals"][0][0]["trigger"] == "recorded"
    assert loop.executions() == ["late-1"] and loop.waiting() == []
    # And once more, and later still.
    assert loop.invoke("NewDataTrigger", event)["signals"][0][0]["trigger"] == "duplicate"
    assert loop.executions() == ["late-1"] and loop.waiting() == []


def test_an_object_whose_event_is_lost_is_in_the_dead_letters_and_in_the_next_run(pipeline):
    loop = pipeline("lost-object", SHORT)
    loop.put_pipeline()
    ended(loop, 1, "skipped")
    letters = loop.dead_letters()
    loop.aws.fail_call("PutObject", times=1000, error="AccessDenied", status=403, match="ledger/lost-object/inbox/")
    arrive(loop, "2011-05")
    loop.aws.wait_until(lambda: loop.dead_letters() > letters, what="the event to be given up")
    assert loop.training()["generation"] == 1
    loop.aws.clear_faults("ledger/lost-object/")
    arrive(loop, "2011-06")
    ended(loop, 2, "skipped", "accepted objects")
    assert {one["object"]["key"] for one in loop.evidence(2, "validation.json")} == {
        "lost-object/2011-05.csv", "lost-object/2011-06.csv"}


def event_of(loop, key):
    """The event of an object's newest version, as S3 sends it to EventBridge."""
    found = loop.s3.head_object(Bucket=DATA_BUCKET, Key=key)
    return {"version": "0", "id": "late", "source": "aws.s3", "detail-type": "Object Created", "account": "000000000000",
            "time": "2026-01-01T00:00:00Z", "region": "us-east-1", "resources": [f"arn:aws:s3:::{DATA_BUCKET}"],
            "detail": {"version": "0", "bucket": {"name": DATA_BUCKET}, "reason": "PutObject", "object": {
                "key": key, "size": found["ContentLength"], "etag": found["ETag"].strip('"'),
                "version-id": found["VersionId"], "sequencer": "00FF"}}}


def test_an_object_whose_event_never_comes_is_found_by_the_round(pipeline):
    loop = pipeline("untold", SHORT)
    loop.put_pipeline()
    ended(loop, 1, "skipped")
    with unheard(loop, "NewDataTriggerData"):
        arrive(loop, "2011-05")
        loop.put_object("untold/2011-06.csv", b"no;such,header\n1\n")
        look_again(loop, "NewDataTrigger")
        ended(loop, 2, "skipped", "accepted objects")
    found = [loop.read(key)["trigger"]["event"].get("found") for key in loop.keys("ledger/untold/handled/")]
    assert sum(event is not None for event in found) == 2, "no event told of them"
    fates = {one["object"]["key"]: one["fate"] for one in loop.read("ledger/untold/dataset.json")["known"]}
    assert fates == {"untold/2011-05.csv": "accepted", "untold/2011-06.csv": "quarantined"}
    assert sorted(handled(loop)) == [1, 2, 2]

    # Its event comes after all.
    for key in fates:
        assert loop.invoke("NewDataTrigger", event_of(loop, key))["signals"][0][0]["trigger"] == "duplicate"
    # Accepted or quarantined, it is not put in again; nor where only its run knows it, or only its trigger.
    for forgotten in (None, "ledger/untold/dataset.json", "runs/untold/000002/manifest.json"):
        if forgotten:
            loop.s3.delete_object(Bucket=BUCKET, Key=forgotten)
        look_again(loop, "NewDataTrigger")
    assert loop.executions() == ["untold-1", "untold-2"] and loop.waiting() == []


def test_a_round_looks_at_a_thousand_versions_and_the_next_one_goes_on(pipeline):
    loop = pipeline("endless", SHORT)
    with unheard(loop, "NewDataTriggerData"):
        for _ in range(1000):
            loop.s3.put_object(Bucket=DATA_BUCKET, Key="endless/2011-05.csv", Body=b"x")
    arrive(loop, "2011-05")
    loop.put_pipeline()
    ended(loop, 1, "skipped")
    with unheard(loop, "NewDataTriggerData"):
        arrive(loop, "2011-06")
        look_again(loop, "NewDataTrigger")
        assert loop.training()["generation"] == 1 and loop.read("ledger/endless/sweep.json")["key"] == "endless/2011-05.csv"
        look_again(loop, "NewDataTrigger")
        ended(loop, 2, "skipped")
    assert [one["object"]["key"] for one in loop.evidence(2, "validation.json")] == ["endless/2011-06.csv"]
    assert loop.read("ledger/endless/sweep.json") is None, "the next look begins anew"
