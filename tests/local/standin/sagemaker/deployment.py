"""Deployment guardrails: what a DeploymentConfig allows, and the steps by which traffic moves to the new fleet."""
from dataclasses import dataclass

from .errors import invalid


@dataclass(frozen=True)
class Step:
    """Send `share` of the traffic to the new fleet, then watch the alarms for `wait` seconds."""

    share: float
    wait: float


@dataclass(frozen=True)
class Plan:
    steps: tuple[Step, ...]
    termination_wait: float
    timeout: float
    alarms: tuple[str, ...]


def plan(config: dict, instances: int, old_variants: set[str], new_variants: set[str]) -> Plan:
    """Read a DeploymentConfig; refuses what SageMaker's guardrails refuse."""
    alarms = tuple(alarm["AlarmName"] for alarm in config.get("AutoRollbackConfiguration", {}).get("Alarms", []))
    missing = [name for name in alarms if _alarm_state(name) is None]
    if missing:
        raise invalid(f"The following alarms in AutoRollbackConfiguration do not exist: {', '.join(missing)}")
    if config and old_variants != new_variants:
        raise invalid("Deployment guardrails need the same variant names in the old and the new endpoint config.")
    if "RollingUpdatePolicy" in config:
        policy = config["RollingUpdatePolicy"]
        steps = _even_steps(_share(policy["MaximumBatchSize"], instances, 50, 5), policy["WaitIntervalInSeconds"])
        termination_wait = 0
    else:
        policy = config.get("BlueGreenUpdatePolicy", {})
        steps = _blue_green_steps(policy.get("TrafficRoutingConfiguration", {}), instances)
        termination_wait = policy.get("TerminationWaitInSeconds", 0)
    timeout = policy.get("MaximumExecutionTimeoutInSeconds", 28800)
    if timeout < sum(step.wait for step in steps) + termination_wait:
        raise invalid("MaximumExecutionTimeoutInSeconds must be longer than all waits together.")
    return Plan(steps, termination_wait, timeout, alarms)


def tripped(alarms: tuple[str, ...]) -> str | None:
    """The first of these alarms that is in ALARM now."""
    return next((name for name in alarms if _alarm_state(name) == "ALARM"), None)


def _blue_green_steps(routing: dict, instances: int) -> tuple[Step, ...]:
    kind, wait = routing.get("Type", "ALL_AT_ONCE"), routing.get("WaitIntervalInSeconds", 0)
    if kind == "ALL_AT_ONCE":
        return (Step(1.0, wait),)
    if kind == "CANARY":
        if "CanarySize" not in routing:
            raise invalid("CanarySize is required for traffic routing of type CANARY.")
        return Step(_share(routing["CanarySize"], instances, 50, 1), wait), Step(1.0, 0)
    if "LinearStepSize" not in routing:
        raise invalid("LinearStepSize is required for traffic routing of type LINEAR.")
    return _even_steps(_share(routing["LinearStepSize"], instances, 50, 10), wait)


def _even_steps(share: float, wait: float) -> tuple[Step, ...]:
    shares = [share * n for n in range(1, int(1 / share) + 1)]
    if shares[-1] < 0.999:
        shares.append(1.0)
    return tuple(Step(min(share, 1.0), wait) for share in shares)


def _share(size: dict, instances: int, most: int, least: int) -> float:
    """A CapacitySize as a share of the fleet. A part of one instance does not exist."""
    if instances < 2:
        raise invalid(f"A part of a fleet of {instances} instance(s) cannot take traffic; at least 2 are needed.")
    percent = size["Value"] if size["Type"] == "CAPACITY_PERCENT" else 100 * size["Value"] / instances
    if not least <= percent <= most:
        raise invalid(f"Capacity size {size['Value']} ({size['Type']}) must be between {least} and {most} percent.")
    return percent / 100


def _alarm_state(name: str) -> str | None:
    from ministack.services import cloudwatch

    alarm = cloudwatch._alarms.get(name) or cloudwatch._composite_alarms.get(name)
    return alarm["StateValue"] if alarm else None
