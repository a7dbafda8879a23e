"""False alarms, power and speed of the drift verdict, beside Evidently's default rule.

Pawl is simulated by counts: the deciles of a baseline of n rows cut any continuous distribution into parts whose
probabilities are Dirichlet(gaps between the ranks), so a million rows cost no more than fifty, and nothing is
approximated. A fifth of the columns are categorical (50 values, Zipf, rare ones among them), each tenth column misses
5 % of its values. The verdicts come from Pawl itself, built as it ships.

Evidently's default (documentation, "Data drift algorithm") is written out here and sees raw normal samples, or the same
counts for categories: up to 1000 baseline rows KS and chi-square at p < 0.05, beyond them Wasserstein-1 over sigma and
Jensen-Shannon at 0.1. Columns are independent here, so c columns raise any alarm with 1 - (1 - a)^c.
"""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
from scipy import stats
from scipy.spatial import distance

ROOT = Path(__file__).resolve().parents[2]
SIZES = [
    (50, 50), (100, 100), (200, 200), (400, 200), (1000, 100), (1000, 200), (1001, 100), (1001, 200), (1001, 500),
    (1000, 1000), (10_000, 1000), (10_000, 10_000), (100_000, 1000), (1_000_000, 1000), (1000, 1_000_000),
    (100_000, 100_000), (1_000_000, 1_000_000),
]  # fmt: skip
RUNS = {1: 400, 10: 400, 50: 200, 500: 200}
ZIPF = 1 / np.arange(1, 51)
ZIPF /= ZIPF.sum()
rng = np.random.default_rng(20261121)


def numeric(name, n, m, shift=0.0):
    """A column cut at the deciles of its own baseline; the batch is moved by `shift` standard deviations."""
    ranks = np.unique(np.round(np.linspace(1, n, 11)).astype(int))
    gaps = np.diff(np.concatenate([[0], ranks, [n + 1]]))
    at_edges = np.cumsum(rng.dirichlet(gaps))[:-1]
    if shift:
        at_edges = stats.norm.cdf(stats.norm.ppf(at_edges) - shift)
    probability = np.diff(np.concatenate([[0.0], at_edges, [1.0]]))
    counts = rng.multinomial(m, np.clip(probability, 0, 1) / np.clip(probability, 0, 1).sum())
    in_bins = np.diff(ranks)
    in_bins[-1] += 1  # the last bin holds both its edges
    base = {"bins": in_bins.tolist(), "types": {"fractional": n}}
    batch = {"bins": counts[1:-1].tolist(), "below": int(counts[0]), "above": int(counts[-1])}
    batch["types"] = {"fractional": m}
    bins = {"numeric": {"edges": list(range(len(ranks)))}}
    return {"name": name, "bins": bins, "counts": base, "std_dev": 3.0}, [name, batch]


def categorical(name, n, m):
    base, batch = rng.multinomial(n, ZIPF), rng.multinomial(m, ZIPF)
    order = [value for value in np.argsort(-base, kind="stable") if base[value]]
    unseen = int(batch[base == 0].sum())
    column = {"name": name, "bins": {"categorical": {"values": [str(v) for v in order]}}, "known": []}
    column["counts"] = {"bins": base[order].tolist(), "types": {"string": n}}
    return column, [name, {"bins": batch[order].tolist(), "unseen": unseen, "types": {"string": m}}]


def column(index, n, m):
    name = f"c{index}"
    lost = (rng.binomial(n, 0.05), rng.binomial(m, 0.05)) if index % 10 == 9 else (0, 0)
    make = categorical if index % 5 == 4 else numeric
    base, batch = make(name, int(n - lost[0]), int(m - lost[1]))
    base["counts"]["missing"], batch[1]["missing"] = int(lost[0]), int(lost[1])
    return base, batch


def case(n, pairs):
    return json.dumps({
        "baseline": {"version": 1, "rows": n, "columns": [base for base, _ in pairs]},
        "current": [batch for _, batch in pairs],
    })  # fmt: skip


def judge(binary, cases):
    done = subprocess.run([binary], input="\n".join(cases), capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def evidently_numeric(n, m, shift=0.0, runs=200):
    """How often the default rule calls one normal column drifted."""
    runs = max(20, min(runs, 20_000_000 // (n + m)))
    alarms = 0
    for _ in range(runs):
        base, batch = rng.normal(size=n), rng.normal(shift, 1, m)
        if n <= 1000:
            alarms += stats.ks_2samp(base, batch).pvalue < 0.05
        else:
            alarms += stats.wasserstein_distance(base, batch) / base.std() >= 0.1
    return alarms / runs


def evidently_categorical(n, m, runs=200):
    alarms = 0
    for _ in range(runs):
        base, batch = rng.multinomial(n, ZIPF), rng.multinomial(m, ZIPF)
        if n <= 1000:
            used = base + batch > 0
            with np.errstate(divide="ignore"):
                alarms += stats.chisquare(batch[used], base[used] * m / n).pvalue < 0.05
        else:
            alarms += distance.jensenshannon(base, batch, base=2) >= 0.1
    return alarms / runs


def upper(alarms, runs):
    """Clopper-Pearson, one-sided 95 %."""
    return 1.0 if alarms == runs else stats.beta.ppf(0.95, alarms + 1, runs - alarms)


def false_alarms(binary):
    print("False alarms without drift: runs with any alarm (drift or warning), upper bound at 95 % in brackets.")
    print("'--' = insufficient data, said so by every run. Evidently: any column, 4 in 5 numeric.")
    print(f"{'n':>9}{'m':>9}" + "".join(f"{f'{c} col':>18}{'Evidently':>11}" for c in RUNS))
    worst, worst_run = 0.0, ""
    for n, m in SIZES:
        line = f"{n:>9}{m:>9}"
        num, cat = evidently_numeric(n, m), evidently_categorical(n, m)
        for columns, runs in RUNS.items():
            verdicts = judge(binary, [case(n, [column(i, n, m) for i in range(columns)]) for _ in range(runs)])
            alarms = sum(v["drift"] + v["warn"] > 0 for v in verdicts)
            silent = sum(v["insufficient"] == v["findings"] for v in verdicts)
            theirs = 1 - (1 - num) ** (columns - columns // 5) * (1 - cat) ** (columns // 5)
            ours = "--" if silent == runs else f"{alarms / runs:.1%} (<{upper(alarms, runs):.1%})"
            line += f"{ours:>18}{theirs:>11.1%}"
            if alarms / runs > worst:
                worst, worst_run = alarms / runs, f" at n {n}, m {m}, {columns} columns"
        print(line, flush=True)
    print(f"Worst of all sizes: {worst:.1%}{worst_run} (target: at most 5 %)")
    return worst


def power(binary, runs=400):
    print("\nPower: runs in which a normal column moved by this many sigma is told (drift, or drift or warning).")
    print(f"{'n':>9}{'m':>9}{'shift':>7}{'drift':>9}{'told':>9}{'among 50: told':>16}{'Evidently':>11}")
    reached = {}
    for n, m in ((1000, 1000), (10_000, 1000), (100_000, 1000), (10_000, 300), (100_000, 100_000)):
        for shift in (0.1, 0.2, 0.3, 0.5, 1.0):
            alone = judge(binary, [case(n, [numeric("x", n, m, shift)]) for _ in range(runs)])
            quiet = [numeric(f"q{i}", n, m) for i in range(49)]
            among = judge(binary, [case(n, [numeric("x", n, m, shift), *quiet]) for _ in range(runs // 4)])
            told = np.mean([v["drift"] + v["warn"] > 0 for v in alone])
            crowd = np.mean([v["drift"] + v["warn"] > 0 for v in among])
            sure = np.mean([v["drift"] > 0 for v in alone])
            theirs = evidently_numeric(n, m, shift, runs=100)
            print(f"{n:>9}{m:>9}{shift:>7}{sure:>9.1%}{told:>9.1%}{crowd:>16.1%}{theirs:>11.1%}", flush=True)
            reached[n, m, shift] = sure
    return min(rate for (_, m, shift), rate in reached.items() if m == 1000 and shift == 0.5)


def speed(binary):
    n, columns = 1_000_000, 500
    taken = judge(binary, [case(n, [column(i, n, n) for i in range(columns)]) for _ in range(20)])
    read, compare = (np.median([v[key] for v in taken]) for key in ("read_ms", "compare_ms"))
    print(f"\nTwo saved profiles of {columns} columns: read {read:.1f} ms, compare {compare:.1f} ms (target: 50 ms)")
    return read + compare


def live(binary, records=1_000_000):
    """Captured requests with their truth, read, joined and judged on one core."""
    done = subprocess.run([binary, str(records)], capture_output=True, text=True, check=True)
    look = json.loads(done.stdout)
    assert look["records"] == look["joined"] == records and not look["unreadable"], look
    print(f"Live monitoring of {records:,} captured requests ({look['megabytes']:.0f} MB with their truth) on one core: "
          f"{look['seconds']:.1f} s (target: 10 s)", flush=True)  # fmt: skip
    return look["seconds"]


def main():
    build = ["cargo", "build", "--release", "-q", "-p", "pawl",
             "--example", "drift_verdicts", "--example", "live_records"]  # fmt: skip
    subprocess.run(build, cwd=ROOT, check=True)
    binary = str(ROOT / "target/release/examples/drift_verdicts")
    looked = live(str(ROOT / "target/release/examples/live_records"))
    taken = speed(binary)
    worst = false_alarms(binary)
    least = power(binary)
    print(f"\nLeast power for 0.5 sigma at m = 1000, called drift: {least:.1%} (target: 95 %)")
    missed = [name for name, ok in (("live", looked < 10), ("speed", taken < 50), ("alarms", worst <= 0.05), ("power", least >= 0.95)) if not ok]
    print("targets missed: " + ", ".join(missed) if missed else "every target reached")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
