"""How our Parquet reader does beside the crate `parquet` and DuckDB, on one core each: does it earn its keep?

Three programs profile all columns of the same file: `profile_parquet` reads with pawl-parquet, `profile_with_arrow`
with the crate `parquet` through Arrow (both are examples of shared/parquet, built as what ships is, and feed the
same profiler), and DuckDB runs SUMMARIZE. They take turns, so that a busy machine is busy for all of them.

    parquet.py [--rows N] [--runs N]

The files: a team's table (the one of profile.py, 21 mixed columns) with dictionaries, as snappy, as zstd and as DuckDB
writes it; a table in which hardly any value repeats, without dictionaries, as snappy and as zstd; and nested
columns. Prints medians of CPU seconds and peak memory, and how many times our CPU seconds each peer takes.
"""

import argparse
import json
import multiprocessing
import os
import statistics
import subprocess
import sys
from pathlib import Path

from profile import CACHE, DUCKDB, PEERS, ROOT, generate, measure, peers_python

EXAMPLES = ROOT / "target/release/examples"
OURS, ARROW, DUCK = "pawl-parquet", "crate parquet", "DuckDB"


def write(rows: int) -> dict[str, Path]:
    """The files by what they are, written on the first run."""
    import duckdb
    import pyarrow.parquet as parquet

    csv = CACHE / f"bench-{rows}.csv"
    names = {
        "dictionaries, DuckDB's": "duckdb",
        "dictionaries, snappy": "snappy",
        "dictionaries, zstd": "zstd",
        "no dictionary, snappy": "many-snappy",
        "no dictionary, zstd": "many-zstd",
        "nested, snappy": "nested",
    }
    files = {label: CACHE / f"bench-{rows}.{name}.parquet" for label, name in names.items()}
    table, snappy, zstd, many_snappy, many_zstd, deep = files.values()
    if all(path.exists() for path in files.values()):
        return files
    if not csv.exists():
        generate(csv, rows)
    duckdb.sql(f"COPY (SELECT * FROM '{csv}') TO '{table}'")
    whole = parquet.read_table(table)
    parquet.write_table(whole, snappy, compression="snappy")
    parquet.write_table(whole, zstd, compression="zstd")
    parquet.write_table(many(rows // 3), many_snappy, compression="snappy", use_dictionary=False)
    parquet.write_table(many(rows // 3), many_zstd, compression="zstd", use_dictionary=False)
    parquet.write_table(nested(rows // 9), deep, compression="snappy")
    return files


def many(count: int):
    """Hardly any value repeats."""
    import numpy
    import pyarrow

    rng = numpy.random.default_rng(1)
    return pyarrow.table(
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


def nested(count: int):
    """Orders: a structure, a list of numbers and a list of structures."""
    import numpy
    import pyarrow

    rng = numpy.random.default_rng(2)
    lengths = rng.integers(0, 6, count)
    offsets = pyarrow.array(numpy.concatenate([[0], numpy.cumsum(lengths)]).astype("i4"))
    entries = int(lengths.sum())
    item = pyarrow.StructArray.from_arrays(
        [pyarrow.array(rng.integers(0, 5000, entries)), pyarrow.array(rng.lognormal(3, 1, entries).round(2))],
        ["product", "price"],
    )
    city = pyarrow.array(rng.choice(["Washington", "Arlington", "Bethesda"], count))
    place = pyarrow.StructArray.from_arrays([city, pyarrow.array(rng.normal(0, 1, count))], ["city", "distance"])
    return pyarrow.table(
        {
            "order": pyarrow.array(numpy.arange(count)),
            "place": place,
            "readings": pyarrow.ListArray.from_arrays(offsets, pyarrow.array(rng.normal(0, 1, entries))),
            "items": pyarrow.ListArray.from_arrays(offsets, item),
        }
    )


def same_job(path: Path) -> None:
    """Both programs must see the same columns, rows, gaps and values, or their times say nothing."""

    def seen(program: str) -> list[tuple]:
        answer = subprocess.run([EXAMPLES / program, path], check=True, capture_output=True).stdout
        columns = json.loads(answer)["columns"]
        return [(it["name"], it["rows"], it["missing"], sum(it["types"].values())) for it in columns]

    ours, theirs = seen("profile_parquet"), seen("profile_with_arrow")
    if ours != theirs:
        sys.exit(f"{path.name}: the two readers differ:\n{ours}\n{theirs}")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--rows", type=int, default=4_500_000)
    arguments.add_argument("--runs", type=int, default=5)
    given = arguments.parse_args()
    python = peers_python()
    if sys.prefix != str(PEERS):
        os.execv(python, [str(python), *sys.argv])
    build = ["cargo", "build", "--quiet", "--release", "-p", "pawl-parquet", "--features", "peer", "--examples"]
    subprocess.run(build, check=True, cwd=ROOT)
    one = {min(os.sched_getaffinity(0))}
    # In a process of its own: what a child has in memory counts from its parent's size.
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        files = pool.apply(write, (given.rows,))
    print(f"{'CPU s and peak MB, medians':34}" + "".join(f"{name:>24}" for name in (OURS, ARROW, DUCK)))
    for label, path in files.items():
        same_job(path)
        commands = {
            OURS: [EXAMPLES / "profile_parquet", path],
            ARROW: [EXAMPLES / "profile_with_arrow", path],
            DUCK: [python, "-c", DUCKDB, path],
        }
        runs = [{name: measure(command, cores=one) for name, command in commands.items()} for _ in range(given.runs)]
        cells = []
        for name in commands:
            cpu = statistics.median(run[name]["cpu"] for run in runs)
            peak = statistics.median(run[name]["mb"] for run in runs)
            ratio = statistics.median(run[name]["cpu"] / run[OURS]["cpu"] for run in runs)
            cells.append(f"{cpu:8.2f} {peak:6.0f} {ratio:6.2f} x")
        size = f"{label} ({path.stat().st_size / 1e6:.0f} MB)"
        print(f"{size:34}" + "".join(f"{cell:>24}" for cell in cells), flush=True)


if __name__ == "__main__":
    main()
