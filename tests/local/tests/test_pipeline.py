"""An object arrives, and the whole machine runs: Lambda, training, transforms, registry, endpoint."""
import json

from conftest import HOLDOUT, execution


def test_an_upload_trains_scores_and_serves(aws, sagemaker):
    s3, machine = aws.client("s3"), aws.outputs["PipelineArn"]
    s3.put_object(Bucket="data", Key="raw/month.csv", Body=b"x,y\n1,1\n2,2\n3,6\n")
    states = aws.client("stepfunctions")
    started = aws.wait_until(lambda: states.list_executions(stateMachineArn=machine)["executions"], "an execution")
    done = execution(aws, started[0]["executionArn"])
    assert done["status"] == "SUCCEEDED", done
    output = json.loads(done["output"])
    assert output["status"] == "InService"
    assert output["config"] == started[0]["name"]
    assert output["scored"] == ["Completed", "Completed"]
    assert output["loss"] == 0.0
    assert output["package"].endswith("model-package/fixture/1")

    runtime = aws.client("sagemaker-runtime")
    answer = runtime.invoke_endpoint(EndpointName="served", Body=b'{"x": 5}', ContentType="application/jsonlines")
    assert json.loads(answer["Body"].read()) == {"score": 30.0, "batch": 1}
    for who, batch in (("challenger", len(HOLDOUT)), ("champion", 1)):
        out = s3.get_object(Bucket="data", Key=f"scores/{started[0]['name']}/{who}/rows.jsonl.out")["Body"].read()
        scored = [json.loads(line) for line in out.splitlines()]
        assert scored == [row | {"SageMakerOutput": {"score": 6.0 * row["features"]["x"], "batch": batch}}
                          for row in HOLDOUT]

    history = states.get_execution_history(executionArn=started[0]["executionArn"], maxResults=1000)["events"]
    entered = [e["stateEnteredEventDetails"]["name"] for e in history if e["type"].endswith("StateEntered")]
    assert entered[:3] == ["Check", "Train", "CreateModel"]
    assert entered[-1] == "Done"
    assert history[-1]["type"] == "ExecutionSucceeded"


def test_a_parameter_overrides_its_default(aws):
    assert aws.outputs["Model"] == "bikes"
