"""The endpoint: does it answer, what does it publish and capture, and with whose keys and networks?"""
import json
import re
import time

from .. import material
from ..step import NotSeen, step
from ..world import timed

METRICS = ("Invocations", "Invocation5XXErrors", "ModelLatency")


@step("endpoint", title="The endpoint answers", part=1, minutes=5, after=("registry-approval",), commands="""\
aws sagemaker wait endpoint-in-service --endpoint-name $MODEL
aws sagemaker list-tags --resource-arn arn:aws:sagemaker:$AWS_REGION:$ACCOUNT:endpoint/$MODEL
aws sagemaker-runtime invoke-endpoint --endpoint-name $MODEL --content-type application/jsonlines \\
  --body fileb://request.jsonl /dev/stdout
while sleep 1; do aws sagemaker-runtime invoke-endpoint --endpoint-name $MODEL --content-type application/jsonlines \\
  --body fileb://request.jsonl /dev/null >/dev/null; done & sender=$!
""", see="""\
One line, `{"score": ...}`, and the variant `AllTraffic`; tags with the model and the bucket of the stack.""", proves="""\
The image and the archive serve under the role of serving, and Step Functions may tag what it makes: by its tags an endpoint is Pawl's. From here on requests come
all the while: without any a watch proves nothing.""")
def endpoint(world, seen):
    with timed(seen, "the endpoint was in service"):
        world.wait(world.in_service, "the endpoint to be in service", 20)
    rows = material.rows()
    answer = world.client("sagemaker-runtime").invoke_endpoint(
        EndpointName=world.model, ContentType="application/jsonlines", Body=json.dumps(rows[0]).encode() + b"\n")
    body = answer["Body"].read().decode()
    seen.check("the answer", "score" in json.loads(body), {"variant": answer.get("InvokedProductionVariant"), "body": body.strip()})
    tags = world.client("sagemaker").list_tags(ResourceArn=world.endpoint()["EndpointArn"])["Tags"]
    told = {one["Key"]: one["Value"] for one in tags if one["Key"].startswith("pawl:")}
    seen.check("its tags say whose it is", told.get("pawl:model") == world.model and told.get("pawl:bucket") == world.bucket, told)
    world.send(rows)


@step("dimensions", title="The dimensions of the endpoint's metrics", part=1, minutes=3, after=("endpoint",), commands="""\
config=$(aws sagemaker describe-endpoint --endpoint-name $MODEL --query EndpointConfigName --output text)
for extra in '' Name=EndpointConfigName,Value=$config; do
  aws cloudwatch get-metric-statistics --namespace AWS/SageMaker --metric-name Invocations --statistics Sum --period 60 \\
    --dimensions Name=EndpointName,Value=$MODEL Name=VariantName,Value=AllTraffic $extra \\
    --start-time $(date -u -d '-15 min' +%FT%TZ) --end-time $(date -u +%FT%TZ) --query 'Datapoints[].Sum'
done
aws cloudwatch list-metrics --namespace AWS/SageMaker --dimensions Name=EndpointName,Value=$MODEL
""", see="""\
Numbers in both lists after one to three minutes. `list-metrics` follows up to 15 minutes later.""", proves="""\
Pawl's alarms rest on the dimension `EndpointConfigName`, which AWS documents for guardrails: without it no watch would ever end. For
serverless endpoints and for shadow variants it stays open: repeat the step on such an endpoint before you rely on one.""")
def dimensions(world, seen):
    config = world.endpoint()["EndpointConfigName"]
    plain = [{"Name": "EndpointName", "Value": world.model}, {"Name": "VariantName", "Value": "AllTraffic"}]
    for what, given in (("without EndpointConfigName", plain),
                        ("with EndpointConfigName", [*plain, {"Name": "EndpointConfigName", "Value": config}])):
        for metric in METRICS if given is not plain else METRICS[:1]:
            began = time.monotonic()
            try:
                world.wait(lambda given=given, metric=metric: has_data(world, metric, given), f"{metric} {what}", 10)
            except NotSeen as error:
                seen.check(f"{metric} {what}", False, error)
            else:
                seen.check(f"{metric} {what}", True, {"seconds waited": round(time.monotonic() - began, 1)})
    pages = world.client("cloudwatch").get_paginator("list_metrics").paginate(Namespace="AWS/SageMaker", Dimensions=plain[:1])
    listed = {}
    for one in (metric for page in pages for metric in page["Metrics"]):
        named = "+".join(sorted(dimension["Name"] for dimension in one["Dimensions"]))
        listed.setdefault(named, set()).add(one["MetricName"])
    seen.value("list-metrics now", {named: sorted(metrics) for named, metrics in listed.items()} or "nothing yet: it follows later")


def has_data(world, metric, given):
    now = time.time()
    return world.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/SageMaker", MetricName=metric, Dimensions=given, Statistics=["Sum"], Period=60,
        StartTime=now - 900, EndTime=now + 60)["Datapoints"]


@step("capture", title="What is captured, and where", part=1, minutes=1, after=("endpoint",), commands="""\
aws s3 ls --recursive s3://$PAWL_BUCKET/capture/$MODEL/ | head -n 3
""", see="""\
Keys like `capture/<model>/<endpoint>/AllTraffic/<year>/<month>/<day>/<hour>/....jsonl`, whose lines hold both sides of a request.""",
      proves="""\
Monitoring finds its data: it lists by hour and reads this form. The role of serving may write there and nowhere else.""")
def capture(world, seen):
    folder = f"capture/{world.model}/"
    with timed(seen, "the first capture was found"):
        keys = world.wait(lambda: world.keys(folder), "captured requests", 10)
    shape = rf"{folder}{world.model}/AllTraffic/\d{{4}}/\d\d/\d\d/\d\d/[^/]+\.jsonl"
    seen.check("where it lies", re.fullmatch(shape, keys[0]), keys[0])
    line = json.loads(world.text(keys[0]).splitlines()[0])
    sides = {side: line["captureData"].get(side, {}).get("encoding") for side in ("endpointInput", "endpointOutput")}
    seen.check("both sides of a request", all(sides.values()), sides)
    seen.check("its time and name", {"eventId", "inferenceTime"} <= set(line["eventMetadata"]), sorted(line["eventMetadata"]))


@step("keys", title="Keys and networks", part=1, minutes=1, after=("endpoint",), commands="""\
aws s3api get-bucket-encryption --bucket $PAWL_BUCKET --query '*.Rules[].ApplyServerSideEncryptionByDefault'
aws sagemaker describe-endpoint-config --endpoint-config-name $config --query '[KmsKeyId,VpcConfig,DataCaptureConfig.KmsKeyId]'
aws sagemaker describe-training-job --training-job-name $config --query '[ResourceConfig,OutputDataConfig,VpcConfig]'
aws sagemaker describe-model --model-name $config --query '[VpcConfig,EnableNetworkIsolation]'
""", see="""\
If the stack has a key: the same key everywhere. If its functions are in a VPC: subnets at the training and the model too.""",
      proves="""\
SageMaker took the key and the network, and the roles may use them. A stack without them shows only that there are none.""")
def keys(world, seen):
    sagemaker, config = world.client("sagemaker"), world.endpoint()["EndpointConfigName"]
    found = {bucket: bucket_key(world, name) for bucket, name in (("PawlBucket", world.bucket), ("DataBucket", world.data_bucket))}
    topic = world.client("sns").get_topic_attributes(TopicArn=world.outputs["Notices"])["Attributes"]
    settings = sagemaker.describe_endpoint_config(EndpointConfigName=config)
    model = sagemaker.describe_model(ModelName=config)
    training, refused = world.refusal(sagemaker.describe_training_job, TrainingJobName=config)
    training = training or {}
    # An instance with a disk of its own takes no key for the volume: then it is encrypted by the hardware.
    found |= {"topic": topic.get("KmsMasterKeyId"), "endpoint volumes": settings.get("KmsKeyId"),
              "capture": settings.get("DataCaptureConfig", {}).get("KmsKeyId"),
              "training volumes": training.get("ResourceConfig", {}).get("VolumeKmsKeyId"),
              "artefacts": training.get("OutputDataConfig", {}).get("KmsKeyId")}
    told = {what: key or "none" for what, key in found.items()}
    named = {what: key.rsplit("/", 1)[-1] for what, key in found.items() if key}
    if found["PawlBucket"]:
        seen.check("one key covers all", len(named) == len(found) and len(set(named.values())) == 1, told)
    else:
        seen.unseen("one key covers all", f"this stack has no key: {told}")
    if refused:
        seen.value("the training job of this name", refused)
    networks(world, seen, {"training": training, "model": model})


def networks(world, seen, described):
    told = {what: {"vpc": bool(one.get("VpcConfig")), "isolated": bool(one.get("EnableNetworkIsolation"))}
            for what, one in described.items()}
    functions = world.of_type("AWS::Lambda::Function").values()
    client = world.client("lambda")
    inside = [bool(client.get_function_configuration(FunctionName=name).get("VpcConfig", {}).get("SubnetIds")) for name in functions]
    if any(inside):
        seen.check("functions, training and model are in the VPC", all(inside) and all(one["vpc"] for one in told.values()), told)
    else:
        seen.unseen("functions, training and model are in the VPC", f"this stack has no VPC: {told}")


def bucket_key(world, bucket):
    """The KMS key that a bucket encrypts with, or None for S3's own."""
    found, refused = world.refusal(world.client("s3").get_bucket_encryption, Bucket=bucket)
    if refused:
        return None
    rule = found["ServerSideEncryptionConfiguration"]["Rules"][0].get("ApplyServerSideEncryptionByDefault", {})
    return rule.get("KMSMasterKeyID")
