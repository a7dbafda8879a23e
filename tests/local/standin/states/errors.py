"""Errors of executions, and which retrier or catcher they meet."""

# States.ALL does not catch these: they end the execution.
_TERMINAL = ("States.DataLimitExceeded", "States.Runtime")


class StateError(Exception):
    """An error with its Amazon States Language name."""

    def __init__(self, error: str, cause: str = "", of_a_task: bool = False):
        super().__init__(f"{error}: {cause}")
        self.error, self.cause, self.of_a_task = error, cause, of_a_task


class Ended(Exception):
    """The execution is over for another reason: it was stopped, it timed out, or a sibling branch failed."""


def matches(names: list[str], raised: StateError) -> bool:
    """Does a retrier's or catcher's ErrorEquals name this error?"""
    if raised.error in names:
        return True
    if raised.error == "States.HeartbeatTimeout" and "States.Timeout" in names:
        return True
    if raised.error in _TERMINAL:
        return False
    if "States.ALL" in names:
        return True
    return "States.TaskFailed" in names and raised.of_a_task and raised.error != "States.Timeout"


def find(rules: list[dict], raised: StateError) -> dict | None:
    return next((rule for rule in rules if matches(rule["ErrorEquals"], raised)), None)
