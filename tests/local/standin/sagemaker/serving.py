"""One running `serve` program: a model loaded into a container of a fleet or of a transform job."""
import collections
import http.client
import json
import queue
import socket
import threading
import time
import uuid
from pathlib import Path

from .. import container, storage
from ..rights.sessions import NotAssumed
from . import acting

START_SECONDS = 120.0
PING_INTERVAL = 0.05
# SageMaker gives a model 60 s to answer; a program on loopback that takes longer hangs.
INVOKE_SECONDS = 60.0
# A connection that was silent for longer is not used again: its server may hang up just then, and that would be a 500.
SILENT_SECONDS = 1.0
MOST_IDLE = 3


class ModelFailed(Exception):
    """The model could not be loaded or did not pass its health check."""


class ModelServers:
    """Starts model servers. Those of ended transform jobs stay for a while: to load a model takes longer than to use
    it, and the next job, or the endpoint, often wants the same one."""

    def __init__(self, images: container.Images, folder: Path):
        self._images, self._folder = images, folder
        self._idle: collections.OrderedDict[str, ModelServer] = collections.OrderedDict()
        self._lock = threading.Lock()

    def get(self, definition: dict, over: threading.Event) -> "ModelServer":
        """A healthy server for a model's container (Image, ModelDataUrl, Environment, Role, Isolated, Network, and the key of
        the instance's volume), or ModelFailed. `over` gives up early."""
        try:
            with acting.role(definition["Role"]):
                server = self._started(definition)
        except (storage.StorageError, container.ImageMissing, NotAssumed) as error:
            raise ModelFailed(str(error)) from None
        try:
            server.wait_until_healthy(over)
        except ModelFailed:
            server.stop()
            raise
        return server

    def _started(self, definition: dict) -> "ModelServer":
        """A server that may still be starting: an idle one of the same model in the same role, or a new one."""
        program, archive = self._images.program(definition["Image"], "serve"), definition.get("ModelDataUrl")
        if why := acting.refused_pull(definition["Image"]):
            raise ModelFailed(f"The role cannot pull the image {definition['Image']}. {why}")
        if why := acting.refused_instance(definition.get("VolumeKey"), definition["Network"]):
            raise ModelFailed(why)
        key = json.dumps([str(program), archive, archive and storage.etag(archive), definition["Environment"],
                          definition["Role"], definition["Isolated"]])
        with self._lock:
            server = self._idle.pop(key, None)
        if server is None or not server.alive:
            server = ModelServer(key, program, definition, self._folder / uuid.uuid4().hex[:12])
        return server

    def give_back(self, server: "ModelServer"):
        """Keep a server that is not needed any more for the next who wants the same model."""
        dropped = [server]
        with self._lock:
            if server.alive and server.key not in self._idle:
                self._idle[server.key] = server
                dropped = [self._idle.popitem(last=False)[1]] if len(self._idle) > MOST_IDLE else []
        for each in dropped:
            each.stop()


class ModelServer:
    """One `serve` program: waits for /ping, forwards /invocations."""

    def __init__(self, key: str, program: Path, definition: dict, folder: Path):
        self.key, self.log = key, folder / "serve.log"
        self._connections: queue.LifoQueue = queue.LifoQueue()
        self._job = container.JobFolder(folder)
        if definition.get("ModelDataUrl"):
            storage.unpack(definition["ModelDataUrl"], self._job.model)
        self._reserved = container.reserve_port()
        self.port = self._reserved.getsockname()[1]
        environment = container.serving_environment(self._job, self.port) | definition["Environment"]
        self._process = container.start(program, "serve", environment, self.log, definition["Isolated"])

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def wait_until_healthy(self, over: threading.Event):
        """Poll /ping until it answers 200."""
        deadline = time.monotonic() + START_SECONDS
        while True:
            if self._process.poll() is not None:
                raise ModelFailed(f"the program serve ended with exit code {self._process.returncode}: "
                                  f"{self._log_tail()}")
            status = self._ping()
            if status == 200:
                return
            if over.is_set() or time.monotonic() > deadline:
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
            self._connections.put((connection, time.monotonic()))
        return response.status, {k.lower(): v for k, v in response.getheaders()}, answer, seconds

    def stop(self):
        while not self._connections.empty():
            self._connections.get()[0].close()
        container.stop(self._process)
        self._reserved.close()

    def _connection(self) -> http.client.HTTPConnection:
        while True:
            try:
                connection, used = self._connections.get_nowait()
            except queue.Empty:
                return http.client.HTTPConnection("127.0.0.1", self.port, timeout=INVOKE_SECONDS)
            if time.monotonic() - used < SILENT_SECONDS:
                return connection
            connection.close()

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
