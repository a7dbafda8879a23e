"""One trained model of each kind, and its server, for every test that needs them."""

import pytest
from bike_programs import HYPERPARAMETERS, months, run_training, start_server


@pytest.fixture(scope="session")
def job(tmp_path_factory):
    """One good training job for every test that needs a model."""
    return run_training(tmp_path_factory.mktemp("job"), months("2011-03", "2011-08"), HYPERPARAMETERS)


@pytest.fixture(scope="session")
def strict_job(tmp_path_factory):
    return run_training(
        tmp_path_factory.mktemp("strict"), months("2011-06", "2011-07"), {**HYPERPARAMETERS, "missing": "error"}
    )


def _serving(finished):
    process, served = start_server(finished.model)
    yield served
    process.terminate()
    process.communicate(timeout=60)


@pytest.fixture(scope="session")
def server(job):
    yield from _serving(job)


@pytest.fixture(scope="session")
def strict_server(strict_job):
    yield from _serving(strict_job)
