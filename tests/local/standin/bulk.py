"""Many small objects laid into a bucket by one call, as if they had been put one by one."""
import asyncio
import json

from .patches import s3 as patched

_SLICE = 200  # objects after which others are served


async def lay(request: dict) -> int:
    """`{"bucket", "objects": {key: text}, "events"}`; the number of objects. The bucket must exist."""
    from ministack.services import s3

    bucket, objects, events = request["bucket"], request["objects"], request.get("events", False)
    if bucket not in s3._buckets:
        raise ValueError(f"there is no bucket {bucket}")
    for number, (key, text) in enumerate(objects.items(), 1):
        with patched.silent(not events):
            status, _, body = s3._put_object(bucket, key, text.encode(), {"content-type": "application/octet-stream"})
        if status != 200:
            raise ValueError(f"{key}: {body.decode('utf-8', 'replace')}")
        if number % _SLICE == 0:
            await asyncio.sleep(0)
    return len(objects)


async def answer(body: bytes):
    """The admin route's status and answer."""
    try:
        return 200, {"laid": await lay(json.loads(body))}
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        return 400, {"error": str(error)}
