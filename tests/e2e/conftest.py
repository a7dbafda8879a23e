"""One stand-in for all end-to-end tests; each test has models of its own on it."""
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS), str(TESTS / "local")]

from loop import BINARIES, Loop  # noqa: E402

# Small and quick; what a test needs otherwise it says. A bake cannot be shorter than an alarm's period, and within `quiet` a busy
# machine must get all that belongs to one run.
SMALL = {
    "settle": {"quiet": "5s"},
    "data": {"label": {"column": "cnt", "at_least": 120}},
    "train": {"hyperparameters": {"rounds": 40, "learning_rate": 0.2}},
    # So few and small trees tell many rows the same to the last digit.
    "gate": {"copies": {"action": "warn"}},
    "release": {"alarms": {"minimum_requests": 5}},
}


@pytest.fixture(scope="session")
def standin(tmp_path_factory):
    """The whole of Pawl, deployed once."""
    binaries = BINARIES
    missing = [name for name in ("new-data-trigger", "data-validator", "drift-checker", "evaluation-gate",
                                 "rollback-handler") if not (binaries / name).is_file()]
    assert not missing, f"{binaries} lacks {', '.join(missing)}: build them first (./scripts/build)"
    images = {"counting": TESTS / "e2e" / "counting"}
    with Loop(bin_dir=binaries, state_dir=tmp_path_factory.mktemp("standin"), images=images) as loop:
        loop.listen()
        # A round comes when a test asks for one, not into the middle of another.
        scheduler = loop.aws.client("scheduler")
        loop.schedules = {}
        for one in scheduler.list_schedules()["Schedules"]:
            loop.schedules[one["Name"]] = scheduler.get_schedule(Name=one["Name"], GroupName=one["GroupName"])["Target"]
            scheduler.delete_schedule(Name=one["Name"], GroupName=one["GroupName"])
        yield loop
        loop.aws.clear_faults()
        refused = loop.aws.refusals()
        assert not refused, f"{len(refused)} calls or deliveries were not allowed, the first: {refused[:5]}"
        unfit = loop.aws.refused()
        assert not unfit, f"{len(unfit)} requests did not fit their service's model, the first: {unfit[:5]}"


@pytest.fixture(scope="session")
def pipeline(standin):
    """Makes a pipeline of its own on the stand-in: `pipeline("name", changes)`. No two tests share a name."""
    from loop.loop import merged
    taken = set()

    def make(model, changes=None):
        assert model not in taken, f"{model} is another test's pipeline"
        taken.add(model)
        return standin.beside(model, merged(SMALL, changes or {}))
    return make


@pytest.fixture(scope="session")
def stage(standin):
    """A champion that a real run has made, to be had as often as wanted: see played.py."""
    from loop.loop import merged
    from played import Stage

    return Stage(lambda model, changes=None: standin.beside(model, merged(SMALL, changes or {})))
