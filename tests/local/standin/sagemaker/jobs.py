"""What training, transform and tuning jobs share: their life as a thread, their record, their events."""
import contextvars
import logging
import threading
import time

from .. import events
from ..rights.sessions import NotAssumed
from . import acting, state
from .errors import in_use, invalid

log = logging.getLogger("standin.sagemaker")
FINAL = ("Completed", "Failed", "Stopped")


class JobFailed(Exception):
    """Ends a job as Failed, with the FailureReason that SageMaker would give."""


class JobStopped(Exception):
    """Ends a job as Stopped."""


class Jobs:
    """Jobs of one kind. A subclass says what a job does (`work`) and how its record looks."""

    kind = ""           # "training-job"
    field = ""          # "TrainingJob": prefix of its fields
    detail_type = ""    # of its EventBridge events

    def __init__(self, tags: state.Tags):
        self._tags = tags
        self.table = state.Table(
            self.kind, lambda arn: invalid(f"Requested resource not found. {arn}"),
            lambda arn: in_use(f"Job names must be unique within an AWS account and region, and a job with this name "
                               f"already exists ({arn})"))

    def create(self, p: dict) -> dict:
        name = p[f"{self.field}Name"]
        arn = state.arn(self.kind, name)
        record = {k: v for k, v in p.items() if k != "Tags"}
        self.table.add(name, record | {f"{self.field}Arn": arn, f"{self.field}Status": "InProgress",
                                       "_stop": threading.Event()} | self.first_fields(p))
        self._tags.add(arn, p.get("Tags", []))
        # In the region of the request.
        context = contextvars.copy_context()
        threading.Thread(target=context.run, args=(self._run, name), daemon=True, name=f"standin-{self.kind}").start()
        return {f"{self.field}Arn": arn}

    def describe(self, p: dict) -> dict:
        return self.table.view(p[f"{self.field}Name"])

    def stop(self, p: dict) -> dict:
        name = p[f"{self.field}Name"]
        with state.changed:
            record = self.table.get(name)
            if record[f"{self.field}Status"] in FINAL:
                raise invalid(f"The request was rejected because the {self.kind} is in status "
                              f"{record[f'{self.field}Status']}.")
            self.table.update(name, **{f"{self.field}Status": "Stopping"})
        record["_stop"].set()
        return {}

    def list(self, p: dict) -> dict:
        names = ("Name", "Arn", "Status")
        found = []
        for record in self.table.all():
            if (p.get("NameContains", "") in record[f"{self.field}Name"]
                    and p.get("StatusEquals") in (None, record[f"{self.field}Status"])):
                found.append({f"{self.field}{n}": record[f"{self.field}{n}"] for n in names}
                             | {k: record[k] for k in ("CreationTime", "LastModifiedTime")})
        return state.page(found, p, f"{self.field}Summaries", {"Name": f"{self.field}Name"})

    def wait(self, name: str, seconds: float) -> bool:
        """True once the job is over."""
        record = self.table.get(name)
        return state.wait_until(lambda: record[f"{self.field}Status"] in FINAL, seconds)

    # For subclasses

    def role(self, record: dict) -> str:
        """The role in which the job acts."""
        return record["RoleArn"]

    def first_fields(self, p: dict) -> dict:
        return {}

    def work(self, name: str, record: dict):
        raise NotImplementedError

    def last_fields(self, record: dict, status: str) -> dict:
        return {}

    def announce(self, name: str):
        """Send the job's state change event."""
        record = self.table.view(name)
        for field, value in record.items():
            if field.endswith("Time") and isinstance(value, float):
                record[field] = int(value * 1000)
        arn = record[f"{self.field}Arn"]
        events.send("aws.sagemaker", self.detail_type, [arn], record | {"Tags": self._tags.map(arn)})

    def _run(self, name: str):
        record = self.table.get(name)
        reason = None
        try:
            self.announce(name)
            with acting.role(self.role(record)):
                self.work(name, record)
            status = "Completed"
        except JobStopped as stopped:
            status, reason = "Stopped", str(stopped) or None
        except (JobFailed, NotAssumed) as failed:
            status, reason = "Failed", str(failed)
        except Exception as error:  # ours, not the job's: as SageMaker words it
            log.exception("%s %s", self.kind, name)
            status, reason = "Failed", f"InternalServerError: We encountered an internal error: {error}"
        now = time.time()
        with state.changed:
            self.table.update(name, **{f"{self.field}Status": status, "FailureReason": reason},
                              **self.last_fields(record, status) | {f"{self.field[:-3]}EndTime": now})
        self.announce(name)
