"""What the endpoint is asked and answers, against what the champion learnt; and truth that comes late."""
import csv
import io
import json

from runs import arrive, ended, executed, month

from loop import Traffic
from loop.story import requests


def look(loop):
    """Run the monitoring once, as its schedule does; the newest look's evidence."""
    loop.aws.flush_capture()
    executed(loop, loop.aws.outputs["Monitoring"])
    looks = [key for key in loop.keys(f"monitoring/{loop.model}/") if not key.endswith("expected.json")]
    return loop.read(looks[-1]) if looks else None


def ask(loop, name, prefix):
    """Ask for every hour of a month, each under an inference id of its own; the labels by id."""
    runtime, features = loop.aws.client("sagemaker-runtime"), loop.pipeline()["data"]["features"]
    labels = {}
    for number, row in enumerate(csv.DictReader(io.StringIO(month(name).decode()))):
        asked = json.dumps({feature: json.loads(row[feature]) for feature in features})
        runtime.invoke_endpoint(EndpointName=loop.model, ContentType="application/jsonlines",
                                InferenceId=f"{prefix}-{number}", Body=asked.encode() + b"\n")
        labels[f"{prefix}-{number}"] = int(row["cnt"])
    return labels


def tell(loop, name, truths):
    """Put ground truth, as teams merged it for Model Monitor."""
    lines = [json.dumps({"groundTruthData": {"data": str(value), "encoding": "CSV"}, "eventMetadata": {"eventId": key},
                         "eventVersion": "0"}) for key, value in truths.items()]
    loop.s3.put_object(Bucket="pawl-evidence", Key=f"truth/{loop.model}/{name}.jsonl", Body="\n".join(lines).encode())


def test_drift_and_late_truth_of_what_is_served(pipeline):
    loop = pipeline("watched", {"release": {"strategy": "all_at_once"}, "decide": {"alarms": ["watched-drifts"]},
                                "monitor": {"lag": "0s", "publish": "features"}})
    loop.put_pipeline()
    arrive(loop, "2011-05", "2011-06")
    with Traffic(loop.aws, loop.model, requests(month("2011-05")), rate=8):
        ended(loop, 1, "promoted", "healthy")

    # The month that it learnt from, and what came true of it.
    tell(loop, "2011-05", ask(loop, "2011-05", "may"))
    first = look(loop)
    assert first["drift"]["features"] != "drift", first["drift"]["reasons"]
    assert first["drift"]["predictions"] is not None
    assert first["unreadable"] == 0 and first["rows"] >= 700
    assert first["quality"]["verdict"] == "healthy", first["quality"]["reason"]
    assert first["quality"]["rows"] >= 700
    assert loop.training()["generation"] == 1

    # An alarm of the team's own, on the metric that a look publishes.
    dimensions = {"EndpointName": "watched", "VariantName": "AllTraffic", "EndpointConfigName": loop.serving()}
    loop.aws.client("cloudwatch").put_metric_alarm(
        AlarmName="watched-drifts", Namespace="Pawl", MetricName="DriftedShare", Statistic="Maximum", Period=10,
        Dimensions=[{"Name": name, "Value": value} for name, value in dimensions.items()],
        EvaluationPeriods=1, Threshold=0.25, ComparisonOperator="GreaterThanThreshold", TreatMissingData="missing")

    # Winter, which it has never seen; and its truth turned upside down.
    winter = ask(loop, "2011-12", "december")
    told = look(loop)
    drifting = {one["name"] for one in told["drift"]["columns"] if one["verdict"] == "drift"}
    assert {"temp", "atemp"} <= drifting
    assert told["quality"]["estimated_accuracy_of_pending"] is not None, "before the truth comes there is an estimate"
    tell(loop, "2011-12", {key: 0 if label >= 120 else 999 for key, label in winter.items()})
    fallen = look(loop)
    assert fallen["quality"]["verdict"] in ("degraded", "concept_drift")
    told_people = [notice for notice in loop.notices() if notice["Subject"].startswith("Pawl: watched is asked other things")]
    assert 1 <= len(told_people) <= 2, "once for each change"

    # The metric's alarm asks for a run; there is nothing new to train on, and it says so.
    ended(loop, 2, "skipped", "run 1 trained on these very objects")
    handled = [loop.read(key)["trigger"] for key in loop.keys("ledger/watched/handled/")]
    assert [one["what"].startswith("watched-drifts: ") for one in handled if one["kind"] == "alarm"] == [True]
    assert look(loop) == fallen, "nothing new since"


def test_inputs_that_moved_get_a_new_model_and_take_none_out(pipeline):
    loop = pipeline("moved", {"decide": {"retrain_on": ["code", "alarm"]}, "monitor": {"lag": "0s", "publish": "features"},
                              "release": {"strategy": "all_at_once", "alarms": {"drift": {"bound": 0.25, "period": "60s"}}}})
    loop.put_pipeline()
    arrive(loop, "2011-05", "2011-06")
    with Traffic(loop.aws, loop.model, requests(month("2011-05")), rate=2):
        ended(loop, 1, "promoted", "healthy")
        champion = loop.serving()
        # New data alone trains nothing here; it lies there when it is needed.
        arrive(loop, "2011-11")
        ended(loop, 2, "skipped", "retrain_on")
        ask(loop, "2011-11", "november")
        told = look(loop)
        assert told["drift"]["features"] == "drift", told["drift"]["reasons"]
        # The alarm that Pawl made on it, as CloudWatch tells it: a run, and no rollback.
        ended(loop, 3, "promoted", "healthy")
    handled = [loop.read(key)["trigger"] for key in loop.keys("ledger/moved/handled/")]
    asked = [one["what"] for one in handled if one["kind"] == "alarm"]
    assert len(asked) == 1 and asked[0].startswith(f"pawl-{champion}-drift: "), asked
    release = loop.release()
    assert (release["rollbacks"], release["quarantined"], release["revoked_configs"], release["rejected"]) == ([], [], [], [])
    assert loop.serving() == release["current"]["config"] != champion
    alarms = {arn.rpartition(":")[2]: one for arn, one in release["alarms"].items()}
    assert f"pawl-{champion}-drift" in alarms, "the release heard it, and did nothing"


CLASSES = ["quiet", "usual", "busy"]


def of_class(rentals):
    """What the hour is called that so many people rented in."""
    return CLASSES[(rentals >= 100) + (rentals >= 260)]


def classified(name):
    """A month with the name of each hour's class."""
    rows = list(csv.DictReader(io.StringIO(month(name).decode())))
    out = io.StringIO()
    writer = csv.DictWriter(out, [*rows[0], "demand"], lineterminator="\n")
    writer.writeheader()
    writer.writerows(row | {"demand": of_class(int(row["cnt"]))} for row in rows)
    return out.getvalue().encode()


def test_several_classes_are_judged_live_as_yes_and_no_are(pipeline):
    floors = [{"metric": "accuracy", "worst": 0.5}]
    loop = pipeline("classes")
    loop.put_pipeline({
        "data": {"label": {"column": "demand", "at_least": None}},
        "train": {"image": "counting", "hyperparameters": {"classes": json.dumps(CLASSES)}, "metrics": None},
        "gate": {"task": "multiclass", "classes": CLASSES, "superiority": None, "guards": None, "floors": floors,
                 "convergence": None},
        "release": {"strategy": "all_at_once"}, "monitor": {"lag": "0s"}})
    for name in ("2011-05", "2011-06"):
        loop.put_month(name, classified(name))
    with Traffic(loop.aws, loop.model, requests(month("2011-05")), rate=8):
        ended(loop, 1, "promoted", "healthy")
    expected = loop.evidence(1, "judgement.json")["metrics"]["challenger"]

    # Before any truth comes, what the probabilities of the answers are worth.
    asked = ask(loop, "2011-06", "june")
    before = look(loop)
    answers, = (one for one in before["drift"]["columns"] if one["name"] == "$prediction" and one["axis"] == "shape")
    assert (answers["verdict"], answers["m"]) == ("none", before["rows"]), answers["reason"]
    assert before["drift"]["compared_with"] == {"champion": 1}
    waiting = before["quality"]
    assert (waiting["verdict"], waiting["accuracy"]) == ("insufficient_data", None)
    estimate = waiting["estimated_accuracy_of_pending"]
    assert abs(estimate - expected["accuracy"]) < 0.1, (estimate, expected)
    assert f"an estimated {estimate:.3f} are right" in waiting["reason"]

    # It is told the month that it was judged on: quality, and the measures, are those of the holdout.
    tell(loop, "2011-06", {key: of_class(rentals) for key, rentals in asked.items()})
    first = look(loop)
    quality = first["quality"]
    assert quality["rows"] == len(asked) and quality["verdict"] in ("healthy", "undecided"), quality["reason"]
    assert abs(quality["accuracy"] - expected["accuracy"]) < 1e-9
    assert abs(quality["log_loss"] - expected["log_loss"]) < 1e-9
    assert 0 < quality["brier"] < 2 and quality["auc"] > 0.8 and quality["calibration_error"] < 0.2
    assert first["unreadable"] == 0 and first["unreadable_truths"] == 0 and quality["lost"] == 0
    baseline = loop.read("monitoring/classes/000001/expected.json")["baseline"]["columns"]
    answers, = (column for column in baseline if column["name"] == "$prediction")
    assert set(answers["bins"]["categorical"]["values"]) <= set(CLASSES)

    # The very hours that it learnt from; but from now on the busy ones are quiet and the quiet ones busy.
    turned = {"quiet": "busy", "usual": "usual", "busy": "quiet"}
    again = ask(loop, "2011-05", "may")
    tell(loop, "2011-07", {key: turned[of_class(rentals)] for key, rentals in again.items()})
    fallen = look(loop)
    quality = fallen["quality"]
    assert (fallen["drift"]["features"], quality["verdict"]) == ("none", "concept_drift"), fallen["drift"]["reasons"]
    assert quality["accuracy_interval"][1] < expected["accuracy"] - 0.02
    told = [notice for notice in loop.notices() if notice["Subject"].startswith("Pawl: classes is asked other things")]
    assert quality["reason"] in told[-1]["Message"]
    published = loop.aws.client("cloudwatch").list_metrics(Namespace="Pawl", MetricName="LiveQuality")["Metrics"]
    assert any({"Name": "EndpointName", "Value": "classes"} in metric["Dimensions"] for metric in published)


def test_groups_of_requests_are_held_to_the_champions_holdout(pipeline):
    loop = pipeline("groups", {
        "gate": {"fairness": {"groups": [{"columns": ["workingday"]}], "minimum_positives": 5,
                              "rules": [{"measure": "DI", "tolerance": 0.05}]}},
        "release": {"strategy": "all_at_once"}, "monitor": {"lag": "0s"}})
    loop.put_pipeline()
    arrive(loop, "2011-05", "2011-06")
    with Traffic(loop.aws, loop.model, requests(month("2011-05")), rate=8):
        ended(loop, 1, "promoted", "healthy")

    # The month that it was judged on: the selection of both groups is that of the holdout.
    asked = ask(loop, "2011-06", "june")
    first = look(loop)["groups"]
    grouping, = first["groupings"]
    assert (grouping["source"], grouping["other"], grouping["unknown"]) == ("request", 0, 0)
    holdout, = loop.read("monitoring/groups/000001/expected.json")["groups"]["groupings"]
    then = {group["value"]: group["tally"] for group in holdout["groups"]}
    now = {group["value"]: group["tally"] for group in grouping["groups"]}
    assert set(then) == set(now) == {"0", "1"}
    assert sum(tally["rows"] for tally in now.values()) >= len(asked), "those of the traffic too"
    assert first["verdict"] in ("holds", "undecided"), first["reason"]
    assert {m["standing"] for m in grouping["measures"] if m["measure"] == "RD"} == {"too_few"}, "its truth is out"

    # From now on one group asks for its quiet hours alone: of it hardly any is selected.
    group, = {"0", "1"} - {grouping["reference"]}
    runtime, features = loop.aws.client("sagemaker-runtime"), loop.pipeline()["data"]["features"]
    night = [json.dumps({feature: json.loads(row[feature]) for feature in features})
             for row in csv.DictReader(io.StringIO(month("2011-06").decode())) if row["workingday"] == group and int(row["hr"]) < 5]
    for number in range(3000 // len(night)):
        runtime.invoke_endpoint(EndpointName=loop.model, ContentType="application/jsonlines", InferenceId=f"night-{number}",
                                Body="\n".join(night).encode() + b"\n")
    fallen = look(loop)["groups"]
    assert fallen["verdict"] == "worse", fallen["reason"]
    told = [notice for notice in loop.notices() if notice["Subject"].startswith("Pawl: groups is asked other things")]
    assert f"workingday DI of {group} to" in told[-1]["Message"]
    published = loop.aws.client("cloudwatch").list_metrics(Namespace="Pawl", MetricName="WorseGroups")["Metrics"]
    assert any({"Name": "EndpointName", "Value": "groups"} in metric["Dimensions"] for metric in published)
    assert loop.training()["generation"] == 1, "a finding of groups starts no run"


def test_a_model_that_cannot_be_looked_at_stops_no_other(pipeline):
    loop = pipeline("unwatchable")
    loop.put_text("model: [")
    look(loop)


def failing(loop):
    """Run the monitoring once; how it failed."""
    arn = loop.sfn.start_execution(stateMachineArn=loop.aws.outputs["Monitoring"], input="{}")["executionArn"]
    return loop.aws.wait_until(lambda: (found := loop.sfn.describe_execution(executionArn=arn))["status"] == "FAILED" and found,
                               what="the monitoring to fail")


def test_a_monitoring_that_sees_no_model_tells_people(standin):
    standin.aws.fail_call("Invoke", error="ResourceNotFoundException", status=404, message="gone, by the test", match='"step": "models"')
    assert failing(standin)["error"] == "Pawl.MonitoringFailed"
    told = [notice["Message"] for notice in standin.notices() if notice["Subject"] == "Pawl: the monitoring is blind"]
    assert len(told) == 1 and "gone, by the test" in told[0]


def test_news_that_cannot_be_told_stop_no_other_look(pipeline):
    loop = pipeline("unheeded")
    loop.put_pipeline()
    loop.aws.fail_call("Invoke", error="ResourceNotFoundException", status=404, match='"step": "look", "model": "unheeded"')
    loop.aws.fail_call("Publish", times=4, error="AuthorizationError", status=403, match="unheeded+could+not+be+looked+at")
    failed = failing(loop)
    assert (failed["error"], failed["cause"]) == (
        "Pawl.MonitoringFailed", "News could not be told, of so many models: 1. Their looks hold it.")
    assert [fault for fault in loop.aws.pending_faults() if "unheeded" in fault["match"]] == []
