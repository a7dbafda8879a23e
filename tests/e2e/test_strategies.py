"""Each way of moving traffic that pipeline.yaml names reaches SageMaker, and ends with the new model in service."""
import contextlib

import pytest
from disturb import back_at_rest
from runs import arrive, ended, month, scaled, serves

from loop import Traffic
from loop.story import requests

WAYS = {
    "linear": ({"linear": {"percent": 50, "wait": "2s"}},
               lambda asked: asked["BlueGreenUpdatePolicy"]["TrafficRoutingConfiguration"]["Type"] == "LINEAR"),
    "rolling": ({"rolling": {"percent": 50, "wait": "2s"}},
                lambda asked: asked["RollingUpdatePolicy"]["MaximumBatchSize"]["Type"] == "CAPACITY_PERCENT"),
    "blue-green": ({"blue_green": {"bake": "2s"}},
                   lambda asked: asked["BlueGreenUpdatePolicy"]["TrafficRoutingConfiguration"]["Type"] == "ALL_AT_ONCE"),
}


@pytest.fixture(scope="module")
def released(pipeline):
    """A pipeline for each way, side by side: the first model makes the endpoint, the second one updates it."""
    loops = {}
    for name, (strategy, _) in WAYS.items():
        poor = {"train": {"hyperparameters": {"rounds": 1, "learning_rate": 0.05}},
                "release": {"strategy": strategy, "alarms": {"requests_per_period": 1}}}
        loops[name] = pipeline(name, poor)
        loops[name].put_pipeline()
        arrive(loops[name], "2011-05", "2011-06")
    with contextlib.ExitStack() as clients:
        for loop in loops.values():
            clients.enter_context(Traffic(loop.aws, loop.model, requests(month("2011-06")), rate=2))
        yield loops


@pytest.mark.parametrize("name", WAYS)
def test_a_better_model_goes_live_by_this_way(released, name):
    loop, (_, moved) = released[name], WAYS[name]
    ended(loop, 1, "promoted", "healthy")
    loop.put_pipeline({"train": {"hyperparameters": {"rounds": 40, "learning_rate": 0.2}}})
    arrive(loop, "2011-07")
    ended(loop, 2, "promoted", "healthy")
    release = serves(loop, 2)
    # Too little traffic is watched from the promotion on: before, a fleet that starts would trip it.
    watched = loop.aws.client("cloudwatch").describe_alarms(AlarmNames=release["current"]["alarms"])["MetricAlarms"]
    assert {one["MetricName"] for one in watched} == {"Invocation5XXErrors", "ModelLatency", "Invocations"}
    asked = loop.sagemaker.describe_endpoint(EndpointName=loop.model)["LastDeploymentConfig"]
    assert moved(asked), asked


def test_what_an_endpoint_cannot_do_is_refused_before_anything_is_trained(pipeline):
    loop = pipeline("alone", {"serve": {"instance_count": 1}, "release": {"strategy": {"rolling": {"percent": 50, "wait": "2s"}}}})
    loop.put_pipeline()
    loop.put_object("alone/2011-05.csv", month("2011-05"))
    notice = loop.aws.wait_until(lambda: next((n for n in loop.notices() if "serve.instance_count is 1" in n["Message"]), None),
                                 what="the refusal")
    assert "at least 2 instances" in notice["Message"]


def test_autoscaling_is_kept_through_a_new_instance_type_and_back_and_garbage_goes(pipeline):
    poor = {"hyperparameters": {"rounds": 1, "learning_rate": 0.05}}
    loop = pipeline("scaled", {"train": poor, "serve": {"autoscaling": {"most": 4}},
                               "release": {"strategy": "all_at_once", "keep_unused": "0s"}})
    loop.put_pipeline()
    arrive(loop, "2011-05", "2011-06")
    with Traffic(loop.aws, loop.model, requests(month("2011-06")), rate=2):
        ended(loop, 1, "promoted", "healthy")
        policy = loop.aws.wait_until(lambda: scaled(loop), what="autoscaling to be on")
        assert (policy["TargetValue"], policy["ScaleOutCooldown"], policy["ScaleInCooldown"]) == (1000.0, 300, 600)

        # SageMaker refuses another instance type while the variant is registered, on the way there and on the way back.
        strong = {"train": {"hyperparameters": {"rounds": 40, "learning_rate": 0.2}}, "serve": {"instance_type": "ml.c5.large"}}
        loop.put_pipeline(strong)
        arrive(loop, "2011-07")
        ended(loop, 2, "promoted", "healthy")
        second = loop.serving()
        loop.aws.wait_until(lambda: scaled(loop), what="autoscaling to be on again")
        loop.pawl("rollback", loop.model, "--why", "the tests want the way back")
        back_at_rest(loop, "cool_down")
        serves(loop, 1)
        loop.aws.wait_until(lambda: scaled(loop), what="autoscaling to be on once more")

    def configs():
        return [found["EndpointConfigName"] for found in
                loop.sagemaker.list_endpoint_configs(NameContains="scaled-")["EndpointConfigs"]]
    loop.aws.wait_until(lambda: configs() == [loop.serving()], what="the rolled back config to go")
    models = loop.aws.wait_until(lambda: (found := loop.sagemaker.list_models(NameContains="scaled-")["Models"]) and
                                 len(found) == 1 and found, what="its model to go")
    assert models[0]["ModelName"] == loop.serving()
    alarms = loop.aws.client("cloudwatch").describe_alarms(AlarmNamePrefix=f"pawl-{second}-")["MetricAlarms"]
    assert alarms == []
