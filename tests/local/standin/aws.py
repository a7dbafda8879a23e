"""Where this AWS is, and clients for it. Shared by every process of the stand-in."""
import contextlib
import contextvars
import functools
import os
import threading
from dataclasses import dataclass

REGION = "us-east-1"  # home: the stack's region
ACCOUNT = "000000000000"
_lock = threading.Lock()

# A request to the stand-in must never leave the machine, whatever the caller's shell is set up for.
_DROPPED = ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE",
            "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy")


@dataclass(frozen=True)
class Credentials:
    """The session of a role; without one, a caller is the account's root."""

    role_arn: str
    access_key: str
    secret_key: str
    token: str

    def environment(self) -> dict[str, str]:
        return {"AWS_ACCESS_KEY_ID": self.access_key, "AWS_SECRET_ACCESS_KEY": self.secret_key,
                "AWS_SESSION_TOKEN": self.token}


# In the gateway: for whom this thread, and what it starts, calls AWS.
_actor: contextvars.ContextVar[Credentials | None] = contextvars.ContextVar("standin_actor", default=None)


@contextlib.contextmanager
def acting(credentials: Credentials):
    """Everything below calls AWS in this session."""
    before = _actor.set(credentials)
    try:
        yield
    finally:
        _actor.reset(before)


def actor() -> Credentials | None:
    return _actor.get()


def environment(endpoint_url: str) -> dict[str, str]:
    """The environment of a process that shall talk to the stand-in and to nothing else."""
    kept = {k: v for k, v in os.environ.items() if k not in _DROPPED and not k.startswith("AWS_ENDPOINT_URL")}
    return kept | {
        "AWS_ENDPOINT_URL": endpoint_url,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": "127.0.0.1,localhost",
    }


def region() -> str:
    """The region that the running request is signed for; home in a thread that follows no request."""
    from ministack.core.responses import get_region

    return get_region()


@functools.lru_cache(512)
def _client(service: str, endpoint_url: str, region_name: str, credentials: Credentials | None):
    import boto3  # slow to import, and the guard process does not need it
    from botocore.config import Config

    config = Config(retries={"max_attempts": 0}, max_pool_connections=64, connect_timeout=5, read_timeout=920,
                    proxies={}, s3={"addressing_style": "path"})
    return boto3.session.Session().client(
        service, endpoint_url=endpoint_url, region_name=region_name, config=config,
        aws_access_key_id=credentials.access_key if credentials else "test",
        aws_secret_access_key=credentials.secret_key if credentials else "test",
        aws_session_token=credentials.token if credentials else None)


def client(service: str, endpoint_url: str | None = None, region_name: str = REGION, credentials: Credentials | None = None):
    """A thread-safe boto3 client of the stand-in, without retries: an injected failure is seen once, as it was made. It calls in
    these credentials, or in those of the actor."""
    with _lock:  # boto3 sessions are not safe to create side by side
        return _client(service, endpoint_url or os.environ["AWS_ENDPOINT_URL"], region_name, credentials or actor())
