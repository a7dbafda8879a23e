"""Keys of the account: who writes into what is encrypted with one, or reads from it, needs the key as well."""
from ministack.services import kms, s3, sns, sqs

from .. import aws
from .judge import Demand

_WRITE, _READ = ("GenerateDataKey", "Decrypt"), ("Decrypt",)


def of_object(action: str, bucket: str) -> list[Demand]:
    """What an action on an object of a bucket demands of the key that the bucket encrypts with."""
    wanted = {"s3:PutObject": ("GenerateDataKey",), "s3:GetObject": _READ, "s3:GetObjectVersion": _READ}.get(action, ())
    key = s3._bucket_default_sse_headers(bucket).get("x-amz-server-side-encryption-aws-kms-key-id") if wanted else None
    return _demands(key, "s3", wanted)


def of_message(action: str, target: str) -> list[Demand]:
    """What sending to a topic or a queue, or receiving from it, demands of its key."""
    wanted = {"sns:Publish": _WRITE, "sqs:SendMessage": _WRITE, "sqs:ReceiveMessage": _READ}.get(action, ())
    if not wanted:
        return []
    held = sns._topics.get(target) if action.startswith("sns:") else sqs._queue_by_arn(target)
    return _demands((held or {}).get("attributes", {}).get("KmsMasterKeyId"), action.partition(":")[0], wanted)


def _demands(key: str | None, service: str, actions) -> list[Demand]:
    # AWS's own keys let everybody in who comes by their service.
    if not key or "alias/aws/" in key:
        return []
    found = kms._resolve_key(key)
    arn = found["Arn"] if found else key if key.startswith("arn:") else f"arn:aws:kms:{aws.region()}:{aws.ACCOUNT}:key/{key}"
    context = {"kms:viaservice": f"{service}.{aws.region()}.amazonaws.com", "kms:calleraccount": aws.ACCOUNT}
    return [Demand(f"kms:{action}", arn, context) for action in actions]
