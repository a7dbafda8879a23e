"""Starting, deploying, stopping: nothing outlives who asked for it, nothing listens beyond loopback."""
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import FIXTURES, IMAGE, ROLE

from standin import Standin
from standin.client import PATIENCE
from standin.deploy import DeployError

PACKAGE = Path(__file__).resolve().parents[1]


def group(pid):
    """Process ids in the process group `pid`, and all that listen on TCP: {pid: [address]}."""
    members = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if int(fields[2]) == pid and fields[0] != "Z":
            members[int(stat.parent.name)] = listening(stat.parent)
    return members


def listening(process):
    sockets = set()
    try:
        for link in (process / "fd").iterdir():
            try:
                sockets.add(os.readlink(link))
            except OSError:
                continue
        rows = [line.split() for name in ("tcp", "tcp6") for line in
                (process / "net" / name).read_text().splitlines()[1:]]
    except OSError:
        return []
    return [row[1].rsplit(":", 1)[0] for row in rows if row[3] == "0A" and f"socket:[{row[9]}]" in sockets]


def child_of(pid):
    return int(Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0])


def wait_until(condition):
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")


def up(*arguments):
    process = subprocess.Popen([sys.executable, "-m", "standin", "up", *arguments], stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, env=os.environ | {"PYTHONPATH": str(PACKAGE)}, text=True)
    line = process.stdout.readline()
    return process, json.loads(line) if line else process.stderr.read()


@linux
def test_every_process_of_the_running_stand_in_listens_on_loopback_only(aws, sagemaker, archive):
    gateway = child_of(aws._guard.pid)
    aws.client("lambda").invoke(FunctionName="echo", Payload=b"{}")
    sagemaker.create_model(ModelName="loopback", ExecutionRoleArn=ROLE,
                           PrimaryContainer={"Image": IMAGE, "ModelDataUrl": archive})
    sagemaker.create_endpoint_config(EndpointConfigName="loopback", ProductionVariants=[
        {"VariantName": "main", "ModelName": "loopback", "InitialInstanceCount": 1, "InstanceType": "ml.m5.large"}])
    sagemaker.create_endpoint(EndpointName="loopback", EndpointConfigName="loopback")
    aws.wait_until(lambda: sagemaker.describe_endpoint(EndpointName="loopback")["EndpointStatus"] == "InService")
    addresses = [address for found in group(gateway).values() for address in found]
    assert len(addresses) >= 3  # gateway, runtime API of a function, model server
    assert set(addresses) == {"0100007F"}
    sagemaker.delete_endpoint(EndpointName="loopback")


@linux
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_a_signal_to_the_command_ends_everything(number):
    process, ready = up("--template", str(FIXTURES / "template.yaml"), "--bin-dir", str(FIXTURES / "functions"),
                        "--image", f"fixture={FIXTURES / 'image'}")
    assert ready["outputs"]["Model"] == "plain"
    guard = child_of(process.pid)
    gateway = child_of(guard)
    assert gateway in group(gateway)
    process.send_signal(number)
    process.wait(PATIENCE)
    assert process.returncode == (-signal.SIGKILL if number == signal.SIGKILL else 0)
    wait_until(lambda: not group(gateway) and not Path(f"/proc/{guard}").exists())
    process.stdout.close(), process.stderr.close()


@linux
def test_a_killed_gateway_takes_its_programs_along(tmp_path):
    with Standin(FIXTURES / "template.yaml", FIXTURES / "functions", state_dir=tmp_path) as standin:
        gateway = child_of(standin._guard.pid)
        standin.client("lambda").invoke(FunctionName="echo", Payload=b"{}")
        assert len(group(gateway)) >= 2
        os.kill(gateway, signal.SIGKILL)
        wait_until(lambda: not group(gateway))
        wait_until(lambda: not standin.alive)
    assert (tmp_path / "gateway.log").exists()


def test_a_warm_function_is_used_again(aws):
    client = aws.client("lambda")
    answers = [json.loads(client.invoke(FunctionName="echo", Payload=b"{}")["Payload"].read()) for _ in range(3)]
    assert len({answer["pid"] for answer in answers}) == 1
    assert answers[2]["count"] == answers[0]["count"] + 2
    assert answers[0]["endpoint"] == aws.endpoint_url


@pytest.mark.parametrize("change, said", [
    (lambda t: t.replace("AWS::SQS::Queue\n", "AWS::SQS::Kiosk\n"), "Unrecognized resource types: [AWS::SQS::Kiosk]"),
    (lambda t: t.replace("Binary: echo", "Binary: nobody"), "there is no executable"),
    (lambda t: t.replace("pipeline.asl.json", "../template.yaml"), "is no JSON"),
    (lambda t: t.replace("!GetAtt Echo.Arn", "!GetAtt Nobody.Arn"), "Nobody"),
])
def test_a_template_that_cannot_be_deployed_says_why(tmp_path, change, said):
    for name in ("statemachines", "functions"):
        (tmp_path / name).symlink_to(FIXTURES / name)
    (tmp_path / "template.yaml").write_text(change((FIXTURES / "template.yaml").read_text()))
    with pytest.raises(DeployError) as refused:
        Standin(tmp_path / "template.yaml", FIXTURES / "functions").start()
    assert said in str(refused.value)


def test_a_parameter_that_nobody_declared(tmp_path):
    process, said = up("--template", str(FIXTURES / "template.yaml"), "--bin-dir", str(FIXTURES / "functions"),
                       "--parameter", "Modell=x")
    assert process.wait(PATIENCE) == 1
    assert said.strip() == "standin: the template has no parameter Modell"
    process.stdout.close(), process.stderr.close()


def test_a_port_in_use_is_named(aws):
    port = aws.endpoint_url.rsplit(":", 1)[1]
    with pytest.raises(RuntimeError, match="Address already in use"):
        Standin(port=int(port)).start()


def test_the_projects_own_template_deploys_twice_beside_itself(tmp_path):
    root = PACKAGE.parents[1]
    binaries = ("new-data-trigger", "data-validator", "drift-checker", "evaluation-gate", "rollback-handler")
    for binary in binaries:
        (tmp_path / binary).symlink_to(FIXTURES / "functions" / "echo")
    with Standin(root / "template.yaml", tmp_path) as standin:
        assert {"DataBucket", "PawlBucket", "Notices", "Retraining"} <= set(standin.outputs)
        assert len(standin.client("lambda").list_functions()["Functions"]) == len(binaries)
        schedules = standin.client("scheduler").list_schedules
        first = {one["Name"] for one in schedules()["Schedules"]}
        outputs, resources = standin.deploy("the-pipelines-of-another-team-of-this-company")
        assert not set(resources.values()) & set(standin.resources.values())
        # What both were built from is the same.
        own = [{name: one for name, one in each.items() if name not in ("Version", "Commit")} for each in (outputs, standin.outputs)]
        assert not set(own[0].values()) & set(own[1].values())
        assert len(standin.client("lambda").list_functions()["Functions"]) == 2 * len(binaries)
        second = {one["Name"] for one in schedules()["Schedules"]} - first
        assert len(first) == len(second) == 3
