"""How fast `pawl profile` is beside DuckDB, Polars and pandas, pinned to one core each.

It writes a file of 4.5 million rows and 21 mixed columns by a fixed seed, lets each program profile
it in a process of its own, and prints CPU seconds, peak memory and ratios, then how far Pawl's
quantiles and distinct counts are from the exact ones.

    profile.py [--rows N] [--pawl PATH] [--skip NAME]

The peers are pinned in requirements.txt beside this file and live in .cache/bench.
"""

import argparse
import json
import multiprocessing
import os
import shutil
import subprocess
import sys
import time
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CACHE = ROOT / ".cache"
PEERS = CACHE / "bench"

DUCKDB = """
import duckdb, sys
db = duckdb.connect()
db.execute("SET threads = 1")
db.execute(f"SUMMARIZE SELECT * FROM '{sys.argv[1]}'").fetchall()
"""
POLARS = """
import polars, sys
polars.read_csv(sys.argv[1], try_parse_dates=True).describe()
"""
PANDAS = """
import pandas, sys
frame = pandas.read_csv(sys.argv[1])
frame.describe(include="all")
frame.nunique()
"""
PASS = """
import sys
lines = 0
with open(sys.argv[1], "rb", buffering=0) as file:
    while chunk := file.read(1 << 20):
        lines += chunk.count(b"\\n")
"""


def peers_python() -> Path:
    """The python that has the peers, made on the first run."""
    python = PEERS / "bin" / "python"
    done = PEERS / "installed"
    wanted = (Path(__file__).parent / "requirements.txt").read_text()
    if not done.exists() or done.read_text() != wanted:
        venv.create(PEERS, with_pip=True)
        requirements = str(Path(__file__).parent / "requirements.txt")
        subprocess.run([python, "-m", "pip", "install", "-q", "-r", requirements], check=True)
        done.write_text(wanted)
    return python


def generate(path: Path, rows: int) -> None:
    """Hourly rentals with weather, as a team's table looks: small integers, measurements of two to
    four decimals, counts, a flag, a category with gaps, an amount of many values, an identifier."""
    import numpy
    import polars

    rng = numpy.random.default_rng(20_120_817)
    hour = numpy.arange(rows)
    day = hour // 24 % 20_000
    temp = numpy.clip(0.5 + 0.3 * numpy.sin(day / 58.0) + rng.normal(0, 0.1, rows), 0, 1)
    casual = rng.poisson(30 + 60 * temp)
    registered = rng.negative_binomial(2, 0.012, rows)
    city = rng.choice(["Washington", "Arlington", "Alexandria", "Bethesda", ""], rows, p=[0.5, 0.2, 0.15, 0.1, 0.05])
    month = (day // 30 % 12 + 1).astype("int8")
    frame = polars.DataFrame(
        {
            "instant": hour + 1,
            "dteday": polars.Series(day).cast(polars.Int32).cast(polars.Date),
            "season": (month % 12 // 3 + 1).astype("int8"),
            "yr": (day // 365 % 2).astype("int8"),
            "mnth": month,
            "hr": (hour % 24).astype("int8"),
            "holiday": (rng.random(rows) < 0.03).astype("int8"),
            "weekday": (day % 7).astype("int8"),
            "workingday": (day % 7 < 5).astype("int8"),
            "weathersit": rng.choice(numpy.array([1, 2, 3, 4], "int8"), rows, p=[0.66, 0.26, 0.079, 0.001]),
            "temp": numpy.round(temp * 50) / 50,
            "atemp": numpy.round(temp * 66) * 0.01515,
            "hum": numpy.round(rng.beta(5, 3, rows), 2),
            "windspeed": numpy.round(rng.gamma(2, 3, rows)) * 0.0299,
            "casual": casual,
            "registered": registered,
            "cnt": casual + registered,
            "amount": numpy.round(rng.lognormal(3, 1, rows), 2),
            "member": rng.random(rows) < 0.8,
            "city": city,
            "dock": rng.integers(0, 500, rows),
        }
    ).with_columns(
        polars.col("atemp", "windspeed").round(4),
        polars.col("city").replace("", None),
    )
    frame.write_csv(path)


def convert(path: Path, objects: Path) -> None:
    """Writes the rows of a CSV file as JSON Lines."""
    import polars

    polars.scan_csv(path, try_parse_dates=True).sink_ndjson(objects)


def apart(work, *arguments) -> None:
    """Works in a process of its own: the peak memory of a child counts what its parent holds when it starts."""
    process = multiprocessing.Process(target=work, args=arguments)
    process.start()
    process.join()
    if process.exitcode:
        sys.exit(f"{work.__name__} failed")


def measure(command: list, environment: dict[str, str] | None = None, cores: set[int] | None = None) -> dict:
    """CPU seconds, wall seconds and peak memory of one process, which runs on these cores only."""
    command = [str(part) for part in command]
    pin = (lambda: os.sched_setaffinity(0, cores)) if cores else None
    started = time.monotonic()
    child = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, env=os.environ | (environment or {}), preexec_fn=pin
    )
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        sys.exit(f"{command[0]} ended with {child.returncode}")
    return {
        "cpu": usage.ru_utime + usage.ru_stime,
        "wall": time.monotonic() - started,
        "mb": usage.ru_maxrss / 1024,
    }


def accuracy(pawl: Path, path: Path, rows: int) -> None:
    """Prints how far quantiles and distinct counts are from the exact ones."""
    import numpy
    import polars

    told = json.loads(subprocess.run([pawl, "profile", "--json", path], check=True, capture_output=True).stdout)
    assert told["rows"] == rows, told["rows"]
    frame = polars.read_csv(path, try_parse_dates=True)
    worst_rank, worst_distinct = (0.0, ""), (0.0, "")
    for column in told["columns"]:
        name = column["name"]
        exact = frame[name].drop_nulls()
        assert column["count"] == len(exact), name
        error = abs(column["distinct"] / exact.n_unique() - 1)
        worst_distinct = max(worst_distinct, (error, name))
        if column["quantiles"] and exact.dtype.is_numeric():
            ordered = numpy.sort(exact.to_numpy())
            assert abs(column["mean"] - ordered.mean()) <= 1e-9 * max(1, abs(ordered.mean())), name
            assert abs(column["std_dev"] / ordered.std(ddof=1) - 1) < 1e-9, name
            for rank, value in column["quantiles"].items():
                low = numpy.searchsorted(ordered, value, "left") / len(ordered)
                high = numpy.searchsorted(ordered, value, "right") / len(ordered)
                off = max(low - float(rank), float(rank) - high, 0.0)
                worst_rank = max(worst_rank, (off, name))
    print("\ncounts, means and deviations agree with Polars and numpy in every column")
    print(f"worst rank error of a quantile: {worst_rank[0]:.5f} ({worst_rank[1]})")
    print(f"worst error of a distinct count: {worst_distinct[0]:.2%} ({worst_distinct[1]})")


def packed(pawl: Path, path: Path, cores: set[int]) -> None:
    """Prints what unpacking adds, beside the decoder alone."""
    print()
    for tool, suffix in (("gzip", ".gz"), ("zstd", ".zst")):
        small = Path(f"{path}{suffix}")
        if shutil.which(tool) is None:
            print(f"{tool} is not installed: its files are not measured")
            continue
        if not small.exists():
            subprocess.run([tool, "-q", "-k", "-f", str(path)], check=True)
        alone = measure([tool, "-dc", small], cores=cores)
        taken = measure([pawl, "profile", small], cores=cores)
        print(f"{'pawl on ' + suffix:26}{taken['cpu']:8.2f}{taken['wall']:8.2f}{taken['mb']:9.0f}, {tool} -dc alone {alone['cpu']:.2f} CPU s")


def lines(pawl: Path, python: Path, path: Path, cores: set[int]) -> None:
    """Prints the same rows as JSON Lines beside DuckDB."""
    objects = path.with_suffix(".jsonl")
    if not objects.exists():
        apart(convert, path, objects)
    taken = measure([pawl, "profile", "--threads", "1", objects], cores=cores)
    duckdb = measure([python, "-c", DUCKDB, objects], cores=cores)
    print(f"\nJSON Lines, {objects.stat().st_size / 1e6:.0f} MB")
    for name, one in (("pawl", taken), ("duckdb SUMMARIZE", duckdb)):
        ratio = one["cpu"] / taken["cpu"]
        print(f"{name:26}{one['cpu']:8.2f}{one['wall']:8.2f}{one['mb']:9.0f}{ratio:12.1f}")


PARTS = {
    "few values (10 columns, counted)": ["season", "yr", "mnth", "hr", "holiday", "weekday", "workingday", "weathersit", "member", "city"],
    "measurements (4)": ["temp", "atemp", "hum", "windspeed"],
    "counts (4)": ["casual", "registered", "cnt", "dock"],
    "many values (2, hashed and sketched)": ["instant", "amount"],
    "a date": ["dteday"],
}


def shares(pawl: Path, path: Path, cores: set[int], whole: float) -> None:
    """Prints where the time goes: cutting records into fields, then each kind of column by itself."""
    every = [column for columns in PARTS.values() for column in columns]

    def taken(wanted: list[str]) -> float:
        pipeline = path.with_suffix(".yaml")
        ignored = json.dumps([column for column in every if column not in wanted])
        pipeline.write_text(
            "model: bench\ntrain: {image: none}\n"
            "data: {bucket: b, prefix: p/, label: {column: cnt}, features: [temp], "
            f"schema: {{ignore: {ignored}}}}}\n"
        )
        command = [pawl, "profile", "--threads", "1", "--pipeline", pipeline, path]
        return min(measure(command, cores=cores)["cpu"] for _ in range(3))

    cut = taken([])
    print(f"\n{f'where {whole:.2f} CPU s go':38}{'CPU s':>8}{'share':>8}")
    print(f"{'cutting into fields':38}{cut:8.2f}{cut / whole:8.0%}")
    for name, columns in PARTS.items():
        more = taken(columns) - cut
        print(f"{name:38}{more:8.2f}{more / whole:8.0%}")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--rows", type=int, default=4_500_000)
    arguments.add_argument("--pawl", type=Path, default=ROOT / "target/release/pawl")
    arguments.add_argument("--skip", action="append", default=[], help="a peer to leave out")
    given = arguments.parse_args()
    python = peers_python()
    if Path(sys.executable).resolve() != python.resolve() or sys.prefix != str(PEERS):
        os.execv(python, [str(python), *sys.argv])
    if not given.pawl.exists():
        sys.exit(f"{given.pawl} is absent: run scripts/build")

    path = CACHE / f"bench-{given.rows}.csv"
    if not path.exists():
        apart(generate, path, given.rows)
    print(f"{given.rows} rows x 21 columns, CSV {path.stat().st_size / 1e6:.0f} MB, one core each\n")
    one, cores = {min(os.sched_getaffinity(0))}, os.sched_getaffinity(0)
    programs = {
        "a plain pass": ([python, "-c", PASS, path], {}),
        "pawl": ([given.pawl, "profile", "--threads", "1", path], {}),
        "duckdb SUMMARIZE": ([python, "-c", DUCKDB, path], {}),
        "polars describe": ([python, "-c", POLARS, path], {"POLARS_MAX_THREADS": "1"}),
        "pandas describe, nunique": ([python, "-c", PANDAS, path], {}),
    }
    results = {}
    for name, (command, environment) in programs.items():
        if name.split()[0] in given.skip:
            continue
        runs = 3 if name == "pawl" else 1
        taken = [measure(command, environment, one) for _ in range(runs)]
        results[name] = min(taken, key=lambda one: one["cpu"])
    pawl = results["pawl"]
    print(f"{'':26}{'CPU s':>8}{'wall s':>8}{'peak MB':>9}{'times pawl':>12}")
    for name, taken in results.items():
        ratio = taken["cpu"] / pawl["cpu"]
        print(f"{name:26}{taken['cpu']:8.2f}{taken['wall']:8.2f}{taken['mb']:9.0f}{ratio:12.1f}")
    shares(given.pawl, path, one, pawl["cpu"])
    packed(given.pawl, path, one)
    lines(given.pawl, python, path, one)
    many = measure([given.pawl, "profile", path], cores=cores)
    faster, more = pawl["wall"] / many["wall"], many["cpu"] / pawl["cpu"]
    print(f"\npawl on {len(cores)} cores: {many['wall']:.2f} s wall, {faster:.2f} times faster for {more:.2f} times the CPU")
    accuracy(given.pawl, path, given.rows)


if __name__ == "__main__":
    main()
