"""CloudFormation: alarms on metric math, which ministack refuses in templates; topics whose default policy lets nobody else in; and
the keys of topics and buckets and the tags of buckets, which it drops."""
import json

from ministack.services import s3, sns
from ministack.services.cloudformation import provisioners

from .. import aws


def install():
    _alarms_on_metric_math()
    _topics_of_their_owner()
    _buckets_with_keys_and_tags()


def _topics_of_their_owner():
    """SNS gives a new topic a policy for its owner's account; ministack leaves the condition away where a stack makes the topic."""
    handlers = provisioners._RESOURCE_HANDLERS["AWS::SNS::Topic"]
    original = handlers["create"]

    def create(logical_id, props, stack_name):
        made = original(logical_id, props, stack_name)
        attributes = sns._topics[made[0]]["attributes"]
        policy = json.loads(attributes["Policy"])
        policy["Statement"][0]["Condition"] = {"StringEquals": {"AWS:SourceOwner": aws.ACCOUNT}}
        attributes["Policy"] = json.dumps(policy)
        if key := props.get("KmsMasterKeyId"):
            attributes["KmsMasterKeyId"] = key
        return made

    handlers["create"] = create


def _buckets_with_keys_and_tags():
    handlers = provisioners._RESOURCE_HANDLERS["AWS::S3::Bucket"]
    original = handlers["create"]

    def create(logical_id, props, stack_name):
        made = original(logical_id, props, stack_name)
        _tag(made[0], props)
        for rule in props.get("BucketEncryption", {}).get("ServerSideEncryptionConfiguration", []):
            default = rule.get("ServerSideEncryptionByDefault", {})
            key = default.get("KMSMasterKeyID")
            s3._bucket_encryption[made[0]] = (
                "<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault>"
                f"<SSEAlgorithm>{default['SSEAlgorithm']}</SSEAlgorithm>"
                + (f"<KMSMasterKeyID>{key}</KMSMasterKeyID>" if key else "")
                + "</ApplyServerSideEncryptionByDefault></Rule></ServerSideEncryptionConfiguration>")
        return made

    handlers["create"] = create


def _tag(bucket, props):
    if tags := {one["Key"]: one["Value"] for one in props.get("Tags", [])}:
        s3._bucket_tags[bucket] = tags


def _alarms_on_metric_math():
    original = provisioners._cw_metric_alarm_record

    def record(name, props):
        metrics = props.get("Metrics")
        if not metrics:
            return original(name, props)
        alarm = original(name, {k: v for k, v in props.items() if k != "Metrics"}
                         | {"MetricName": "-", "Namespace": "-"})
        alarm.update(Metrics=[_typed(query) for query in metrics], MetricName=None, Namespace=None)
        return alarm

    provisioners._cw_metric_alarm_record = record


def _typed(query: dict) -> dict:
    """CloudFormation's values may be strings."""
    typed = dict(query)
    if "ReturnData" in typed:
        typed["ReturnData"] = str(typed["ReturnData"]).lower() == "true"
    return typed
