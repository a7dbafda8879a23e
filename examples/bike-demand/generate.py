#!/usr/bin/env python3
"""Hourly bike rentals, month by month, in exactly the columns of UCI's hour.csv. Same seed, same bytes.

generate.py story --out DIR            the demo's months: a year of history, then good, drifted and corrupt months
generate.py months --out DIR --from 2011-01 --to 2012-06 --fault 2012-02=stuck_sensor:0.4
generate.py split --data hour.csv --out DIR        UCI's own file, one file a month, rows byte for byte
generate.py live --out FILE --month 2012-08 --nulls temp=0.1     rows as clients would send them
"""

import argparse
import csv
import io
import json
import random
import sys
from pathlib import Path

from rentals import COLUMNS, FAULTS, FEATURES, Problem, month_csv, month_rows, months_between, parse_fault, parse_month

DEFAULT_SEED = 35

# The demo. Every verdict on it is left to the pipeline.
STORY_HISTORY = ("2011-01", "2011-12")
STORY = {
    "2012-01": [],  # an ordinary month
    "2012-02": ["stuck_sensor"],
    "2012-03": ["drift:1"],  # a dry, warm spring, and new docks that no model has seen
    "2012-04": ["drift:2"],  # more docks; a model that has seen March knows better
    "2012-05": ["drift:2", "broken_schema:renamed"],
    "2012-06": ["drift:2"],  # a model that has seen April knows better
}


def split(data):
    """(month, bytes) of UCI's hour.csv: its header and the month's rows, unchanged."""
    header, *lines = data.splitlines(keepends=True)
    names = header.decode("utf-8", "replace").strip().split(",")
    if "dteday" not in names:
        raise Problem("the file has no column dteday; give UCI's hour.csv in its original form")
    column = names.index("dteday")
    months = {}
    for number, line in enumerate(lines, 2):
        fields = line.split(b",")
        month = fields[column][:7].decode("ascii", "replace") if len(fields) > column else ""
        try:
            parse_month(month)
        except Problem:
            raise Problem(f"line {number} has no date in dteday") from None
        months.setdefault(month, [header]).append(line)
    return {month: b"".join(parts) for month, parts in sorted(months.items())}


def live_rows(rows, count, nulls, stream):
    """`count` requests drawn from `rows` (mappings): the features alone, some values null at the shares named."""
    for _ in range(count):
        row = stream.choice(rows)
        request = {name: _number(row[name]) for name in FEATURES}
        for name, share in nulls.items():
            if stream.random() < share:
                request[name] = None
        yield request


def _number(text):
    value = float(text)
    return int(value) if value.is_integer() else value


def parse_nulls(texts):
    nulls = {}
    for text in texts:
        name, _, share = text.partition("=")
        if name not in FEATURES:
            raise Problem(f"--nulls {text}: {name!r} is no feature; known: {', '.join(FEATURES)}")
        try:
            nulls[name] = float(share)
        except ValueError:
            raise Problem(f"--nulls {text}: write it as temp=0.1") from None
        if not 0 <= nulls[name] <= 1:
            raise Problem(f"--nulls {text}: the share is between 0 and 1")
    return nulls


def parse_faults(texts):
    faults = {}
    for text in texts:
        month, _, fault = text.partition("=")
        faults.setdefault(parse_month(month), []).append(parse_fault(fault))
    return faults


def write(folder, name, data):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(data if isinstance(data, bytes) else data.encode())
    print(folder / name)


def command_months(args):
    faults = parse_faults(args.fault)
    months = months_between(parse_month(args.first), parse_month(args.last))
    stray = sorted(set(faults) - set(months))
    if stray:
        raise Problem(f"--fault {stray[0]:%Y-%m}: that month is not generated")
    for month in months:
        write(args.out, f"{month:%Y-%m}.csv", month_csv(month, args.seed, faults.get(month, ())))


def story(seed):
    """(month, text of the file) of the demo's months, in the order of their arrival."""
    faults = {parse_month(month): [parse_fault(text) for text in texts] for month, texts in STORY.items()}
    for month in [*months_between(*map(parse_month, STORY_HISTORY)), *faults]:
        yield f"{month:%Y-%m}", month_csv(month, seed, faults.get(month, ()))


def command_story(args):
    for month, text in story(args.seed):
        write(args.out, f"{month}.csv", text)


def command_split(args):
    for month, data in split(args.data.read_bytes()).items():
        write(args.out, f"{month}.csv", data)


def command_live(args):
    if args.data:
        rows = list(csv.DictReader(io.StringIO(args.data.read_text(encoding="utf-8"))))
    else:
        month = parse_month(args.month)
        texts = month_rows(month, args.seed, parse_faults(args.fault).get(month, ()))
        rows = [dict(zip(COLUMNS, row)) for row in texts]
    requests = live_rows(rows, args.rows, parse_nulls(args.nulls), random.Random(f"{args.seed}/live"))
    write(args.out.parent, args.out.name, "".join(json.dumps(request) + "\n" for request in requests))


def parser():
    top = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    meanings = [f"{name}: {meaning} (default {default})" for name, (default, meaning) in FAULTS.items()]
    faults = "NAME or NAME:AMOUNT, again for more. " + "; ".join(meanings)
    commands = top.add_subparsers(required=True, metavar="COMMAND")

    def command(name, run, summary):
        sub = commands.add_parser(name, help=summary, description=summary)
        sub.set_defaults(run=run)
        sub.add_argument(
            "--out", type=Path, required=True, help=f"the {'file' if name == 'live' else 'folder'} to write"
        )
        if name != "split":
            sub.add_argument("--seed", type=int, default=DEFAULT_SEED)
        return sub

    command("story", command_story, "the months of the demo")
    months = command("months", command_months, "any months, with any faults")
    months.add_argument("--from", dest="first", metavar="MONTH", required=True)
    months.add_argument("--to", dest="last", metavar="MONTH", required=True)
    months.add_argument("--fault", action="append", default=[], metavar="MONTH=FAULT", help=faults)
    command("split", command_split, "cut UCI's hour.csv into months").add_argument("--data", type=Path, required=True)
    live = command("live", command_live, "requests as JSON Lines, features only")
    source = live.add_mutually_exclusive_group(required=True)
    source.add_argument("--month", help="generate this month's rows")
    source.add_argument("--data", type=Path, help="draw from the rows of this CSV file")
    live.add_argument("--rows", type=int, default=500)
    live.add_argument("--nulls", action="append", default=[], metavar="COLUMN=SHARE")
    live.add_argument("--fault", action="append", default=[], metavar="MONTH=FAULT", help="drift or quiet")
    return top


def main(arguments=None):
    args = parser().parse_args(arguments)
    try:
        args.run(args)
    except (Problem, OSError) as problem:
        print(f"generate.py: {problem}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
