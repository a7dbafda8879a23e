"""Change sets, as `sam deploy` sends them: what CloudFormation refuses."""
import json

import pytest
from botocore.exceptions import ClientError, WaiterError

ALARM = {"Type": "AWS::CloudWatch::Alarm", "Properties": {
    "AlarmName": "of-a-change-set", "Namespace": "n", "MetricName": "m", "Statistic": "Sum", "Period": 60, "EvaluationPeriods": 1,
    "Threshold": 1, "ComparisonOperator": "GreaterThanThreshold"}}
ROLE = {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": []}}}


def asked(aws, stack, resources, kind="CREATE", **more):
    """The change set, made and carried out; the stack's state after it."""
    cloudformation = aws.client("cloudformation")
    template = {"Resources": resources} | more
    cloudformation.create_change_set(StackName=stack, ChangeSetName="c", ChangeSetType=kind, TemplateBody=json.dumps(template))
    cloudformation.get_waiter("change_set_create_complete").wait(StackName=stack, ChangeSetName="c", WaiterConfig={"Delay": 1})
    cloudformation.execute_change_set(StackName=stack, ChangeSetName="c")
    try:
        cloudformation.get_waiter("stack_create_complete").wait(StackName=stack, WaiterConfig={"Delay": 1})
    except WaiterError:
        pass
    return cloudformation.describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"]


def test_a_role_needs_the_capability(aws):
    with pytest.raises(ClientError, match="CAPABILITY_IAM"):
        asked(aws, "incapable", {"Role": ROLE})


def test_a_reference_to_nothing_is_refused(aws):
    broken = {"Alarm": {**ALARM, "Properties": {**ALARM["Properties"], "AlarmActions": [{"Ref": "Nothing"}]}}}
    with pytest.raises(ClientError, match="Unresolved resource dependencies .Nothing."):
        asked(aws, "unresolved", broken)


def test_a_stack_that_was_rolled_back_must_be_removed_before_the_next_try(aws):
    unfit = {"Alarm": {**ALARM, "Properties": {**ALARM["Properties"], "Period": 7}}}
    assert asked(aws, "rolled-back", unfit) == "ROLLBACK_COMPLETE"
    for kind in ("CREATE", "UPDATE"):
        with pytest.raises(ClientError, match="is in ROLLBACK_COMPLETE state and can not be updated"):
            asked(aws, "rolled-back", {"Alarm": ALARM}, kind)
    aws.client("cloudformation").delete_stack(StackName="rolled-back")
    assert asked(aws, "rolled-back", {"Alarm": ALARM}) == "CREATE_COMPLETE"


@pytest.mark.parametrize("names, made", [("", False), ("a", True), ("a,b", True)])
def test_a_join_within_a_condition_is_evaluated(aws, names, made):
    more = {"Parameters": {"Names": {"Type": "CommaDelimitedList", "Default": names}},
            "Conditions": {"Any": {"Fn::Not": [{"Fn::Equals": [{"Fn::Join": ["", {"Ref": "Names"}]}, ""]}]}}}
    topic = {"Type": "AWS::SNS::Topic", "Condition": "Any"}
    stack = f"joined-{len(names)}"
    assert asked(aws, stack, {"Topic": topic, "Queue": {"Type": "AWS::SQS::Queue"}}, **more) == "CREATE_COMPLETE"
    found = aws.client("cloudformation").list_stack_resources(StackName=stack)["StackResourceSummaries"]
    assert ("Topic" in [one["LogicalResourceId"] for one in found]) == made
