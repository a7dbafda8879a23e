"""What a batch is compared with, part by part, and what earlier runs and the champion's training say of it."""
import csv
import io

from runs import arrive, ended, month

from loop import Traffic
from loop.story import requests

# One training is enough: what comes later is only compared. Winter is no fault to those who saw two months of spring.
ANY = {"range": {"min": -100, "max": 100}}
ONCE = {"release": {"strategy": "all_at_once"}, "decide": {"trainings_per_day": 1},
        "constraints": {"columns": {name: ANY for name in ("mnth", "season", "temp", "atemp", "hum", "windspeed")}}}


def rows(*names):
    """The rows of these months, as they were generated."""
    return [row for name in names for row in csv.DictReader(io.StringIO(month(name).decode()))]


def written(table):
    """Rows as a file."""
    out = io.StringIO()
    writer = csv.DictWriter(out, list(table[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(table)
    return out.getvalue().encode()


def promoted(loop, put):
    """The first model of this pipeline serves."""
    loop.put_pipeline()
    put()
    with Traffic(loop.aws, loop.model, requests(month("2011-05")), rate=4):
        ended(loop, 1, "promoted", "healthy")


def compared(loop, generation, *names):
    """These months arrive and are compared; the drift document."""
    arrive(loop, *names)
    ended(loop, generation, "skipped", "budget")
    return loop.evidence(generation, "drift.json")


def page(loop, generation):
    """The report of a run."""
    key = f"runs/{loop.model}/{generation:06}/report.html"
    return loop.s3.get_object(Bucket="pawl-evidence", Key=key)["Body"].read().decode()


def test_segments_history_and_importance(pipeline):
    loop = pipeline("parted", ONCE | {
        "compare": {"with": "champion", "leave_out": ["yr", "mnth", "season"], "segments": ["workingday"]},
        "drift": {"persist_windows": 2}})
    promoted(loop, lambda: arrive(loop, "2011-05", "2011-06"))
    first = compared(loop, 2, "2011-12")
    temp = [one for one in first["columns"] if one["name"] == "temp" and one["axis"] == "shape"]
    assert [one["segment"] and one["segment"]["value"] for one in temp] == [None, "0", "1"]
    # The container printed what it leans on, and the first window of a drift is a warning.
    assert first["importance"] and all(one["importance"] > 0 for one in temp)
    assert first["verdict"] == "warn" and {one["windows"] for one in temp} == {1}, first["reasons"]
    assert "Window 1 of the 2 that drift must last" in temp[0]["reason"]
    second = compared(loop, 3, "2012-01")
    temp = [one for one in second["columns"] if one["name"] == "temp" and one["axis"] == "shape"]
    assert second["verdict"] == "drift" and {one["windows"] for one in temp} == {2}, second["reasons"]
    told = page(loop, 3)
    assert "It has moved 2 runs in a row." in told and "in features that drift" in told
    assert "<code>workingday</code> is <code>0</code>" in told


def test_a_batch_meets_its_own_season(pipeline):
    loop = pipeline("seasonal", ONCE | {"compare": {"with": {"same_season": {"months": 1}}}})
    promoted(loop, lambda: arrive(loop, "2011-03", "2011-04", "2011-05", "2011-06", "2011-07"))
    drift = compared(loop, 2, "2012-05")
    assert loop.evidence(2, "reference.json")["rows"] == len(rows("2011-04", "2011-05", "2011-06"))
    season = {"same_season": {"months": 1}}
    assert drift["compared_with"] == {"earlier": {"rule": season, "objects": 3}}
    assert "3 earlier objects of the same season" in page(loop, 2) and "Wanted instead" not in page(loop, 2)
    # No winter was ever seen.
    winter = compared(loop, 3, "2012-12")
    assert winter["compared_with"] == {"champion_instead": {"champion": 1, "rule": season, "why": "none_fits"}}
    assert "the training data of the champion, run 1" in page(loop, 3)
    assert "no earlier accepted object is one" in page(loop, 3)


def test_a_day_meets_its_own_weekday(pipeline):
    loop = pipeline("weekdays", ONCE | {"compare": {"with": "same_weekday"}})

    def days(first, last):
        return [row for row in rows("2011-05", "2011-06") if first <= row["dteday"] <= last]

    def put():
        # Two Wednesdays and two Thursdays on their own, between longer files whose middle is a Thursday.
        for first, last in [("01", "10"), ("11", "11"), ("12", "12"), ("18", "18"), ("19", "19"), ("21", "31")]:
            loop.put_month(f"2011-05-{first}", written(days(f"2011-05-{first}", f"2011-05-{last}")))

    promoted(loop, put)
    loop.put_month("2011-06-01", written(days("2011-06-01", "2011-06-01")))
    ended(loop, 2, "skipped", "budget")
    wednesdays = days("2011-05-11", "2011-05-11") + days("2011-05-18", "2011-05-18")
    assert loop.evidence(2, "reference.json")["rows"] == len(wednesdays)


def test_rolling_needs_no_time(pipeline):
    loop = pipeline("recent", ONCE | {"compare": {"with": {"same_season": None, "rolling": {"objects": 1}}, "block": None},
                                       "data": {"schema": {"time": None}}})
    promoted(loop, lambda: arrive(loop, "2011-05", "2011-06"))
    compared(loop, 2, "2011-07")
    assert loop.evidence(2, "reference.json")["rows"] in (len(rows("2011-05")), len(rows("2011-06")))
    compared(loop, 3, "2011-08")
    assert loop.evidence(3, "reference.json")["rows"] == len(rows("2011-07"))


def test_rows_that_the_model_chose_are_weighed(pipeline):
    loop = pipeline("choosing", ONCE | {"feedback": {
        "selected_by": "shown", "version": "asked", "treat": "reweigh", "exploration": 0.1, "largest_weight": 8}})
    loop.put_pipeline()
    shown = {"2011-05": ["1", "0", "", "1"], "2011-06": ["1", "0", "perhaps", "0"]}
    for name, marks in shown.items():
        table = rows(name)
        for number, row in enumerate(table):
            row |= {"shown": marks[number % 4], "asked": "choosing-1"}
        loop.put_month(name, written(table))
    with Traffic(loop.aws, loop.model, requests(month("2011-05")), rate=4):
        loop.wait_closed(1)
    judged = {one["object"]["key"][-11:-4]: one for one in loop.evidence(1, "validation.json")}
    quarter = len(rows("2011-05")) // 4
    assert judged["2011-05"]["treated"] == {"selected": 2 * quarter, "explored": quarter, "unreadable": 0, "left_out": 0}
    assert judged["2011-06"]["treated"]["left_out"] == len(rows("2011-06")) // 4

    def accepted(name, ending):
        key = f"accepted/choosing/{judged[name]['object']['id']}.{ending}"
        return loop.s3.get_object(Bucket="pawl-evidence", Key=key)["Body"].read().decode()

    trains = list(csv.DictReader(io.StringIO(accepted("2011-05", "csv"))))
    assert [row["$weight"] for row in trains[:4]] == ["1", "8", "1", "1"], "one over the exploration share, clipped"
    assert len(list(csv.DictReader(io.StringIO(accepted("2011-06", "csv"))))) == len(rows("2011-06")) * 3 // 4
    assert accepted("2011-06", "jsonl").count('"asked":"choosing-1"') == len(rows("2011-06")), "the gate sees all rows"
    job = loop.sagemaker.describe_training_job(TrainingJobName=loop.evidence(1, "decision.json")["name"])
    assert job["HyperParameters"]["weight"] == "$weight"
    model = loop.sagemaker.describe_model(ModelName=job["TrainingJobName"])
    assert model["PrimaryContainer"]["Environment"] == {"PAWL_EXPLORATION": "0.1"}
