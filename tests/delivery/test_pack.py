"""What is packed is what Lambda starts, and says what it is; what is not, is refused."""
import io
import json
import os
import platform
import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile

import pytest
import yaml

from .packed import FUNCTIONS, ROOT, fake_program, package, script
from standin import deploy

VERSION = tomllib.loads((ROOT / "Cargo.toml").read_text(encoding="utf-8"))["workspace"]["package"]["version"]


@pytest.fixture(params=[("x86_64", 62), ("arm64", 183)])
def built(request, tmp_path):
    """(architecture, folder of programs for it)."""
    architecture, machine = request.param
    for name in FUNCTIONS:
        fake_program(tmp_path / name, machine)
    fake_program(tmp_path / "pawl", machine)
    return architecture, tmp_path


def test_an_archive_holds_all_that_sam_deploy_needs_and_nothing_to_build(built, tmp_path):
    architecture, binaries = built
    archive = package("stack", tmp_path / "dist", binaries, architecture)
    assert archive.name == f"pawl-{VERSION}-stack-{architecture}.zip"
    with zipfile.ZipFile(archive) as files:
        files.extractall(tmp_path / "stack")
    stack = tmp_path / "stack"
    template = deploy.load(stack / "template.yaml")
    made = {name: one for name, one in template["Resources"].items() if one["Type"] == "AWS::Serverless::Function"}
    assert {one["Properties"]["CodeUri"] for one in made.values()} == {f"functions/{name}.zip" for name in FUNCTIONS}
    assert not any("Metadata" in one for one in made.values())
    for one in template["Resources"].values():
        uri = one["Properties"].get("CodeUri") or one["Properties"].get("DefinitionUri")
        assert uri is None or (stack / uri).is_file(), uri
    assert template["Parameters"]["Architecture"]["AllowedValues"] == [template["Parameters"]["Architecture"]["Default"]] == [architecture]
    assert template["Mappings"]["Product"]["Build"] == {"Version": VERSION, "Commit": "0123456789ab"}
    # Nothing else of the template is touched.
    ours = deploy.load(ROOT / "template.yaml")
    assert {name: one["Type"] for name, one in ours["Resources"].items()} == {name: one["Type"] for name, one in template["Resources"].items()}
    stages = tomllib.loads((stack / "samconfig.toml").read_text())
    assert {one["global"]["parameters"]["parameter_overrides"] for one in stages.values() if isinstance(one, dict)} == {
        f"Architecture={architecture}"}
    assert json.loads((stack / "build.json").read_text()) == {"version": VERSION, "commit": "0123456789ab", "architecture": architecture}


def test_lambda_can_start_what_is_in_a_function_zip(built, tmp_path):
    architecture, binaries = built
    archive = package("stack", tmp_path / "dist", binaries, architecture)
    with zipfile.ZipFile(archive) as files:
        for name in FUNCTIONS:
            with zipfile.ZipFile(io.BytesIO(files.read(f"functions/{name}.zip"))) as function:
                one, = function.infolist()
                assert (one.filename, one.external_attr >> 16 & 0o777) == ("bootstrap", 0o755)
                assert function.read(one) == (binaries / name).read_bytes()


def test_the_same_programs_give_the_same_bytes(built, tmp_path):
    architecture, binaries = built
    one, two = (package("stack", tmp_path / out, binaries, architecture).read_bytes() for out in ("one", "two"))
    assert one == two
    one, two = (package("command", tmp_path / out, binaries).read_bytes() for out in ("one", "two"))
    assert one == two


def test_what_lambda_could_not_start_is_refused(built, tmp_path):
    architecture, binaries = built
    other = {"x86_64": "arm64", "arm64": "x86_64"}[architecture]

    def refused(reason, wanted=architecture):
        code, said = script("package", "stack", wanted, PAWL_DIST=str(tmp_path / "dist"), PAWL_BIN_DIR=str(binaries))
        assert code == 1 and reason in said and not list((tmp_path / "dist").iterdir()), said
    refused(f"data-validator is built for {architecture}, not for {other}", other)
    (binaries / "drift-checker").write_text("#!/bin/sh\n")
    refused("drift-checker is no program for 64-bit Linux")
    (binaries / "drift-checker").unlink()
    refused("there is no")


def test_what_is_unzipped_is_what_was_packed(tmp_path):
    architecture, machine = ("arm64", 183) if platform.machine() in ("aarch64", "arm64") else ("x86_64", 62)
    for name in (*FUNCTIONS, "pawl"):
        fake_program(tmp_path / name, machine)
    dist = tmp_path / "dist"
    stack = package("stack", dist, tmp_path, architecture)
    package("command", dist, tmp_path)

    def unpack():
        done = subprocess.run([sys.executable, ROOT / "deploy" / "unpack.py", dist, tmp_path / "out"], capture_output=True, text=True)
        return done.returncode, done.stderr
    assert unpack() == (0, "")
    for name in (*FUNCTIONS, "pawl"):
        assert (tmp_path / "out" / name).read_bytes() == (tmp_path / name).read_bytes()
        assert (tmp_path / "out" / name).stat().st_mode & 0o555 == 0o555
    # A zip made by a program that forgets modes.
    with zipfile.ZipFile(stack) as files:
        entries = {name: files.read(name) for name in files.namelist()}
    bad = io.BytesIO()
    with zipfile.ZipFile(bad, "w") as function:
        function.writestr(zipfile.ZipInfo("bootstrap"), (tmp_path / "pawl").read_bytes())
    entries["functions/evaluation-gate.zip"] = bad.getvalue()
    with zipfile.ZipFile(stack, "w") as files:
        for name, body in entries.items():
            files.writestr(name, body)
    code, said = unpack()
    assert code == 1 and "evaluation-gate.zip may not be executed" in said


def test_the_template_says_the_version_of_cargo_toml():
    assert deploy.load(ROOT / "template.yaml")["Mappings"]["Product"]["Build"]["Version"] == VERSION


@pytest.fixture
def dist(tmp_path):
    """All archives of a release."""
    for name in ("stack-x86_64.zip", "stack-arm64.zip", "linux-x86_64.tar.gz", "linux-arm64.tar.gz", "macos-arm64.tar.gz"):
        (tmp_path / "dist").mkdir(exist_ok=True)
        (tmp_path / "dist" / f"pawl-{VERSION}-{name}").write_bytes(name.encode())
    return tmp_path / "dist"


@pytest.fixture
def gh(tmp_path):
    """A program that writes down how it was called."""
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin" / "gh"
    program.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" >{tmp_path}/called\nwhile [ "$1" != --notes-file ]; do shift; done\ncat "$2" >{tmp_path}/notes\n')
    program.chmod(0o755)
    return {"PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}"}


def noted():
    """Whether the changelog has words for this version, which a release needs."""
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    return re.search(rf"^## \[{re.escape(VERSION)}\].*\n+(?!## )\S", text, re.M) is not None


def test_a_release_is_published_whole_or_not_at_all(dist, gh, tmp_path):
    assert noted(), f"CHANGELOG.md has no section [{VERSION}]"
    assert script("checksums", str(dist))[0] == 0
    code, said = script("publish", f"v{VERSION}", str(dist), **gh)
    assert code == 0, said
    called = (tmp_path / "called").read_text().splitlines()
    assert called[:4] == ["release", "create", f"v{VERSION}", "--verify-tag"]
    assert sorted(one for one in called if one.startswith(str(dist))) == sorted(map(str, dist.iterdir()))
    assert (tmp_path / "notes").read_text().strip() and "## [" not in (tmp_path / "notes").read_text()

    def refused(reason, tag=f"v{VERSION}"):
        (tmp_path / "called").unlink(missing_ok=True)
        code, said = script("publish", tag, str(dist), **gh)
        assert code != 0 and reason in said and not (tmp_path / "called").exists(), said
    refused("is not v", "v99.0.0")
    refused("is not v", VERSION)
    changed = dist / f"pawl-{VERSION}-linux-arm64.tar.gz"
    changed.write_bytes(b"changed")
    refused("FAILED")
    script("checksums", str(dist))
    (dist / "pawl-0.0.0-stack-arm64.zip").write_bytes(b"old")
    refused("does not belong to")
    (dist / "pawl-0.0.0-stack-arm64.zip").unlink()
    changed.unlink()
    refused("has no pawl-")


def test_checksums_fit_all_archives_or_fail(dist):
    assert script("checksums", str(dist), "--check")[0] != 0
    assert script("checksums", str(dist))[0] == 0 and script("checksums", str(dist), "--check")[0] == 0
    (dist / "one-more.zip").write_bytes(b"x")
    code, said = script("checksums", str(dist), "--check")
    assert code != 0 and "one-more.zip has no line" in said


@pytest.mark.parametrize("name", ["package", "rollout", "smoke", "stage", "publish", "checksums", "release-notes", "test-packaged", "lint-delivery"])
def test_each_script_says_what_it_does(name):
    code, said = script(name, "--help")
    assert code == 0 and name in said or name == "rollout" and "exit codes" in said


@pytest.mark.parametrize("name, arguments, reason", [
    ("package", ("everything",), "stack or command?"), ("package", ("stack", "riscv"), "no architecture 'riscv'"),
    ("smoke", ("only-a-stack",), "which stack, and which image?"), ("stage", ("staging", "."), "PAWL_SMOKE_IMAGE is not set"),
    ("checksums", ("/",), "no archives in"),
])
def test_what_is_not_known_is_refused(name, arguments, reason):
    code, said = script(name, *arguments)
    assert code != 0 and reason in said


WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


def test_each_step_of_a_workflow_is_one_script_or_a_pinned_action():
    steps = [step for file in WORKFLOWS for job in yaml.safe_load(file.read_text(encoding="utf-8"))["jobs"].values()
             for step in job.get("steps", [])]
    assert len(steps) > 10
    for step in steps:
        if "uses" in step:
            assert re.fullmatch(r"[a-z-]+/[a-z-]+@[0-9a-f]{40}", step["uses"]), step
        else:
            command = re.fullmatch(r"\./scripts/([a-z-]+)( [\"$\w. -]+)?", step["run"])
            assert command and (ROOT / "scripts" / command[1]).is_file(), step
            # What comes from outside comes as a variable, never as text of the script.
            assert "${{" not in step["run"], step


def test_no_job_has_a_right_that_it_does_not_name():
    for file in WORKFLOWS:
        workflow = yaml.safe_load(file.read_text(encoding="utf-8"))
        assert workflow["permissions"] == {}, file
        for name, job in workflow["jobs"].items():
            writes = {right for right, level in job["permissions"].items() if level == "write"}
            assert writes <= {"publish": {"contents", "id-token", "attestations"}}.get(name, {"id-token"}), (file, name)
