"""Golden values for fairness: every group's share of the selected against the most selected group's.

Run with the venv's python; writes fairness.json beside this file. Deterministic: the seed is fixed. The ratio is written out here
row by row, as the EEOC's four-fifths rule states it (29 CFR 1607.4 D). Where Fairlearn is installed its `demographic_parity_ratio`,
the smallest ratio of all, must be the same.
"""

import json
from pathlib import Path

import numpy as np

try:
    from fairlearn.metrics import demographic_parity_ratio
except ImportError:
    demographic_parity_ratio = None

rng = np.random.default_rng(20261201)


def ratios(selected, group):
    """Each group's share of the selected over that of the most selected of the other groups."""
    share = {name: sum(s for s, g in zip(selected, group) if g == name) / group.count(name) for name in sorted(set(group))}
    return {name: share[name] / max(of for other, of in share.items() if other != name) for name in share}


def cases():
    for shares in ({"a": (0.5, 0.5), "b": (0.49, 0.31), "c": (0.45, 0.44)}, {"x": (0.6, 0.3), "y": (0.3, 0.6)},
                   {"k": (0.2, 0.25), "l": (0.22, 0.2), "m": (0.21, 0.4), "n": (0.5, 0.39)}):
        group = [str(name) for name in rng.choice(list(shares), 900)]
        label = [int(x) for x in rng.random(900) < 0.5]
        scores = [[round(0.5 * float(rng.random()) + 0.5 * (rng.random() < shares[name][model]), 6) for name in group]
                  for model in (0, 1)]
        found = [ratios([s >= 0.5 for s in of], group) for of in scores]
        if demographic_parity_ratio:
            for of, own in zip(scores, found):
                selected = [int(s >= 0.5) for s in of]
                assert abs(demographic_parity_ratio(label, selected, sensitive_features=group) - min(own.values())) < 1e-12
        yield {"group": group, "label": label, "champion": scores[0], "challenger": scores[1], "ratios": found}


Path(__file__).with_suffix(".json").write_text(json.dumps(list(cases())) + "\n")
