"""CodePipeline goes the same way as the workflows: the same scripts, one build, staging before a person, a person before production."""
import re

import yaml
from standin import deploy

from .packed import ROOT

RESOURCES = deploy.load(ROOT / "deploy" / "codepipeline.yaml")["Resources"]
STAGES = {one["Name"]: one["Actions"][0] for one in RESOURCES["Pipeline"]["Properties"]["Stages"]}


def commands(project):
    """What a project does, phase by phase."""
    spec = yaml.safe_load(RESOURCES[project]["Properties"]["Source"]["BuildSpec"])
    return [command for phase in spec["phases"].values() for command in phase["commands"]]


def environment(project):
    return {one["Name"]: one["Value"] for one in RESOURCES[project]["Properties"]["Environment"]["EnvironmentVariables"]}


def test_production_gets_what_staging_has_tried_and_a_person_has_approved():
    assert list(STAGES) == ["Source", "Build", "Staging", "Approval", "Prod"]
    assert STAGES["Approval"]["ActionTypeId"]["Category"] == "Approval"
    built, = STAGES["Build"]["OutputArtifacts"]
    assert STAGES["Staging"]["InputArtifacts"] == STAGES["Prod"]["InputArtifacts"] == [built]
    for name in ("Build", "Staging", "Prod"):
        assert STAGES[name]["Configuration"]["ProjectName"] == {"Ref": name}


def test_each_command_is_a_script_that_is_there():
    for project in ("Build", "Staging", "Prod"):
        for command in commands(project):
            if command.startswith("export "):
                continue
            script = re.match(r"(?:bash )?(?:\./)?((?:scripts|deploy)/[a-z-]+)", command)
            assert script and (ROOT / script[1]).is_file(), command
    assert commands("Staging") == commands("Prod")


def test_a_stage_has_the_rights_of_its_own_stack_alone():
    stages = deploy.load(ROOT / "deploy" / "codepipeline.yaml")["Parameters"]
    for project, stage in (("Staging", "staging"), ("Prod", "prod")):
        given = environment(project)
        assert given["STAGE"] == stage and given["PAWL_EXECUTION_ROLE"] == {"Ref": f"{project}ExecutionRoleArn"}
        role = RESOURCES[RESOURCES[project]["Properties"]["ServiceRole"]["Fn::GetAtt"][0]]["Properties"]
        own = {one["Ref"] for one in role["ManagedPolicyArns"]} - {"ProjectPolicy"}
        assert own == {f"{project}DeployPolicyArn", f"{project}SmokePolicyArn"} and own <= set(stages)
    assert RESOURCES["BuildRole"]["Properties"]["ManagedPolicyArns"] == [{"Ref": "ProjectPolicy"}]


def test_the_variables_are_those_that_the_script_of_a_stage_reads():
    script = (ROOT / "scripts" / "stage").read_text(encoding="utf-8")
    for project in ("Staging", "Prod"):
        for name in environment(project):
            assert name in ("STAGE", "ARCHITECTURE") or f"${{{name}:-}}" in script, name
