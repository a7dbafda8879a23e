"""What an operator does by `pawl`, from the first pipeline.yaml to a rollback by hand."""
import pytest
import yaml
from runs import arrive, ended, month, serves

from loop import Traffic
from loop.story import requests


@pytest.fixture(scope="module")
def operated(pipeline):
    """A pipeline whose first model waits for a person, with traffic to its endpoint."""
    loop = pipeline("operated", {"gate": {"floors": None}, "release": {"strategy": "all_at_once"}})
    with Traffic(loop.aws, loop.model, requests(month("2011-06")), rate=8):
        yield loop


def put(loop, folder, changes=None):
    """`pawl put` of the loop's pipeline with these changes."""
    file = folder / "pipeline.yaml"
    file.write_text(yaml.safe_dump(loop.pipeline(changes)), encoding="utf-8")
    return loop.pawl("put", str(file))


def test_a_model_is_put_approved_frozen_and_taken_back(operated, tmp_path):
    loop = operated
    assert put(loop, tmp_path)["change"] == "new"
    assert put(loop, tmp_path)["change"] == "unchanged"
    arrive(loop, "2011-05", "2011-06")
    loop.question("package-1")
    assert loop.pawl("status", loop.model)["question"]["generation"] == 1
    assert loop.pawl("approve", loop.model, "--why", "checked by hand")["taken"] == "taken"
    ended(loop, 1, "promoted", "healthy")
    serves(loop, 1)
    assert "no run of operated waits" in str(loop.pawl("approve", loop.model, code=1))
    assert loop.pawl("rollback", loop.model, "--why", "no better one", code=1)["audit"]["rule"] == "no_target"

    loop.pawl("freeze", loop.model, "--why", "holidays")
    put(loop, tmp_path, {"gate": None, "release": {"bake": "10m"}})
    ended(loop, 2, "skipped", "trained on these very objects")
    arrive(loop, "2011-07")
    ended(loop, 3, "held", "holidays")
    serves(loop, 1)

    loop.pawl("unfreeze", loop.model, "--why", "back at work")
    loop.pawl("reset", loop.model, "--why", "nothing is open")
    loop.put_month("2011-08", month("2011-08"))
    loop.aws.wait_until(lambda: loop.release()["state"]["name"] == "watching", what="the watch to begin")
    serves(loop, 4)
    assert loop.pawl("rollback", loop.model, "--why", "wrong since noon")["audit"]["rule"] == "roll_back"
    ended(loop, 4, "rolled_back", "wrong since noon")
    release = serves(loop, 1)
    assert [(one["generation"], one["cause"]["code"]) for one in release["rollbacks"]] == [(4, "operator")]

    history = loop.pawl("history", loop.model, "--limit", "100")
    assert "the tests" in str(history) and "holidays" in str(history)
    assert loop.pawl("report", loop.model, "4")["record"]["outcome"]["code"] == "rolled_back"


def test_a_run_is_asked_for(pipeline):
    loop = pipeline("asked-for")
    loop.put_pipeline()
    arrive(loop, "2011-05")
    ended(loop, 1, "skipped")
    assert loop.pawl("run", loop.model, "--why", "the label was mended")["model"] == "asked-for"
    loop.aws.wait_until(lambda: loop.training()["generation"] == 2, what="the run to begin")
    assert "the label was mended" in str(ended(loop, 2, "skipped")["triggers"])
