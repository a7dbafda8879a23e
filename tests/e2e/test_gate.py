"""The behaviour suite and the leakage alarms, answered by the models' own program."""
from runs import arrive, ended, month

CASES = [
    {"name": "answers without a thermometer", "change": {"missing": ["temp"]}, "expect": "answers"},
    {"name": "nothing is certain", "row": {"hr": 17, "temp": 0.6}, "expect": {"at_most": 1.0}},
    # No score rises by one.
    {"name": "nights are busier", "change": {"set": {"hr": 3}}, "expect": {"not_lower": -1.0}},
]


def reasons(loop, generation):
    return {reason["check"]: reason for reason in loop.evidence(generation, "judgement.json")["reasons"]}


def test_a_suite_that_does_not_hold_keeps_the_model_out(pipeline):
    suite = {"rows": 30, "noise": 0.05, "cases": CASES}
    loop = pipeline("behaves", {"gate": {"behaviour": suite}, "approval": {"ask": "never"}})
    loop.put_pipeline()
    arrive(loop, "2011-05", "2011-06")
    ended(loop, 1, "rejected", "holds in 0 of 30 rows")
    found = reasons(loop, 1)
    assert found["behaviour:nights are busier"]["code"] == "behaviour_asks"
    assert found["behaviour:answers without a thermometer"]["code"] == "behaviour_held"
    assert "30 of 30 rows" in found["behaviour:answers without a thermometer"]["text"]
    assert found["behaviour:nothing is certain"]["code"] == "behaviour_held"
    assert found["behaviour:noise"]["code"] == "behaviour_held"
    assert found["leakage:rows"]["code"] == "no_leak"
    assert "the newest 1 of 1 training files" in found["leakage:rows"]["text"]
    assert found["leakage:feature"]["code"] == "no_leak"


def test_a_holdout_that_trained_asks(pipeline):
    loop = pipeline("leaks", {"gate": {"leakage": {"action": "block"}}})
    loop.put_pipeline()
    for name in ("2011-05", "2011-06"):
        loop.put_month(name, month("2011-05"))
    ended(loop, 1, "rejected", "100.00 % of the holdout's rows")
    assert reasons(loop, 1)["leakage:rows"]["code"] == "leak_blocks"
