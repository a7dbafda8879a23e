"""Golden values for groups in production: Clarify's measures of live rows with always-valid intervals.

Run with the venv's python; writes groups.json beside this file. Deterministic: the seed is fixed. Every measure is written out row by
row by the formulas of Clarify's documentation
(https://docs.aws.amazon.com/sagemaker/latest/dg/clarify-measure-post-training-bias.html), the interval of each share by its definition
(beta-binomial mixture under Jeffreys' prior, from scipy) at the level over the number of shares.
"""

import json
from pathlib import Path

import numpy as np
from scipy import optimize, stats

rng = np.random.default_rng(20261201)
ALPHA, SHARES = 0.05, 6


def cs(hits, n, alpha):
    """All shares p at which the bet, a beta-binomial likelihood over p's own, has not reached 1 / alpha."""
    def surplus(p):
        own = stats.binom.logpmf(hits, n, p)
        return stats.betabinom.logpmf(hits, n, 0.5, 0.5) - own + np.log(alpha)

    share = hits / n
    low = optimize.brentq(surplus, 1e-12, share, xtol=1e-15, rtol=1e-14) if hits else 0.0
    high = optimize.brentq(surplus, share, 1 - 1e-12, xtol=1e-15, rtol=1e-14) if hits < n else 1.0
    return low, high


def counted(rows, group, among, hit):
    """So many rows of a group, among those of a kind, that are hits."""
    kind = [r for r in rows if r["group"] == group and among(r)]
    return sum(1 for r in kind if hit(r)), len(kind)


# Each measure by the share that it compares, and how: q of the advantaged a and the disadvantaged d.
YES, NO = (lambda r: r["said"]), (lambda r: not r["said"])
POSITIVE, NEGATIVE = (lambda r: r["label"] == 1), (lambda r: r["label"] == 0)
ALL, RIGHT = (lambda r: True), (lambda r: r["said"] == (r["label"] == 1))
MEASURES = {
    "DPPL": (ALL, YES, "a-d"), "DI": (ALL, YES, "d/a"), "RD": (POSITIVE, YES, "a-d"), "SD": (NEGATIVE, NO, "d-a"),
    "DAR": (YES, POSITIVE, "a-d"), "DRR": (NO, NEGATIVE, "d-a"), "AD": (ALL, RIGHT, "a-d"),
}
HOW = {"a-d": lambda a, d: a - d, "d-a": lambda a, d: d - a, "d/a": lambda a, d: d / a}


def extremes(how, a, d):
    """All corners of the box of both shares: each measure is monotonous in both."""
    corners = [HOW[how](x, y) for x in a for y in d if not (how == "d/a" and x == 0)]
    return None if how == "d/a" and a[0] == 0 else [min(corners), max(corners)]


def rows(n, shares):
    """Rows of groups with a score and a label; `shares` gives each group's chance of yes and of being right."""
    names = list(shares)
    out = []
    for _ in range(n):
        group = names[rng.integers(len(names))]
        yes, right = shares[group]
        said = bool(rng.random() < yes)
        label = int(said) if rng.random() < right else 1 - int(said)
        score = round(float(0.3 + 0.7 * rng.random() if said else 0.3 * rng.random()), 3)
        out.append({"group": group, "score": score, "said": score >= 0.3, "label": label})
    return out


def case(holdout, live):
    names = sorted({r["group"] for r in holdout})
    share = {name: np.divide(*counted(holdout, name, ALL, YES)) for name in names}
    reference = max(names, key=lambda name: share[name])
    level = ALPHA / (SHARES * len(names))
    measures = []
    for name in names:
        if name == reference:
            continue
        for measure, (among, hit, how) in MEASURES.items():
            then = [np.divide(*counted(holdout, side, among, hit)) for side in (reference, name)]
            now = [counted(live, side, among, hit) for side in (reference, name)]
            measures.append({
                "group": name, "measure": measure, "holdout": HOW[how](*then),
                "value": HOW[how](*[np.divide(*side) for side in now]),
                "interval": extremes(how, *[cs(*side, level) for side in now]),
            })
    plain = [[[r["group"], r["score"], r["label"]] for r in part] for part in (holdout, live)]
    return {"holdout": plain[0], "live": plain[1], "reference": reference, "share_alpha": level, "measures": measures}


FAIR = {"f": (0.45, 0.8), "m": (0.5, 0.82)}
cases = [
    case(rows(800, FAIR), rows(900, {"f": (0.2, 0.7), "m": (0.5, 0.8)})),
    case(rows(1500, {"a": (0.6, 0.9), "b": (0.3, 0.6), "c": (0.1, 0.9)}), rows(1200, {"a": (0.1, 0.9), "b": (0.5, 0.7), "c": (0.1, 0.6)})),
]
intervals = [[hits, rows, level, *cs(hits, rows, level)] for hits, rows, level in
             [(0, 30, 0.05), (30, 30, 0.05), (7, 30, 0.05), (3, 1000, 0.05 / 12), (400, 1000, 0.05 / 120), (123_456, 1_000_000, 0.01)]]
Path(__file__).with_suffix(".json").write_text(json.dumps({"cases": cases, "intervals": intervals}, separators=(",", ":")) + "\n")
