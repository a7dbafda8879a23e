"""From the gate to production and back: approved, rejected, promoted, rolled back in each of the three ways, held."""
import contextlib
import re

import pytest
from runs import arrive, ended, month, serves

from loop import Traffic
from loop.loop import merged
from loop.story import requests

POOR = {"train": {"hyperparameters": {"rounds": 1, "learning_rate": 0.05}}}
STRONG = {"train": {"hyperparameters": {"rounds": 40, "learning_rate": 0.2}}}
STRICT = {"train": {"hyperparameters": {"missing": "error"}}}
# Without it a rollback would hold the next deployment for hours.
NO_PAUSE = {"first": "1s", "second": "1s", "further": "1s"}
HISTORY = ("2011-05", "2011-06")


@pytest.fixture(scope="module")
def clients():
    """Sends good rows to each pipeline's endpoint from the start; `clients(loop)` gives its traffic."""
    with contextlib.ExitStack() as stack:
        running = {}

        def traffic(loop):
            if loop.model not in running:
                rows = requests(month("2011-06"))
                running[loop.model] = stack.enter_context(Traffic(loop.aws, loop.model, rows, rate=2))
            return running[loop.model]
        yield traffic


@pytest.fixture(scope="module")
def champions(pipeline, clients):
    """Three pipelines whose first models are on their way, side by side: the bakes overlap."""
    loops = {
        "canary": pipeline("canary", merged(POOR, {"release": {"cool_downs": NO_PAUSE}})),
        "at-once": pipeline("at-once", merged(POOR, {"release": {"strategy": "all_at_once"}})),
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


def last_update(loop):
    """How the endpoint was last told to move its traffic."""
    return loop.sagemaker.describe_endpoint(EndpointName=loop.model)["LastDeploymentConfig"]["BlueGreenUpdatePolicy"]


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
    registered = package(loop, 1)
    assert registered["ModelApprovalStatus"] == "Approved"
    files = re.findall(r"s3://pawl-evidence/(runs/[^'\"]+\.json)", str([registered["ModelMetrics"],
                                                                          registered["DriftCheckBaselines"]]))
    assert len(files) == 5 and all(loop.read(file) for file in files), files
    assert loop.read(next(file for file in files if file.endswith("statistics.json")))["dataset"]["item_count"] > 700
    assert [len(one["sha256"]) for one in loop.evidence(1, "judgement.json")["inputs"]] == [64]


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
    loop.put_pipeline(STRONG)
    arrive(loop, "2011-07")
    ended(loop, 2, "rolled_back", "Rolled back: .*serves")
    assert loop.aws.pending_faults() == []
    release = serves(loop, 1)
    assert [(one["generation"], one["cause"]["code"]) for one in release["rollbacks"]] == [(2, "guardrail")]
    assert loop.evidence(2, "release.json")["outcome"] == "rolled_back"
    assert package(loop, 2)["ModelApprovalStatus"] == "Rejected"


def test_a_canary_that_fails_is_taken_back_by_the_guardrail(champions, clients):
    loop = champions["canary"]
    # The champion answers these; a strict model does not.
    clients(loop).rows_now(requests(month("2011-06"), nulls=0.5))
    loop.put_pipeline(merged(merged(STRONG, STRICT), {"release": {"strategy": {"canary": {"percent": 50, "wait": "60s"}}}}))
    arrive(loop, "2011-08")
    ended(loop, 3, "rolled_back", "Rolled back: .*serves")
    release = serves(loop, 1)
    assert [one["generation"] for one in release["rollbacks"]] == [2, 3]
    assert last_update(loop)["TrafficRoutingConfiguration"]["Type"] == "CANARY", "SageMaker went back, nobody told it to"
    assert package(loop, 3)["ModelApprovalStatus"] == "Rejected"


def test_after_two_rollbacks_the_endpoint_is_locked(champions):
    loop = champions["canary"]
    loop.put_pipeline(STRONG)
    arrive(loop, "2011-09")
    ended(loop, 4, "held", "^frozen by pawl: two rollbacks within 24 hours; `pawl unfreeze` lifts it$")
    serves(loop, 1)


def test_a_model_that_fails_in_production_is_taken_back_by_its_alarm(champions, clients):
    loop = champions["at-once"]
    loop.wait_closed(1)
    # It serves all traffic and bakes, for as long as it takes until clients have sent what it cannot answer.
    loop.put_pipeline(merged(merged(STRONG, STRICT), {"release": {"bake": "1m"}}))
    arrive(loop, "2011-07")
    loop.aws.wait_until(lambda: loop.release()["state"]["name"] == "watching", what="the watch to begin")
    serves(loop, 2)
    clients(loop).rows_now(requests(month("2011-06"), nulls=0.5))
    ended(loop, 2, "rolled_back", "pawl-at-once-2-.*-errors")
    release = serves(loop, 1)
    assert [(one["generation"], one["cause"]["code"]) for one in release["rollbacks"]] == [(2, "alarm")]
    assert package(loop, 2)["ModelApprovalStatus"] == "Rejected"
    assert last_update(loop)["TrafficRoutingConfiguration"]["Type"] == "ALL_AT_ONCE"
    assert "AutoRollbackConfiguration" not in loop.sagemaker.describe_endpoint(EndpointName="at-once")["LastDeploymentConfig"]
    assert loop.keys("quarantine/at-once/datasets/")

    # What was trained on that data is not tried again.
    loop.put_pipeline(STRONG)
    ended(loop, 3, "skipped", "^This dataset version was quarantined after a rollback.$")
    serves(loop, 1)


@pytest.mark.parametrize("operation, state", [("CreateTransformJob", "Score"), ("CreateEndpoint", "CreateEndpoint")])
def test_a_refusal_on_the_way_to_production_holds_nothing(pipeline, operation, state):
    loop = pipeline(f"refused-{state.lower()}")
    loop.aws.fail_call(operation, error="ResourceLimitExceeded", message="The account-level limit is 0", match=loop.model)
    loop.put_pipeline()
    arrive(loop, *HISTORY)
    record = ended(loop, 1, "failed", "The account-level limit is 0")
    assert record["outcome"]["state"] == state
    assert loop.aws.pending_faults() == []
    release = loop.release()
    assert release is None or (release["state"]["name"], release["current"]) == ("stable", None)
    assert loop.serving() is None


def test_without_alarms_nothing_is_deployed(pipeline):
    loop = pipeline("no-alarms")
    loop.aws.fail_call("PutMetricAlarm", error="LimitExceeded", message="too many alarms", match=loop.model)
    loop.put_pipeline()
    arrive(loop, *HISTORY)
    ended(loop, 1, "held", "too many alarms")
    assert loop.release()["state"]["name"] == "stable"
    assert loop.serving() is None
