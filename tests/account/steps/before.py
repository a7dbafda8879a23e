"""Before anything is put: is the stack there, and does the account suffice?"""
import json
import re

from ..step import step


@step("stack", title="The stack is there", part=1, minutes=1, alone=True, commands="""\
aws cloudformation describe-stacks --stack-name $STACK --query 'Stacks[0].[StackStatus,Outputs]'
aws cloudwatch describe-alarms --alarm-names $(resources AWS::CloudWatch::Alarm) --query 'MetricAlarms[].[AlarmName,StateValue]'
""", see="""\
`CREATE_COMPLETE` or `UPDATE_COMPLETE`, the outputs DataBucket, PawlBucket, Notices and Retraining, no resource in another state,
and each alarm of the stack in `OK` or `INSUFFICIENT_DATA`.""", proves="""\
CloudFormation takes the template as it is: its policies, names and references. The stand-in reads it by other code.""")
def stack(world, seen):
    world.look_up()
    seen.check("the stack", world.status in ("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"), world.status)
    seen.value("outputs", sorted(world.outputs))
    odd = {name: one["ResourceStatus"] for name, one in world.resources.items()
           if not one["ResourceStatus"].endswith("_COMPLETE")}
    seen.check("no resource in another state", not odd, odd or f"{len(world.resources)} resources")
    names = sorted(world.of_type("AWS::CloudWatch::Alarm").values())
    alarms = []
    for at in range(0, len(names), 100):
        alarms += world.client("cloudwatch").describe_alarms(AlarmNames=names[at:at + 100])["MetricAlarms"]
    states = {one["AlarmName"]: one["StateValue"] for one in alarms}
    firing = {name: state for name, state in states.items() if state not in ("OK", "INSUFFICIENT_DATA")}
    seen.check("the stack's alarms are quiet", not firing, firing or f"{len(states)} alarms")


# Quotas are told apart by their names; instances at a time.
NEEDED = {"training job usage": 1, "transform job usage": 2, "endpoint usage": 5}


@step("quotas", title="The account suffices", part=1, minutes=1, alone=True, commands="""\
aws lambda get-account-settings --query AccountLimit.ConcurrentExecutions
aws stepfunctions describe-state-machine --state-machine-arn $RETRAINING --query definition --output text |
  jq '.States.ProfilePartitions.MaxConcurrency'
aws service-quotas list-service-quotas --service-code sagemaker --output text \\
  --query "Quotas[?starts_with(QuotaName,'ml.m5.large for ')].[QuotaName,Value]"
""", see="""\
More concurrent calls than the map is wide. Of the instance type in `pipeline.yaml`: 1 for training, 2 for transforms (champion and
challenger at once), 5 for endpoints (2 that serve and 3 that come). A new account may have none: ask for them under Service Quotas,
which can take a day.""", proves="""\
A batch of many objects is not held up by Lambda's limit, and no run fails for want of an instance. The stand-in has no quotas.""")
def quotas(world, seen):
    settings, refused = world.refusal(world.client("lambda").get_account_settings)
    width = map_width(world)
    if refused:
        seen.unseen("concurrent calls of functions", refused)
    else:
        limit = settings["AccountLimit"]["ConcurrentExecutions"]
        told = {"limit": limit, "unreserved": settings["AccountLimit"]["UnreservedConcurrentExecutions"], "the map's width": width}
        if width is None:
            seen.unseen("the map leaves calls for the other functions", told)
        else:
            seen.check("the map leaves calls for the other functions", limit > width, told)
    if world.local:
        return seen.unseen("SageMaker's quotas", "a stand-in has none")
    return instances(world, seen)


def instances(world, seen):
    import yaml

    from ..material import pipelines
    pipeline = yaml.safe_load(pipelines(world)[0])
    kinds = {
        "training job usage": pipeline["train"].get("instance_type"),
        "transform job usage": pipeline["serve"].get("scoring_instance_type") or pipeline["serve"].get("instance_type"),
        "endpoint usage": pipeline["serve"].get("instance_type"),
    }
    pages = world.client("service-quotas").get_paginator("list_service_quotas").paginate(ServiceCode="sagemaker")
    found = {one["QuotaName"]: one["Value"] for page in pages for one in page["Quotas"]}
    for use, needed in NEEDED.items():
        name = f"{kinds[use] or 'ml.m5.large'} for {use}"
        if name in found:
            seen.check(name, found[name] >= needed, {"quota": found[name], "needed": needed})
        else:
            seen.unseen(name, "no quota of this name is listed")


def map_width(world):
    """How many calls the widest map of the retraining state machine makes at once, or None where nobody can tell before it runs."""
    machine, refused = world.refusal(world.client("stepfunctions").describe_state_machine,
                                     stateMachineArn=world.outputs["Retraining"])
    if refused:
        return None
    width = json.loads(machine["definition"])["States"].get("ProfilePartitions", {}).get("MaxConcurrency")
    # A number, or an expression around the one that the stack's parameter gives.
    numbers = re.findall(r"\d+", str(width))
    return int(numbers[0]) if len(numbers) == 1 else None
