"""Unzips the functions of a packed stack as Lambda does, and the command: a folder of programs by their names.

    unpack.py FOLDER OUT
"""
import io
import platform
import sys
import tarfile
import zipfile
from pathlib import Path

from pack import FUNCTIONS, CannotPack, check_machine, version

# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
LARGEST_UNZIPPED = 250 * 1024 * 1024


def function(archive: bytes, name: str, architecture: str) -> bytes:
    """The program that Lambda would start of a function's zip; refuses what it could not."""
    with zipfile.ZipFile(io.BytesIO(archive)) as files:
        entries = {one.filename: one for one in files.infolist()}
        if sum(one.file_size for one in entries.values()) > LARGEST_UNZIPPED:
            raise CannotPack(f"{name} is larger than Lambda unzips")
        if "bootstrap" not in entries:
            raise CannotPack(f"{name}.zip has no bootstrap, but {sorted(entries)}")
        # provided.al2023 executes it as any user.
        if (entries["bootstrap"].external_attr >> 16) & 0o555 != 0o555:
            raise CannotPack(f"the bootstrap of {name}.zip may not be executed")
        body = files.read("bootstrap")
    check_machine(body, name, architecture)
    return body


def main(folder: Path, out: Path) -> int:
    architecture = {"aarch64": "arm64", "AMD64": "x86_64"}.get(platform.machine(), platform.machine())
    out.mkdir(parents=True, exist_ok=True)
    try:
        with zipfile.ZipFile(folder / f"pawl-{version()}-stack-{architecture}.zip") as stack:
            for name in FUNCTIONS:
                (out / name).write_bytes(function(stack.read(f"functions/{name}.zip"), name, architecture))
                (out / name).chmod(0o755)
        with tarfile.open(folder / f"pawl-{version()}-linux-{architecture}.tar.gz") as command:
            command.extract("pawl", out, filter="data")
    except (CannotPack, KeyError, OSError, zipfile.BadZipFile, tarfile.TarError) as error:
        print(f"scripts/test-packaged: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*map(Path, sys.argv[1:])))
