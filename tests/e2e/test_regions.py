"""A model that was promoted at home goes to further regions, one after another, each with its own watch; a failure stops it
there, and what home takes back goes back everywhere."""
import contextlib
import re
import json
import time

import pytest
from disturb import back_at_rest, go_round, look_again
from played import LONG_AGO
from runs import arrive, ended, month, scaled, serves

from loop import BUCKET, Traffic
from loop.loop import merged
from loop.story import requests
from loop.traffic import HOME

FIRST, SECOND = "eu-west-1", "us-west-2"
NO_PAUSE = {"first": "1s", "second": "1s", "further": "1s"}


def regions(model):
    return [{"name": name, "bucket": f"{model}-{name}", "image": "bike-demand"} for name in (FIRST, SECOND)]


# Each model is better than the one before.
MODELS = [{"rounds": 1, "learning_rate": 0.05, "leaves": 2}, {"rounds": 8, "leaves": 2}, {"rounds": 60}]


# What each pipeline's regions are like, who calls it, and what it asks for.
PIPELINES = {
    "abroad": (regions("abroad"), ({}, {"region": FIRST}, {"region": SECOND}), {}),
    # Nobody calls the region, so a person must decide there; and the second one is where the stack is, which an image without a
    # registry does not tell beforehand.
    "quiet": ([regions("quiet")[0], regions("quiet")[1] | {"name": HOME}], ({},),
              {"release": {"patience": "20s"}, "train": {"image": "bike-demand"}}),
    # Every effect of the wave is disturbed.
    "rough": (regions("rough")[:1], ({}, {"region": FIRST}), {}),
    # The bucket lies at home.
    "astray": (regions("astray")[:1], ({},), {}),
    # What nothing needs goes at once.
    "stretched": (regions("stretched")[:1], ({}, {"region": FIRST}),
                  {"serve": {"autoscaling": {"most": 4}}, "release": {"strategy": "all_at_once", "keep_unused": "0s"}}),
}
# The effects of a wave, by the function that has them.
EFFECTS = [("DataValidator", "PutObject")] + [("RollbackHandler", "Create" + what) for what in (
    "ModelPackageGroup", "ModelPackage", "Model", "EndpointConfig", "Endpoint")]
# What passes while the upkeep is at work, at home or in the region.
PASSING = {"PutScalingPolicy": "ConcurrentUpdateException", "ListModels": "ThrottlingException"}


@pytest.fixture(scope="module")
def loops(pipeline):
    """The pipelines, side by side: each has had its first data."""
    rows, made = requests(month("2011-06")), {}
    with contextlib.ExitStack() as stack:
        for name, (listed, clients, asked) in PIPELINES.items():
            release = {"regions": listed, "cool_downs": NO_PAUSE, "decision": "20m"}
            loop = made[name] = pipeline(name, merged({"release": release}, asked))
            for one in listed:
                region = HOME if name == "astray" else one["name"]
                away = {} if region == HOME else {"CreateBucketConfiguration": {"LocationConstraint": region}}
                loop.aws.client("s3", region).create_bucket(Bucket=one["bucket"], **away)
            for where in clients:
                stack.enter_context(Traffic(loop.aws, name, rows, rate=2, **where))
        for function, operation in EFFECTS:
            match = "/rough-eu-west-1/" if operation == "PutObject" else "rough"
            loop.aws.kill_function(loop.aws.resources[function], operation, "after", match=match)
        for operation, error in PASSING.items():
            loop.aws.fail_call(operation, error=error, status=400, match="stretched")
        for loop in made.values():
            train(loop, 1, "2011-05", "2011-06")
        yield made


@pytest.fixture
def abroad(loops):
    """Two further regions, and clients at home and in both."""
    return loops["abroad"]


def wave(loop):
    return loop.read(f"ledger/{loop.model}/wave.json") or {"generation": 0, "told": False}


def over(loop, generation):
    """Wait until the wave of this run is over and told; {region: stage}, and why it was stopped."""
    found = loop.aws.wait_until(lambda: (it := wave(loop))["generation"] == generation and it["told"] and it,
                                what=f"the wave of run {generation}")
    return {stop["region"]["name"]: stop["stage"] for stop in found["stops"]}, found["stopped"]


def release(loop, region):
    return loop.read(f"ledger/{loop.model}/regions/{region}/release.json")


def watching(loop, region, generation):
    def begun():
        found = release(loop, region)
        return found and found["state"]["name"] == "watching" and found["current"]["generation"] == generation and found
    return loop.aws.wait_until(begun, what=f"the watch in {region}")


def serves_there(loop, region, generation):
    """What the region's record says is what its endpoint does."""
    current = release(loop, region)["current"]
    found = loop.aws.client("sagemaker", region).describe_endpoint(EndpointName=loop.model)
    assert current["generation"] == generation, current
    assert (found["EndpointStatus"], found["EndpointConfigName"]) == ("InService", current["config"])
    return current


def told(loop, run, how):
    subject = f"Pawl: {loop.model} run {run} {how} in further regions"
    messages = [notice["Message"] for notice in loop.notices() if notice["Subject"] == subject]
    return [re.search(r"^Why: (.*)$", message, re.MULTILINE)[1] for message in messages]


def train(loop, run, *months):
    """More data and a stronger training: the next run's model."""
    loop.put_pipeline({"train": {"hyperparameters": MODELS[run - 1]}})
    arrive(loop, *months)


def test_a_promoted_model_goes_to_each_region_in_turn(abroad):
    loop = abroad
    # The home run ends before its wave, and holds no lock for it.
    ended(loop, 1, "promoted", "healthy")
    assert over(loop, 1) == ({FIRST: "promoted", SECOND: "promoted"}, None)
    home = serves(loop, 1)["current"]
    for one in regions(loop.model):
        name, bucket = one["name"], one["bucket"]
        there = serves_there(loop, name, 1)
        assert there["config"] == home["config"]
        sagemaker = loop.aws.client("sagemaker", name)
        archive = f"s3://{bucket}/models/abroad/{home['model']}/model.tar.gz"
        assert sagemaker.describe_model(ModelName=there["model"])["PrimaryContainer"]["ModelDataUrl"] == archive
        copied = loop.aws.client("s3", name).get_object(Bucket=bucket, Key=archive.split("/", 3)[3])["Body"].read()
        at_home = loop.sagemaker.describe_model(ModelName=home["model"])["PrimaryContainer"]["ModelDataUrl"]
        _, _, home_bucket, key = at_home.split("/", 3)
        assert copied == loop.s3.get_object(Bucket=home_bucket, Key=key)["Body"].read()
        package, = sagemaker.list_model_packages(ModelPackageGroupName=loop.model)["ModelPackageSummaryList"]
        assert there["package"] == package["ModelPackageArn"] and f":{name}:" in there["package"]
        described = sagemaker.describe_model_package(ModelPackageName=there["package"])
        assert described["ModelApprovalStatus"] == "Approved"
        assert described["CustomerMetadataProperties"] == {"pawl.generation": "1", "pawl.package": home["package"]}
        assert loop.read(f"runs/abroad/000001/regions/{name}.json")["outcome"] == "promoted"
    # The second region began when the first one's watch was over.
    begun = {name: loop.read(f"ledger/abroad/regions/{name}/history/00000001.json")["at"] for name in (FIRST, SECOND)}
    assert loop.read(f"runs/abroad/000001/regions/{FIRST}.json")["at"] <= begun[SECOND]
    assert told(loop, 1, "promoted") == [f"Promoted in {FIRST}, {SECOND}."]
    status = loop.pawl("status", loop.model)["regions"]
    assert [(one["region"], one["serving"]["generation"]) for one in status["releases"]] == [(FIRST, 1), (SECOND, 1)]


def test_a_model_that_fails_in_one_region_goes_to_no_further_one(abroad):
    loop = abroad
    loop.aws.wait_until(lambda: wave(loop)["told"], what="the first wave")
    train(loop, 2, "2011-07")
    ended(loop, 2, "promoted", "healthy")
    alarm = watching(loop, FIRST, 2)["current"]["alarms"][0]
    cloudwatch = loop.aws.client("cloudwatch", FIRST)
    cloudwatch.set_alarm_state(AlarmName=alarm, StateValue="ALARM", StateReason="by the test")
    stages, reason = over(loop, 2)
    assert stages == {FIRST: "failed", SECOND: "waiting"}
    assert reason.startswith(f"{FIRST}: Rolled back: alarm {alarm}. "), reason
    serves_there(loop, FIRST, 1)
    serves_there(loop, SECOND, 1)
    assert release(loop, SECOND)["generation"] == 1, "it was never asked"
    rejected = release(loop, FIRST)["rejected"]
    status = loop.aws.client("sagemaker", FIRST).describe_model_package(ModelPackageName=rejected[0])["ModelApprovalStatus"]
    assert status == "Rejected"
    assert told(loop, 2, "stopped") == [f"Stopped before any further region was promoted. {reason}"]
    # Home knows nothing of it.
    home = serves(loop, 2)
    assert (home["rollbacks"], home["rejected"], home["quarantined"]) == ([], [], [])
    assert loop.evidence(2, "release.json")["outcome"] == "promoted"
    assert loop.keys("quarantine/abroad/datasets/") == []


def test_what_home_takes_back_goes_back_everywhere(abroad):
    loop = abroad
    loop.aws.wait_until(lambda: (it := wave(loop))["generation"] == 2 and it["told"], what="the second wave")
    train(loop, 3, "2011-08")
    ended(loop, 3, "promoted", "healthy")
    watching(loop, FIRST, 3)
    # A lock at home lets no further region begin; the one under way comes to its rest.
    loop.pawl("freeze", loop.model, "--why", "holidays")
    stages, stopped = over(loop, 3)
    assert stages == {FIRST: "promoted", SECOND: "waiting"}
    assert re.fullmatch(r"home is frozen by the-tests \(AROA\w+\): holidays", stopped)
    serves_there(loop, FIRST, 3)
    serves_there(loop, SECOND, 1)

    loop.pawl("rollback", loop.model, "--why", "wrong since noon")
    back_at_rest(loop, "cool_down", "stable")
    serves(loop, 2)

    def followed():
        go_round(loop, "RollbackHandler")
        found = release(loop, FIRST)
        return len(found["rollbacks"]) == 2 and not found["pending"] and found["state"]["name"] != "rolling_back" and found
    there = loop.aws.wait_until(followed, what="the region to follow")
    assert [one["cause"]["code"] for one in there["rollbacks"]] == ["alarm", "operator"]
    assert there["rollbacks"][1]["cause"]["why"] == f"{there['revoked_configs'][-1]} was taken back at home"
    serves_there(loop, FIRST, 1)
    serves_there(loop, SECOND, 1)
    # Two rollbacks within a day lock the region too; a person lifts it there.
    assert there["freeze"] is not None
    assert loop.pawl("unfreeze", loop.model, "--region", FIRST, "--why", "understood")["audit"]["rule"] == "unfrozen"
    assert release(loop, FIRST)["freeze"] is None and loop.release()["freeze"]["why"] == "holidays"


def test_regions_that_cannot_work_are_refused_before_anything_is_trained(pipeline):
    twice = [region | {"bucket": f"b{number}"} for number, region in enumerate(regions("nowhere")[:1] * 2)]
    loop = pipeline("nowhere", {"release": {"regions": twice}})
    loop.put_pipeline()
    loop.put_object("nowhere/2011-05.csv", month("2011-05"))
    wanted = f"release.regions: {FIRST} is named twice"
    notice = loop.aws.wait_until(lambda: next((n for n in loop.notices() if wanted in n["Message"]), None), what="the refusal")
    assert "name it once" in notice["Message"]
    assert loop.training()["generation"] == 0


def test_a_wave_whose_every_effect_is_disturbed_ends_as_any_other(loops):
    loop = loops["rough"]
    ended(loop, 1, "promoted", "healthy")
    assert over(loop, 1) == ({FIRST: "promoted"}, None)
    left = [fault for fault in loop.aws.pending_faults() if "rough" in fault["match"]]
    assert left == []
    there = serves_there(loop, FIRST, 1)
    packages = loop.aws.client("sagemaker", FIRST).list_model_packages(ModelPackageGroupName="rough")
    assert [one["ModelPackageArn"] for one in packages["ModelPackageSummaryList"]] == [there["package"]]
    assert len(told(loop, 1, "promoted")) == 1

    # An execution that was lost before its last step: the round gives the order again.
    lost = wave(loop) | {"told": False, "turned_at": LONG_AGO}
    loop.s3.put_object(Bucket=BUCKET, Key="ledger/rough/wave.json", Body=json.dumps(lost).encode())
    look_again(loop, "RollbackHandler")
    over(loop, 1)
    assert len(told(loop, 1, "promoted")) == 2


def test_a_newer_model_waits_until_the_region_is_at_rest(loops):
    loop = loops["quiet"]
    ended(loop, 1, "promoted", "healthy")

    def asked():
        found = release(loop, FIRST)
        return found and found["state"].get("decide_by") and found["current"]["generation"]
    loop.aws.wait_until(lambda: asked() == 1, what="a person to be asked in the region")
    assert any(notice["Subject"].startswith(f"Pawl: needs a person: quiet in {FIRST}: ") for notice in loop.notices())
    train(loop, 2, "2011-07")
    ended(loop, 2, "promoted", "healthy")
    loop.aws.wait_until(lambda: (it := wave(loop))["generation"] == 2 and it["stops"][0]["stage"] == "deploying",
                        what="the newer wave")
    assert asked() == 1, "the older model is still under way there"
    for run in (1, 2):
        loop.aws.wait_until(lambda: asked() == run, what=f"a person to be asked about run {run}")
        assert loop.pawl("force", "quiet", "--region", FIRST, "--why", "seen to work")["audit"]["rule"] == "forced"
    reason = f"{HOME}: {HOME} is home: name further regions only"
    assert over(loop, 2) == ({FIRST: "promoted", HOME: "failed"}, reason)
    serves_there(loop, FIRST, 2)
    assert [good["generation"] for good in release(loop, FIRST)["good"]] == [2, 1]


def test_scaling_is_kept_and_garbage_collected_in_the_region_too(loops):
    loop = loops["stretched"]
    sagemaker = loop.aws.client("sagemaker", FIRST)

    def made(client):
        """The endpoint configs and the models there."""
        configs = client.list_endpoint_configs(NameContains="stretched-")["EndpointConfigs"]
        models = client.list_models(NameContains="stretched-")["Models"]
        return {one["EndpointConfigName"] for one in configs}, {one["ModelName"] for one in models}

    def scales(generation):
        policy = loop.aws.wait_until(lambda: scaled(loop, FIRST), what=f"run {generation} to be scaled in the region")
        assert (policy["TargetValue"], policy["ScaleOutCooldown"], policy["ScaleInCooldown"]) == (1000.0, 300, 600)
        asked = loop.read(f"upkeep/stretched/{FIRST}.json")
        assert (asked["region"], asked["scaling"]["target"]["MinCapacity"]) == (FIRST, 2)
        return serves_there(loop, FIRST, generation)["config"]
    ended(loop, 1, "promoted", "healthy")
    assert over(loop, 1) == ({FIRST: "promoted"}, None)
    first = scales(1)
    assert [fault for fault in loop.aws.pending_faults() if fault["match"] == "stretched"] == []

    # SageMaker refuses another instance type while the variant is registered, there as at home.
    loop.put_pipeline({"train": {"hyperparameters": MODELS[1]}, "serve": {"instance_type": "ml.c5.large"}})
    arrive(loop, "2011-07")
    ended(loop, 2, "promoted", "healthy")
    assert over(loop, 2) == ({FIRST: "promoted"}, None)
    second = scales(2)
    assert made(sagemaker) == ({first, second}, {first, second}), "the first one could be gone back to"

    # The way back leads to the first instance type. What was taken out goes with its alarms.
    loop.pawl("rollback", loop.model, "--region", FIRST, "--why", "the tests want the way back")

    def gone():
        look_again(loop, "RollbackHandler", region=FIRST)
        return made(sagemaker) == ({first}, {first})
    loop.aws.wait_until(gone, what="the rolled back config to go")
    assert scales(1) == first
    cloudwatch = loop.aws.client("cloudwatch", FIRST)
    assert cloudwatch.describe_alarms(AlarmNamePrefix=f"pawl-{second}-")["MetricAlarms"] == []
    assert cloudwatch.describe_alarms(AlarmNamePrefix=f"pawl-{first}-")["MetricAlarms"]
    # Home keeps what it needs itself, and every package.
    both = {serves(loop, 2)["current"]["config"], loop.release()["good"][1]["config"]}
    assert made(loop.sagemaker) == (both, both) and scaled(loop)
    for client in (sagemaker, loop.sagemaker):
        assert len(client.list_model_packages(ModelPackageGroupName="stretched")["ModelPackageSummaryList"]) == 2


def test_a_region_that_cannot_be_looked_at_holds_up_no_other(abroad):
    loop = abroad
    loop.aws.wait_until(lambda: wave(loop)["told"], what="a wave")
    record = "abroad/regions/{}/release.json"
    # The call dies there, and so does its second try.
    loop.aws.kill_function(loop.aws.resources["RollbackHandler"], "GetObject", match=record.format(FIRST), times=2)
    begun = time.time()
    go_round(loop, "RollbackHandler")
    read = [call["path"] for call in loop.aws.calls() if call["at"] >= begun and call["operation"] == "GetObject"]
    assert sum(record.format(FIRST) in path for path in read) == 2 and any(record.format(SECOND) in path for path in read)
    queue = {"QueueUrl": loop.aws.resources["DeadLetters"], "MaxNumberOfMessages": 10, "VisibilityTimeout": 0}
    letters = [json.loads(one["Body"]) for one in loop.aws.client("sqs").receive_message(**queue).get("Messages", [])]
    kept, = [letter for letter in letters if letter.get("pipeline") == "pipelines/abroad/pipeline.yaml"]
    assert (kept["function"], kept["region"]) == (loop.aws.resources["RollbackHandler"], FIRST) and kept["reason"]


def test_a_bucket_that_lies_elsewhere_stops_the_wave_and_nothing_else(loops):
    loop = loops["astray"]
    ended(loop, 1, "promoted", "healthy")
    stages, reason = over(loop, 1)
    assert stages == {FIRST: "failed"} and "s3://astray-eu-west-1/" in reason, reason
    serves(loop, 1)
    assert release(loop, FIRST) is None
