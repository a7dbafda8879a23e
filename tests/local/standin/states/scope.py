"""What a walk carries along: its execution, the context object, the variables, and how it learns that it is over."""
import time
from collections.abc import Callable
from dataclasses import dataclass

from ministack.services import stepfunctions as sfn

_POLL_SECONDS = 0.05


@dataclass
class Scope:
    """Where an expression is evaluated: the context object and the variables that it may read and assign."""

    execution: dict
    context: dict
    variables: dict
    over: Callable[[], None]  # raises Ended when the execution is over
    wait_scale: float

    def inner(self, **context) -> "Scope":
        """The scope of a branch or an item: it reads the outer variables and assigns its own."""
        return Scope(self.execution, self.context | context, dict(self.variables), self.over, self.wait_scale)

    def event(self, kind: str, **details):
        sfn._add_event(self.execution, kind, details or None)

    def sleep(self, length: float):
        """Wait scaled seconds, and end at once when the execution does."""
        until = time.monotonic() + length * self.wait_scale
        while (left := until - time.monotonic()) > 0:
            self.over()
            time.sleep(min(_POLL_SECONDS, left))
