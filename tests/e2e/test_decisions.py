"""Runs that end before anything is deployed: skipped, quarantined, diverged, declined, failed."""
import pytest
from runs import arrive, ended, handled, month


def test_too_little_history_is_skipped(pipeline):
    loop = pipeline("short-history")
    loop.put_pipeline()
    arrive(loop, "2011-05")
    ended(loop, 1, "skipped", "There are 0 accepted objects .* split.least_objects asks for 1")
    assert loop.evidence(1, "decision.json")["decision"] == "skip"
    assert loop.training()["trained"] == []


def test_a_corrupt_batch_trains_nothing(pipeline):
    loop = pipeline("corrupt", {"decide": {"ask_above": 0.0}})
    loop.put_pipeline()
    arrive(loop, "2011-05", "2011-06")
    loop.answer("train-1", "reject", "Only the constraints are wanted.")
    ended(loop, 1, "declined")

    loop.put_month("2011-07", month("2011-07", "broken_schema:renamed"))
    record = ended(loop, 2, "quarantined", "2011-07.csv: .*")
    judged, = loop.evidence(2, "validation.json")
    assert judged["fate"] == "quarantined" and judged["validation"]["verdict"] == "quarantined"
    assert record["triggers"] == ["s3://bike-rentals/corrupt/2011-07.csv"]
    assert loop.evidence(2, "decision.json") is None
    assert loop.training()["trained"] == [], "run 1 asked, and trained nothing"


def test_a_training_that_diverges_opens_the_breaker(pipeline):
    bound = {"gate": {"convergence": [{"metric": "validation:auc", "at_least": 0.99999}]}}
    loop = pipeline("diverges", bound)
    loop.put_pipeline()
    arrive(loop, "2011-05", "2011-06")
    ended(loop, 1, "diverged", "validation:auc")
    assert loop.evidence(1, "convergence.json")["check"]["verdict"] != "converged"
    assert loop.training()["breaker"]["reason"] == loop.evidence(1, "run.json")["outcome"]["reason"]

    arrive(loop, "2011-07")
    ended(loop, 2, "skipped", "the breaker is open .*validation:auc.*pawl reset")
    assert [trained["generation"] for trained in loop.training()["trained"]] == [1]
    assert loop.serving() is None


def test_a_person_is_asked_to_train_and_the_job_fails(pipeline):
    loop = pipeline("job-fails", {"decide": {"ask_above": 0.0}})
    loop.aws.fail_training("job-fails-", "AlgorithmError: out of memory")
    loop.put_pipeline()
    arrive(loop, "2011-05", "2011-06")
    question = loop.question("train-1")
    assert question["question"].endswith("drift: train on this data?")
    notice, = [one for one in loop.notices() if one["Subject"] == "Pawl: needs a person: job-fails run 1 waits for your answer"]
    attributes = {name: one["Value"] for name, one in notice["MessageAttributes"].items()}
    assert attributes == {"kind": "answer_needed", "severity": "page", "model": "job-fails", "run": "1", "verdict": "ask"}
    assert f"Why: {question['question']}" in notice["Message"] and "You have until 20" in notice["Message"]
    assert "Command: pawl approve job-fails --bucket pawl-evidence" in notice["Message"]
    loop.answer("train-1", "approve", "Yes.")
    record = ended(loop, 1, "failed", "out of memory")
    assert record["outcome"]["state"] == "Train"
    assert loop.evidence(1, "failure.json") == {"schema_version": 1} | record["outcome"]
    assert loop.serving() is None

    # The next month is a new chance.
    arrive(loop, "2011-07")
    loop.answer("train-2", "reject", "No.")
    ended(loop, 2, "declined", "^No.$")


def test_what_failed_to_train_is_trained_when_a_person_asks(pipeline):
    loop = pipeline("tried-again", {"gate": {"floors": [{"metric": "auc", "worst": 0.9999}]}})
    loop.aws.fail_training("tried-again-", "CapacityError: none left")
    loop.put_pipeline()
    arrive(loop, "2011-05", "2011-06")
    ended(loop, 1, "failed", "CapacityError")
    assert loop.training()["trained"] == []

    loop.pawl("run", loop.model, "--why", "there is capacity again")
    ended(loop, 2, "rejected")
    first, second = (loop.evidence(run, "decision.json") for run in (1, 2))
    assert first["fingerprint"] == second["fingerprint"] and first["dataset"] == second["dataset"]

    # It was judged: the same would only be found again.
    loop.pawl("run", loop.model, "--why", "once more")
    ended(loop, 3, "skipped", "run 2 trained on these very objects")


def test_a_search_hands_its_best_training_on(pipeline):
    search = {"metric": "validation:auc", "goal": "maximize", "trainings": 3, "at_once": 2, "search": "random",
              "ranges": {"leaf_rows": {"from": 5, "to": 400, "scale": "whole"}, "missing": {"of": ["impute", "error"]}}}
    loop = pipeline("searched", {"gate": {"floors": [{"metric": "auc", "worst": 0.9999}]}})
    loop.put_pipeline({"train": {"tune": search, "hyperparameters": {"missing": None}}})
    arrive(loop, "2011-05", "2011-06")
    ended(loop, 1, "rejected")
    name = loop.evidence(1, "decision.json")["name"]
    found = loop.sagemaker.describe_hyper_parameter_tuning_job(HyperParameterTuningJobName=name)
    assert found["TrainingJobStatusCounters"]["Completed"] == 3
    best = found["BestTrainingJob"]
    trained = loop.sagemaker.describe_training_job(TrainingJobName=best["TrainingJobName"])
    metrics = {one["MetricName"]: one["Value"] for one in loop.evidence(1, "convergence.json")["metrics"]}
    assert metrics["validation:auc"] == best["FinalHyperParameterTuningJobObjectiveMetric"]["Value"]
    # It was scored by a model of the run's own, made of a copy of the archive.
    scored = loop.sagemaker.describe_model(ModelName=f"{name}n")["PrimaryContainer"]["ModelDataUrl"]
    assert archive(loop, scored) == archive(loop, trained["ModelArtifacts"]["S3ModelArtifacts"])


def archive(loop, uri):
    bucket, key = uri.removeprefix("s3://").split("/", 1)
    return loop.s3.get_object(Bucket=bucket, Key=key)["Body"].read()


def test_a_search_whose_trainings_all_fail(pipeline):
    search = {"metric": "validation:auc", "goal": "maximize", "trainings": 1, "at_once": 1,
              "ranges": {"leaf_rows": {"from": 5, "to": 40, "scale": "whole"}}}
    loop = pipeline("unsearched", {"train": {"tune": search}})
    loop.aws.fail_training("unsearched-", "AlgorithmError: out of memory")
    loop.put_pipeline()
    arrive(loop, "2011-05", "2011-06")
    record = ended(loop, 1, "failed", "none of 1 training jobs")
    assert record["outcome"]["state"] == "Tune"


def test_nobody_answers_in_time(pipeline):
    loop = pipeline("unanswered", {"decide": {"ask_above": 0.0}, "approval": {"wait": "2s"}})
    loop.put_pipeline()
    arrive(loop, "2011-05", "2011-06")
    ended(loop, 1, "declined", "^Nobody answered in time.$")


def test_an_undecided_first_model_is_declined_in_the_registry(pipeline):
    loop = pipeline("declined", {"gate": {"floors": None}})
    loop.put_pipeline()
    arrive(loop, "2011-05", "2011-06")
    loop.question("package-1")
    package, = loop.sagemaker.list_model_packages(ModelPackageGroupName="declined")["ModelPackageSummaryList"]
    assert package["ModelApprovalStatus"] == "PendingManualApproval"
    assert loop.evidence(1, "judgement.json")["verdict"] == "needs_approval"
    arn = package["ModelPackageArn"]
    loop.sagemaker.update_model_package(ModelPackageArn=arn, ModelApprovalStatus="Rejected")
    ended(loop, 1, "declined", "model registry")
    assert loop.sagemaker.describe_model_package(ModelPackageName=arn)["ModelApprovalStatus"] == "Rejected"
    assert loop.release()["current"] is None and loop.serving() is None


@pytest.mark.parametrize("function, state", [("DataValidator", "Snapshot"), ("DriftChecker", "CompareDrift"),
                                             ("EvaluationGate", "Decide")])
def test_a_failing_function_ends_in_a_recorded_failure(pipeline, function, state):
    loop = pipeline(f"broken-{state.lower()}")
    loop.aws.fail_function(loop.aws.resources[function], "Pawl.Refused", "refused: by the test")
    loop.put_pipeline()
    arrive(loop, "2011-05")
    record = ended(loop, 1, "failed", "refused: by the test")
    assert (record["outcome"]["state"], record["outcome"]["error"]) == (state, "Pawl.Refused")
    assert loop.aws.pending_faults() == []
    assert set(handled(loop)) == {1}


def test_a_function_that_fails_for_a_moment_is_tried_again(pipeline):
    loop = pipeline("hiccup")
    loop.aws.fail_function(loop.aws.resources["DataValidator"], "Pawl.Unavailable", "unavailable", times=2)
    loop.put_pipeline()
    arrive(loop, "2011-05")
    ended(loop, 1, "skipped")
    assert loop.aws.pending_faults() == []


def test_a_failing_close_is_tried_again(pipeline):
    loop = pipeline("close-fails", {"decide": {"ask_above": 0.0}})
    loop.put_pipeline()
    arrive(loop, "2011-05", "2011-06")
    loop.question("train-1")
    # From here on nothing but Close calls this function.
    loop.aws.fail_function(loop.aws.resources["NewDataTrigger"], "Runtime.ExitError", "killed")
    loop.answer("train-1", "reject", "No.")
    ended(loop, 1, "declined", "^No.$")
    assert loop.aws.pending_faults() == []


def test_a_run_that_is_stopped_by_hand_frees_its_lock(pipeline):
    loop = pipeline("stopped", {"decide": {"ask_above": 0.0}})
    loop.put_pipeline()
    arrive(loop, "2011-05", "2011-06")
    loop.question("train-1")
    loop.sfn.stop_execution(executionArn=loop.execution(1)["executionArn"])
    record = loop.wait_closed(1)
    assert (record["outcome"]["code"], record["outcome"]["error"]) == ("failed", "Pawl.ExecutionEnded")
    assert loop.wait_idle() == 1 and set(handled(loop)) == {1}
    assert "Pawl: needs a person: stopped run 1 failed" in [notice["Subject"] for notice in loop.notices()]
    assert loop.evidence(1, "failure.json") == {"schema_version": 1} | record["outcome"]


def test_a_failing_guard_deploys_nothing(pipeline):
    loop = pipeline("guard-fails")
    # The state machine's call alone: the registry's event of the approved package comes to the same function.
    loop.aws.fail_call("Invoke", error="ResourceNotFoundException", status=404, message="refused: by the test",
                       match='"step": "guard", "model": "guard-fails"')
    loop.put_pipeline()
    arrive(loop, "2011-05", "2011-06")
    record = ended(loop, 1, "failed", "refused: by the test")
    assert record["outcome"]["state"] == "Guard"
    assert loop.serving() is None
    assert loop.aws.pending_faults() == []
