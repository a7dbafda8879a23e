"""Resources of a template, held against the API that would make them: names that are too long or hold what may not be,
alarms and schedules that CloudWatch and the Scheduler would not take."""
from . import answers, check, documented, services, values

# The type's property that is the request's member; None where all properties are the operation's members.
_MADE_BY = {
    "AWS::CloudWatch::Alarm": ("cloudwatch", "PutMetricAlarm", None, "AlarmName"),
    "AWS::Events::Rule": ("events", "PutRule", "Name", "Name"),
    "AWS::Lambda::Function": ("lambda", "CreateFunction", "FunctionName", "FunctionName"),
    "AWS::Logs::LogGroup": ("logs", "CreateLogGroup", "logGroupName", "LogGroupName"),
    "AWS::S3::Bucket": ("s3", "CreateBucket", "Bucket", "BucketName"),
    "AWS::SNS::Topic": ("sns", "CreateTopic", "Name", "TopicName"),
    "AWS::SQS::Queue": ("sqs", "CreateQueue", "QueueName", "QueueName"),
    "AWS::Scheduler::Schedule": ("scheduler", "CreateSchedule", None, "Name"),
    "AWS::StepFunctions::StateMachine": ("stepfunctions", "CreateStateMachine", "name", "StateMachineName"),
}


def name_of(kind: str, properties: dict) -> str | None:
    """The name that a template gives a resource; None where CloudFormation makes one."""
    known = _MADE_BY.get(kind)
    return properties.get(known[3]) if known else None


# Of an account's 1,000 concurrent calls so many cannot be reserved: https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html
_UNRESERVED = 100
_QUOTA = 1000


def refusal(kind: str, properties: dict) -> str | None:
    """Why a resource could not be made; None where it could, or where nothing is known of its type."""
    if int(properties.get("ReservedConcurrentExecutions", 0)) > _QUOTA - _UNRESERVED:
        return ("Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its "
                f"minimum value of [{_UNRESERVED}]. (Service: Lambda, Status Code: 400, InvalidParameterValueException)")
    if kind not in _MADE_BY:
        return None
    service, operation, member, name = _MADE_BY[kind]
    shape = services.operation(service, operation).input_shape
    try:
        if member is None:
            params = values.typed({name: "made-by-cloudformation"} | properties, shape)
            check.check(service, operation, params)
            documented.check(service, operation, params)
        elif properties.get(name) is not None:
            params = {member: properties[name]}
            check.check_member(shape.members[member], member, properties[name])
            documented.check(service, operation, params)
    except answers.Refusal as refused:
        return refused.message
    return None
