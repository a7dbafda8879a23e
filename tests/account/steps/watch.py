"""The pipeline watches itself: schedules come, and what is stopped is told."""
import datetime
import json

from ..step import NotSeen, step
from ..world import timed
from .first import put_months
from .updates import begun, newest, state_of


@step("schedules", title="The schedules come", part=1, minutes=5, after=("stack",), alone=True, commands="""\
aws scheduler list-schedules --query "Schedules[].[Name,State,Target.Arn]" --output text
aws stepfunctions list-executions --state-machine-arn $(resource Round) --max-items 3 --query 'executions[].[status,startDate]'
""", see="""\
Each schedule of the stack `ENABLED`, and an execution of `round` that is younger than six minutes and did not fail.""", proves="""\
EventBridge Scheduler may start the state machines in the role that SAM made for it. Lost events heal only by this.""")
def schedules(world, seen):
    names = set(world.of_type("AWS::Scheduler::Schedule").values())
    pages = world.client("scheduler").get_paginator("list_schedules").paginate()
    groups = {name.rsplit("/", 1)[-1] for name in world.of_type("AWS::Scheduler::ScheduleGroup").values()}
    listed = [one for page in pages for one in page["Schedules"] if one["Name"] in {name.rsplit("/", 1)[-1] for name in names}
              and (not groups or one["GroupName"] in groups)]
    told = {one["Name"]: one["State"] for one in listed}
    seen.check("the stack's schedules", len(listed) == len(names) and set(told.values()) <= {"ENABLED"}, told)
    machine = next((arn for name, arn in world.of_type("AWS::StepFunctions::StateMachine").items() if name == "Round"), None)
    if machine is None:
        return seen.unseen("the round", "this stack has no state machine Round")
    if world.local:
        return seen.unseen("the round came by itself", "it comes every five minutes, and a test on a stand-in does not wait for it")
    fresh = world.wait(lambda: fresh_round(world, machine), "an execution of round", 7)
    return seen.check("the round came by itself", fresh["status"] in ("RUNNING", "SUCCEEDED"),
                      {"status": fresh["status"], "started": fresh["startDate"].isoformat()})


def fresh_round(world, machine):
    found = world.client("stepfunctions").list_executions(stateMachineArn=machine, maxResults=1)["executions"]
    young = datetime.datetime.now(datetime.UTC) - datetime.timedelta(minutes=6)
    return found[0] if found and found[0]["startDate"] > young else None


@step("stopped-run", title="A run that is stopped by hand is told", part=2, minutes=3, after=("promoted",), commands="""\
aws s3 cp 2011-09.csv s3://$DATA_BUCKET/$MODEL/
aws stepfunctions stop-execution --execution-arn ${RETRAINING/:stateMachine:/:execution:}:$MODEL-4
pawl report $MODEL 4
""", see="""\
The run is closed as `failed`, its lock is free, a mail of its end comes to those who subscribed (`NotifyEmail`), and within some minutes
one more of the alarm on ended executions.""", proves="""\
Step Functions' event of an ended execution reaches the function, the stack's alarms on itself rest on metrics that come, and a notice
reaches a mailbox. Look there: a script cannot.""")
def stopped_run(world, seen):
    before = newest(world)
    world.listen()
    put_months(world, "stopped")
    begun(world, before)
    generation = newest(world)
    world.client("stepfunctions").stop_execution(executionArn=world.execution(generation)["executionArn"])
    with timed(seen, "the run was closed, after the stop"):
        record = world.wait(lambda: world.closed(generation), "the run to be closed", 5)
    seen.check("how it ended", record["outcome"]["code"] == "failed", record["outcome"])
    subject = f"Pawl: needs a person: {world.model} run {generation} failed"
    try:
        notice = world.wait(lambda: world.heard(subject), f"the notice {subject!r}", 5)
        seen.check("the topic told it", True, json.dumps(notice["Subject"]))
    except NotSeen as error:
        seen.check("the topic told it", False, error)
    alarmed(world, seen)
    mails(world, seen)


def alarmed(world, seen):
    """The stack's own alarm on executions that did not end well."""
    name = world.of_type("AWS::CloudWatch::Alarm").get("RetrainingEnded")
    if name is None:
        return seen.unseen("the stack's alarm on ended executions", "this stack has no alarm RetrainingEnded")
    try:
        with timed(seen, "the stack's alarm on ended executions fired"):
            world.wait(lambda: state_of(world, name)["StateValue"] == "ALARM", f"the alarm {name}", 10)
    except NotSeen as error:
        return seen.check("the stack's alarm on ended executions", False, error)
    return seen.check("the stack's alarm on ended executions", True, name)


def mails(world, seen):
    pages = world.client("sns").get_paginator("list_subscriptions_by_topic").paginate(TopicArn=world.outputs["Notices"])
    found = [one for page in pages for one in page["Subscriptions"] if one["Protocol"] == "email"]
    confirmed = [one["Endpoint"] for one in found if one["SubscriptionArn"].startswith("arn:")]
    if not confirmed:
        return seen.unseen("a mail", f"nobody has confirmed a subscription of the topic ({len(found)} asked)")
    return seen.unseen("a mail", f"look into the mailbox of {', '.join(confirmed)}")
