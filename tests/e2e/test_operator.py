"""What an operator does by `pawl`, from the first pipeline.yaml to a rollback by hand."""
import re

import pytest
import yaml
from runs import arrive, ended, kept, month, serves

from loop import BUCKET, Traffic
from loop.story import requests


@pytest.fixture(scope="module")
def operated(pipeline):
    """A pipeline whose first model waits for a person, with traffic to its endpoint."""
    loop = pipeline("operated", {"gate": {"floors": None}, "release": {"strategy": "all_at_once"}})
    with Traffic(loop.aws, loop.model, requests(month("2011-06")), rate=2):
        yield loop


def put(loop, folder, changes=None):
    """`pawl put` of the loop's pipeline with these changes."""
    file = folder / "pipeline.yaml"
    file.write_text(yaml.safe_dump(loop.pipeline(changes)), encoding="utf-8")
    return loop.pawl("put", str(file))


def test_a_model_is_put_approved_frozen_and_taken_back(operated, tmp_path):
    loop = operated
    # The months come first: the run lists them, however long the command takes.
    arrive(loop, "2011-05", "2011-06")
    for name in ("2011-05", "2011-06"):
        kept(loop, f"operated/{name}.csv")
    assert put(loop, tmp_path)["change"] == "new"
    assert put(loop, tmp_path)["change"] == "unchanged"
    loop.question("package-1")
    assert loop.pawl("status", loop.model)["question"]["generation"] == 1
    assert loop.pawl("approve", loop.model, "--why", "checked by hand")["taken"] == "taken"
    ended(loop, 1, "promoted", "healthy")
    serves(loop, 1)
    assert "no run of operated waits" in str(loop.pawl("approve", loop.model, code=1))
    assert loop.pawl("rollback", loop.model, "--why", "no better one", code=1)["audit"]["rule"] == "no_target"

    # Everybody may see how things stand, and which Pawl it is.
    for part in ("AuthorPolicy", "ApproverPolicy", "OperatorPolicy"):
        assert loop.pawl("status", loop.model, part=part)["stack"]["is"] == "same"

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
    # Who acted is the session that AWS knows, and not what the command claims.
    by = {one["document"].get("why") or one["document"]["note"]: one["who"] for one in history if "(AROA" in one["who"]}
    assert by["checked by hand"] == loop.who("ApproverPolicy")
    assert {who for note, who in by.items() if re.search("holidays|back at work|wrong since noon", note)} == {loop.who()}
    assert "somebody else" not in str(history)
    assert loop.dead_letters() == 0
    assert loop.pawl("report", loop.model, "4")["record"]["outcome"]["code"] == "rolled_back"


def test_a_run_is_asked_for(pipeline):
    loop = pipeline("asked-for")
    loop.put_pipeline()
    arrive(loop, "2011-05")
    ended(loop, 1, "skipped")
    assert loop.pawl("run", loop.model, "--why", "the label was mended")["model"] == "asked-for"
    loop.aws.wait_until(lambda: loop.training()["generation"] == 2, what="the run to begin")
    assert "the label was mended" in str(ended(loop, 2, "skipped")["triggers"])


def force(loop, run, why, code=0):
    return loop.pawl("force", loop.model, "--run", str(run), "--why", why, code=code)


def test_a_rejected_challenger_is_forced_by_name_and_reason(pipeline):
    loop = pipeline("forced", {"gate": {"floors": [{"metric": "auc", "worst": 0.9999}]},
                               "release": {"strategy": "all_at_once"}})
    loop.put_pipeline()
    arrive(loop, "2011-05", "2011-06")
    ended(loop, 1, "rejected", "auc")
    assert loop.serving() is None
    with Traffic(loop.aws, loop.model, requests(month("2011-06")), rate=2):
        assert force(loop, 1, "the old rules leak names")["force"] == 1
        told = f"Forced by {loop.who()}, where the gate of run 1 had said reject: the old rules leak names"
        record = ended(loop, 2, "promoted", re.escape(told))
    assert record["triggers"] == [f"{loop.who()} forces the challenger of run 1: the old rules leak names"]
    serves(loop, 2)
    before, after = (loop.evidence(run, "judgement.json") for run in (1, 2))
    assert (before["verdict"], after["verdict"]) == ("reject", "promote")
    assert before.get("forced") is None and after["forced"]["instead_of"] == "reject"
    assert all(after[part] == before[part] for part in ("reasons", "tests", "metrics", "inputs", "policy"))
    notice, = [one for one in loop.notices() if one["Subject"] == "Pawl: forced run 2 promoted"]
    assert told in notice["Message"]
    assert told in str(loop.pawl("history", loop.model))
    package, = loop.sagemaker.list_model_packages(ModelPackageGroupName="forced")["ModelPackageSummaryList"]
    found = loop.sagemaker.describe_model_package(ModelPackageName=package["ModelPackageArn"])
    assert found["ModelApprovalStatus"] == "Approved" and told in found["ModelPackageDescription"]
    assert found["CustomerMetadataProperties"]["pawl.forced-by"]
    # What serves is nothing to force, and neither is what never was.
    assert "run 2 did not end with a challenger" in str(force(loop, 2, "once more with feeling", code=1))
    assert "there is no run 7" in str(force(loop, 7, "once more with feeling", code=1))


def test_a_force_is_refused_where_the_reason_or_the_challenger_is_missing(pipeline):
    loop = pipeline("unforced", {"gate": {"floors": [{"metric": "auc", "worst": 0.9999}]}})
    loop.put_pipeline()
    arrive(loop, "2011-05", "2011-06")
    ended(loop, 1, "rejected", "auc")
    assert "at least 10 characters" in str(force(loop, 1, "because", code=1))
    # Whoever asks past the command is refused by the run itself: nothing is registered or deployed.
    wish = {"model": loop.model, "who": "the tests", "why": "because", "force": 1, "id": "unforced-1"}
    loop.invoke("NewDataTrigger", {"detail-type": "Pawl Request", "source": "custom.pawl",
                                   "time": "2026-01-01T00:00:00Z", "detail": {"bucket": BUCKET, "request": wish}})
    ended(loop, 2, "skipped", "^Not forced, as the tests asked .because.: .* at least 10 characters")
    assert loop.serving() is None and loop.evidence(2, "judgement.json") is None
    trained = loop.evidence(1, "convergence.json")["trained"]["artifact"]
    bucket, key = trained.removeprefix("s3://").split("/", 1)
    loop.s3.delete_object(Bucket=bucket, Key=key)
    gone = force(loop, 1, "we need it at once", code=1)
    assert f"the model artefact of run 1 is gone: {trained}" in str(gone)
