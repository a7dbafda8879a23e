"""Which month's challenger wins? An oracle that knows nothing of the gate's code, only of its rules.

The year before arrives at once: its last month is the holdout of the first champion. Then each month arrives alone:
the challenger learns from every accepted month before it, and both models are judged on it. A challenger wins when
McNemar's mid-p on accuracy or DeLong's test on AUC is significant in its favour (Holm over the two, 5 %), neither is
significant against it, and both guards hold: Tango's accuracy margin of 2 points, DeLong's AUC margin of 0.01.

Models are the example container's; the statistics are scipy's. Run it on UCI's file: bike_study.py hour.csv
"""

import csv
import io
import json
import math
import sys
from pathlib import Path

CONTAINER = Path(__file__).resolve().parents[2] / "examples" / "bike-demand" / "container"
sys.path.insert(0, str(CONTAINER))

import numpy as np  # noqa: E402
from model import Encoder, Model, Settings, fit  # noqa: E402
from scipy.stats import binom, norm, rankdata  # noqa: E402

ALPHA, ACCURACY_MARGIN, AUC_MARGIN = 0.05, 0.02, 0.01

# The example's own: what its pipeline.yaml says.
SETTINGS = {
    "label": "cnt",
    "label_at_least": "260",
    "features": "season,yr,mnth,hr,holiday,weekday,workingday,weathersit,temp,atemp,hum,windspeed",
    "rounds": "300",
    "learning_rate": "0.05",
    "leaves": "15",
}


def mcnemar_midp(b, c):
    """Two-sided; b and c are the rows only one of the two got right."""
    if b == c:
        return 1 - 0.5 * binom.pmf(b, b + c, 0.5)
    return 2 * binom.cdf(min(b, c), b + c, 0.5) - binom.pmf(min(b, c), b + c, 0.5)


def tango(b, c, n, margin):
    """One-sided p of 'the challenger is worse by the margin or more'."""
    first, second, third = 2 * n, -b - c - (2 * n - b + c) * margin, c * margin * (1 + margin)
    q = (math.sqrt(second**2 - 4 * first * third) - second) / (2 * first)
    return norm.sf((b - c + n * margin) / math.sqrt(n * (2 * q - margin * (1 + margin))))


def delong(positive, challenger, champion):
    """(AUC of the challenger, of the champion, standard error of the difference)."""
    aucs, parts = [], []
    m, n = positive.sum(), (~positive).sum()
    for scores in (challenger, champion):
        every = rankdata(scores)
        parts.append(
            (
                (every[positive] - rankdata(scores[positive])) / n,
                1 - (every[~positive] - rankdata(scores[~positive])) / m,
            )
        )
        aucs.append(parts[-1][0].mean())
    spread = np.var(parts[0][0] - parts[1][0], ddof=1) / m + np.var(parts[0][1] - parts[1][1], ddof=1) / n
    return *aucs, math.sqrt(spread)


def judge(positive, challenger, champion):
    right, stood = (challenger >= 0.5) == positive, (champion >= 0.5) == positive
    b, c, n = int((right & ~stood).sum()), int((stood & ~right).sum()), len(positive)
    auc, auc_before, error = delong(positive, challenger, champion)
    gain = auc - auc_before
    p = {"accuracy": float(mcnemar_midp(b, c)), "auc": float(2 * norm.sf(abs(gain) / error)) if error else 1.0}
    low, high = sorted(p, key=p.get)
    holm = {low: min(1.0, 2 * p[low]), high: max(min(1.0, 2 * p[low]), p[high])}
    effect = {"accuracy": (b - c) / n, "auc": float(gain)}
    for_it = [name for name in p if holm[name] < ALPHA and effect[name] > 0]
    against = [name for name in p if holm[name] < ALPHA and effect[name] < 0]
    guards = tango(b, c, n, ACCURACY_MARGIN) < ALPHA and gain - norm.isf(ALPHA) * error > -AUC_MARGIN
    return {
        "rows": n,
        "positives": int(positive.sum()),
        "b": b,
        "c": c,
        "p": p,
        "holm": holm,
        "effect": effect,
        "accuracy": [float(stood.mean()), float(right.mean())],
        "auc": [float(auc_before), float(auc)],
        "superior": for_it,
        "worse": against,
        "guards_hold": bool(guards),
        "wins": bool(for_it and not against and guards),
    }


def learn(months, settings):
    rows = [row for month in months for row in month]
    encoder = Encoder.learn(rows, settings)
    encoded = np.array([encoder.encode(row) for row in rows])
    return Model(fit(encoded, labels(rows, settings), encoder, settings), encoder)


def labels(rows, settings):
    return np.array([float(row[settings.label]) >= settings.label_at_least for row in rows])


def walk(months, history=12, hyperparameters=SETTINGS):
    """(month, judgement) of each month after the history. `months`: accepted rows by name, oldest first."""
    settings = Settings.parse(hyperparameters)
    names = list(months)
    champion, since = learn([months[name] for name in names[: history - 1]], settings), names[history - 1]
    for position, name in enumerate(names[history:], history):
        challenger = learn([months[earlier] for earlier in names[:position]], settings)
        scores = [
            model.predict([model.encoder.encode(row) for row in months[name]]) for model in (challenger, champion)
        ]
        judgement = {"champion_of": since, **judge(labels(months[name], settings), *scores)}
        yield name, judgement
        if judgement["wins"]:
            champion, since = challenger, name


def by_month(text, bad_days=()):
    """UCI's rows by month, without the days a validation would have taken away."""
    months = {}
    for row in csv.DictReader(io.StringIO(text)):
        if row["dteday"] not in bad_days:
            months.setdefault(row["dteday"][:7], []).append(row)
    return months


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    for name, judgement in walk(by_month(Path(sys.argv[1]).read_text(encoding="utf-8"))):
        print(json.dumps({"month": name, **judgement}))


if __name__ == "__main__":
    main()
