"""The roles of deploy/: what CloudFormation's own schemas say that the stack's resources need, no more than names allow, and within IAM's
bounds. That `sam deploy` and the smoke test get by with them is played in tests/e2e/test_rollout.py."""
import fnmatch
import json
import os
from pathlib import Path

import pytest
from standin import deploy
from standin.rights import catalog

from .packed import ROOT

RIGHTS = deploy.load(ROOT / "deploy" / "rights.yaml")["Resources"]
SCHEMAS = ROOT / ".cache" / "lint" / "lib"
# What handlers ask for properties that the stack's resources do not have.
NOT_USED = {
    "AWS::IAM::ManagedPolicy": ["iam:Attach*", "iam:Detach*"],
    "AWS::IAM::Policy": ["iam:*UserPolicy", "iam:*GroupPolicy"],
    "AWS::IAM::Role": ["iam:*PermissionsBoundary"],
    "AWS::Lambda::Function": ["elasticfilesystem:*", "s3files:*", "lambda:*CodeSigningConfig", "lambda:GetLayerVersion", "lambda:*RuntimeManagement*",
                              "lambda:Put*Config", "lambda:PassCapacityProvider", "lambda:AssociateRuntimeAlias"],
    "AWS::Logs::LogGroup": ["logs:*DataProtectionPolicy", "logs:*IndexPolicy", "logs:*BearerToken*", "logs:DeleteResourcePolicy",
                            "logs:PutLogGroupDeletionProtection", "s3:REST*", "firehose:*"],
    # DeletionPolicy keeps buckets.
    "AWS::S3::Bucket": ["s3tables:*", "s3:*Metadata*", "s3:*Object*", "s3:DeleteBucket*", "s3:*Abac", "s3:PutAnalytics*", "s3:*Accelerate*", "s3:*Acl",
                        "s3:PutBucketCORS", "s3:PutInventory*", "s3:PutMetrics*", "s3:Put*Replication*", "s3:PutBucketLogging", "s3:PutBucketWebsite",
                        "s3:PutBucketOwnershipControls", "s3:PutIntelligent*", "iam:PassRole"],
    "AWS::SNS::Topic": ["sns:PutDataProtectionPolicy", "iam:*"],
    "AWS::Chatbot::SlackChannelConfiguration": ["iam:CreateServiceLinkedRole"],
    "AWS::Chatbot::MicrosoftTeamsChannelConfiguration": ["iam:CreateServiceLinkedRole"],
}


def statements(name):
    return RIGHTS[name]["Properties"]["PolicyDocument"]["Statement"]


def flat(statement):
    """A statement, or the one that a condition chooses."""
    return statement["Fn::If"][1] if "Fn::If" in statement else statement


def listed(value):
    return value if isinstance(value, list) else [value]


def actions(*names):
    return [action for name in names for one in statements(name) for action in listed(flat(one)["Action"])]


def types_of_the_stack():
    """What SAM makes of the template."""
    from samtranslator.translator.transform import transform
    template = deploy.load(ROOT / "template.yaml")
    for one in template["Resources"].values():
        for field in ("CodeUri", "DefinitionUri"):
            if field in one["Properties"]:
                one["Properties"][field] = "s3://bucket/key"

    class NoPolicies:
        def load(self):
            return {"AWSLambdaBasicExecutionRole": "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"}
    os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")
    made = transform(template, {}, NoPolicies())
    return {one["Type"] for one in made["Resources"].values()}


@pytest.fixture(scope="module")
def schemas():
    """{type: every right that its handlers ask}: CloudFormation's own schemas, as cfn-lint carries them."""
    found = {}
    for file in SCHEMAS.glob("python*/site-packages/cfnlint/data/schemas/resources/*.json"):
        schema = json.loads(Path(file).read_text(encoding="utf-8"))
        if "handlers" in schema:
            found[schema["typeName"]] = {right for verb, one in schema["handlers"].items() if verb != "list" for right in one.get("permissions", [])}
    assert len(found) > 500, "run ./scripts/setup checks first"
    return found


def test_cloudformation_may_do_all_that_the_stack_needs(schemas):
    given, lacking = actions("MakesPolicy", "MakesRolesPolicy"), {}
    types = types_of_the_stack()
    assert {"AWS::Lambda::Function", "AWS::IAM::Role", "AWS::Scheduler::Schedule", "AWS::Events::Rule"} <= types
    for kind in types:
        asked = [right for right in schemas[kind] if not any(fnmatch.fnmatchcase(right, one) for one in NOT_USED.get(kind, []))]
        lacks = sorted(right for right in asked if not any(fnmatch.fnmatchcase(right, one) for one in given))
        # The key is a parameter.
        lacks = [right for right in lacks if right.split(":")[0] != "kms"]
        if lacks:
            lacking[kind] = lacks
    assert not lacking


def test_what_is_excused_is_asked_by_a_handler(schemas):
    assert not {(kind, one) for kind, patterns in NOT_USED.items() for one in patterns
                if kind in schemas and not any(fnmatch.fnmatchcase(right, one) for right in schemas[kind])}


def documents(node):
    """Every policy of a template."""
    if isinstance(node, list):
        for one in node:
            yield from documents(one)
    elif isinstance(node, dict):
        if "Statement" in node:
            yield node
        for one in node.values():
            yield from documents(one)


@pytest.mark.parametrize("file", sorted((ROOT / "deploy").glob("*.yaml")), ids=lambda file: file.name)
def test_every_action_is_one_of_awss_reference(file):
    named = [action for one in documents(deploy.load(file)) for statement in one["Statement"] for action in listed(flat(statement)["Action"])]
    assert named and not [action for action in named if not catalog.matching(action)]


@pytest.mark.parametrize("name", ["MakesPolicy", "MakesRolesPolicy", "DeployPolicy", "SmokePolicy"])
def test_a_policy_names_the_stacks_own_resources(name):
    free = {"WithoutAResource", "Looks"}
    for one in map(flat, statements(name)):
        # What takes no resource of the stack's, by AWS's reference, and looks.
        if one["Resource"] == "*":
            assert one["Sid"] in free, one["Sid"]
        text = json.dumps(one["Resource"])
        assert one["Sid"] in free or any(own in text for own in (
            "${StackName}", "${BucketName}", "smoke-", "aws-sam-cli-managed-default", "transform/Serverless", "ExecutionRole", "KmsKeyArn")), one["Sid"]


@pytest.mark.parametrize("name", ["MakesPolicy", "MakesRolesPolicy", "DeployPolicy", "SmokePolicy"])
def test_a_policy_is_no_longer_than_iam_takes(name):
    """6,144 characters without white space, with an ARN's longest names in it."""
    text = json.dumps(RIGHTS[name]["Properties"]["PolicyDocument"], separators=(",", ":")).replace('{"Fn::Sub":', "").replace("${AWS::Partition}", "aws-us-gov")
    for place, value in (("StackName", "s" * 40), ("BucketName", "b" * 30), ("AWS::Region", "ap-southeast-1"), ("AWS::AccountId", "1" * 12)):
        text = text.replace(f"${{{place}}}", value)
    assert len(text) <= 6144, len(text)


def test_the_github_role_is_for_one_environment_of_one_repository():
    role = deploy.load(ROOT / "deploy" / "github.yaml")["Resources"]["DeployRole"]["Properties"]
    statement, = role["AssumeRolePolicyDocument"]["Statement"]
    assert statement["Action"] == "sts:AssumeRoleWithWebIdentity"
    assert statement["Condition"] == {"StringEquals": {
        "token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
        "token.actions.githubusercontent.com:sub": {"Fn::Sub": "repo:${Repository}:environment:${Environment}"}}}
