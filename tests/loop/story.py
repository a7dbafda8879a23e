"""The months that the demo plays, from the generator or from UCI's own file."""
import csv
import importlib.util
import io
import random
import sys
from dataclasses import dataclass, field
from pathlib import Path

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "bike-demand"


def generator():
    """The example's generator as a module."""
    sys.path.insert(0, str(EXAMPLE))
    spec = importlib.util.spec_from_file_location("generate", EXAMPLE / "generate.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@dataclass
class Chapter:
    """One arrival: its files, what the team changes in pipeline.yaml before it, and what clients send afterwards."""
    title: str
    months: dict = field(default_factory=dict)
    changes: dict = field(default_factory=dict)
    nulls: float = 0.0


STRICT = {"train": {"hyperparameters": {"missing": "error"}}}


def generated():
    """The story of the generator: every verdict on it is left to the pipeline."""
    generate = generator()
    months = {month: text.encode() for month, text in generate.story(generate.DEFAULT_SEED)}
    history = {month: data for month, data in months.items() if month < "2012"}
    later = {month: data for month, data in months.items() if month >= "2012"}
    titles = {
        "2012-01": "an ordinary month",
        "2012-02": "a sensor sticks",
        "2012-03": "a warm spring, and new docks that no model has met",
        "2012-04": "more docks; a model that has seen March should know better",
        "2012-05": "somebody renames a column",
        "2012-06": "the team makes the model strict, and clients send nulls",
    }
    chapters = [Chapter("a year of history, twelve files at once", history)]
    for month, data in later.items():
        last = month == max(later)
        chapters.append(Chapter(titles.get(month, month), {month: data}, STRICT if last else {}, 0.3 if last else 0.0))
    return chapters


def real(path):
    """UCI's hour.csv in its original form: 2011 at once, then 2012 month by month."""
    months = generator().split(Path(path).read_bytes())
    history = {month: data for month, data in months.items() if month < "2012"}
    later = {month: data for month, data in months.items() if month >= "2012"}
    chapters = [Chapter("2011, twelve files at once", history)]
    chapters += [Chapter(month, {month: data}) for month, data in later.items()]
    return chapters


def requests(data, nulls=0.0, count=400):
    """Requests as clients send them: the features of rows of a month, some values null."""
    generate = generator()
    rows = list(csv.DictReader(io.StringIO(data.decode())))
    return list(generate.live_rows(rows, count, {"temp": nulls} if nulls else {}, random.Random(1)))
