"""The metrics SageMaker publishes for an endpoint's invocations."""

_NAMESPACE = "AWS/SageMaker"


def invocation(endpoint: str, variant: str, config: str, status: int, model_seconds: float, overhead_seconds: float):
    """One request. Errors are 0 or 1 per request, latencies are microseconds."""
    from ministack.services import cloudwatch

    base = {"EndpointName": endpoint, "VariantName": variant}
    values = (
        ("Invocations", 1.0, "None"),
        ("Invocation4XXErrors", float(400 <= status < 500), "None"),
        ("Invocation5XXErrors", float(status >= 500), "None"),
        ("InvocationModelErrors", float(status >= 400), "None"),
        ("ModelLatency", model_seconds * 1e6, "Microseconds"),
        ("OverheadLatency", overhead_seconds * 1e6, "Microseconds"),
    )
    for dimensions in (base, base | {"EndpointConfigName": config}):
        for name, value, unit in values:
            cloudwatch.record_metric(_NAMESPACE, name, value, unit, dimensions)
