"""A second and a third model: updates behind guardrails, and the ways back."""
import datetime
import json
import time

from .. import material
from ..step import NotSeen, step
from ..world import timed
from .first import put_months


def newest(world):
    return world.training()["generation"]


def approved(world, seen, why):
    """Wait for the question of the newest run, and answer it by the command."""
    generation = newest(world)
    with timed(seen, "training, scoring and judgement were done"):
        world.wait(lambda: world.question(generation), "the run to ask a person", 45)
    answer = world.pawl("approve", world.model, "--why", why)
    seen.check("pawl approve", answer["taken"] == "taken", answer["taken"])
    world.wait(lambda: "Guard" in world.entered(generation), "the run to go on", 5)


def begun(world, before):
    world.wait(lambda: newest(world) > before and world.execution(newest(world)), "the next run to begin", 5)


@step("pawl-approval", title="A second month, approved by the command", part=2, minutes=14, after=("promoted",), commands="""\
pawl put second.yaml
aws s3 cp 2011-07.csv s3://$DATA_BUCKET/$MODEL/
pawl status $MODEL                                       # until it says that a person is asked
pawl approve $MODEL --why "the second month"
""", see="""\
`Approved: run 2 of ... goes on.`""", proves="""\
A person's request reaches the run, in the name that AWS tells; champion and challenger are scored side by side.""")
def pawl_approval(world, seen):
    before = newest(world)
    if not world.traffic:
        world.send(material.rows())
    world.pawl("put", str(world.out / "second.yaml"))
    put_months(world, "second")
    begun(world, before)
    approved(world, seen, "the second month")


@step("update", title="An update by a canary, with one instance more", part=2, minutes=14, after=("pawl-approval",), commands="""\
aws stepfunctions get-execution-history --execution-arn ${RETRAINING/:stateMachine:/:execution:}:$MODEL-2 \\
  --query "events[].taskScheduledEventDetails[] | [?resource=='updateEndpoint'].parameters" --output text
aws sagemaker describe-endpoint --endpoint-name $MODEL \\
  --query '[EndpointStatus,ProductionVariants[0].[CurrentInstanceCount,DesiredInstanceCount]]'
pawl report $MODEL 2
""", see="""\
SageMaker takes the request; first half of the new fleet, then all of it; in the end three instances, where there were two, and
`promoted`. With `serve.autoscaling` (`--changes`) the request holds `RetainAllVariantProperties`, and the number is autoscaling's.""",
      proves="""\
The guardrails that Pawl asks for, the canary's real times, and that a changed `serve.instance_count` takes effect.""")
def update(world, seen):
    generation = newest(world)
    events = world.wait(lambda: asked_for(world, generation), "the run to ask for the update", 10)
    told = json.loads(events[0]["taskScheduledEventDetails"]["parameters"])
    seen.value("the request", {key: told.get(key) for key in (
        "RetainAllVariantProperties", "ExcludeRetainedVariantProperties", "DeploymentConfig")})
    with timed(seen, "the new fleet had all traffic, after the request"):
        config = told["EndpointConfigName"]
        world.wait(lambda: (it := world.in_service()) and it["EndpointConfigName"] == config, "the update to end", 40)
    variant = world.endpoint()["ProductionVariants"][0]
    wanted = world.client("sagemaker").describe_endpoint_config(EndpointConfigName=config)["ProductionVariants"][0]
    counts = {"asked for": wanted.get("InitialInstanceCount"), "current": variant.get("CurrentInstanceCount"),
              "desired": variant.get("DesiredInstanceCount")}
    seen.check("a changed number of instances takes effect", counts["current"] == counts["asked for"], counts)
    record = world.wait(lambda: world.closed(generation), "the run to end", 45)
    seen.check("how it ended", record["outcome"]["code"] == "promoted", record["outcome"])


def asked_for(world, generation):
    """The events in which the run asked to update the endpoint."""
    record = world.closed(generation)
    events = [one for one in world.history(generation)
              if one.get("taskScheduledEventDetails", {}).get("resource") == "updateEndpoint"]
    if record and not events:
        raise NotSeen(f"the run ended without an update: {record['outcome']}")
    return events


def alarm_of(world, kind="errors"):
    """The alarm that Pawl made for the config that serves, of this kind."""
    return next(name for name in world.release()["current"]["alarms"] if name.endswith(f"-{kind}"))


def state_of(world, name):
    alarms = world.client("cloudwatch").describe_alarms(AlarmNames=[name])["MetricAlarms"]
    return alarms[0] if alarms else {"StateValue": "gone"}


def target(world):
    """The config that a rollback goes to: the newest that was proven good before the one that serves."""
    release = world.release()
    current = release["current"]["config"]
    return [one["config"] for one in release["good"] if one["config"] != current][-1]


def went_back(world, seen, config, since):
    """Wait for the rollback: when it was begun and when it was over, in seconds."""
    def moved():
        found = world.endpoint()
        return found["EndpointStatus"] != "InService" or found["EndpointConfigName"] == config
    world.wait(moved, "the rollback to begin", 15)
    seen.value("seconds from the alarm to UpdateEndpoint, at most", round(time.time() - since, 1))
    world.wait(lambda: (it := world.in_service()) and it["EndpointConfigName"] == config, "the old config to serve", 30)
    seen.check("the config before serves again", True, {"config": config, "seconds from the alarm": round(time.time() - since, 1)})
    release = world.wait(lambda: rests(world), "the release to rest", 10)
    seen.value("the cause in the ledger", release["rollbacks"][-1]["cause"])


def rests(world):
    release = world.release()
    return release if release["rollbacks"] and release["state"]["name"] != "rolling_back" and not release["pending"] else None


@step("failing-requests", title="Requests that really fail", part=2, minutes=10, after=("update",), commands="""\
kill $sender
while aws sagemaker-runtime invoke-endpoint --endpoint-name $MODEL --content-type application/jsonlines \\
  --body fileb://null.jsonl /dev/null || [ $(aws sagemaker describe-endpoint --endpoint-name $MODEL \\
  --query EndpointStatus --output text) = InService ]; do sleep 1; done
pawl history $MODEL --limit 5
""", see="""\
`ModelError` with the model's status 500, within about three minutes the alarm `...-errors`, and a rollback by itself: the first config
serves again.""", proves="""\
A model's 500 is counted in `Invocation5XXErrors` under the config's dimension, the alarm's event reaches the function, and how long
all that takes with real metrics. The stand-in's alarms look twice a second.""")
def failing_requests(world, seen):
    config, name = target(world), alarm_of(world)
    nulls = material.rows(nulls=1.0)
    _, refused = world.refusal(world.client("sagemaker-runtime").invoke_endpoint, EndpointName=world.model,
                               ContentType="application/jsonlines", Body=json.dumps(nulls[0]).encode() + b"\n")
    seen.check("a request with a null", refused == "ModelError", refused or "answered")
    began = time.time()
    world.send(nulls)
    alarm = world.wait(lambda: (it := state_of(world, name))["StateValue"] in ("ALARM", "gone") and it, f"the alarm {name}", 10)
    since = alarm.get("StateUpdatedTimestamp")
    since = since.timestamp() if isinstance(since, datetime.datetime) else time.time()
    seen.value("seconds from the first failure to the alarm", round(max(0.0, since - began), 1))
    world.quiet()
    went_back(world, seen, config, since)
    world.send(material.rows())


@step("alarm-by-hand", title="An alarm set by hand in a watch", part=2, minutes=32, after=("failing-requests",), commands="""\
while sleep 1; do aws sagemaker-runtime invoke-endpoint --endpoint-name $MODEL --content-type application/jsonlines \\
  --body fileb://request.jsonl /dev/null >/dev/null; done & sender=$!
aws s3 cp 2011-08.csv s3://$DATA_BUCKET/$MODEL/
pawl approve $MODEL --why "the third month"              # when it asks
pawl status $MODEL                                       # until it says that it watches
aws cloudwatch set-alarm-state --alarm-name $(aws cloudwatch describe-alarms --alarm-name-prefix pawl-$MODEL-3- \\
  --query "MetricAlarms[?ends_with(AlarmName,'-errors')].AlarmName" --output text) \\
  --state-value ALARM --state-reason "by hand"
""", see="""\
The run ends `rolled_back`, and the first config serves again.""", proves="""\
The way from an alarm's event to the old config, in seconds and without the wait for metrics. Two rollbacks within a day lock the
endpoint, and `pawl status` says so.""")
def alarm_by_hand(world, seen):
    before = newest(world)
    put_months(world, "third")
    begun(world, before)
    approved(world, seen, "the third month")
    generation = newest(world)

    def watching():
        release = world.release()
        if record := world.closed(generation):
            raise NotSeen(f"the run ended before its watch: {record['outcome']}")
        return release["state"]["name"] == "watching" and release["current"]["generation"] == generation
    world.wait(watching, "the watch to begin", 45)
    config, name, since = target(world), alarm_of(world), time.time()
    world.client("cloudwatch").set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="scripts/first-account")
    went_back(world, seen, config, since)
    record = world.wait(lambda: world.closed(generation), "the run to end", 10)
    seen.check("how the run ended", record["outcome"]["code"] == "rolled_back", record["outcome"])
    seen.value("the lock after two rollbacks", (world.release().get("freeze") or {}).get("why", "none"))
