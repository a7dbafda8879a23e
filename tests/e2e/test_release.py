"""From the gate to production and back: approved, rejected, promoted, rolled back in each of the three ways, held."""
import contextlib

import pytest
from runs import arrive, ended, month, serves

from loop import Traffic
from loop.story import requests

POOR = {"train": {"hyperparameters": {"rounds": 1, "learning_rate": 0.05}}}
STRICT = {"train": {"hyperparameters": {"missing": "error"}}}
HISTORY = ("2011-05", "2011-06")


@pytest.fixture(scope="module")
def clients():
    """Sends good rows to each pipeline's endpoint from the start; `clients(loop)` gives its traffic."""
    with contextlib.ExitStack() as stack:
        running = {}

        def traffic(loop):
            if loop.model not in running:
                rows = requests(month("2011-06"))
                running[loop.model] = stack.enter_context(Traffic(loop.aws, loop.model, rows, rate=8))
            return running[loop.model]
        yield traffic


@pytest.fixture(scope="module")
def champions(pipeline, clients):
    """Three pipelines whose first models are on their way, side by side: the bakes overlap."""
    loops = {
        "canary": pipeline("canary", POOR),
        "at-once": pipeline("at-once", POOR | {"release": {"strategy": "all_at_once"}}),
        "asked": pipeline("asked", {"gate": {"floors": None}}),
    }
    for loop in loops.values():
        loop.put_pipeline()
        arrive(loop, *HISTORY)
        clients(loop)
    return loops


def package(loop, generation):
    """The registry's package of a run."""
    group = loop.sagemaker.list_model_packages(ModelPackageGroupName=loop.model)["ModelPackageSummaryList"]
    described = [loop.sagemaker.describe_model_package(ModelPackageName=found["ModelPackageArn"]) for found in group]
    return next(one for one in described
                if one["CustomerMetadataProperties"]["pawl.generation"] == str(generation))


def test_an_undecided_first_model_is_approved_in_the_registry(champions):
    loop = champions["asked"]
    loop.question("package-1")
    waiting = package(loop, 1)
    assert waiting["ModelApprovalStatus"] == "PendingManualApproval"
    loop.sagemaker.update_model_package(ModelPackageArn=waiting["ModelPackageArn"], ModelApprovalStatus="Approved")
    ended(loop, 1, "promoted", "healthy")
    assert loop.evidence(1, "judgement.json")["verdict"] == "needs_approval"
    serves(loop, 1)


@pytest.mark.parametrize("name", ["canary", "at-once"])
def test_the_first_model_is_promoted_by_its_floors(champions, name):
    loop = champions[name]
    ended(loop, 1, "promoted", "healthy")
    assert loop.evidence(1, "judgement.json")["verdict"] == "promote"
    assert loop.evidence(1, "drift.json") is None, "nothing to compare with"
    assert serves(loop, 1)["good"][-1]["generation"] == 1
    assert package(loop, 1)["ModelApprovalStatus"] == "Approved"


def test_a_worse_challenger_is_rejected(champions):
    loop = champions["asked"]
    loop.put_pipeline(POOR)
    ended(loop, 2, "rejected")
    judgement = loop.evidence(2, "judgement.json")
    assert judgement["verdict"] == "reject"
    assert judgement["metrics"]["challenger"]["accuracy"] < judgement["metrics"]["champion"]["accuracy"]
    assert loop.training()["rejected_in_a_row"] == 1
    serves(loop, 1)


def test_the_same_data_and_code_are_not_trained_again(champions):
    loop = champions["asked"]
    loop.put_pipeline()
    ended(loop, 3, "skipped", "run 1 trained on these very objects, code and parameters")
    assert loop.evidence(3, "validation.json") == []
    serves(loop, 1)


def test_a_lost_update_is_taken_for_a_silent_rollback(champions):
    loop = champions["canary"]
    loop.aws.lose_update(loop.model)
    loop.put_pipeline({"train": {"hyperparameters": {"rounds": 40, "learning_rate": 0.2}}})
    arrive(loop, "2011-07")
    ended(loop, 2, "rolled_back", "Rolled back: .*serves")
    assert loop.aws.pending_faults() == []
    release = serves(loop, 1)
    assert [(one["generation"], one["cause"]["code"]) for one in release["rollbacks"]] == [(2, "guardrail")]
    assert loop.evidence(2, "release.json")["outcome"] == "rolled_back"
    assert package(loop, 2)["ModelApprovalStatus"] == "Rejected"
