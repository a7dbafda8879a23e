"""Endpoints and their configs: create, update behind guardrails, roll back, delete."""
import contextvars
import threading
import time

from .. import events, faults
from . import acting, deployment, state
from .errors import invalid
from .fleet import Fleet
from .jobs import log
from .registry import Registry
from .scaling import Scaling
from .serving import ModelFailed, ModelServers

_BUSY = ("Creating", "Updating", "SystemUpdating", "RollingBack", "Deleting")
_WATCH_SECONDS = 0.1
_DRAIN_SECONDS = 0.1


class RolledBack(Exception):
    """An alarm or the timeout ended a deployment."""


class Live:
    """The fleets behind one endpoint. `green` takes `share` of the traffic while a deployment runs."""

    def __init__(self):
        self.blue: Fleet | None = None
        self.green: Fleet | None = None
        self.share = 0.0
        self.over = threading.Event()

    def stop(self):
        self.over.set()
        for fleet in (self.blue, self.green):
            if fleet is not None:
                fleet.stop()


class Endpoints:
    def __init__(self, servers: ModelServers, tags: state.Tags, registry: Registry):
        self._servers, self._tags, self._registry = servers, tags, registry
        self.live: dict[str, Live] = {}
        self.scaling = Scaling(self._variants)
        self.configs = state.Table(
            "endpoint-config", lambda arn: invalid(f'Could not find endpoint configuration "{arn}".'),
            lambda arn: invalid(f'Cannot create already existing endpoint configuration "{arn}".'))
        self.table = state.Table(
            "endpoint", lambda arn: invalid(f'Could not find endpoint "{arn}".'),
            lambda arn: invalid(f'Cannot create already existing endpoint "{arn}".'))

    # Endpoint configs

    def create_config(self, p):
        name, variants = p["EndpointConfigName"], p["ProductionVariants"] + p.get("ShadowProductionVariants", [])
        if p.get("ShadowProductionVariants") and (len(p["ProductionVariants"]), len(variants)) != (1, 2):
            raise invalid("A shadow variant needs exactly one production and one shadow variant.")
        names = [variant["VariantName"] for variant in variants]
        if len(set(names)) != len(names):
            raise invalid("Production variant names must be unique.")
        for variant in variants:
            if "ModelName" not in variant:
                raise invalid("the stand-in serves variants with a ModelName only")
            if "ServerlessConfig" not in variant and not ("InstanceType" in variant and "InitialInstanceCount" in variant):
                raise invalid(f"Variant {variant['VariantName']} needs InstanceType and InitialInstanceCount.")
            self._registry.models.get(variant["ModelName"])
        arn = state.arn("endpoint-config", name)
        self.configs.add(name, {k: v for k, v in p.items() if k != "Tags"} | {"EndpointConfigArn": arn})
        self._tags.add(arn, p.get("Tags", []))
        return {"EndpointConfigArn": arn}

    def describe_config(self, p):
        record = self.configs.view(p["EndpointConfigName"])
        record.pop("LastModifiedTime")
        return record

    def delete_config(self, p):
        self.configs.remove(p["EndpointConfigName"])
        return {}

    def list_configs(self, p):
        found = [{k: c[k] for k in ("EndpointConfigName", "EndpointConfigArn", "CreationTime")}
                 for c in self.configs.all() if p.get("NameContains", "") in c["EndpointConfigName"]]
        return state.page(found, p, "EndpointConfigs", {"Name": "EndpointConfigName"})

    # Endpoints

    def create(self, p):
        name, config = p["EndpointName"], self.configs.view(p["EndpointConfigName"])
        arn = state.arn("endpoint", name)
        with state.changed:
            self.table.add(name, {"EndpointName": name, "EndpointArn": arn, "EndpointStatus": "Creating",
                                  "EndpointConfigName": p["EndpointConfigName"]})
            self.live[name] = Live()
        self._tags.add(arn, p.get("Tags", []))
        self._start(self._create, name, Fleet(config, self._registry, self._servers))
        return {"EndpointArn": arn}

    def describe(self, p):
        with state.changed:
            record = self.table.view(p["EndpointName"])
            blue = self.live[p["EndpointName"]].blue
            if blue is not None:
                record["ProductionVariants"] = [dict(variant) for variant in blue.variants]
                capture = blue.config.get("DataCaptureConfig")
                if capture:
                    record["DataCaptureConfig"] = {
                        "EnableCapture": capture.get("EnableCapture", True), "CaptureStatus": "Started",
                        "CurrentSamplingPercentage": capture["InitialSamplingPercentage"],
                        "DestinationS3Uri": capture["DestinationS3Uri"], "KmsKeyId": capture.get("KmsKeyId", "")}
            return record

    def list(self, p):
        fields = ("EndpointName", "EndpointArn", "CreationTime", "LastModifiedTime", "EndpointStatus")
        found = [{k: e[k] for k in fields} for e in self.table.all() if p.get("NameContains", "") in e["EndpointName"]
                 and p.get("StatusEquals") in (None, e["EndpointStatus"])]
        return state.page(found, p, "Endpoints", {"Name": "EndpointName", "Status": "EndpointStatus"})

    def update(self, p):
        name = p["EndpointName"]
        with state.changed:
            record, config = self._ready(name), self.configs.view(p["EndpointConfigName"])
            if record["EndpointConfigName"] == p["EndpointConfigName"]:
                raise invalid(f"Endpoint {name} already uses the endpoint configuration {p['EndpointConfigName']}; "
                              "an update needs a new one.")
            live = self.live[name]
            self._refuse_while_scaled(name, live.blue.config, config)
            green = Fleet(config, self._registry, self._servers)
            if p.get("RetainAllVariantProperties"):
                green.keep_properties_of(live.blue, {one["VariantPropertyType"] for one in
                                                     p.get("ExcludeRetainedVariantProperties", [])})
            elif "ExcludeRetainedVariantProperties" in p:
                raise invalid("ExcludeRetainedVariantProperties needs RetainAllVariantProperties.")
            plan = deployment.plan(p.get("DeploymentConfig", {}), green.instances,
                                   {v["VariantName"] for v in live.blue.variants},
                                   {v["VariantName"] for v in green.variants})
            self._refuse_blind_guards(config, plan)
            self.table.update(name, EndpointStatus="Updating", FailureReason=None,
                              LastDeploymentConfig=p.get("DeploymentConfig"))
        self._announce(name)
        self._start(self._lose if faults.take("lose_update", name) else self._update, name, green, plan)
        return {"EndpointArn": record["EndpointArn"]}

    def update_weights(self, p):
        name = p["EndpointName"]
        with state.changed:
            record = self._ready(name)
            self.live[name].blue.set_weights(p["DesiredWeightsAndCapacities"])
            self.table.update(name, EndpointStatus="Updating")
        self._announce(name)
        self._start(self._settle, name)
        return {"EndpointArn": record["EndpointArn"]}

    def delete(self, p):
        name = p["EndpointName"]
        with state.changed:
            self._refuse_while_busy(self.table.get(name))
            self.table.update(name, EndpointStatus="Deleting")
        self._announce(name)
        self._start(self._delete, name)
        return {}

    # What happens in the background

    def _create(self, name, fleet):
        live = self.live[name]
        try:
            fleet.load(live.over)
        except ModelFailed as error:
            self._set(name, "Failed", FailureReason=str(error))
            return
        live.blue = fleet
        self._set(name, "InService")

    def _lose(self, name, *_):
        self._set(name, "InService")

    def _settle(self, name):
        self._set(name, "InService")

    def _delete(self, name):
        with state.changed:
            live = self.live.pop(name)
            self.table.remove(name)
        live.stop()

    def _update(self, name, green, plan):
        live, deadline = self.live[name], time.monotonic() + plan.timeout
        self._phase(name, green, "Creating", "Creating the new fleet")
        try:
            green.load(live.over)
        except ModelFailed as error:
            # The old fleet goes on serving, but the endpoint takes no other update.
            self._set(name, "Failed", FailureReason=str(error), PendingDeploymentSummary=None)
            return
        live.green = green
        try:
            for step in plan.steps:
                live.share = step.share
                self._phase(name, green, "Baking" if step.wait else "ActivatingTraffic",
                            f"{step.share:.0%} of the traffic on the new fleet for {step.wait} seconds")
                self._watch(live, plan, step.wait, deadline)
            self._phase(name, green, "Baking", f"Baking for {plan.termination_wait} seconds "
                                               "(TerminationWaitInSeconds)")
            self._watch(live, plan, plan.termination_wait, deadline)
        except RolledBack as reason:
            self._roll_back(name, live, str(reason))
            return
        old = live.blue
        with state.changed:
            live.blue, live.green, live.share = green, None, 0.0
            self._set(name, "InService", EndpointConfigName=green.name, PendingDeploymentSummary=None)
        time.sleep(_DRAIN_SECONDS)
        old.stop()

    def _roll_back(self, name, live, reason):
        log.warning("endpoint %s rolls back: %s", name, reason)
        live.share = 0.0
        self._set(name, "RollingBack")
        green, live.green = live.green, None
        time.sleep(_DRAIN_SECONDS)
        green.stop()
        # As seen on AWS: in service again with the old config, and not a word about why.
        self._set(name, "InService", PendingDeploymentSummary=None)

    def _watch(self, live, plan, seconds, deadline):
        """Wait, and give up at once when an alarm trips. Looks at the alarms at least once."""
        until = time.monotonic() + seconds
        while True:
            if alarm := deployment.tripped(plan.alarms):
                raise RolledBack(f"alarm {alarm} is in ALARM")
            now = time.monotonic()
            if now > deadline:
                raise RolledBack("MaximumExecutionTimeoutInSeconds is over")
            if now >= until:
                return
            if live.over.wait(min(_WATCH_SECONDS, until - now)):
                raise RolledBack("the stand-in ends")

    # Helpers

    def _start(self, work, *args):
        # In the region of the request.
        context = contextvars.copy_context()
        threading.Thread(target=context.run, args=(work, *args), daemon=True, name="standin-endpoint").start()

    def _ready(self, name) -> dict:
        record = self.table.get(name)
        self._refuse_while_busy(record)
        if record["EndpointStatus"] != "InService":
            raise invalid(f'Cannot update endpoint "{record["EndpointArn"]}" in status {record["EndpointStatus"]}.')
        return record

    def _variants(self, name):
        live = self.live.get(name)
        return [variant["VariantName"] for variant in live.blue.variants] if live and live.blue else []

    def _refuse_while_scaled(self, name, old, new):
        """A scalable target may get another model, and nothing else."""
        def types(config):
            return {variant["VariantName"]: variant.get("InstanceType") for variant in config["ProductionVariants"]}
        moved = sorted(variant for variant in self.scaling.registered(name)
                       if types(old).get(variant) != types(new).get(variant))
        if moved:
            raise invalid(f'The variant(s) "{moved}" must be deregistered as scalable targets with AWS Auto Scaling '
                          "before they can be removed or have their instance type updated.")

    def _refuse_blind_guards(self, config, plan):
        """The role of the new models must see the alarms that guard a deployment."""
        models = [self._registry.models.find(one["ModelName"]) for one in config["ProductionVariants"]]
        for model in models if plan.alarms else []:
            if model is not None:
                acting.watches(model["ExecutionRoleArn"])

    @staticmethod
    def _refuse_while_busy(record):
        if record["EndpointStatus"] in _BUSY:
            raise invalid(f'Cannot update in-progress endpoint "{record["EndpointArn"]}".')

    def _set(self, name, status, **fields):
        self.table.update(name, EndpointStatus=status, **fields)
        self._announce(name)

    def _phase(self, name, green, status, message):
        summary = {"EndpointConfigName": green.name, "StartTime": time.time(), "ProductionVariants": [
            dict(variant, VariantStatus=[{"Status": status, "StatusMessage": message, "StartTime": time.time()}])
            for variant in green.variants]}
        self.table.update(name, PendingDeploymentSummary=summary)
        self._announce(name, "SageMaker Endpoint Deployment State Change")

    def _announce(self, name, detail_type="SageMaker Endpoint State Change"):
        record = self.describe({"EndpointName": name})
        spelling = "".join(f"_{c}" if c.isupper() and i else c for i, c in enumerate(record["EndpointStatus"])).upper()
        detail = _milliseconds(record) | {"EndpointStatus": spelling, "Tags": self._tags.map(record["EndpointArn"])}
        events.send("aws.sagemaker", detail_type, [record["EndpointArn"]], detail)


def _milliseconds(value):
    """Times in events are epoch milliseconds, where the API has seconds."""
    if isinstance(value, dict):
        return {k: int(v * 1000) if k.endswith("Time") else _milliseconds(v) for k, v in value.items()}
    return [_milliseconds(item) for item in value] if isinstance(value, list) else value
