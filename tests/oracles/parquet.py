"""Small Parquet files of every type, codec and page form, written by pyarrow, and what each leaf holds.

    python tests/oracles/parquet.py

needs the packages of tests/bench/requirements.txt; it writes shared/parquet/tests/files/. What a leaf holds is worked out
from the Python values themselves: the text that a CSV file would have for each, and how often.
Where ../shared/data/corpora/parquet-testing lies, it also writes what pyarrow reads of the flat
columns there.
"""

import datetime as dt
import decimal
import json
import math
import random
import uuid
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

ROOT = Path(__file__).resolve().parents[2]
OUT = ROOT / "shared/parquet/tests/files"
CORPUS = ROOT.parent / "shared/data/corpora/parquet-testing"
ROWS, GROUP = 120, 50
rng = random.Random(20261121)
decimal.getcontext().prec = 100
UTC = dt.timezone.utc


def fraction(text):
    """A time without the zeros at the end of its fraction."""
    return text.rstrip("0").rstrip(".") if "." in text else text


def stamp(value):
    text = fraction(value.replace(tzinfo=None).isoformat(sep=" "))
    return text + "+00" if value.tzinfo else text


def single(value):
    return repr(float(str(np.float32(value))))


# name: (type, how to make a value, its text)
LEAVES = {
    "int8": (pa.int8(), lambda: rng.randint(-128, 127), str),
    "uint8": (pa.uint8(), lambda: rng.randint(0, 255), str),
    "int16": (pa.int16(), lambda: rng.randint(-(2**15), 2**15 - 1), str),
    "uint16": (pa.uint16(), lambda: rng.randint(0, 2**16 - 1), str),
    "int32": (pa.int32(), lambda: rng.randint(-(2**31), 2**31 - 1), str),
    "uint32": (pa.uint32(), lambda: rng.randint(0, 2**32 - 1), str),
    "int64": (pa.int64(), lambda: rng.randint(-(2**63), 2**63 - 1), str),
    "uint64": (pa.uint64(), lambda: rng.randint(0, 2**64 - 1), str),
    "few": (pa.int64(), lambda: rng.randint(0, 3), str),
    "float16": (pa.float16(), lambda: np.float16(rng.uniform(-9, 9)), single),
    "float32": (pa.float32(), lambda: rng.choice([0.1, 2.0, -7.25, 1e-9, 3.4e38, rng.gauss(0, 50)]), single),
    "float64": (pa.float64(), lambda: rng.choice([0.1, 2.0, math.nan, math.inf, -math.inf, rng.gauss(0, 50)]), repr),
    "bool": (pa.bool_(), lambda: rng.random() < 0.4, lambda value: str(value).lower()),
    "date": (pa.date32(), lambda: dt.date(1900, 1, 1) + dt.timedelta(rng.randint(0, 80_000)), str),
    "time_ms": (pa.time32("ms"), lambda: dt.time(rng.randint(0, 23), rng.randint(0, 59), 7, 250_000), lambda v: fraction(str(v))),
    "time_us": (pa.time64("us"), lambda: dt.time(rng.randint(0, 23), 0, 0, rng.randint(0, 999_999)), lambda v: fraction(str(v))),
    "stamp_ms": (pa.timestamp("ms"), lambda: dt.datetime(2012, 8, 17) + dt.timedelta(milliseconds=rng.randint(-9**12, 9**12)), stamp),
    "stamp_us_utc": (pa.timestamp("us", "UTC"), lambda: dt.datetime(2012, 8, 17, tzinfo=UTC) + dt.timedelta(hours=rng.randint(0, 900)), stamp),
    "stamp_ns": (pa.timestamp("ns"), lambda: dt.datetime(1969, 12, 31) + dt.timedelta(seconds=rng.randint(0, 10**5)), stamp),
    "decimal9": (pa.decimal128(9, 2), lambda: decimal.Decimal(rng.randint(-(10**9) + 1, 10**9 - 1)).scaleb(-2), lambda v: f"{v:f}"),
    "decimal18": (pa.decimal128(18, 0), lambda: decimal.Decimal(rng.randint(0, 10**18 - 1)), lambda v: f"{v:f}"),
    "decimal38": (pa.decimal128(38, 10), lambda: decimal.Decimal(rng.randint(-(10**37), 10**37)).scaleb(-10), lambda v: f"{v:f}"),
    "decimal76": (pa.decimal256(76, 5), lambda: decimal.Decimal(rng.randint(-(10**75), 10**75)).scaleb(-5), lambda v: f"{v:f}"),
    "text": (pa.string(), lambda: rng.choice(["Rome", "Zürich", "12", "2.5", "", "NA", "true", "2011-01-01", "x" * 120, f"id {rng.random()}"]), str),
    "binary": (pa.binary(), lambda: rng.choice([b"abc", b"\x00\xff", b"\xc3\xbc"]), lambda v: v.decode() if v != b"\x00\xff" else "0x00ff"),
    "fixed": (pa.binary(4), lambda: rng.choice([b"abcd", b"\xff\x00\x00\x01"]), lambda v: v.decode() if v[0] < 128 else "0x" + v.hex()),
    "uuid": (pa.uuid(), lambda: uuid.UUID(int=rng.getrandbits(128)).bytes, lambda v: str(uuid.UUID(bytes=v))),
    "json": (pa.json_(), lambda: json.dumps({"a": rng.randint(0, 2)}), str),
    "dictionary": (pa.dictionary(pa.int8(), pa.string()), lambda: rng.choice(["spring", "fall"]), str),
    "nothing": (pa.null(), lambda: None, str),
}  # fmt: skip

NULL_WORDS = {"", "NA", "N/A", "NULL", "null", "\\N"}


def reads_as(text):
    """What a field of this text counts as."""
    if text in NULL_WORDS:
        return "missing"
    if text in ("true", "false"):
        return "boolean"
    digits = text.lstrip("-")
    if digits.isascii() and digits.isdigit():
        return "integral"
    try:
        float(text)
        return "fractional"
    except ValueError:
        pass
    try:
        dt.datetime.fromisoformat(text.replace("+00", "+00:00"))
        return "timestamp"
    except ValueError:
        return "string"


def expect(texts):
    """What the profile of these fields must be; None is a null."""
    types = dict.fromkeys(["missing", "integral", "fractional", "boolean", "timestamp", "string"], 0)
    numbers, others = {}, {}
    odd = {"nan": 0, "pos_inf": 0, "neg_inf": 0}
    for text in texts:
        kind = "missing" if text is None else reads_as(text)
        types[kind] += 1
        if kind in ("integral", "fractional"):
            number = float(text)
            if math.isfinite(number):
                numbers[number] = numbers.get(number, 0) + 1
            else:
                odd["nan" if math.isnan(number) else "pos_inf" if number > 0 else "neg_inf"] += 1
        elif kind != "missing" and len(text) <= 128:
            others[text] = others.get(text, 0) + 1
    return {"rows": len(texts), **types, **odd, "numbers": sorted(numbers.items()), "texts": sorted(others.items())}


def table():
    columns, expected = {}, {}
    for name, (kind, make, text) in LEAVES.items():
        values = [None if rng.random() < 0.2 else make() for _ in range(ROWS)]
        expected[name] = expect([None if value is None else text(value) for value in values])
        if kind == pa.uuid() or kind == pa.json_():
            storage = pa.array(values, kind.storage_type)
            columns[name] = pa.ExtensionArray.from_storage(kind, storage)
        else:
            columns[name] = pa.array(values, kind)
    required = [rng.randint(0, 9) for _ in range(ROWS)]
    columns["required"] = pa.array(required, pa.int32())
    expected["required"] = expect([str(value) for value in required])
    nested, lists, maps = [], [], []
    for _ in range(ROWS):
        nested.append(rng.choice([None, {"b": None}, {"b": rng.randint(0, 5)}]))
        lists.append(rng.choice([None, [], [1], [None, 2, 3]]))
        maps.append(rng.choice([None, [], [("k", 1.5)], [("k", None), ("l", 0.25)]]))
    columns["a"] = pa.array(nested, pa.struct([("b", pa.int64())]))
    expected["a.b"] = expect([str(v["b"]) if v and v["b"] is not None else None for v in nested])
    columns["items"] = pa.array(lists, pa.list_(pa.int32()))
    # A row has one value of a leaf that repeats: its list, as JSON.
    compact = lambda row: None if row is None else json.dumps(row, separators=(",", ":"))
    expected["items.list.element"] = expect([compact(row) for row in lists])
    columns["map"] = pa.array(maps, pa.map_(pa.string(), pa.float64()))
    for place, leaf in enumerate(["key", "value"]):
        each = [None if row is None else [pair[place] for pair in row] for row in maps]
        expected[f"map.key_value.{leaf}"] = expect([compact(row) for row in each])
    arrays = list(columns.values())
    fields = [pa.field(name, array.type, nullable=name != "required") for name, array in columns.items()]
    return pa.table(arrays, schema=pa.schema(fields)), expected


def corpus():
    """Rows, nulls and extremes of the flat columns of apache/parquet-testing."""
    found = {}
    for path in sorted(CORPUS.glob("data/*.parquet")):
        try:
            read = pq.read_table(path)
        except Exception as error:
            print(f"{path.name}: pyarrow refuses it: {error}")
            continue
        columns = {}
        for field, column in zip(read.schema, read.columns):
            kind = field.type
            if pa.types.is_nested(kind):
                continue
            told = {"rows": len(column), "nulls": column.null_count}
            values = [value for value in column.to_pylist() if value is not None]
            numeric = pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
            numbers = [float(value) for value in values if numeric and math.isfinite(value)]
            if numbers and kind not in (pa.float16(), pa.float32()):
                told |= {"min": min(numbers), "max": max(numbers)}
            if pa.types.is_string(kind):
                told["empty"] = sum(value in NULL_WORDS for value in values)
            columns[field.name] = told
        found[path.name] = columns
    return found


def both_forms():
    """One table as Parquet and, by DuckDB, as the CSV of the same values."""
    import duckdb

    count = 500
    hour = [dt.datetime(2012, 8, 17) + dt.timedelta(hours=index, milliseconds=index % 3 * 250) for index in range(count)]
    rentals = pa.table(
        {
            "hour": pa.array(hour, pa.timestamp("us")),
            "day": pa.array([value.date() for value in hour]),
            "season": pa.array([rng.randint(1, 4) for _ in hour], pa.int8()),
            "temp": pa.array([round(rng.uniform(-5, 35), 2) for _ in hour]),
            "wind": pa.array([rng.choice([0.1, 0.0299, 12.5]) for _ in hour], pa.float32()),
            "price": pa.array([decimal.Decimal(rng.randint(100, 99999)).scaleb(-2) for _ in hour], pa.decimal128(9, 2)),
            "member": pa.array([rng.choice([True, False, None]) for _ in hour]),
            "city": pa.array([rng.choice(["Washington", "Arlington, VA", 'the "Hill"', None]) for _ in hour]),
            "code": pa.array([f"{rng.randint(0, 999):04}" for _ in hour]),
            "count": pa.array([rng.choice([None, rng.randint(0, 900)]) for _ in hour], pa.int64()),
        }
    )
    folder = ROOT / "cli/tests/files"
    folder.mkdir(parents=True, exist_ok=True)
    pq.write_table(rentals, folder / "rentals.parquet", row_group_size=200)
    duckdb.sql("SET TimeZone = 'UTC'")
    duckdb.sql(f"COPY (SELECT * FROM '{folder}/rentals.parquet') TO '{folder}/rentals.csv' (HEADER)")


def same_names():
    """A column `a.b` beside a group `a` with a leaf `b`, and a list."""
    lists = pa.array([["x"], [], None, ["y", "z"]])
    columns = {"a.b": pa.array([1, 2, 3, 3]), "a": pa.array([{"b": 7}, None, {"b": None}, {"b": 9}]), "c": lists}
    pq.write_table(pa.table(columns), ROOT / "cli/tests/files/same_names.parquet", compression="none")


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    for old in OUT.glob("*.parquet"):
        old.unlink()
    data, expected = table()
    for codec in ("none", "snappy", "gzip", "brotli", "zstd", "lz4"):
        pq.write_table(data, OUT / f"{codec}.parquet", compression=codec, row_group_size=GROUP)
    plain = {"use_dictionary": False, "row_group_size": GROUP}
    pq.write_table(data, OUT / "plain_v1.parquet", compression="none", store_decimal_as_integer=True, **plain)
    pq.write_table(data, OUT / "plain_v2.parquet", compression="snappy", data_page_version="2.0", **plain)
    pq.write_table(
        data, OUT / "dictionary_v2.parquet", compression="zstd", data_page_version="2.0",
        row_group_size=GROUP, data_page_size=64, write_batch_size=8, write_page_checksum=True,
    )  # fmt: skip
    kinds = {field.name: field.type for field in data.schema}
    encodings = {}
    for name, kind in kinds.items():
        if pa.types.is_integer(kind) or pa.types.is_temporal(kind):
            encodings[name] = "DELTA_BINARY_PACKED"
        elif pa.types.is_string(kind) or name == "json":
            encodings[name] = "DELTA_BYTE_ARRAY"
        elif pa.types.is_binary(kind):
            encodings[name] = "DELTA_LENGTH_BYTE_ARRAY"
        elif pa.types.is_floating(kind) or pa.types.is_decimal(kind) or name in ("fixed", "uuid"):
            encodings[name] = "BYTE_STREAM_SPLIT"
        elif pa.types.is_boolean(kind):
            encodings[name] = "RLE"
    pq.write_table(
        data, OUT / "delta.parquet", compression="zstd", data_page_version="2.0", column_encoding=encodings, **plain
    )
    pq.write_table(
        data.select(["stamp_ms", "stamp_ns"]), OUT / "int96.parquet", use_deprecated_int96_timestamps=True
    )
    if CORPUS.is_dir():
        (OUT / "corpus.json").write_text(json.dumps(corpus(), indent=0) + "\n")
    (OUT / "expected.json").write_text(json.dumps(expected, ensure_ascii=False, indent=0) + "\n")
    both_forms()
    same_names()


if __name__ == "__main__":
    main()
