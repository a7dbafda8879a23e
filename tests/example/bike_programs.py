"""The example's programs as the tests reach them: the generator as modules, the container as processes."""

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
EXAMPLE = TESTS.parent / "examples" / "bike-demand"
CONTAINER = EXAMPLE / "container"
sys.path[:0] = [str(EXAMPLE), str(CONTAINER), str(TESTS / "local")]

import rentals  # noqa: E402
from standin.container import reserve_port  # noqa: E402

HYPERPARAMETERS = {
    "label": "cnt",
    "label_at_least": "260",
    "features": ",".join(rentals.FEATURES),
    "rounds": "40",
    "seed": "3",
}


@dataclass
class Job:
    """A finished training job and where it wrote."""

    exit_code: int
    output: str
    errors: str
    root: Path

    @property
    def model(self):
        return self.root / "model"

    @property
    def failure(self):
        return (self.root / "output" / "failure").read_text(encoding="utf-8")

    @property
    def metrics(self):
        return {name: float(value) for name, value in (line.split("=") for line in self.output.splitlines())}


def clean_environment(**extra):
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("SM_", "SAGEMAKER_"))}
    return {**kept, **{name: str(value) for name, value in extra.items()}}


def run_training(root, files, hyperparameters, how="SM_HPS"):
    """Runs `train` on CSV texts by name, handing the hyperparameters over in one of SageMaker's three ways."""
    for folder in ("train", "config"):
        (root / folder).mkdir(parents=True)
    for name, text in files.items():
        (root / "train" / name).write_text(text, encoding="utf-8")
    environment = clean_environment(
        SM_CHANNEL_TRAIN=root / "train",
        SM_INPUT_CONFIG_DIR=root / "config",
        SM_MODEL_DIR=root / "model",
        SM_OUTPUT_DIR=root / "output",
        SM_OUTPUT_DATA_DIR=root / "output" / "data",
    )
    if how == "SM_HPS":
        environment["SM_HPS"] = json.dumps(hyperparameters)
    elif how == "SM_HP":
        environment |= {f"SM_HP_{name.upper()}": value for name, value in hyperparameters.items()}
    else:
        (root / "config" / "hyperparameters.json").write_text(json.dumps(hyperparameters), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, CONTAINER / "train"], env=environment, capture_output=True, text=True, timeout=120
    )
    return Job(done.returncode, done.stdout, done.stderr, root)


@dataclass
class Served:
    """A running model server."""

    port: int

    def request(self, path, body=None, content_type="application/jsonlines"):
        """(status, text) of GET without a body, of POST with one."""
        headers = {} if body is None else {"Content-Type": content_type}
        data = body.encode() if isinstance(body, str) else body
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", data, headers)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def invoke(self, body, content_type="application/jsonlines"):
        return self.request("/invocations", body, content_type)


def start_server(model):
    """The process and its port, once /ping answers."""
    with reserve_port() as reserved:
        return _start_server(model, reserved.getsockname()[1])


def _start_server(model, port):
    environment = clean_environment(SM_MODEL_DIR=model, SAGEMAKER_BIND_HOST="127.0.0.1", SAGEMAKER_BIND_TO_PORT=port)
    process = subprocess.Popen(
        [sys.executable, CONTAINER / "serve"], env=environment, stderr=subprocess.PIPE, text=True
    )
    served, deadline = Served(port), time.monotonic() + 120
    while process.poll() is None and time.monotonic() < deadline:
        try:
            if served.request("/ping")[0] == 200:
                return process, served
        except OSError:
            time.sleep(0.02)
    process.kill()
    raise AssertionError(f"the server did not come up: {process.communicate()[1]}")


def months(first, last, seed=1):
    """CSV texts by file name."""
    days = rentals.months_between(rentals.parse_month(first), rentals.parse_month(last))
    return {f"{day:%Y-%m}.csv": rentals.month_csv(day, seed) for day in days}
