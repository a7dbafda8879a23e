"""Everything that the steps made goes, and nothing else."""
import re
import time

from ..step import step


@step("tear-down", title="Tear down", part=2, minutes=5, commands="""\
kill $sender
./scripts/first-account --stack $STACK --model $MODEL --only tear-down
""", see="""\
Nothing of the model is left but its executions, jobs and logs, which cost nothing and cannot be deleted. The endpoint is gone: it is
what would cost.""", proves="""\
Nothing about Pawl. The script takes down only a model whose `pipeline.yaml` it has put itself, by the first line of that file.""")
def tear_down(world, seen):
    world.quiet()
    seen.check("no execution runs", stop_executions(world))
    endpoint(world)
    seen.value("endpoint configs, models, packages and alarms deleted", {
        "configs": named(world, "list_endpoint_configs", "EndpointConfigs", "EndpointConfigName", "delete_endpoint_config"),
        "models": named(world, "list_models", "Models", "ModelName", "delete_model"),
        "packages": packages(world), "alarms": alarms(world)})
    queue(world)
    logs(world)
    deleted = 0
    # What still hears of all this may write once more.
    for _ in range(6):
        now = sum(objects(world, bucket, prefix) for bucket, prefix in places(world))
        deleted += now
        if not now:
            break
        time.sleep(1 if world.local else 15)
    seen.value("objects deleted, with their versions", deleted)
    left = [one for one in world.traces() if not one.startswith("the execution")]
    seen.check("nothing of the model is left", not left, left or None)


def stop_executions(world):
    """Stop the model's executions until none runs: what waits may begin another."""
    machine, client = world.outputs["Retraining"], world.client("stepfunctions")

    def stopped():
        pages = client.get_paginator("list_executions").paginate(stateMachineArn=machine, statusFilter="RUNNING")
        ours = [one for page in pages for one in page["executions"] if re.fullmatch(rf"{re.escape(world.model)}-\d+", one["name"])]
        for one in ours:
            client.stop_execution(executionArn=one["executionArn"], cause="scripts/first-account tears down")
        return not ours and not world.training()["open"]
    return world.wait(stopped, "executions to stop", 5)


def endpoint(world):
    world.wait(lambda: not (it := world.endpoint()) or it["EndpointStatus"] in ("InService", "Failed", "UpdateRollbackFailed"),
               "the endpoint to rest", 30)
    if world.endpoint():
        world.client("sagemaker").delete_endpoint(EndpointName=world.model)
    world.wait(lambda: not world.endpoint(), "the endpoint to be gone", 15)


def named(world, listing, field, name, deletion):
    """Delete what SageMaker has under names that Pawl made for this model; how many there were."""
    client = world.client("sagemaker")
    pages = client.get_paginator(listing).paginate(NameContains=f"{world.model}-")
    ours = [one[name] for page in pages for one in page[field] if world.is_its(one[name])]
    for one in ours:
        getattr(client, deletion)(**{name: one})
    return len(ours)


def packages(world):
    client = world.client("sagemaker")
    if world.refusal(client.describe_model_package_group, ModelPackageGroupName=world.model)[1]:
        return 0
    pages = client.get_paginator("list_model_packages").paginate(ModelPackageGroupName=world.model)
    arns = [one["ModelPackageArn"] for page in pages for one in page["ModelPackageSummaryList"]]
    for arn in arns:
        client.delete_model_package(ModelPackageName=arn)
    client.delete_model_package_group(ModelPackageGroupName=world.model)
    return len(arns)


def alarms(world):
    client, prefix = world.client("cloudwatch"), f"pawl-{world.model}-"
    pages = client.get_paginator("describe_alarms").paginate(AlarmNamePrefix=prefix)
    shape = rf"{re.escape(prefix)}\d+-\d{{14}}[a-z-]*"
    ours = [one["AlarmName"] for page in pages for one in page.get("MetricAlarms", []) if re.fullmatch(shape, one["AlarmName"])]
    for at in range(0, len(ours), 100):
        client.delete_alarms(AlarmNames=ours[at:at + 100])
    return len(ours)


def queue(world):
    """The queue that listened to the topic, and its subscription."""
    sqs, sns = world.client("sqs"), world.client("sns")
    found, refused = world.refusal(sqs.get_queue_url, QueueName=world.queue_name)
    if refused:
        return
    pages = sns.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=world.outputs["Notices"])
    for one in (subscription for page in pages for subscription in page["Subscriptions"]):
        if one["Endpoint"].endswith(f":{world.queue_name}"):
            sns.unsubscribe(SubscriptionArn=one["SubscriptionArn"])
    sqs.delete_queue(QueueUrl=found["QueueUrl"])


def logs(world):
    world.refusal(world.client("logs").delete_log_group, logGroupName=f"/aws/sagemaker/Endpoints/{world.model}")


def places(world):
    """(bucket, prefix) of all that is this model's. Its pipeline goes last: by it a broken tear-down knows that it may go on."""
    s3, found = world.client("s3"), [(world.data_bucket, f"{world.model}/")]
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=world.bucket, Delimiter="/")
    folders = sorted({one["Prefix"] for page in pages for one in page.get("CommonPrefixes", [])} | {"ledger/", "pipelines/", "runs/"},
                     key=lambda folder: folder == "pipelines/")
    for folder in folders:
        found += [(world.bucket, f"{folder}{world.model}.json"), (world.bucket, f"{folder}{world.model}/")]
    return found


def objects(world, bucket, prefix):
    """Delete every version under a prefix; how many there were."""
    s3, count = world.client("s3"), 0
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=prefix):
        listed = page.get("Versions", []) + page.get("DeleteMarkers", [])
        batch = [{"Key": one["Key"], "VersionId": one["VersionId"]} for one in listed]
        if batch:
            s3.delete_objects(Bucket=bucket, Delete={"Objects": batch, "Quiet": True})
        count += len(batch)
    return count
