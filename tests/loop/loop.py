"""One pipeline on the stand-in: put data, wait for runs, read evidence."""
import copy
import json
from pathlib import Path

import yaml
from botocore.exceptions import ClientError
from standin import Standin

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples" / "bike-demand"
MODEL = "bike-demand"
DATA_BUCKET, BUCKET = "bike-rentals", "pawl-evidence"

# A month takes seconds here, so waits and limits do too. Everything else is the example's own pipeline.yaml.
# Ten seconds is the shortest period that CloudWatch takes.
QUICK = {
    "settle": {"quiet": "1s"},
    "decide": {"trainings_per_day": 1000},
    "release": {
        "strategy": {"canary": {"percent": 50, "wait": "4s"}},
        "bake": "10s", "patience": "20s",
        "alarms": {"period": "10s", "periods": 1, "bad_periods": 1, "minimum_requests": 20},
    },
}


def merged(base, changes):
    """`base` with `changes` laid over it, mapping by mapping. None removes a key."""
    result = copy.deepcopy(base)
    for key, value in changes.items():
        if value is None:
            result.pop(key, None)
        elif isinstance(value, dict) and isinstance(result.get(key), dict) and key != "strategy":
            result[key] = merged(result[key], value)
        else:
            result[key] = copy.deepcopy(value)
    return result


class Loop:
    """The example's pipeline on a stand-in of its own."""

    def __init__(self, bin_dir=None, changes=None, state_dir=None):
        self.aws = Standin(ROOT / "template.yaml", bin_dir or ROOT / "target" / "release",
                           {"bike-demand": EXAMPLE / "container"},
                           parameters={"DataBucketName": DATA_BUCKET, "PawlBucketName": BUCKET}, state_dir=state_dir)
        self.changes = merged(QUICK, changes or {})

    def __enter__(self):
        self.aws.start()
        self.s3 = self.aws.client("s3")
        self.sfn = self.aws.client("stepfunctions")
        self.sagemaker = self.aws.client("sagemaker")
        return self

    def __exit__(self, *_):
        self.aws.stop()

    # What goes in.

    def put_pipeline(self, changes=None):
        """Put the example's pipeline.yaml into the bucket, with this loop's quick waits and these changes."""
        own = yaml.safe_load((EXAMPLE / "pipeline.yaml").read_text(encoding="utf-8"))
        text = yaml.safe_dump(merged(merged(own, self.changes), changes or {}))
        self.s3.put_object(Bucket=BUCKET, Key=f"pipelines/{MODEL}/pipeline.yaml", Body=text.encode())

    def put_month(self, name, data):
        """Let one month's file arrive."""
        self.s3.put_object(Bucket=DATA_BUCKET, Key=f"hourly/{name}.csv", Body=data)

    # What comes out.

    def read(self, key):
        """A JSON document of the evidence bucket, or None."""
        try:
            return json.loads(self.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read())
        except ClientError as error:
            if error.response["Error"]["Code"] in ("NoSuchKey", "404"):
                return None
            raise

    def evidence(self, generation, name):
        """A piece of a run's evidence, such as drift.json, or None."""
        return self.read(f"runs/{MODEL}/{generation:06}/{name}")

    def keys(self, prefix):
        """All keys under a prefix of the evidence bucket."""
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=prefix)
        return [item["Key"] for page in pages for item in page.get("Contents", [])]

    def training(self):
        """The retraining loop's memory."""
        return self.read(f"ledger/{MODEL}/training.json") or {"generation": 0, "open": None}

    def release(self):
        """The release record, or None."""
        return self.read(f"ledger/{MODEL}/release.json")

    def waiting(self):
        """The triggers in the inbox."""
        return self.keys(f"ledger/{MODEL}/inbox/")

    def notices(self):
        """Everything people were told, oldest first. Call listen() first."""
        messages = []
        while batch := self.sqs.receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10).get("Messages"):
            for message in batch:
                messages.append(json.loads(message["Body"]))
                self.sqs.delete_message(QueueUrl=self.queue, ReceiptHandle=message["ReceiptHandle"])
        return messages

    def listen(self):
        """Subscribe a queue to the notices."""
        self.sqs = self.aws.client("sqs")
        self.queue = self.sqs.create_queue(QueueName="notices")["QueueUrl"]
        arn = self.sqs.get_queue_attributes(QueueUrl=self.queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        self.aws.client("sns").subscribe(TopicArn=self.aws.outputs["Notices"], Protocol="sqs", Endpoint=arn)

    def state(self, generation):
        """The state that a run is in, from its execution's history; None before it starts or after it ends."""
        arn = self.aws.outputs["Retraining"].replace(":stateMachine:", ":execution:") + f":{MODEL}-{generation}"
        try:
            events = self.sfn.get_execution_history(executionArn=arn, reverseOrder=True, maxResults=30)["events"]
        except ClientError:
            return None
        for event in events:
            if "stateEnteredEventDetails" in event:
                return event["stateEnteredEventDetails"]["name"]
        return None

    def execution(self, generation):
        """What Step Functions says of a run."""
        arn = self.aws.outputs["Retraining"].replace(":stateMachine:", ":execution:") + f":{MODEL}-{generation}"
        return self.sfn.describe_execution(executionArn=arn)

    def wait_closed(self, generation, seconds=120, watch=None):
        """Wait until a run has closed and holds no lock; its record. `watch` is called with each new state."""
        last = [None]

        def closed():
            if watch:
                state = self.state(generation)
                if state and state != last[0]:
                    last[0] = state
                    watch(state)
            training = self.training()
            is_open = training["open"] and training["open"]["generation"] == generation
            return training["generation"] >= generation and not is_open and self.evidence(generation, "run.json")

        return self.aws.wait_until(closed, seconds=seconds, what=f"run {generation} to close", poll=0.1)

    def wait_idle(self, seconds=120):
        """Wait until no run is open and no trigger waits; the newest generation."""
        def idle():
            training = self.training()
            return training["generation"] and not training["open"] and not self.waiting() and training
        return self.aws.wait_until(idle, seconds=seconds, what="the loop to be idle", poll=0.1)["generation"]
