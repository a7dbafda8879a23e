"""`./scripts/deploy` as a pipeline runs it: the real SAM CLI against the stand-in's endpoint, with change sets."""
import os
import subprocess

import pytest

from loop import BINARIES, ROOT
from standin import Standin

STACK = "pawl-dev"


class Deployer:
    """Runs the script; its stand-in has nothing deployed at first."""

    def __init__(self, aws, home):
        self.aws, self.cloudformation = aws, aws.client("cloudformation")
        # Cargo finds the program of `cargo lambda` here first.
        (home / "cargo").mkdir()
        (home / "cargo" / "bin").symlink_to(ROOT / "tests" / "e2e" / "prebuilt")
        self.environment = os.environ | {
            "AWS_ENDPOINT_URL": aws.endpoint_url, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": "us-east-1", "HOME": str(home), "CARGO_HOME": str(home / "cargo"),
            "RUSTUP_HOME": os.environ.get("RUSTUP_HOME", os.path.expanduser("~/.rustup")),
            "CARGO_TARGET_DIR": str(home / "target"), "PAWL_BIN_DIR": str(BINARIES)}

    def deploy(self, *options):
        """The script's exit code, and all it said."""
        done = subprocess.run([ROOT / "scripts" / "deploy", *options], env=self.environment, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=1_200)
        return done.returncode, done.stdout

    def stack(self):
        return self.cloudformation.describe_stacks(StackName=STACK)["Stacks"][0]

    def resources(self):
        pages = self.cloudformation.get_paginator("list_stack_resources").paginate(StackName=STACK)
        return {one["LogicalResourceId"]: one for page in pages for one in page["StackResourceSummaries"]}

    def reserved(self):
        """What the rollback handler keeps for itself, as Lambda has it."""
        name = self.resources()["RollbackHandler"]["PhysicalResourceId"]
        return self.aws.client("lambda").get_function(FunctionName=name).get("Concurrency", {}).get("ReservedConcurrentExecutions")


@pytest.fixture(scope="module")
def deployer(tmp_path_factory):
    with Standin(state_dir=tmp_path_factory.mktemp("standin")) as aws:
        yield Deployer(aws, tmp_path_factory.mktemp("home"))


@pytest.mark.parametrize("arguments, reason", [
    ((), "which stage?"),
    (("--guided",), "which stage?"),
    (("production",), "no stage 'production'; it has: default dev staging prod"),
])
def test_a_stage_that_is_not_there_is_refused_before_anything_is_built(deployer, arguments, reason):
    code, said = deployer.deploy(*arguments)
    assert code == 2 and reason in said, said


def test_a_stack_is_made_kept_changed_rolled_back_and_changed_again(deployer):
    code, said = deployer.deploy("dev")
    assert code == 0, said[-3000:]
    assert deployer.stack()["StackStatus"] == "CREATE_COMPLETE"
    made = deployer.resources()
    assert "RegionBucketsPolicy" not in made, "no further region was named"
    function = deployer.aws.client("lambda").invoke(
        FunctionName=made["NewDataTrigger"]["PhysicalResourceId"], Payload=b'{"step": "reconcile", "pipeline": "none"}')
    assert "FunctionError" not in function, "what was packed answers"

    code, said = deployer.deploy("dev")
    assert code == 0 and "No changes to deploy" in said, said[-3000:]
    assert deployer.stack()["StackStatus"] == "CREATE_COMPLETE"

    code, said = deployer.deploy("dev", "--parameter-overrides", "RollbackConcurrency=10", "MapConcurrency=20")
    assert code == 0, said[-3000:]
    assert (deployer.stack()["StackStatus"], deployer.reserved()) == ("UPDATE_COMPLETE", 10)

    # More than the account has: Lambda refuses when the change is under way.
    code, said = deployer.deploy("dev", "--parameter-overrides", "RollbackConcurrency=2000", "MapConcurrency=30")
    assert code != 0 and "UPDATE_FAILED            AWS::Lambda::Function    RollbackHandler" in said, said[-3000:]
    stack = deployer.stack()
    parameters = {one["ParameterKey"]: one["ParameterValue"] for one in stack["Parameters"]}
    assert (stack["StackStatus"], deployer.reserved()) == ("UPDATE_ROLLBACK_COMPLETE", 10)
    assert (parameters["RollbackConcurrency"], parameters["MapConcurrency"]) == ("10", "20")
    after = deployer.resources()
    assert {name: one["PhysicalResourceId"] for name, one in after.items()} == {
        name: one["PhysicalResourceId"] for name, one in made.items()}, "nothing was replaced"

    code, said = deployer.deploy("dev", "--parameter-overrides", "RollbackConcurrency=20", "MapConcurrency=30")
    assert code == 0, said[-3000:]
    assert (deployer.stack()["StackStatus"], deployer.reserved()) == ("UPDATE_COMPLETE", 20)
