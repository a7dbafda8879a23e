"""The steps of docs/first-account.md on the stand-in: the program goes through all of them, says what it could not see and why, and
leaves nothing behind."""
import json
import subprocess
from types import SimpleNamespace

import pytest
import yaml
from account.__main__ import play
from account.step import STEPS, NotSeen, Seen, Step
from account.steps import first, people

from loop import ROOT, Loop
from loop.loop import IMAGE, QUICK, merged

# What the stand-in cannot show, and what this stack does not have.
UNSEEN = {
    "quotas": {"SageMaker's quotas"},
    "tls": {"a request over plain HTTP"},
    "schedules": {"the round came by itself"},
    "keys": {"one key covers all", "functions, training and model are in the VPC"},
    "rights": {"one kind of people cannot do another's part"},
    "stopped-run": {"a mail"},
}
# What this stack is known to allow. What is mended goes from here; nothing is added.
KNOWN = {
    "rights": {"nobody can write the history", "nobody can write the ledger"},
}
CHANGES = merged(QUICK, {"settle": {"quiet": "5s"}, "release": {"alarms": {"minimum_requests": 5}}})


@pytest.fixture(scope="module")
def account(tmp_path_factory):
    """A stack of its own, with its schedules."""
    with Loop(state_dir=tmp_path_factory.mktemp("standin")) as loop:
        yield loop
        refused = loop.aws.refusals()
        assert not refused, f"{len(refused)} calls or deliveries were not allowed, the first: {refused[:5]}"


def first_account(loop, out, *options):
    """Run the program as a person does; what it says and its exit code."""
    changes = out / "changes.yaml"
    changes.write_text(yaml.safe_dump(CHANGES), encoding="utf-8")
    command = [ROOT / "scripts" / "first-account", "--stack", loop.aws.stack, "--image", IMAGE, "--changes", changes,
               "--out", out, "--pawl", loop.bin_dir / "pawl", *options]
    # Here metrics of endpoints come at once, and alarms may be as quick.
    environment = loop.aws.environment() | {"PAWL_ENDPOINT_METRICS_SECONDS": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=900, stdin=subprocess.DEVNULL)
    return done.returncode, done.stdout + done.stderr


def report(out):
    return {one["step"]: one for one in json.loads((out / "report.json").read_text(encoding="utf-8"))["steps"]}


def seen(step, status):
    return {entry["what"]: entry["value"] for entry in step["seen"] if entry["status"] == status}


def test_what_is_wrong_is_told_and_fails(account, tmp_path):
    code, said = first_account(account, tmp_path, "--only", "stack")
    assert code == 0 and report(tmp_path)["stack"]["status"] == "PASS", said
    name = account.aws.resources["DeadLetterAlarm"]
    account.aws.client("cloudwatch").set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="by the test")
    code, said = first_account(account, tmp_path, "--only", "stack")
    assert code == 1 and seen(report(tmp_path)["stack"], "FAIL") == {"the stack's alarms are quiet": {name: "ALARM"}}, said
    account.aws.client("cloudwatch").set_alarm_state(AlarmName=name, StateValue="OK", StateReason="by the test")


def test_a_model_that_is_there_is_not_touched(account, tmp_path):
    loop = account.beside("theirs")
    loop.put_pipeline()
    before = {key: loop.s3.get_object(Bucket="pawl-evidence", Key=key)["ETag"] for key in loop.keys("pipelines/theirs/")}
    code, said = first_account(account, tmp_path, "--model", "theirs")
    assert code == 2 and "the name theirs is taken" in said, said
    code, said = first_account(account, tmp_path, "--model", "theirs", "--only", "tear-down")
    assert code == 2 and "these steps have put no model theirs" in said, said
    # Who follows by hand gets the files, and nothing is put.
    code, said = first_account(account, tmp_path, "--model", "by-hand", "--files")
    assert code == 0 and loop.keys("pipelines/by-hand/") == [], said
    assert yaml.safe_load((tmp_path / "second.yaml").read_text(encoding="utf-8"))["serve"]["instance_count"] == 3
    assert {"pipeline.yaml", "2011-05.csv", "2011-09.csv", "request.jsonl", "null.jsonl"} <= {one.name for one in tmp_path.iterdir()}
    after = {key: loop.s3.get_object(Bucket="pawl-evidence", Key=key)["ETag"] for key in loop.keys("pipelines/theirs/")}
    assert after == before and not (tmp_path / "report.json").exists()
    code, said = first_account(account, tmp_path, "--only", "no-such-step")
    assert code == 2 and "invalid choice" in said


def test_every_step_is_seen_and_nothing_is_left(account, tmp_path):
    code, said = first_account(account, tmp_path)
    steps = report(tmp_path)
    failed = {name: set(found) for name, one in steps.items() if (found := seen(one, "FAIL"))}
    assert all(found <= KNOWN.get(name, set()) for name, found in failed.items()), said
    assert code == (1 if failed else 0), said
    unseen = {name: set(found) for name, one in steps.items() if (found := seen(one, "UNSEEN"))}
    assert all(found <= UNSEEN.get(name, set()) for name, found in unseen.items()), unseen
    # What was found, not only that it was.
    names = seen(steps["error-names"], "PASS")
    assert names["the name of an error that the model does not declare"]["error"] == "SageMaker.SageMakerException"
    outputs = seen(steps["transform-outputs"], "PASS")["one output for each input"]
    assert outputs and all(key.endswith(".out") for keys in outputs.values() for key in keys)
    assert any("EndpointConfigName" in named for named in seen(steps["dimensions"], "PASS")["list-metrics now"])
    for step in ("failing-requests", "alarm-by-hand"):
        assert seen(steps[step], "PASS")["the config before serves again"]["seconds from the alarm"] < 120
    assert seen(steps["failing-requests"], "PASS")["the cause in the ledger"]["code"] == "alarm"
    # The name is free again but for its executions, in all that is asked.
    assert account.keys("runs/sandbox/") == [] and account.keys("pipelines/sandbox/") == []
    assert account.sagemaker.list_endpoints()["Endpoints"] == []
    assert account.sagemaker.list_models()["Models"] == []
    assert account.aws.client("cloudwatch").describe_alarms(AlarmNamePrefix="pawl-sandbox")["MetricAlarms"] == []
    # Its executions are known for 90 days: the name cannot be taken again.
    code, said = first_account(account, tmp_path)
    assert code == 2 and "sandbox-1, whose name stays taken" in said, said


# What another AWS than the stand-in would show.

def told(run, **world):
    """What a step finds in a world that answers so: {what: status}."""
    found = Seen(STEPS[0])
    run(SimpleNamespace(model="sandbox", **world), found)
    return {entry["what"]: entry["status"] for entry in found.entries}


JOB = json.dumps({"TransformJobName": "sandbox-1-x", "TransformOutput": {"S3OutputPath": "s3://pawl/runs/scores/challenger"},
                  "TransformInput": {"DataSource": {"S3DataSource": {"S3Uri": "s3://pawl/runs/holdout.manifest"}}}})
MANIFEST = [{"prefix": "s3://pawl/accepted/sandbox/"}, "a.jsonl", "b.jsonl"]


@pytest.mark.parametrize("keys, status", [
    (["challenger/a.jsonl.out", "challenger/b.jsonl.out"], "PASS"),
    (["challenger/accepted/sandbox/a.jsonl.out", "challenger/accepted/sandbox/b.jsonl.out"], "PASS"),
    (["challenger/a.jsonl.out"], "FAIL"),
    (["challenger/a.jsonl.out", "challenger/b.jsonl.out", "challenger/again/b.jsonl.out"], "FAIL"),
])
def test_outputs_are_looked_for_wherever_they_lie(keys, status):
    event = {"taskScheduledEventDetails": {"resource": "createTransformJob.sync", "parameters": JOB}}
    found = told(first.transform_outputs, history=lambda _: [event], read=lambda _: MANIFEST, keys=lambda _: keys_of(keys))
    assert found["one output for each input"] == status


def keys_of(names):
    return [f"runs/scores/{name}" for name in names]


@pytest.mark.parametrize("error, status", [("SageMaker.SageMakerException", "PASS"), ("SageMaker.ValidationException", "FAIL")])
def test_another_name_of_an_error_is_told(error, status):
    failed = {"state": "FindGroup", "taskFailedEventDetails": {"resource": "describeModelPackageGroup", "error": error}}
    found = told(first.error_names, history=lambda _: [failed], entered=lambda _: ["EnsureGroup"])
    assert found["the name of an error that the model does not declare"] == status


@pytest.mark.parametrize("decisions, status", [
    ({"one": "implicitDeny", "two": "explicitDeny"}, "PASS"), ({"one": "implicitDeny", "two": "allowed"}, "FAIL"),
    # IAM did not answer: nobody may take that for a refusal.
    ({"one": "implicitDeny", "two": "AccessDenied"}, "UNSEEN")])
def test_a_right_is_refused_only_where_iam_says_so(decisions, status):
    found = Seen(STEPS[0])
    people.judge(found, "nobody can", decisions)
    assert found.status == status


def test_a_step_that_stops_takes_those_after_it_along_and_all_is_taken_down():
    done = []

    def make(name, after=(), stops=False):
        def run(_, found):
            done.append(name)
            if stops:
                raise NotSeen("it never came")
            found.value(name, 1)
        return Step(name, name, 1, 1, "", "", "", run, after)
    world = SimpleNamespace(quiet=lambda: None, is_ours=lambda: True)
    wanted = [make("first-month", stops=True), make("endpoint", after=("first-month",)), make("promoted", after=("endpoint",)),
              make("rights"), make("tear-down")]
    statuses = {one["step"]: one["status"] for one in play(world, wanted, keep=False)}
    assert done == ["first-month", "rights", "tear-down"]
    assert statuses == {"first-month": "FAIL", "endpoint": "UNSEEN", "promoted": "UNSEEN", "rights": "PASS", "tear-down": "PASS"}
    done.clear()
    play(world, wanted, keep=True)
    assert done == ["first-month", "rights"]
