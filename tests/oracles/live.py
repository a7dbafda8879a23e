"""Golden values for the live quality of several classes, from scikit-learn.

Run with the venv's python; writes live.json beside this file. Deterministic: the seed is fixed. The always-valid interval is written
out from its formula (Waudby-Smith and others), calibration and the estimate without truth by numpy.
"""

import json
from pathlib import Path

import numpy as np
from sklearn.metrics import accuracy_score, brier_score_loss, log_loss, roc_auc_score

rng = np.random.default_rng(20261121)
BINS, ALPHA, TUNED_FOR = 10, 0.05, 5000


def place(p):
    return np.minimum((p * BINS).astype(int), BINS - 1)


def interval(right, n):
    """One right and one wrong answer more, as a perfect record is not certainty."""
    share, smoothed = right / n, (right + 1) / (n + 2)
    rho2 = (-2 * np.log(ALPHA) + np.log(1 - 2 * np.log(ALPHA))) / TUNED_FOR
    spread = n * rho2
    half = np.sqrt(smoothed * (1 - smoothed)) * np.sqrt(
        2 * (spread + 1) * np.log(np.sqrt(spread + 1) / ALPHA) / (n**2 * rho2))
    return [max(0.0, share - half), min(1.0, share + half)]


def sample(n, classes, skill):
    """Probabilities that favour the truth by `skill`, to six digits, and the truths."""
    y = rng.integers(0, classes, n)
    y[:classes] = np.arange(classes)
    logits = rng.normal(0, 1, (n, classes)) + skill * np.eye(classes)[y]
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    p = np.round(p, 6)
    p[:, -1] = np.round(1 - p[:, :-1].sum(axis=1), 6).clip(0)
    return p, y


def case(n, names, skill, held_rows):
    classes = len(names)
    p, y = sample(n, classes, skill)
    q = p / p.sum(axis=1, keepdims=True)
    chosen, top = q.argmax(axis=1), q.max(axis=1)
    right = chosen == y
    # Scores within a thousandth are ties.
    steps = np.minimum((q * 1000).astype(int), 999)
    # The champion's holdout, and how often answers as sure as these were right on it.
    held, truth = sample(held_rows, classes, skill)
    held_q = held / held.sum(axis=1, keepdims=True)
    held_right, held_bin = held_q.argmax(axis=1) == truth, place(held_q.max(axis=1))
    rate = {b: held_right[held_bin == b].mean() for b in np.unique(held_bin)}
    ece = sum(abs((top[place(top) == b] - right[place(top) == b]).sum()) for b in np.unique(place(top))) / n
    estimates = [rate.get(b) for b in place(top)]
    return {
        "classes": names, "probabilities": p.tolist(), "truth": [names[k] for k in y],
        "held": held.tolist(), "held_truth": [names[k] for k in truth],
        "accuracy": accuracy_score(y, chosen), "interval": interval(int(right.sum()), n),
        "log_loss": log_loss(y, q, labels=range(classes)),
        "brier": brier_score_loss(y, q, labels=range(classes), scale_by_half=False),
        "auc": np.mean([roc_auc_score(y == k, steps[:, k]) for k in range(classes)]),
        "calibration_error": ece,
        "estimate": None if None in estimates else float(np.mean(estimates)),
    }


cases = [
    case(40, ["owl", "hawk"], 1.0, 120),
    case(300, ["owl", "hawk, grey", "2"], 2.0, 900),
    case(250, ["0", "1", "2", "3"], 0.5, 750),
    # Too small a holdout to have seen every such answer.
    case(60, [f"class {k}" for k in range(12)], 3.0, 13),
]
# The areas by scikit-learn's own macro average, where nothing ties within a thousandth.
p, y = sample(200, 3, 1.0)
assert abs(roc_auc_score(y, p / p.sum(axis=1, keepdims=True), multi_class="ovr")
           - np.mean([roc_auc_score(y == k, p[:, k]) for k in range(3)])) < 1e-4
assert [one["estimate"] is None for one in cases] == [False, False, False, True]
Path(__file__).with_suffix(".json").write_text(json.dumps({"cases": cases}, separators=(",", ":")) + "\n")
