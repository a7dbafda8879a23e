"""A packed stack on its way through a stage: the real SAM CLI in a role that may do no more, then a batch through the whole loop, and
the version before where that fails."""
import os
import shutil
import sys

import pytest
import yaml

from loop import BINARIES, ROOT
from loop.loop import EXAMPLE, IMAGE, QUICK, merged
from standin import Standin

sys.path.append(str(ROOT / "tests"))
from delivery.packed import FUNCTIONS, package, script, stripped  # noqa: E402

STACK = "pawl-staging"
CHANGES = merged(QUICK, {"settle": {"quiet": "5s"}, "release": {"alarms": {"minimum_requests": 5}}})


class Stage:
    """Rolls out what it is given, as a workflow does: in the deploying role, with the role of CloudFormation."""

    def __init__(self, aws, home):
        self.aws, self.home, self.cloudformation = aws, home, aws.client("cloudformation")
        self.cloudformation.create_stack(
            StackName="pawl-rights", TemplateBody=(ROOT / "deploy" / "rights.yaml").read_text(encoding="utf-8"),
            Parameters=[{"ParameterKey": "StackName", "ParameterValue": STACK}], Capabilities=["CAPABILITY_IAM"])
        aws.wait_until(lambda: self.stack("pawl-rights")["StackStatus"] == "CREATE_COMPLETE", what="the roles")
        self.rights = self.outputs("pawl-rights")
        self.session = aws.person(self.rights["DeployPolicyArn"], self.rights["SmokePolicyArn"], session="workflow")
        self.binaries = stripped(BINARIES, home / "binaries", (*FUNCTIONS, "pawl"))

    def stack(self, name=STACK):
        return self.cloudformation.describe_stacks(StackName=name)["Stacks"][0]

    def outputs(self, name=STACK):
        return {one["OutputKey"]: one["OutputValue"] for one in self.stack(name).get("Outputs", [])}

    def code(self, function):
        """The checksum of a function's code."""
        found = self.cloudformation.describe_stack_resource(StackName=STACK, LogicalResourceId=function)["StackResourceDetail"]
        return self.aws.client("lambda").get_function(FunctionName=found["PhysicalResourceId"])["Configuration"]["CodeSha256"]

    def package(self, commit, **programs):
        """An archive of this commit in which these functions are other programs."""
        folder, out = self.home / f"binaries-{commit}", self.home / commit
        shutil.copytree(self.binaries, folder, copy_function=os.link)
        for name, program in programs.items():
            (folder / name.replace("_", "-")).unlink()
            shutil.copy(program, folder / name.replace("_", "-"))
        return package("stack", out, folder, commit=commit)

    def roll(self, archive, *options):
        """Without a smoke test."""
        return self.script("rollout", "staging", archive, "--role-arn", self.rights["ExecutionRoleArn"], *options)

    def try_out(self, archive):
        """As a pipeline does it: with the command that was packed, and the pipeline's variables."""
        package("command", archive.parent, self.binaries)
        return self.script("stage", "staging", archive.parent, PAWL_SMOKE_IMAGE=IMAGE, PAWL_SMOKE_CHANGES=yaml.safe_dump(CHANGES),
                           PAWL_EXECUTION_ROLE=self.rights["ExecutionRoleArn"])

    def script(self, name, *arguments, **variables):
        """SAM writes into HOME, and rustup's programs look for their own there."""
        own = {"HOME": str(self.home), "RUSTUP_HOME": os.environ.get("RUSTUP_HOME", os.path.expanduser("~/.rustup"))}
        environment = self.aws.environment(self.session) | own | {"PAWL_ENDPOINT_METRICS_SECONDS": "1"} | variables
        return script(name, *map(str, arguments), **environment)


@pytest.fixture(scope="module")
def stage(tmp_path_factory):
    with Standin(images={"bike-demand": EXAMPLE / "container"}, state_dir=tmp_path_factory.mktemp("standin"),
                 waived="alarm-period-of-endpoints") as aws:
        yield Stage(aws, tmp_path_factory.mktemp("home"))
        refused = aws.refusals()
        assert not refused, f"{len(refused)} calls or deliveries were not allowed, the first: {refused[:5]}"


def test_a_version_that_works_stays_and_one_that_does_not_goes_back(stage):
    code, said = stage.roll(stage.package("first"))
    assert code == 0 and f"{STACK}: nothing -> " in said and "Not tried" in said, said[-3000:]
    assert stage.stack()["StackStatus"] == "CREATE_COMPLETE" and stage.outputs()["Commit"] == "first"

    good = stage.package("good")
    code, said = stage.try_out(good)
    assert code == 0 and "went through the whole loop" in said, said[-5000:]
    assert stage.outputs()["Commit"] == "good"
    s3 = stage.aws.client("s3")
    left = [one["Key"] for one in s3.list_objects_v2(Bucket=stage.outputs()["PawlBucket"]).get("Contents", []) if "smoke-" in one["Key"]]
    assert not left and not stage.aws.client("sagemaker").list_endpoints()["Endpoints"]
    before = stage.code("DataValidator"), stage.code("NewDataTrigger")

    # Deploys as well as any other: only a batch shows that it does not work.
    code, said = stage.try_out(stage.package("broken", data_validator="/bin/false"))
    assert code == 1 and "the smoke test failed; going back to" in said and "(good) is back" in said, said[-5000:]
    assert stage.stack()["StackStatus"] == "UPDATE_COMPLETE" and stage.outputs()["Commit"] == "good"
    assert (stage.code("DataValidator"), stage.code("NewDataTrigger")) == before
    parameters = {one["ParameterKey"]: one["ParameterValue"] for one in stage.stack()["Parameters"]}
    assert parameters["RegionBuckets"] == "" and parameters["MapConcurrency"] == "200"


def test_a_stage_that_the_archive_does_not_know_changes_nothing(stage):
    archive = stage.package("unknown")
    code, said = stage.script("rollout", "production", archive)
    assert code == 2 and "no stage 'production'; it has: default dev prod staging" in said, said
