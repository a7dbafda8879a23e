"""Sessions of roles: those that AWS's services take for functions, executions, jobs and deliveries, and those that tests ask for."""
import hashlib

from ministack.core import iam_evaluator
from ministack.services import iam, sts

from .. import aws


class NotAssumed(Exception):
    """There is no such role, or it does not trust who asks for it."""


def assume(role_arn: str, service: str, source: str, name: str = "session") -> aws.Credentials:
    """A session of a role for a service such as "states.amazonaws.com" that acts for `source`, the ARN of one of its resources."""
    role = role_of(role_arn)
    if not trusts(role, service, source):
        raise NotAssumed(f"{service} may not assume {role_arn} for {source}: its trust policy does not allow it")
    return session(role_arn, name)


def role_of(role_arn: str) -> dict:
    role = iam._roles.get_scoped(aws.ACCOUNT, None, role_arn.rsplit("/", 1)[-1])
    if role is None or role["Arn"] != role_arn:
        raise NotAssumed(f"there is no role {role_arn}")
    return role


def trusts(role: dict, service: str, source: str) -> bool:
    """Whether a role's trust policy lets a service assume it for a resource of this account."""
    context = iam_evaluator.EvalContext(
        principal_arn=service, principal_type="Service", principal_account="", action="sts:AssumeRole",
        resource_arn=role["Arn"], region=aws.region(), secure_transport=True, service_context=service_keys(source))
    return iam_evaluator.evaluate_resource_policy(role["AssumeRolePolicyDocument"], context, service=service).decision == "Allow"


def service_keys(source: str) -> dict[str, str]:
    """The condition keys that a service brings along when it acts for a resource."""
    return {"aws:sourcearn": source, "aws:sourceaccount": aws.ACCOUNT, "aws:sourceowner": aws.ACCOUNT,
            "aws:principalisawsservice": "true"}


def session(role_arn: str, name: str, token: str | None = None) -> aws.Credentials:
    """The session of a role by this name, whoever trusts it. `token` is its session token, where it must be a certain one."""
    found_role = role_of(role_arn)
    role = found_role["RoleName"]
    digest = hashlib.sha256(f"{role_arn}|{name}|{token}".encode()).hexdigest()
    found = aws.Credentials(role_arn, f"ASIA{digest[:16].upper()}", digest[16:48], token or f"token-{digest[48:]}")
    if found.access_key not in sts._sessions:
        sts.register_session(found.access_key, {
            "Arn": f"arn:aws:sts::{aws.ACCOUNT}:assumed-role/{role}/{name[:64]}", "UserId": f"{found_role['RoleId']}:{name[:64]}",
            "SecretAccessKey": found.secret_key, "SessionToken": found.token})
    return found
