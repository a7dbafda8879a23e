"""Deploys a SAM template as `sam deploy` would: packages the functions and machines, creates the stack, waits."""
import io
import json
import os
import re
import time
import zipfile
from pathlib import Path

import yaml

from . import aws

_BUCKET = "standin-artifacts"
_SECONDS = 240.0


class DeployError(Exception):
    """The template cannot be deployed; the message says what and why."""


class _Loader(yaml.SafeLoader):
    """YAML with CloudFormation's short forms: !Ref, !GetAtt, !Sub, ..."""


def _short_form(loader, suffix, node):
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    if suffix in ("Ref", "Condition"):
        return {suffix: value}
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {f"Fn::{suffix}": value}


_Loader.add_multi_constructor("!", _short_form)
# A version or a date in a template is text.
_Loader.yaml_implicit_resolvers = {
    first: [rule for rule in rules if rule[0] != "tag:yaml.org,2002:timestamp"]
    for first, rules in yaml.SafeLoader.yaml_implicit_resolvers.items()}


def load(path: Path) -> dict:
    """A template as plain dictionaries."""
    template = yaml.load(path.read_text(), _Loader)
    if not isinstance(template, dict) or not isinstance(template.get("Resources"), dict):
        raise DeployError(f"{path} is no CloudFormation template: it has no Resources")
    return template


def deploy(standin, stack: str, path: Path, bin_dir: Path | None, parameters: dict[str, str]) -> tuple[dict, dict]:
    """Create a stack; (outputs, physical ids by logical id)."""
    template = load(path)
    check_references(template)
    s3 = standin.client("s3")
    if _BUCKET not in [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]:
        s3.create_bucket(Bucket=_BUCKET)
    for name, resource in template["Resources"].items():
        key = f"{stack}/{name}"
        if resource["Type"] == "AWS::Serverless::Function":
            _package_function(s3, template, name, resource, bin_dir, key)
        elif resource["Type"] == "AWS::Serverless::StateMachine":
            _package_machine(s3, name, resource, path.parent, key)
    outputs, resources = _create(standin, stack, template, parameters)
    # A rule can match before CloudFormation has made the permission for its function: the stack's own alarms take their first state
    # meanwhile. On AWS such an event is lost as well, and a stack without pipelines has nobody to tell.
    for name, resource in template["Resources"].items():
        if resource["Type"] == "AWS::Serverless::Function":
            standin.forget_refusals(f"events.amazonaws.com lambda:InvokeFunction {_function_arn(resources[name])}")
    problems = standin.audit(str(path), resources, parameters)
    if problems:
        raise DeployError("its rights cannot be judged: " + "; ".join(problems))
    return outputs, resources


def _function_arn(name: str) -> str:
    return f"arn:aws:lambda:{aws.REGION}:{aws.ACCOUNT}:function:{name}"


def check_references(template: dict):
    """Refuse references to nothing, which ministack leaves as they are. SAM's own resources start with their maker's
    name, such as EchoRole."""
    resources = template["Resources"]
    made = tuple(name for name, resource in resources.items() if resource["Type"].startswith("AWS::Serverless::"))
    known = set(resources) | set(template.get("Parameters", {}))
    unknown = sorted({name for name in _references(template) if name not in known and not name.startswith("AWS::")
                      and not name.startswith(made)})
    if unknown:
        raise DeployError(f"Template format error: Unresolved resource dependencies [{', '.join(unknown)}]")


def _references(node):
    """The names that Ref, Fn::GetAtt and Fn::Sub refer to."""
    if isinstance(node, list):
        for item in node:
            yield from _references(item)
    elif isinstance(node, dict):
        for key, value in node.items():
            if key == "Ref" and isinstance(value, str):
                yield value
            elif key == "Fn::GetAtt":
                yield value[0] if isinstance(value, list) else value.split(".", 1)[0]
            elif key == "Fn::Sub":
                text, given = (value[0], value[1]) if isinstance(value, list) else (value, {})
                yield from (name.split(".", 1)[0] for name in re.findall(r"\$\{([^!}][^}]*)\}", text)
                            if name not in given)
                yield from _references(given)
            else:
                yield from _references(value)


def _package_function(s3, template, name, resource, bin_dir, key):
    if bin_dir is None:
        raise DeployError(f"{name}: a function needs --bin-dir, the folder with the release binaries")
    if "DeadLetterQueue" in resource["Properties"]:
        raise DeployError(f"{name}: ministack drops DeadLetterQueue; use EventInvokeConfig.DestinationConfig.OnFailure")
    binary = bin_dir / _binary_name(template, name, resource)
    if not os.access(binary, os.X_OK):
        raise DeployError(f"{name}: there is no executable {binary}; build the workspace first")
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as files:
        info = zipfile.ZipInfo("bootstrap", (1980, 1, 1, 0, 0, 0))
        info.external_attr = 0o755 << 16
        files.writestr(info, binary.read_bytes())
    key += ".zip"
    s3.put_object(Bucket=_BUCKET, Key=key, Body=archive.getvalue())
    resource["Properties"]["CodeUri"] = f"s3://{_BUCKET}/{key}"


def _binary_name(template, name, resource) -> str:
    """Which binary a function runs: cargo-lambda's Metadata, or the last part of its CodeUri."""
    properties = resource.get("Metadata", {}).get("BuildProperties", {})
    if "Binary" in properties:
        return properties["Binary"]
    uri = resource["Properties"].get("CodeUri") or template.get("Globals", {}).get("Function", {}).get("CodeUri")
    if not isinstance(uri, str):
        raise DeployError(f"{name}: neither Metadata.BuildProperties.Binary nor CodeUri names its binary")
    return uri.rstrip("/").rsplit("/", 1)[-1]


def _package_machine(s3, name, resource, folder, key):
    uri = resource["Properties"].get("DefinitionUri")
    if uri is None:
        return
    if not isinstance(uri, str):
        raise DeployError(f"{name}: DefinitionUri must be the path of a local file")
    text = (folder / uri).read_text()
    try:
        json.loads(text)
    except ValueError as error:
        raise DeployError(f"{name}: {uri} is no JSON: {error}") from None
    key += ".asl.json"
    s3.put_object(Bucket=_BUCKET, Key=key, Body=text.encode())
    resource["Properties"]["DefinitionUri"] = {"Bucket": _BUCKET, "Key": key}


def _create(standin, stack_name, template, parameters):
    cloudformation = standin.client("cloudformation")
    unknown = set(parameters) - set(template.get("Parameters", {}))
    if unknown:
        raise DeployError(f"the template has no parameter {', '.join(sorted(unknown))}")
    # As `sam deploy` does with a template of more than 51,200 bytes.
    standin.client("s3").put_object(Bucket=_BUCKET, Key=f"{stack_name}/template.json", Body=json.dumps(template).encode())
    try:
        cloudformation.create_stack(
            StackName=stack_name, TemplateURL=f"https://s3.amazonaws.com/{_BUCKET}/{stack_name}/template.json",
            Parameters=[{"ParameterKey": k, "ParameterValue": v} for k, v in parameters.items()],
            Capabilities=["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"])
    except cloudformation.exceptions.ClientError as error:
        raise DeployError(error.response["Error"]["Message"]) from None
    deadline = time.monotonic() + _SECONDS
    while True:
        stack = cloudformation.describe_stacks(StackName=stack_name)["Stacks"][0]
        if not stack["StackStatus"].endswith("IN_PROGRESS"):
            break
        if time.monotonic() > deadline:
            raise DeployError(f"the stack is still {stack['StackStatus']} after {_SECONDS:.0f} s")
        time.sleep(0.05)
    if stack["StackStatus"] != "CREATE_COMPLETE":
        raise DeployError(f"{stack['StackStatus']}: {_failures(cloudformation, stack_name) or stack}")
    outputs = {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}
    listed = cloudformation.describe_stack_resources(StackName=stack_name)["StackResources"]
    return outputs, {r["LogicalResourceId"]: r.get("PhysicalResourceId", "") for r in listed}


def _failures(cloudformation, stack) -> str:
    pages = cloudformation.get_paginator("describe_stack_events").paginate(StackName=stack)
    return "; ".join(f"{e['LogicalResourceId']} ({e['ResourceType']}): {e.get('ResourceStatusReason')}"
                     for page in pages for e in page["StackEvents"] if e["ResourceStatus"].endswith("FAILED"))
