"""The generator: the same seed gives the same bytes, and each fault does what its name says and nothing else."""

import csv
import hashlib
import io
import json
import statistics
from pathlib import Path

import generate
import pytest
from rentals import COLUMNS, FEATURES, Problem, month_csv, parse_fault, parse_month

APRIL = parse_month("2012-04")
HOUR_CSV = Path(__file__).resolve().parents[3] / "shared" / "data" / "bike-sharing" / "hour.csv"


def table(text):
    return list(csv.DictReader(io.StringIO(text)))


def april(*faults, seed=1):
    return table(month_csv(APRIL, seed, [parse_fault(fault) for fault in faults]))


def column(rows, name):
    return [float(row[name]) for row in rows]


def run(*arguments):
    return generate.main([str(argument) for argument in arguments])


def test_the_columns_are_ucis_and_the_features_hold_no_answer():
    assert list(april()[0]) == COLUMNS
    assert COLUMNS[:2] == ["instant", "dteday"] and COLUMNS[14:] == ["casual", "registered", "cnt"]
    assert "yr" in FEATURES and not {"casual", "registered", "cnt", "instant", "dteday"} & set(FEATURES)


def test_the_same_seed_gives_the_same_bytes():
    digest = hashlib.sha256(month_csv(APRIL, 1).encode()).hexdigest()
    assert digest == hashlib.sha256(month_csv(APRIL, 1).encode()).hexdigest()
    assert month_csv(APRIL, 1) != month_csv(APRIL, 2)


def test_an_ordinary_month_is_whole_and_in_range():
    rows = april()
    assert [(row["dteday"], int(row["hr"])) for row in rows] == [
        (f"2012-04-{day:02d}", hour) for day in range(1, 31) for hour in range(24)
    ]
    for name in ("temp", "atemp", "hum", "windspeed"):
        assert all(0 <= value <= 1 for value in column(rows, name)), name
        assert len(set(column(rows, name))) > 10, name
    assert set(column(rows, "weathersit")) <= {1, 2, 3, 4}
    assert set(column(rows, "yr")) == {1} and set(column(rows, "mnth")) == {4} and set(column(rows, "season")) == {2}
    assert all(int(row["casual"]) + int(row["registered"]) == int(row["cnt"]) for row in rows)
    assert all(int(row["cnt"]) >= 0 for row in rows)
    assert rows[0]["weekday"] == "0" and rows[0]["workingday"] == "0"  # 2012-04-01 was a Sunday


@pytest.mark.parametrize(
    ("day", "season", "holiday"),
    [("2011-12-20", 4, 0), ("2011-12-21", 1, 0), ("2012-07-04", 3, 1), ("2011-11-24", 4, 1), ("2012-05-28", 2, 1)],
)
def test_the_calendar(day, season, holiday):
    rows = [row for row in table(month_csv(parse_month(day[:7]), 1)) if row["dteday"] == day]
    assert {(int(row["season"]), int(row["holiday"])) for row in rows} == {(season, holiday)}


def test_summer_is_warm_and_demand_grows():
    january, july = table(month_csv(parse_month("2011-01"), 1)), table(month_csv(parse_month("2011-07"), 1))
    assert statistics.mean(column(july, "temp")) > statistics.mean(column(january, "temp")) + 0.3
    assert statistics.mean(column(july, "cnt")) > 1.5 * statistics.mean(column(january, "cnt"))
    growth = [statistics.mean(column(table(month_csv(parse_month(f"{year}-07"), 1)), "cnt")) for year in (2011, 2021)]
    assert growth[1] > 2 * growth[0]


def test_a_stuck_sensor_freezes_two_columns_for_its_share_and_touches_nothing_else():
    clean, stuck = april(), april("stuck_sensor:0.4")
    changed = [i for i, (a, b) in enumerate(zip(clean, stuck)) if a != b]
    stretch = stuck[changed[0] - 1 : changed[0] - 1 + 288]
    assert len({(row["temp"], row["atemp"]) for row in stretch}) == 1
    assert len(changed) > 200 and changed[-1] - changed[0] < 288
    others = [name for name in COLUMNS if name not in ("temp", "atemp")]
    assert [[row[name] for name in others] for row in clean] == [[row[name] for name in others] for row in stuck]


def test_missing_hours_are_one_stretch():
    clean, left = april(), april("missing_hours:0.25")
    assert len(left) == 540
    kept = [row in left for row in clean]
    assert kept.index(False) + 180 == len(kept) - kept[::-1].index(False)


def test_a_broken_schema_is_renamed_or_in_another_unit_or_text():
    renamed = april("broken_schema")
    assert "temp" not in renamed[0] and column(renamed, "temperature") == column(april(), "temp")
    fahrenheit = column(april("broken_schema:unit"), "temp")
    assert min(fahrenheit) > 14 and max(fahrenheit) < 105 and statistics.mean(fahrenheit) > 40
    text = april("broken_schema:text")
    assert sum(row["hum"] == "n/a" for row in text) == 216


def test_drift_is_warmer_drier_and_busier():
    clean, drifted, twice = april(), april("drift"), april("drift:2")
    assert 0.12 < statistics.mean(column(drifted, "temp")) - statistics.mean(column(clean, "temp")) < 0.18
    assert statistics.mean(column(drifted, "hum")) < statistics.mean(column(clean, "hum")) - 0.1
    assert statistics.mean(column(drifted, "cnt")) > 1.4 * statistics.mean(column(clean, "cnt"))
    assert column(twice, "temp") == column(drifted, "temp")
    assert statistics.mean(column(twice, "cnt")) > 1.2 * statistics.mean(column(drifted, "cnt"))


def test_a_quiet_month_has_its_weather_and_few_rentals():
    clean, quiet = april(), april("quiet:0.8")
    assert column(quiet, "temp") == column(clean, "temp")
    assert 0.15 < statistics.mean(column(quiet, "cnt")) / statistics.mean(column(clean, "cnt")) < 0.25


@pytest.mark.parametrize(
    "fault", ["flood", "stuck_sensor:2", "stuck_sensor:0", "drift:-1", "quiet:x", "broken_schema:y"]
)
def test_a_fault_that_makes_no_sense_is_refused(fault):
    with pytest.raises(Problem, match=fault.split(":")[0]):
        parse_fault(fault)


def test_the_story_is_eighteen_months_and_only_its_faults_differ(tmp_path):
    assert run("story", "--out", tmp_path / "a") == 0
    assert (
        run("months", "--out", tmp_path / "b", "--from", "2011-01", "--to", "2012-06", "--seed", generate.DEFAULT_SEED)
        == 0
    )
    story = {path.name: path.read_bytes() for path in (tmp_path / "a").iterdir()}
    plain = {path.name: path.read_bytes() for path in (tmp_path / "b").iterdir()}
    assert len(story) == 18 and story.keys() == plain.keys()
    differing = {name[:7] for name in story if story[name] != plain[name]}
    assert differing == {month for month, faults in generate.STORY.items() if faults}


def test_the_command_names_what_is_wrong(tmp_path, capsys):
    arguments = ("months", "--out", tmp_path, "--from", "2011-01", "--to", "2011-02")
    assert run(*arguments, "--fault", "2012-01=drift") == 1
    assert "2012-01: that month is not generated" in capsys.readouterr().err
    assert run("months", "--out", tmp_path, "--from", "2011-02", "--to", "2011-01") == 1
    assert run("months", "--out", tmp_path, "--from", "May", "--to", "2011-01") == 1
    assert run("split", "--data", tmp_path / "absent.csv", "--out", tmp_path) == 1
    assert "absent.csv" in capsys.readouterr().err
    (tmp_path / "other.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    assert run("split", "--data", tmp_path / "other.csv", "--out", tmp_path) == 1
    assert "no column dteday" in capsys.readouterr().err


def test_split_keeps_every_byte(tmp_path):
    if not HOUR_CSV.exists():
        print("skipped: ../shared is absent")
        return
    assert run("split", "--data", HOUR_CSV, "--out", tmp_path) == 0
    files = sorted(tmp_path.iterdir())
    assert [files[0].name, files[-1].name, len(files)] == ["2011-01.csv", "2012-12.csv", 24]
    header = files[0].read_bytes().splitlines(keepends=True)[0]
    bodies = []
    for path in files:
        assert path.read_bytes().startswith(header)
        bodies.append(path.read_bytes()[len(header) :])
    assert header + b"".join(bodies) == HOUR_CSV.read_bytes()


def test_split_keeps_line_ends_and_a_last_line_without_one():
    data = b"instant,dteday,x\r\n1,2011-01-31,a\r\n2,2011-02-01,b"
    assert generate.split(data) == {"2011-01": data[:34], "2011-02": b"instant,dteday,x\r\n2,2011-02-01,b"}


def test_live_rows_are_features_with_nulls_at_their_share(tmp_path):
    arguments = ("live", "--out", tmp_path / "a.jsonl", "--month", "2012-07", "--rows", 400, "--nulls", "temp=0.25")
    assert run(*arguments, "--fault", "2012-07=drift:2") == 0
    rows = [json.loads(line) for line in (tmp_path / "a.jsonl").read_text(encoding="utf-8").splitlines()]
    assert len(rows) == 400 and all(list(row) == FEATURES for row in rows)
    assert 70 < sum(row["temp"] is None for row in rows) < 130
    assert all(value is not None for row in rows for name, value in row.items() if name != "temp")
    first = (tmp_path / "a.jsonl").read_bytes()
    assert run(*arguments, "--fault", "2012-07=drift:2") == 0
    assert (tmp_path / "a.jsonl").read_bytes() == first


def test_live_rows_can_come_from_a_file(tmp_path):
    (tmp_path / "month.csv").write_text(month_csv(APRIL, 1), encoding="utf-8")
    assert run("live", "--out", tmp_path / "a.jsonl", "--data", tmp_path / "month.csv", "--rows", 5) == 0
    rows = [json.loads(line) for line in (tmp_path / "a.jsonl").read_text(encoding="utf-8").splitlines()]
    assert len(rows) == 5 and all(row["mnth"] == 4 for row in rows)
    assert run("live", "--out", tmp_path / "b.jsonl", "--data", tmp_path / "month.csv", "--nulls", "cnt=0.5") == 1
