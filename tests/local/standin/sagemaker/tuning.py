"""Hyperparameter tuning: random search over the ranges, by training jobs of ours, the best by the objective."""
import math
import random
from concurrent.futures import ThreadPoolExecutor

from . import state
from .errors import invalid
from .jobs import JobFailed, Jobs, JobStopped
from .training import TrainingJobs

_FIELDS = ("AlgorithmSpecification", "RoleArn", "InputDataConfig", "OutputDataConfig", "ResourceConfig",
           "StoppingCondition", "Environment", "EnableManagedSpotTraining", "CheckpointConfig", "EnableNetworkIsolation", "VpcConfig")


class TuningJobs(Jobs):
    kind, field = "hyper-parameter-tuning-job", "HyperParameterTuningJob"
    detail_type = "SageMaker HyperParameter Tuning Job State Change"

    def __init__(self, tags: state.Tags, training: TrainingJobs):
        super().__init__(tags)
        self._training = training

    def create(self, p):
        if "TrainingJobDefinition" not in p:
            raise invalid("the stand-in tunes one TrainingJobDefinition")
        return super().create(p)

    def role(self, record):
        return record["TrainingJobDefinition"]["RoleArn"]

    def first_fields(self, p):
        return {"TrainingJobStatusCounters": dict.fromkeys(
            ("Completed", "InProgress", "RetryableError", "NonRetryableError", "Stopped"), 0),
            "ObjectiveStatusCounters": dict.fromkeys(("Succeeded", "Pending", "Failed"), 0)}

    def work(self, name, record):
        settings = record["HyperParameterTuningJobConfig"]
        limits = settings["ResourceLimits"]
        generator = random.Random(settings.get("RandomSeed", 0))
        ranges = settings.get("ParameterRanges", {})
        trials = [(f"{name[:26]}-{n + 1:03}-{record['CreationTime']:.0f}"[:63], _sample(ranges, generator))
                  for n in range(limits.get("MaxNumberOfTrainingJobs", 1))]
        with ThreadPoolExecutor(limits["MaxParallelTrainingJobs"]) as pool:
            results = list(pool.map(lambda trial: self._try(record, *trial), trials))
        if record["_stop"].is_set():
            raise JobStopped
        if record.get("BestTrainingJob") is None:
            raise JobFailed(f"ClientError: none of {len(results)} training jobs reported the objective metric")

    def _try(self, record, name, sampled):
        if record["_stop"].is_set():
            return
        definition, objective = record["TrainingJobDefinition"], record["HyperParameterTuningJobConfig"][
            "HyperParameterTuningJobObjective"]
        request = {field: definition[field] for field in _FIELDS if field in definition}
        request |= {"TrainingJobName": name, "HyperParameters": definition.get("StaticHyperParameters", {}) | sampled
                    | {"_tuning_objective_metric": objective["MetricName"]}}
        self._training.create(request)
        self._count(record, "InProgress", 1)
        while not self._training.wait(name, 0.2):
            if record["_stop"].is_set():
                self._training.table.get(name)["_stop"].set()
        self._count(record, "InProgress", -1)
        trained = self._training.table.view(name)
        status = trained["TrainingJobStatus"]
        self._count(record, {"Failed": "NonRetryableError"}.get(status, status), 1)
        value = next((m["Value"] for m in trained.get("FinalMetricDataList", [])
                      if m["MetricName"] == objective["MetricName"]), None)
        if status == "Completed" and value is not None and math.isfinite(value):
            self._offer(record, trained, sampled, objective, value)

    @staticmethod
    def _count(record, counter, change):
        with state.changed:
            record["TrainingJobStatusCounters"][counter] += change

    @staticmethod
    def _offer(record, trained, sampled, objective, value):
        """Keep this training job when it beats the best so far."""
        with state.changed:
            record["ObjectiveStatusCounters"]["Succeeded"] += 1
            best = record.get("BestTrainingJob")
            held = best and best["FinalHyperParameterTuningJobObjectiveMetric"]["Value"]
            if best and not (value > held if objective["Type"] == "Maximize" else value < held):
                return
            fields = ("TrainingJobName", "TrainingJobArn", "TrainingJobStatus", "CreationTime", "TrainingStartTime",
                      "TrainingEndTime")
            record["BestTrainingJob"] = {k: trained[k] for k in fields if k in trained} | {
                "TunedHyperParameters": sampled, "ObjectiveStatus": "Succeeded",
                "FinalHyperParameterTuningJobObjectiveMetric": {
                    "MetricName": objective["MetricName"], "Type": objective["Type"], "Value": value}}


def _sample(ranges: dict, generator: random.Random) -> dict[str, str]:
    """One point, drawn evenly or on a logarithmic scale; all values are strings, as hyperparameters are."""
    drawn = {}
    for parameter in ranges.get("ContinuousParameterRanges", []):
        drawn[parameter["Name"]] = repr(_between(parameter, generator))
    for parameter in ranges.get("IntegerParameterRanges", []):
        drawn[parameter["Name"]] = str(round(_between(parameter, generator)))
    for parameter in ranges.get("CategoricalParameterRanges", []):
        drawn[parameter["Name"]] = generator.choice(parameter["Values"])
    return drawn


def _between(parameter: dict, generator: random.Random) -> float:
    low, high = float(parameter["MinValue"]), float(parameter["MaxValue"])
    if parameter.get("ScalingType") == "Logarithmic":
        return math.exp(generator.uniform(math.log(low), math.log(high)))
    return generator.uniform(low, high)
