"""The stack watches itself: what stands still or fails behind the scenes reaches people, once."""
import json
import time

import pytest

FUNCTIONS = ("NewDataTrigger", "DataValidator", "DriftChecker", "EvaluationGate", "RollbackHandler")
MACHINES = ("Retraining", "Monitoring", "Approval", "Round", "Upkeep", "Regions")


def alarm(standin, resource):
    name = standin.aws.resources[resource]
    return standin.aws.client("cloudwatch").describe_alarms(AlarmNames=[name])["MetricAlarms"][0]


def told(standin, resource):
    """The notices about this alarm, oldest first: the state that each tells."""
    name = standin.aws.resources[resource]
    return [one["Subject"].split(":")[0] for one in standin.notices() if f'"{name}"' in one["Subject"]]


def reaches_people(standin, resource):
    standin.aws.wait_until(lambda: told(standin, resource), what=f"the notice of {resource}")
    assert told(standin, resource) == ["ALARM"]


def publish(standin, namespace, name, dimensions, values, period):
    """One value in each of the latest periods, the running one included; the oldest first, as time goes by."""
    data = [{"MetricName": name, "Dimensions": [{"Name": key, "Value": value} for key, value in dimensions.items()],
             "Timestamp": time.time() - period * back, "Value": value} for back, value in reversed([*enumerate(values)])]
    standin.aws.client("cloudwatch").put_metric_data(Namespace=namespace, MetricData=data)


def test_every_function_and_every_machine_is_watched_and_nothing_rings_without_a_cause(standin):
    for resource in [f"{name}Troubled" for name in FUNCTIONS] + [f"{name}Ended" for name in MACHINES]:
        found = alarm(standin, resource)
        assert found["AlarmActions"] == [standin.aws.outputs["Notices"]]
        watched = standin.aws.resources[resource.removesuffix("Troubled").removesuffix("Ended")]
        stats = [query["MetricStat"]["Metric"] for query in found["Metrics"] if "MetricStat" in query]
        assert {value["Value"] for stat in stats for value in stat["Dimensions"]} == {watched}
    assert alarm(standin, "RunTooOld")["StateValue"] in ("OK", "INSUFFICIENT_DATA")


def test_a_stopped_execution_is_told(standin):
    states = standin.aws.client("stepfunctions")
    # A machine that waits: an approval of a package that nobody asked about ends at once, the round too; so a retraining.
    started = states.start_execution(stateMachineArn=standin.aws.outputs["Retraining"], name="self-watch-1",
                                     input='{"model": "self-watch", "generation": 1}')
    states.stop_execution(executionArn=started["executionArn"])
    # Executions of other tests end so too: the alarm may have rung for them before.
    standin.aws.wait_until(lambda: told(standin, "RetrainingEnded"), what="the notice")


def test_errors_that_go_on_are_told_and_a_single_one_is_not(standin):
    drift, gate = (standin.aws.resources[name] for name in ("DriftChecker", "EvaluationGate"))
    publish(standin, "AWS/Lambda", "Errors", {"FunctionName": gate}, [1], 300)
    publish(standin, "AWS/Lambda", "Errors", {"FunctionName": drift}, [1, 2, 1], 300)
    reaches_people(standin, "DriftCheckerTroubled")
    assert alarm(standin, "EvaluationGateTroubled")["StateValue"] == "OK"


@pytest.mark.parametrize(("name", "limit"), [("DataValidator", 900_000), ("RollbackHandler", 45_000)])
def test_a_function_near_its_time_limit_is_told(standin, name, limit):
    publish(standin, "AWS/Lambda", "Duration", {"FunctionName": standin.aws.resources[name]}, [0.95 * limit] * 3, 300)
    reaches_people(standin, f"{name}Troubled")


def test_a_schedule_that_does_not_fire_is_told(standin):
    machine = {"StateMachineArn": standin.aws.resources["Round"]}
    publish(standin, "AWS/States", "ExecutionsStarted", machine, [11, 12, 12], 3600)
    reaches_people(standin, "RoundMissing")


def test_the_round_measures_the_age_of_the_open_run(standin, pipeline):
    loop = pipeline("age", {"settle": {"marker": "_SUCCESS"}})
    loop.put_pipeline()
    loop.aws.wait_until(lambda: loop.training() and loop.training()["open"], what="a run that waits for its marker")
    given = json.dumps({"function": lambda_arn(standin, "NewDataTrigger")})
    standin.aws.client("stepfunctions").start_execution(stateMachineArn=standin.aws.resources["Round"], input=given)
    cloudwatch = standin.aws.client("cloudwatch")
    found = standin.aws.wait_until(lambda: cloudwatch.list_metrics(Namespace="Pawl", MetricName="OpenRunAge")["Metrics"],
                                   what="the age")
    assert [one["Dimensions"] for one in found] == [[{"Name": "Stack", "Value": "pawl"}]]


def lambda_arn(standin, name):
    function = standin.aws.client("lambda").get_function(FunctionName=standin.aws.resources[name])
    return function["Configuration"]["FunctionArn"]


def test_a_run_that_is_open_too_long_is_told(standin):
    publish(standin, "Pawl", "OpenRunAge", {"Stack": "pawl"}, [15 * 86_400], 3600)
    reaches_people(standin, "RunTooOld")
