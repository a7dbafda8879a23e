"""Reads policies, and says what in them the judge cannot decide: an unknown action or operator, a key that no request of ours
carries, a resource that none of the actions takes. Such a policy is refused as a whole: a Deny must not lapse for want of a rule."""
import dataclasses
import functools
import json

from ministack.core import iam_evaluator

from . import catalog

# What the judge supplies with every request.
GLOBAL_KEYS = frozenset({
    "aws:principalarn", "aws:principalaccount", "aws:principaltype", "aws:currenttime", "aws:epochtime",
    "aws:requestedregion", "aws:securetransport", "aws:sourceip", "aws:tagkeys", "aws:resourceaccount", "aws:userid",
    "aws:username", "aws:principalisawsservice"})
GLOBAL_PREFIXES = ("aws:requesttag/", "aws:resourcetag/", "aws:principaltag/", "sagemaker:resourcetag/")
# What an AWS service brings along where it acts for one of its resources.
SERVICE_KEYS = frozenset({"aws:sourcearn", "aws:sourceaccount", "aws:sourceowner"})
# What it supplies where the request has it; see `demands`.
REQUEST_KEYS = frozenset({
    "s3:prefix", "s3:delimiter", "s3:max-keys", "s3:x-amz-acl", "s3:x-amz-server-side-encryption",
    "s3:x-amz-server-side-encryption-aws-kms-key-id", "s3:if-match", "s3:if-none-match", "s3:resourceaccount",
    "cloudwatch:namespace", "events:source", "events:detail-type",
    "iam:passedtoservice", "iam:awsservicename",
    "application-autoscaling:service-namespace", "application-autoscaling:scalable-dimension",
    "sagemaker:instancetypes", "sagemaker:modelarn", "sagemaker:networkisolation", "sagemaker:vpcsubnets",
    "sagemaker:vpcsecuritygroupids", "sagemaker:volumekmskeyarn", "sagemaker:outputkmskeyarn",
    "sagemaker:intercontainertrafficencryption", "sagemaker:maxruntimeinseconds", "sagemaker:modelapprovalstatus",
    "sagemaker:taggingaction", "kms:viaservice", "kms:calleraccount", "kms:grantisforawsresource"})
# These hold several values, so a condition on them says how many of them must meet it.
_LISTS = ("aws:tagkeys", "sagemaker:instancetypes", "sagemaker:vpcsubnets", "sagemaker:vpcsecuritygroupids")
_SET_OPERATORS = ("forallvalues:", "foranyvalue:")
# The policy variable that a Resource of an identity's policy may hold; any other is refused.
_VARIABLE = "aws:userid"
_KNOWN_ELEMENTS = {"Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Principal", "Condition"}


@functools.lru_cache(4096)
def _read(text: str) -> tuple[iam_evaluator.ParsedStatement, ...]:
    return tuple(iam_evaluator.parse_policy_document(text))


def text_of(document: dict | str) -> str:
    return document if isinstance(document, str) else json.dumps(document)


def statements(document: dict | str) -> tuple[iam_evaluator.ParsedStatement, ...]:
    return _read(text_of(document))


def of_caller(statement: iam_evaluator.ParsedStatement, keys: dict) -> iam_evaluator.ParsedStatement:
    """The statement with the caller's values for policy variables, each resource in its place. A caller without a value meets none."""
    if not any("${" in resource for resource in (*statement.resources, *statement.not_resources)):
        return statement
    value = keys.get(_VARIABLE)
    filled = [resource.replace(f"${{{_VARIABLE}}}", value) if value else "nothing" if "${" in resource else resource
              for resource in statement.resources]
    return dataclasses.replace(statement, resources=filled)


def problems(document: dict | str, kind: str = "identity") -> list[str]:
    """Why the judge cannot decide by this policy. `kind` is "identity", "resource" or "trust"."""
    return list(_problems(text_of(document), kind))


@functools.lru_cache(4096)
def _problems(text: str, kind: str) -> tuple[str, ...]:
    try:
        document = json.loads(text)
        given = document["Statement"]
    except (ValueError, KeyError, TypeError):
        return ("it is no policy",)
    found = []
    for index, statement in enumerate(given if isinstance(given, list) else [given]):
        found += [f"statement {statement.get('Sid', index)}: {why}" for why in _of_statement(statement, kind)]
    return tuple(found)


def _of_statement(statement: dict, kind: str):
    unknown = set(statement) - _KNOWN_ELEMENTS
    if unknown:
        yield f"the judge does not know {', '.join(sorted(unknown))}"
    if statement.get("Effect") not in ("Allow", "Deny"):
        yield f"its effect is {statement.get('Effect')}"
    actions = []
    for pattern in _listed(statement.get("Action")):
        if pattern == "*":
            continue
        named = catalog.matching(pattern)
        if not named and pattern.lower() not in catalog.UNLISTED:
            yield f"there is no action {pattern}"
        actions.append((pattern, named))
    if kind != "trust":
        yield from _of_resources(statement, actions, kind)
    yield from _of_conditions(statement.get("Condition") or {}, actions, kind)


def _of_resources(statement: dict, actions, kind: str):
    resources = _listed(statement.get("Resource"))
    if any("${" in resource for resource in _listed(statement.get("NotResource"))):
        yield "the judge knows no policy variables in NotResource"
    for position, written in enumerate(resources):
        resource = resources[position] = written.replace(f"${{{_VARIABLE}}}", "AIDA") if kind == "identity" else written
        if "${" in resource:
            yield f"the judge knows no policy variables: {resource}"
        elif resource != "*" and not resource.startswith(("arn:", "*")):
            yield f"{resource} is no ARN"
        elif actions and "*" not in _listed(statement["Action"]) and not any(catalog.may_name(resource, one) for _, named in actions for one in named):
            yield f"no action of it takes the resource {resource}"
    for pattern, named in actions:
        if resources and named and not any(catalog.may_name(resource, one) for resource in resources for one in named):
            yield f"{pattern} takes none of its resources, so it is never allowed"


def _of_conditions(conditions: dict, actions, kind: str):
    for operator, block in conditions.items():
        if not _known_operator(operator):
            yield f"the judge does not know the operator {operator}"
        if not isinstance(block, dict):
            yield f"{operator} has no keys"
            continue
        for key, expected in block.items():
            yield from _of_key(key.lower(), actions, kind)
            if key.lower() in _LISTS and not operator.lower().startswith((*_SET_OPERATORS, "null")):
                yield f"{key} is a list, so {operator} needs ForAllValues or ForAnyValue"
            if any("${" in str(value) for value in _listed(expected)):
                yield f"the judge knows no policy variables: {expected}"


def _known_operator(operator: str) -> bool:
    name = operator.lower()
    for prefix in _SET_OPERATORS:
        name = name.removeprefix(prefix)
    return name == "null" or name.removesuffix("ifexists") in iam_evaluator._CONDITION_OPS


def _of_key(key: str, actions, kind: str):
    if key in GLOBAL_KEYS or key.startswith(GLOBAL_PREFIXES) or key in SERVICE_KEYS and kind != "identity":
        return
    if key not in REQUEST_KEYS:
        yield f"the judge does not know the condition key {key}"
        return
    for pattern, named in actions:
        if named and not any(key in one.keys for one in named) and not key.startswith("kms:"):
            yield f"{pattern} has no condition key {key}"


def _listed(value) -> list[str]:
    return [] if value is None else [str(one) for one in value] if isinstance(value, list) else [str(value)]
