"""How small and how quick to start each function is.

Size: the binary, and the zip that Lambda gets. Start: from the start of the process to its first poll of a stub of the
Lambda runtime API. Usage: scripts/bench start [RUNS]
"""
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
FUNCTIONS = ["new-data-trigger", "data-validator", "drift-checker", "evaluation-gate", "rollback-handler"]


def zipped(binary):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        archive.writestr("bootstrap", binary.read_bytes())
    return len(buffer.getvalue())


def first_poll(binary):
    """Milliseconds until the function asks the stub for its first invocation."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        env = {
            "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{server.getsockname()[1]}", "AWS_LAMBDA_FUNCTION_NAME": "f",
            "AWS_LAMBDA_FUNCTION_VERSION": "1", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256", "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "PAWL_BUCKET": "b", "PAWL_TOPIC_ARN": "t",
            "PAWL_RETRAINING_ARN": "r", "PAWL_SAGEMAKER_ROLE_ARN": "r", "PATH": os.environ["PATH"],
        }
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
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 21
    print(f"{'function':18} {'binary MB':>9} {'zip MB':>7} {'start ms: median':>17} {'least':>6} {'most':>6}")
    for name in FUNCTIONS:
        binary = ROOT / "target" / "release" / name
        first_poll(binary)
        times = sorted(first_poll(binary) for _ in range(runs))
        print(f"{name:18} {binary.stat().st_size / 1e6:9.2f} {zipped(binary) / 1e6:7.2f} "
              f"{statistics.median(times):17.1f} {times[0]:6.1f} {times[-1]:6.1f}")


if __name__ == "__main__":
    main()
