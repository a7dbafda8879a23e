"""How small and how quick to start each function is.

Size: the binary, and the zip that Lambda gets. Start: from the start of the process to its first poll of a stub of the
Lambda runtime API, in turns with the machine's certificates as they lie and with its bundle alone. Lambda's Amazon Linux
has only a bundle; Debian has a file for each certificate beside it, and TLS reads them all.

    start.py [RUNS] [--hold]

`--hold` fails where a zip is larger than LARGEST. Start is printed and held by nobody: the goal is 10 ms.
"""
import argparse
import io
import os
import socket
import statistics
import subprocess
import sys
import time
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUNDLES = ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"]
LARGEST = 10_000_000
FUNCTIONS = ["new-data-trigger", "data-validator", "drift-checker", "evaluation-gate", "rollback-handler"]


def zipped(binary):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        archive.writestr("bootstrap", binary.read_bytes())
    return len(buffer.getvalue())


def lambda_environment(runtime, megabytes, settings):
    """What Lambda sets for a function, whose runtime API listens on this port; and the function's own settings."""
    return {
        "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{runtime}", "AWS_LAMBDA_FUNCTION_NAME": "f",
        "AWS_LAMBDA_FUNCTION_VERSION": "1", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(megabytes), "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "PAWL_BUCKET": "b", "PATH": os.environ["PATH"], **settings,
    }


def first_poll(binary, settings):
    """Milliseconds until the function asks the stub for its first invocation."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        roles = {name: "r" for name in ("PAWL_RETRAINING_ARN", "PAWL_TRAINING_ROLE_ARN", "PAWL_SCORING_ROLE_ARN",
                                        "PAWL_SERVING_ROLE_ARN")}
        env = lambda_environment(server.getsockname()[1], 256, {"PAWL_TOPIC_ARN": "t"} | roles | settings)
        started = time.perf_counter()
        process = subprocess.Popen([binary], env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        server.settimeout(10)
        try:
            connection, _ = server.accept()
            with connection:
                connection.recv(1)
                return 1000 * (time.perf_counter() - started)
        except TimeoutError:
            process.kill()
            raise SystemExit(f"{binary.name} did not poll: {process.stderr.read().decode()[:500]}") from None
        finally:
            process.kill()
            process.wait()


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("runs", type=int, nargs="?", default=21)
    arguments.add_argument("--hold", action="store_true", help="fail where a zip is larger than it may be")
    given = arguments.parse_args()
    runs, sizes = given.runs, {}
    bundle = next(({"SSL_CERT_FILE": path} for path in BUNDLES if Path(path).is_file()), {})
    print(f"{'':36} {'start ms, bundle':^22} {'all certificates':^22}")
    print(f"{'function':18} {'binary MB':>9} {'zip MB':>7} " + f" {'median':>7} {'least':>6} {'most':>6} " * 2)
    for name in FUNCTIONS:
        binary = ROOT / "target" / "release" / name
        first_poll(binary, {})
        times = zip(*((first_poll(binary, bundle), first_poll(binary, {})) for _ in range(runs)))
        shown = "".join(f" {statistics.median(of):7.1f} {min(of):6.1f} {max(of):6.1f} " for of in times)
        sizes[name] = zipped(binary)
        print(f"{name:18} {binary.stat().st_size / 1e6:9.2f} {sizes[name] / 1e6:7.3f} {shown}", flush=True)
    large = [name for name, size in sizes.items() if size > LARGEST]
    if given.hold and large:
        sys.exit(f"larger than {LARGEST / 1e6:.0f} MB zipped: {', '.join(large)}")


if __name__ == "__main__":
    main()
