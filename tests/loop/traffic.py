"""Clients of the endpoint: real rows, at a steady rate, in the background."""
import itertools
import json
import threading
from collections import Counter

from botocore.exceptions import BotoCoreError, ClientError
from standin.aws import REGION as HOME


class Traffic:
    """Sends rows to an endpoint until stopped, and counts what came back."""

    def __init__(self, aws, endpoint, rows, rate=20, region=HOME):
        self.client, self.endpoint, self.rows, self.rate = aws.client("sagemaker-runtime", region), endpoint, rows, rate
        self.counts = Counter()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join()

    def rows_now(self, rows):
        """Send these rows from now on."""
        self.rows = rows

    def _run(self):
        for number in itertools.count():
            if self._stop.wait(1 / self.rate):
                return
            rows = self.rows
            self.counts[self._send(rows[number % len(rows)])] += 1

    def _send(self, row):
        try:
            self.client.invoke_endpoint(EndpointName=self.endpoint, ContentType="application/jsonlines",
                                        Body=json.dumps(row).encode() + b"\n")["Body"].read()
            return "answered"
        except (BotoCoreError, ClientError):
            return "failed"
