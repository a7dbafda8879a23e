"""For each entry of the lists a request that it refuses and one that it lets pass: (operation, bad, good)."""
import datetime

_NOW = datetime.datetime.now(datetime.UTC)
_ALARM = {"AlarmName": "a", "Namespace": "Fixture", "MetricName": "Errors", "Statistic": "Sum", "Period": 60,
          "EvaluationPeriods": 1, "Threshold": 1.0, "ComparisonOperator": "GreaterThanThreshold"}
_MATH = {"AlarmName": "a", "EvaluationPeriods": 1, "Metrics": [{"Id": "a", "Expression": "1"}]}
_MESSAGE = {"TopicArn": "arn:aws:sns:us-east-1:000000000000:t", "Message": "m"}
_EVENT = {"Source": "a", "DetailType": "b", "Detail": "{}"}
_UNITS = {"MaxConcurrency": 1, "MemorySizeInMB": 1024}
_SERVERLESS = {"ProductionVariants": [{"VariantName": "v", "ModelName": "m", "ServerlessConfig": _UNITS}]}
_INSTANCES = {"ProductionVariants": [{"VariantName": "v", "ModelName": "m", "InstanceType": "ml.m5.large"}]}
_ASYNC = _INSTANCES | {"AsyncInferenceConfig": {"OutputConfig": {}}}
_CAPTURE = {"DataCaptureConfig": {"InitialSamplingPercentage": 100}}
_IMAGE = {"TrainingImage": "i", "TrainingInputMode": "File"}


def _metric(**fields):
    return {"Namespace": "Pawl", "MetricData": [{"MetricName": "m"} | fields]}


def _dimension(name="n", value="v"):
    return _metric(Dimensions=[{"Name": name, "Value": value}])


def _query(period):
    return {"MetricDataQueries": [{"Id": "a", "MetricStat": {"Period": period, "Stat": "Sum", "Metric": {}}}]}


def _model(environment):
    return {"PrimaryContainer": {"Image": "i", "Environment": environment}}


def _package(count):
    return {"InferenceSpecification": {"Containers": [{"Environment": {str(n): "" for n in range(count)}}]}}


EXAMPLES = {
    "s3-key-length": ("GetObject", {"Key": "ä" * 513}, {"Key": "ä" * 512}),
    "s3-bucket-name": ("GetObject", {"Bucket": "Data"}, {"Bucket": "data.1-a"}),
    "s3-object-tags": ("PutObject", {"Key": "k", "Tagging": "=v"}, {"Key": "k", "Tagging": "a=b&c=d"}),
    "s3-metadata-size": ("PutObject", {"Metadata": {"a": "x" * 2048}}, {"Metadata": {"a": "x" * 2047}}),
    "s3-deletes-at-once": ("DeleteObjects", {"Delete": {"Objects": [{}] * 1001}}, {"Delete": {"Objects": [{}] * 1000}}),
    "s3-part-number": ("UploadPart", {"PartNumber": 10001}, {"PartNumber": 10000}),
    "training-hyperparameters": ("CreateTrainingJob", {"HyperParameters": {str(n): "" for n in range(101)}},
                                 {"HyperParameters": {str(n): "" for n in range(100)}}),
    "training-hyperparameter-lines": ("CreateTrainingJob", {"HyperParameters": {"a": "1\n2"}}, {"HyperParameters": {"a": "1 2"}}),
    "tuning-hyperparameter-lines": (
        "CreateHyperParameterTuningJob", {"TrainingJobDefinition": {"StaticHyperParameters": {"a": "1\n2"}}},
        {"TrainingJobDefinition": {"StaticHyperParameters": {"a": "1 2"}}}),
    "training-image-or-algorithm": ("CreateTrainingJob", {"AlgorithmSpecification": _IMAGE | {"AlgorithmName": "a"}},
                                    {"AlgorithmSpecification": _IMAGE}),
    "transform-environment": ("CreateTransformJob", {"Environment": {str(n): "" for n in range(17)}},
                              {"Environment": {str(n): "" for n in range(16)}}),
    "transform-payload": ("CreateTransformJob", {"MaxPayloadInMB": 101}, {"MaxPayloadInMB": 100}),
    "transform-payloads-together": ("CreateTransformJob", {"MaxPayloadInMB": 51, "MaxConcurrentTransforms": 2},
                                    {"MaxPayloadInMB": 50, "MaxConcurrentTransforms": 2}),
    "model-environment": ("CreateModel", _model({"A": "ä" * 513}), _model({"A": "ä" * 512})),
    "package-environment": ("CreateModelPackage", _package(17), _package(16)),
    "execution-name": ("StartExecution", {"name": "a/b"}, {"name": "churn-000001"}),
    "state-machine-name": ("CreateStateMachine", {"name": "a b"}, {"name": "pawl-retraining"}),
    "execution-input": ("StartExecution", {"input": "ä" * 131073}, {"input": "ä" * 131072}),
    "task-output": ("SendTaskSuccess", {"output": "ä" * 131073}, {"output": "ä" * 131072}),
    "sns-one-target": ("Publish", {"Message": "m"}, _MESSAGE),
    "sns-subject-length": ("Publish", _MESSAGE | {"Subject": "x" * 100}, _MESSAGE | {"Subject": "x" * 99}),
    "sns-subject-characters": ("Publish", _MESSAGE | {"Subject": "a\tb"}, _MESSAGE | {"Subject": "Größe"}),
    "sns-message-size": (
        "Publish", _MESSAGE | {"Message": "x" * 262144, "MessageAttributes": {"a": {"DataType": "String", "StringValue": "b"}}},
        _MESSAGE | {"Message": "x" * 262144}),
    "sns-message-empty": ("Publish", _MESSAGE | {"Message": ""}, _MESSAGE),
    "sqs-message-empty": ("SendMessage", {"MessageBody": ""}, {"MessageBody": "m"}),
    "sqs-message-size": ("SendMessage", {"MessageBody": "x" * 262145}, {"MessageBody": "x" * 262144}),
    "sqs-characters": ("SendMessage", {"MessageBody": "\x00"}, {"MessageBody": "a\n\U0001F600"}),
    "queue-name": ("CreateQueue", {"QueueName": "x" * 81}, {"QueueName": "x" * 75 + ".fifo"}),
    "topic-name": ("CreateTopic", {"Name": "a b"}, {"Name": "x" * 256}),
    "event-size": ("PutEvents", {"Entries": [_EVENT | {"Detail": "x" * 262142}]}, {"Entries": [_EVENT | {"Detail": "x" * 262141}]}),
    "event-complete": ("PutEvents", {"Entries": [{"Source": "a", "Detail": "{}"}]}, {"Entries": [_EVENT]}),
    "event-detail-type": ("PutEvents", {"Entries": [_EVENT | {"DetailType": "x" * 129}]},
                          {"Entries": [_EVENT | {"DetailType": "x" * 128}]}),
    "alarm-period": ("PutMetricAlarm", _ALARM | {"Period": 90}, _ALARM | {"Period": 20}),
    "alarm-period-of-endpoints": ("PutMetricAlarm", _ALARM | {"Namespace": "AWS/SageMaker", "Period": 30},
                                  _ALARM | {"Namespace": "AWS/SageMaker", "Period": 120}),
    "alarm-window": ("PutMetricAlarm", _ALARM | {"Period": 60, "EvaluationPeriods": 1441},
                     _ALARM | {"Period": 3600, "EvaluationPeriods": 168}),
    "alarm-datapoints": ("PutMetricAlarm", _ALARM | {"DatapointsToAlarm": 2}, _ALARM | {"DatapointsToAlarm": 1}),
    "alarm-statistic": ("PutMetricAlarm", _ALARM | {"ExtendedStatistic": "p99"}, _MATH),
    "alarm-extended-statistic": ("PutMetricAlarm", {"MetricName": "m", "ExtendedStatistic": "p101"},
                                 {"MetricName": "m", "ExtendedStatistic": "p99.9"}),
    "alarm-math": ("PutMetricAlarm", _MATH | {"Period": 60}, _MATH),
    "alarm-name-characters": ("PutMetricAlarm", _ALARM | {"AlarmName": "a\n"}, _ALARM),
    "metrics-in-a-call": ("PutMetricData", {"MetricData": [{}] * 1001}, {"MetricData": [{}] * 1000}),
    "metric-namespace": ("PutMetricData", {"Namespace": "Größe"}, {"Namespace": "Pawl/Live"}),
    "metric-value": ("PutMetricData", _metric(Value=float("nan")), _metric(Value=-1.5)),
    "metric-values": ("PutMetricData", _metric(Values=[1.0, float("inf")]), _metric(Values=[1.0])),
    "metric-values-at-once": ("PutMetricData", _metric(Values=[1.0] * 151), _metric(Values=[1.0] * 150)),
    "metric-time": ("PutMetricData", _metric(Timestamp=_NOW - datetime.timedelta(days=15)),
                    _metric(Timestamp=(_NOW + datetime.timedelta(hours=1)).timestamp())),
    "metric-resolution": ("PutMetricData", _metric(StorageResolution=30), _metric(StorageResolution=1)),
    "metric-dimension-name": ("PutMetricData", _dimension(name=":n"), _dimension()),
    "metric-dimension-value": ("PutMetricData", _dimension(value="  "), _dimension(value="a b")),
    "alarm-dimension-name": ("PutMetricAlarm", _ALARM | {"Dimensions": [{"Name": "ä", "Value": "v"}]},
                             _ALARM | {"Dimensions": [{"Name": "n", "Value": "v"}]}),
    "alarm-dimension-value": ("PutMetricAlarm", _ALARM | {"Dimensions": [{"Name": "n", "Value": "ä"}]},
                              _ALARM | {"Dimensions": [{"Name": "n", "Value": "v"}]}),
    "metric-queries-at-once": ("GetMetricData", {"MetricDataQueries": [{}] * 501}, {"MetricDataQueries": [{}] * 500}),
    "metric-query-period": ("GetMetricData", _query(45), _query(300)),
    "statistics-period": ("GetMetricStatistics", {"Period": 90}, {"Period": 3600}),
    "function-name": ("CreateFunction", {"FunctionName": "x" * 65}, {"FunctionName": "x" * 64}),
    "lambda-payload": ("Invoke", {"Payload": b" " * 6291457}, {"Payload": b" " * 6291456}),
    "lambda-event-payload": ("Invoke", {"InvocationType": "Event", "Payload": b" " * 1048577},
                             {"InvocationType": "Event", "Payload": b" " * 1048576}),
    "update-excludes-capture": (
        "UpdateEndpoint", {"ExcludeRetainedVariantProperties": [{"VariantPropertyType": "DataCaptureConfig"}]},
        {"ExcludeRetainedVariantProperties": [{"VariantPropertyType": "DesiredWeight"}]}),
    "capture-of-asynchronous": ("CreateEndpointConfig", _ASYNC | _CAPTURE, _ASYNC),
    "capture-of-serverless": ("CreateEndpointConfig", _SERVERLESS | _CAPTURE, _SERVERLESS),
    "instances-of-serverless": (
        "CreateEndpointConfig", {"ProductionVariants": [{"ServerlessConfig": _UNITS, "InstanceType": "ml.m5.large"}]}, _SERVERLESS),
    "shadow-of-serverless": ("CreateEndpointConfig", _SERVERLESS | {"ShadowProductionVariants": [{}]}, _SERVERLESS),
    "shadow-of-asynchronous": ("CreateEndpointConfig", _ASYNC | {"ShadowProductionVariants": [{}]}, _ASYNC),
    "elastic-inference": ("CreateEndpointConfig", {"ProductionVariants": [{"AcceleratorType": "ml.eia2.large"}]}, _INSTANCES),
    "elastic-inference-of-shadows": (
        "CreateEndpointConfig", {"ShadowProductionVariants": [{"AcceleratorType": "ml.eia2.large"}]}, _INSTANCES),
}
