"""The first model: from two files to a promoted run."""
import json

from .. import material
from ..step import step
from ..world import timed


def put_months(world, which):
    for name in material.MONTHS[which]:
        world.client("s3").put_object(Bucket=world.data_bucket, Key=f"{world.model}/{name}.csv", Body=material.month(name))


@step("first-month", title="A pipeline and a first month", part=1, minutes=1, after=("stack",), commands="""\
pawl put pipeline.yaml
for month in 2011-05 2011-06; do aws s3 cp $month.csv s3://$DATA_BUCKET/$MODEL/; done
pawl status $MODEL
aws stepfunctions describe-execution --execution-arn ${RETRAINING/:stateMachine:/:execution:}:$MODEL-1 --query status
""", see="""\
`pawl put` says that the pipeline is new, and within seconds the execution is `RUNNING`.""", proves="""\
S3 tells EventBridge, its rule finds the function, the function may read and write its bucket, and may start the state machine.""")
def first_month(world, seen):
    material.write(world)
    answer = world.pawl("put", str(world.out / "pipeline.yaml"))
    seen.check("pawl put", answer["change"] == "new", answer["change"])
    with timed(seen, "the first run began, after its data"):
        put_months(world, "first")
        world.wait(lambda: world.execution(1), "the first run to begin", 5)
    seen.check("its execution", world.execution(1)["status"] == "RUNNING", world.execution(1)["name"])


@step("registry-approval", title="Approved in the model registry", part=1, minutes=5, after=("first-month",), commands="""\
pawl status $MODEL                                       # until it says that a person is asked
package=$(aws sagemaker list-model-packages --model-package-group-name $MODEL --sort-by CreationTime --sort-order Descending \\
  --query 'ModelPackageSummaryList[0].ModelPackageArn' --output text)
aws sagemaker update-model-package --model-package-arn $package --model-approval-status Approved
pawl status $MODEL
""", see="""\
The training and the transform end, the run asks, and within half a minute of the approval it goes on by itself.""", proves="""\
Training and scoring run with the rights of their roles, SageMaker takes their requests, `.sync` hears of their ends, and the
registry's event reaches the run that waits.""")
def registry_approval(world, seen):
    with timed(seen, "training, scoring and judgement were done"):
        world.wait(lambda: world.question(1), "the run to ask a person", 40)
    sagemaker = world.client("sagemaker")
    package = sagemaker.list_model_packages(ModelPackageGroupName=world.model, SortBy="CreationTime",
                                            SortOrder="Descending")["ModelPackageSummaryList"][0]
    waited = package["ModelApprovalStatus"]
    seen.check("the package waits", waited == "PendingManualApproval", waited)
    with timed(seen, "the run went on after the approval"):
        sagemaker.update_model_package(ModelPackageArn=package["ModelPackageArn"], ModelApprovalStatus="Approved")
        world.wait(lambda: "Guard" in world.entered(1), "the run to go on", 5)


@step("error-names", title="What Step Functions calls a service's errors", part=1, minutes=1, after=("registry-approval",), commands="""\
aws stepfunctions get-execution-history --execution-arn ${RETRAINING/:stateMachine:/:execution:}:$MODEL-1 \\
  --query "events[?type=='TaskFailed'].taskFailedEventDetails.[resource,error]" --output text
""", see="""\
`describeModelPackageGroup SageMaker.SageMakerException`: the group was not there yet, and the run made it.""", proves="""\
An error that a service's model does not declare has the name of the SDK's base exception. The retriers rest on such names
(`statemachines/source/policies.yaml`). How throttling is called stays open until a run has met it: look here again then.""")
def error_names(world, seen):
    events = world.history(1)
    failed = [(one["state"], one["taskFailedEventDetails"]) for one in events if "taskFailedEventDetails" in one]
    names = {state: detail["error"] for state, detail in failed}
    seen.value("errors of all tasks so far", names)
    first = next((detail for _, detail in failed if detail["resource"] == "describeModelPackageGroup"), None)
    if first is None:
        return seen.unseen("the first FindGroup fails", "it did not: was there a package group of this name?")
    seen.check("the name of an error that the model does not declare", first["error"] == "SageMaker.SageMakerException",
               {"error": first["error"], "cause": first.get("cause", "")[:120]})
    return seen.check("the group was made then", "EnsureGroup" in world.entered(1))


@step("transform-outputs", title="Where a transform puts its outputs", part=1, minutes=1, after=("registry-approval",), commands="""\
aws s3 ls --recursive s3://$PAWL_BUCKET/runs/$MODEL/000001/scores/
""", see="""\
For each object of the holdout one key that ends with its name and `.out`.""", proves="""\
Where outputs lie is documented for a prefix only; Pawl gives a manifest, lists the folder and goes by the end of the key.""")
def transform_outputs(world, seen):
    jobs = [json.loads(one["taskScheduledEventDetails"]["parameters"]) for one in world.history(1)
            if one.get("taskScheduledEventDetails", {}).get("resource", "").startswith("createTransformJob")]
    seen.check("transforms", bool(jobs), [job["TransformJobName"] for job in jobs])
    for job in jobs:
        manifest = job["TransformInput"]["DataSource"]["S3DataSource"]["S3Uri"].split("/", 3)[3]
        prefix, *names = world.read(manifest)
        folder = job["TransformOutput"]["S3OutputPath"].split("/", 3)[3].rstrip("/")
        keys = world.keys(f"{folder}/")
        found = {name: [key for key in keys if key.endswith(f"{name.rsplit('/', 1)[-1]}.out")] for name in names}
        seen.check("one output for each input", all(len(outputs) == 1 for outputs in found.values()), found)
        predicted = all(outputs == [f"{folder}/{name}.out"] for name, outputs in found.items())
        seen.value("as it is documented for a prefix, below the manifest's", {prefix["prefix"]: "yes" if predicted else "no"})


EVIDENCE = ("manifest.json", "validation.json", "decision.json", "judgement.json", "run.json", "report.html")


@step("promoted", title="The first run ends promoted", part=1, minutes=3, after=("endpoint",), commands="""\
pawl report $MODEL 1
pawl status $MODEL
aws s3 ls s3://$PAWL_BUCKET/runs/$MODEL/000001/
""", see="""\
`promoted`, and the evidence: manifest, validation, decision, judgement, run, report.""", proves="""\
A whole run, with the real delays of metrics and alarms. The alarms of the config got data, or the watch would not have ended.""")
def promoted(world, seen):
    with timed(seen, "the run was closed"):
        record = world.wait(lambda: world.closed(1), "the run to end; requests must come meanwhile", 45)
    outcome = record["outcome"]
    seen.check("how it ended", outcome["code"] == "promoted", {"code": outcome["code"], "reason": outcome["reason"]})
    names = {key.rsplit("/", 1)[-1] for key in world.keys(f"runs/{world.model}/000001/")}
    lacking = [name for name in EVIDENCE if name not in names]
    seen.check("the evidence", not lacking, lacking or f"{len(names)} files")
    status, ended = world.wait(lambda: ended_execution(world, 1), "the execution to end", 5)
    seen.check("its execution", status == "SUCCEEDED", {"status": status, "seconds": ended})


def ended_execution(world, generation):
    """(status, seconds) of a run's execution once it is over."""
    found = world.execution(generation)
    if found["status"] == "RUNNING":
        return None
    return found["status"], round((found["stopDate"] - found["startDate"]).total_seconds(), 1)
