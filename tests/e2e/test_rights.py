"""What nobody may do, tried with the very rights of the stack: docs/security.md says what each stands for."""
import json
import time

import pytest
from botocore.exceptions import ClientError

from loop.loop import BUCKET

# (role, what it may write, what it must not)
JUDGED = [
    ("TrainingRole", "runs/{model}/000001/artifact/{model}-1/output/model.tar.gz", [
        "ledger/{model}/release.json", "ledger/{model}/dataset.json", "ledger/{model}/history/000001.json",
        "pipelines/{model}/pipeline.yaml", "pipelines/other/pipeline.yaml", "models/{model}/{model}-1/model.tar.gz",
        "models/other/other-1/model.tar.gz", "runs/{model}/000001/judgement.json", "runs/{model}/000001/scores/champion/rows.out",
        "runs/{model}/000001/holdout.manifest", "runs/{model}/000001/train.manifest", "accepted/{model}/part.jsonl",
        "profiles/{model}/part.json", "capture/{model}/forged.jsonl", "truth/{model}/forged.jsonl"]),
    ("ScoringRole", "runs/{model}/000001/scores/challenger/rows.out", [
        "ledger/{model}/release.json", "pipelines/{model}/pipeline.yaml", "models/{model}/{model}-1/model.tar.gz",
        "runs/{model}/000001/judgement.json", "runs/{model}/000001/artifact/x", "runs/{model}/000001/holdout.manifest",
        "accepted/{model}/part.jsonl", "truth/{model}/forged.jsonl"]),
    ("SageMakerRole", "capture/{model}/AllTraffic/2026/01/01/00/a.jsonl", [
        "ledger/{model}/release.json", "pipelines/{model}/pipeline.yaml", "models/{model}/{model}-1/model.tar.gz",
        "runs/{model}/000001/judgement.json", "runs/{model}/000001/scores/challenger/rows.out", "accepted/{model}/part.jsonl",
        "truth/{model}/forged.jsonl"]),
    # A function writes its own documents and no others'.
    ("DriftCheckerRole", "ledger/{model}/drift.json", [
        "ledger/{model}/release.json", "runs/{model}/000001/judgement.json", "pipelines/{model}/pipeline.yaml"]),
    ("EvaluationGateRole", "runs/{model}/000001/judgement.json", [
        "ledger/{model}/release.json", "ledger/{model}/dataset.json", "pipelines/{model}/pipeline.yaml",
        "runs/{model}/000001/validation.json", "models/{model}/{model}-1/model.tar.gz", "accepted/{model}/part.jsonl"]),
    ("DataValidatorRole", "ledger/{model}/dataset.json", [
        "ledger/{model}/release.json", "runs/{model}/000001/judgement.json", "pipelines/{model}/pipeline.yaml"]),
    ("RollbackHandlerRole", "ledger/{model}/release.json", [
        "runs/{model}/000001/judgement.json", "ledger/{model}/dataset.json", "pipelines/{model}/pipeline.yaml",
        "models/{model}/{model}-1/model.tar.gz"]),
    ("NewDataTriggerRole", "ledger/{model}/training.json", [
        "ledger/{model}/release.json", "runs/{model}/000001/judgement.json", "pipelines/{model}/pipeline.yaml"]),
]


@pytest.fixture(autouse=True)
def only_these_are_refused(standin):
    """What is refused here is meant to be; what was refused before is not."""
    assert not standin.aws.refusals()
    yield
    standin.aws.forget_refusals()


def refused(call, **request):
    with pytest.raises(ClientError) as raised:
        call(**request)
    code = raised.value.response["Error"]["Code"]
    assert code in ("AccessDenied", "AccessDeniedException"), raised.value
    return True


@pytest.mark.parametrize(("role", "own", "others"), JUDGED, ids=[role for role, _, _ in JUDGED])
def test_a_role_writes_what_is_its_own_and_nothing_that_judges_it(standin, role, own, others):
    model = f"rights-{role.lower()}"
    s3 = standin.aws.client("s3", session=standin.aws.session(role))
    s3.put_object(Bucket=BUCKET, Key=own.format(model=model), Body=b"its own")
    for key in others:
        assert refused(s3.put_object, Bucket=BUCKET, Key=key.format(model=model), Body=b"forged"), key
        assert refused(s3.delete_object, Bucket=BUCKET, Key=key.format(model=model)), key


@pytest.mark.parametrize("role", ["TrainingRole", "ScoringRole", "SageMakerRole"])
def test_a_container_acts_on_no_service_beside_its_data(standin, role):
    session = standin.aws.session(role)
    sagemaker = standin.aws.client("sagemaker", session=session)
    assert refused(sagemaker.delete_endpoint, EndpointName="rights")
    assert refused(sagemaker.update_model_package, ModelPackageArn="arn:aws:sagemaker:us-east-1:000000000000:model-package/rights/1",
                   ModelApprovalStatus="Approved")
    states = standin.aws.client("stepfunctions", session=session)
    assert refused(states.start_execution, stateMachineArn=standin.aws.outputs["Retraining"], input="{}")
    metrics = standin.aws.client("cloudwatch", session=session)
    for namespace in ("Pawl", "AWS/SageMaker"):
        data = [{"MetricName": "LiveQuality", "Value": 1.0}]
        assert refused(metrics.put_metric_data, Namespace=namespace, MetricData=data)


# What each kind of people may put.
PARTS = {"AuthorPolicy": "pipelines/{model}/pipeline.yaml", "ApproverPolicy": "requests/answer/{me}/{model}/1.json",
         "OperatorPolicy": "requests/{concern}/{me}/{model}/1.json"}
NOBODYS = ["ledger/{model}/release.json", "ledger/{model}/training.json", "ledger/{model}/questions/package-1.json",
           "ledger/{model}/history/000001.json", "ledger/{model}/history/note-x.json", "runs/{model}/000001/judgement.json",
           "models/{model}/{model}-1/model.tar.gz", "accepted/{model}/part.jsonl", "requests/{model}.json",
           *(f"requests/{concern}/{who}/{{model}}/1.json" for concern in ("answer", "run", "release")
             for who in ("AIDA0000000000000000", "{role}:somebody-else", "*"))]


@pytest.mark.parametrize("part", PARTS)
def test_a_person_does_their_own_part_under_their_own_name_and_no_others(standin, part):
    session = standin.aws.person(part)
    s3 = standin.aws.client("s3", session=session)
    me = standin.aws.client("sts", session=session).get_caller_identity()["UserId"]
    # Of a model that has no pipeline, and no pipeline: nothing begins.
    named = {"model": f"people-{part.lower()}", "me": me, "role": me.split(":")[0]}
    own = PARTS[part].replace("pipeline.yaml", "note.txt").format(concern="run", **named)
    s3.put_object(Bucket=BUCKET, Key=own, Body=b"{}")
    others = [key for other, key in PARTS.items() if other != part]
    for concern in ("run", "release"):
        for key in [*NOBODYS, *others]:
            assert refused(s3.put_object, Bucket=BUCKET, Key=key.format(concern=concern, **named), Body=b"{}"), key
    for key in (PARTS[part], NOBODYS[0]):
        assert refused(s3.delete_object, Bucket=BUCKET, Key=key.format(concern="run", **named)), key
    events, states = (standin.aws.client(name, session=session) for name in ("events", "stepfunctions"))
    assert refused(events.put_events, Entries=[{"Source": "custom.pawl", "DetailType": "Pawl Operator", "Detail": "{}"}])
    assert refused(states.send_task_success, taskToken="x", output="{}")
    assert refused(states.start_execution, stateMachineArn=standin.aws.outputs["Retraining"], input="{}")
    functions = standin.aws.client("lambda", session=session)
    assert refused(functions.invoke, FunctionName=standin.aws.resources["RollbackHandler"], Payload=b"{}")


def test_what_a_request_claims_is_not_who_acted(pipeline):
    loop = pipeline("claimed")
    loop.put_pipeline()
    session = loop.aws.person("OperatorPolicy", session="the-tests")
    me = loop.aws.client("sts", session=session).get_caller_identity()["UserId"]
    body = {"act": "release", "verb": "freeze", "why": "holidays", "says": "the boss", "who": "the boss"}
    key = f"requests/release/{me}/{loop.model}/1.json"
    loop.aws.client("s3", session=session).put_object(Bucket=BUCKET, Key=key, Body=json.dumps(body).encode())
    release = loop.aws.wait_until(lambda: loop.read(f"ledger/{loop.model}/release.json"), what="the freeze")
    assert release["freeze"]["who"] == loop.who()
    assert "the boss" not in str(loop.pawl("history", loop.model))
    # An approver who asks for an operator's act under the approver's own folder.
    session = loop.aws.person("ApproverPolicy")
    me = loop.aws.client("sts", session=session).get_caller_identity()["UserId"]
    key = f"requests/answer/{me}/{loop.model}/1.json"
    loop.aws.client("s3", session=session).put_object(Bucket=BUCKET, Key=key, Body=json.dumps(body | {"verb": "unfreeze"}).encode())
    loop.aws.wait_until(lambda: [one for one in loop.notices() if "asks for what is not asked for there" in one["Message"]],
                        what="the notice")
    assert loop.read(f"ledger/{loop.model}/release.json")["freeze"]["who"] == loop.who()


def test_each_schedule_starts_its_machine_in_its_own_role(standin):
    """At once instead of in an hour."""
    assert len(standin.schedules) == 3
    scheduler, sfn = standin.aws.client("scheduler"), standin.sfn
    for name, target in standin.schedules.items():
        before = {one["executionArn"] for one in sfn.list_executions(stateMachineArn=target["Arn"])["executions"]}
        moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(time.time() + 1))
        scheduler.create_schedule(Name=f"{name}-now", ScheduleExpression=f"at({moment})", FlexibleTimeWindow={"Mode": "OFF"}, Target=target)
        started = standin.aws.wait_until(lambda known=before, arn=target["Arn"]: [
            one for one in sfn.list_executions(stateMachineArn=arn)["executions"] if one["executionArn"] not in known], what=name)
        standin.aws.wait_until(lambda arn=started[0]["executionArn"]: sfn.describe_execution(executionArn=arn)["status"] == "SUCCEEDED",
                               what=f"the end of {name}")
        scheduler.delete_schedule(Name=f"{name}-now")
    assert not standin.aws.refusals()


@pytest.mark.parametrize("function", ["NewDataTrigger", "RollbackHandler"])
def test_what_a_function_cannot_handle_reaches_the_dead_letters_in_its_role(standin, function):
    name, before = standin.aws.resources[function], standin.dead_letters()
    # By the event alone: the stack's schedules ask the same function for other things meanwhile.
    standin.aws.fail_function(name, times=3, match="what nobody handles")
    payload = json.dumps({"source": "what nobody handles"}).encode()
    standin.aws.client("lambda").invoke(FunctionName=name, InvocationType="Event", Payload=payload)
    standin.aws.wait_until(lambda: standin.dead_letters() == before + 1, what="the dead letter")
    assert not standin.aws.refusals()
