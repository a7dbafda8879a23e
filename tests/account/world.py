"""The account with the stack in it, as the steps look at it."""
import contextlib
import json
import os
import re
import subprocess
import threading
import time
from urllib.parse import urlparse

from .step import NotSeen

LOCAL = ("localhost", "127.0.0.1")
# The first line of a pipeline.yaml that these steps have put: only such a model is gone on with, or taken down.
MARK = "# Put by scripts/first-account, which also takes it down."


class World:
    """One stack and one model in it. `pawl` is the command, `out` a folder for what is put and found."""

    def __init__(self, stack, model, image, out, pawl, changes=None):
        import boto3
        self.session = boto3.session.Session()
        self.stack, self.model, self.image, self.out, self.pawl_command = stack, model, image, out, pawl
        self.changes = changes or {}
        self._clients, self._lock = {}, threading.Lock()
        self.url = os.environ.get("AWS_ENDPOINT_URL")
        self.outputs, self.resources, self.parameters, self.status = {}, {}, {}, None
        self.traffic, self.queue = None, None

    # Where this is.

    @property
    def local(self):
        """Whether a stand-in on this machine answers. What is seen there says nothing about AWS."""
        return urlparse(self.url or "").hostname in LOCAL

    @property
    def region(self):
        return self.session.region_name

    def client(self, service, region=None, **options):
        """A client of boto3."""
        from botocore.config import Config
        with self._lock:
            key = (service, region, str(options))
            if key not in self._clients:
                style = {"addressing_style": "path"} if self.local else {}
                config = Config(retries={"mode": "standard", "max_attempts": 5}, s3=style)
                self._clients[key] = self.session.client(service, region_name=region or self.region, config=config, **options)
            return self._clients[key]

    def refusal(self, call, **request):
        """(answer, None), or (None, error code) where the call is refused."""
        from botocore.exceptions import ClientError
        try:
            return call(**request), None
        except ClientError as error:
            return None, error.response["Error"]["Code"]

    # The stack.

    def look_up(self):
        """Read the stack's outputs, parameters and resources."""
        cloudformation = self.client("cloudformation")
        found, refused = self.refusal(cloudformation.describe_stacks, StackName=self.stack)
        if refused:
            raise NotSeen(f"the stack {self.stack} cannot be described in {self.region}: {refused}")
        stack = found["Stacks"][0]
        self.status = stack["StackStatus"]
        self.outputs = {one["OutputKey"]: one["OutputValue"] for one in stack.get("Outputs", [])}
        self.parameters = {one["ParameterKey"]: one.get("ParameterValue", "") for one in stack.get("Parameters", [])}
        pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName=self.stack)
        self.resources = {one["LogicalResourceId"]: one for page in pages for one in page["StackResourceSummaries"]}
        lacking = [name for name in ("DataBucket", "PawlBucket", "Notices", "Retraining") if name not in self.outputs]
        if lacking:
            raise NotSeen(f"the stack {self.stack} has no output {', '.join(lacking)}: is it Pawl's?")

    def of_type(self, kind):
        """{logical name: physical name} of the stack's resources of a type."""
        return {name: one.get("PhysicalResourceId", "") for name, one in self.resources.items() if one["ResourceType"] == kind}

    @property
    def data_bucket(self):
        return self.outputs["DataBucket"]

    @property
    def bucket(self):
        return self.outputs["PawlBucket"]

    @property
    def account(self):
        return self.outputs["Retraining"].split(":")[4]

    @property
    def partition(self):
        return self.outputs["Retraining"].split(":")[1]

    # Waiting.

    def wait(self, condition, what, minutes):
        """Ask until the condition is something true, and return that; NotSeen where it never is."""
        deadline, pause = time.monotonic() + (4 if self.local else minutes) * 60, 0.2 if self.local else 5
        while True:
            if value := condition():
                return value
            if time.monotonic() > deadline:
                raise NotSeen(f"waited {minutes} minutes for {what}")
            time.sleep(pause)

    # The bucket of pipelines, evidence and ledger.

    def text(self, key):
        """An object's text, or None."""
        found, refused = self.refusal(self.client("s3").get_object, Bucket=self.bucket, Key=key)
        if refused in ("NoSuchKey", "404"):
            return None
        if refused:
            raise NotSeen(f"s3://{self.bucket}/{key} cannot be read: {refused}")
        return found["Body"].read().decode()

    def read(self, key):
        """A JSON document, or None."""
        text = self.text(key)
        return None if text is None else json.loads(text)

    def keys(self, prefix, bucket=None):
        pages = self.client("s3").get_paginator("list_objects_v2").paginate(Bucket=bucket or self.bucket, Prefix=prefix)
        return [one["Key"] for page in pages for one in page.get("Contents", [])]

    def evidence(self, generation, name):
        return self.read(f"runs/{self.model}/{generation:06}/{name}")

    def release(self):
        return self.read(f"ledger/{self.model}/release.json") or {}

    def training(self):
        return self.read(f"ledger/{self.model}/training.json") or {"generation": 0, "open": None}

    # Runs.

    def execution(self, generation):
        """What Step Functions says of a run, or None."""
        arn = self.outputs["Retraining"].replace(":stateMachine:", ":execution:") + f":{self.model}-{generation}"
        found, refused = self.refusal(self.client("stepfunctions").describe_execution, executionArn=arn)
        if refused not in (None, "ExecutionDoesNotExist"):
            raise NotSeen(f"{arn} cannot be described: {refused}")
        return found

    def history(self, generation):
        """The run's events, oldest first, each with the state that it belongs to as `state`."""
        execution = self.execution(generation)
        if not execution:
            return []
        pages = self.client("stepfunctions").get_paginator("get_execution_history").paginate(
            executionArn=execution["executionArn"])
        events = [event for page in pages for event in page["events"]]
        states, newest = {}, None
        for event in events:
            entered = event.get("stateEnteredEventDetails")
            newest = entered["name"] if entered else newest
            # Branches that run side by side are told apart by the event before; where that is not known, the newest state it is.
            states[event["id"]] = entered["name"] if entered else states.get(event.get("previousEventId")) or newest
        return [event | {"state": states[event["id"]]} for event in events]

    def entered(self, generation):
        """The names of the states that the run has entered so far."""
        return [event["stateEnteredEventDetails"]["name"] for event in self.history(generation) if "stateEnteredEventDetails" in event]

    def closed(self, generation):
        """The record of a run that has ended and holds no lock, or None."""
        training = self.training()
        is_open = training["open"] and training["open"]["generation"] == generation
        return None if training["generation"] < generation or is_open else self.evidence(generation, "run.json")

    def question(self, generation):
        """The question that the run waits with, or None. A run that has ended instead is NotSeen."""
        for key in self.keys(f"ledger/{self.model}/questions/"):
            found = self.read(key)
            if found["generation"] == generation and not found.get("answered"):
                return found
        if record := self.closed(generation):
            raise NotSeen(f"run {generation} ended without a question: {record['outcome']}")
        return None

    # Who answers.

    def endpoint(self):
        """What SageMaker says of the endpoint, or None."""
        found, refused = self.refusal(self.client("sagemaker").describe_endpoint, EndpointName=self.model)
        if refused not in (None, "ValidationException", "ResourceNotFound"):
            raise NotSeen(f"the endpoint {self.model} cannot be described: {refused}")
        return found

    def in_service(self):
        """What SageMaker says of the endpoint while it is in service, or None."""
        found = self.endpoint()
        if found and found["EndpointStatus"] in ("Failed", "UpdateRollbackFailed"):
            raise NotSeen(f"the endpoint is {found['EndpointStatus']}: {found.get('FailureReason')}")
        return found if found and found["EndpointStatus"] == "InService" else None

    def send(self, rows, rate=4):
        """Send these rows to the endpoint from now on, in the background, until `quiet`."""
        from loop.traffic import Traffic
        self.quiet()
        self.traffic = Traffic(self, self.model, rows, rate=rate, region=self.region)
        self.traffic.__enter__()

    def quiet(self):
        traffic, self.traffic = self.traffic, None
        if traffic:
            traffic.__exit__()

    def pawl(self, *arguments):
        """Run the command; its answer. A command that does not end well is NotSeen."""
        environment = os.environ | {"PAWL_BUCKET": self.bucket, "AWS_REGION": self.region}
        done = subprocess.run([self.pawl_command, *arguments, "--json"], env=environment, capture_output=True, text=True, timeout=300)
        if done.returncode != 0:
            raise NotSeen(f"pawl {' '.join(arguments)}: exit {done.returncode}: {(done.stderr or done.stdout).strip()[:500]}")
        return json.loads(done.stdout)

    # The topic.

    def listen(self):
        """A queue on the topic of notices, for as long as the steps take."""
        sqs = self.client("sqs")
        self.queue = sqs.create_queue(QueueName=self.queue_name)["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=self.queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        topic = self.outputs["Notices"]
        policy = {"Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": arn,
            "Condition": {"ArnEquals": {"aws:SourceArn": topic}}}]}
        sqs.set_queue_attributes(QueueUrl=self.queue, Attributes={"Policy": json.dumps(policy)})
        self.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)

    @property
    def queue_name(self):
        return f"first-account-{self.model}"

    def heard(self, subject):
        """A notice whose subject holds this, or None."""
        sqs = self.client("sqs")
        for message in sqs.receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10, WaitTimeSeconds=1).get("Messages", []):
            sqs.delete_message(QueueUrl=self.queue, ReceiptHandle=message["ReceiptHandle"])
            notice = json.loads(message["Body"])
            if subject in notice.get("Subject", ""):
                return notice
        return None

    # What is the model's.

    def is_its(self, name):
        """Whether a model or endpoint config of this name was made for this model: `<model>-<run>-<time>`, and no other model's
        name that begins alike."""
        return re.fullmatch(rf"{re.escape(self.model)}-\d+-\d{{14}}[a-z-]*", name) is not None

    def traces(self):
        """What there is of this model already, in words: a model that has been there is not touched."""
        if self.keys(f"pipelines/{self.model}/"):
            yield f"the pipeline s3://{self.bucket}/pipelines/{self.model}/"
        for folder in ("ledger", "runs"):
            if self.keys(f"{folder}/{self.model}/"):
                yield f"documents in s3://{self.bucket}/{folder}/{self.model}/"
        if self.keys(f"{self.model}/", self.data_bucket):
            yield f"data in s3://{self.data_bucket}/{self.model}/"
        if self.endpoint():
            yield f"the endpoint {self.model}"
        if self.execution(1):
            yield f"the execution {self.model}-1, whose name stays taken for 90 days"
        sagemaker = self.client("sagemaker")
        if self.refusal(sagemaker.describe_model_package_group, ModelPackageGroupName=self.model)[0]:
            yield f"the model package group {self.model}"

    def is_ours(self):
        """Whether the pipeline of this name was put by these steps."""
        return (self.text(f"pipelines/{self.model}/pipeline.yaml") or "").startswith(MARK)


@contextlib.contextmanager
def timed(seen, what):
    """Tells how many seconds the block took."""
    began = time.monotonic()
    yield
    seen.value(f"seconds until {what}", round(time.monotonic() - began, 1))
