"""A step: what a person does and must see, and the function that does it. Standard library only: the page is printed without
anything installed."""
import time
from dataclasses import dataclass, field

PASS, FAIL, UNSEEN = "PASS", "FAIL", "UNSEEN"
STEPS = []


class NotSeen(Exception):
    """What had to come did not come in time, or a call was refused that must not be: the step cannot go on."""


@dataclass(frozen=True)
class Step:
    """`minutes` is what it takes on AWS. `part` 1 takes half an hour, part 2 another. `after` names the steps without which this one
    cannot begin. A step that is `alone` needs the stack only, and no pipeline."""
    name: str
    title: str
    part: int
    minutes: int
    commands: str
    see: str
    proves: str
    run: object
    after: tuple = ()
    alone: bool = False


def step(name, **said):
    """Declares a function as the next step of the page and of a run."""
    def declare(function):
        STEPS.append(Step(name=name, run=function, **said))
        return function
    return declare


@dataclass
class Seen:
    """What a step has seen so far."""
    step: Step
    tell: object = lambda line: None
    entries: list = field(default_factory=list)
    stopped: bool = False
    began: float = field(default_factory=time.monotonic)

    def _add(self, status, what, value):
        self.entries.append({"status": status, "what": what, "value": value})
        self.tell(f"    {status:6}  {what}" + ("" if value is None else f": {shown(value)}"))

    def check(self, what, good, value=None):
        """Something that must be so."""
        self._add(PASS if good else FAIL, what, value)
        return good

    def value(self, what, value):
        """Something that is told and not judged."""
        self._add(PASS, what, value)

    def unseen(self, what, why):
        """Something that could not be looked at here."""
        self._add(UNSEEN, what, why)

    def stop(self, why):
        """The step cannot go on, and neither can those that need it."""
        self.stopped = True
        self._add(FAIL, "the step was not finished", why)

    @property
    def status(self):
        found = {entry["status"] for entry in self.entries}
        return FAIL if FAIL in found else UNSEEN if UNSEEN in found else PASS

    def report(self):
        return {"step": self.step.name, "title": self.step.title, "status": self.status,
                "seconds": round(time.monotonic() - self.began, 1), "seen": self.entries}


def shown(value):
    """A value on one line; what lies within another stands in brackets."""
    def inner(one):
        return f"({shown(one)})" if isinstance(one, dict) and len(one) > 1 else shown(one)
    if isinstance(value, dict):
        return ", ".join(f"{key} = {inner(one)}" for key, one in value.items()) or "nothing"
    if isinstance(value, (list, tuple)):
        return ", ".join(inner(one) for one in value) or "nothing"
    return str(value)
