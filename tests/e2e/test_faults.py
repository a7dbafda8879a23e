"""Every call that a function makes in a run, its promotion and its rollback, disturbed: killed in its middle, failed for a
moment, its answer lost, its race lost, refused. The run ends as if nothing had been, and nothing is done twice."""
import collections
import json
import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from disturb import Call, Script, fail, kill, outrun, overlap, refuse, undisturbed, unheard
from played import play, second_run

# What decides; the rest of the history tells how often something was tried.
DECISIONS = {"granted", "watch", "promoted", "roll_back", "rolled_back", "unconfirmed", "gave_up", "paged", "held"}
CALLS = {
    "NewDataTrigger": {"GetObject", "ListObjectsV2", "PutObject", "DeleteObject"},
    "DataValidator": {"GetObject", "ListObjectsV2", "ListObjectVersions", "PutObject"},
    "DriftChecker": {"GetObject", "PutObject"},
    "EvaluationGate": {"GetObject", "ListObjectsV2", "PutObject"},
    "RollbackHandler": {"GetObject", "PutObject", "ListObjectsV2", "DescribeEndpoint", "DescribeEndpointConfig", "DescribeModel",
                        "PutMetricAlarm", "DescribeAlarms", "GetMetricData", "InvokeEndpoint", "UpdateEndpoint",
                        "UpdateModelPackage", "Publish"},
}
# The upkeep comes beside, whenever it comes, and its state machine tries again.
UPKEEP = {"ListEndpointConfigs", "ListModels"}
LEDGERS = ("ledger/{model}/training.json", "ledger/{model}/dataset.json", "ledger/{model}/release.json")


@pytest.fixture(scope="module", autouse=True)
def alone(standin, stage):
    """A release hears of nothing but the steps: what the handler of an event does beside them comes at any time."""
    with unheard(standin, "RollbackHandlerAlarms", "RollbackHandlerEndpoints"):
        yield


@pytest.fixture(scope="module")
def undisturbed_run(stage):
    """A run that nobody disturbs: its end, and the calls of each of its steps."""
    loop, calls = stage.actor("peaceful"), collections.defaultdict(dict)

    def record(step, resource, payload):
        function, before = loop.aws.resources[resource], len(loop.aws.calls())
        body = undisturbed(loop, function, payload)
        for made in loop.aws.calls()[before:]:
            if made["function"] == function and made["operation"] not in UPKEEP:
                calls[step, resource][Call.of(made, loop.model)] = None
        return body
    play(second_run(stage, loop), record)
    return end(loop), {step: list(found) for step, found in calls.items()}


def test_every_call_is_known(undisturbed_run):
    """What is disturbed is what was seen. A new call changes this list, and deserves a thought about its faults."""
    found = collections.defaultdict(set)
    for (_, function), calls in undisturbed_run[1].items():
        found[function] |= {call.operation for call in calls}
    assert found == CALLS


def effects(_, call):
    return call.has_effect


def reads(_, call):
    return call.is_own and not call.has_effect


def ledgers(_, call):
    return call.has_effect and call.subject.endswith(LEDGERS)


def refusable(step, call):
    """What a step cannot do without. Other refusals are answers: to the report, which says what it could not read, and to
    a release, which acts on them."""
    needed = call.subject.startswith(("/pawl-evidence/ledger/", "/pawl-evidence/profiles/"))
    written = call.operation == "PutObject" and not call.subject.endswith("/000002/release.json") \
        and "/quarantine/" not in call.subject
    if step == "close" and not call.has_effect:
        return False
    return call.is_own and (needed or written or call.operation in ("DescribeEndpointConfig", "DescribeModel"))


# What is done to the run, to which calls, and how an invocation may end.
SCRIPTS = {
    "killed-before": (Script.once, kill("before"), effects, ["Runtime.ExitError", "Pawl.Conflict"]),
    "killed-after": (Script.once, kill("after"), effects, ["Runtime.ExitError", "Pawl.Conflict"]),
    "failing-reads": (Script.once, fail(), reads, []),
    "failing-effects": (Script.once, fail(), effects, []),
    "unanswered": (Script.once, fail(when="after"), effects, []),
    "outrun": (Script.once, outrun(), ledgers, []),
    "overlapped": (Script.once, overlap(), lambda _, call: call.operation == "PutObject",
                   ["Pawl.Unavailable", "Pawl.Conflict"]),
    "refused": (Script.always, refuse(), refusable, ["Pawl.Refused", "Pawl.Unavailable"]),
}


@pytest.fixture(scope="module")
def runs(stage, undisturbed_run):
    """All disturbed runs, side by side: they wait more than they work. Gives for each what was disturbed, what of
    that never came, and its end."""
    _, calls = undisturbed_run

    def run(name):
        way, disturb, wanted, errors = SCRIPTS[name]
        loop = stage.actor(name)
        script = Script(loop, lambda *step: [call for call in calls.get(step, []) if wanted(step[0], call)],
                        disturb, errors)
        play(second_run(stage, loop), lambda *step: way(script, *step))
        missed = script.missed()
        loop.aws.clear_faults(name)
        return script.armed, missed, end(loop)
    with ThreadPoolExecutor(len(SCRIPTS)) as pool:
        yield {name: pool.submit(run, name) for name in SCRIPTS}


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_disturbed_run_ends_as_an_undisturbed_one(runs, undisturbed_run, name):
    armed, missed, found = runs[name].result()
    assert armed and missed == []
    wanted, _ = undisturbed_run
    for part in wanted:
        assert found[part] == wanted[part], part


def end(loop):
    """Everything that a run leaves behind, without names and times."""
    release, training, model = loop.release(), loop.training(), loop.model
    history = [loop.read(key) for key in loop.keys(f"ledger/{model}/history/0")]
    assert [one["sequence"] for one in history] == list(range(1, len(history) + 1))
    folder = f"runs/{model}/000002/"
    documents = {key.removeprefix(folder): loop.read(key) for key in loop.keys(folder) if key.endswith(".json")}
    assert documents["manifest.json"].pop("triggers")
    assert documents["convergence.json"]["trained"].pop("artifact")  # One training serves every actor.
    handled = [loop.read(key) for key in loop.keys(f"ledger/{model}/handled/")]
    updates = [call for call in loop.aws.calls() if call["operation"] == "UpdateEndpoint" and call["status"] == 200
               and f'"EndpointName":"{model}"' in call["body"]]
    packages = loop.sagemaker.list_model_packages(ModelPackageGroupName=model)["ModelPackageSummaryList"]
    found = {
        "documents": documents,
        "training": training,
        "dataset": loop.read(f"ledger/{model}/dataset.json"),
        "handled": sorted((one["generation"], one["trigger"]["what"], one["outcome"]) for one in handled),
        "waiting": loop.waiting(),
        "release": {name: release[name] for name in ("generation", "state", "current", "good", "revoked_configs", "rejected",
                                                     "quarantined", "rollbacks", "cool_downs", "freeze")},
        # A run that asks again is granted again.
        "decisions": list(dict.fromkeys((one["generation"], one["rule"]) for one in history if one["rule"] in DECISIONS)),
        "quarantine": loop.keys(f"quarantine/{model}/"),
        "serving": loop.serving(),
        "updates": len(updates),
        "packages": sorted((one["ModelPackageVersion"], one["ModelApprovalStatus"]) for one in packages),
        "executions": loop.executions(),
    }
    text = re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+Z", "{time}", json.dumps(found).replace(model, "{model}"))
    return json.loads(re.sub(r"-2-\d{14}", "-2-{stamp}", text))
