"""Reads what a stack has made before anything runs on it: every policy must be one that the judge can decide by, and every role must
trust the service that acts in it. Lists what the policies grant, for the list of unused rights."""
import re

from ministack.core import iam_evaluator
from ministack.services import eventbridge, iam, kms, lambda_svc, s3, scheduler, sns, sqs
from ministack.services import stepfunctions as sfn

from . import deliveries, judge, machines, policies, sessions
from .judge import Demand

_FUNCTIONS = "lambda.amazonaws.com"


def problems() -> list[str]:
    """What the judge cannot decide by, and who could not act at all."""
    found = []
    for name, kind, document in _documents():
        found += [f"{name}: {why}" for why in policies.problems(document, kind)]
    for actor, role, service, source in _actors():
        try:
            session = sessions.assume(role, service, source)
        except sessions.NotAssumed as error:
            found.append(f"{actor}: {error}")
            continue
        refusal = judge.as_role(session, *_at_deployment(source))
        if refusal is not None:
            found.append(f"{actor}: {refusal.message}")
    return found


# What Step Functions asks of a machine's role when the machine is made with logs.
_LOGS = ("CreateLogDelivery", "GetLogDelivery", "UpdateLogDelivery", "DeleteLogDelivery", "ListLogDeliveries", "PutResourcePolicy",
         "DescribeResourcePolicies", "DescribeLogGroups")


def _at_deployment(source: str) -> list[Demand]:
    """What an actor's role must be allowed before anything runs."""
    logging = (sfn._state_machines.get(source) or {}).get("loggingConfiguration") or {}
    if logging.get("level", logging.get("Level", "OFF")) == "OFF":
        return []
    return [Demand(f"logs:{action}", "*") for action in _LOGS]


def _documents():
    """Every policy there is but AWS's own: (whose, kind, document)."""
    for role in iam._roles.values():
        yield f"trust of role {role['RoleName']}", "trust", role["AssumeRolePolicyDocument"]
    for source, document in _identity():
        yield source, "identity", document
    for bucket, document in s3._bucket_policies.items():
        yield f"bucket {bucket}", "resource", document
    for queue in sqs._queues.values():
        if document := queue["attributes"].get("Policy"):
            yield f"queue {queue['name']}", "resource", document
    for topic in sns._topics.values():
        if document := topic.get("attributes", {}).get("Policy"):
            yield f"topic {topic['name']}", "resource", document
    for name, key in kms._keys.items():
        if document := key.get("Policy"):
            yield f"key {name}", "resource", document
    for name, function in lambda_svc._functions.items():
        if function["policy"].get("Statement"):
            yield f"function {name}", "resource", function["policy"]


def _identity():
    """The policies of roles, and those that can be attached: (source, document), named as the judge names them."""
    for role in iam._roles.values():
        for document in role["InlinePolicies"].values():
            yield f"role/{role['RoleName']}", document
    for arn in iam._policies.keys():
        yield arn, iam_evaluator._resolve_managed_policy_document(arn, arn.split(":")[4])


def _actors():
    """Who acts in which role: (who, role, the service that assumes it, for which resource)."""
    for name, function in lambda_svc._functions.items():
        yield f"function {name}", function["config"]["Role"], _FUNCTIONS, function["config"]["FunctionArn"]
    for arn, machine in sfn._state_machines.items():
        yield f"state machine {machine['name']}", machine["roleArn"], machines.SERVICE, arn
    for schedule in scheduler._schedules.values():
        yield (f"schedule {schedule['Name']}", schedule["Target"]["RoleArn"], deliveries.SCHEDULER,
               deliveries.group_of(schedule["Arn"]))
    for rule in eventbridge._rules.values():
        for target in eventbridge._targets.get(eventbridge._rule_key(rule["Name"], rule["EventBusName"])) or []:
            if target.get("RoleArn"):
                yield f"rule {rule['Name']}", target["RoleArn"], deliveries.EVENTS, rule["Arn"]


def granted(resources: dict[str, str], parameters: dict[str, str]) -> list[dict]:
    """Every statement that allows something: its source as `used` names it, the role or policy by the template's name, its actions,
    and its resources, each with itself by the template's names. `resources` are those of the stack: physical by logical name."""
    named = {one: name for name, value in parameters.items() for one in value.split(",")}
    named |= {physical: logical for logical, physical in resources.items()}
    # Of a resource that is known by its ARN, the name alone too: executions have the machine's.
    named = {re.split("[:/]", one)[-1]: logical for one, logical in named.items()
             if one.startswith(("arn:", "http"))} | named
    named = {name: named[name] for name in sorted(named, key=len, reverse=True) if name and not name.startswith("/")}
    found = []
    for source, document in _identity():
        name = _logical(source.rsplit("/", 1)[-1], source, resources)
        if name is None:
            continue
        for statement in policies.statements(document):
            if statement.effect == "Allow":
                found.append({"source": source, "role": name, "actions": statement.actions or ["NotAction"],
                              "resources": {one: symbolic(one, named) for one in statement.resources or ["NotResource"]}})
    return found


def _logical(name: str, source: str, resources: dict[str, str]) -> str | None:
    return next((logical for logical, physical in resources.items() if physical in (name, source)), None)


def symbolic(text: str, named: dict[str, str]) -> str:
    """A resource of a policy by the template's names, so that it is the same in every stack. `named` has the longest names first."""
    for name, symbol in named.items():
        text = re.sub(rf"(?<![\w-]){re.escape(name)}(?![\w-])", f"${{{symbol}}}", text)
    return text
