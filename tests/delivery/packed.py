"""Archives for tests: of the programs that the end-to-end tests run, packed as a release packs them."""
import os
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FUNCTIONS = ("data-validator", "drift-checker", "evaluation-gate", "new-data-trigger", "rollback-handler")


def script(name, *arguments, cwd=ROOT, timeout=900, **environment):
    """(exit code, all that a script said)."""
    done = subprocess.run([ROOT / "scripts" / name, *arguments], env=os.environ | environment, cwd=cwd, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=timeout)
    return done.returncode, done.stdout


def stripped(binaries: Path, out: Path, names=FUNCTIONS) -> Path:
    """The programs without what debuggers read, where the machine can take it out: half as much to pack."""
    out.mkdir(parents=True, exist_ok=True)
    for name in names:
        if not shutil.which("strip") or subprocess.run(["strip", "-o", out / name, binaries / name]).returncode:
            shutil.copy(binaries / name, out / name)
    return out


def fake_program(file: Path, machine=62):
    """Sixty-four bytes that begin as a program for Linux on this machine does."""
    file.write_bytes(b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x02\x00" + machine.to_bytes(2, "little") + bytes(44))
    file.chmod(0o755)


def package(what, out: Path, binaries: Path, *arguments, commit="0123456789ab"):
    """Run ./scripts/package; the archive."""
    code, said = script("package", what, *arguments, PAWL_DIST=str(out), PAWL_BIN_DIR=str(binaries), PAWL_COMMIT=commit, PAWL_ZIP_LEVEL="1")
    assert code == 0, said
    return Path(said.strip().splitlines()[-1])
