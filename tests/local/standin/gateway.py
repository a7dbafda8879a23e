"""The gateway process: ministack with our patches and our SageMaker, on one loopback port."""
import argparse
import asyncio
import json
import os
import signal
import socket
import sys
from pathlib import Path

from . import aws


def _arguments():
    parser = argparse.ArgumentParser(prog="standin.gateway", description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--state-dir", type=Path, required=True)
    parser.add_argument("--image", action="append", default=[], metavar="NAME=DIR")
    parser.add_argument("--wait-scale", type=float, default=1.0)
    parser.add_argument("--switches", type=json.loads, default={})
    return parser.parse_args()


def _listen(port: int) -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.bind(("127.0.0.1", port))
    return sock


def _set_up_environment(port: int, state_dir: Path):
    """ministack reads its settings from the environment when it is imported, so this comes before."""
    temporary = state_dir / "tmp"
    temporary.mkdir(parents=True, exist_ok=True)
    ours = aws.environment(f"http://127.0.0.1:{port}")
    for name in set(os.environ) - set(ours):
        del os.environ[name]
    os.environ.update(ours, GATEWAY_PORT=str(port), BIND_HOST="127.0.0.1", MINISTACK_HOST="127.0.0.1",
                      MINISTACK_REGION=aws.REGION, LAMBDA_EXECUTOR="local", LAMBDA_ASYNC_RETRY_BASE_SECONDS="0.2",
                      AUTH="true", IOT_MTLS_ENABLED="0", SFTP_ENABLED="0", TMPDIR=str(temporary),
                      LOG_LEVEL=os.environ.get("STANDIN_LOG_LEVEL", "WARNING"))


async def _serve(app, fd: int):
    from hypercorn.asyncio import serve
    from hypercorn.config import Config

    over = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, over.set)
    config = Config()
    config.bind = [f"fd://{fd}"]
    config.keep_alive_timeout = 75
    config.graceful_timeout = 0.2
    config.accesslog = None
    config.loglevel = "WARNING"
    await serve(app, config, shutdown_trigger=over.wait)


def main():
    args = _arguments()
    sock = _listen(args.port)
    port = sock.getsockname()[1]
    _set_up_environment(port, args.state_dir)

    from . import admin, patches, switches
    from .container import Images
    from .sagemaker import Regions

    switches.change(args.switches)
    sagemaker = Regions(Images(dict(pair.split("=", 1) for pair in args.image)), args.state_dir)
    patches.install(sagemaker, args.wait_scale, args.state_dir)
    print(json.dumps({"endpoint_url": os.environ["AWS_ENDPOINT_URL"]}), flush=True)
    try:
        asyncio.run(_serve(admin.wrap(sagemaker), sock.detach()))
    finally:
        sys.stderr.flush()
        # Threads of running executions must not hold up the end; the guard ends our programs with us.
        os._exit(0)


if __name__ == "__main__":
    main()
