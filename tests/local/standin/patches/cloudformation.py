"""CloudFormation: alarms on metric math, which ministack refuses in templates."""
from ministack.services.cloudformation import provisioners


def install():
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
