"""Keeps one promise: when the process that asked for the stand-in is gone, so is everything the stand-in started.

The guard starts the gateway in a process group of its own, which the Lambda functions and model programs inherit. It
holds the reading end of a pipe whose writing end is the asker's. End of file, SIGTERM or SIGINT ends the gateway, first
with a request, then the whole group by its id.
"""
import contextlib
import os
import signal
import subprocess
import sys
import threading

GRACE_SECONDS = 5.0


def main(command: list[str]) -> int:
    gateway = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)

    def end(*_):
        if gateway.poll() is None:
            gateway.terminate()

    def end_with_the_asker():
        while os.read(0, 1024):
            pass
        end()
        try:
            gateway.wait(GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            gateway.kill()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    threading.Thread(target=end_with_the_asker, daemon=True).start()
    code = gateway.wait()
    with contextlib.suppress(ProcessLookupError):
        os.killpg(gateway.pid, signal.SIGKILL)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
