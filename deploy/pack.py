"""Packs what ships: the stack for one architecture, or the command for this machine. See scripts/package."""
import gzip
import io
import json
import os
import platform
import re
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FUNCTIONS = ("data-validator", "drift-checker", "evaluation-gate", "new-data-trigger", "rollback-handler")
# The number that an ELF file has for its machine: https://refspecs.linuxfoundation.org/elf/gabi4+/ch4.eheader.html
MACHINES = {"x86_64": 62, "arm64": 183}
# Archives of the same files are the same bytes, so that nothing is deployed again that did not change.
EPOCH = (1980, 1, 1, 0, 0, 0)


class CannotPack(Exception):
    """The message says what is wrong, and with which file."""


def version() -> str:
    """The product's one version."""
    manifest = (ROOT / "Cargo.toml").read_text(encoding="utf-8")
    found = re.search(r'^\[workspace\.package\]\nversion = "([^"]+)"$', manifest, re.M)
    if not found:
        raise CannotPack("Cargo.toml has no version where it is looked for: first under [workspace.package]")
    return found[1]


def commit() -> str:
    """PAWL_COMMIT, or what git says of the working tree; `-dirty` where that holds changes."""
    if given := os.environ.get("PAWL_COMMIT"):
        return given
    said = subprocess.run(["git", "describe", "--always", "--abbrev=12", "--exclude=*", "--dirty"], cwd=ROOT,
                          capture_output=True, text=True)
    return said.stdout.strip() or "unknown"


def stamped(template: str) -> str:
    """A template that tells this version and commit in its outputs."""
    for field, value in (("Version", version()), ("Commit", commit())):
        template, count = re.subn(rf"^(      {field}: ).*$", rf"\g<1>'{value}'", template, flags=re.M)
        if count != 1:
            raise CannotPack(f"the template has {count} places for the {field.lower()} in its Mappings, where one is needed")
    return template


def without_build(template: str, architecture: str) -> str:
    """A template whose functions are zips beside it, for this architecture: nothing is left to build."""
    for name in FUNCTIONS:
        template, count = re.subn(rf"CodeUri: functions/{name}/$", f"CodeUri: functions/{name}.zip", template, flags=re.M)
        if count != 1:
            raise CannotPack(f"template.yaml names the code of {name} {count} times, where once is needed")
    template = re.sub(r"^    Metadata: \{BuildMethod: .*\}\n", "", template, flags=re.M)
    if "BuildMethod" in template:
        raise CannotPack("template.yaml has a BuildMethod in a form that is not known here")
    template, count = re.subn(r"(?<=  Architecture:\n    Type: String\n    Default: )\w+(?=\n    AllowedValues: \[x86_64, arm64\])",
                              architecture, template)
    if count != 1:
        raise CannotPack("template.yaml has no parameter Architecture in the form that is known here")
    # An update keeps a stack's old value of a parameter: with only this value left it cannot be the wrong one.
    return template.replace("AllowedValues: [x86_64, arm64]", f"AllowedValues: [{architecture}]")


def check_machine(binary: bytes, name: str, architecture: str):
    """Refuse what Lambda could not start."""
    if binary[:5] != b"\x7fELF\x02":
        raise CannotPack(f"{name} is no program for 64-bit Linux")
    found = int.from_bytes(binary[18:20], "little")
    if found != MACHINES[architecture]:
        names = {number: name for name, number in MACHINES.items()}
        raise CannotPack(f"{name} is built for {names.get(found, f'machine {found}')}, not for {architecture}")


def zip_of(files: dict[str, bytes], compressed=True) -> bytes:
    """A zip archive; programs in it may be executed."""
    archive = io.BytesIO()
    method = zipfile.ZIP_DEFLATED if compressed else zipfile.ZIP_STORED
    with zipfile.ZipFile(archive, "w", method, compresslevel=int(os.environ.get("PAWL_ZIP_LEVEL", "9"))) as out:
        for name, body in sorted(files.items()):
            info = zipfile.ZipInfo(name, EPOCH)
            info.external_attr = (0o755 if body[:4] == b"\x7fELF" else 0o644) << 16
            info.compress_type = method
            out.writestr(info, body)
    return archive.getvalue()


def stack(architecture: str, binaries: Path, out: Path) -> Path:
    """The archive that `sam deploy` takes as it is: template, state machines and the functions' zips."""
    files = {"template.yaml": without_build(stamped((ROOT / "template.yaml").read_text(encoding="utf-8")), architecture).encode(),
             "samconfig.toml": samconfig((ROOT / "samconfig.toml").read_text(encoding="utf-8"), architecture).encode(),
             "LICENSE": (ROOT / "LICENSE").read_bytes(),
             "build.json": (json.dumps({"version": version(), "commit": commit(), "architecture": architecture}) + "\n").encode()}
    for machine in sorted((ROOT / "statemachines").glob("*.asl.json")):
        files[f"statemachines/{machine.name}"] = machine.read_bytes()
    for name in FUNCTIONS:
        places = [binaries / name / "bootstrap", binaries / name]
        found = next((place for place in places if place.is_file()), None)
        if found is None:
            raise CannotPack(f"there is no {places[1]}")
        body = found.read_bytes()
        check_machine(body, name, architecture)
        files[f"functions/{name}.zip"] = zip_of({"bootstrap": body})
    archive = out / f"pawl-{version()}-stack-{architecture}.zip"
    archive.write_bytes(zip_of(files, compressed=False))
    return archive


def samconfig(text: str, architecture: str) -> str:
    """The stages, for this architecture."""
    return re.sub(r"Architecture=\w+", f"Architecture={architecture}", text)


def command(binary: Path, out: Path) -> Path:
    """The command for the system that this runs on."""
    if not binary.is_file():
        raise CannotPack(f"there is no {binary}")
    system = {"Darwin": "macos"}.get(platform.system(), platform.system().lower())
    machine = {"aarch64": "arm64", "AMD64": "x86_64"}.get(platform.machine(), platform.machine())
    archive = out / f"pawl-{version()}-{system}-{machine}.tar.gz"
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, file, mode in (("pawl", binary, 0o755), ("LICENSE", ROOT / "LICENSE", 0o644)):
            info, body = tarfile.TarInfo(name), file.read_bytes()
            info.size, info.mode = len(body), mode
            tar.addfile(info, io.BytesIO(body))
    archive.write_bytes(gzip.compress(packed.getvalue(), compresslevel=int(os.environ.get("PAWL_ZIP_LEVEL", "9")), mtime=0))
    return archive


def main(arguments: list[str]) -> int:
    try:
        match arguments:
            case ["version"]:
                print(version())
            case ["commit"]:
                print(commit())
            case ["stamp", file]:
                Path(file).write_text(stamped(Path(file).read_text(encoding="utf-8")), encoding="utf-8")
            case ["stack", architecture, binaries, out]:
                print(stack(architecture, Path(binaries), Path(out)))
            case ["command", binary, out]:
                print(command(Path(binary), Path(out)))
            case _:
                raise CannotPack(f"not known: {' '.join(arguments)}")
    except (CannotPack, OSError) as error:
        print(f"scripts/package: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
