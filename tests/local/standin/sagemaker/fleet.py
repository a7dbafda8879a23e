"""A fleet: the running models of one endpoint config, one process per variant however many instances it asks for."""
import random
import threading

from .. import switches
from . import acting
from .errors import invalid
from .registry import Registry
from .serving import ModelFailed, ModelServer, ModelServers


class Fleet:
    """Variants of an endpoint config, loaded and weighted."""

    def __init__(self, config: dict, registry: Registry, servers: ModelServers):
        self.config = config
        self.name = config["EndpointConfigName"]
        self.variants = [_summary(variant) for variant in config["ProductionVariants"]]
        self.shadows = [variant["VariantName"] for variant in config.get("ShadowProductionVariants", [])]
        self._loaded: dict[str, ModelServer] = {}
        self._roles: dict[str, str] = {}
        self._registry, self._servers = registry, servers

    def load(self, over: threading.Event):
        """Start every variant and wait until all are healthy; ModelFailed with SageMaker's words otherwise."""
        for variant in self.config["ProductionVariants"] + self.config.get("ShadowProductionVariants", []):
            name, model = variant["VariantName"], self._registry.models.find(variant["ModelName"])
            try:
                if model is None:
                    raise ModelFailed(f"model {variant['ModelName']} was deleted")
                self._loaded[name] = self._servers.get(model["_container"] | {"VolumeKey": self.config.get("KmsKeyId")}, over)
                self._roles[name] = model["ExecutionRoleArn"]
                with acting.role(model["ExecutionRoleArn"]):
                    acting.observe("Endpoints", self.name)
            except ModelFailed as error:
                self.stop()
                raise ModelFailed(f"The primary container for production variant {name} did not pass the ping health "
                                  f"check. Please check CloudWatch logs for this endpoint. ({error})") from None

    def choose(self, target: str | None) -> str:
        """The variant that answers a request: the target, or one by weight."""
        names = [variant["VariantName"] for variant in self.variants]
        if target is not None:
            if target not in names:
                raise invalid(f"Variant {target} was not found for the endpoint")
            return target
        weights = [variant["CurrentWeight"] for variant in self.variants]
        return random.choices(names, weights)[0] if sum(weights) > 0 else names[0]

    def server(self, variant: str) -> ModelServer:
        return self._loaded[variant]

    def role(self, variant: str) -> str:
        """The role in which a variant's model acts."""
        return self._roles[variant]

    def tells_its_config(self, variant: str) -> bool:
        """Whether a variant's metrics carry EndpointConfigName too: AWS documents it for fleets behind guardrails, and says
        nothing of shadow and serverless variants."""
        if variant in self.shadows:
            return switches.now.shadow_config_dimension
        serverless = any("ServerlessConfig" in one for one in self.config["ProductionVariants"])
        return switches.now.serverless_config_dimension or not serverless

    def set_weights(self, wanted: list[dict]):
        for change in wanted:
            variant = next((v for v in self.variants if v["VariantName"] == change["VariantName"]), None)
            if variant is None:
                raise invalid(f"Variant {change['VariantName']} was not found for the endpoint")
            if "DesiredWeight" in change:
                variant["CurrentWeight"] = variant["DesiredWeight"] = change["DesiredWeight"]
            if "DesiredInstanceCount" in change:
                variant["CurrentInstanceCount"] = variant["DesiredInstanceCount"] = change["DesiredInstanceCount"]

    def keep_properties_of(self, other: "Fleet", excluded: set[str]):
        """RetainAllVariantProperties: counts and weights come from the fleet that serves now, except what the update says. What
        is captured is a variant property too, but excluding it is not supported: the switch says whether it is kept."""
        for variant in self.variants:
            for old in other.variants:
                if old["VariantName"] == variant["VariantName"]:
                    kept = [] if "DesiredWeight" in excluded else ["CurrentWeight", "DesiredWeight"]
                    kept += [] if "DesiredInstanceCount" in excluded else ["CurrentInstanceCount", "DesiredInstanceCount"]
                    variant.update({k: old[k] for k in kept if k in old and k in variant})
        if switches.now.capture_retained:
            self.config = {k: v for k, v in self.config.items() if k != "DataCaptureConfig"} | {
                k: v for k, v in other.config.items() if k == "DataCaptureConfig"}

    @property
    def instances(self) -> int:
        return sum(variant.get("CurrentInstanceCount", 0) for variant in self.variants)

    def stop(self):
        for server in self._loaded.values():
            server.stop()
        self._loaded = {}


def _summary(variant: dict) -> dict:
    weight, count = variant.get("InitialVariantWeight", 1.0), variant.get("InitialInstanceCount", 1)
    summary = {"VariantName": variant["VariantName"], "CurrentWeight": weight, "DesiredWeight": weight}
    if serverless := variant.get("ServerlessConfig"):
        return summary | {"CurrentServerlessConfig": serverless, "DesiredServerlessConfig": serverless}
    return summary | {"CurrentInstanceCount": count, "DesiredInstanceCount": count}
