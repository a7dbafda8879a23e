"""What is put: two pipeline.yaml, four months of data, and requests that a model answers or fails on."""
import json

from .world import MARK

MONTHS = {"first": ("2011-05", "2011-06"), "second": ("2011-07",), "third": ("2011-08",), "stopped": ("2011-09",)}
NO_PAUSE = {"first": "1s", "second": "1s", "further": "1s"}
# Metrics of SageMaker come once a minute: no alarm can be quicker.
FIRST = {
    "data": {"label": {"column": "cnt", "at_least": 120}},
    "settle": {"quiet": "1m"},
    "decide": {"trainings_per_day": 20},
    # A poor model first, so that the second is sure to be better.
    "train": {"hyperparameters": {"rounds": 1, "learning_rate": 0.05}},
    "approval": {"ask": "always", "wait": "1h"},
    "serve": {"instance_count": 2},
    "release": {
        "strategy": {"canary": {"percent": 50, "wait": "1m"}}, "bake": "3m", "patience": "30m", "cool_downs": NO_PAUSE,
        "alarms": {"error_rate": 0.01, "latency_p99_ms": 10_000, "period": "60s", "periods": 1, "bad_periods": 1,
                   "minimum_requests": 20}},
}
# Strict: a request with a null is answered with HTTP 500. And one instance more.
SECOND = {"train": {"hyperparameters": {"rounds": 40, "learning_rate": 0.2, "missing": "error"}}, "serve": {"instance_count": 3}}


def pipelines(world):
    """The first and the second pipeline.yaml, as text."""
    import yaml

    from loop.loop import EXAMPLE, merged
    base = yaml.safe_load((EXAMPLE / "pipeline.yaml").read_text(encoding="utf-8"))
    own = {"model": world.model, "data": {"bucket": world.data_bucket, "prefix": f"{world.model}/"}, "train": {"image": world.image}}
    first = merged(merged(merged(base, own), FIRST), world.changes)
    return [f"{MARK}\n{yaml.safe_dump(one, sort_keys=False)}" for one in (first, merged(merged(first, SECOND), world.changes))]


def month(name):
    """A generated month's file."""
    from loop.story import generator
    generate = generator()
    return generate.month_csv(generate.parse_month(name), generate.DEFAULT_SEED, []).encode()


def rows(nulls=0.0):
    """Requests as clients send them; of every so many the temperature is null."""
    from loop.story import requests
    return requests(month("2011-06"), nulls, count=50)


def write(world):
    """All of it as files in the world's folder."""
    world.out.mkdir(parents=True, exist_ok=True)
    for name, text in zip(("pipeline.yaml", "second.yaml"), pipelines(world), strict=True):
        (world.out / name).write_text(text, encoding="utf-8")
    for names in MONTHS.values():
        for name in names:
            (world.out / f"{name}.csv").write_bytes(month(name))
    for name, nulls in (("request.jsonl", 0.0), ("null.jsonl", 1.0)):
        (world.out / name).write_text(json.dumps(rows(nulls)[0]) + "\n", encoding="utf-8")
