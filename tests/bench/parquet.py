"""How fast `pawl profile` is on Parquet beside DuckDB's SUMMARIZE, on one core each.

The table of bench/profile.py (4.5 million rows, 21 mixed columns), written as DuckDB and as pyarrow
write it, and a table in which hardly any value repeats, so that no dictionary helps.

    parquet.py [--rows N] [--pawl PATH]

Prints CPU seconds, peak memory and ratios; the target is 8 times DuckDB's speed under 64 MB.
"""

import argparse
import multiprocessing
import os
import sys
from pathlib import Path

from profile import CACHE, DUCKDB, PEERS, ROOT, generate, measure, peers_python


def write(csv: Path, rows: int) -> list[Path]:
    import duckdb
    import numpy
    import pyarrow
    import pyarrow.parquet as parquet

    ours, theirs, many = (CACHE / f"bench-{rows}.{name}.parquet" for name in ("pyarrow", "duckdb", "many"))
    if not theirs.exists():
        if not csv.exists():
            generate(csv, rows)
        duckdb.sql(f"COPY (SELECT * FROM '{csv}') TO '{theirs}'")
    if not ours.exists():
        parquet.write_table(parquet.read_table(theirs), ours)
    if not many.exists():
        rng, count = numpy.random.default_rng(1), rows // 3
        table = pyarrow.table(
            {
                "double": rng.normal(0, 50, count),
                "float": rng.normal(0, 50, count).astype("f4"),
                "long": rng.integers(-(2**60), 2**60, count),
                "nullable": pyarrow.array(rng.integers(0, 10**8, count), mask=rng.random(count) < 0.1),
                "time": pyarrow.array(rng.integers(0, 2**50, count), pyarrow.timestamp("us")),
                "decimal": pyarrow.array(rng.integers(0, 10**9, count)).cast(pyarrow.decimal128(20, 0)),
                "user": pyarrow.array([f"user-{value:012x}" for value in rng.integers(0, 2**48, count)]),
                "digits": pyarrow.array([str(value) for value in rng.integers(0, 10**6, count)]),
                "flag": rng.random(count) < 0.3,
            }
        )
        parquet.write_table(table, many, compression="zstd")
    return [theirs, ours, many]


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--rows", type=int, default=4_500_000)
    arguments.add_argument("--pawl", type=Path, default=ROOT / "target/release/pawl")
    given = arguments.parse_args()
    python = peers_python()
    if sys.prefix != str(PEERS):
        os.execv(python, [str(python), *sys.argv])
    if not given.pawl.exists():
        sys.exit(f"{given.pawl} is absent: run scripts/build")
    one = {min(os.sched_getaffinity(0))}
    # In a process of its own: what a child has in memory counts from its parent's size.
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        paths = pool.apply(write, (CACHE / f"bench-{given.rows}.csv", given.rows))
    print(f"{'':38}{'CPU s':>8}{'peak MB':>9}{'times pawl':>12}")
    for path in paths:
        commands = {"pawl": [given.pawl, "profile", path], "duckdb SUMMARIZE": [python, "-c", DUCKDB, path]}
        taken = {
            name: min((measure(command, cores=one) for _ in range(3)), key=lambda run: run["cpu"])
            for name, command in commands.items()
        }
        for name, run in taken.items():
            ratio = run["cpu"] / taken["pawl"]["cpu"]
            label = f"{path.suffixes[-2][1:]} ({path.stat().st_size / 1e6:.0f} MB): {name}"
            print(f"{label:38}{run['cpu']:8.2f}{run['mb']:9.0f}{ratio:12.1f}", flush=True)


if __name__ == "__main__":
    main()
