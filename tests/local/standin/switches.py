"""What a test can ask this AWS to be like. Each has the value that most tests want, and can be changed while it runs."""
import dataclasses
import typing
from dataclasses import dataclass


@dataclass
class Switches:
    """All switches, by the names that `Standin(...)`, the command and the admin route take."""

    s3_latency: float = 0.0
    """Seconds that each S3 call takes longer."""
    account_concurrency: int = 0
    """How many invocations the account runs at once; those above are throttled. 0 leaves it to ministack."""
    transform_outputs: typing.Literal["relative", "name", "subfolder"] = "relative"
    """Where a transform of a ManifestFile puts the output of an entry: under its whole relative path, under the last part of
    it only, or under the last folder and the last part."""
    metric_delay: float = 0.0
    """Seconds before a metric of an endpoint can be read."""
    serverless_config_dimension: bool = True
    """Whether serverless variants publish their metrics with EndpointConfigName too."""
    shadow_config_dimension: bool = True
    """Whether shadow variants publish their metrics with EndpointConfigName too."""
    capture_retained: bool = False
    """Whether RetainAllVariantProperties keeps the old config's data capture; AWS does not say."""
    waived: str = ""
    """Names of entries of models/documented.yaml and unsupported.yaml that do not hold, with commas."""


now = Switches()


def fields() -> dict[str, dataclasses.Field]:
    return {field.name: field for field in dataclasses.fields(Switches)}


def change(wanted: dict):
    """Set switches; ValueError where there is no such switch or value."""
    known = fields()
    checked = {}
    for name, value in wanted.items():
        if name not in known:
            raise ValueError(f"unknown switch {name!r}; known: {', '.join(known)}")
        checked[name] = _checked(name, known[name].type, value)
    for name, value in checked.items():
        setattr(now, name, value)


def _checked(name: str, kind, value):
    if typing.get_origin(kind) is typing.Literal:
        if value not in typing.get_args(kind):
            raise ValueError(f"{name} is {value!r}; known: {', '.join(typing.get_args(kind))}")
        return value
    if kind is bool:
        if value in (True, False):
            return value
    elif kind is str and isinstance(value, str):
        return value
    elif kind in (int, float) and isinstance(value, (int, float)) and not isinstance(value, bool) and value >= 0:
        return kind(value)
    raise ValueError(f"{name} is {value!r}, no {kind.__name__} that can be")


def from_text(name: str, text: str):
    """A switch's value from a command line."""
    kind = fields()[name].type
    if kind is bool:
        return {"true": True, "false": False}[text.lower()]
    return kind(text) if kind in (int, float) else text
