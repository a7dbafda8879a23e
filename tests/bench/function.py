"""How many rows a function profiles in a CPU second beside the command, on the same file.

The function data-validator reads the file from a stub of S3 in one call of its step `profile`; `pawl profile` reads it
from disk with one thread. Both profile the same 21 columns by the same pipeline.yaml. They take turns, each a process
of its own. The function does more: TLS aside, it takes the bytes from HTTP, judges each row, and writes label and
features of every accepted row twice (CSV and JSON lines). What that costs is measured as well: the same call by a
pipeline that ignores every column but the label and the one feature.

    function.py [--rows N] [--runs N]

Prints medians of CPU seconds (user and system, whole process), rows in a CPU second, and the ratio of the two.
"""
import argparse
import http.server
import json
import os
import re
import statistics
import subprocess
import sys
import threading
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from profile import CACHE, PARTS, PEERS, ROOT, apart, generate, measure, peers_python
from start import lambda_environment

RELEASE = ROOT / "target" / "release"
LABEL, FEATURE = "cnt", "temp"
RUN = "runs/bench/000001"


def pipeline(ignored):
    return ("model: bench\ntrain: {image: none}\n"
            f"data: {{bucket: incoming, prefix: p/, label: {{column: {LABEL}}}, features: [{FEATURE}], "
            f"largest_object: 10000000000, schema: {{ignore: {json.dumps(ignored)}}}}}\n")


class Bucket(http.server.BaseHTTPRequestHandler):
    """As much of S3 as the step needs: the file in ranges, documents by their keys; whatever is written is taken and
    forgotten."""
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, body=b"", **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        _, _, key = unquote(urlsplit(self.path).path).lstrip("/").partition("/")
        server = self.server
        if key in server.documents:
            return self.answer(200, server.documents[key].encode(), ETag='"d"')
        if key != server.file.name:
            return self.answer(404, b"<Error><Code>NoSuchKey</Code></Error>")
        first, last = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers["Range"]).groups()
        size = server.file.stat().st_size
        first, last = int(first), min(int(last), size - 1)
        with server.file.open("rb") as file:
            file.seek(first)
            self.send_response(206)
            self.send_header("Content-Length", str(last + 1 - first))
            self.send_header("Content-Range", f"bytes {first}-{last}/{size}")
            self.end_headers()
            try:
                self.stream(file, last + 1 - first)
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True

    def stream(self, file, left):
        while left and (chunk := file.read(min(left, 1 << 20))):
            self.wfile.write(chunk)
            left -= len(chunk)

    def drain(self):
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            while size := int(self.rfile.readline().split(b";")[0], 16):
                self.rfile.read(size + 2)
            while self.rfile.readline().strip():
                pass
        else:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def do_PUT(self):
        self.drain()
        self.answer(200, ETag='"e"')

    def do_POST(self):
        self.drain()
        if "uploads" in parse_qs(urlsplit(self.path).query, keep_blank_values=True):
            name = "InitiateMultipartUploadResult"
            return self.answer(200, f"<{name}><UploadId>u</UploadId></{name}>".encode())
        name = "CompleteMultipartUploadResult"
        self.answer(200, f"<{name}><ETag>e</ETag></{name}>".encode())

    def do_DELETE(self):
        self.answer(204)


class Runtime(http.server.BaseHTTPRequestHandler):
    """Lambda's runtime API for one invocation."""
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        if self.server.asked.is_set():
            self.server.over.wait()
            return
        self.server.asked.set()
        body = json.dumps(self.server.event).encode()
        self.send_response(200)
        for name, value in (("Lambda-Runtime-Aws-Request-Id", "1"), ("Lambda-Runtime-Deadline-Ms", "4000000000000"),
                            ("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:us-east-1:000000000000:function:f"),
                            ("Content-Type", "application/json"), ("Content-Length", str(len(body)))):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.answers.append((self.path, body.decode()))
        self.send_response(202)
        self.send_header("Content-Length", "0")
        self.end_headers()
        self.server.over.set()


def serving(handler, **state):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    for name, value in state.items():
        setattr(server, name, value)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def invoked(path, ignored):
    """CPU seconds of the function for one call of its step over the whole file."""
    bucket = serving(Bucket, file=path, documents={f"{RUN}/pipeline.yaml": pipeline(ignored)})
    part = {"object": {"id": "o", "bucket": "incoming", "key": path.name, "version": None, "etag": "e",
                       "size": path.stat().st_size}, "piece": "whole", "part": 0, "parts": 1, "reference": None}
    event = {"step": "profile", "model": "bench", "generation": 1, "partitions": [part]}
    runtime = serving(Runtime, event=event, asked=threading.Event(), over=threading.Event(), answers=[])
    env = lambda_environment(runtime.server_port, 1024, {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{bucket.server_port}"})
    process = subprocess.Popen([RELEASE / "data-validator"], env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    if not runtime.over.wait(600):
        process.kill()
        sys.exit("the function did not answer within 10 minutes")
    process.kill()
    _, _, usage = os.wait4(process.pid, 0)
    process.returncode = 0
    where, answer = runtime.answers[0]
    if not where.endswith("/response") or json.loads(answer)["unreadable"]:
        sys.exit(f"the function answered {where}: {answer[:500]}\n{process.stderr.read().decode()[-500:]}")
    for server in (bucket, runtime):
        server.shutdown()
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--rows", type=int, default=1_000_000)
    arguments.add_argument("--runs", type=int, default=5)
    given = arguments.parse_args()
    python = peers_python()
    if sys.prefix != str(PEERS):
        os.execv(python, [str(python), *sys.argv])
    path = CACHE / f"bench-{given.rows}.csv"
    if not path.exists():
        apart(generate, path, given.rows)
    every = [column for columns in PARTS.values() for column in columns]
    fewest = [column for column in every if column not in (LABEL, FEATURE)]
    settings = Path(f"{path}.yaml")
    cores = {min(os.sched_getaffinity(0))}

    def commanded(ignored):
        settings.write_text(pipeline(ignored))
        return measure([RELEASE / "pawl", "profile", "--threads", "1", "--pipeline", settings, path], cores=cores)["cpu"]

    ways = {"all columns": [], "label and feature alone": fewest}
    taken = {(who, way): [] for way in ways for who in ("function", "command")}
    peak = 0
    for _ in range(given.runs):
        for way, ignored in ways.items():
            cpu, megabytes = invoked(path, ignored)
            peak = max(peak, megabytes)
            taken["function", way].append(cpu)
            taken["command", way].append(commanded(ignored))
    middle = {key: statistics.median(values) for key, values in taken.items()}
    print(f"{given.rows} rows x 21 columns, CSV {path.stat().st_size / 1e6:.0f} MB, medians of {given.runs}; "
          f"peak of the function {peak:.0f} MB\n")
    print(f"{'CPU s':28}{'function':>10}{'command':>10}{'rows a CPU s, function/command':>34}")
    for way in ways:
        function, command = middle["function", way], middle["command", way]
        print(f"{way:28}{function:10.2f}{command:10.2f}{command / function:34.2f}")
    function, command = (middle[who, "all columns"] - middle[who, "label and feature alone"] for who in ("function", "command"))
    print(f"{'profiling the other columns':28}{function:10.2f}{command:10.2f}{command / function:34.2f}")


if __name__ == "__main__":
    main()
