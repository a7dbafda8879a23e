"""One pipeline on the stand-in: put data, wait for runs, read evidence."""
import copy
import json
import os
import subprocess
from pathlib import Path

import yaml
from botocore.exceptions import ClientError
from standin import Standin
from standin.client import PATIENCE

ROOT = Path(__file__).resolve().parents[2]
# PAWL_BIN_DIR names another build, such as target/release or unzipped packages.
BINARIES = Path(os.environ.get("PAWL_BIN_DIR", ROOT / "target" / "debug"))
EXAMPLE = ROOT / "examples" / "bike-demand"
MODEL = "bike-demand"
DATA_BUCKET, BUCKET = "bike-rentals", "pawl-evidence"
IMAGE = "000000000000.dkr.ecr.us-east-1.amazonaws.com/bike-demand:1"
# The buckets of models that go to further regions. The roles of the stack may use these and no others.
REGION_BUCKETS = [f"{model}-{region}" for model in ("abroad", "astray", "quiet", "rough", "stretched")
                  for region in ("eu-west-1", "us-west-2")]

# A month takes seconds here, so waits and limits do too. Within `quiet` a busy machine gets all files of a month. Everything else is
# the example's own pipeline.yaml.
# Ten seconds is the shortest period that CloudWatch takes, though an endpoint's metrics come once a minute there: `waived` below.
QUICK = {
    "settle": {"quiet": "3s"},
    "decide": {"trainings_per_day": 1000},
    "release": {
        "strategy": {"canary": {"percent": 50, "wait": "4s"}},
        "bake": "10s", "patience": "10m",
        # A machine that builds something else answers late, and that is nobody's bad model.
        "alarms": {"period": "10s", "periods": 1, "bad_periods": 1, "minimum_requests": 20, "latency_p99_ms": 10_000},
    },
}


def merged(base, changes):
    """`base` with `changes` laid over it, mapping by mapping. None stays, so that it removes a key of what lies below too; `without_none`."""
    result = copy.deepcopy(base)
    for key, value in changes.items():
        if isinstance(value, dict) and isinstance(result.get(key), dict) and key != "strategy":
            result[key] = merged(result[key], value)
        else:
            result[key] = copy.deepcopy(value)
    return result


def without_none(mapping):
    """A mapping without the keys that None removes, at any depth."""
    return {key: without_none(value) if isinstance(value, dict) else value
            for key, value in mapping.items() if value is not None}


class Loop:
    """The example's pipeline on a stand-in of its own. `beside` gives further pipelines on the same stand-in."""

    def __init__(self, bin_dir=None, changes=None, state_dir=None, images=None, wait_scale=1.0,
                 parameters=None):
        self.bin_dir = Path(bin_dir or BINARIES)
        self.aws = Standin(ROOT / "template.yaml", self.bin_dir,
                           {"bike-demand": EXAMPLE / "container"} | (images or {}),
                           parameters={"DataBucketName": DATA_BUCKET, "PawlBucketName": BUCKET,
                                       "RegionBuckets": ",".join(REGION_BUCKETS)} | (parameters or {}),
                           state_dir=state_dir, wait_scale=wait_scale, waived="alarm-period-of-endpoints")
        self.changes = merged(QUICK, changes or {})
        self.model, self.prefix, self.heard = MODEL, "hourly/", []

    def beside(self, model, changes=None):
        """Another pipeline on the same stand-in: a model and a prefix of its own, with these changes."""
        other = copy.copy(self)
        other.model, other.prefix, other.changes = model, f"{model}/", merged(self.changes, changes or {})
        return other

    def __enter__(self):
        self.aws.start()
        self.s3 = self.aws.client("s3")
        self.sfn = self.aws.client("stepfunctions")
        self.sagemaker = self.aws.client("sagemaker")
        return self

    def __exit__(self, *_):
        self.aws.stop()

    # What goes in.

    def pipeline(self, changes=None):
        """The example's pipeline.yaml, with this loop's quick waits and these changes."""
        own = yaml.safe_load((EXAMPLE / "pipeline.yaml").read_text(encoding="utf-8"))
        # From a registry of the account, as on AWS: the roles must be allowed to pull it.
        own = merged(own, {"model": self.model, "data": {"prefix": self.prefix}, "train": {"image": IMAGE}})
        return without_none(merged(merged(own, self.changes), changes or {}))

    def put_pipeline(self, changes=None):
        """Put the pipeline into the bucket."""
        self.put_text(yaml.safe_dump(self.pipeline(changes)))

    def put_text(self, text):
        """Put this text as pipeline.yaml, whatever it says."""
        self.s3.put_object(Bucket=BUCKET, Key=f"pipelines/{self.model}/pipeline.yaml", Body=text.encode())

    def put_month(self, name, data):
        """Let one month's file arrive."""
        self.put_object(f"{self.prefix}{name}.csv", data)

    def put_object(self, key, data):
        """Let an object arrive in the data bucket."""
        self.s3.put_object(Bucket=DATA_BUCKET, Key=key, Body=data)

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
        return self.read(f"runs/{self.model}/{generation:06}/{name}")

    def keys(self, prefix):
        """All keys under a prefix of the evidence bucket."""
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=prefix)
        return [item["Key"] for page in pages for item in page.get("Contents", [])]

    def training(self):
        """The retraining loop's memory."""
        return self.read(f"ledger/{self.model}/training.json") or {"generation": 0, "open": None}

    def release(self):
        """The release record, or None."""
        return self.read(f"ledger/{self.model}/release.json")

    def waiting(self):
        """The triggers in the inbox."""
        return self.keys(f"ledger/{self.model}/inbox/")

    def notices(self):
        """Everything people were told about every pipeline so far, oldest first. Call listen() first."""
        while batch := self.sqs.receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10).get("Messages"):
            for message in batch:
                self.heard.append(json.loads(message["Body"]))
                self.sqs.delete_message(QueueUrl=self.queue, ReceiptHandle=message["ReceiptHandle"])
        return self.heard

    def listen(self):
        """Subscribe a queue to the notices."""
        self.sqs = self.aws.client("sqs")
        self.queue, arn = self.aws.queue("notices")
        self.aws.client("sns").subscribe(TopicArn=self.aws.outputs["Notices"], Protocol="sqs", Endpoint=arn)

    def state(self, generation):
        """The state that a run is in, from its execution's history; None before it starts or after it ends."""
        arn = self.aws.outputs["Retraining"].replace(":stateMachine:", ":execution:") + f":{self.model}-{generation}"
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
        arn = self.aws.outputs["Retraining"].replace(":stateMachine:", ":execution:") + f":{self.model}-{generation}"
        return self.sfn.describe_execution(executionArn=arn)

    def wait_closed(self, generation, watch=None):
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

        return self.aws.wait_until(closed, what=f"run {generation} to close")

    def wait_idle(self):
        """Wait until no run is open and no trigger waits; the newest generation."""
        def idle():
            training = self.training()
            return training["generation"] and not training["open"] and not self.waiting() and training
        return self.aws.wait_until(idle, what="the loop to be idle")["generation"]

    def last_closed(self):
        """Wait until the loop is idle; the newest run's generation and record."""
        generation = self.wait_idle()
        return generation, self.evidence(generation, "run.json")

    def executions(self):
        """The names of all executions that were ever started for this model."""
        pages = self.sfn.get_paginator("list_executions").paginate(stateMachineArn=self.aws.outputs["Retraining"])
        names = [found["name"] for page in pages for found in page["executions"]]
        return sorted(name for name in names if name.rpartition("-")[0] == self.model)

    def logs(self, resource):
        """All lines that a function has logged. `resource` is its name in the template."""
        pages = self.aws.client("logs").get_paginator("filter_log_events").paginate(
            logGroupName=f"/aws/lambda/{self.aws.resources[resource]}")
        return [event["message"] for page in pages for event in page["events"]]

    def dead_letters(self):
        """How many events no function could handle."""
        sqs = self.aws.client("sqs")
        attributes = sqs.get_queue_attributes(QueueUrl=self.aws.resources["DeadLetters"],
                                              AttributeNames=["ApproximateNumberOfMessages"])["Attributes"]
        return int(attributes["ApproximateNumberOfMessages"])

    def serving(self):
        """The endpoint config that serves, or None where there is no endpoint."""
        try:
            found = self.sagemaker.describe_endpoint(EndpointName=self.model)
        except ClientError:
            return None
        assert found["EndpointStatus"] == "InService", found
        return found["EndpointConfigName"]

    def invoke(self, resource, event):
        """Invoke a function and wait for its answer. `resource` is its name in the template."""
        client = self.aws.client("lambda")
        answer = client.invoke(FunctionName=self.aws.resources[resource], Payload=json.dumps(event).encode())
        body = json.loads(answer["Payload"].read())
        assert "FunctionError" not in answer, body
        return body

    def question(self, name):
        """Wait until a run asks; its question. `name` is `train-<run>` or `package-<version>`."""
        return self.aws.wait_until(lambda: self.read(f"ledger/{self.model}/questions/{name}.json"),
                                   what=f"the question {name}")

    def pawl(self, *arguments, code=0, part=None):
        """Run the command `pawl` on this stand-in, with the rights of whoever's part it is, or of this part, and no others; what it
        says, as JSON."""
        part = part or {"put": "AuthorPolicy", "approve": "ApproverPolicy", "reject": "ApproverPolicy"}.get(arguments[0], "OperatorPolicy")
        environment = self.aws.environment(self.aws.person(part, session="the-tests")) | {
            "PAWL_BUCKET": BUCKET, "PAWL_WHO": "somebody else", "PAWL_ENDPOINT_METRICS_SECONDS": "1"}
        done = subprocess.run([self.bin_dir / "pawl", *arguments, "--json"], env=environment, capture_output=True,
                              text=True, timeout=PATIENCE)
        assert done.returncode == code, f"pawl {' '.join(arguments)}: exit {done.returncode}\n{done.stdout}{done.stderr}"
        return json.loads(done.stdout)

    def who(self, part="OperatorPolicy"):
        """How the history names whoever runs `pawl` here, as AWS tells: their session, and the id of its role."""
        sts = self.aws.client("sts", session=self.aws.person(part, session="the-tests"))
        role, session = sts.get_caller_identity()["UserId"].split(":")
        return f"{session} ({role})"

    def answer(self, name, answer, why):
        """Wait for a question, and `pawl approve` or `pawl reject` it."""
        self.question(name)
        return self.pawl(answer, self.model, "--why", why)
