"""The distributed Map: items from S3 or an expression, batched, each batch a child execution of a map run."""
import contextvars
import json
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor

from ministack.services import stepfunctions as sfn

from .. import aws
from . import walk as walking
from .errors import Ended, StateError
from .expressions import encode, evaluate, field
from .scope import Scope

_MOST_AT_ONCE = 64
_BATCH_BYTES = 262_144


def run(state: dict, scope, data):
    """The children's outputs, or where the ResultWriter put them."""
    children = _inputs(state, scope, data)
    map_run = _MapRun(state, scope, data, len(children))
    scope.event("MapStateStarted", mapStateStartedEventDetails={"length": len(children)})
    scope.event("MapRunStarted", mapRunStartedEventDetails={"mapRunArn": map_run.arn})
    at_once = min(map_run.concurrency or _MOST_AT_ONCE, len(children) or 1)
    with ThreadPoolExecutor(at_once) as pool:
        runs = [pool.submit(contextvars.copy_context().run, map_run.child, *child) for child in children]
    for each in runs:
        each.result()
    scope.over()
    map_run.finish()
    written = map_run.write_results(data)
    scope.event("MapRunSucceeded")
    scope.event("MapStateSucceeded")
    return map_run.outputs() if written is None else written


def _inputs(state, scope, data) -> list[tuple]:
    """(index, item, input) of every child."""
    items = _read_items(state, scope, data)
    selected = []
    for index, item in enumerate(items):
        inner = scope.inner(Map={"Item": {"Index": index, "Value": item}})
        selected.append(evaluate(state["ItemSelector"], inner, data) if "ItemSelector" in state else item)
    if "ItemBatcher" not in state:
        return [(index, items[index], given) for index, given in enumerate(selected)]
    batcher = state["ItemBatcher"]
    shared = {"BatchInput": evaluate(batcher["BatchInput"], scope, data)} if "BatchInput" in batcher else {}
    most = field(batcher, "MaxItemsPerBatch", scope, data, int, len(selected) or 1)
    most_bytes = field(batcher, "MaxInputBytesPerBatch", scope, data, int, _BATCH_BYTES)
    batches = _batches(selected, most, most_bytes)
    return [(index, batch, shared | {"Items": batch}) for index, batch in enumerate(batches)]


def _read_items(state, scope, data) -> list:
    if "ItemReader" in state:
        reader = state["ItemReader"]
        given = {"Resource": reader["Resource"], "ReaderConfig": evaluate(reader.get("ReaderConfig", {}), scope, data),
                 "Parameters": evaluate(reader.get("Arguments", {}), scope, data)}
        try:
            items = sfn._read_map_items(given, data, scope.context)
        except sfn._ExecutionError as failed:
            raise StateError(failed.error, failed.cause) from None
        except (ValueError, KeyError, TypeError) as error:
            raise StateError("States.ItemReaderFailed", f"{given['Parameters']}: {error}") from None
    else:
        items = field(state, "Items", scope, data, (list, dict), data)
    if isinstance(items, dict):
        items = [{"Key": key, "Value": value} for key, value in items.items()]
    if not isinstance(items, list):
        raise StateError("States.ItemReaderFailed", "the items of a Map are no array")
    return items


def _batches(items: list, most: int, most_bytes: int) -> list[list]:
    batches, batch, used = [], [], 0
    for item in items:
        size = len(json.dumps(item))
        if batch and (len(batch) >= most or used + size > most_bytes):
            batches.append(batch)
            batch, used = [], 0
        batch.append(item)
        used += size
    return batches + ([batch] if batch else [])


class _MapRun:
    """A map run in ministack's books, so that ListMapRuns, DescribeMapRun and ListExecutions know it."""

    def __init__(self, state, scope, data, total: int):
        self._state, self._scope, self._lock = state, scope, threading.Lock()
        self.concurrency = field(state, "MaxConcurrency", scope, data, int, 0)
        self._tolerated = (field(state, "ToleratedFailureCount", scope, data, int),
                           field(state, "ToleratedFailurePercentage", scope, data, (int, float)))
        machine = scope.context["StateMachine"]["Name"]
        self._prefix = f"{machine}/{state.get('Label') or uuid.uuid4()}"
        base = f"arn:aws:states:{aws.REGION}:{aws.ACCOUNT}"
        self.arn = f"{base}:mapRun:{self._prefix}:{uuid.uuid4()}"
        self._machine = f"{base}:stateMachine:{self._prefix}"
        self._children: list[dict | None] = [None] * total
        zero = dict.fromkeys(("running", "succeeded", "failed", "timedOut", "aborted", "resultsWritten",
                              "failuresNotRedrivable", "pendingRedrive"), 0)
        self._counts = zero | {"pending": total, "total": total}
        sfn._map_runs[self.arn] = self._record = {
            "mapRunArn": self.arn, "executionArn": scope.execution["executionArn"], "status": "RUNNING",
            "startDate": sfn.now_iso(), "maxConcurrency": self.concurrency,
            "toleratedFailureCount": self._tolerated[0] or 0, "toleratedFailurePercentage": self._tolerated[1] or 0,
            "itemCounts": self._counts, "executionCounts": dict(self._counts), "redriveCount": 0,
            "_stateMachineArn": self._machine}

    def child(self, index: int, item, given):
        name = str(uuid.uuid4())
        arn = f"arn:aws:states:{aws.REGION}:{aws.ACCOUNT}:execution:{self._prefix}:{name}"
        execution = {
            "executionArn": arn, "stateMachineArn": self._machine, "name": name, "status": "RUNNING",
            "startDate": sfn.now_iso(), "stopDate": None, "input": encode(given), "inputDetails": {"included": True},
            "output": None, "outputDetails": {"included": True}, "mapRunArn": self.arn, "events": []}
        sfn._executions[arn] = self._children[index] = execution
        context = {"Execution": {"Id": arn, "Input": given, "Name": name, "StartTime": execution["startDate"]},
                   "StateMachine": {"Id": self._machine, "Name": self._prefix},
                   "Map": {"Item": {"Index": index, "Value": item}}}
        # A child sees nothing of the parent's variables: what it needs comes by ItemSelector or BatchInput.
        scope = Scope(execution, context, {}, self._scope.over, self._scope.wait_scale)
        self._count("pending", "running")
        processor = self._state["ItemProcessor"]
        try:
            output = walking.walk(processor["States"], processor["StartAt"], given, scope)
            execution.update(status="SUCCEEDED", output=encode(output))
            self._count("running", "succeeded")
        except StateError as raised:
            execution.update(status="FAILED", error=raised.error, cause=raised.cause)
            self._count("running", "failed")
        except Ended:
            execution.update(status="ABORTED")
            self._count("running", "aborted")
        execution["stopDate"] = sfn.now_iso()

    def finish(self):
        """Judge the failures against what is tolerated."""
        failed, total = self._counts["failed"], max(1, self._counts["total"])
        count, percent = self._tolerated
        limits = [failed > count] if count is not None else []
        limits += [100 * failed > percent * total] if percent is not None else []
        exceeded = failed > 0 and (any(limits) if limits else True)
        self._record.update(status="FAILED" if exceeded else "SUCCEEDED", stopDate=sfn.now_iso())
        if exceeded:
            first = next(c for c in self._children if c["status"] == "FAILED")
            raise StateError("States.ExceedToleratedFailureThreshold",
                             "The specified tolerated failure threshold was exceeded. First failure: "
                             f"{first['error']}: {first['cause']}")

    def outputs(self) -> list:
        return [json.loads(c["output"]) for c in self._children if c["status"] == "SUCCEEDED"]

    def write_results(self, data):
        """What the ResultWriter says, or None without one."""
        if "ResultWriter" not in self._state:
            return None
        target = evaluate(self._state["ResultWriter"]["Arguments"], self._scope, data)
        base = "/".join(part for part in (target.get("Prefix", "").strip("/"), self.arn.rsplit(":", 1)[-1]) if part)
        files = {"FAILED": [], "PENDING": [], "SUCCEEDED": []}
        for status in ("SUCCEEDED", "FAILED"):
            results = [{"ExecutionArn": c["executionArn"], "Input": c["input"], "InputDetails": {"Included": True},
                        "Name": c["name"], "Output": c["output"], "OutputDetails": {"Included": True},
                        "StartDate": c["startDate"], "StateMachineArn": c["stateMachineArn"], "Status": c["status"],
                        "StopDate": c["stopDate"]} for c in self._children if c["status"] == status]
            if results:
                key = f"{base}/{status}_0.json"
                files[status].append({"Key": key, "Size": self._put(target["Bucket"], key, results)})
        self._put(target["Bucket"], f"{base}/manifest.json", {
            "DestinationBucket": target["Bucket"], "MapRunArn": self.arn, "ResultFiles": files})
        return {"MapRunArn": self.arn,
                "ResultWriterDetails": {"Bucket": target["Bucket"], "Key": f"{base}/manifest.json"}}

    @staticmethod
    def _put(bucket: str, key: str, content) -> int:
        body = json.dumps(content).encode()
        try:
            aws.client("s3").put_object(Bucket=bucket, Key=key, Body=body)
        except Exception as error:
            raise StateError("States.ResultWriterFailed", str(error)) from None
        return len(body)

    def _count(self, before: str, after: str):
        with self._lock:
            for counts in (self._counts, self._record["executionCounts"]):
                counts[before] -= 1
                counts[after] += 1
