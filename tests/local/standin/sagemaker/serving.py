"""One running `serve` program: a model loaded into a container of a fleet or of a transform job."""
import http.client
import queue
import socket
import time
from pathlib import Path

from .. import container, storage

START_SECONDS = 30.0
PING_INTERVAL = 0.05
# SageMaker gives a model 60 s to answer; a program on loopback that takes longer hangs.
INVOKE_SECONDS = 60.0


class ModelFailed(Exception):
    """The model could not be loaded or did not pass its health check."""


class ModelServer:
    """Starts `serve`, waits for /ping, forwards /invocations."""

    def __init__(self, images: container.Images, definition: dict, folder: Path):
        """`definition` is a model's container: Image, ModelDataUrl, Environment."""
        self.log = folder / "serve.log"
        self._connections: queue.LifoQueue = queue.LifoQueue()
        self._job = container.JobFolder(folder)
        try:
            if definition.get("ModelDataUrl"):
                storage.unpack(definition["ModelDataUrl"], self._job.model)
            program = images.program(definition["Image"], "serve")
        except (storage.StorageError, container.ImageMissing) as error:
            raise ModelFailed(str(error)) from None
        self.port = container.free_port()
        environment = container.serving_environment(self._job, self.port) | definition.get("Environment", {})
        self._process = container.start(program, "serve", environment, self.log)

    def wait_until_healthy(self, over=None):
        """Poll /ping until it answers 200. `over` is an event that gives up early."""
        deadline = time.monotonic() + START_SECONDS
        while True:
            if self._process.poll() is not None:
                raise ModelFailed(f"the program serve ended with exit code {self._process.returncode}: "
                                  f"{self._log_tail()}")
            status = self._ping()
            if status == 200:
                return
            if (over is not None and over.is_set()) or time.monotonic() > deadline:
                raise ModelFailed(f"/ping answered {status or 'nothing'}: {self._log_tail()}")
            time.sleep(PING_INTERVAL)

    def invoke(self, body: bytes, headers: dict[str, str]) -> tuple[int, dict[str, str], bytes, float]:
        """POST /invocations: status, headers in lower case, body, seconds it took. A dead program is a 500."""
        started = time.perf_counter()
        connection = self._connection()
        try:
            connection.request("POST", "/invocations", body=body, headers=headers)
            _acknowledge_at_once(connection)
            response = connection.getresponse()
            answer = response.read()
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            reason = f"the model container did not answer: {type(error).__name__}"
            return 500, {"content-type": "text/plain"}, reason.encode(), time.perf_counter() - started
        seconds = time.perf_counter() - started
        if response.will_close:
            connection.close()
        else:
            self._connections.put(connection)
        return response.status, {k.lower(): v for k, v in response.getheaders()}, answer, seconds

    def stop(self):
        while not self._connections.empty():
            self._connections.get().close()
        container.stop(self._process)

    def _connection(self) -> http.client.HTTPConnection:
        try:
            return self._connections.get_nowait()
        except queue.Empty:
            return http.client.HTTPConnection("127.0.0.1", self.port, timeout=INVOKE_SECONDS)

    def _ping(self) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=2)
        try:
            connection.request("GET", "/ping")
            response = connection.getresponse()
            response.read()
            return response.status
        except (OSError, http.client.HTTPException):
            return 0
        finally:
            connection.close()

    def _log_tail(self) -> str:
        try:
            return self.log.read_text(errors="replace")[-600:].strip() or "no log"
        except OSError:
            return "no log"


def _acknowledge_at_once(connection: http.client.HTTPConnection):
    """A server that sends its head and its body apart would wait 40 ms for our delayed acknowledgement."""
    if hasattr(socket, "TCP_QUICKACK"):
        connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
