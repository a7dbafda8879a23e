"""UCI's bike sharing, month after month, through the whole loop. The verdicts come from the data."""
import json

import pytest
from runs import ended, serves

from loop import ROOT, Traffic
from loop.story import real, requests

DATA = ROOT.parent / "shared" / "data" / "bike-sharing" / "hour.csv"


@pytest.fixture(scope="module")
def played(standin):
    """{month: generation} after 2011 came at once and 2012 month by month, up to November."""
    if not DATA.is_file():
        print("skipped: ../shared is absent")
        pytest.skip("../shared is absent")
    # The example's own pipeline.yaml, but for the waits; the other tests have canaries.
    loop = standin.beside("real-bikes", {"release": {"strategy": "all_at_once"}})
    history, *later = real(DATA)
    months = {"2011": history} | {chapter.title: chapter for chapter in later if chapter.title < "2012-12"}
    assert len(history.months) == 12 and len(months) == 12
    generations = {}
    with Traffic(loop.aws, loop.model, requests(history.months["2011-12"]), rate=4):
        for number, (name, chapter) in enumerate(months.items(), 1):
            for key, body in chapter.months.items():
                loop.put_month(key, body)
            if number == 1:
                # The whole year lies there before anybody looks: a busy machine takes longer to put it than a batch stays open.
                loop.put_pipeline()
            loop.wait_closed(number)
            generations[name] = number
    return loop, generations


def judged(played, month):
    loop, generations = played
    one, = loop.evidence(generations[month], "validation.json")
    return loop, one


def test_a_year_of_history_is_the_first_champion(played):
    loop, generations = played
    ended(loop, generations["2011"], "promoted", last=False)
    assert len(loop.evidence(1, "validation.json")) == 12
    assert loop.executions() == sorted(f"real-bikes-{number}" for number in range(1, 13))


def test_the_stuck_temperature_of_august_is_refused(played):
    loop, august = judged(played, "2012-08")
    assert august["fate"] == "accepted"
    stuck = [one for one in august["validation"]["violations"] if one["column"] == "atemp"]
    assert [one["rows"] for one in stuck] == [24]
    assert august["validation"]["quarantined"] == 24
    key, = loop.keys(f"quarantine/{loop.model}/{played[1]['2012-08']:06}/")
    body = loop.s3.get_object(Bucket="pawl-evidence", Key=key)["Body"].read()
    refused = [json.loads(line) for line in body.splitlines()]
    assert [line["raw"].split(",")[1] for line in refused] == ["2012-08-17"] * 24


def test_the_hurricane_of_october_is_named(played):
    _, october = judged(played, "2012-10")
    assert october["fate"] == "accepted"
    assert october["validation"]["verdict"] == "accepted_with_warnings"
    assert "36 steps missing between 2012-10-29 00:00 and 2012-10-30 13:00" in october["reason"]


def test_the_drift_of_march_is_seen(played):
    loop, generations = played
    drift = loop.evidence(generations["2012-03"], "drift.json")
    assert drift["verdict"] == "drift"
    # The warmest March in a hundred years. The hours of a day are one piece of evidence, of which a month has 31: enough for the
    # temperature, not for the felt one.
    assert "temp" in {one["name"] for one in drift["columns"] if one["verdict"] == "drift"}


def p_value(judgement):
    """McNemar's, of the challenger against the champion on the same hours."""
    return next(test["p_value"] for test in judgement["tests"] if test["name"] == "mcnemar_mid_p")


def test_the_challenger_of_august_wins(played):
    loop, generations = played
    generation = generations["2012-08"]
    ended(loop, generation, "promoted", last=False)
    judgement = loop.evidence(generation, "judgement.json")
    assert judgement["verdict"] == "promote" and p_value(judgement) < 1e-5


def test_the_challenger_of_november_does_not(played):
    loop, generations = played
    generation = generations["2012-11"]
    ended(loop, generation, "rejected")
    judgement = loop.evidence(generation, "judgement.json")
    assert judgement["verdict"] == "reject" and p_value(judgement) > 0.3
    promoted = [g for g in generations.values() if loop.evidence(g, "run.json")["outcome"]["code"] == "promoted"]
    serves(loop, max(promoted))
