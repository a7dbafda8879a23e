"""The steps of docs/first-account.md on the stand-in: the program goes through all of them, says what it could not see and why, and
leaves nothing behind."""
import json
import subprocess

import pytest
import yaml

from loop import ROOT, Loop
from loop.loop import QUICK, merged

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


def first_account(loop, out, *options):
    """Run the program as a person does; what it says and its exit code."""
    changes = out / "changes.yaml"
    changes.write_text(yaml.safe_dump(CHANGES), encoding="utf-8")
    command = [ROOT / "scripts" / "first-account", "--stack", loop.aws.stack, "--image", "bike-demand", "--changes", changes,
               "--out", out, "--pawl", loop.bin_dir / "pawl", *options]
    done = subprocess.run(command, env=loop.aws.environment(), capture_output=True, text=True, timeout=900, stdin=subprocess.DEVNULL)
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
    after = {key: loop.s3.get_object(Bucket="pawl-evidence", Key=key)["ETag"] for key in loop.keys("pipelines/theirs/")}
    assert after == before and not (tmp_path / "report.json").exists()
    code, said = first_account(account, tmp_path, "--only", "no-such-step")
    assert code == 2 and "invalid choice" in said


def test_every_step_is_seen_and_nothing_is_left(account, tmp_path):
    # Told is what is there, not what is expected: here outputs lie elsewhere than a prefix's do.
    account.aws.switch(transform_outputs="subfolder")
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
    outputs = seen(steps["transform-outputs"], "PASS")
    assert list(outputs["as it is documented for a prefix, below the manifest's"].values()) == ["no"]
    assert all(key.endswith(".out") for keys in outputs["one output for each input"].values() for key in keys)
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
