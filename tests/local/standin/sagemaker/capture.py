"""Data capture: what an endpoint was asked and what it answered, as JSON Lines in S3, in SageMaker's format."""
import base64
import datetime
import json
import logging
import random
import threading
import time
import uuid

from .. import aws, storage
from ..rights.sessions import NotAssumed
from . import acting

FLUSH_SECONDS = 1.0
log = logging.getLogger("standin.capture")


class Capture:
    """Collects captured requests and writes one object per endpoint, variant and flush."""

    def __init__(self):
        self._lines: dict[tuple[str, str], list[str]] = {}
        self._region = aws.region()
        self._lock, self._flushing = threading.Lock(), threading.Lock()
        threading.Thread(target=self._flush_now_and_then, daemon=True, name="standin-capture").start()

    def record(self, settings: dict, endpoint: str, variant: str, role: str, asked: tuple[bytes, str],
               answered: tuple[bytes, str], inference_id: str | None, attributes: str | None):
        """One request under a DataCaptureConfig; `role` is the model's. `asked` and `answered` are (body, content type)."""
        if not settings.get("EnableCapture", True) or random.random() * 100 >= settings["InitialSamplingPercentage"]:
            return
        now = datetime.datetime.now(datetime.UTC)
        sides = {option["CaptureMode"] for option in settings["CaptureOptions"]}
        data = {}
        if sides & {"Input", "InputAndOutput"}:
            data["endpointInput"] = _side("INPUT", *asked, settings)
        if sides & {"Output", "InputAndOutput"}:
            data["endpointOutput"] = _side("OUTPUT", *answered, settings)
        meta = {"eventId": str(uuid.uuid4())}
        if attributes:
            meta["customAttributes"] = [attributes]
        if inference_id:
            meta["inferenceId"] = inference_id
        meta["inferenceTime"] = now.strftime("%Y-%m-%dT%H:%M:%SZ")
        line = json.dumps({"captureData": data, "eventMetadata": meta, "eventVersion": "0"})
        folder = (f"{settings['DestinationS3Uri'].rstrip('/')}/{endpoint}/{variant}/"
                  f"{now.year:04}/{now.month:02}/{now.day:02}/{now.hour:02}")
        with self._lock:
            self._lines.setdefault((folder, role), []).append(line)

    def flush(self):
        with self._flushing:  # who asks finds written what another flush has taken
            with self._lock:
                lines, self._lines = self._lines, {}
            for (folder, role), captured in lines.items():
                self._write(folder, role, captured)

    def _write(self, folder: str, role: str, captured: list[str]):
        name = f"{datetime.datetime.now(datetime.UTC):%M-%S-%f}"[:-3]
        try:
            with acting.role(role):
                storage.write(f"{folder}/{name}-{uuid.uuid4()}.jsonl", "".join(f"{c}\n" for c in captured).encode(), self._region)
        except (storage.StorageError, NotAssumed):
            log.exception("%d captured requests are lost", len(captured))

    def _flush_now_and_then(self):
        while True:
            time.sleep(FLUSH_SECONDS)
            if self._lines:
                self.flush()


def _side(mode: str, body: bytes, content_type: str, settings: dict) -> dict:
    headers = settings.get("CaptureContentTypeHeader", {})
    if content_type in headers.get("CsvContentTypes", []):
        encoding, text = "CSV", body.decode("utf-8", "replace")
    elif content_type in headers.get("JsonContentTypes", []):
        encoding, text = "JSON", body.decode("utf-8", "replace")
    else:
        encoding, text = "BASE64", base64.b64encode(body).decode()
    return {"observedContentType": content_type, "mode": mode, "data": text, "encoding": encoding}
