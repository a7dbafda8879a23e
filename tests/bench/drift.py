"""False alarms, power and speed of the drift verdict, beside other tools' default rules.

Pawl is simulated by counts, so that a million rows cost no more than a thousand and nothing is approximated: the
edges of a baseline of n rows cut any continuous distribution into parts whose probabilities are Dirichlet(gaps
between their ranks). Columns of values go in as value counts and are profiled, frozen and counted by Pawl itself.
The verdicts come from Pawl as it ships, one process for all runs.

Beside it, on raw samples of the same changes: the documented default rules of Evidently 0.7 (up to 1,000 baseline
rows KS, chi-square or Z at p < 0.05, beyond them Wasserstein-1 over sigma or Jensen-Shannon at 0.1) and of NannyML
0.13 (Jensen-Shannon at 0.1, bins by Doane's rule), plain Bonferroni (KS, or chi-square for values and missing, at
0.05 over the columns), and the best single test of the change at that level. Columns are independent here, so c
columns raise any alarm with 1 - (1 - a)^c.

--quick: a look, 100 runs a cell.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
from scipy import stats
from scipy.spatial import distance

ROOT = Path(__file__).resolve().parents[2]
RANKS = np.array([0.005, 0.01, *np.arange(1, 20) / 20, 0.99, 0.995])
SIZES = [(250, 250), (1000, 250), (1000, 1000), (2100, 1000), (50_000, 20_000), (50_000, 50_000), (1_000_000, 1000), (1_000_000, 1_000_000)]
FAMILIES = (1, 10, 20, 500)
PAIRS = [(250, 250, 10), (1000, 1000, 10), (50_000, 20_000, 20), (1_000_000, 1_000_000, 20)]
LEVEL = 0.05
rng = np.random.default_rng(20261201)


class Change:
    """A column before and after. Continuous: `ppf` of the baseline, `cdf` of the batch, `draw` of both; else value shares."""

    def __init__(self, before, after, missing=(0.0, 0.0), sigma=None):
        self.before, self.after, self.missing, self.sigma = before, after, missing, sigma

    def is_continuous(self):
        return not isinstance(self.before, dict)


class Law:
    def __init__(self, ppf, cdf, draw):
        self.ppf, self.cdf, self.draw = ppf, cdf, draw


def normal(mean=0.0, sd=1.0):
    return Law(stats.norm(mean, sd).ppf, stats.norm(mean, sd).cdf, lambda rows: rng.normal(mean, sd, rows))


def heavy():
    return Law(stats.lognorm(1).ppf, stats.lognorm(1).cdf, lambda rows: np.exp(rng.normal(size=rows)))


def heavier(beyond, times):
    """Log-normal, the rows beyond a quantile multiplied."""
    z = stats.norm.ppf(1 - beyond)

    def cdf(x):
        log = np.log(np.maximum(x, 1e-300))
        upper = np.maximum(stats.norm.cdf(log - np.log(times)) - (1 - beyond), 0)
        return stats.norm.cdf(np.minimum(log, z)) + upper

    def draw(rows):
        score = rng.normal(size=rows)
        return np.exp(score) * np.where(score > z, times, 1)

    return Law(None, cdf, draw)


def stuck(share, at=0.31):
    law = normal()
    return Law(
        None,
        lambda x: (1 - share) * law.cdf(x) + share * (x > at),
        lambda rows: np.where(rng.random(rows) < share, at, law.draw(rows)),
    )


TOWNS = {"Rome": 0.3, "Oslo": 0.2, "Bonn": 0.2, "Riga": 0.2, "Bern": 0.1}
ZIPF = {f"v{i}": 1 / (i + 1) for i in range(50)}
ZIPF = {value: share / sum(ZIPF.values()) for value, share in ZIPF.items()}


def new(share):
    return {**{value: old * (1 - share) for value, old in TOWNS.items()}, "new": share}


def flag(share):
    return {"1": share, "0": 1 - share}


COUNTS = {str(i): float(p) for i, p in enumerate(stats.binom.pmf(range(13), 12, 0.4))}
LOGNORMAL_SIGMA = float(stats.lognorm(1).std())
# name: (change, what must happen at 1,000 rows and at 20,000 against 50,000)
CHANGES = {
    "mean .2": (Change(normal(), normal(0.2)), None, None),
    "mean .3": (Change(normal(), normal(0.3)), "best", 0.99),
    "mean .5": (Change(normal(), normal(0.5)), 0.95, 0.99),
    "sd x 1.5": (Change(normal(), normal(0, 1.5)), 0.95, 0.99),
    "variance x 1.5": (Change(normal(), normal(0, np.sqrt(1.5))), "best", 0.99),
    "top 5 % x 3": (Change(heavy(), heavier(0.05, 3), sigma=LOGNORMAL_SIGMA), "best", 0.99),
    "tail 2 % x 5": (Change(heavy(), heavier(0.02, 5), sigma=LOGNORMAL_SIGMA), "best", 0.95),
    "10 % stuck": (Change(normal(), stuck(0.1)), "best", 0.95),
    "unit x 100": (Change(normal(2), normal(200, 100)), 0.95, 0.99),
    "sign": (Change(normal(2), normal(-2)), 0.95, 0.99),
    "stuck column": (Change(normal(), stuck(1.0)), 0.95, 0.99),
    "swap 30/20": (Change(TOWNS, {**TOWNS, "Rome": 0.2, "Oslo": 0.3}), "best", 0.99),
    "label 10 to 20": (Change(flag(0.1), flag(0.2)), "best", 0.99),
    "flag 1.1 to 6.5": (Change(flag(0.011), flag(0.065)), "best", 0.95),
    "missing 1 to 3": (Change(normal(), normal(), missing=(0.01, 0.03)), "best", 0.95),
    "new 2 %": (Change(TOWNS, new(0.02)), "best", 0.95),
    "new 5 %": (Change(TOWNS, new(0.05)), 0.95, 0.99),
    "case": (Change(TOWNS, {value.upper(): share for value, share in TOWNS.items()}), 0.95, 0.99),
    "half of 900 vanish": (Change({f"k{i}": 1 / 900 for i in range(900)}, {f"k{i}": 1 / 450 for i in range(450)}), None, 0.95),
    "mean .05": (Change(normal(), normal(0.05)), "never", "never"),
    "label 10 to 10.5": (Change(flag(0.1), flag(0.105)), "never", "never"),
}
QUIET = [
    Change(normal(), normal()),
    Change(TOWNS, TOWNS),
    Change(heavy(), heavy(), sigma=LOGNORMAL_SIGMA),
    Change(flag(0.1), flag(0.1)),
    Change(ZIPF, ZIPF),
    Change(normal(), normal(), missing=(0.05, 0.05)),
    Change(COUNTS, COUNTS),
    Change({f"k{i}": 1 / 900 for i in range(900)}, {f"k{i}": 1 / 900 for i in range(900)}),
    Change(flag(0.004), flag(0.004)),
    Change({"x": 1.0}, {"x": 1.0}),
]  # fmt: skip


def frozen(name, change, n, m):
    """A numeric column cut at the ranks of its own baseline, and the batch counted there."""
    lost = [int(rng.binomial(rows, share)) for rows, share in zip((n, m), change.missing)]
    n, m = n - lost[0], m - lost[1]
    ranks = np.unique(np.concatenate([[1], np.maximum(np.ceil(np.round(RANKS * n, 9)), 1), [n]]).astype(int))
    gaps = np.diff(np.concatenate([[0], ranks, [n + 1]]))
    edges = change.before.ppf(np.cumsum(rng.dirichlet(gaps))[:-1])
    probability = np.clip(np.diff(np.concatenate([[0.0], change.after.cdf(edges), [1.0]])), 0, 1)
    counts = rng.multinomial(m, probability / probability.sum())
    in_bins = np.diff(ranks)
    in_bins[-1] += 1  # the last bin holds both its edges
    base = {"bins": in_bins.tolist(), "types": {"fractional": n}, "missing": lost[0]}
    batch = {"bins": counts[1:-1].tolist(), "below": int(counts[0]), "above": int(counts[-1]), "missing": lost[1]}
    batch["types"] = {"fractional": m}
    bins = {"numeric": {"edges": edges.tolist()}}
    return {"name": name, "bins": bins, "counts": base, "std_dev": change.sigma or 1.0}, [name, batch]


def values(name, change, n, m):
    def draw(shares, rows):
        counts = rng.multinomial(rows, np.array(list(shares.values())) / sum(shares.values()))
        return [[value, int(count)] for value, count in zip(shares, counts) if count]

    return {"name": name, "before": draw(change.before, n), "after": draw(change.after, m)}


def case(n, m, columns):
    numbers = [frozen(name, change, n, m) for name, change in columns if change.is_continuous()]
    others = [values(name, change, n, m) for name, change in columns if not change.is_continuous()]
    baseline = {"version": 1, "rows": n, "columns": [base for base, _ in numbers]}
    return json.dumps({"baseline": baseline, "current": [batch for _, batch in numbers], "values": others})


class Judge:
    """Pawl's own program: a case a line in, a verdict a line out."""

    def __init__(self, binary):
        self.running = subprocess.Popen([binary], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __call__(self, line):
        self.running.stdin.write(line + "\n")
        self.running.stdin.flush()
        return json.loads(self.running.stdout.readline())


def upper(found, runs):
    """Clopper-Pearson, one-sided 95 %."""
    return 1.0 if found == runs else stats.beta.ppf(0.95, found + 1, runs - found)


def sample(change, n, m):
    """Both sides as values; of columns of values the counts."""
    if change.is_continuous():
        return change.before.draw(n), change.after.draw(m)
    names = list(dict.fromkeys([*change.before, *change.after]))
    sides = []
    for shares, rows in ((change.before, n), (change.after, m)):
        p = np.array([shares.get(name, 0) for name in names])
        sides.append(rng.multinomial(rows, p / p.sum()))
    return sides


def chi_square(table):
    table = np.array(table)[:, np.sum(table, axis=0) > 0]
    return 1.0 if table.shape[1] < 2 else stats.chi2_contingency(table, correction=False).pvalue


def lost_of(change, n, m):
    return [rng.binomial(rows, share) for rows, share in zip((n, m), change.missing)]


def evidently(change, before, after):
    if change.is_continuous():
        if len(before) <= 1000:
            return stats.ks_2samp(before, after).pvalue < 0.05
        return stats.wasserstein_distance(before, after) / max(before.std(), 0.001) >= 0.1
    n, m = before.sum(), after.sum()
    if n <= 1000:
        if (before + after > 0).sum() <= 2:
            return chi_square([before, after]) < 0.05
        if (after[before == 0] > 0).any():
            return True
        return stats.chisquare(after[before > 0], before[before > 0] * m / n).pvalue < 0.05
    return distance.jensenshannon(before, after, base=2) >= 0.1


def nannyml(change, before, after):
    if change.is_continuous():
        edges = np.histogram_bin_edges(before, bins="doane")
        inside = np.histogram(after, edges)[0]
        before, after = np.histogram(before, edges)[0], np.append(inside, len(after) - inside.sum())
        before = np.append(before, 0)
    return distance.jensenshannon(before, after, base=2) >= 0.1


def least_p_values(change, before, after, n, m):
    """The p-value of the rule that Bonferroni corrects, and those of all tests that fit the change."""
    if not change.is_continuous():
        moved = np.abs(before / n - after / m)
        cell = int(np.argmax([abs(change.before.get(v, 0) - change.after.get(v, 0)) for v in dict.fromkeys([*change.before, *change.after])]))
        one = stats.fisher_exact([[before[cell], n - before[cell]], [after[cell], m - after[cell]]]).pvalue if moved.size > 2 else 1.0
        plain = chi_square([before, after])
        return plain, [plain, one]
    if change.missing != (0.0, 0.0):
        b, c = lost_of(change, n, m)
        plain = chi_square([[b, n - b], [c, m - c]])
        return plain, [plain, stats.fisher_exact([[b, n - b], [c, m - c]]).pvalue]
    plain = stats.ks_2samp(before, after, method="asymp").pvalue
    cuts = np.quantile(before, np.arange(1, 10) / 10)
    deciles = [np.bincount(np.searchsorted(cuts, side), minlength=10) for side in (before, after)]
    every = [
        plain,
        stats.ttest_ind(before, after, equal_var=False).pvalue,
        stats.mannwhitneyu(before, after).pvalue,
        stats.levene(before, after).pvalue,
        chi_square(deciles),
    ]
    return plain, every


def peers(change, n, m, columns, runs):
    """How often the others call this one column drifted, and the power of the best single test."""
    runs = max(20, min(runs, 8_000_000 // (n + m)))
    found, tests = np.zeros(3), []
    for _ in range(runs):
        before, after = sample(change, n, m)
        plain, every = least_p_values(change, before, after, n, m)
        found += [evidently(change, before, after), nannyml(change, before, after), plain < LEVEL / columns]
        tests.append([p < LEVEL / columns for p in every])
    return found / runs, np.mean(tests, axis=0).max()


def false_alarms(judge, quick):
    print("False alarms without drift: runs with any alarm (drift or warning), upper bound at 95 % in brackets; columns of")
    print("every kind: normal, heavy-tailed, categories, 900 of them, flags, counts, missing values. '--': too little data.")
    print("Beside it any alarm of the others among 10 columns.")
    head = "".join(f"{f'{columns} col':>18}" for columns in FAMILIES)
    print(f"{'n':>9}{'m':>9}{head}{'Evidently':>11}{'NannyML':>9}{'Bonferroni':>12}")
    worst, place = 0.0, ""
    for n, m in SIZES:
        line = f"{n:>9}{m:>9}"
        for columns in FAMILIES:
            runs = (100 if quick else 2000) if columns <= 20 else (20 if quick else 400)
            alarms = silent = 0
            for run in range(runs):
                family = [(f"c{i}", QUIET[(run + i) % len(QUIET)]) for i in range(columns)]
                verdict = judge(case(n, m, family))
                alarms += verdict["drift"] + verdict["warn"] > 0
                silent += verdict["insufficient"] == verdict["findings"]
            rate = alarms / runs
            line += f"{'--' if silent == runs else f'{rate:.1%} (<{upper(alarms, runs):.1%})':>18}"
            if rate > worst:
                worst, place = rate, f" at n {n}, m {m}, {columns} columns"
        quiet = np.array([peers(change, n, m, 10, 50)[0] for change in QUIET])
        any_alarm = 1 - np.prod(1 - quiet, axis=0)
        print(line + f"{any_alarm[0]:>11.0%}{any_alarm[1]:>9.0%}{any_alarm[2]:>12.1%}", flush=True)
    print(f"Worst of all sizes: {worst:.1%}{place} (target: at most 5 %)\n")
    return worst <= LEVEL


def must(target, drift, told, best, runs):
    """Whether a cell of the table holds, and how it is written. A rate below its target by no more than chance is none."""
    slack = 1.645 * np.sqrt(0.25 / runs) if target == "best" else 1.645 * np.sqrt(0.05 / runs)
    if target is None:
        return True, ""
    if target == "never":
        return drift == 0 or upper(int(drift * runs), runs) < 0.02, "never drift"
    if target == "best":
        return told >= best - 0.05 - slack, f"within .05 of {best:.0%}"
    return drift >= target - slack, f"at least {target:.0%}"


def power(judge, quick):
    print("Power: runs in which the changed column is called drift (or told: drift or warning), among quiet ones.")
    print("Best: the most powerful single test of this change at 0.05 over the columns. Wanted: the table in docs/drift.md.")
    missed = []
    for n, m, columns in PAIRS:
        print(f"\n{m:,} rows against {n:,}, {columns} columns")
        print(f"{'change':>20}{'drift':>8}{'told':>8}{'best':>8}{'Evidently':>11}{'NannyML':>9}{'Bonferroni':>12}  wanted")
        for name, (change, at_thousand, at_many) in CHANGES.items():
            runs = 100 if quick else 400
            drift = told = 0
            for run in range(runs):
                family = [("x", change)] + [(f"q{i}", QUIET[(run + i) % len(QUIET)]) for i in range(columns - 1)]
                verdict = judge(case(n, m, family))
                drift += "x" in verdict["drifting"]
                told += "x" in verdict["drifting"] or "x" in verdict["warned"]
            theirs, best = peers(change, n, m, columns, runs)
            target = {(1000, 1000): at_thousand, (50_000, 20_000): at_many}.get((n, m))
            ok, wanted = must(target, drift / runs, told / runs, best, runs)
            if not ok:
                missed.append(f"{name} at {m:,} against {n:,}")
            print(f"{name:>20}{drift / runs:>8.1%}{told / runs:>8.1%}{best:>8.1%}{theirs[0]:>11.0%}{theirs[1]:>9.0%}"
                  f"{theirs[2]:>12.1%}  {wanted}{'' if ok else '  MISSED'}", flush=True)  # fmt: skip
    return missed


def speed(judge):
    n, columns = 1_000_000, 500
    numbers = [Change(normal(), normal()), Change(heavy(), heavy(), sigma=LOGNORMAL_SIGMA)]
    taken = [judge(case(n, n, [(f"c{i}", numbers[i % 2]) for i in range(columns)])) for _ in range(20)]
    read, compare = (np.median([verdict[key] for verdict in taken]) for key in ("read_ms", "compare_ms"))
    print(f"\nTwo saved profiles of {columns} columns: read {read:.1f} ms, compare {compare:.1f} ms (target: 50 ms)")
    return read + compare < 50


def live(binary, records=1_000_000):
    """Captured requests with their truth, read, joined and judged on one core."""
    done = subprocess.run([binary, str(records)], capture_output=True, text=True, check=True)
    look = json.loads(done.stdout)
    assert look["records"] == look["joined"] == records and not look["unreadable"], look
    print(f"Live monitoring of {records:,} captured requests ({look['megabytes']:.0f} MB with their truth) on one core: "
          f"{look['seconds']:.1f} s (target: 10 s)", flush=True)  # fmt: skip
    return look["seconds"] < 10


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="100 runs a cell, for a look")
    parser.add_argument("--judge", help="the program that judges; default: built for this run")
    parser.add_argument("--only", choices=["alarms", "power"], help="one of the two tables")
    options = parser.parse_args()
    binary = options.judge
    missed = []
    if not binary:
        build = ["cargo", "build", "--release", "-q", "-p", "pawl",
                 "--example", "drift_verdicts", "--example", "live_records"]  # fmt: skip
        subprocess.run(build, cwd=ROOT, check=True)
        binary = str(ROOT / "target/release/examples/drift_verdicts")
        missed += [] if live(str(ROOT / "target/release/examples/live_records")) else ["live"]
    judge = Judge(binary)
    if not options.only:
        missed += [] if speed(judge) else ["speed"]
    if options.only != "power":
        missed += [] if false_alarms(judge, options.quick) else ["false alarms"]
    if options.only != "alarms":
        missed += power(judge, options.quick)
    print("\ntargets missed: " + ", ".join(missed) if missed else "\nevery target reached")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
