"""What slows callers down: every S3 call takes a while where a test asks for it, and the others go on meanwhile."""
import asyncio

from . import switches


def install(handlers: dict):
    handlers["s3"] = _slow(handlers["s3"])


def _slow(handler):
    async def handle(method, path, headers, body, query):
        if switches.now.s3_latency:
            await asyncio.sleep(switches.now.s3_latency)
        return await handler(method, path, headers, body, query)

    return handle
