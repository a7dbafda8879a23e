"""Alarms that look at their own dimensions, M of N datapoints and missing data, and say so in AWS's shapes."""
import json
import operator
import threading
import time
from dataclasses import dataclass

from ministack.core.responses import request_scope
from ministack.services import cloudwatch as cw

from . import alarm_events, metric_math

_TICK_SECONDS = 0.5
_lock = threading.RLock()
_COMPARE = {
    "GreaterThanOrEqualToThreshold": (operator.ge, "greater than or equal to"),
    "GreaterThanThreshold": (operator.gt, "greater than"),
    "LessThanThreshold": (operator.lt, "less than"),
    "LessThanOrEqualToThreshold": (operator.le, "less than or equal to"),
}


def install():
    # Two weeks of metrics never come together here, and the eviction loses points that are added meanwhile.
    cw._evict_old_metrics = lambda: None
    cw._evaluate_alarm = evaluate
    cw._dispatch_alarm_actions = _transition
    _keep_metric_math()
    threading.Thread(target=_tick, daemon=True, name="standin-alarms").start()


def _tick():
    while True:
        time.sleep(_TICK_SECONDS)
        # Of all regions, each in its own.
        for (account, region, _), alarm in list(cw._alarms._data.items()):
            try:
                with request_scope(account, region):
                    evaluate(alarm)
            except Exception:
                cw.logger.exception("alarm %s cannot be evaluated", alarm.get("AlarmName"))


@dataclass(frozen=True)
class Datapoint:
    """One period of an alarm's metric; `value` is None where data is missing."""

    start: float
    value: float | None


def evaluate(alarm: dict):
    """Bring an alarm to the state its datapoints ask for."""
    with _lock:
        if time.time() < alarm.get("_held_until", 0):  # SetAlarmState holds for one period
            return
        comparison = _COMPARE.get(alarm["ComparisonOperator"])
        if comparison is None:
            return
        points = _datapoints(alarm)
        state = _judge(alarm, points, comparison[0])
        old = alarm["StateValue"]
        if state == old:
            return
        known = [point for point in reversed(points) if point.value is not None]
        reason = _reason(alarm, state, old, known, comparison[1], len(points))
        alarm["StateReasonData"] = json.dumps(alarm_events.reason_data(alarm, points, time.time()))
        alarm.update(StateValue=state, StateReason=reason)
        cw._record_history(alarm["AlarmName"], old, state, reason, reason_data=json.loads(alarm["StateReasonData"]))
        _transition(alarm, old, state, reason)
        cw._evaluate_parent_alarms(alarm)


def _datapoints(alarm: dict) -> list[Datapoint]:
    """The periods of the evaluation range, oldest first. The running period counts as soon as it has data."""
    period, count = _period(alarm), int(alarm.get("EvaluationPeriods", 1))
    now = time.time()
    current = now - now % period
    newest = _value(alarm, current, current + period)
    points = [Datapoint(current, newest)] if newest is not None else []
    start = current
    while len(points) < count:
        start -= period
        points.append(Datapoint(start, _value(alarm, start, start + period)))
    return points[::-1]


def _judge(alarm: dict, points: list[Datapoint], breaches) -> str:
    treat, threshold = alarm.get("TreatMissingData", "missing"), float(alarm["Threshold"])
    breaching = sum(breaches(p.value, threshold) for p in points if p.value is not None)
    known = sum(p.value is not None for p in points)
    if known == 0 and treat == "missing":
        return "INSUFFICIENT_DATA"
    if known == 0 and treat == "ignore":
        return alarm["StateValue"]
    if treat == "breaching":
        breaching += len(points) - known
    needed = int(alarm.get("DatapointsToAlarm") or alarm.get("EvaluationPeriods", 1))
    return "ALARM" if breaching >= needed else "OK"


def _period(alarm: dict) -> int:
    if alarm.get("Metrics"):
        return next(int(m["MetricStat"]["Period"]) for m in alarm["Metrics"] if "MetricStat" in m)
    return int(alarm.get("Period", 60))


def _value(alarm: dict, start: float, end: float) -> float | None:
    if alarm.get("Metrics"):
        return metric_math.value(alarm["Metrics"], lambda stat: statistic(
            stat["Metric"]["Namespace"], stat["Metric"]["MetricName"], stat["Metric"].get("Dimensions", []),
            stat["Stat"], start, end))
    return statistic(alarm["Namespace"], alarm["MetricName"], alarm.get("Dimensions") or [],
                     alarm.get("ExtendedStatistic") or alarm.get("Statistic") or "Average", start, end)


def statistic(namespace: str, name: str, dimensions: list[dict], stat: str, start: float, end: float) -> float | None:
    """One statistic of one metric, exactly these dimensions, over [start, end); None where there is no data."""
    key = (namespace, name, cw._dims_key({d["Name"]: d["Value"] for d in dimensions}))
    points = []
    for point in reversed(cw._metrics.get(key) or []):  # appended as time goes by, so the newest are last
        if point["Timestamp"] < start - 60:
            break
        if start <= point["Timestamp"] < end:
            points.append(point)
    return cw._stat_value(cw._calc_stats(points), stat, points) if points else None


def _reason(alarm, state, old, known, words, total) -> str:
    if not known:
        treated = alarm.get("TreatMissingData", "missing")
        if treated == "missing":
            return f"Insufficient Data: {total} datapoints were unknown."
        return f"Threshold Crossed: no datapoints were received for {total} periods and {total} missing datapoints " \
               f"were treated as [{'Breaching' if treated == 'breaching' else 'NonBreaching'}]."
    shown = ", ".join(f"{p.value} ({time.strftime('%d/%m/%y %H:%M:%S', time.gmtime(p.start))})" for p in known[:5])
    was = f"was {words}" if state == "ALARM" else f"was not {words}"
    needed = int(alarm.get("DatapointsToAlarm") or alarm.get("EvaluationPeriods", 1))
    return (f"Threshold Crossed: {len(known)} out of the last {total} datapoints [{shown}] {was} the threshold "
            f"({float(alarm['Threshold'])}) (minimum {needed} datapoint{'s' * (needed > 1)} for {old} -> {state} "
            "transition).")


def _transition(alarm: dict, old: str, new: str, reason: str):
    """Every change of state comes here: from evaluation, from SetAlarmState, from composite alarms."""
    now = time.time()
    with _lock:
        previous = alarm.get("_state") or {"value": old, "reason": "Unchecked: Initial alarm creation",
                                           "timestamp": alarm_events.timestamp(now)}
        state = {"value": new, "reason": reason, "timestamp": alarm_events.timestamp(now)}
        if alarm.get("StateReasonData"):
            state["reasonData"] = alarm["StateReasonData"]
        alarm.update(StateUpdatedTimestamp=now, StateTransitionedTimestamp=now, _state=state)
    alarm_events.send(alarm, state, previous)


def _keep_metric_math():
    """ministack drops the Metrics of an alarm; keep them and the alarm's hand-set state for one period."""
    put, set_state = cw._put_metric_alarm, cw._set_alarm_state

    def put_metric_alarm(params, data, is_cbor, is_json=False):
        answer = put(params, data, is_cbor, is_json)
        if answer[0] == 200 and data.get("Metrics"):
            cw._alarms[data["AlarmName"]]["Metrics"] = data["Metrics"]
        return answer

    def set_alarm_state(params, data, is_cbor, is_json=False):
        with _lock:
            alarm = cw._alarms.get(data.get("AlarmName") or cw._p(params, "AlarmName"))
            if alarm is not None:
                alarm["_held_until"] = time.time() + _period(alarm)
                alarm.pop("StateReasonData", None)
            return set_state(params, data, is_cbor, is_json)

    cw._put_metric_alarm, cw._set_alarm_state = put_metric_alarm, set_alarm_state
