"""Golden values for the drift core, from scipy and statsmodels.

Run with the venv's python; writes drift.json beside this file. Deterministic: the seed is fixed.
Pooling, PSI and KS are written out here once more, independently of the Rust code.
"""

import json
from pathlib import Path

import numpy as np
from scipy import integrate, optimize, stats
from scipy.spatial import distance
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import confint_proportions_2indep

rng = np.random.default_rng(20261121)


def least_total(baseline, current):
    n, m = sum(baseline), sum(current)
    return 5 * (n + m) / min(n, m)


def pool_neighbours(baseline, current):
    least = least_total(baseline, current)
    out, b, c = [], 0, 0
    for x, y in zip(baseline, current):
        b, c = b + x, c + y
        if b + c >= least:
            out.append([b, c])
            b, c = 0, 0
    if b + c or not out:
        if out:
            out[-1] = [out[-1][0] + b, out[-1][1] + c]
        else:
            out = [[b, c]]
    return out


def pool_rare(baseline, current):
    least = least_total(baseline, current)
    cells = [[x, y] for x, y in zip(baseline, current) if x + y > 0]
    big = [cell for cell in cells if sum(cell) >= least]
    small = [cell for cell in cells if sum(cell) < least]
    if not small:
        return big
    pool = [sum(cell[0] for cell in small), sum(cell[1] for cell in small)]
    if sum(pool) < least and len(big) > 1:
        smallest = min(range(len(big)), key=lambda i: sum(big[i]))
        taken = big.pop(smallest)
        pool = [pool[0] + taken[0], pool[1] + taken[1]]
    return big + [pool]


def psi(cells):
    p, q = np.array(cells, float).T
    n, m = p.sum(), q.sum()
    used = (p + q) > 0
    p, q = p[used], q[used]
    p, q = np.where(p == 0, 0.5, p) / n, np.where(q == 0, 0.5, q) / m
    raw = float(np.sum((q - p) * np.log(q / p)))
    return raw, raw - (len(p) - 1) * (1 / n + 1 / m)


def table():
    """Two rows of counts: sizes from 60 to 200,000, 1 to 20 cells, from no drift to a strong one."""
    cells = int(rng.integers(1, 21))
    n, m = (int(10 ** rng.uniform(1.8, 5.3)) for _ in range(2))
    p = rng.dirichlet(np.full(cells, rng.choice([0.3, 1.0, 10.0])))
    q = p if rng.random() < 0.4 else rng.dirichlet(p * 10 ** rng.uniform(1, 4) + 1e-9)
    return rng.multinomial(n, p).tolist(), rng.multinomial(m, q).tolist()


def table_case():
    baseline, current = table()
    ordered = pool_neighbours(baseline, current)
    rare = pool_rare(baseline, current)
    case = {"baseline": baseline, "current": current, "ordered": ordered, "rare": rare}
    for name, cells in (("ordered", ordered), ("rare", rare)):
        counts = np.array(cells).T
        if counts.shape[1] < 2:
            continue
        expected = stats.contingency.expected_freq(counts)
        if counts.shape[1] == 2 and expected.min() < 5:
            case[f"{name}_fisher"] = float(stats.fisher_exact(counts).pvalue)
        else:
            result = stats.chi2_contingency(counts, correction=False)
            case[f"{name}_chi2"] = [float(result.statistic), int(result.dof), float(result.pvalue)]
    p, q = np.array(ordered, float).T
    n, m = p.sum(), q.sum()
    case["psi"], case["psi_debiased"] = psi(ordered)
    case["ks"] = float(np.abs(np.cumsum(p) / n - np.cumsum(q) / m).max())
    case["jensen_shannon"] = float(distance.jensenshannon(p, q, base=2))
    case["hellinger"] = float(np.linalg.norm(np.sqrt(p / n) - np.sqrt(q / m)) / np.sqrt(2))
    case["largest_difference"] = float(np.abs(p / n - q / m).max())
    if (p > 0).all() and len(p) > 1:
        one = stats.chisquare(q, p * m / n)
        case["one_sample"] = [float(one.statistic), float(one.pvalue)]
    case["ks_lower"] = max(0.0, case["ks"] - float(stats.kstwobign.isf(0.05)) * float(np.sqrt((n + m) / (n * m))))
    return case


def wasserstein_case():
    """The quantile functions by np.interp, the area piece by piece by quadrature."""
    bins = int(rng.integers(2, 13))
    edges = np.round(np.cumsum(rng.uniform(0.1, 3, bins + 1)) - 5, 3)
    baseline, current = (
        rng.multinomial(int(10 ** rng.uniform(2, 5)), rng.dirichlet(np.full(bins + 2, 2.0))) for _ in range(2)
    )
    sigma = round(float(rng.uniform(0.5, 4)), 3)
    points = []
    for counts in (baseline, current):
        share = np.cumsum(counts) / counts.sum()
        # below lies on the first edge, above on the last
        points.append((np.concatenate([[0.0], share[:-1], [1.0]]), np.concatenate([edges[:1], edges, edges[-1:]])))
    (u, x), (v, y) = points
    gap = lambda rank: abs(np.interp(rank, u, x) - np.interp(rank, v, y))  # noqa: E731
    knots = np.unique(np.clip(np.concatenate([u, v, [0.01, 0.99]]), 0.01, 0.99))
    area = 0.0
    for low, high in zip(knots, knots[1:]):
        left, right = (np.interp(k, u, x) - np.interp(k, v, y) for k in (low, high))
        cuts = [low, high] if left * right >= 0 else [low, low + (high - low) * left / (left - right), high]
        area += sum(integrate.quad(gap, a, b)[0] for a, b in zip(cuts, cuts[1:]))
    return [edges.tolist(), baseline.tolist(), current.tolist(), sigma, area / sigma]


def fisher_case():
    n, m = (int(10 ** rng.uniform(1.5, 4)) for _ in range(2))
    a, c = int(rng.integers(0, min(n, 30))), int(rng.integers(0, min(m, 30)))
    counts = [[a, n - a], [c, m - c]]
    return [a, n, c, m] + [float(stats.fisher_exact(counts, side).pvalue) for side in ("two-sided", "less")]


def newcombe_case():
    n, m = (int(10 ** rng.uniform(1.5, 5)) for _ in range(2))
    b, c = int(rng.integers(0, n + 1)), int(rng.integers(0, m + 1))
    low, high = confint_proportions_2indep(c, m, b, n, method="newcomb", compare="diff", alpha=0.1)
    return [b, n, c, m, float(low), float(high)]


def adjusted_case():
    p = np.round(rng.uniform(0, 1, int(rng.integers(1, 40))) ** 3, 6)
    return [p.tolist(), multipletests(p, method="fdr_bh")[1].tolist()]


def detectable_case():
    cells = int(rng.integers(2, 40))
    n, m = (int(10 ** rng.uniform(2.4, 6)) for _ in range(2))
    alpha, material = float(10 ** rng.uniform(-5, -1.3)), 0.1
    effective, freedom = n * m / (n + m), cells - 1
    threshold = max(stats.chi2.isf(alpha, freedom), freedom + material * effective)
    low, high = 0.0, 4 * threshold + 100
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (low, middle) if stats.ncx2.sf(threshold, freedom, middle) >= 0.8 else (middle, high)
    return [cells, n, m, alpha, material, high / effective]


def ordered_case():
    """The two tests of cells in order, by regression in place of Gram and Schmidt; a third of the cases sketched."""
    baseline, current = table()
    sketch = float(choose.choice([0.0, 0.0, 1.1e-6, 1e-4]))
    b, c = np.array(pool_neighbours(baseline, current), float).T
    b, c = b[b + c > 0], c[b + c > 0]
    n, m = b.sum(), c.sum()
    weight, apart = (b + c) / (n + m), c / m - b / n
    scale = 1 / n + 1 / m
    any_change = float(np.sum(apart**2 / (weight * scale + 2 * sketch)))
    p_any = float(stats.chi2.sf(any_change, len(b) - 1)) if len(b) > 1 else 1.0
    case = {"baseline": baseline, "current": current, "sketch": sketch, "any": [any_change, len(b) - 1, p_any]}
    # Of two sides that are the same scipy takes the root of a rounded zero, which may lie below it.
    divergence = float(np.nan_to_num(distance.jensenshannon(b, c, base=2))) ** 2
    case["jensen_shannon_debiased"] = max(0.0, divergence - (len(b) - 1) * scale / (8 * np.log(2))) ** 0.5
    if len(b) >= 3:
        z = stats.norm.ppf(np.cumsum(weight) - weight / 2)
        q, _ = np.linalg.qr(np.vander(z, 3, increasing=True) * np.sqrt(weight)[:, None])
        g = q[:, 1:] / np.sqrt(weight)[:, None]
        two = float(np.sum((apart @ g) ** 2 / (scale + 2 * sketch * np.sum(g**2, axis=0))))
        case["scores"] = [two, 2, float(stats.chi2.sf(two, 2))]
    return case


def shift_case():
    """The smallest shift of a mean that is told, by the exact noncentral chi-square."""
    n, m = (int(10 ** choose.uniform(2.4, 6)) for _ in range(2))
    alpha, material = float(10 ** choose.uniform(-5, -1.3)), 0.1
    scale, threshold = 1 / n + 1 / m, stats.chi2.isf(alpha / 2, 2)
    needed = optimize.brentq(lambda x: stats.ncx2.sf(threshold, 2, x) - 0.8, 1e-6, 500)
    return [scale, alpha, material, float(max(np.sqrt(needed * scale), material + stats.norm.ppf(0.8) * np.sqrt(scale)))]


choose = np.random.default_rng(20261201)
golden = {
    "tables": [table_case() for _ in range(240)],
    "fisher": [fisher_case() for _ in range(200)],
    "wasserstein": [wasserstein_case() for _ in range(200)],
    "kolmogorov": [[x, float(stats.kstwobign.sf(x))] for x in np.linspace(0.05, 6, 200).tolist()],
    "newcombe": [newcombe_case() for _ in range(200)],
    "benjamini_hochberg": [adjusted_case() for _ in range(20)],
    "detectable_psi": [detectable_case() for _ in range(60)],
    "ordered": [ordered_case() for _ in range(160)],
    "detectable_shift": [shift_case() for _ in range(40)],
}
Path(__file__).with_suffix(".json").write_text(json.dumps(golden, separators=(",", ":")) + "\n")
