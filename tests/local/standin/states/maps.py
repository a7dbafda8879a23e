"""Parallel and inline Map states; the distributed Map has a module of its own."""
import contextvars
from concurrent.futures import ThreadPoolExecutor

from . import distributed
from . import walk as walking
from .errors import Ended, StateError
from .expressions import evaluate, field

_MOST_AT_ONCE = 40  # Step Functions' limit for inline maps


def parallel(state: dict, scope, data):
    """All branches side by side, each with variables of its own; the first error ends the others."""
    given = evaluate(state["Arguments"], scope, data) if "Arguments" in state else data
    scope.event("ParallelStateStarted")
    inner = [scope.inner() for _ in state["Branches"]]
    results = side_by_side([
        (branch["States"], branch["StartAt"], given, branch_scope)
        for branch, branch_scope in zip(state["Branches"], inner, strict=True)], len(inner))
    scope.event("ParallelStateSucceeded")
    return results


def map_state(state: dict, scope, data):
    if state["ItemProcessor"].get("ProcessorConfig", {}).get("Mode", "INLINE") == "DISTRIBUTED":
        return distributed.run(state, scope, data)
    items = field(state, "Items", scope, data, (list, dict), data)
    if isinstance(items, dict):
        items = [{"Key": key, "Value": value} for key, value in items.items()]
    if not isinstance(items, list):
        raise StateError("States.QueryEvaluationError", "the items of a Map are no array")
    scope.event("MapStateStarted", mapStateStartedEventDetails={"length": len(items)})
    walks = []
    for index, item in enumerate(items):
        inner = scope.inner(Map={"Item": {"Index": index, "Value": item}})
        given = evaluate(state["ItemSelector"], inner, data) if "ItemSelector" in state else item
        walks.append((state["ItemProcessor"]["States"], state["ItemProcessor"]["StartAt"], given, inner))
    results = side_by_side(walks, field(state, "MaxConcurrency", scope, data, int, 0) or _MOST_AT_ONCE)
    scope.event("MapStateSucceeded")
    return results


def side_by_side(walks: list[tuple], at_once: int) -> list:
    """Run several walks; the outputs in order, or the first error after all have ended."""
    failed = []

    def one(states, start, given, inner):
        outer = inner.over

        def over():
            outer()
            if failed:
                raise Ended
        inner.over = over
        try:
            return walking.walk(states, start, given, inner)
        except StateError as raised:
            failed.append(raised)
            raise

    if not walks:
        return []
    with ThreadPoolExecutor(max(1, min(at_once, len(walks)))) as pool:
        runs = [pool.submit(contextvars.copy_context().run, one, *arguments) for arguments in walks]
    if failed:
        raise failed[0]
    return [run.result() for run in runs]
