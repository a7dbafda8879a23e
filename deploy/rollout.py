"""Deploys a packed stack, tries it, and goes back to the version before where that fails. See scripts/rollout."""
import argparse
import json
import os
import subprocess
import sys
import tempfile
import tomllib
import zipfile
from dataclasses import dataclass
from pathlib import Path

import boto3
from botocore.exceptions import BotoCoreError, ClientError

ROOT = Path(__file__).resolve().parents[1]
GOOD, WENT_BACK, COULD_NOT, BROKEN = 0, 1, 2, 3


class CannotRoll(Exception):
    """Nothing was changed, or CloudFormation itself has taken it back; the message says why."""


@dataclass(frozen=True)
class Stage:
    """A section of samconfig.toml, the stack that it names, and the role that CloudFormation makes it in."""
    name: str
    stack: str
    role: str | None


@dataclass(frozen=True)
class Before:
    """A stack as it was: all that is needed to deploy it again."""
    template: str
    parameters: dict[str, str]
    version: str


def stage_of(folder: Path, name: str, role: str | None) -> Stage:
    config = tomllib.loads((folder / "samconfig.toml").read_text(encoding="utf-8"))
    sections = [key for key, value in config.items() if isinstance(value, dict)]
    if name not in sections:
        raise CannotRoll(f"samconfig.toml has no stage '{name}'; it has: {' '.join(sorted(sections))}")
    return Stage(name, config[name]["global"]["parameters"]["stack_name"], role)


def before(cloudformation, stack: str) -> Before | None:
    """The stack as it is now; None where there is none."""
    try:
        found = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]
    except ClientError as error:
        if "does not exist" in error.response["Error"]["Message"]:
            return None
        raise
    if found["StackStatus"] == "REVIEW_IN_PROGRESS":
        return None
    if not found["StackStatus"].endswith("_COMPLETE") or found["StackStatus"] == "ROLLBACK_COMPLETE":
        raise CannotRoll(f"the stack {stack} is {found['StackStatus']}: mend or delete it first")
    template = cloudformation.get_template(StackName=stack, TemplateStage="Original")["TemplateBody"]
    if not isinstance(template, str):
        template = json.dumps(template)
    outputs = {one["OutputKey"]: one["OutputValue"] for one in found.get("Outputs", [])}
    parameters = {one["ParameterKey"]: one.get("ParameterValue", "") for one in found.get("Parameters", [])}
    # The output came with 0.2.0.
    return Before(template, parameters, f"{outputs.get('Version', '?')} ({outputs.get('Commit', '?')})")


def sam(folder: Path, stage: Stage, *options: str) -> bool:
    """Whether `sam deploy` ended well. It tells the rest itself."""
    program = next(iter(sorted(ROOT.glob(".cache/lint/bin/sam"))), "sam")
    command = [str(program), "deploy", "--config-env", stage.name, "--config-file", str(folder / "samconfig.toml"),
               *(["--role-arn", stage.role] if stage.role else []), *options]
    environment = os.environ | {"SAM_CLI_TELEMETRY": "0"}
    return subprocess.run(command, cwd=folder, env=environment, stdin=subprocess.DEVNULL).returncode == 0


def quoted(value: str) -> str:
    """A parameter's value as `sam deploy` takes it; an empty one in quotes."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"' if value else "''"


def go_back(folder: Path, stage: Stage, was: Before) -> bool:
    """Deploy the stack as it was. Its code lies where the version before has put it."""
    (folder / "before.yaml").write_text(was.template, encoding="utf-8")
    values = [f"{name}={quoted(value)}" for name, value in was.parameters.items()]
    return sam(folder, stage, "--template-file", "before.yaml", "--parameter-overrides", *values)


def smoke(stack: str, given) -> bool:
    """Whether a small batch went through the whole loop."""
    command = [str(ROOT / "scripts" / "smoke"), stack, given.smoke_image]
    command += ["--pawl", given.pawl] if given.pawl else []
    command += ["--changes", given.smoke_changes] if given.smoke_changes else []
    return subprocess.run(command, stdin=subprocess.DEVNULL).returncode == 0


def roll(given, folder: Path) -> int:
    """The exit code; what happened is told."""
    with zipfile.ZipFile(given.archive) as archive:
        archive.extractall(folder)
    stage, new = stage_of(folder, given.stage, given.role_arn), json.loads((folder / "build.json").read_text(encoding="utf-8"))
    cloudformation = boto3.client("cloudformation")
    was = before(cloudformation, stage.stack)
    name = f"{new['version']} ({new['commit']})"
    print(f"{stage.stack}: {was.version if was else 'nothing'} -> {name} for {new['architecture']}", flush=True)
    if not sam(folder, stage):
        raise CannotRoll(f"{stage.stack} was not deployed; CloudFormation has taken back what it began")
    if not given.smoke_image:
        print(f"{stage.stack}: {name} is deployed. Not tried: no --smoke-image was given.")
        return GOOD
    if smoke(stage.stack, given):
        print(f"{stage.stack}: {name} is deployed, and a batch went through the whole loop")
        return GOOD
    if was is None:
        print(f"{stage.stack}: the smoke test failed, and there is no version before to go back to: {name} stays", file=sys.stderr)
        return BROKEN
    print(f"{stage.stack}: the smoke test failed; going back to {was.version}", file=sys.stderr, flush=True)
    if not go_back(folder, stage, was):
        print(f"{stage.stack}: the way back failed too: {name} stays. Look at the stack's events", file=sys.stderr)
        return BROKEN
    print(f"{stage.stack}: {was.version} is back", file=sys.stderr)
    return WENT_BACK


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="scripts/rollout", description=__doc__, epilog="exit codes: 0 deployed and good, 1 the smoke test failed and the version "
        "before is back, 2 nothing was changed, 3 the smoke test failed and the new version is still there")
    parser.add_argument("stage", help="a stage of the archive's samconfig.toml: dev, staging or prod")
    parser.add_argument("archive", type=Path, help="what ./scripts/package stack made")
    parser.add_argument("--smoke-image", metavar="URI", help="try the stack with this image of examples/bike-demand (scripts/smoke)")
    parser.add_argument("--smoke-changes", metavar="FILE", help="YAML to lay over the pipeline.yaml of the smoke test: network, instance types")
    parser.add_argument("--role-arn", metavar="ARN", help="the role that CloudFormation makes the stack in (deploy/rights.yaml)")
    parser.add_argument("--pawl", metavar="FILE", help="the command that the smoke test uses")
    given = parser.parse_args()
    try:
        with tempfile.TemporaryDirectory() as folder:
            return roll(given, Path(folder))
    except (CannotRoll, OSError, KeyError, zipfile.BadZipFile, tomllib.TOMLDecodeError, BotoCoreError, ClientError) as error:
        print(f"scripts/rollout: {error}", file=sys.stderr)
        return COULD_NOT


if __name__ == "__main__":
    sys.exit(main())
