"""What AWS's services do for each other, within this process: each delivery needs the role of its target, or the policy of the
resource that it goes to. One that is not allowed does not happen, and is written down."""
from ministack.core import iam_evaluator
from ministack.services import eventbridge, kms, lambda_svc, sns, sqs

from .. import aws
from . import judge, keys, policies, sessions, used
from .judge import Demand

EVENTS, SCHEDULER = "events.amazonaws.com", "scheduler.amazonaws.com"
ALARMS_TO_FUNCTIONS, ALARMS = "lambda.alarms.cloudwatch.amazonaws.com", "cloudwatch.amazonaws.com"
_ACTIONS = {"states": "states:StartExecution", "lambda": "lambda:InvokeFunction", "sqs": "sqs:SendMessage",
            "sns": "sns:Publish", "events": "events:PutEvents"}


def install():
    _rules_and_schedules()
    _destinations_of_functions()
    _topics_to_functions()


def service_may(service: str, source: str, target: str) -> bool:
    """Whether the resource policy of a function, a queue or a topic lets a service reach it for one of its resources."""
    kind = target.split(":")[2]
    policy = {"lambda": lambda_svc.function_policy_for_arn, "sqs": sqs.queue_policy_for_arn,
              "sns": sns.topic_policy_for_arn}[kind](target)
    return _policy_allows(policy, service, source, Demand(_ACTIONS[kind], target)) and all(
        _policy_allows(kms.key_policy_for_arn(one.resource), service, source, one)
        for one in keys.of_message(_ACTIONS[kind], target))


def _policy_allows(policy: tuple | None, service: str, source: str, demand: Demand) -> bool:
    """Whether a resource's policy allows a service what it demands for one of its resources."""
    action, target, document = demand.action, demand.resource, policy[0] if policy else ""
    why = f"no resource-based policy allows {service} the {action} action for {source}"
    if document and (problems := policies.problems(document, "resource")):
        why = f"the stand-in cannot judge by the policy of {target}: {problems[0]}"
    elif document:
        # A service is no principal of the account; "*" names it, and the account's number does not.
        context = iam_evaluator.EvalContext(
            principal_arn="*", principal_type="Service", principal_account="", action=action, resource_arn=target,
            region=aws.region(), secure_transport=True, service_context=demand.context | sessions.service_keys(source))
        if iam_evaluator.evaluate_resource_policy(document, context, service=service).decision == "Allow":
            return True
    used.refuse(service, action, target, why)
    return False


def role_may(role: str, service: str, source: str, action: str, resource: str) -> bool:
    """Whether a service may assume a role for one of its resources, and the role may do this to a target."""
    try:
        session = sessions.assume(role, service, source)
    except sessions.NotAssumed as error:
        used.refuse(service, "sts:AssumeRole", role, str(error))
        return False
    return judge.as_role(session, Demand(action, resource), *keys.of_message(action, resource)) is None


def _rules_and_schedules():
    original = eventbridge._invoke_target

    def invoke_target(target, event, rule, view=None):
        if _target_allowed(target, rule):
            original(target, event, rule, view)

    eventbridge._invoke_target = invoke_target


def _target_allowed(target: dict, rule: dict) -> bool:
    arn, source = target["Arn"], rule.get("Arn", "")
    kind = arn.split(":")[2]
    if ":schedule/" in source:
        return role_may(target.get("RoleArn", ""), SCHEDULER, group_of(source), _ACTIONS[kind], arn)
    if target.get("RoleArn"):
        return role_may(target["RoleArn"], EVENTS, source, _ACTIONS[kind], arn)
    if kind in ("lambda", "sqs", "sns"):
        return service_may(EVENTS, source, arn)
    used.refuse(EVENTS, _ACTIONS.get(kind, kind), arn, f"the target of {source} has no role")
    return False


def group_of(schedule: str) -> str:
    """The group of a schedule: Scheduler names it, and not the schedule, when it assumes the role."""
    return schedule.replace(":schedule/", ":schedule-group/").rsplit("/", 1)[0]


def _destinations_of_functions():
    original = lambda_svc._route_async_failure

    def route(target, function, event, result):
        config = lambda_svc._functions[function]["config"]
        if role_may(config["Role"], "lambda.amazonaws.com", config["FunctionArn"], _ACTIONS[target.split(":")[2]], target):
            original(target, function, event, result)

    lambda_svc._route_async_failure = route


def _topics_to_functions():
    original = sns._deliver_to_lambda

    def deliver(endpoint, envelope, topic, *more):
        if service_may("sns.amazonaws.com", topic, endpoint):
            original(endpoint, envelope, topic, *more)

    sns._deliver_to_lambda = deliver
