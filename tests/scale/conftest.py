"""A stack of its own for each test of scale: every call of S3 takes 30 ms more than here."""
import os
import sys
import time
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS), str(TESTS / "local"), str(TESTS / "e2e")]

from loop import BINARIES, Loop  # noqa: E402

# A run of 50,000 objects takes a good while on one machine, and so does one whose calls wait for their turn; what is stuck ends here.
PATIENCE = 3_600.0
OBJECTS = int(os.environ.get("PAWL_SCALE_OBJECTS", "300"))


@pytest.fixture
def slow(tmp_path):
    # In an account each call has a processor of its own; here two hundred at once would share two.
    with Loop(bin_dir=BINARIES, state_dir=tmp_path, parameters={"MapConcurrency": "16"}) as loop:
        loop.listen()
        loop.aws.switch(s3_latency=0.03)
        yield loop


def closed(loop, generation):
    """Wait until this run has closed, longer than other tests do."""
    deadline = time.monotonic() + PATIENCE
    while not ((training := loop.training())["generation"] > generation or (training["generation"] == generation and not training["open"])):
        assert time.monotonic() < deadline, training
        time.sleep(1)
