"""Rights: what the stack's roles and policies must not allow, asked of IAM itself."""
import json
from urllib.parse import unquote

from ..step import step

OTHER = "somebody-elses"
# Which rights nobody in this stack needs on its buckets.
OWNERS = ("s3:PutLifecycleConfiguration", "s3:PutBucketPolicy", "s3:DeleteBucket", "s3:PutObjectAcl")
# Whose work it is to move endpoints.
RELEASING = ("RollbackHandlerRole", "RetrainingRole")
# The roles that a model's container runs in, by their names in the template: a folder of a run that each writes, and one that it must
# not. SageMakerRole is that of serving.
CONTAINERS = {"TrainingRole": ("artifact", "scores"), "ScoringRole": ("scores", "artifact"), "ServingRole": (None, "artifact"),
              "SageMakerRole": (None, "artifact")}


def own_work(world, role):
    """What a container of this role has to write: asked too, or a question that IAM does not understand would pass as a refusal."""
    here = f"arn:{world.partition}:s3:::{world.bucket}"
    folder = CONTAINERS[role][0]
    return f"{here}/runs/{world.model}/000001/{folder}/x" if folder else f"{here}/capture/{world.model}/x"


def attacks(world, role):
    """What a model's container might try: (what, action, resource, context)."""
    here = f"arn:{world.partition}:s3:::{world.bucket}"
    of_sagemaker = f"arn:{world.partition}:sagemaker:{world.region}:{world.account}"
    foreign = CONTAINERS[role][1]
    return [
        ("write the ledger", "s3:PutObject", f"{here}/ledger/{world.model}/release.json", {}),
        ("write another model's pipeline", "s3:PutObject", f"{here}/pipelines/{OTHER}/pipeline.yaml", {}),
        ("write the judgement", "s3:PutObject", f"{here}/runs/{world.model}/000001/judgement.json", {}),
        (f"write into {foreign}/", "s3:PutObject", f"{here}/runs/{world.model}/000001/{foreign}/x", {}),
        ("write the holdout's labels", "s3:PutObject", f"{here}/accepted/{world.model}/part.jsonl", {}),
        ("delete the evidence", "s3:DeleteObject", f"{here}/runs/{world.model}/000001/judgement.json", {}),
        ("publish what alarms rest on", "cloudwatch:PutMetricData", "*", {"cloudwatch:namespace": "Pawl"}),
        ("move an endpoint", "sagemaker:UpdateEndpoint", f"{of_sagemaker}:endpoint/{world.model}", {}),
    ]


def acts(world):
    """What people do, and what none of them may: (what, action, resource, context)."""
    here, me = f"arn:{world.partition}:s3:::{world.bucket}", "AROAEXAMPLE:ada"
    mine = {"aws:userid": me}
    return [
        ("put a pipeline", "s3:PutObject", f"{here}/pipelines/{world.model}/pipeline.yaml", {}),
        ("answer a run", "s3:PutObject", f"{here}/requests/answer/{me}/{world.model}/1.json", mine),
        ("steer a release", "s3:PutObject", f"{here}/requests/release/{me}/{world.model}/1.json", mine),
        ("act in another's name", "s3:PutObject", f"{here}/requests/release/AROAEXAMPLE:bob/{world.model}/1.json", mine),
        ("write the history", "s3:PutObject", f"{here}/ledger/{world.model}/history/000001.json", {}),
        ("write the ledger", "s3:PutObject", f"{here}/ledger/{world.model}/release.json", {}),
    ]


def request(action, resource, context):
    """What both simulations take."""
    asked = {"ActionNames": [action], "ResourceArns": [resource]}
    if context:
        asked["ContextEntries"] = [{"ContextKeyName": name, "ContextKeyValues": [value], "ContextKeyType": "string"}
                                   for name, value in context.items()]
    return asked


@step("rights", title="What roles and people may not do", part=1, minutes=2, after=("stack",), alone=True, commands="""\
role=$(resource TrainingRole)                            # then ScoringRole, and SageMakerRole, which is that of serving
aws iam simulate-principal-policy --policy-source-arn arn:aws:iam::$ACCOUNT:role/$role --action-names s3:PutObject \\
  --resource-arns arn:aws:s3:::$PAWL_BUCKET/{ledger/$MODEL/release.json,pipelines/other/pipeline.yaml,runs/$MODEL/000001/judgement.json} \\
  --query 'EvaluationResults[].[EvalResourceName,EvalDecision]' --output text
""", see="""\
`implicitDeny` or `explicitDeny` in each line. The script asks for every role and every policy for people: a container neither
judges itself nor moves an endpoint, no role owns the bucket, only the two roles of the release move endpoints, and one kind of people
cannot do another's part.""", proves="""\
IAM's own judgement of the policies as SAM translated them, which the stand-in's judge of rights has to match. It does not play
bucket policies and boundaries of your organisation.""")
def rights(world, seen):
    roles = {name: f"arn:{world.partition}:iam::{world.account}:role/{physical}"
             for name, physical in world.of_type("AWS::IAM::Role").items()}
    iam = world.client("iam")

    def allowed(role, action, resource, context=None):
        answer, refused = world.refusal(iam.simulate_principal_policy, PolicySourceArn=roles[role],
                                        **request(action, resource, context or {}))
        return refused or answer["EvaluationResults"][0]["EvalDecision"]

    for role in (name for name in CONTAINERS if name in roles):
        told = {what: allowed(role, action, resource, context) for what, action, resource, context in attacks(world, role)}
        judge(seen, f"{role} cannot", told)
        own = allowed(role, "s3:PutObject", own_work(world, role))
        seen.check(f"{role} can do its own work", own == "allowed", own)
    judge(seen, "no role owns the bucket", {
        f"{role} {action}": allowed(role, action, f"arn:{world.partition}:s3:::{world.bucket}" + "/key" * action.endswith("Acl"))
        for role in roles for action in OWNERS})
    endpoint = f"arn:{world.partition}:sagemaker:{world.region}:{world.account}:endpoint/{OTHER}"
    # Whose an endpoint is these two tell by its tags: a policy cannot, where the request creates as well as updates.
    judge(seen, "no role but those of the release moves an endpoint", {
        f"{role} {action}": allowed(role, action, endpoint) for role in roles if role not in RELEASING
        for action in ("sagemaker:UpdateEndpoint", "sagemaker:DeleteEndpoint")})
    people(world, seen, iam)


def judge(seen, what, decisions):
    """All of these must be refused. What was asked and not answered is not seen."""
    let = {name: decision for name, decision in decisions.items() if decision == "allowed"}
    unanswered = {name: decision for name, decision in decisions.items()
                  if decision not in ("allowed", "implicitDeny", "explicitDeny")}
    if unanswered and not let:
        return seen.unseen(what, unanswered)
    return seen.check(what, not let, let or f"{len(decisions)} refused")


def people(world, seen, iam):
    """The stack's policies for people, each asked on its own."""
    documents = {}
    for name, arn in world.of_type("AWS::IAM::ManagedPolicy").items():
        version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
        document = iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]
        documents[name] = json.dumps(document) if isinstance(document, dict) else unquote(document)
    may = {}
    for what, action, resource, context in acts(world):
        for name, document in documents.items():
            answer, refused = world.refusal(iam.simulate_custom_policy, PolicyInputList=[document],
                                            **request(action, resource, context))
            may.setdefault(what, {})[name] = refused or answer["EvaluationResults"][0]["EvalDecision"]
    for what in ("act in another's name", "write the history", "write the ledger"):
        judge(seen, f"nobody can {what}", may[what])
    if len(documents) < 2:
        return seen.unseen("one kind of people cannot do another's part", f"this stack has one policy for all: {sorted(documents)}")
    for what in ("put a pipeline", "answer a run", "steer a release"):
        who = [name for name, decision in may[what].items() if decision == "allowed"]
        seen.check(f"one kind of people can {what}", len(who) <= 1, who)
    return None


@step("tls", title="A request without TLS is refused", part=1, minutes=1, after=("stack",), alone=True, commands="""\
for bucket in $PAWL_BUCKET $DATA_BUCKET; do
  aws s3api list-objects-v2 --bucket $bucket --max-keys 1 --endpoint-url http://s3.$AWS_REGION.amazonaws.com
done
""", see="""\
`AccessDenied`, twice.""", proves="""\
The bucket policies refuse plain HTTP, for an administrator too. The stand-in speaks nothing else.""")
def tls(world, seen):
    if world.local:
        return seen.unseen("a request over plain HTTP", "a stand-in on this machine is only reached over plain HTTP")
    url = world.client("s3").meta.endpoint_url.replace("https://", "http://")
    plain = world.client("s3", endpoint_url=url)
    for bucket in (world.bucket, world.data_bucket):
        _, refused = world.refusal(plain.list_objects_v2, Bucket=bucket, MaxKeys=1)
        seen.check(f"{bucket} over plain HTTP", refused in ("AccessDenied", "403"), refused or "answered")
    return None
