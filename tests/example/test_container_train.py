"""The training half of SageMaker's container contract."""

import csv
import io
import json

import pytest
from bike_programs import HYPERPARAMETERS, months, run_training

ONE_MONTH = months("2011-07", "2011-07")


def edited(row, column, value):
    """One month with a single value changed; `row` counts from the first line after the header."""
    table = list(csv.reader(io.StringIO(ONE_MONTH["2011-07.csv"])))
    table[row + 1][table[0].index(column)] = value
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(table)
    return {"2011-07.csv": text.getvalue()}


def test_a_job_leaves_a_model_metrics_and_importance(job):
    assert job.exit_code == 0, job.errors
    assert sorted(path.name for path in job.model.iterdir()) == ["booster.txt", "encoder.json"]
    assert {"train:logloss", "train:auc", "validation:auc", "validation:logloss", "validation:accuracy"} <= set(
        job.metrics
    )
    assert 0.9 < job.metrics["validation:auc"] <= 1
    assert 0 < job.metrics["train:logloss"] < job.metrics["validation:logloss"] < 0.6
    rows = sum(text.count("\n") - 1 for text in months("2011-03", "2011-08").values())
    assert job.metrics["train:rows"] == rows
    importance = json.loads((job.root / "output" / "data" / "importance.json").read_text(encoding="utf-8"))
    assert [row["feature"] for row in importance[:1]] == ["hr"]
    assert {row["feature"] for row in importance} == set(HYPERPARAMETERS["features"].split(","))
    assert {f"importance:{row['feature']}": row["gain"] for row in importance}.items() <= job.metrics.items()
    assert not (job.root / "output" / "failure").exists()


def test_the_same_data_and_seed_give_the_same_bytes_however_the_hyperparameters_arrive(tmp_path):
    jobs = [run_training(tmp_path / how, ONE_MONTH, HYPERPARAMETERS, how) for how in ("SM_HPS", "SM_HP", "file")]
    assert [job.exit_code for job in jobs] == [0, 0, 0], jobs[0].errors
    files = [{path.name: path.read_bytes() for path in job.model.iterdir()} for job in jobs]
    assert files[0] == files[1] == files[2]
    assert jobs[0].output == jobs[1].output == jobs[2].output


def weighed(weight):
    """One month with a column of weights; `weight` takes the label and the row's number."""
    table = list(csv.DictReader(io.StringIO(ONE_MONTH["2011-07.csv"])))
    text = io.StringIO()
    writer = csv.DictWriter(text, [*table[0], "$weight"], lineterminator="\n")
    writer.writeheader()
    writer.writerows(row | {"$weight": weight(int(row["cnt"]), number)} for number, row in enumerate(table))
    return {"2011-07.csv": text.getvalue()}


def test_weights_count_where_they_are_asked_for(tmp_path):
    asked = HYPERPARAMETERS | {"weight": "$weight"}
    # Busy hours count twenty times: the model thinks more of them.
    files = weighed(lambda count, _: 20 if count >= 260 else 1)
    plain = run_training(tmp_path / "plain", files, HYPERPARAMETERS)
    heavy = run_training(tmp_path / "heavy", files, asked)
    assert (plain.exit_code, heavy.exit_code) == (0, 0), heavy.errors
    assert plain.metrics["train:rows"] == heavy.metrics["train:rows"]
    assert heavy.metrics["train:logloss"] > plain.metrics["train:logloss"], "it no longer fits the plain rows best"
    # An older file has no weights.
    without = run_training(tmp_path / "without", ONE_MONTH, asked)
    assert without.exit_code == 0 and without.metrics == plain.metrics
    bad = run_training(tmp_path / "bad", weighed(lambda _, number: "much" if number == 7 else 1), asked)
    assert bad.exit_code == 1 and "line 9: 'much' is not a finite number" in bad.failure


def test_metrics_agree_with_scikit_learn():
    metrics = pytest.importorskip("sklearn.metrics")
    import importlib.machinery
    import importlib.util

    import numpy as np
    from bike_programs import CONTAINER

    loader = importlib.machinery.SourceFileLoader("train_program", str(CONTAINER / "train"))
    program = importlib.util.module_from_spec(importlib.util.spec_from_loader("train_program", loader))
    loader.exec_module(program)
    stream = np.random.default_rng(5)
    labels = (stream.random(500) < 0.3).astype(np.int8)
    scores = np.round(np.clip(0.3 + 0.25 * labels + stream.normal(0, 0.2, 500), 0.01, 0.99), 2)  # with ties
    ours = program.metrics(labels, scores)
    assert ours["auc"] == pytest.approx(metrics.roc_auc_score(labels, scores), abs=1e-12)
    assert ours["logloss"] == pytest.approx(metrics.log_loss(labels, scores), abs=1e-12)
    assert ours["accuracy"] == pytest.approx(metrics.accuracy_score(labels, scores >= 0.5), abs=1e-12)
    assert np.isnan(program.metrics(np.ones(3, dtype=np.int8), np.array([0.1, 0.2, 0.3]))["auc"])


@pytest.mark.parametrize(
    ("files", "changes", "reason"),
    [
        ({}, {}, "no *.csv file"),
        ({"empty.csv": ""}, {}, "empty.csv has no column cnt"),
        ({"a.csv": ONE_MONTH["2011-07.csv"].replace("temp,", "temperature,", 1)}, {}, "a.csv has no column temp"),
        (edited(4, "hum", "n/a"), {}, "feature hum: 'n/a' is not a finite number"),
        (edited(4, "hum", "inf"), {}, "feature hum: 'inf' is not a finite number"),
        (
            {"a.csv": ONE_MONTH["2011-07.csv"] + "1,2\n"},
            {},
            "a.csv, line 746: the row does not have the header's 17 fields",
        ),
        (edited(4, "cnt", ""), {}, "2011-07.csv, line 6: label cnt has no value"),
        (edited(4, "cnt", "many"), {}, "2011-07.csv, line 6: 'many' is not a finite number"),
        (edited(4, "hum", ""), {"missing": "error"}, "feature hum has no value"),
        (ONE_MONTH, {"label_at_least": "1000000"}, "not both classes"),
        (ONE_MONTH, {"label_at_least": None}, "hyperparameter label_at_least = None cannot be read"),
        (ONE_MONTH, {"label": "hr", "features": "temp", "label_at_least": "-1"}, "not both classes"),
        (ONE_MONTH, {"features": ""}, "hyperparameter features is missing"),
        (ONE_MONTH, {"features": "temp,temp"}, "names no column twice"),
        (ONE_MONTH, {"features": "temp,cnt"}, "does not contain the label"),
        (ONE_MONTH, {"categorical": '["casual"]'}, "names features only"),
        (ONE_MONTH, {"rounds": "0"}, "hyperparameter rounds = 0"),
        (ONE_MONTH, {"rounds": "ten"}, "hyperparameter rounds = 'ten' cannot be read"),
        (ONE_MONTH, {"learning_rate": "nan"}, "hyperparameter learning_rate = nan"),
        (ONE_MONTH, {"missing": "ignore"}, "is impute or error"),
        (ONE_MONTH, {"lerning_rate": "0.1"}, "hyperparameter 'lerning_rate' is unknown"),
    ],
)
def test_a_failing_job_says_why(tmp_path, files, changes, reason):
    job = run_training(tmp_path / "job", files, {**HYPERPARAMETERS, **changes})
    assert job.exit_code == 1
    assert reason in job.failure and reason in job.errors
    assert not job.model.exists()


def test_a_label_of_zero_and_one_needs_no_threshold(tmp_path):
    settings = {"label": "workingday", "features": "hr,weekday", "rounds": "5"}
    job = run_training(tmp_path / "job", ONE_MONTH, settings)
    assert job.exit_code == 0, job.errors


def test_a_label_of_other_numbers_asks_for_a_threshold(tmp_path):
    job = run_training(tmp_path / "job", ONE_MONTH, {"label": "cnt", "features": "hr,temp"})
    assert job.exit_code == 1
    assert "set label_at_least" in job.failure


def test_missing_values_are_filled_and_saved_with_the_model(tmp_path):
    job = run_training(tmp_path / "job", edited(4, "hum", ""), {**HYPERPARAMETERS, "categorical": "weathersit"})
    assert job.exit_code == 0, job.errors
    encoder = json.loads((job.model / "encoder.json").read_text(encoding="utf-8"))
    assert 0.3 < encoder["fill"]["hum"] < 0.9
    assert encoder["categories"]["weathersit"][0] == "1" == encoder["fill"]["weathersit"]
