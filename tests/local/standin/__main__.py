"""`python -m standin up`: start the stand-in, deploy a template, wait for a signal, stop everything."""
import argparse
import functools
import json
import os
import signal
import sys
import threading

from . import switches
from .client import Standin


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (name and equals and value):
        raise argparse.ArgumentTypeError(f"expected NAME=VALUE, got {text!r}")
    return name, value


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="standin", description=__doc__)
    up = parser.add_subparsers(dest="command", required=True).add_parser("up", help="start, deploy, wait")
    up.add_argument("--template", help="SAM template to deploy")
    up.add_argument("--bin-dir", help="folder with the functions' release binaries")
    up.add_argument("--image", type=_pair, action="append", default=[], metavar="NAME=DIR",
                    help="folder with the programs `train` and `serve` of an image (repeatable)")
    up.add_argument("--parameter", type=_pair, action="append", default=[], metavar="NAME=VALUE",
                    help="template parameter (repeatable)")
    up.add_argument("--port", type=int, default=0, help="port on 127.0.0.1; 0 takes a free one")
    up.add_argument("--state-dir", help="logs, job folders, unpacked models; default: a temporary folder")
    up.add_argument("--wait-scale", type=float, default=1.0, help="scale of Wait states and Retry intervals")
    for name, field in switches.fields().items():
        up.add_argument(f"--{name.replace('_', '-')}", type=functools.partial(switches.from_text, name),
                        default=field.default, help=f"see switches.py (default: {field.default!r})")
    return parser


def main() -> int:
    args = _parser().parse_args()
    over = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: over.set())
    parent = os.getppid()
    standin = Standin(args.template, args.bin_dir, dict(args.image), dict(args.parameter), args.port, args.state_dir,
                      wait_scale=args.wait_scale, **{name: getattr(args, name) for name in switches.fields()})
    try:
        standin.start()
        print(json.dumps({"endpoint_url": standin.endpoint_url, "state_dir": str(standin.state_dir),
                          "outputs": standin.outputs}), flush=True)
        while not over.wait(0.5):
            if os.getppid() != parent:
                return 0
            if not standin.alive:
                print("the stand-in ended by itself", file=sys.stderr)
                return 1
        return 0
    except Exception as error:  # a person reads this: the reason, not a traceback
        print(f"standin: {error}", file=sys.stderr)
        return 1
    finally:
        standin.stop()


if __name__ == "__main__":
    sys.exit(main())
