"""The model's own constraints: required fields, unknown fields, types, enums, patterns, lengths, bounds."""
from botocore.validate import ParamValidator

from . import answers, patterns, services

_VALIDATOR = ParamValidator()


def check(service: str, operation: str, params: dict):
    """Raise a Refusal when `params` do not fit the operation's input shape."""
    shape = services.operation(service, operation).input_shape
    if shape is None:
        return
    report = _VALIDATOR.validate(params, shape)
    if report.has_errors():
        raise answers.Refusal(None, f"1 validation error detected: {report.generate_report()}")
    _refuse(_violations(params, shape, ""))


def check_member(shape, name: str, value):
    """The same for one member alone."""
    _refuse(_violations(value, shape, name))


def _refuse(violations):
    found = list(violations)
    if found:
        raise answers.Refusal(None, f"{len(found)} validation error{'s' * (len(found) > 1)} detected: "
                              + "; ".join(found))


def _violations(value, shape, path):
    """Constraints that botocore leaves to the service: enum, pattern, upper bounds."""
    kind = shape.type_name
    if kind == "structure":
        if getattr(shape, "is_document_type", False):
            return
        for name, member in value.items():
            yield from _violations(member, shape.members[name], f"{path}.{name}" if path else name)
    elif kind == "list":
        yield from _bounds(len(value), shape, path, "length")
        for index, member in enumerate(value):
            yield from _violations(member, shape.member, f"{path}[{index}]")
    elif kind == "map":
        yield from _bounds(len(value), shape, path, "length")
        for key, member in value.items():
            yield from _violations(key, shape.key, f"{path}.{key}")
            yield from _violations(member, shape.value, f"{path}.{key}")
    elif kind == "string":
        yield from _of_a_string(value, shape, path)
    elif kind == "blob":
        yield from _bounds(len(value), shape, path, "length")
    elif kind in ("integer", "long", "float", "double"):
        yield from _bounds(value, shape, path, "value")


def _of_a_string(value, shape, path):
    yield from _bounds(len(value), shape, path, "length")
    if shape.enum and value not in shape.enum:
        yield (f"Value '{value}' at '{path}' failed to satisfy constraint: "
               f"Member must satisfy enum value set: [{', '.join(shape.enum)}]")
    pattern = shape.metadata.get("pattern")
    if pattern and not _fits(pattern, value):
        yield (f"Value '{value}' at '{path}' failed to satisfy constraint: "
               f"Member must satisfy regular expression pattern: {pattern}")


def _fits(pattern: str, value: str) -> bool:
    try:
        return patterns.compiled(pattern).fullmatch(value) is not None
    except patterns.Unreadable:
        return True  # named in unreadable.yaml


def _bounds(size, shape, path, what):
    upper, lower = shape.metadata.get("max"), shape.metadata.get("min")
    if upper is not None and size > upper:
        yield f"Value at '{path}' failed to satisfy constraint: Member must have {what} less than or equal to {upper}"
    if lower is not None and size < lower:
        yield (f"Value at '{path}' failed to satisfy constraint: "
               f"Member must have {what} greater than or equal to {lower}")
