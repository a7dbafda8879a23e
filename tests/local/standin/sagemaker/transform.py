"""Batch transform jobs: load the model, send it the records of every object, join and assemble what it answers."""
import csv
import io
import json
import time

from .. import storage, switches
from . import acting, jsonpath
from .errors import invalid
from .jobs import JobFailed, Jobs, JobStopped
from .registry import Registry
from .serving import ModelFailed, ModelServers

_MEGABYTE = 1 << 20
_JSON_LINES = ("application/jsonlines", "application/x-jsonlines", "application/jsonl")


class TransformJobs(Jobs):
    kind, field, detail_type = "transform-job", "TransformJob", "SageMaker Transform Job State Change"

    def __init__(self, servers: ModelServers, tags, registry: Registry):
        super().__init__(tags)
        self._servers, self._registry = servers, registry

    def create(self, p):
        self._registry.models.get(p["ModelName"])
        try:
            _Records(p)
        except jsonpath.BadPath as error:
            raise invalid(f"DataProcessing: {error}") from None
        return super().create(p)

    def role(self, record):
        return self._registry.models.get(record["ModelName"])["ExecutionRoleArn"]

    def work(self, name, record):
        acting.observe("TransformJobs", name)
        definition = self._registry.models.get(record["ModelName"])["_container"]
        definition = definition | {"Environment": definition["Environment"] | record.get("Environment", {}),
                                   "VolumeKey": record["TransformResources"].get("VolumeKmsKeyId")}
        try:
            server = self._servers.get(definition, record["_stop"])
        except ModelFailed as error:
            if record["_stop"].is_set():
                raise JobStopped from None
            raise JobFailed(f"ClientError: {error}") from None
        try:
            self.table.update(name, TransformStartTime=time.time())
            for bucket, key, relative in storage.list_source(record["TransformInput"]["DataSource"]["S3DataSource"]):
                if record["_stop"].is_set():
                    raise JobStopped
                self._transform(server, record, bucket, key, relative)
        except storage.StorageError as error:
            raise JobFailed(f"ClientError: {error}") from None
        finally:
            self._servers.give_back(server)

    @staticmethod
    def _transform(server, record, bucket, key, relative):
        records = _Records(record)
        lines = records.split(storage.read(bucket, key))
        try:
            payloads = [records.payload(line) for line in lines]
        except (jsonpath.BadPath, ValueError) as error:
            raise JobFailed(f"ClientError: InputFilter on s3://{bucket}/{key}: {error}") from None
        answers: list[bytes] = []
        for batch in records.batches(payloads):
            if record["_stop"].is_set():
                raise JobStopped
            status, _, body, _ = server.invoke(b"\n".join(batch), records.headers())
            if status != 200:
                said = body.decode("utf-8", "replace")[:300]
                raise JobFailed(f"ClientError: s3://{bucket}/{key}: the model answered {status}: {said}")
            answers += records.split_answer(body, len(batch))
        try:
            output = records.assemble(lines, answers)
        except (jsonpath.BadPath, ValueError) as error:
            raise JobFailed(f"ClientError: s3://{bucket}/{key}: {error}") from None
        target = record["TransformOutput"]["S3OutputPath"].rstrip("/")
        kind = record["TransformInput"]["DataSource"]["S3DataSource"]["S3DataType"]
        storage.write(f"{target}/{_placed(kind, relative)}.out", output)


def _placed(kind: str, relative: str) -> str:
    """Where an object's output goes below the output path. AWS documents subfolders for S3Prefix, and for ManifestFile
    nothing: the switch says what is played."""
    parts = relative.split("/")
    if kind != "ManifestFile" or switches.now.transform_outputs == "relative":
        return relative
    return parts[-1] if switches.now.transform_outputs == "name" else "/".join(parts[-2:])


class _Records:
    """How a job splits its input, what of a record the model sees, and how answers become the output."""

    def __init__(self, job: dict):
        source, output, processing = job["TransformInput"], job["TransformOutput"], job.get("DataProcessing", {})
        self.content_type = source.get("ContentType", "application/octet-stream")
        self.accept = output.get("Accept", self.content_type)
        self.by_line = source.get("SplitType", "None") == "Line"
        if source.get("SplitType", "None") not in ("None", "Line"):
            raise invalid("the stand-in splits by Line or not at all")
        if source.get("CompressionType", "None") != "None":
            raise invalid("the stand-in reads uncompressed transform input only")
        self.single = job.get("BatchStrategy", "MultiRecord") == "SingleRecord"
        self.max_bytes = (job.get("MaxPayloadInMB") or 6) * _MEGABYTE
        self.assemble_lines = output.get("AssembleWith", "None") == "Line"
        self.join = processing.get("JoinSource", "None") == "Input"
        self.input_filter = jsonpath.parse(processing.get("InputFilter", "$"))
        self.output_filter = jsonpath.parse(processing.get("OutputFilter", "$"))
        self.is_json = self.content_type in _JSON_LINES or self.content_type == "application/json"
        if self.join and not (self.is_json or self.content_type == "text/csv"):
            raise invalid("JoinSource Input needs the content type text/csv, application/json or application/jsonlines")

    def headers(self) -> dict[str, str]:
        return {"Content-Type": self.content_type, "Accept": self.accept}

    def split(self, content: bytes) -> list[bytes]:
        return [line for line in content.splitlines() if line.strip()] if self.by_line else [content]

    def payload(self, line: bytes) -> bytes:
        if not self.input_filter:
            return line
        return self._write(jsonpath.select(self.input_filter, self._read(line)))

    def batches(self, payloads: list[bytes]):
        if self.single or not self.by_line:
            yield from ([payload] for payload in payloads)
            return
        batch, size = [], 0
        for payload in payloads:
            if batch and size + len(payload) + 1 > self.max_bytes:
                yield batch
                batch, size = [], 0
            batch.append(payload)
            size += len(payload) + 1
        if batch:
            yield batch

    def split_answer(self, body: bytes, expected: int) -> list[bytes]:
        """One answer per record where records are joined; otherwise the body as it came."""
        if not (self.join and self.by_line):
            return [body]
        answers = [line for line in body.splitlines() if line.strip()]
        if len(answers) != expected:
            raise JobFailed(f"ClientError: the model answered {len(answers)} lines to {expected} records, "
                            "so that input and output cannot be joined")
        return answers

    def assemble(self, lines: list[bytes], answers: list[bytes]) -> bytes:
        if self.join:
            answers = [self._joined(line, answer) for line, answer in zip(lines, answers, strict=True)]
        if not self.assemble_lines:
            return b"".join(answers)
        return b"".join(answer if answer.endswith(b"\n") else answer + b"\n" for answer in answers)

    def _joined(self, line: bytes, answer: bytes) -> bytes:
        source = self._read(line)
        if self.is_json:
            if not isinstance(source, dict):
                source = {"SageMakerInput": source}
            joined = source | {"SageMakerOutput": json.loads(answer)}
        else:
            joined = source + self._read(answer)
        return self._write(jsonpath.select(self.output_filter, joined))

    def _read(self, line: bytes):
        return json.loads(line) if self.is_json else next(csv.reader([line.decode()]), [])

    def _write(self, value) -> bytes:
        if self.is_json:
            return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()
        row = io.StringIO()
        csv.writer(row, lineterminator="").writerow(value if isinstance(value, list) else [value])
        return row.getvalue().encode()
