"""Documented rules that take more than one number. Each says whether a value may stand in its request."""
import datetime
import math

from . import values

_WEEK, _DAY, _HOUR = 604_800, 86_400, 3_600
_TWO_WEEKS, _TWO_HOURS = 1_209_600, 7_200
_MOST_ENTRY = 262_144
_MOST_METADATA = 2_048
_MOST_ENVIRONMENT = 32 * 1024


def alarm_window(period, request) -> bool:
    """All periods together: a week at most, a day where each is shorter than an hour."""
    return period * request.get("EvaluationPeriods", 1) <= (_DAY if period < _HOUR else _WEEK)


def alarm_statistic(request, _) -> bool:
    """A metric has one of Statistic and ExtendedStatistic, metric math neither."""
    given = ("Statistic" in request) + ("ExtendedStatistic" in request)
    return given == (1 if "MetricName" in request else 0)


def alarm_math(metrics, request) -> bool:
    """Beside Metrics nothing of one metric is given."""
    return not {"Namespace", "MetricName", "Dimensions", "Period", "Unit", "Statistic", "ExtendedStatistic"} & set(request)


def datapoints(count, request) -> bool:
    return count <= request.get("EvaluationPeriods", 1)


def finite(value, _) -> bool:
    return math.isfinite(value) and abs(value) <= 2.0 ** 360


def recent(moment, _) -> bool:
    """From two weeks ago to two hours ahead."""
    now = datetime.datetime.now(datetime.UTC)
    if isinstance(moment, str):
        moment = datetime.datetime.fromisoformat(moment)
    if not isinstance(moment, datetime.datetime):
        moment = datetime.datetime.fromtimestamp(moment, datetime.UTC)
    age = (now - moment.astimezone(datetime.UTC)).total_seconds()
    return -_TWO_HOURS <= age <= _TWO_WEEKS


def event_size(entry, _) -> bool:
    """As the user guide counts an entry of PutEvents."""
    texts = [entry.get("Source", ""), entry.get("DetailType", ""), entry.get("Detail", ""), *entry.get("Resources", [])]
    return sum(len(text.encode()) for text in texts) + (14 if "Time" in entry else 0) < _MOST_ENTRY


def event_complete(entry, _) -> bool:
    return all(name in entry for name in ("Source", "Detail", "DetailType"))


def object_tags(text, _) -> bool:
    """Ten at most, keys of 128 characters, values of 256."""
    tags = values.form(text) if isinstance(text, str) else [(tag["Key"], tag["Value"]) for tag in text["TagSet"]]
    return len(tags) <= 10 and len(dict(tags)) == len(tags) and all(
        0 < len(key) <= 128 and len(value) <= 256 for key, value in tags)


def object_metadata(metadata, _) -> bool:
    return sum(len(key.encode()) + len(value.encode()) for key, value in metadata.items()) <= _MOST_METADATA


def model_environment(variables, _) -> bool:
    """1024 bytes each, 32 KB together."""
    sizes = [len(text.encode()) for pair in variables.items() for text in pair]
    return all(size <= 1024 for size in sizes) and sum(sizes) <= _MOST_ENVIRONMENT


def payloads_together(megabytes, request) -> bool:
    return megabytes * max(request.get("MaxConcurrentTransforms", 1), 1) <= 100


def one_image(algorithm, _) -> bool:
    return ("TrainingImage" in algorithm) != ("AlgorithmName" in algorithm)


def one_target(request, _) -> bool:
    return sum(name in request for name in ("TopicArn", "TargetArn", "PhoneNumber")) == 1


def message_size(message, request) -> bool:
    """The body and its attributes together."""
    size = len(message.encode())
    for name, attribute in request.get("MessageAttributes", {}).items():
        size += len(name.encode()) + len(attribute.get("DataType", "").encode())
        size += len(attribute.get("StringValue", "").encode()) + len(attribute.get("BinaryValue", b""))
    return size <= _MOST_ENTRY
