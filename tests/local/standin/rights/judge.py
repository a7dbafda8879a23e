"""Decides one demand of one principal: by the policies of its role and by the resource's own."""
import functools
from dataclasses import dataclass, field

from ministack.core import iam_evaluator
from ministack.core.iam_evaluator import EvalContext, PrincipalInfo
from ministack.services import iam, sts, tagging

from .. import aws
from . import catalog, policies, used


_TAG_KEY = "resourcetag/"
# What has resource types that a call need not name, and ours name none.
_ON_ALL = ("cloudwatch:PutMetricData", "cloudwatch:GetMetricData")


_sagemaker = None  # set by know_tags_of


def know_tags_of(sagemaker):
    global _sagemaker
    _sagemaker = sagemaker


def tags_of(arn: str) -> dict[str, str]:
    """The tags of a resource."""
    return _sagemaker.tags(arn) if arn.startswith("arn:aws:sagemaker:") else tagging.resource_tags(arn) or {}


@dataclass(frozen=True)
class Demand:
    """An action on a resource, with the condition keys of the request in lower case."""

    action: str
    resource: str
    context: dict = field(default_factory=dict)
    # Where AWS speaks TLS, the stand-in does not. A request that is to come without says so: `x-forwarded-proto: http`.
    secure: bool = True


@dataclass(frozen=True)
class Refusal:
    """Why something is not allowed, in AWS's words as far as AWS has them."""

    demand: Demand
    who: str
    message: str
    explicit: bool = False


def principal(access_key: str) -> PrincipalInfo | None:
    """Who calls with this key; None is the account's root, which may do everything."""
    credential = iam_evaluator.resolve_credential(access_key, aws.ACCOUNT)
    if isinstance(credential, iam_evaluator.CredentialResolutionError):
        raise PermissionError(f"{credential.code}: {credential.message}")
    if credential.principal_type == "Root":
        return None
    if credential.principal_type != "AssumedRole":
        return iam_evaluator.resolve_principal(access_key, aws.ACCOUNT, credential)
    role = credential.principal_arn.split("/")[1]
    limits = iam_evaluator._permissions_boundary(iam._roles, role, credential.account_id)
    limits += iam_evaluator._session_policy_limits(sts._sessions.get(access_key) or {}, credential.account_id)
    return PrincipalInfo(credential.principal_arn, credential.principal_type, credential.account_id, [],
                         iam_evaluator._principal_keys(credential), limits)


def check(who: PrincipalInfo, demands: list[Demand]) -> Refusal | None:
    """The first demand that is not allowed, which is written down; the rights that allowed the others are too."""
    for demand in demands:
        refusal = _decide(who, demand)
        if refusal is not None:
            used.refuse(who.arn, demand.action, demand.resource, refusal.message)
            return refusal
    return None


def as_role(credentials: aws.Credentials, *demands: Demand) -> Refusal | None:
    """The same for a session that we hold."""
    return check(principal(credentials.access_key), list(demands))


def allowed(who: PrincipalInfo, demand: Demand) -> bool:
    """Whether a demand is allowed, when a refusal is no event of its own."""
    return _decide(who, demand) is None


def _decide(who: PrincipalInfo, demand: Demand) -> Refusal | None:
    if reason := _undecidable(demand):
        return Refusal(demand, who.arn, f"{_opening(who, demand)}: {reason}")
    documents = _documents(who)
    for source, document in documents:
        if problems := policies.problems(document):
            return Refusal(demand, who.arn, f"{_opening(who, demand)}: the stand-in cannot judge by {source}: {problems[0]}")
    context = _context(who, demand, documents)
    identity = [[policies.of_caller(statement, who.keys) for statement in policies.statements(document)] for _, document in documents]
    result = iam_evaluator.evaluate(context, identity or who.policies, *who.limits)
    result = _with_resource_policy(result, context, who)
    if result.decision == "Allow":
        _note(documents, context)
        return None
    explicit = result.decision == "Deny"
    where = "resource" if result.resource_policy_arn else "identity"
    why = (f"with an explicit deny in a{'n' * (where == 'identity')} {where}-based policy" if explicit
           else f"because no identity-based policy allows the {demand.action} action")
    return Refusal(demand, who.arn, f"{_opening(who, demand)} {why}", explicit)


def _undecidable(demand: Demand) -> str | None:
    """Fail closed: what cannot be judged is refused."""
    action = catalog.action(demand.action)
    if action is None:
        return "the Service Authorization Reference has no such action"
    if demand.resource == "*":
        on_all = not action.resources or action.name in _ON_ALL
        return None if on_all else "the stand-in cannot tell on which resource"
    if action.resources and not action.fits(demand.resource):
        return f"it takes no such resource, but one of {', '.join(action.resources.values())}"
    return None


def _opening(who: PrincipalInfo, demand: Demand) -> str:
    resource = f'"{demand.resource}"' if demand.action.startswith("s3:") else demand.resource
    return f"User: {who.arn} is not authorized to perform: {demand.action} on resource: {resource}"


@functools.lru_cache(4096)
def _asks_tags(document: str) -> bool:
    return _TAG_KEY in document.lower()


def _context(who: PrincipalInfo, demand: Demand, documents) -> EvalContext:
    context = {"aws:tagkeys": None, "aws:principalisawsservice": "false"} | demand.context
    if any(_asks_tags(document) for _, document in documents):
        for name, value in tags_of(demand.resource).items():
            context |= {f"aws:{_TAG_KEY}{name}".lower(): value, f"sagemaker:{_TAG_KEY}{name}".lower(): value}
    return EvalContext(
        principal_arn=who.arn, principal_type=who.type, principal_account=who.account, action=demand.action,
        resource_arn=demand.resource, region=aws.region(), secure_transport=demand.secure,
        service_context=context, principal_keys=who.keys)


def _with_resource_policy(result, context: EvalContext, who: PrincipalInfo):
    service = _POLICY_KEEPERS.get(context.action.partition(":")[0])
    found = iam_evaluator._resource_policy(service, context.resource_arn) if service else None
    if found is None or not found[0]:
        return result
    if problems := policies.problems(found[0], "resource"):
        return iam_evaluator.EvalResult("Deny", who.arn, reason=problems[0], resource_policy_arn=context.resource_arn)
    return iam_evaluator.combine_resource_policy(result, context, *found, required=service == "kms", limits=who.limits)


# Services whose resources may have a policy of their own, by ministack's names.
_POLICY_KEEPERS = {"s3": "s3", "sns": "sns", "sqs": "sqs", "lambda": "lambda", "kms": "kms", "ecr": "ecr"}


def _documents(who: PrincipalInfo) -> list[tuple[str, str]]:
    """The policies of a role, each with its source: "role/NAME" for its inline ones, or the ARN of a managed one."""
    if who.type != "AssumedRole":
        return []
    name = who.arn.split("/")[1]
    role = iam._roles.get_scoped(who.account, None, name)
    if role is None:
        return []
    documents = [(f"role/{name}", policies.text_of(document)) for document in (role.get("InlinePolicies") or {}).values()]
    for arn in role.get("AttachedPolicies", []):
        if document := iam_evaluator._resolve_managed_policy_document(arn, who.account):
            documents.append((arn, policies.text_of(document)))
    return documents


def _note(documents, context: EvalContext):
    """Write down by which patterns of which statements a demand was allowed."""
    for source, document in documents:
        for statement in policies.statements(document):
            own = policies.of_caller(statement, context.principal_keys)
            if iam_evaluator._first_match(context, [own], "Allow") is None:
                continue
            actions = [pattern for pattern in statement.actions if iam_evaluator.fnmatch_iam(context.action, pattern)]
            resources = [pattern for pattern, filled in zip(statement.resources, own.resources, strict=True)
                         if iam_evaluator.fnmatch_iam_cs(context.resource_arn, filled)]
            for action in actions or ["NotAction"]:
                for resource in resources or ["NotResource"]:
                    used.use(source, action, resource)
