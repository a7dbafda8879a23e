"""Golden values for the gate's statistics, from scipy, statsmodels and scikit-learn.

Run with the venv's python; writes gate.json beside this file. Deterministic: the seed is fixed. What no
library offers for paired data is written out here from its definition, independently of the Rust code:
DeLong by comparing all pairs, Tango by maximising the likelihood, BCa and Diebold-Mariano by their formulas.
"""

import json
from pathlib import Path

import numpy as np
from scipy import optimize, special, stats
from sklearn.metrics import accuracy_score, average_precision_score, balanced_accuracy_score, brier_score_loss
from sklearn.metrics import f1_score, log_loss, matthews_corrcoef, mean_absolute_error, mean_squared_error
from sklearn.metrics import precision_score, r2_score, recall_score, roc_auc_score
from sklearn.neighbors import KNeighborsClassifier
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

from gate_exact import exact_and_mid

rng = np.random.default_rng(20261121)


def number(x):
    """JSON has no NaN."""
    return None if x is None or not np.isfinite(x) else float(x)


def mcnemar_cases():
    for b, c in [(0, 0), (1, 0), (0, 1), (3, 3), (1, 7), (12, 5), (150, 86), (700, 640), (5000, 5203)]:
        table = [[0, c], [b, 0]]
        exact, mid = exact_and_mid(b, c)
        library = mcnemar(table, exact=True).pvalue
        assert abs(exact - library) <= 1e-9 * exact, (b, c, exact, library)
        chi = mcnemar(table, exact=False, correction=False) if b + c else None
        yield {
            "b": b, "c": c, "exact": exact, "mid_p": 1.0 if b + c == 0 else mid,
            "chi_squared": chi and number(chi.statistic),
        }


def binomial_cases():
    for n, k in [(10, 3), (1000, 470), (99_999, 49_700), (1_000_000, 499_000), (10_000_000, 4_997_000)]:
        yield {"n": n, "k": k, "cdf": stats.binom.cdf(k, n, 0.5), "pmf": stats.binom.pmf(k, n, 0.5)}


def tango_z(b, c, n, delta):
    """The score statistic with the nuisance parameter found by maximising the likelihood."""
    low, high = max(0.0, -delta), (1 - delta) / 2

    def loss(q):
        return -(special.xlogy(b, q + delta) + special.xlogy(c, q) + special.xlogy(n - b - c, 1 - 2 * q - delta))

    q = optimize.minimize_scalar(loss, bounds=(low, high), method="bounded", options={"xatol": 1e-14}).x
    return (b - c - n * delta) / np.sqrt(n * (2 * q + delta * (1 - delta)))


def tango_cases():
    for b, c, n, delta in [(1, 7, 21, -0.1), (30, 40, 2000, -0.01), (30, 40, 2000, -0.02), (5, 2, 60, 0.05),
                           (400, 380, 10_000, -0.005), (9, 1, 40, -0.2)]:
        yield {"b": b, "c": c, "n": n, "delta": delta, "z": tango_z(b, c, n, delta)}


def delong_case(scores_a, scores_b, y):
    """Every pair compared; covariance of placements by numpy."""
    place = []
    for s in (scores_a, scores_b):
        wins = (s[y == 1][:, None] > s[y == 0][None, :]) + 0.5 * (s[y == 1][:, None] == s[y == 0][None, :])
        place.append((wins.mean(), wins.mean(axis=1), wins.mean(axis=0)))
    assert abs(place[0][0] - roc_auc_score(y, scores_a)) < 1e-12
    cov = np.cov([p[1] for p in place]) / (y == 1).sum() + np.cov([p[2] for p in place]) / (y == 0).sum()
    variance = cov[0, 0] + cov[1, 1] - 2 * cov[0, 1]
    return place[0][0], place[1][0], cov[0, 0], cov[1, 1], variance


def calibration_error(y, s, bins=15):
    """Root of the mean squared gap of score and label over bins of equal width, from pairs of different rows (Kumar,
    Liang and Ma 2019 take the variance of the labels off instead); bins of one row have no pair."""
    place = np.minimum((s * bins).astype(int), bins - 1)
    total, rows = 0.0, 0
    for b in np.unique(place):
        gap = (s - y)[place == b]
        if len(gap) > 1:
            products = np.outer(gap, gap)[~np.eye(len(gap), dtype=bool)]
            total, rows = total + products.mean() * len(gap), rows + len(gap)
    return np.sqrt(max(total / rows, 0.0))


def jackknife_cases():
    """Ratios of sums over blocks, from all of them and without each; the degrees of freedom by O'Neill (2014), or by
    Bell and McCaffrey (2002) where those are fewer."""
    for blocks, heavy in [(10, False), (12, True), (40, False), (300, True)]:
        rows = rng.integers(5, 60, blocks).astype(float)
        sums = rng.normal(0.1, 1.0, blocks) * rows * (rng.exponential(2.0, blocks) if heavy else 1.0)
        estimate = sums.sum() / rows.sum()
        without = np.array([np.delete(sums, i).sum() / np.delete(rows, i).sum() for i in range(blocks)])
        error = np.sqrt((blocks - 1) ** 2 / blocks * without.var(ddof=1))
        freedom = 2 * blocks / (stats.kurtosis(without, fisher=False) - (blocks - 3) / (blocks - 1))
        weights = rows / rows.sum()
        scale = np.diag((weights / (1 - weights)) ** 2)
        centred = np.eye(blocks) - weights
        law = scale @ centred @ centred.T
        by_sizes = np.trace(law) ** 2 / np.trace(law @ law)
        freedom = min(freedom if freedom > 0 else blocks, by_sizes, blocks - 1)
        law = stats.t(max(freedom, 1), loc=0, scale=1)
        half = law.ppf(0.975) * error
        yield {"blocks": np.stack([sums, rows], 1).tolist(), "estimate": estimate, "error": error,
               "freedom": max(freedom, 1), "p_value": 2 * law.sf(abs(estimate / error)),
               "interval": [estimate - half, estimate + half]}


def row_cases():
    shapes = [(40, 0.5, None), (300, 0.3, None), (300, 0.3, 5), (25, 0.2, 3), (500, 0.05, 20), (60, 0.5, 1)]
    for n, share, levels in shapes:
        y = (rng.random(n) < share).astype(int)
        y[:2], y[2:4] = 1, 0
        old = np.clip(0.35 * y + rng.random(n) * 0.6, 0, 1)
        new = np.clip(0.4 * y + rng.random(n) * 0.55, 0, 1)
        if levels == 1:
            old[:], new[:] = 0.5, 0.5
        elif levels:
            old, new = np.round(old * levels) / levels, np.round(new * levels) / levels
        auc_old, auc_new, var_old, var_new, variance = delong_case(old, new, y)
        loss = lambda s: -np.log(np.clip(np.where(y == 1, s, 1 - s), np.finfo(float).eps, None))
        t = stats.ttest_rel(loss(new), loss(old))
        interval = t.confidence_interval(0.95)
        yield {
            "label": y.tolist(), "champion": old.tolist(), "challenger": new.tolist(),
            "auc": [auc_old, auc_new], "auc_variance": [var_old, var_new], "difference_variance": variance,
            "accuracy": [accuracy_score(y, s >= 0.5) for s in (old, new)],
            "precision": [number(precision_score(y, s >= 0.5, zero_division=np.nan)) for s in (old, new)],
            "recall": [recall_score(y, s >= 0.5) for s in (old, new)],
            "f1": [f1_score(y, s >= 0.5) for s in (old, new)],
            "log_loss": [log_loss(y, s) for s in (old, new)],
            "brier": [brier_score_loss(y, s) for s in (old, new)],
            "average_precision": [average_precision_score(y, s) for s in (old, new)],
            "balanced_accuracy": [balanced_accuracy_score(y, s >= 0.5) for s in (old, new)],
            # The library writes 0 where the correlation is undefined.
            "mcc": [number(matthews_corrcoef(y, s >= 0.5)) if 0 < (s >= 0.5).sum() < n else None for s in (old, new)],
            "calibration_error": [calibration_error(y, s) for s in (old, new)],
            "t": number(t.statistic), "t_p": number(t.pvalue), "t_interval": [number(interval.low), number(interval.high)],
        }


def wilcoxon_cases():
    for n, ties in [(5, False), (15, False), (50, False), (51, False), (400, False), (40, True), (2000, True)]:
        d = rng.normal(0.2, 1.0, n)
        if ties:
            d = np.round(d * 4) / 4
        kept = d[d != 0]
        tied = len(np.unique(np.abs(kept))) < len(kept)
        method = "exact" if len(kept) <= 50 and not tied else "asymptotic"
        found = stats.wilcoxon(kept, method=method, correction=False)
        yield {"differences": d.tolist(), "statistic": found.statistic, "p_value": found.pvalue}


def diebold_mariano_cases():
    for n, horizon in [(20, 1), (50, 3), (200, 5)]:
        d = rng.normal(0.1, 1.0, n)
        for lag in range(1, n):
            d[lag] += 0.4 * d[lag - 1]
        centred = d - d.mean()
        gamma = [np.dot(centred[lag:], centred[: n - lag]) / n for lag in range(horizon)]
        variance = (gamma[0] + 2 * sum(gamma[1:])) / n
        factor = np.sqrt((n + 1 - 2 * horizon + horizon * (horizon - 1) / n) / n)
        statistic = factor * d.mean() / np.sqrt(variance)
        half = stats.t.ppf(0.975, n - 1) * d.mean() / statistic
        yield {"differences": d.tolist(), "horizon": horizon, "statistic": statistic,
               "p_value": 2 * stats.t.sf(abs(statistic), n - 1), "interval": [d.mean() - half, d.mean() + half]}


def bca_cases():
    for skew in (0.0, 1.0):
        sample = rng.gamma(2.0, size=60) if skew else rng.normal(0.4, 1.0, 60)
        estimate = sample.mean() - 1.5 * skew
        replicates = np.array([rng.choice(sample, 60).mean() - 1.5 * skew for _ in range(1999)])
        jackknife = np.array([np.delete(sample, i).mean() - 1.5 * skew for i in range(60)])
        bias = stats.norm.ppf(((replicates < estimate).mean() + (replicates <= estimate).mean()) / 2)
        d = jackknife.mean() - jackknife
        acceleration = (d**3).sum() / (6 * (d**2).sum() ** 1.5)
        ends = []
        for z in stats.norm.ppf([0.025, 0.975]):
            level = stats.norm.cdf(bias + (bias + z) / (1 - acceleration * (bias + z)))
            ends.append(np.quantile(replicates, level))
        yield {"estimate": estimate, "replicates": replicates.tolist(), "jackknife": jackknife.tolist(), "interval": ends}


def sequential_cases():
    for b, c, k in [(70, 30, 1), (60, 40, 1), (7, 1, 1), (0, 0, 20), (530, 470, 20), (10, 200, 20), (51_000, 49_000, 20)]:
        ln = ((b + c + 1) * np.log(2) + special.betaln(b + k, c + k) - special.betaln(k, k)
              + np.log(special.betainc(c + k, b + k, 0.5)))
        yield {"b": b, "c": c, "prior": k, "ln_evidence": ln}


def proportion_cases():
    for hits, trials in [(0, 10), (3, 300), (56, 70), (10, 10), (4_000, 900_000)]:
        yield {"hits": hits, "trials": trials,
               "wilson": list(proportion_confint(hits, trials, alpha=0.05, method="wilson"))}


def holm_cases():
    for size in (1, 2, 4, 9):
        p = np.round(rng.random(size) ** 3, 4)
        yield {"p_values": p.tolist(), "adjusted": multipletests(p, method="holm")[1].tolist()}


def student_cases():
    """n values, half of them a + 1, half a - 1: a t-test with many degrees of freedom."""
    for n, mean in [(4, 0.5), (1000, 0.07), (200_000, 0.004), (2_000_000, -0.0015)]:
        error = np.sqrt(1 * n / (n - 1) / n)
        half = stats.t.ppf(0.975, n - 1) * error
        yield {"n": n, "mean": mean, "statistic": mean / error, "p_value": 2 * stats.t.sf(abs(mean / error), n - 1),
               "interval": [mean - half, mean + half]}


def shift_cases():
    """Hodges and Lehmann: the means of all pairs, sorted; the interval's rank from the law of the signed ranks."""
    for n in (6, 15, 50, 51, 200):
        d = np.round(rng.normal(0.3, 1.0, n), 3)
        means = np.sort([(d[i] + d[j]) / 2 for i in range(n) for j in range(i, n)])
        if n <= 50:
            ways = np.zeros(n * (n + 1) // 2 + 1)
            ways[0] = 1
            for rank in range(1, n + 1):
                ways[rank:] = ways[rank:] + ways[:-rank]
            outside = int(np.searchsorted(np.cumsum(ways) / 2.0**n, 0.025))
        else:
            outside = int(n * (n + 1) / 4 - stats.norm.isf(0.025) * np.sqrt(n * (n + 1) * (2 * n + 1) / 24))
        outside = max(outside, 1)
        yield {"differences": d.tolist(), "shift": np.median(means), "interval": [means[outside - 1], means[-outside]]}


def regression_cases():
    for n, scale in [(30, 1.0), (400, 250.0), (300, 1e-3)]:
        y = scale * (5 + rng.normal(0, 1.0, n)) + 1e3 * scale
        old, new = y + scale * rng.normal(0.1, 0.6, n), y + scale * rng.normal(0, 0.5, n)
        yield {
            "label": y.tolist(), "champion": old.tolist(), "challenger": new.tolist(),
            "mae": [mean_absolute_error(y, s) for s in (old, new)],
            "mse": [mean_squared_error(y, s) for s in (old, new)],
            "rmse": [np.sqrt(mean_squared_error(y, s)) for s in (old, new)],
            "r2": [r2_score(y, s) for s in (old, new)],
            "t": [number(stats.ttest_rel(loss(new), loss(old)).statistic)
                  for loss in (lambda s: abs(s - y), lambda s: (s - y) ** 2)],
            "t_p": [number(stats.ttest_rel(loss(new), loss(old)).pvalue)
                    for loss in (lambda s: abs(s - y), lambda s: (s - y) ** 2)],
            "wilcoxon_p": stats.wilcoxon(abs(new - y) - abs(old - y), correction=False,
                                         method="exact" if n <= 50 else "asymptotic").pvalue,
        }


def multiclass_cases():
    for n, names in [(60, ["cat", "dog", "owl"]), (500, [f"c{i}" for i in range(7)])]:
        classes = len(names)
        y = rng.integers(0, classes, n)
        # The last class never comes, and is predicted now and then.
        y[y == classes - 1] = 0
        scores = []
        for strength in (1.0, 2.0):
            raw = rng.normal(0, 1, (n, classes))
            raw[np.arange(n), y] += strength
            scores.append(special.softmax(raw, axis=1).round(6))
        scores = [s / s.sum(axis=1, keepdims=True) for s in scores]
        labels = [names[i] for i in y]
        predicted = [[names[i] for i in s.argmax(axis=1)] for s in scores]
        right = [np.array(p) == np.array(labels) for p in predicted]
        b, c = int((right[1] & ~right[0]).sum()), int((right[0] & ~right[1]).sum())
        yield {
            "classes": names, "label": labels, "champion": scores[0].tolist(), "challenger": scores[1].tolist(),
            "accuracy": [accuracy_score(labels, p) for p in predicted],
            "macro_f1": [f1_score(labels, p, average="macro", zero_division=0) for p in predicted],
            "weighted_f1": [f1_score(labels, p, average="weighted", zero_division=0) for p in predicted],
            "weighted_precision": [precision_score(labels, p, average="weighted", zero_division=0) for p in predicted],
            "log_loss": [log_loss(labels, s, labels=names) for s in scores],
            "mcnemar": exact_and_mid(b, c)[0],
        }


def quantile_cases():
    for n in (30, 435, 2000):
        values = np.round(rng.lognormal(2.0, 0.7, n), 3)
        for share in (0.5, 0.9, 0.99):
            found = stats.quantile_test(values, p=share).confidence_interval(confidence_level=0.95)
            yield {"values": values.tolist(), "share": share, "value": np.quantile(values, share, method="inverted_cdf"),
                   "interval": [number(found.low), number(found.high)]}


def favoured(label, predicted, group):
    """Clarify's measures of group "d" against the rest, row by row, where the favourable outcome is true."""
    d, a = group == "d", group != "d"
    share = lambda of, among: of[among].mean()  # noqa: E731
    return {
        "DPPL": share(predicted, a) - share(predicted, d), "DI": share(predicted, d) / share(predicted, a),
        "RD": share(predicted, a & label) - share(predicted, d & label),
        "SD": share(~predicted, d & ~label) - share(~predicted, a & ~label),
        "DAR": share(label, a & predicted) - share(label, d & predicted),
        "AD": share(label == predicted, a) - share(label == predicted, d),
    }


def fairness_cases():
    n = 900
    group = np.where(rng.random(n) < 0.4, "d", np.where(rng.random(n) < 0.5, "e", "f"))
    names = np.array(["gold", "iron", "lead", "silver"])
    y = names[rng.integers(0, 4, n)]
    models = [np.where(rng.random(n) < right, y, names[rng.integers(0, 4, n)]) for right in (0.6, 0.8)]
    good = [np.isin(it, ["gold", "silver"]) for it in (y, *models)]
    yield {"task": "multiclass", "favourable": {"classes": ["gold", "silver"]}, "group": group.tolist(), "label": y.tolist(),
           "champion": models[0].tolist(), "challenger": models[1].tolist(),
           "measures": [favoured(good[0], it, group) for it in good[1:]]}
    y = np.round(rng.normal(200, 50, n) - 20 * (group == "d"), 1)
    models = [np.round(y + rng.normal(0, spread, n), 1) for spread in (40, 20)]
    models[0][0] = 210.0  # A value at the bound is not above it.
    good = [it > 210.0 for it in (y, *models)]
    yield {"task": "regression", "favourable": {"above": 210.0}, "group": group.tolist(), "label": y.tolist(),
           "champion": models[0].tolist(), "challenger": models[1].tolist(),
           "measures": [favoured(good[0], it, group) for it in good[1:]]}


def feature_cases():
    """One number against several classes: the nearest even row tells each odd one, and so many errors are saved."""
    for spread in (0.02, 0.6):
        y = rng.integers(0, 3, 600)
        x = np.round(y * 1.5 % 2.3 + rng.normal(0, spread, 600), 9)
        told = KNeighborsClassifier(1).fit(x[::2, None], y[::2]).predict(x[1::2, None])
        truth = y[1::2]
        yield {"label": y.tolist(), "feature": x.tolist(),
               "strength": 1 - (told != truth).sum() / (len(truth) - np.bincount(truth).max())}


golden = {
    "mcnemar": list(mcnemar_cases()),
    "binomial": list(binomial_cases()),
    "tango": list(tango_cases()),
    "rows": list(row_cases()),
    "wilcoxon": list(wilcoxon_cases()),
    "diebold_mariano": list(diebold_mariano_cases()),
    "bca": list(bca_cases()),
    "sequential": list(sequential_cases()),
    "proportions": list(proportion_cases()),
    "newcombe": [[c, n, b, m, *confint_proportions_2indep(b, m, c, n, method="newcomb")]
                 for b, m, c, n in [(56, 70, 48, 80), (0, 30, 5, 50)]],
    "holm": list(holm_cases()),
    "student": list(student_cases()),
    "shift": list(shift_cases()),
    "regression": list(regression_cases()),
    "multiclass": list(multiclass_cases()),
    "quantile": list(quantile_cases()),
    "fairness": list(fairness_cases()),
    "feature": list(feature_cases()),
    "jackknife": list(jackknife_cases()),
}
Path(__file__).with_suffix(".json").write_text(json.dumps(golden) + "\n")
