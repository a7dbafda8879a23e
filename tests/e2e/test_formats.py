"""One batch in every form it may come in, whole and in parts: the same profile, the same rows."""
import csv
import gzip
import io
import json

import pytest
from runs import ended

from loop import ROOT

FILES = ROOT / "cli" / "tests" / "files"
CSV = (FILES / "rentals.csv").read_bytes()
ROWS = list(csv.DictReader(io.StringIO(CSV.decode())))
HEADER = list(ROWS[0])


def as_json(row):
    def value(text):
        try:
            return json.loads(text)
        except ValueError:
            return text or None
    return json.dumps({name: value(text) for name, text in row.items()})


JSONL = "".join(as_json(row) + "\n" for row in ROWS).encode()
FORMS = {
    "csv-whole": ("batch.csv", CSV, 1 << 20),
    "csv-in-parts": ("batch.csv", CSV, 5_000),
    "csv-packed": ("batch.csv.gz", gzip.compress(CSV), 1_000),
    "json-lines-in-parts": ("batch.jsonl", JSONL, 10_000),
    "parquet-in-parts": ("batch.parquet", (FILES / "rentals.parquet").read_bytes(), 5_000),
}


@pytest.fixture(scope="module")
def found(pipeline):
    """{form: (rows as models see them, rows as a container trains on them, profile, parts)}"""
    loops = {}
    for form, (name, body, part_size) in FORMS.items():
        loop = loops[form] = pipeline(form, {
            "split": {"least_objects": 50},
            "data": {"label": {"column": "count", "at_least": 1}, "features": [n for n in HEADER if n != "count"],
                     "context": [],
                     # JSON tells "0741" from a number; in CSV only a person can.
                     "schema": {"time": None, "columns": {"code": {"type": "string"}}}, "part_size": part_size},
            "constraints": {"columns": None}, "compare": {"with": None, "block": None, "leave_out": None},
        })
        loop.put_pipeline()
        loop.put_object(loop.prefix + name, body)
    result = {}
    for form, loop in loops.items():
        ended(loop, 1, "skipped", "accepted objects to train on")
        keys = loop.keys(f"accepted/{loop.model}/")
        body = {key: loop.s3.get_object(Bucket="pawl-evidence", Key=key)["Body"].read().decode() for key in keys}
        seen = [json.loads(line) for key in keys if key.endswith(".jsonl") for line in body[key].splitlines()]
        trained = [row for key in keys if key.endswith(".csv") for row in csv.DictReader(io.StringIO(body[key]))]
        parts = sum(key.endswith(".csv") for key in keys)
        result[form] = seen, trained, loop.evidence(1, "profile.json"), parts
    return result


@pytest.mark.parametrize("form", FORMS)
def test_the_form_makes_no_difference(found, form):
    whole_seen, _, whole_profile, _ = found["csv-whole"]
    seen, trained, profile, parts = found[form]
    assert (parts > 2) == form.endswith("-in-parts"), parts
    assert len(seen) == len(ROWS) and len({row["row"] for row in seen}) == len(ROWS)
    assert [row["features"] for row in seen] == [row["features"] for row in whole_seen]
    assert [row["label"] for row in seen] == [row["label"] for row in whole_seen]
    # JSON has no 68.80.
    assert [as_json({name: row[name] for name in HEADER}) for row in trained] == [as_json(row) for row in ROWS]
    assert profile["rows"] == len(ROWS) and profile["parts"] == 1
    exact = ("name", "rows", "missing", "types")
    columns = {column["name"]: {key: column[key] for key in exact} for column in profile["columns"]}
    assert columns == {column["name"]: {key: column[key] for key in exact} for column in whole_profile["columns"]}


def test_text_that_looks_like_records_is_read_once(pipeline):
    """Most parts begin within quotes, between lines that could be records: they are read again from where they truly start."""
    note = "\n".join(["1,2"] * 100)
    body = "id,note\n" + "".join(f'{row},"{note}"\n' for row in range(40))
    loop = pipeline("misleading", {
        "split": {"least_objects": 50},
        "data": {"label": {"column": "id", "at_least": 1}, "features": ["note"], "context": [],
                 "schema": {"time": None}, "part_size": 700},
        "constraints": {"columns": None}, "compare": {"with": None, "block": None, "leave_out": None},
    })
    loop.put_pipeline()
    loop.put_object(loop.prefix + "batch.csv", body.encode())
    ended(loop, 1, "skipped", "accepted objects to train on")
    keys = [key for key in loop.keys(f"accepted/{loop.model}/") if key.endswith(".csv")]
    assert len(keys) > 10
    rows = [row for key in keys for row in csv.reader(io.StringIO(
        loop.s3.get_object(Bucket="pawl-evidence", Key=key)["Body"].read().decode())) if row != ["id", "note"]]
    assert rows == [[str(row), note] for row in range(40)]
    assert loop.evidence(1, "profile.json")["rows"] == 40
