"""Ways to disturb the calls that a function makes in one step of a played run."""
import collections
import contextlib
import json
import re

from played import later
from runs import executed

READS = {"GetObject", "ListObjectsV2", "ListObjectVersions", "DescribeEndpoint", "DescribeEndpointConfig",
         "DescribeModel", "DescribeAlarms", "GetMetricData", "DescribeExecution"}
ALWAYS = 1000


class Call(collections.namedtuple("Call", "operation subject")):
    """A call by what it is about: a key in S3, else the pipeline, whose name stands in every request."""

    @classmethod
    def of(cls, made, model):
        if made["path"].count(model) == 0 and model in made["body"]:
            return cls(made["operation"], "{model}")
        subject = made["path"].replace(model, "{model}")
        # The number of an entry in the history, the name of a trigger and the time in the name of a training differ from run to run.
        subject = re.sub(r"(\{model\}-\d+-)\d{14}.*", r"\1", subject)
        return cls(made["operation"], re.sub(r"(history/)\d{8}.*|((?:inbox|handled)/)\w+.json", r"\1\2", subject))

    @property
    def has_effect(self):
        return self.operation not in READS

    @property
    def is_own(self):
        """Whether no other pipeline makes the same call."""
        return "{model}" in self.subject

    def match(self, loop):
        return self.subject.replace("{model}", loop.model)


def kill(when):
    """The process dies in the call: before it takes effect, or after it has."""
    def disturb(loop, function, call):
        loop.aws.kill_function(function, call.operation, when, match=call.match(loop))
    return disturb


def fail(when="before", error=None, status=None, times=1):
    """The service is out for a moment; `when="after"`: it did what was asked, and its answer is lost."""
    def disturb(loop, function, call):
        out = ("SlowDown", 503) if call.subject != "{model}" or when == "after" else ("ThrottlingException", 400)
        code, number = (error, status) if error else out
        loop.aws.fail_call(call.operation, error=code, status=number, match=call.match(loop), function=function,
                           times=times, when=when)
    return disturb


def refuse():
    """The call is not allowed, however often it is made."""
    return fail(error="AccessDenied", status=403, times=ALWAYS)


def outrun():
    """Somebody else wrote first, or so it seems."""
    return fail(error="PreconditionFailed", status=412)


def invoke(loop, function, payload):
    """Invoke a function by its name: its answer, and the type of the error that it ended in."""
    answer = loop.aws.client("lambda").invoke(FunctionName=function, Payload=json.dumps(payload).encode())
    body = json.loads(answer["Payload"].read())
    return (None, body["errorType"]) if "FunctionError" in answer else (body, None)


@contextlib.contextmanager
def unheard(loop, *rules):
    """No event of these rules of the template is delivered. Delivery is in threads: they stay off until nothing depends on it."""
    events = loop.aws.client("events")
    for rule in rules:
        events.disable_rule(Name=loop.aws.resources[rule])
    try:
        yield
    finally:
        for rule in rules:
            events.enable_rule(Name=loop.aws.resources[rule])


def undisturbed(loop, function, payload):
    body, error = invoke(loop, function, payload)
    assert error is None, (payload, error)
    return body


def back_at_rest(loop, *names):
    """Look again and again, as the round does, until the release is in one of these states."""
    def rests():
        look_again(loop, "RollbackHandler")
        return loop.release()["state"]["name"] in names
    loop.aws.wait_until(rests, what="the release to be " + " or ".join(names))


def look_again(loop, resource, **where):
    """What the round asks of a function for this pipeline; `region=` in a further region."""
    payload = {"step": "reconcile", "pipeline": f"pipelines/{loop.model}/pipeline.yaml"} | where
    return undisturbed(loop, loop.aws.resources[resource], payload)


def go_round(loop, resource):
    """A whole round, as its schedule starts it."""
    executed(loop, loop.aws.resources["Round"], {"function": loop.aws.resources[resource]})


def overlap():
    """A delete overlaps a write: nobody wrote, and S3 asks to try again."""
    return fail(error="ConditionalRequestConflict", status=409)


class Script:
    """What is done to each step of a run."""

    def __init__(self, loop, calls, disturb, errors):
        self.loop, self.calls, self.disturb, self.errors = loop, calls, disturb, errors
        self.armed = collections.Counter()

    def once(self, step, resource, payload):
        """Disturb each call of the step once, and ask again until the step ends well. A call that does not come here
        stays disturbed for the next step, or for an event that the same function handles meanwhile."""
        function, left = self.loop.aws.resources[resource], self._left()
        calls = [call for call in self.calls(step, resource) if (call.operation, call.match(self.loop)) not in left]
        for call in calls:
            self._arm(function, call)
        for _ in range(len(calls) + len(left) + 1):
            body, error = invoke(self.loop, function, payload)
            if error is None:
                return body
            assert error in self.errors, (step, error)
            if resource == "RollbackHandler":
                later(self.loop)
        raise AssertionError(f"{step} never ended well")

    def always(self, step, resource, payload):
        """Disturb one call after another, however often it is made; the step must end in an error. At last none."""
        function = self.loop.aws.resources[resource]
        for call in self.calls(step, resource):
            self._arm(function, call)
            _, error = invoke(self.loop, function, payload)
            self.loop.aws.clear_faults(self.loop.model)
            # An event that came meanwhile may have made the call instead.
            heard = resource in ("NewDataTrigger", "RollbackHandler") and error is None
            assert error in self.errors or heard, (step, call, error)
        return undisturbed(self.loop, function, payload)

    def missed(self):
        """The calls that were to be disturbed and never came."""
        left = self._left()
        return [call for call, times in self.armed.items() if left[call] == times]

    def _arm(self, function, call):
        self.armed[call.operation, call.match(self.loop)] += 1
        self.disturb(self.loop, function, call)

    def _left(self):
        faults = self.loop.aws.pending_faults()
        return collections.Counter((fault["operation"], fault["match"]) for fault in faults
                                   if self.loop.model in fault["match"])
