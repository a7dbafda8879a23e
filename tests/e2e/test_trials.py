"""A challenger beside the champion before all traffic moves: shadow and A/B, by live truth."""
import csv
import io
import json
import uuid

import pytest
from botocore.exceptions import ClientError
from runs import arrive, ended, month, serves

from loop import Traffic

POOR = {"train": {"hyperparameters": {"rounds": 1, "learning_rate": 0.05}}}
STRONG = {"train": {"hyperparameters": {"rounds": 40, "learning_rate": 0.2}}}
# A large gain is asked for, so that a minute of this traffic can decide.
JUDGE = {"gain": 0.1, "discordance": 0.3, "minimum_requests": 40}
LIVE = month("2011-06")


class Live(Traffic):
    """Clients that ask for a month's hours under inference ids, and tell what was true a second later."""

    def __init__(self, loop, rate=40, turned=False):
        """`turned`: what was true is the opposite of what the month's file says, so the better a model has learnt, the worse."""
        super().__init__(loop.aws, loop.model, list(csv.DictReader(io.StringIO(LIVE.decode()))), rate)
        self.loop, self.turned, self.features = loop, turned, loop.pipeline()["data"]["features"]
        self.answers, self.told = [], []

    def _send(self, row):
        key = str(uuid.uuid4())
        try:
            answer = self.client.invoke_endpoint(
                EndpointName=self.endpoint, ContentType="application/jsonlines", InferenceId=key,
                Body=json.dumps({name: json.loads(row[name]) for name in self.features}).encode() + b"\n")
        except ClientError:
            return "failed"
        self.answers.append(answer["InvokedProductionVariant"])
        busy = (int(row["cnt"]) >= 120) != self.turned
        self.told.append((key, 999 if busy else 0))
        if len(self.told) >= self.rate:
            self._tell()
        return "answered"

    def _tell(self):
        told, self.told = self.told, []
        lines = [json.dumps({"groundTruthData": {"data": str(value), "encoding": "CSV"},
                             "eventMetadata": {"eventId": key}, "eventVersion": "0"}) for key, value in told]
        self.loop.s3.put_object(Bucket="pawl-evidence", Key=f"truth/{self.loop.model}/{len(self.answers):09}.jsonl",
                                Body="\n".join(lines).encode())


def champion(pipeline, name, release):
    """A pipeline whose first model is a poor one."""
    loop = pipeline(name, {**POOR, "monitor": {"lag": "0s"}, "release": {"strategy": "all_at_once", **release}})
    loop.put_pipeline()
    arrive(loop, "2011-05", "2011-06")
    return loop


def watched_trial(loop):
    """Wait for the trial to be watched; the endpoint config that serves then."""
    def on_trial():
        release = loop.release()
        return release["state"]["name"] == "watching" and release["current"].get("trial") and release
    release = loop.aws.wait_until(on_trial, what="the trial")
    return loop.sagemaker.describe_endpoint_config(EndpointConfigName=release["current"]["config"])


def test_a_shadow_that_is_better_is_promoted(pipeline):
    loop = champion(pipeline, "shadow", {"trial": {"shadow": {"at_most": "10m", "judge": JUDGE}}})
    with Live(loop) as live:
        ended(loop, 1, "promoted", "healthy")
        first = loop.serving()
        loop.put_pipeline(STRONG)
        arrive(loop, "2011-07")
        config = watched_trial(loop)
        assert [one["ModelName"] for one in config["ProductionVariants"]] == [first], "clients get the champion's answers"
        assert [one["VariantName"] for one in config["ShadowProductionVariants"]] == ["Challenger"]
        ended(loop, 2, "promoted", "healthy")
        assert set(live.answers) == {"AllTraffic"}
    release = serves(loop, 2)
    assert "trial" not in release["current"] and [good["generation"] for good in release["good"]] == [2, 1]
    evidence = loop.evidence(2, "trial.json")
    assert evidence["came_to"]["look"]["verdict"] == "promote", evidence
    assert evidence["came_to"]["look"]["estimate"] > 0
    assert evidence["came_to"]["agreement"]["requests"] >= evidence["came_to"]["look"]["requests"] >= 40


def test_a_shadow_that_is_worse_never_answers_a_client(pipeline):
    # Offline it wins; live the world has turned.
    loop = champion(pipeline, "harm", {"trial": {"shadow": {"at_most": "10m", "judge": JUDGE}}})
    with Live(loop, turned=True) as live:
        ended(loop, 1, "promoted", "healthy")
        loop.put_pipeline(STRONG)
        arrive(loop, "2011-07")
        ended(loop, 2, "rolled_back", "the trial showed that it is worse")
        assert set(live.answers) == {"AllTraffic"}
    release = serves(loop, 1)
    assert [(one["generation"], one["cause"]["code"]) for one in release["rollbacks"]] == [(2, "trial")]
    assert loop.evidence(2, "trial.json")["came_to"]["look"]["verdict"] == "harm"


def test_the_winner_of_an_ab_test_is_promoted(pipeline):
    loop = champion(pipeline, "ab", {"trial": {"ab": {"percent": 50, "at_most": "20m", "judge": JUDGE}}})
    with Live(loop, rate=60) as live:
        ended(loop, 1, "promoted", "healthy")
        loop.put_pipeline(STRONG)
        arrive(loop, "2011-07")
        config = watched_trial(loop)
        assert [one["InitialVariantWeight"] for one in config["ProductionVariants"]] == [50.0, 50.0]
        ended(loop, 2, "promoted", "healthy")
        assert live.answers.count("Challenger") > 50, "it answered clients too"
    serves(loop, 2)
    assert loop.evidence(2, "trial.json")["came_to"]["look"]["verdict"] == "promote"


def test_traffic_that_cannot_decide_is_said_before_the_trial(pipeline):
    loop = champion(pipeline, "idle", {"alarms": {"minimum_requests": 1},
                                             "trial": {"shadow": {"at_most": "1m", "judge": {"gain": 0.001, "discordance": 0.01,
                                                                                          "horizon": 1_000_000}}}})
    with Live(loop, rate=4):
        ended(loop, 1, "promoted", "healthy")
        loop.put_pipeline(STRONG)
        arrive(loop, "2011-07")
        ended(loop, 2, "held", "this traffic cannot decide: about [0-9]+ pairs of answers in 1m")
    serves(loop, 1)


@pytest.mark.parametrize("kind, capture", [("asynchronous", 0), ("serverless", 0)])
def test_endpoints_without_a_second_variant_refuse_a_trial(pipeline, kind, capture):
    loop = pipeline(f"no-{kind}", {"serve": {"kind": kind, "capture_percent": capture},
                                   "release": {"strategy": "all_at_once", "trial": {"shadow": {"at_most": "7d"}}}})
    loop.put_pipeline()
    loop.put_object(f"no-{kind}/2011-05.csv", month("2011-05"))
    said = f"shadow does not work on a {kind} endpoint"
    loop.aws.wait_until(lambda: any(said in notice["Message"] for notice in loop.notices()), what="the refusal")
