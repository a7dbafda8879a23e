"""A stack of its own for each test of scale: every call of S3 takes 30 ms more than here."""
import os
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS), str(TESTS / "local"), str(TESTS / "e2e")]

from loop import BINARIES, Loop  # noqa: E402

OBJECTS = int(os.environ.get("PAWL_SCALE_OBJECTS", "300"))


@pytest.fixture
def slow(tmp_path):
    with Loop(bin_dir=BINARIES, state_dir=tmp_path) as loop:
        loop.listen()
        loop.aws.switch(s3_latency=0.03)
        yield loop
