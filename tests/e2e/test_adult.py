"""The gate on real people: UCI Adult, both models trained here.

A challenger that also learns from marital status and relationship ranks better and is right more often;
it also selects women less often, which the gate must not let pass.
"""

import csv
import json
import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT.parent / "shared" / "data" / "uci-adult"
NAMES = (
    "age workclass fnlwgt education education_num marital_status occupation relationship race sex "
    "capital_gain capital_loss hours_per_week native_country income"
).split()
CHAMPION = ["age", "workclass", "education_num", "occupation", "hours_per_week", "capital_gain", "capital_loss"]
CHALLENGER = CHAMPION + ["marital_status", "relationship"]


def pawl() -> Path:
    """The command under test: $PAWL, or the newest build."""
    if "PAWL" in os.environ:
        return Path(os.environ["PAWL"])
    built = [ROOT / "target" / kind / "pawl" for kind in ("release", "debug")]
    found = [path for path in built if path.exists()]
    assert found, "build the command first: cargo build -p pawl-cli"
    return max(found, key=lambda path: path.stat().st_mtime)


def rows(name):
    with open(DATA / name, newline="") as file:
        for record in csv.reader(file, skipinitialspace=True):
            if len(record) == len(NAMES):
                yield dict(zip(NAMES, record))


@pytest.fixture(scope="module")
def predictions(tmp_path_factory):
    """A file with both models' scores on adult.test."""
    if not DATA.exists():
        print("skipped: ../shared is absent")
        pytest.skip("../shared is absent")
    import numpy as np
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.preprocessing import OrdinalEncoder

    train, test = list(rows("adult.data")), list(rows("adult.test"))
    assert (len(train), len(test)) == (32_561, 16_281)
    label = lambda people: np.array([p["income"].startswith(">50K") for p in people], dtype=int)
    scores = {}
    for model, features in (("champion", CHAMPION), ("challenger", CHALLENGER)):
        table = lambda people: [[p[f] for f in features] for p in people]
        encoder = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
        numeric = [f in ("age", "education_num", "hours_per_week", "capital_gain", "capital_loss") for f in features]

        def encode(people, fit=False):
            raw = np.array(table(people), dtype=object)
            words = raw[:, [i for i, n in enumerate(numeric) if not n]]
            words = encoder.fit_transform(words) if fit else encoder.transform(words)
            return np.hstack([raw[:, [i for i, n in enumerate(numeric) if n]].astype(float), words])

        fitted = HistGradientBoostingClassifier(random_state=7, max_iter=150).fit(encode(train, fit=True), label(train))
        scores[model] = fitted.predict_proba(encode(test))[:, 1]
    path = tmp_path_factory.mktemp("adult") / "predictions.csv"
    with open(path, "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["label", "champion", "challenger", "sex", "race"])
        people = zip(test, label(test), scores["champion"], scores["challenger"])
        writer.writerows([y, repr(float(a)), repr(float(b)), p["sex"], p["race"]] for p, y, a, b in people)
    return path


def judge(path, *arguments):
    command = [pawl(), "judge", path, "--label", "label", "--champion", "champion", "--challenger", "challenger"]
    done = subprocess.run([*command, "--json", *arguments], capture_output=True, text=True)
    assert done.stderr == ""
    return done.returncode, json.loads(done.stdout)


def test_the_challenger_wins_where_nobody_asks_about_fairness(predictions):
    code, judgement = judge(predictions)
    assert (code, judgement["verdict"]) == (0, "promote")
    for name in ("delong", "mcnemar_mid_p"):
        test = next(t for t in judgement["tests"] if t["name"] == name)
        assert test["p_value"] < 1e-6 and test["interval"][0] > 0, test


def test_the_selection_ratio_blocks_it(predictions):
    code, judgement = judge(predictions, "--group", "sex")
    assert (code, judgement["verdict"]) == (1, "reject")
    first = judgement["reasons"][0]
    assert (first["check"], first["code"]) == ("fairness:sex:DI", "fairness_broken")
    sex = judgement["fairness"]["sex"]
    assert sex["disadvantaged"] == "Female"
    ratio = sex["DI"]
    assert ratio["challenger"] < ratio["champion"] < 0.8
    assert ratio["interval"][1] < 0 and ratio["change"] < 0
    # It wins in everything else: without the rule it would be promoted.
    assert {r["code"] for r in judgement["reasons"][1:]} <= {"superior", "non_inferior", "defaults_chosen"}


def test_the_numbers_are_scikit_learns(predictions):
    import numpy as np
    from sklearn.metrics import accuracy_score, brier_score_loss, f1_score, log_loss, roc_auc_score

    with open(predictions) as file:
        table = list(csv.DictReader(file))
    y = np.array([int(r["label"]) for r in table])
    _, judgement = judge(predictions, "--group", "sex", "--group", "race")
    for model in ("champion", "challenger"):
        score = np.array([float(r[model]) for r in table])
        found = judgement["metrics"][model]
        expected = {
            "auc": roc_auc_score(y, score),
            "accuracy": accuracy_score(y, score >= 0.5),
            "f1": f1_score(y, score >= 0.5),
            "log_loss": log_loss(y, score),
            "brier": brier_score_loss(y, score),
        }
        for metric, value in expected.items():
            assert found[metric] == pytest.approx(value, rel=1e-12), (model, metric)
        women = np.array([r["sex"] == "Female" for r in table])
        chosen = score >= 0.5
        assert judgement["fairness"]["sex"]["DI"][model] == pytest.approx(chosen[women].mean() / chosen[~women].mean())
    assert set(judgement["fairness"]["race"]["groups"]) == {
        "White", "Black", "Asian-Pac-Islander", "Amer-Indian-Eskimo", "Other",
    }
