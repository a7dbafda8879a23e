"""pawl judge against the same work in scikit-learn, scipy and numpy, in one run.

10 million rows, two models: metrics, McNemar, DeLong, fairness over two groupings by 2000 bootstrap resamples of 1000
clusters, and what the clusters say of every metric. Pawl leaves out one cluster at a time, of the area under the curve too;
the reference resamples clusters, and resampling an area takes numpy many minutes. So the reference does a few
of those resamples: the first ratio leaves them out of the reference, the second scales them up. BENCH_ROWS makes it
smaller.
"""

import os
import subprocess
import sys
import time
from pathlib import Path

from profile import PEERS, peers_python

ROOT = Path(__file__).resolve().parents[2]
ROWS = int(os.environ.get("BENCH_ROWS", 10_000_000))
CLUSTERS, RESAMPLES, AREA_RESAMPLES = 1000, 2000, 5
FILE = ROOT / ".cache" / "bench" / f"judge-{ROWS}.csv"


def generate():
    import numpy as np
    import pandas as pd

    if FILE.exists():
        return
    FILE.parent.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(5)
    part = FILE.with_suffix(".part")
    effect = rng.normal(0, 0.3, CLUSTERS)
    for start in range(0, ROWS, 1_000_000):
        n = min(1_000_000, ROWS - start)
        user, sex, region = rng.integers(0, CLUSTERS, n), rng.integers(0, 2, n), rng.integers(0, 5, n)
        y = rng.random(n) < 0.25 + 0.05 * sex
        signal = 1.6 * y + effect[user]
        old = 1 / (1 + np.exp(1.6 - signal - rng.normal(0, 1.2, n)))
        new = 1 / (1 + np.exp(1.6 - 1.02 * signal - rng.normal(0, 1.2, n)))
        pd.DataFrame({
            "label": y.astype(int), "champion": old.round(6), "challenger": new.round(6),
            "user": np.char.add("u", user.astype(str)),
            "sex": np.where(sex, "male", "female"), "region": np.char.add("region-", region.astype(str)),
        }).to_csv(part, index=False, header=start == 0, mode="w" if start == 0 else "a")
    part.rename(FILE)


def reference():
    """The same findings; prints the CPU seconds of each part."""
    import numpy as np
    import pandas as pd
    from scipy import stats
    from sklearn import metrics

    clock = [time.process_time()]

    def lap(what):
        now = time.process_time()
        print(f"  reference {what:<28} {now - clock[0]:8.2f} s CPU", flush=True)
        clock[0] = now

    kinds = {"label": "int8", "user": "category", "sex": "category", "region": "category"}
    table = pd.read_csv(FILE, dtype=kinds)
    y = table["label"].to_numpy().astype(bool)
    scores = {m: table[m].to_numpy() for m in ("champion", "challenger")}
    user = table["user"].cat.codes.to_numpy()
    lap("read")
    chosen = {m: s >= 0.5 for m, s in scores.items()}
    for m, s in scores.items():
        metrics.roc_auc_score(y, s)
        metrics.accuracy_score(y, chosen[m])
        metrics.precision_recall_fscore_support(y, chosen[m], average="binary")
        metrics.log_loss(y, s)
        metrics.brier_score_loss(y, s)
    lap("metrics")
    right = {m: c == y for m, c in chosen.items()}
    b = int((right["challenger"] & ~right["champion"]).sum())
    c = int((right["champion"] & ~right["challenger"]).sum())
    stats.binomtest(min(b, c), b + c)
    lap("McNemar")
    places = {}
    for m, s in scores.items():
        ranks = stats.rankdata(s)
        p, n = int(y.sum()), int((~y).sum())
        places[m] = ((ranks[y] - stats.rankdata(s[y])) / n, 1 - (ranks[~y] - stats.rankdata(s[~y])) / p)
    cov = sum(np.cov([places[m][side] for m in places]) / len(places["champion"][side]) for side in (0, 1))
    difference = places["challenger"][0].mean() - places["champion"][0].mean()
    z = difference / np.sqrt(cov[0, 0] + cov[1, 1] - 2 * cov[0, 1])
    stats.norm.sf(abs(z))
    lap("DeLong")
    rng = np.random.default_rng(1)
    draws = rng.multinomial(CLUSTERS, np.full(CLUSTERS, 1 / CLUSTERS), RESAMPLES).astype(float)
    cell = y * 4 + chosen["champion"] * 2 + chosen["challenger"]
    counts = np.bincount(user * 8 + cell, minlength=CLUSTERS * 8).reshape(CLUSTERS, 8)
    resampled = draws @ counts
    accuracy = (resampled[:, [0, 2, 5, 7]].sum(1) - resampled[:, [0, 1, 6, 7]].sum(1)) / resampled.sum(1)
    np.quantile(accuracy, [0.025, 0.975])
    lap("cluster bootstrap, accuracy")
    for column in ("sex", "region"):
        codes = table[column].cat.codes.to_numpy().astype(np.int64)
        groups = codes.max() + 1
        counts = np.bincount((user.astype(np.int64) * groups + codes) * 8 + cell, minlength=CLUSTERS * groups * 8)
        counts = counts.reshape(CLUSTERS, groups, 8)
        totals = counts.sum(axis=0)
        group = int((totals[:, 4:].sum(1) / totals.sum(1)).argmin())
        inside = draws @ counts[:, group]
        outside = draws @ counts.sum(axis=1) - inside
        for selected in ([2, 3, 6, 7], [1, 3, 5, 7]):
            rate_in = inside[:, selected].sum(1) / inside.sum(1)
            rate_out = outside[:, selected].sum(1) / outside.sum(1)
            np.quantile(rate_in / rate_out, [0.025, 0.975])
            np.quantile(rate_out - rate_in, [0.025, 0.975])
    lap("fairness")
    for m, s in scores.items():
        order = np.argsort(s, kind="stable")
        ordered, labels, users = s[order], y[order], user[order]
        ends = np.append(np.flatnonzero(np.diff(ordered)), len(ordered) - 1)
        for weights in draws[:AREA_RESAMPLES]:
            w = weights[users]
            below = np.diff(np.cumsum(w * ~labels)[ends], prepend=0)
            above = np.diff(np.cumsum(w * labels)[ends], prepend=0)
            ((np.cumsum(below) - below / 2) * above).sum() / (below.sum() * above.sum())
    lap(f"{AREA_RESAMPLES} area resamples")


def measure(command):
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    output = process.stdout.read().decode()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return time.perf_counter() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, output, process.returncode


def main():
    python = peers_python()
    if sys.prefix != str(PEERS):
        os.execv(python, [str(python), *sys.argv])
    # In a process of its own: a child's peak memory begins at its parent's.
    subprocess.run([sys.executable, __file__, "generate"], check=True)
    pawl = os.environ.get("PAWL", str(ROOT / "target" / "release" / "pawl"))
    command = [pawl, "judge", str(FILE), "--label", "label", "--champion", "champion", "--challenger", "challenger",
               "--cluster", "user", "--group", "sex", "--group", "region", "--json"]
    wall, cpu, memory, _, code = measure(command)
    assert code in (0, 1, 3), code
    print(f"{ROWS:,} rows, {FILE.stat().st_size / 1e6:.0f} MB")
    print(f"pawl judge     {wall:8.2f} s wall {cpu:8.2f} s CPU {memory:8.0f} MB")
    wall_r, cpu_r, memory_r, output, code = measure([sys.executable, __file__, "reference"])
    assert code == 0
    print(output, end="")
    areas = float(output.strip().splitlines()[-1].split()[-3])
    rest_wall, rest_cpu = wall_r * (1 - areas / cpu_r), cpu_r - areas
    full = rest_cpu + areas / AREA_RESAMPLES * RESAMPLES
    print(f"reference      {wall_r:8.2f} s wall {cpu_r:8.2f} s CPU {memory_r:8.0f} MB")
    print(f"ratio, the reference without area resamples: {rest_wall / wall:.1f} x wall, {rest_cpu / cpu:.1f} x CPU")
    print(f"ratio, all {RESAMPLES} area resamples scaled up from {AREA_RESAMPLES}: {full / cpu:.0f} x CPU")
    print(f"memory: {memory:.0f} MB against {memory_r:.0f} MB")


if __name__ == "__main__":
    {"generate": generate, "reference": reference}.get(" ".join(sys.argv[1:]), main)()
