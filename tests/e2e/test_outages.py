"""Every call that the state machine makes, failing: once, and the run ends as it would have; always, and it ends in a typed
and recorded failure with the champion still serving. After the outage the next trigger makes a good run."""
import contextlib
import json
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from disturb import look_again
from played import ROWS, later
from runs import ended, handled

from loop import ROOT, Loop

AWAKE = {"settle": {"quiet": "1s"}}
ASKED = AWAKE | {"approval": {"ask": "always"}}
# Each pipeline meets its outages one after another, a run for each; the pipelines go side by side. Only the first run has
# new data to profile.
OUTAGES = {
    "out-data": (AWAKE, ["Profile", "Settle", "Snapshot", "Validate", "CompareDrift"]),
    "out-model": (AWAKE, ["Decide", "Train", "CheckConvergence", "KeepArchive", "CreateScorer", "ScoreChallenger"]),
    "out-release": (AWAKE, ["Judge", "ScoreChampion", "Register", "Guard", "CreateEndpointConfig", "UpdateEndpoint"]),
    "out-asked": (ASKED, ["AwaitApproval", "MarkApproved"]),
    "out-observe": (AWAKE, ["Observe"]),
    "out-watch": (AWAKE, ["Watch"]),
}
# The endpoint has moved by then: the release goes on without its run.
MOVED = {"out-observe", "out-watch"}
# A search's jobs, a trial's look and a forced challenger are another story, the other models are made as the first, and the question before a training is asked like the other one. The
# rest has no say in how a run ends, or comes after its failure.
OTHERS = {"Force", "Tune", "DescribeBest", "CompareTrial", "AskToTrain", "FindGroup", "EnsureGroup", "MarkRejected", "CreateEndpoint",
          "FindScorer", "FindChampionScorer", "CreateChampionScorer", "CreateChallenger",
          "Abandon", "RecordFailure", "Notify", "NotifyPlainly", "NotifyQuestion", "NotifyQuestionToTrain", "Close"}


def tasks(states):
    """{name: state} of the tasks of a state machine, those of its maps and branches too."""
    found = {}
    for name, state in states.items():
        if state["Type"] == "Task":
            found[name] = state
        for inner in (*state.get("Branches", []), state.get("ItemProcessor", {})):
            found |= tasks(inner.get("States", {}))
    return found


TASKS = tasks(json.loads((ROOT / "statemachines" / "retraining.asl.json").read_text())["States"])


def call(name, model):
    """The API operation of a task, and what tells its request from all others."""
    state = TASKS[name]
    _, service, action = state["Resource"].removesuffix(".waitForTaskToken").removesuffix(".sync").rsplit(":", 2)
    if service == "lambda":
        payload = state["Arguments"]["Payload"]
        step = "profile" if isinstance(payload, str) else payload["step"]
        if step == "replicate":
            return "Invoke", f'"from": "s3://pawl-evidence/runs/{model}/'
        return "Invoke", f'"step": "{step}", "model": "{model}"'
    return action[0].upper() + action[1:], f"{model}/questions/" if service == "s3" else model


@pytest.fixture(scope="module")
def clients(stage):
    """Sends rows to every endpoint that a test names: `clients(loop)`."""
    asked, over = [], threading.Event()

    def send():
        while not over.wait(0.5):
            for loop in list(asked):
                with contextlib.suppress(Exception):
                    loop.aws.client("sagemaker-runtime").invoke_endpoint(
                        EndpointName=loop.model, ContentType="application/jsonlines", Body=json.dumps(ROWS[0]).encode())
    thread = threading.Thread(target=send, daemon=True)
    thread.start()
    yield asked.append
    over.set()
    thread.join()


# How the answer to an update that was accepted gets lost: the first is asked for again and refused, as it is under way or there;
# the second is not asked for again.
UNHEARD = {"update-unheard": ("InternalFailure", 500), "update-disowned": ("ResourceLimitExceeded", 400)}


def begun(stage, clients, name, changes, begin):
    loop = stage.actor(name, changes, begin)
    clients(loop)
    return loop


@pytest.fixture(scope="module")
def once(stage, clients):
    """Runs that meet passing trouble, begun here and looked at last: every task throttled once, a guard that dies, and updates that
    are accepted and never answered."""
    def throttle(loop):
        for name in TASKS.keys() - {"Force", "Tune", "DescribeBest", "CompareTrial", "AskToTrain", "MarkRejected", "CreateEndpoint",
                                    "Abandon", "RecordFailure", "FindScorer", "FindChampionScorer", "NotifyPlainly",
                                    "NotifyQuestionToTrain"}:
            operation, match = call(name, loop.model)
            code, number = {"Invoke": ("TooManyRequestsException", 429), "PutObject": ("SlowDown", 503)}.get(
                operation, ("ThrottlingException", 400))
            loop.aws.fail_call(operation, error=code, status=number, match=match)

    def die(loop):
        loop.aws.kill_function(loop.aws.resources["RollbackHandler"], "PutMetricAlarm", "after", match=loop.model)

    def lose(loop):
        code, number = UNHEARD[loop.model]
        loop.aws.fail_call("UpdateEndpoint", error=code, status=number, message="lost", match=loop.model, when="after")
    throttled, dying = begun(stage, clients, "throttled", ASKED, throttle), begun(stage, clients, "guard-dies", AWAKE, die)
    unheard = {name: begun(stage, clients, name, AWAKE, lose) for name in UNHEARD}
    with ThreadPoolExecutor(1) as pool:
        yield throttled, dying, pool.submit(throttled.answer, "package-2", "approve", "Good."), unheard


def go_out(loop, name):
    """From now on this task fails however often it is tried."""
    operation, match = call(name, loop.model)
    code, number = ("ResourceNotFoundException", 404) if operation == "Invoke" else ("ResourceLimitExceeded", 400)
    loop.aws.fail_call(operation, times=1000, error=code, status=number, message="out for good", match=match)


def trigger(loop, generation):
    """Ask for a model of the same data: another one where the last was judged, for that is never trained again."""
    judged = loop.evidence(generation - 1, "judgement.json")
    loop.put_pipeline({"train": {"hyperparameters": {"rounds": 40 + generation}}} if judged else None)


def test_every_task_has_its_outage():
    named = [name for _, names in OUTAGES.values() for name in names]
    assert sorted(named) == sorted(TASKS.keys() - OTHERS)


def test_a_task_that_always_fails_ends_its_run_and_nothing_else(stage, clients, once):
    with ThreadPoolExecutor(3) as pool:
        loops = dict(zip(OUTAGES, pool.map(lambda model: begun(stage, clients, model, OUTAGES[model][0], lambda loop:
                                                                go_out(loop, OUTAGES[model][1][0])), OUTAGES), strict=True))
    generation = 2
    while loops:
        for model, loop in list(loops.items()):
            name = OUTAGES[model][1][generation - 2]
            if name == "MarkApproved":
                loop.question(f"package-{generation}")
                loop.answer(f"package-{generation}", "approve", "Good.")
            failed(loop, generation, name)
            loop.aws.clear_faults(model)
            if name == OUTAGES[model][1][-1]:
                del loops[model]  # the last outage: what comes now must go well
            else:
                go_out(loop, OUTAGES[model][1][generation - 1])
            trigger(loop, generation + 1)
        generation += 1


def failed(loop, generation, name):
    """The run failed at this task, is recorded and told, holds nothing, and the champion serves as before."""
    outcome = ended(loop, generation, "failed", "out for good")["outcome"]
    assert outcome["error"] and outcome["state"] in (name, "ProfilePartitions", "Score"), name
    assert loop.training()["open"] is None and loop.waiting() == []
    if loop.model not in MOVED:
        release = loop.release()
        assert (release["state"]["name"], release["current"]["generation"]) == ("stable", 1), name
        assert loop.serving() == release["current"]["config"]


@pytest.mark.parametrize("model", OUTAGES)
def test_after_the_outage_the_next_trigger_makes_a_good_run(stage, model):
    loop, generation = stage.pipeline(model), len(OUTAGES[model][1]) + 2
    if OUTAGES[model][0] is ASKED:
        loop.answer(f"package-{generation}", "approve", "Good.")
    record = loop.wait_closed(generation)
    if model in MOVED:
        # It was judged against a champion, or held beside a release, that went on without its run.
        assert record["outcome"]["code"] in ("promoted", "rejected", "declined", "held"), record["outcome"]
    else:
        assert record["outcome"]["code"] == "promoted", record["outcome"]
        assert loop.release()["good"][0]["generation"] == generation


@pytest.mark.parametrize("model", sorted(MOVED))
def test_what_moved_is_looked_after_without_its_run(stage, model):
    loop = stage.pipeline(model)

    def settled():
        later(loop)
        look_again(loop, "RollbackHandler")
        release = loop.release()
        return release["state"]["name"] == "stable" and not release["pending"] and release
    release = loop.aws.wait_until(settled, what="the round")
    assert 2 in [good["generation"] for good in release["good"]]
    assert loop.serving() == release["current"]["config"] == release["good"][0]["config"]


def test_a_run_whose_every_call_is_throttled_once_is_promoted(once):
    loop, _, answered, _ = once
    answered.result()
    ended(loop, 2, "promoted", "healthy", last=False)
    assert [fault for fault in loop.aws.pending_faults() if loop.model in fault["match"]] == []


def test_a_guard_that_dies_is_waited_out(once):
    _, loop, *_ = once
    ended(loop, 2, "promoted", "healthy", last=False)
    assert loop.release()["good"][0]["generation"] >= 2


@pytest.mark.parametrize("name", UNHEARD)
def test_an_update_that_is_accepted_and_never_answered_is_followed_to_its_end(once, name):
    *_, unheard = once
    loop = unheard[name]
    ended(loop, 2, "promoted", "healthy", last=False)
    assert "Abandon" in entered(loop, 2)
    release = loop.release()
    assert release["good"][0]["generation"] >= 2 and loop.serving() == release["current"]["config"]


def entered(loop, generation):
    """The states that a run went through."""
    pages = loop.sfn.get_paginator("get_execution_history").paginate(executionArn=loop.execution(generation)["executionArn"])
    return {event["stateEnteredEventDetails"]["name"] for page in pages for event in page["events"]
            if "stateEnteredEventDetails" in event}


def test_a_run_that_cannot_close_itself_is_closed_when_its_execution_has_failed(standin, tmp_path):
    # Close is tried for minutes: on a stand-in of its own they are seconds.
    with Loop(bin_dir=standin.bin_dir, state_dir=tmp_path, wait_scale=0.02) as loop:
        loop.listen()
        go_out(loop, "Close")
        go_out(loop, "Notify")
        loop.put_pipeline()
        record = loop.wait_closed(1)
        assert (record["outcome"]["code"], record["outcome"]["error"]) == ("failed", "Pawl.ExecutionEnded")
        assert loop.execution(1)["status"] == "FAILED"
        assert {"Close", "Failed"} <= entered(loop, 1)
        left, = [fault for fault in loop.aws.pending_faults() if '"close"' in fault["match"]]
        assert 1000 - left["times"] == 1 + TASKS["Close"]["Retry"][1]["MaxAttempts"]
        assert loop.wait_idle() == 1 and set(handled(loop)) == {1}
        assert loop.evidence(1, "failure.json") == {"schema_version": 1} | record["outcome"]
        told = [notice["Subject"] for notice in loop.notices()]
        assert told.count(f"Pawl: needs a person: {loop.model} run 1 skipped") == 1, "the state machine says so itself"
        assert told.count(f"Pawl: needs a person: {loop.model} run 1 failed") == 1
