"""Checks a request against SageMaker's own API model, which botocore carries: a misspelt or missing field, a wrong
type, a value outside its pattern, range or enum is refused here as it would be there."""
import functools
import re

import botocore.loaders
import botocore.model
from botocore.validate import ParamValidator

from .errors import Refused, invalid


@functools.cache
def service_model(name: str = "sagemaker") -> botocore.model.ServiceModel:
    return botocore.model.ServiceModel(botocore.loaders.Loader().load_service_model(name, "service-2"), name)


def check(operation: str, params: dict, service: str = "sagemaker"):
    """Raise what the service would answer when `params` do not fit the operation's input shape."""
    try:
        shape = service_model(service).operation_model(operation).input_shape
    except botocore.model.OperationNotFoundError:
        raise Refused("UnknownOperationException", f"{service} has no operation {operation}") from None
    report = ParamValidator().validate(params, shape)
    if report.has_errors():
        raise invalid(f"1 validation error detected: {report.generate_report()}")
    violations = list(_violations(params, shape, ""))
    if violations:
        raise invalid(f"{len(violations)} validation error{'s' * (len(violations) > 1)} detected: "
                      + "; ".join(violations))


def _violations(value, shape, path):
    """Constraints that botocore leaves to the service: enum, pattern, upper bounds."""
    if shape.type_name == "structure":
        for name, member in value.items():
            yield from _violations(member, shape.members[name], f"{path}.{name}" if path else name)
    elif shape.type_name == "list":
        yield from _bounds(len(value), shape, path, "length")
        for index, member in enumerate(value):
            yield from _violations(member, shape.member, f"{path}[{index}]")
    elif shape.type_name == "map":
        for key, member in value.items():
            yield from _violations(key, shape.key, f"{path}.{key}")
            yield from _violations(member, shape.value, f"{path}.{key}")
    elif shape.type_name == "string":
        yield from _bounds(len(value), shape, path, "length")
        if shape.enum and value not in shape.enum:
            yield (f"Value '{value}' at '{path}' failed to satisfy constraint: "
                   f"Member must satisfy enum value set: [{', '.join(shape.enum)}]")
        pattern = _pattern(shape.metadata.get("pattern"))
        if pattern and not pattern.fullmatch(value):
            yield (f"Value '{value}' at '{path}' failed to satisfy constraint: "
                   f"Member must satisfy regular expression pattern: {pattern.pattern}")
    elif shape.type_name in ("integer", "long", "float", "double"):
        yield from _bounds(value, shape, path, "value")


def _bounds(size, shape, path, what):
    upper, lower = shape.metadata.get("max"), shape.metadata.get("min")
    if upper is not None and size > upper:
        yield f"Value at '{path}' failed to satisfy constraint: Member must have {what} less than or equal to {upper}"
    if lower is not None and size < lower:
        yield (f"Value at '{path}' failed to satisfy constraint: "
               f"Member must have {what} greater than or equal to {lower}")


@functools.cache
def _pattern(text):
    """The model's patterns are Java's; those that Python cannot read are left to the real service."""
    try:
        return re.compile(text) if text else None
    except re.error:
        return None
