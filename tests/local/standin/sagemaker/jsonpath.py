"""The JSONPath subset of SageMaker's DataProcessing filters: $, .name, ['name', 'name'], [index], [start:end]."""
import json
import re

_STEP = re.compile(r"\.(?P<name>[A-Za-z_][\w-]*)|\[(?P<inside>[^\[\]]+)\]")
_NAMES = re.compile(r"\s*'([^']*)'\s*(?:,|$)|\s*\"([^\"]*)\"\s*(?:,|$)")


class BadPath(Exception):
    """Not a path this subset knows, or a path the record does not have."""


def parse(path: str) -> list:
    """Steps of a path; raises BadPath when it is none."""
    if not path.startswith("$"):
        raise BadPath(f"{path!r} does not start with $")
    steps, position = [], 1
    while position < len(path):
        match = _STEP.match(path, position)
        if not match:
            raise BadPath(f"cannot read {path!r} at position {position}")
        steps.append([match["name"]] if match["name"] else _inside(match["inside"], path))
        position = match.end()
    return steps


def select(steps: list, value):
    """What the path selects. One name gives its value, several names give an object of them."""
    for step in steps:
        try:
            if isinstance(step, slice):
                value = value[step]
            elif isinstance(step, tuple):
                value = [value[index] for index in step] if len(step) > 1 else value[step[0]]
            elif len(step) == 1:
                value = value[step[0]]
            else:
                value = {name: value[name] for name in step}
        except (KeyError, IndexError, TypeError):
            raise BadPath(f"{json.dumps(step, default=str)} is not in {json.dumps(value)[:200]}") from None
    return value


def _inside(text: str, path: str):
    if re.fullmatch(r"\s*-?\d*\s*:\s*-?\d*\s*", text):
        start, end = (int(part) if part.strip() else None for part in text.split(":"))
        return slice(start, end)
    if re.fullmatch(r"\s*-?\d+(\s*,\s*-?\d+)*\s*", text):
        return tuple(int(part) for part in text.split(","))
    names, position = [], 0
    while position < len(text):
        match = _NAMES.match(text, position)
        if not match:
            raise BadPath(f"cannot read [{text}] in {path!r}")
        names.append(match[1] if match[1] is not None else match[2])
        position = match.end()
    return names
