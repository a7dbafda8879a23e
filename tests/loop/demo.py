"""The demo: month after month arrives, and each becomes a better model in production, or a reason why not."""
import argparse
import os
import shutil
import sys
import time
from pathlib import Path

from . import BUCKET, MODEL, ROOT, Loop, Traffic
from .story import generated, real, requests

BOLD, DIM, GREEN, RED, YELLOW, PLAIN = (
    ("\033[1m", "\033[2m", "\033[32m", "\033[31m", "\033[33m", "\033[0m")
    if sys.stdout.isatty() and "NO_COLOR" not in os.environ else ("",) * 6)
COLOURS = {"promoted": GREEN, "rolled_back": RED, "failed": RED, "quarantined": YELLOW, "diverged": RED}
OUT = ROOT / "target" / "demo"


def say(text=""):
    print(text, flush=True)


def number(value, digits=3):
    return "–" if value is None else f"{value:.{digits}f}"


def p_value(value):
    return "–" if value is None else "<1e-9" if value < 1e-9 else f"{value:.2g}"


def test(judgement, name):
    return next((test for test in (judgement or {}).get("tests", []) if test["name"] == name), None)


def models(judgement):
    """Champion against challenger in one cell: accuracy, its change with interval, and McNemar's p."""
    if not judgement:
        return "–"
    challenger, champion = judgement["metrics"]["challenger"] or {}, judgement["metrics"]["champion"]
    if champion is None:
        return f"first model: AUC {number(challenger.get('auc'))}"
    tango, mcnemar = test(judgement, "tango"), test(judgement, "mcnemar_mid_p")
    change = number(tango["estimate"]) if tango else "–"
    if tango and tango["estimate"] is not None and tango["estimate"] >= 0:
        change = "+" + change
    low, high = interval(tango)
    return (f"{number(champion['accuracy'])} → {number(challenger['accuracy'])} "
            f"({change} [{number(low)}, {number(high)}], p {p_value(mcnemar and mcnemar['p_value'])})")


def interval(found):
    value = (found or {}).get("interval")
    if value is None:
        return None, None
    return (value["low"], value["high"]) if isinstance(value, dict) else tuple(value)


def drift(loop, generation):
    document = loop.evidence(generation, "drift.json")
    if not document:
        return "–"
    if document["verdict"] != "drift":
        return document["verdict"].replace("_", " ")
    names = dict.fromkeys(f["name"] for f in document["columns"] if f["verdict"] == "drift")
    return "drift: " + ", ".join(list(names)[:3]) + (" …" if len(names) > 3 else "")


def data(loop, generation):
    judged = loop.evidence(generation, "validation.json")
    if not judged:
        return "–"
    bad = sum(1 for one in judged if one["fate"] == "quarantined")
    rows = sum((one["validation"] or {}).get("accepted", 0) for one in judged if one["fate"] == "accepted")
    refused = sum((one["validation"] or {}).get("quarantined", 0) for one in judged if one["fate"] == "accepted")
    text = f"{rows} rows" + (f", {refused} refused" if refused else "")
    return f"quarantined ({bad})" if bad == len(judged) and bad else text if judged else "nothing new"


def serving(loop):
    release = loop.release()
    current = (release or {}).get("current")
    return f"run {current['generation']}" if current else "nothing"


class Demo:
    def __init__(self, loop, chapters):
        self.loop, self.chapters, self.rows, self.traffic, self.generation = loop, chapters, [], None, 0

    def play(self):
        loop, started = self.loop, time.monotonic()
        for chapter in self.chapters:
            say(f"\n{BOLD}{' '.join(chapter.months) if len(chapter.months) < 3 else 'history'}{PLAIN}  {chapter.title}")
            if chapter.changes or not self.rows:
                loop.put_pipeline(chapter.changes)
            for month, body in chapter.months.items():
                loop.put_month(month, body)
            self.send(chapter)
            record = self.run_of(chapter, lambda state: say(f"  {DIM}{time.monotonic() - started:6.1f} s  {state}{PLAIN}"))
            self.report(self.generation, record, chapter)
        if self.traffic:
            self.traffic.__exit__()
        self.table()

    def run_of(self, chapter, watch):
        """The record of the run that took the chapter's last file. An event that comes late makes a run of its own: it is passed over."""
        key = f"{self.loop.prefix}{list(chapter.months)[-1]}.csv"
        while True:
            self.generation += 1
            record = self.loop.wait_closed(self.generation, watch=watch)
            manifest = self.loop.evidence(self.generation, "manifest.json")
            # A run without a manifest failed before it took any.
            if manifest is None or key in [one["key"] for one in manifest["batch"]]:
                return record

    def send(self, chapter):
        """Clients keep calling the endpoint with rows of the newest month that was good enough to serve."""
        if len(chapter.months) > 1 and not self.rows:
            rows = requests(list(chapter.months.values())[-1])
            self.traffic = Traffic(self.loop.aws, MODEL, rows)
            self.traffic.__enter__()
        elif chapter.nulls:
            self.traffic.rows_now(requests(list(chapter.months.values())[-1], chapter.nulls))

    def report(self, generation, record, chapter):
        outcome = record["outcome"]
        colour = COLOURS.get(outcome["code"], "")
        judgement = self.loop.evidence(generation, "judgement.json")
        say(f"  {colour}{BOLD}{outcome['code'].replace('_', ' ')}{PLAIN}  {outcome['reason'][:300]}")
        say(f"  serves now: {serving(self.loop)}")
        months = list(chapter.months)
        self.rows.append([str(generation), months[0] if len(months) == 1 else f"{months[0]}..{months[-1][5:]}",
                          data(self.loop, generation), drift(self.loop, generation), models(judgement),
                          outcome["code"].replace("_", " "), serving(self.loop)])

    def table(self):
        head = ["run", "trigger", "data", "drift", "champion → challenger: accuracy", "decision", "serves"]
        widths = [max(len(row[i]) for row in [head, *self.rows]) for i in range(len(head))]
        say("\n" + BOLD + "  ".join(cell.ljust(width) for cell, width in zip(head, widths)).rstrip() + PLAIN)
        for row in self.rows:
            say("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())


def keep(loop, folder):
    """Copy the evidence out of the stand-in, so that it can be read afterwards. That of an earlier demo goes."""
    shutil.rmtree(folder, ignore_errors=True)
    for key in loop.keys(""):
        target = folder / key
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(loop.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read())


def main():
    parser = argparse.ArgumentParser(prog="scripts/demo", description=__doc__)
    parser.add_argument("--data", type=Path, metavar="FILE", help="UCI's hour.csv in its original form, instead of generated months")
    parser.add_argument("--out", type=Path, default=OUT, metavar="DIR", help="where the evidence goes (default: %(default)s)")
    args = parser.parse_args()
    if args.data and not args.data.is_file():
        parser.error(f"--data: no file at {args.data}")
    if args.out.resolve() != OUT and args.out.is_dir() and any(args.out.iterdir()):
        parser.error(f"--out: {args.out} is there and holds something; name a new folder")
    chapters = real(args.data) if args.data else generated()
    started = time.monotonic()
    with Loop() as loop:
        say(f"AWS stands in at {loop.aws.endpoint_url}")
        Demo(loop, chapters).play()
        keep(loop, args.out)
    say(f"\nThe evidence of every run lies in {args.out}: runs/, ledger/, quarantine/, profiles/.")
    say(f"{time.monotonic() - started:.0f} s")


if __name__ == "__main__":
    main()
