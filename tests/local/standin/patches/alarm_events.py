"""What leaves CloudWatch when an alarm changes state: an EventBridge event, Lambda actions, SNS messages.

All three carry the same state timestamp, as AWS's do: it is what tells copies of one change apart from two changes.
"""
import json
import time
import uuid

from ministack.core.responses import new_uuid
from ministack.services import cloudwatch as cw
from ministack.services import sns

from .. import aws, events
from ..rights import deliveries
from . import eventing

_ACTIONS = {"ALARM": "AlarmActions", "OK": "OKActions", "INSUFFICIENT_DATA": "InsufficientDataActions"}


def timestamp(seconds: float) -> str:
    """2019-10-02T17:04:40.989+0000"""
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{int(seconds % 1 * 1000):03d}+0000"


def reason_data(alarm: dict, points: list, now: float) -> dict:
    """The document in the string `reasonData`."""
    known = [point for point in points if point.value is not None]
    data = {"version": "1.0", "queryDate": timestamp(now)}
    if known:
        data["startDate"] = timestamp(known[0].start)
    if not alarm.get("Metrics"):
        data["statistic"] = alarm.get("ExtendedStatistic") or alarm.get("Statistic") or "Average"
        data["period"] = int(alarm.get("Period", 60))
    return data | {
        "recentDatapoints": [point.value for point in known], "threshold": float(alarm["Threshold"]),
        "evaluatedDatapoints": [{"timestamp": timestamp(point.start)} | (
            {"value": point.value} if point.value is not None else {}) for point in reversed(points)]}


def send(alarm: dict, state: dict, previous: dict):
    """The event always; the actions of the new state when actions are enabled."""
    detail = {"alarmName": alarm["AlarmName"], "state": state, "previousState": previous,
              "configuration": _configuration(alarm)}
    events.send("aws.cloudwatch", "CloudWatch Alarm State Change", [alarm["AlarmArn"]], detail)
    if not alarm.get("ActionsEnabled", True):
        return
    for action in alarm.get(_ACTIONS[state["value"]]) or []:
        service = deliveries.ALARMS_TO_FUNCTIONS if ":lambda:" in action else deliveries.ALARMS
        if (":sns:" in action or ":lambda:" in action) and not deliveries.service_may(service, alarm["AlarmArn"], action):
            continue
        if ":sns:" in action:
            _notify(action, alarm, state, previous)
        elif ":lambda:" in action:
            invoked = eventing.to_lambda(action, {
                "source": "aws.cloudwatch", "alarmArn": alarm["AlarmArn"], "accountId": aws.ACCOUNT,
                "time": state["timestamp"], "region": aws.region(), "alarmData": detail})
            if not invoked:
                cw.logger.warning("alarm %s: there is no function %s", alarm["AlarmName"], action)
        else:
            cw.logger.warning("alarm %s: the stand-in does not know the action %s", alarm["AlarmName"], action)


def _configuration(alarm: dict) -> dict:
    described = {"description": alarm["AlarmDescription"]} if alarm.get("AlarmDescription") else {}
    if "AlarmRule" in alarm:
        return described | {"alarmRule": alarm["AlarmRule"]}
    if alarm.get("Metrics"):
        return described | {"metrics": [_math_query(query) for query in alarm["Metrics"]]}
    stat = {"MetricName": alarm["MetricName"], "Namespace": alarm["Namespace"],
            "Dimensions": alarm.get("Dimensions") or []}
    identity = str(uuid.uuid5(uuid.NAMESPACE_URL, alarm["AlarmArn"]))
    return described | {"metrics": [{"id": identity, "metricStat": _metric_stat(
        stat, alarm.get("Period", 60), alarm.get("ExtendedStatistic") or alarm.get("Statistic") or "Average"),
        "returnData": True}]}


def _math_query(query: dict) -> dict:
    out = {"id": query["Id"], "returnData": query.get("ReturnData", True)}
    if "Expression" in query:
        return out | {"expression": query["Expression"], "label": query.get("Label", query["Id"])}
    stat = query["MetricStat"]
    return out | {"metricStat": _metric_stat(stat["Metric"], stat["Period"], stat["Stat"])}


def _metric_stat(metric: dict, period, stat: str) -> dict:
    return {"metric": {"dimensions": {d["Name"]: d["Value"] for d in metric.get("Dimensions", [])},
                       "name": metric["MetricName"], "namespace": metric["Namespace"]},
            "period": int(period), "stat": stat}


def _notify(topic: str, alarm: dict, state: dict, previous: dict):
    trigger = {"Period": int(alarm.get("Period") or 60), "EvaluationPeriods": int(alarm.get("EvaluationPeriods", 1)),
               "ComparisonOperator": alarm.get("ComparisonOperator"), "Threshold": alarm.get("Threshold"),
               "TreatMissingData": alarm.get("TreatMissingData", "missing")}
    if alarm.get("DatapointsToAlarm"):
        trigger["DatapointsToAlarm"] = alarm["DatapointsToAlarm"]
    if alarm.get("Metrics"):
        trigger["Metrics"] = alarm["Metrics"]
    else:
        trigger |= {"MetricName": alarm.get("MetricName"), "Namespace": alarm.get("Namespace"),
                    "StatisticType": "Statistic", "Statistic": (alarm.get("Statistic") or "Average").upper(),
                    "Unit": alarm.get("Unit"), "Dimensions": [
                        {"name": d["Name"], "value": d["Value"]} for d in alarm.get("Dimensions") or []]}
    message = {"AlarmName": alarm["AlarmName"], "AlarmDescription": alarm.get("AlarmDescription") or None,
               "AWSAccountId": aws.ACCOUNT, "NewStateValue": state["value"], "NewStateReason": state["reason"],
               "StateChangeTime": state["timestamp"], "Region": "US East (N. Virginia)",
               "AlarmArn": alarm["AlarmArn"], "OldStateValue": previous["value"],
               "OKActions": alarm.get("OKActions") or [], "AlarmActions": alarm.get("AlarmActions") or [],
               "InsufficientDataActions": alarm.get("InsufficientDataActions") or [], "Trigger": trigger}
    subject = f'{state["value"]}: "{alarm["AlarmName"]}" in US East (N. Virginia)'[:100]
    sns._fanout(topic, new_uuid(), json.dumps(message), subject)
