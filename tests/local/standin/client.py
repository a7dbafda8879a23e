"""The Python API: start the stand-in, deploy the template, hand out clients, stop everything."""
import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

from . import aws
from .switches import fields

# So long a test waits for what ought to come. It ends only what is stuck: a busy machine must not fail a test.
PATIENCE = 240.0


class Standin:
    """One running stand-in. Use it as a context manager.

    template    a SAM template; None starts the services and deploys nothing
    bin_dir     the folder with the release binaries that the template's functions name
    images      {"name or repository of an image": folder that holds the programs `train` and `serve`}
    parameters  {"template parameter": "value"}, or what makes the value of the stand-in before the stack is there
    state_dir   where logs, job folders and unpacked models go; None takes a temporary folder, removed at the end
    wait_scale  scale of Wait states and Retry intervals of state machines (1.0 is real time)
    switches    what this AWS is like, by name: see switches.py (s3_latency=0.03)
    """

    def __init__(self, template=None, bin_dir=None, images=None, parameters=None, port=0, state_dir=None,
                 stack="pawl", wait_scale=1.0, **switches):
        self.template, self.bin_dir, self.stack = template, bin_dir, stack
        self.images = {name: str(Path(folder).resolve()) for name, folder in (images or {}).items()}
        self.parameters, self.port, self.wait_scale = parameters or {}, port, wait_scale
        if unknown := set(switches) - set(fields()):
            raise TypeError(f"no switch {', '.join(sorted(unknown))}; known: {', '.join(fields())}")
        self.switches = switches
        self._temporary = state_dir is None
        self.state_dir = Path(state_dir or tempfile.mkdtemp(prefix="standin-")).resolve()
        self.endpoint_url = None
        self.outputs, self.resources = {}, {}
        self._guard = None

    def start(self):
        """Start the gateway and deploy. Returns self; raises with the reason when it cannot."""
        self.state_dir.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "standin.guard", sys.executable, "-m", "standin.gateway",
                   "--port", str(self.port), "--state-dir", str(self.state_dir), "--wait-scale", str(self.wait_scale),
                   "--switches", json.dumps(self.switches)]
        for name, folder in self.images.items():
            command += ["--image", f"{name}={folder}"]
        package_parent = str(Path(__file__).resolve().parents[1])
        env = os.environ | {"PYTHONPATH": os.pathsep.join(
            [package_parent] + [p for p in [os.environ.get("PYTHONPATH")] if p])}
        with open(self.log, "wb") as log:
            self._guard = subprocess.Popen(command, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                           stderr=log, start_new_session=True)
        try:
            ready = self._guard.stdout.readline()
            if not ready:
                raise RuntimeError(f"the stand-in did not start: {self._log_tail()}")
            self.endpoint_url = json.loads(ready)["endpoint_url"]
            self._wait_until_it_answers()
            if self.template:
                self.parameters = {name: made(self) if callable(made) else made for name, made in self.parameters.items()}
                self.outputs, self.resources = self.deploy(self.stack, self.template, self.parameters)
        except BaseException:
            self.stop()
            raise
        return self

    def deploy(self, stack: str, template=None, parameters=None) -> tuple[dict, dict]:
        """Create a further stack beside those that stand, of the same template where none is named; (outputs, physical
        ids by logical id)."""
        from . import deploy

        return deploy.deploy(self, stack, Path(template or self.template), Path(self.bin_dir) if self.bin_dir else None,
                             parameters or {})

    def stop(self):
        """End every process the stand-in started. Safe to call twice."""
        guard, self._guard = self._guard, None
        if guard is not None:
            guard.stdin.close()
            try:
                guard.wait(60)
            except subprocess.TimeoutExpired:
                guard.kill()
            guard.stdout.close()
        if self._temporary:
            shutil.rmtree(self.state_dir, ignore_errors=True)

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    @property
    def log(self) -> Path:
        """The gateway's log."""
        return self.state_dir / "gateway.log"

    @property
    def rights(self) -> Path:
        """The folder of what was granted and used."""
        return Path(os.environ.get("STANDIN_RIGHTS") or self.state_dir)

    @property
    def alive(self) -> bool:
        return self._guard is not None and self._guard.poll() is None

    def client(self, service: str, region: str = aws.REGION, session: aws.Credentials | None = None):
        """A boto3 client; services by boto3's names ("s3", "stepfunctions", "sagemaker-runtime", ...). It is the account's root,
        which may do everything, or `session`."""
        return aws.client(service, self.endpoint_url, region, session)

    def environment(self, session: aws.Credentials | None = None) -> dict[str, str]:
        """The environment for a program that shall talk to this stand-in, the `pawl` command for one, as root or in a session."""
        return aws.environment(self.endpoint_url) | (session.environment() if session else {})

    # Rights.

    def session(self, role: str, name="test") -> aws.Credentials:
        """A session of a role: by its ARN, its name, or its name in the template."""
        role = self.resources.get(role, role)
        arn = role if role.startswith("arn:") else f"arn:aws:iam::{aws.ACCOUNT}:role/{role}"
        return aws.Credentials(**self._admin("POST", "/_standin/rights/session", {"role": arn, "name": name}))

    def person(self, *policies: str, session: str = "person") -> aws.Credentials:
        """A person with these managed policies, by ARN or by their names in the template, and no other rights, in a session of this name."""
        iam, name = self.client("iam"), "-".join(["person", *(policy.rsplit("/", 1)[-1] for policy in policies)])[:64]
        trust = {"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": f"arn:aws:iam::{aws.ACCOUNT}:root"}}]}
        with contextlib.suppress(iam.exceptions.EntityAlreadyExistsException):
            iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))
        for policy in policies:
            iam.attach_role_policy(RoleName=name, PolicyArn=self.resources.get(policy, policy))
        return self.session(name, session)

    def queue(self, name: str) -> tuple[str, str]:
        """A queue that events and topics of this account may be sent to: its URL and its ARN."""
        sqs, arn = self.client("sqs"), f"arn:aws:sqs:{aws.REGION}:{aws.ACCOUNT}:{name}"
        policy = {"Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Action": "sqs:SendMessage", "Resource": arn,
            "Principal": {"Service": ["events.amazonaws.com", "sns.amazonaws.com"]},
            "Condition": {"StringEquals": {"aws:SourceAccount": aws.ACCOUNT}}}]}
        return sqs.create_queue(QueueName=name, Attributes={"Policy": json.dumps(policy)})["QueueUrl"], arn

    def refusals(self) -> list[dict]:
        """The latest 5,000 calls and deliveries that were not allowed: {"at", "who", "action", "resource", "why"}."""
        return self._admin("GET", "/_standin/rights/refused")["refused"]

    def audit(self, template: str, resources: dict[str, str], parameters: dict[str, str]) -> list[str]:
        """Write down what a stack grants; what of its policies the judge cannot decide by."""
        return self._admin("POST", "/_standin/rights/audit", {
            "template": template, "resources": resources, "parameters": parameters})["problems"]

    def forget_refusals(self, match=""):
        """Forget those that have this in who, action and resource, with a space between them; by default all."""
        self._admin("POST", "/_standin/rights/forget", {"match": match})

    def wait_until(self, condition, what="the condition"):
        """Call `condition` until it returns something true, and return that; TimeoutError where it never does. What takes long is
        asked for less often: every question costs the machine some milliseconds that others wait for."""
        deadline, pause = time.monotonic() + PATIENCE, 0.05
        while True:
            value = condition()
            if value:
                return value
            if not self.alive:
                raise RuntimeError(f"the stand-in ended: {self._log_tail()}")
            if time.monotonic() > deadline:
                raise TimeoutError(f"waited {PATIENCE} s for {what}")
            time.sleep(pause)
            pause = min(1.5 * pause, 1.0)

    # Faults. Each is taken once (or `times` times) and then gone.

    def lose_update(self, endpoint: str, times=1):
        """The next UpdateEndpoint of this endpoint is accepted, and nothing comes of it: it stays on the old config."""
        self._fault(kind="lose_update", match=endpoint, times=times)

    def fail_training(self, job: str = "", reason="AlgorithmError: injected fault", times=1):
        """The next training job whose name contains `job` fails with `reason`."""
        self._fault(kind="fail_training", match=job, message=reason, times=times)

    def fail_call(self, operation: str, times=1, error="ThrottlingException", status=400, message="Rate exceeded",
                  match="", function="", when="before"):
        """The next `times` calls of `operation` ("UpdateEndpoint", "PutObject", ...) that contain `match` fail.

        `error="ServiceUnavailable", status=503` makes an outage. `match` is looked for in path, query and body. `function`
        is the name of the calling function or a part of it; "" takes every caller. `when="after"` lets the call take
        effect and loses its answer.
        """
        self._fault(kind="fail_call", operation=operation, times=times, error=error, status=status, message=message,
                    match=match, function=function, when=when)

    def kill_function(self, function: str, operation: str, when="before", match="", times=1):
        """The process of a function is killed in the middle of its next call of `operation` that contains `match`:
        before it takes effect, or `when="after"` once it has, and before its answer arrives."""
        self._fault(kind="kill_function", function=function, operation=operation, when=when, match=match, times=times)

    def calls(self) -> list[dict]:
        """The latest 20,000 calls of functions, oldest first: {"at": seconds since 1970, "function", "operation",
        "path" with its query, "body": its begin, "status": None where the call took no effect}."""
        return self._admin("GET", "/_standin/calls")["calls"]

    def fail_function(self, function: str, error_type="Injected", message="injected fault", times=1, match=""):
        """The next invocations of a Lambda function end in an unhandled error of this type. `function` is its name
        or a part of it, `match` a part of the event."""
        self._fault(kind="fail_function", function=function, match=match, error=error_type, message=message, times=times)

    def delay_call(self, operation: str, seconds: float, times=1, match=""):
        """The next calls of `operation` take this much longer."""
        self._fault(kind="delay_call", operation=operation, seconds=seconds, times=times, match=match)

    def clear_faults(self, match=""):
        """Forget the faults whose `match` contains this; by default all of them."""
        self._admin("POST", "/_standin/faults/clear", {"match": match})

    def pending_faults(self) -> list[dict]:
        return self._admin("GET", "/_standin/faults")["faults"]

    def switch(self, **switches):
        """Change what this AWS is like, by the names of switches.py, from the next call on."""
        self._admin("POST", "/_standin/switches", switches)

    def refused(self) -> list[dict]:
        """The latest 1000 requests that did not fit their service's model or documentation, oldest first: {"caller": the
        function or "", "service", "operation", "code", "message"}."""
        return self._admin("GET", "/_standin/refused")["refused"]

    def lay_objects(self, bucket: str, objects: dict[str, str], events=False) -> int:
        """Put many small objects by one call, `objects` by their keys; without events, unless they are asked for."""
        return self._admin("POST", "/_standin/objects", {"bucket": bucket, "objects": objects, "events": events},
                           seconds=PATIENCE)["laid"]

    def tell_event(self, source: str, detail_type: str, detail: dict, at: float | None = None):
        """What a service of AWS that is not played here says on the default bus, as happened at this time."""
        self._admin("POST", "/_standin/events", {"source": source, "detail_type": detail_type, "detail": detail, "at": at or time.time()})

    def flush_capture(self):
        """Write the captured requests that are still in memory to S3 now."""
        self._admin("POST", "/_standin/capture/flush")

    def _fault(self, **fault):
        self._admin("POST", "/_standin/faults", fault)

    def _admin(self, method, path, body=None, seconds=30):
        request = urllib.request.Request(self.endpoint_url + path, method=method,
                                         data=json.dumps(body).encode() if body is not None else None)
        try:
            with _no_proxy.open(request, timeout=seconds) as response:
                return json.loads(response.read() or b"{}")
        except urllib.error.HTTPError as error:
            raise ValueError(error.read().decode()) from None

    def _wait_until_it_answers(self):
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                return self._admin("GET", "/_standin/health")
            except (OSError, ValueError):
                if not self.alive or time.monotonic() > deadline:
                    raise RuntimeError(f"the stand-in did not start: {self._log_tail()}") from None
                time.sleep(0.02)

    def _log_tail(self) -> str:
        try:
            return self.log.read_text(errors="replace")[-3000:]
        except OSError:
            return "no log"


_no_proxy = urllib.request.build_opener(urllib.request.ProxyHandler({}))
