"""What must be true of every run that has ended, and the months that the tests play."""
import functools
import json
import re

from loop.loop import BUCKET
from loop.story import generator
from loop.traffic import HOME


@functools.cache
def month(name, *faults):
    """A generated month's file. `faults` are written as the generator takes them."""
    generate = generator()
    parsed = [generate.parse_fault(fault) for fault in faults]
    return generate.month_csv(generate.parse_month(name), generate.DEFAULT_SEED, parsed).encode()


def arrive(loop, *names):
    """Let months arrive together."""
    bodies = [month(name) for name in names]
    for name, body in zip(names, bodies, strict=True):
        loop.put_month(name, body)


def ended(loop, generation, code, reason="", last=True):
    """Wait for the run; it must have ended so, recorded, told, and holding nothing. Its record."""
    record = loop.wait_closed(generation)
    outcome = record["outcome"]
    assert outcome["code"] == code, outcome
    assert re.search(reason, outcome["reason"]), outcome["reason"]
    if last:
        assert loop.wait_idle() == generation, "another run began by itself"
    assert loop.read(f"ledger/{loop.model}/history/run-{generation:06}.json") == record
    page = loop.s3.get_object(Bucket="pawl-evidence", Key=f"runs/{loop.model}/{generation:06}/report.html")
    assert page["Body"].read().startswith(b"<!")
    told = [notice for notice in loop.notices() if notice["Subject"].endswith(f" {loop.model} run {generation} {code}")]
    assert len(told) == 1, f"{len(told)} notices of the end"
    urgent = code in ("failed", "diverged", "held")
    attributes = {name: one["Value"] for name, one in told[0]["MessageAttributes"].items()}
    assert attributes == {"kind": "run_ended", "severity": "page" if urgent else "info", "model": loop.model,
                          "run": str(generation), "verdict": code}, attributes
    assert ("needs a person" in told[0]["Subject"]) == urgent and "\nServing: " in told[0]["Message"], told
    failed = code == "failed"
    assert (loop.evidence(generation, "failure.json") is not None) == failed
    status = loop.aws.wait_until(lambda: (found := loop.execution(generation)["status"]) != "RUNNING" and found,
                                 what="the execution to end")
    assert status == ("FAILED" if failed else "SUCCEEDED")
    return record


def handled(loop):
    """The filed triggers: for each, the run that took it."""
    return [loop.read(key)["generation"] for key in loop.keys(f"ledger/{loop.model}/handled/")]


def serves(loop, generation):
    """The run's model serves, the release record knows it, and it answers."""
    release = loop.release()
    assert release["current"]["generation"] == generation, release["current"]
    assert loop.serving() == release["current"]["config"]
    return release


def scaled(loop, region=HOME):
    """The policy that scales the endpoint's variant, or None."""
    found = loop.aws.client("application-autoscaling", region).describe_scaling_policies(
        ServiceNamespace="sagemaker", ResourceId=f"endpoint/{loop.model}/variant/AllTraffic")["ScalingPolicies"]
    return found[0]["TargetTrackingScalingPolicyConfiguration"] if found else None


def executed(loop, machine, given=None):
    """Run a state machine once, as its schedule does; it must succeed."""
    arn = loop.sfn.start_execution(stateMachineArn=machine, input=json.dumps(given or {}))["executionArn"]
    status = loop.aws.wait_until(lambda: (found := loop.sfn.describe_execution(executionArn=arn)["status"]) != "RUNNING"
                                 and found, what="the execution to end")
    assert status == "SUCCEEDED", loop.sfn.get_execution_history(executionArn=arn, reverseOrder=True)["events"][:3]


def kept(loop, what):
    """Wait until an event that holds `what` is kept; its record and the notice of it."""
    def find():
        for key in (one for one in loop.keys("ledger/_unrouted/") if "/objects/" not in one):
            record = loop.read(key)
            if what in str(record["event"]):
                return key, record
        return None
    key, record = loop.aws.wait_until(find, what="the event to be kept")
    # Objects that no pipeline takes are told once for each first part of their keys.
    told = re.match(r"no pipeline takes s3://[^/]+/[^/]+/", record["reason"])
    told = told[0] if told else f"{record['reason']} The event is kept."
    notice = loop.aws.wait_until(lambda: next((n for n in loop.notices() if f"\nWhy: {told}" in n["Message"]), None),
                                 what="the notice")
    assert notice["Subject"] == "Pawl: an event started nothing"
    return record
