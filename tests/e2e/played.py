"""A run that a test plays itself, step by step, so that it can disturb each step: the functions are asked as the state
machine asks them, and what Step Functions does with SageMaker is done here.

`Stage` makes one champion by a real run; `Stage.actor` gives a copy of it under another name, with an endpoint of its own
and a second run that is open, asleep in its wait for more data. `second_run` is that run: from the snapshot to the
promotion, then a rollback, then the end.
"""
import contextlib
import json
import re
import time

from botocore.exceptions import ClientError
from runs import arrive, ended, month

from loop import Traffic
from loop.loop import BUCKET
from loop.story import requests

FIRST = {"train": {"hyperparameters": {"rounds": 1, "learning_rate": 0.05}}}
# The second run sleeps at its first step for as long as the test takes.
SECOND = {"settle": {"quiet": "1h", "at_most": "2h"}}
FOLDERS = ("ledger", "runs", "profiles", "accepted", "models")
ROWS = requests(month("2011-06"), count=8)
LONG_AGO = "2026-01-01T00:00:00Z"


class Stage:
    """A champion that a real run has made, and everything that must be copied to have it once more."""

    def __init__(self, pipeline):
        loop = pipeline("pristine", FIRST)
        loop.prefix = "months/"
        loop.put_pipeline()
        arrive(loop, "2011-05", "2011-06")
        with Traffic(loop.aws, loop.model, requests(month("2011-06")), rate=2):
            ended(loop, 1, "promoted", "healthy")
        loop.s3.delete_object(Bucket=BUCKET, Key=f"pipelines/{loop.model}/pipeline.yaml")
        loop.put_month("2011-07", month("2011-07"))
        self.pipeline, self.model = pipeline, loop.model
        keys = [key for folder in FOLDERS for key in loop.keys(f"{folder}/{loop.model}/")]
        self.documents = {key: loop.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read() for key in keys}
        name = loop.release()["current"]["config"]
        self.container = loop.sagemaker.describe_model(ModelName=name)["PrimaryContainer"]
        self.config = loop.sagemaker.describe_endpoint_config(EndpointConfigName=name)
        found, = loop.sagemaker.list_model_packages(ModelPackageGroupName=loop.model)["ModelPackageSummaryList"]
        package = loop.sagemaker.describe_model_package(ModelPackageName=found["ModelPackageArn"])
        self.package = {key: package[key] for key in ("InferenceSpecification", "ModelApprovalStatus")}
        self.trained = None

    def actor(self, name, changes=None, begin=lambda loop: None):
        """A pipeline with this champion on an endpoint of its own, whose second run is open: asleep, unless `changes` say
        otherwise. `begin` is called right before that run."""
        loop = self.pipeline(name, changes or SECOND)
        loop.prefix = "months/"
        for key, body in self.documents.items():
            loop.s3.put_object(Bucket=BUCKET, Key=key.replace(self.model, name),
                               Body=body.replace(self.model.encode(), name.encode()))
        config = loop.release()["current"]["config"]
        loop.sagemaker.create_model(ModelName=config, PrimaryContainer=self.container, ExecutionRoleArn=role(loop))
        variants = [variant | {"ModelName": config} for variant in self.config["ProductionVariants"]]
        loop.sagemaker.create_endpoint_config(EndpointConfigName=config, ProductionVariants=variants)
        loop.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=config)
        register(loop, {"ModelPackageGroupName": name} | self.package)
        loop.aws.wait_until(lambda: status(loop) == "InService", what="the champion to serve")
        begin(loop)
        loop.put_pipeline()

        def begun():
            opened = loop.training()["open"]
            return loop.executions() and (opened is None or opened["execution"] == "started")
        loop.aws.wait_until(begun, what="the second run to begin")
        return loop

    def train(self, loop, decision):
        """What the training gives: trained once, and the same for every actor."""
        if self.trained is None:
            job = decision["training_job"]
            loop.sagemaker.create_training_job(**job)
            describe = loop.sagemaker.describe_training_job
            done = loop.aws.wait_until(
                lambda: (it := describe(TrainingJobName=job["TrainingJobName"]))["TrainingJobStatus"] == "Completed" and it,
                what="the training")
            metrics = [{"MetricName": one["MetricName"], "Value": one["Value"]} for one in done["FinalMetricDataList"]]
            self.trained = loop.model, metrics, done["ModelArtifacts"]["S3ModelArtifacts"]
        first, metrics, artifact = self.trained
        # Each has the archive where its own training would have put it.
        own, key = artifact.replace(first, loop.model), artifact.split("/", 3)[3]
        body = loop.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()
        loop.s3.put_object(Bucket=BUCKET, Key=own.split("/", 3)[3], Body=body)
        return metrics, own

    def score(self, loop, plan):
        """Both models' scores of the holdout: computed once, and the same for every actor."""
        folder = f"runs/{loop.model}/000002/scores/"
        if "scores" not in self.__dict__:
            for side in ("challenger", "champion"):
                loop.sagemaker.create_model(**plan[side]["model"])
                loop.sagemaker.create_transform_job(**plan[side]["transform"])
            for side in ("challenger", "champion"):
                name, describe = plan[side]["transform"]["TransformJobName"], loop.sagemaker.describe_transform_job
                loop.aws.wait_until(lambda: describe(TransformJobName=name)["TransformJobStatus"] == "Completed",
                                    what=f"the scores of the {side}")
            self.scores = {key.removeprefix(folder): loop.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()
                           for key in loop.keys(folder)}
        for key, body in self.scores.items():
            loop.s3.put_object(Bucket=BUCKET, Key=folder + key, Body=body)


def role(loop):
    """The role of the stack's models."""
    return loop.aws.client("iam").get_role(RoleName=loop.aws.resources["SageMakerRole"])["Role"]["Arn"]


def status(loop):
    return loop.sagemaker.describe_endpoint(EndpointName=loop.model)["EndpointStatus"]


def register(loop, package):
    """EnsureGroup and Register; the package's ARN."""
    with contextlib.suppress(ClientError):
        loop.sagemaker.create_model_package_group(ModelPackageGroupName=package["ModelPackageGroupName"])
    return loop.sagemaker.create_model_package(**package)["ModelPackageArn"]


def operator(loop, verb, why):
    """What `pawl rollback` and its sisters send."""
    return {"detail-type": "Pawl Operator", "source": "custom.pawl", "time": "2026-01-01T00:00:00Z", "detail": {
        "bucket": BUCKET, "operator": {"verb": verb, "who": "the tests", "why": why, "model": loop.model, "id": why}}}


def alarm(loop, name, at, state="ALARM", config=None):
    """An alarm of a config of this endpoint, as EventBridge brings it."""
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(at)) + f".{int(at % 1 * 1000):03d}+0000"
    dimensions = {"EndpointName": loop.model, "VariantName": "AllTraffic"}
    dimensions |= {"EndpointConfigName": config} if config else {}
    metric = {"metric": {"namespace": "AWS/SageMaker", "name": "ModelLatency", "dimensions": dimensions},
              "period": 60, "stat": "p99"}
    return {"detail-type": "CloudWatch Alarm State Change", "source": "aws.cloudwatch", "time": "2026-01-01T00:00:00Z",
            "resources": [f"arn:aws:cloudwatch:us-east-1:000000000000:alarm:{name}"],
            "detail": {"alarmName": name, "state": {"value": state, "reason": "by the test", "timestamp": stamp},
                       "previousState": {"value": "OK", "timestamp": stamp},
                       "configuration": {"metrics": [{"id": "m", "metricStat": metric, "returnData": True}]}}}


def rewrite(loop, change):
    """Change the release record by hand, unless somebody else writes it meanwhile; then again."""
    key = f"ledger/{loop.model}/release.json"
    while True:
        found = loop.s3.get_object(Bucket=BUCKET, Key=key)
        release = json.loads(found["Body"].read())
        change(release)
        try:
            return loop.s3.put_object(Bucket=BUCKET, Key=key, Body=json.dumps(release).encode(), IfMatch=found["ETag"])
        except ClientError as error:
            if error.response["Error"]["Code"] != "PreconditionFailed":
                raise


def later(loop, leases=True):
    """Let the time pass for which the release waits: a lease, a pause, a bake. Only the clock of the record is moved. `leases` are
    left alone where nobody died who held one."""
    def pass_time(release):
        if leases and release["lease"]:
            release["lease"]["until"] = LONG_AGO
        for pending in release["pending"]:
            pending["not_before"] = None
        if release["state"]["name"] == "watching":
            release["state"]["until"] = LONG_AGO
    rewrite(loop, pass_time)


def second_run(stage, loop):
    """The steps of the second run, as (name, function, payload); each is sent the function's answer."""
    run = {"model": loop.model, "generation": 2}

    def step(which, function, **payload):
        return which, function, {"step": which} | run | payload

    yield "settle", "NewDataTrigger", {"step": "settle", "model": loop.model, "looks": 0, "seen": 0}
    frozen = yield step("snapshot", "DataValidator")
    call, = loop.read(frozen["calls_key"])
    yield step("profile", "DataValidator", **call)
    yield step("validate", "DataValidator")
    drift = yield step("compare", "DriftChecker")
    decision = yield step("decide", "EvaluationGate", drift=drift)
    assert decision["decision"] == "train", decision
    metrics, artifact = stage.train(loop, decision)
    plan = yield step("converge", "EvaluationGate", name=decision["name"], metrics=metrics, artifact=artifact)
    yield "replicate", "DataValidator", {"step": "replicate", "copy": plan["copy"]}
    stage.score(loop, plan)
    judgement = yield step("judge", "EvaluationGate", name=decision["name"], artifact=plan["artifact"])
    assert judgement["next"] == "promote", judgement
    loop.sagemaker.create_model(**judgement["model"])
    package = register(loop, judgement["package"])
    deployment = yield step("guard", "RollbackHandler", name=decision["name"], package_arn=package)
    assert deployment["answer"] == "update", deployment
    loop.sagemaker.create_endpoint_config(**deployment["config"])
    loop.sagemaker.update_endpoint(**deployment["endpoint"])
    config = deployment["endpoint"]["EndpointConfigName"]
    yield step("observe", "RollbackHandler", config=config)
    loop.aws.wait_until(lambda: status(loop) == "InService", what="the update")
    yield from until(loop, step("observe", "RollbackHandler", config=config), "watch")
    yield from until(loop, step("watch", "RollbackHandler", config=config), "promoted", lambda: healthy(loop))
    yield "alarm", "RollbackHandler", alarm(loop, f"pawl-{config}-latency", time.time(), config=config)
    yield "rollback", "RollbackHandler", operator(loop, "rollback", "a test of the way back")
    # The books come last.
    while (release := loop.release())["state"]["name"] == "rolling_back" or release["pending"]:
        loop.aws.wait_until(lambda: status(loop) == "InService", what="the rollback")
        later(loop)
        yield step("watch", "RollbackHandler", config=config)
    outcome = {"code": "rolled_back", "reason": "by the test"}
    yield step("close", "NewDataTrigger", outcome=outcome)


def healthy(loop):
    """Requests come, and the alarms have seen them."""
    client = loop.aws.client("sagemaker-runtime")
    for row in ROWS:
        client.invoke_endpoint(EndpointName=loop.model, ContentType="application/jsonlines", Body=json.dumps(row).encode())
    names = [f"{alarm}" for alarm in loop.release()["current"]["alarms"]]
    cloudwatch = loop.aws.client("cloudwatch")
    loop.aws.wait_until(lambda: {one["StateValue"] for one in cloudwatch.describe_alarms(AlarmNames=names)["MetricAlarms"]}
                        == {"OK"}, what="the alarms to be OK")


def until(loop, step, wanted, before=lambda: None):
    """Ask until the answer is this one; time passes meanwhile. `before` each question the world is made ready."""
    for _ in range(20):
        before()
        answer = yield step
        if answer["next"] == wanted:
            return answer
        later(loop)
    raise AssertionError(f"{step[0]} still answers {answer}")


def play(story, ask):
    """Plays a story: `ask` gets each step's name, function and payload, and gives the function's answer."""
    answer = None
    with contextlib.suppress(StopIteration):
        while True:
            answer = ask(*story.send(answer))


def deploying(stage, name, container=None, deployment=None, changes=None):
    """An actor whose endpoint is on its way to a second config, permitted and begun as a run does it."""
    loop = stage.actor(name, changes)
    config = f"{name}-2-20260101000000"
    loop.sagemaker.create_model(ModelName=config, PrimaryContainer=container or stage.container, ExecutionRoleArn=role(loop))
    variants = [variant | {"ModelName": config} for variant in stage.config["ProductionVariants"]]
    loop.sagemaker.create_endpoint_config(EndpointConfigName=config, ProductionVariants=variants)
    package = register(loop, {"ModelPackageGroupName": name} | stage.package)

    def permit(release):
        candidate = release["current"] | {"generation": 2, "config": config, "model": config, "package": package,
                                          "dataset": "ab" * 32, "alarms": [f"pawl-{config}-errors"], "activated_at": None}
        release["generation"], release["state"] = 2, {
            "name": "deploying", "candidate": candidate, "progress": "granted", "since": LONG_AGO,
            "lease_until": "2036-01-01T00:00:00Z", "intent": None, "forced": False, "failure": None}
    # What its smoke test reads.
    for document in ("split.json", "pipeline.yaml"):
        loop.s3.copy_object(Bucket=BUCKET, Key=f"runs/{name}/000002/{document}",
                            CopySource=f"{BUCKET}/runs/{name}/000001/{document}")
    rewrite(loop, permit)
    loop.sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=config, **(deployment or {}))
    return loop


def watched(stage, name, changes=None):
    """An actor whose second config serves and is watched; nothing has proven it good or bad yet."""
    loop = deploying(stage, name, changes=changes)

    def settled():
        release = loop.release()
        return release["state"]["name"] == "watching" and not release["pending"]
    loop.aws.wait_until(settled, what="the watch to begin")
    return loop
