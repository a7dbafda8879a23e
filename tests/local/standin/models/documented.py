"""What a service's documentation says and its model does not: bounds in `documented.yaml`, values and combinations that
are not supported in `unsupported.yaml`. Each entry names its page.

An entry says where it holds (`at`: service, operation or `*`, path) and what must be true of every value there:

    most, least             of a number, or of the length of a text, list or map
    most_bytes              of a text in UTF-8
    matches, without        a pattern that the whole text fits, or that is nowhere in it
    multiple_of, or         a number, or one of these
    value                   is not supported
    never                   nothing may stand here
    beside                  another path that must be absent while this one is present
    rule                    a function of rules.py, which gets the value and the whole request

`where` limits it to requests with these values, `code` is the service's error code. In a path `[]` is every item of a list,
`{}` every value of a map, `{key}` every key.
"""
import fnmatch
import functools
from dataclasses import dataclass, field
from pathlib import Path

import regex
import yaml

from . import answers, rules

_FOLDER = Path(__file__).parent
_waived: set[str] = set()


@dataclass(frozen=True)
class Entry:
    """One entry of a list; the fields as above."""

    name: str
    at: str
    source: str
    says: str
    code: str | None = None
    words: str | None = None
    where: dict = field(default_factory=dict)
    most: float | None = None
    least: float | None = None
    most_bytes: int | None = None
    matches: str | None = None
    without: str | None = None
    multiple_of: int | None = None
    or_: tuple = ()
    value: object = None
    never: bool = False
    beside: str | None = None
    rule: str | None = None

    @property
    def service(self) -> str:
        return self.at.split(".", 2)[0]

    @property
    def operation(self) -> str:
        return self.at.split(".", 2)[1]

    @property
    def path(self) -> str:
        """"" is the request itself."""
        return (self.at.split(".", 2) + [""])[2]

    def holds_for(self, operation: str, params: dict) -> bool:
        return self.operation in ("*", operation) and self.name not in _waived and all(
            any(fnmatch.fnmatchcase(str(value), wanted) for _, value in find(params, path))
            for path, wanted in self.where.items())


@functools.cache
def entries(file: str) -> tuple[Entry, ...]:
    """The entries of a list."""
    read = yaml.safe_load((_FOLDER / file).read_text())
    return tuple(Entry(**{"or_" if key == "or" else key: tuple(value) if isinstance(value, list) else value
                          for key, value in entry.items()}) for entry in read)


@functools.cache
def _of(service: str) -> tuple[Entry, ...]:
    return tuple(entry for file in ("documented.yaml", "unsupported.yaml") for entry in entries(file)
                 if entry.service == service)


def waive(names: tuple[str, ...]):
    """These entries do not hold in this stand-in."""
    known = {entry.name for file in ("documented.yaml", "unsupported.yaml") for entry in entries(file)}
    if unknown := set(names) - known:
        raise ValueError(f"no entry {', '.join(sorted(unknown))}; known: {', '.join(sorted(known))}")
    _waived.clear()
    _waived.update(names)


def check(service: str, operation: str, params: dict):
    """Raise a Refusal with the first entry that does not hold."""
    for entry in _of(service):
        if not entry.holds_for(operation, params):
            continue
        for where, value in find(params, entry.path):
            if not fits(entry, value, params):
                shown = str(value)[:100]
                raise answers.Refusal(entry.code, f"Value '{shown}' at '{where or 'the request'}': {entry.says} "
                                                  f"({entry.name}, {entry.source})")


def fits(entry: Entry, value, params: dict) -> bool:
    """Whether a value is as an entry asks."""
    return all(holds(entry, value, params) for holds in (
        _within, _of_a_pattern, _of_a_step, _supported, _alone, _by_rule))


def _within(entry, value, _) -> bool:
    size = value if isinstance(value, (int, float)) else len(value) if hasattr(value, "__len__") else None
    if size is not None and not (size <= _or(entry.most, size) and size >= _or(entry.least, size)):
        return False
    if entry.most_bytes is None:
        return True
    return len(value.encode() if isinstance(value, str) else value) <= entry.most_bytes


def _or(bound, otherwise):
    return otherwise if bound is None else bound


def _of_a_pattern(entry, value, _) -> bool:
    if entry.matches and not _compiled(entry.matches).fullmatch(value):
        return False
    return not (entry.without and _compiled(entry.without).search(value))


@functools.cache
def _compiled(pattern: str) -> regex.Pattern:
    return regex.compile(pattern)


def _of_a_step(entry, value, _) -> bool:
    return entry.multiple_of is None or value in entry.or_ or value % entry.multiple_of == 0


def _supported(entry, value, _) -> bool:
    return not entry.never and (entry.value is None or value != entry.value)


def _alone(entry, _, params) -> bool:
    return entry.beside is None or not any(True for _ in find(params, entry.beside))


def _by_rule(entry, value, params) -> bool:
    return entry.rule is None or getattr(rules, entry.rule)(value, params)


def find(value, path: str, at: str = ""):
    """(place, value) of everything that a path names in a request."""
    if not path:
        yield at, value
        return
    step, _, rest = path.partition(".")
    name = step.partition("[")[0].partition("{")[0]
    if not isinstance(value, dict) or name not in value:
        return
    inner, at = value[name], f"{at}.{name}" if at else name
    if step.endswith("[]"):
        parts = [(f"{at}[{index}]", item) for index, item in enumerate(inner)]
    elif step.endswith("{key}"):
        parts = [(f"{at}.{key}", key) for key in inner]
    elif step.endswith("{}"):
        parts = [(f"{at}.{key}", item) for key, item in inner.items()]
    else:
        parts = [(at, inner)]
    for place, part in parts:
        yield from find(part, rest, place)
