"""What production meets at bad moments: many alarms, an alarm while an update runs, updates that are lost or break the
endpoint, a way back that is gone or forbidden, events that come late or never. It never ends worse than it was."""
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from disturb import look_again, undisturbed
from played import alarm, deploying, later, operator, status, watched

SLOWLY = {"DeploymentConfig": {"BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": {
    "Type": "CANARY", "CanarySize": {"Type": "CAPACITY_PERCENT", "Value": 50}, "WaitIntervalInSeconds": 10}}}}


def handle(loop, event):
    """Hand an event to the function that guards the releases; what it answers."""
    return undisturbed(loop, loop.aws.resources["RollbackHandler"], event)


def fires(loop, name="errors", at=None):
    config = (loop.release()["state"].get("candidate") or loop.release()["current"])["config"]
    return alarm(loop, f"pawl-{config}-{name}", at or time.time(), config=config)


def at_rest(loop):
    """Let time pass until nothing is under way; the release."""
    def rests():
        later(loop, leases=False)
        observe = {"step": "observe", "model": loop.model, "generation": 1, "config": loop.release()["current"]["config"]}
        undisturbed(loop, loop.aws.resources["RollbackHandler"], observe)
        release = loop.release()
        return not release["pending"] and release["state"]["name"] not in ("rolling_back", "deploying") and release
    return loop.aws.wait_until(rests, what="the release to be at rest")


def updates(loop):
    """The updates of the endpoint that Pawl asked for and SageMaker took."""
    return [call for call in loop.aws.calls() if call["operation"] == "UpdateEndpoint" and call["status"] == 200
            and f'"EndpointName":"{loop.model}"' in call["body"]]


def went_back(loop, cause="alarm"):
    """The first config serves again, and everything about the second is written down once."""
    release = at_rest(loop)
    assert release["state"]["name"] == "cool_down"
    assert release["current"]["generation"] == 1 and loop.serving() == release["current"]["config"]
    assert [(one["generation"], one["cause"]["code"]) for one in release["rollbacks"]] == [(2, cause)]
    assert rules(loop).count("roll_back") == 1
    assert loop.sagemaker.describe_model_package(ModelPackageName=release["rejected"][0])["ModelApprovalStatus"] == "Rejected"
    return release


def rules(loop):
    return [loop.read(key)["rule"] for key in loop.keys(f"ledger/{loop.model}/history/0")]


def pages(loop):
    return [notice["Message"] for notice in loop.notices() if notice["Subject"].startswith(f"Pawl: needs a person: {loop.model}: ")]


def test_ten_alarms_at_once_are_one_rollback(stage):
    loop = watched(stage, "ten-alarms")
    now = time.time()
    events = [fires(loop, name, now + number) for number, name in enumerate(("errors", "latency", "drift", "quality", "few"))]
    loop.aws.delay_call("UpdateEndpoint", 5, match=loop.model)  # all of them come while it goes back
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda event: handle(loop, event), events * 2))
    assert all(answer["answers"] for answer in answers)
    release = went_back(loop)
    assert len(updates(loop)) == 1
    # Every alarm is accounted for, and its copy is nothing new.
    assert {arn.rpartition("-")[2] for arn in release["alarms"] if "-2-" in arn} >= {"errors", "latency", "drift", "quality",
                                                                                   "few"}
    history = [loop.read(key) for key in loop.keys("ledger/ten-alarms/history/0")]
    told = [one["rule"] for one in history if one["event"] == "alarm" and one["generation"] == 2]
    assert sorted(told) == ["already_rolling_back"] * 3 + ["logged", "roll_back"], "inputs that moved show no harm"


def test_an_alarm_while_the_update_runs_waits_for_its_end(stage):
    loop = deploying(stage, "mid-update", deployment=SLOWLY)
    assert status(loop) == "Updating"
    handle(loop, fires(loop))
    assert loop.release()["state"]["intent"]["code"] == "alarm" and status(loop) == "Updating"
    assert updates(loop) == []
    loop.aws.wait_until(lambda: status(loop) == "InService", what="the update")
    went_back(loop)
    assert len(updates(loop)) == 1


def test_a_rollback_that_is_lost_is_asked_for_once_more(stage):
    loop = watched(stage, "lost-once")
    loop.aws.lose_update(loop.model)
    handle(loop, fires(loop))
    went_back(loop)
    assert len(updates(loop)) == 2


def test_a_rollback_that_is_lost_twice_asks_a_person(stage):
    loop = watched(stage, "lost-twice")
    loop.aws.lose_update(loop.model, times=2)
    handle(loop, fires(loop))
    release = at_rest(loop)
    assert len(updates(loop)) == 2 and release["freeze"]["why"] == "the rollback was lost twice"
    assert any("lost twice" in page for page in pages(loop))
    # A person's word tries again.
    handle(loop, operator(loop, "rollback", "once more"))
    release = at_rest(loop)
    assert release["current"]["generation"] == 1 and loop.serving() == release["current"]["config"]


@pytest.mark.parametrize("fallback", [None, "safe-harbour"])
def test_a_rollback_whose_target_is_gone(stage, fallback):
    loop = watched(stage, f"gone-{fallback or 'alone'}", {"release": {"fallback": fallback}} if fallback else None)
    first, second = loop.release()["good"][0]["config"], loop.serving()
    if fallback:
        variants = stage.config["ProductionVariants"]
        loop.sagemaker.create_endpoint_config(EndpointConfigName=fallback, ProductionVariants=variants)
    loop.sagemaker.delete_endpoint_config(EndpointConfigName=first)
    handle(loop, fires(loop))
    release = at_rest(loop)
    assert any(f"{first} could not be brought back" in page for page in pages(loop))
    assert loop.serving() == (fallback or second)
    assert release["state"]["name"] == ("cool_down" if fallback else "stable")
    assert bool(release["freeze"]) == (not fallback)


def test_an_update_that_breaks_the_endpoint_is_undone(stage):
    loop = deploying(stage, "broken", container=stage.container | {"Environment": {"SAGEMAKER_PROGRAM": "x"},
                                                                  "ModelDataUrl": "s3://pawl-evidence/models/no/model.tar.gz"})
    release = went_back(loop, "endpoint_failed")
    assert status(loop) == "InService" and not release["freeze"]
    # Whoever serves may not list, so S3 does not say whether the archive is there.
    loop.aws.forget_refusals("/SageMaker s3:ListBucket arn:aws:s3:::pawl-evidence")


# What a rollback needs, refused for good: what serves in the end, and whether a person is asked.
REFUSED = {
    "UpdateEndpoint": ("{}", 2), "InvokeEndpoint": ("{}", 1), "UpdateModelPackage": ("{}", 1), "Publish": ("{}", 1),
    "PutObject": ("/pawl-evidence/quarantine/{}/", 1),
}


@pytest.mark.parametrize("operation", REFUSED)
def test_what_is_refused_in_a_rollback_holds_nothing_else_up(stage, operation):
    loop = watched(stage, f"refused-{operation.lower()}")
    match, serving = REFUSED[operation]
    loop.aws.fail_call(operation, times=1000, error="AccessDenied", status=403, message="refused by the test",
                       match=match.format(loop.model), function=loop.aws.resources["RollbackHandler"])
    handle(loop, fires(loop))
    release = at_rest(loop)
    loop.aws.clear_faults(loop.model)
    assert release["current"]["generation"] == serving and loop.serving() == release["current"]["config"]
    assert [one["generation"] for one in release["rollbacks"]] == [2] and release["rejected"]
    # The test lets hours pass while the endpoint is updated, and an endpoint that hangs is paged.
    asked = [page for page in pages(loop) if "has been on its way" not in page]
    assert bool(asked) == (operation != "Publish")
    if operation == "UpdateEndpoint":
        # A right that was missing is no reason to forget where to go back to.
        handle(loop, operator(loop, "rollback", "the right is there again"))
        assert at_rest(loop)["current"]["generation"] == 1 and loop.serving() == loop.release()["current"]["config"]


def test_an_endpoint_that_is_gone_is_made_anew_at_a_persons_word(stage):
    loop = watched(stage, "gone-for-good")
    loop.sagemaker.delete_endpoint(EndpointName=loop.model)
    handle(loop, operator(loop, "rollback", "somebody deleted it"))
    went_back(loop, "operator")
    assert status(loop) == "InService"


def test_an_alarm_whose_event_is_lost_is_found_by_the_round(stage):
    loop = watched(stage, "unheard")
    name = loop.release()["current"]["alarms"][0]
    cloudwatch = loop.aws.client("cloudwatch")
    cloudwatch.put_metric_alarm(AlarmName=name, Namespace="Unheard", MetricName="Errors", Statistic="Sum", Period=60,
                                EvaluationPeriods=1, Threshold=1, ComparisonOperator="GreaterThanThreshold")
    time.sleep(1)
    loop.aws.fail_function(loop.aws.resources["RollbackHandler"], "Runtime.ExitError", "lost", times=3)
    letters = loop.dead_letters()
    cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="by the test")
    loop.aws.wait_until(lambda: loop.dead_letters() > letters, what="the event to be given up")
    assert loop.release()["state"]["name"] == "watching"
    look_again(loop, "RollbackHandler")
    went_back(loop)
