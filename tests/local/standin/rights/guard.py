"""Stands before every service: whoever calls with a role's session is judged; the account's root is not."""
import dataclasses
import uuid

from ministack import app
from ministack.core import iam_actions, iam_evaluator, router

from . import demands, judge, used
from .request import Request

# Whatever the caller's policies say, AWS never refuses these.
_ALWAYS = ("sts:GetCallerIdentity", "sts:GetSessionToken")


def install():
    # ministack checks who signed a request, and leaves the judging to us.
    iam_actions.extract_iam_action = lambda *_: None
    for name in ("sagemaker", "application-autoscaling"):
        iam_actions.SERVICE_TO_IAM_NAMESPACE[name] = name
    iam_actions._BOTOCORE_SERVICE_MAP |= {"sagemaker": ["sagemaker", "sagemaker-runtime"],
                                          "application-autoscaling": ["application-autoscaling"]}
    _know_roles_by_their_own_arn()
    for service, handler in list(app.SERVICE_HANDLERS.items()):
        app.SERVICE_HANDLERS[service] = _guarded(service, handler)


def _know_roles_by_their_own_arn():
    """The key aws:PrincipalArn of a session is the ARN of its role, where ministack gives the session's."""
    original = iam_evaluator._resolve_condition_key

    def resolve(key, context):
        value = original(key, context)
        if key.lower() == "aws:principalarn" and ":assumed-role/" in str(value):
            from ministack.services import iam
            role = iam._roles.get_scoped(context.principal_account, None, value.split("/")[1])
            return role["Arn"] if role else value
        return value

    iam_evaluator._resolve_condition_key = resolve


def _guarded(service: str, handler):
    async def handle(method, path, headers, body, query):
        key = router.extract_access_key_id(headers, query)
        if not key:
            used.refuse("nobody", service, path, "a request without a signature")
            return denied(Request(service, method, path, headers, body, query), "Anonymous access is forbidden for this operation")
        if iam_evaluator.is_root_access_key(key):
            return await handler(method, path, headers, body, query)
        request = Request(service, method, path, headers, body, query)
        refusal = _judge(key, request)
        if refusal is not None:
            return denied(request, refusal)
        answer = await handler(method, path, headers, body, query)
        if service == "s3" and answer[0] == 404 and (refusal := _judge_missing(key, request, answer)):
            return denied(request, refusal)
        return answer

    return handle


def _judge(key: str, request: Request) -> str | None:
    """What is said to a caller who may not do this."""
    if request.action in _ALWAYS:
        return None
    try:
        who = judge.principal(key)
    except PermissionError as error:
        return str(error)
    demanded = demands.of(request)
    if not demanded:
        action, resource = f"{request.service}:{request.method} {request.path}", request.resource
        why = f"User: {who.arn} is not authorized: the stand-in has no action for {action}"
        used.refuse(who.arn, action, resource, why)
        return why
    if request.headers.get("x-forwarded-proto") == "http":
        demanded = [dataclasses.replace(demand, secure=False) for demand in demanded]
    refusal = judge.check(who, demanded)
    return refusal.message if refusal else None


def _judge_missing(key: str, request: Request, answer) -> str | None:
    """S3 says that an object is missing only to those who may list the bucket."""
    demand = demands.missing_object(request)
    if demand is None or b"NoSuchBucket" in (answer[2] or b""):
        return None
    refusal = judge.check(judge.principal(key), [demand])
    return refusal.message if refusal else None


def denied(request: Request, message: str):
    """The refusal in the protocol of the request."""
    # ministack words the refusals of these itself, unless they have a code.
    code = "AccessDeniedException" if request.service in ("logs", "ssm") else ""
    status, headers, body = iam_actions.access_denied_response(
        request.service, request.action or "", "", str(uuid.uuid4()), error_code=code, message=message, headers=request.headers)
    if request.headers.get("x-amz-target") and request.service != "sqs" and status == 403:
        status = 400
    return status, headers, body
