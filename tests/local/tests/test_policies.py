"""What each state machine of the project calls is looked up in its role: states too that no end-to-end test comes to. Nothing is
started."""
import fnmatch
import json
import re
from pathlib import Path

import pytest
from standin import deploy

ROOT = Path(__file__).resolve().parents[3]
TEMPLATE = deploy.load(ROOT / "template.yaml")["Resources"]
MACHINES = {name: resource["Properties"] for name, resource in TEMPLATE.items()
            if resource["Type"] == "AWS::Serverless::StateMachine"}

# Where an integration is not called as its action, and what it needs beside it.
ACTIONS = {"lambda:Invoke": "lambda:InvokeFunction", "s3:ListObjectsV2": "s3:ListBucket", "sfn:SendTaskSuccess": "states:SendTaskSuccess"}
BESIDE = {
    "sagemaker:CreateTrainingJob": {"iam:PassRole", "sagemaker:AddTags"},
    "sagemaker:CreateHyperParameterTuningJob": {"iam:PassRole", "sagemaker:AddTags"},
    "sagemaker:CreateTransformJob": {"sagemaker:AddTags"},
    "sagemaker:CreateModel": {"iam:PassRole", "sagemaker:AddTags"},
    "sagemaker:CreateEndpointConfig": {"sagemaker:AddTags"},
    "sagemaker:CreateModelPackageGroup": {"sagemaker:AddTags"},
    # It reads the alarms of its guardrails with the caller's rights.
    "sagemaker:UpdateEndpoint": {"cloudwatch:DescribeAlarms"},
}
# A job that is waited for is described, stopped with its execution, and its end is heard by a rule.
SYNC = {"events:PutTargets", "events:PutRule", "events:DescribeRule"}
DISTRIBUTED = {"states:StartExecution", "states:DescribeExecution", "states:StopExecution"}
WRITTEN = {"s3:PutObject", "s3:GetObject", "s3:ListMultipartUploadParts", "s3:AbortMultipartUpload"}


@pytest.fixture(autouse=True)
def no_faults_left():
    """Nothing is started here that could have faults."""


def integrated(resource):
    """The actions that an integration needs."""
    service, action = re.fullmatch(r"arn:aws:states:::(?:aws-sdk:)?(\w+):(\w+)(?:\.\w+)?", resource).groups()
    own = f"{service}:{action[0].upper()}{action[1:]}"
    needed = {ACTIONS.get(own, own)} | BESIDE.get(own, set())
    if resource.endswith(".sync"):
        job = action.removeprefix("create")
        needed |= SYNC | {f"{service}:Describe{job}", f"{service}:Stop{job}"}
    return needed


def states(definition):
    """All states of a machine, those of its maps and branches too."""
    for state in definition["States"].values():
        yield state
        for inner in (*state.get("Branches", []), *filter(None, [state.get("ItemProcessor")])):
            yield from states(inner)


def definition(machine):
    return json.loads((ROOT / machine["DefinitionUri"]).read_text())


def needed(machine):
    """The actions that the states of a machine need."""
    found = set()
    for state in states(definition(machine)):
        if state["Type"] == "Task":
            found |= integrated(state["Resource"])
        if "ItemReader" in state:
            found |= integrated(state["ItemReader"]["Resource"])
        if "ResultWriter" in state:
            found |= WRITTEN
        if state.get("ItemProcessor", {}).get("ProcessorConfig", {}).get("Mode") == "DISTRIBUTED":
            found |= DISTRIBUTED
    return found


def statements(machine):
    """The statements of a machine's role."""
    role = machine["Role"]["Fn::GetAtt"][0]
    for policy in TEMPLATE[role]["Properties"]["Policies"]:
        yield from policy["PolicyDocument"]["Statement"]


def listed(value):
    return value if isinstance(value, list) else [value]


def allowed(machine):
    """The actions that the role of a machine has."""
    assert {statement["Effect"] for statement in statements(machine)} == {"Allow"}
    return {action for statement in statements(machine) for action in listed(statement["Action"])}


def test_each_state_machine_of_the_project_has_its_role():
    files = {path.name for path in (ROOT / "statemachines").glob("*.asl.json")}
    assert files == {Path(machine["DefinitionUri"]).name for machine in MACHINES.values()}


@pytest.mark.parametrize("name", MACHINES)
def test_a_state_machine_may_do_what_its_states_do(name):
    missing = needed(MACHINES[name]) - allowed(MACHINES[name])
    assert missing == set()


@pytest.mark.parametrize("name", MACHINES)
def test_a_state_machine_may_invoke_the_functions_that_it_names(name):
    machine = MACHINES[name]
    named = {state["Arguments"]["FunctionName"] for state in states(definition(machine))
             if state["Type"] == "Task" and state["Resource"].endswith("lambda:invoke")}
    invokable = {resource["Fn::GetAtt"][0] for statement in statements(machine)
                 if "lambda:InvokeFunction" in listed(statement["Action"]) for resource in listed(statement["Resource"])}
    # One that an expression names comes from the schedule.
    assert {function[2:-1] for function in named if function.startswith("${")} <= invokable


@pytest.mark.parametrize("name", MACHINES)
def test_a_state_machine_is_given_what_it_refers_to(name):
    machine = MACHINES[name]
    text = (ROOT / machine["DefinitionUri"]).read_text()
    assert set(re.findall(r"\$\{(\w+)\}", text)) == set(machine["DefinitionSubstitutions"])


# What functions write beside the table: rows, archives, and what became of a release in a further region.
BESIDE_DOCUMENTS = {"DataValidator": {"accepted/*", "models/*", "quarantine/*/??????/*"}, "RollbackHandler": {"runs/*/regions/*"},
                    "EvaluationGate": {"accepted/*/behaviour-*.jsonl"}}
FUNCTIONS = {"new-data-trigger": "NewDataTrigger", "data-validator": "DataValidator", "drift-checker": "DriftChecker",
             "evaluation-gate": "EvaluationGate", "rollback-handler": "RollbackHandler"}


def documents():
    """{function: keys of the documents that it writes}, from the table that the code writes."""
    found = {name: set() for name in FUNCTIONS}
    for line in (ROOT / "docs" / "documents.md").read_text().splitlines():
        if line.startswith("| `"):
            key, writers = (line.split("|")[column].strip() for column in (2, 5))
            for name in writers.split(", "):
                if name in found:
                    found[name].add(re.sub(r"<\w+>", "000001", key.strip("`")))
    return found


def writable(function):
    """The keys of the Pawl bucket that a function may write, as its policy spells them."""
    found = set()
    for policy in TEMPLATE[function]["Properties"]["Policies"]:
        for statement in policy["Statement"]:
            if "s3:PutObject" in listed(statement["Action"]):
                found |= {resource["Fn::Sub"].removeprefix("${PawlBucket.Arn}/") for resource in listed(statement["Resource"])}
    return found


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_may_write_its_own_documents_and_nothing_else(name):
    function, written = FUNCTIONS[name], documents()[name]
    patterns = writable(function) - BESIDE_DOCUMENTS.get(function, set())
    assert {key for key in written if not any(fnmatch.fnmatchcase(key, pattern) for pattern in patterns)} == set()
    assert {pattern for pattern in patterns if not any(fnmatch.fnmatchcase(key, pattern) for key in written)} == set()
