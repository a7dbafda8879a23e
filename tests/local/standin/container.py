"""Runs a model container's programs as processes, under SageMaker's container contract.

An image is a folder with the executables `train` and `serve`. What a container sees under /opt/ml is a job folder here;
the SM_* variables and SAGEMAKER_BASE_DIR name its places, as SageMaker's own toolkits do.
"""
import json
import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

from . import aws

# What a program may inherit from the machine; the rest of its environment is the container's.
_INHERITED = ("HOME", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "TMPDIR", "TZ", "OMP_NUM_THREADS")


class ImageMissing(Exception):
    """The image is not registered, or its folder lacks the program."""


class Images:
    """Image URI -> folder, by the whole URI, its repository, or the repository's last part."""

    def __init__(self, folders: dict[str, str]):
        self._folders = {name: Path(folder).resolve() for name, folder in folders.items()}

    def program(self, image: str, name: str) -> Path:
        repository = re.sub(r"(@sha256:[0-9a-f]+|:[^/:]+)$", "", image)
        path = re.sub(r"^[^/]+\.(amazonaws\.com|amazonaws\.com\.cn)/", "", repository)
        for candidate in (image, repository, path, path.rsplit("/", 1)[-1]):
            if candidate in self._folders:
                program = self._folders[candidate] / name
                if not os.access(program, os.X_OK):
                    raise ImageMissing(f"{program} is missing or not executable")
                return program
        known = ", ".join(sorted(self._folders)) or "none"
        raise ImageMissing(f"no folder is given for image {image} (--image NAME=DIR; known: {known})")


class JobFolder:
    """One container's /opt/ml."""

    def __init__(self, root: Path):
        self.root = root / "opt" / "ml"
        self.config, self.data = self.root / "input" / "config", self.root / "input" / "data"
        self.model, self.output = self.root / "model", self.root / "output"
        for folder in (self.config, self.data, self.model, self.output / "data", self.root / "code"):
            folder.mkdir(parents=True, exist_ok=True)

    def channel(self, name: str) -> Path:
        folder = self.data / name
        folder.mkdir(exist_ok=True)
        return folder

    def write_config(self, name: str, content):
        (self.config / f"{name}.json").write_text(json.dumps(content))

    def failure(self) -> str:
        """What the program wrote to output/failure; SageMaker keeps the first 1,024 characters."""
        try:
            return (self.output / "failure").read_text(errors="replace")[:1024]
        except OSError:
            return ""

    def environment(self) -> dict[str, str]:
        return {
            "SAGEMAKER_BASE_DIR": str(self.root),
            "SM_INPUT_DIR": str(self.root / "input"),
            "SM_INPUT_CONFIG_DIR": str(self.config),
            "SM_MODEL_DIR": str(self.model),
            "SM_OUTPUT_DIR": str(self.output),
            "SM_OUTPUT_DATA_DIR": str(self.output / "data"),
        }


def training_environment(folder: JobFolder, hyperparameters: dict[str, str], channels: list[str],
                         resources: dict) -> dict[str, str]:
    """The SM_* variables of SageMaker's training toolkit."""
    variables = folder.environment() | {
        "SM_HPS": json.dumps(hyperparameters),
        "SM_CHANNELS": json.dumps(sorted(channels)),
        "SM_NUM_CPUS": str(os.cpu_count() or 1),
        "SM_NUM_GPUS": "0",
        "SM_HOSTS": json.dumps(resources["hosts"]),
        "SM_CURRENT_HOST": resources["current_host"],
        "SM_RESOURCE_CONFIG": json.dumps(resources),
    }
    variables |= {f"SM_CHANNEL_{_variable(name)}": str(folder.channel(name)) for name in channels}
    return variables | {f"SM_HP_{_variable(name)}": value for name, value in hyperparameters.items()}


def serving_environment(folder: JobFolder, port: int) -> dict[str, str]:
    return folder.environment() | {"SAGEMAKER_BIND_HOST": "127.0.0.1", "SAGEMAKER_BIND_TO_PORT": str(port)}


def _variable(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9]", "_", name).upper()


def start(program: Path, command: str, environment: dict[str, str], log_path: Path, isolated=False) -> subprocess.Popen:
    """Start `train` or `serve`, with both outputs to `log_path`. It may call AWS in the role that acts, unless its network is isolated.
    `python3` is the interpreter that runs us."""
    inherited = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    credentials = {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
    credentials = {} if isolated else credentials | aws.actor().environment()
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    with open(log_path, "ab") as log:
        return subprocess.Popen([str(program), command], cwd=program.parent, stdin=subprocess.DEVNULL, stdout=log,
                                stderr=subprocess.STDOUT,
                                env=inherited | credentials | {"PATH": path, "PYTHONUNBUFFERED": "1"} | environment)


def stop(process: subprocess.Popen, grace_seconds: float = 2.0):
    """SIGTERM, then SIGKILL: SageMaker does the same, with longer patience."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(grace_seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def reserve_port() -> socket.socket:
    """A socket that keeps a free port from everybody else until it is closed; a server that sets SO_REUSEADDR, as all usual ones
    do, may listen there."""
    reserved = socket.socket()
    reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    reserved.bind(("127.0.0.1", 0))
    return reserved
