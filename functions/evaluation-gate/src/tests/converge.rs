use super::*;

fn converge(metrics: Value) -> Value {
    json!({ "step": "converge", "model": "m", "generation": 2, "name": "m-2-a", "metrics": metrics,
        "artifact": "s3://evidence/a/model.tar.gz" })
}

#[tokio::test]
async fn a_training_that_converged_is_scored_beside_the_champion() {
    let edge = edge("").await;
    let metrics = json!([{ "MetricName": "loss", "Value": 0.1 }]);
    let alone = twice(&edge, converge(metrics.clone())).await;
    let kept = "s3://evidence/models/m/m-2-a/model.tar.gz";
    assert_eq!((&alone["convergence"], &alone["artifact"]), (&json!("converged"), &json!(kept)));
    let copy = json!({ "from": "s3://evidence/a/model.tar.gz", "bucket": "evidence",
        "key": "models/m/m-2-a/model.tar.gz" });
    assert_eq!(alone["copy"], copy, "out of the training's reach");
    assert!(alone.get("champion").is_none(), "nothing serves");
    crown(&edge).await;
    let both = twice(&edge, converge(metrics.clone())).await;
    assert_eq!(both["challenger"], alone["challenger"]);
    let scorer = &both["challenger"]["model"];
    assert_eq!((&scorer["ModelName"], &scorer["ExecutionRoleArn"]), (&json!("m-2-an"), &json!(SCORING)));
    assert_eq!(scorer["PrimaryContainer"]["ModelDataUrl"], kept);
    assert_eq!(both["challenger"]["transform"]["ModelName"], "m-2-an");
    assert_eq!(
        both["champion"]["transform"]["ModelName"], "m-1-model",
        "what it was made of is not known: its own model"
    );
    assert!(both["champion"].get("model").is_none());
    let written = evidence(&edge, "convergence.json").await;
    assert_eq!(written["metrics"], metrics);
    assert_eq!(written["trained"], json!({ "job": "m-2-a", "artifact": kept }));
}

#[tokio::test]
async fn the_champion_is_scored_by_a_model_of_this_runs_own() {
    let edge = edge("serve: {environment: {MODE: new}}").await;
    crown(&edge).await;
    let run = Generation(1);
    let made = json!({ "check": { "verdict": "converged", "faults": [] }, "metrics": null,
        "trained": { "job": "m-1", "artifact": "s3://evidence/m-1/model.tar.gz" } });
    put_json(&edge, &keys().evidence(run, "convergence.json"), &made).await;
    put(&edge, &keys().evidence(run, "pipeline.yaml"), &YAML.replace("image: i", "image: old")).await;
    let plan = twice(&edge, converge(json!([]))).await;
    let champion = &plan["champion"];
    assert_eq!(champion["model"]["ModelName"], "m-2-ao");
    assert_eq!(champion["model"]["ExecutionRoleArn"], SCORING);
    let container = json!({ "Image": "old", "ModelDataUrl": "s3://evidence/m-1/model.tar.gz",
        "Environment": {} });
    assert_eq!(champion["model"]["PrimaryContainer"], container);
    assert_eq!(champion["transform"]["ModelName"], "m-2-ao");
}

#[tokio::test]
async fn a_training_that_diverged_says_what_is_wrong() {
    let edge = edge("gate: {convergence: [{metric: loss, at_most: 0.5}, {metric: steps}]}").await;
    for (metrics, reason) in [
        (json!(null), "the training reported no loss, which gate.convergence asks for"),
        (json!([{ "MetricName": "loss", "Value": "NaN" }]), "loss is not finite: the training diverged"),
        (json!([{ "MetricName": "loss", "Value": 0.7 }]), "loss is 0.7, outside of gate.convergence"),
    ] {
        let answer = twice(&edge, converge(metrics)).await;
        assert_eq!(answer["convergence"], "failed");
        let said = answer["reason"].as_str().unwrap();
        assert!(said.contains(reason), "{said}");
        assert!(said.ends_with("the training reported no steps, which gate.convergence asks for"), "{said}");
        assert_eq!(evidence(&edge, "convergence.json").await["check"]["verdict"], "failed");
    }
}
