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
    assert_eq!(
        (&alone["convergence"], &alone["artifact"]),
        (&json!("converged"), &json!("s3://evidence/a/model.tar.gz"))
    );
    assert!(alone.get("champion").is_none(), "nothing serves");
    crown(&edge).await;
    let both = twice(&edge, converge(metrics.clone())).await;
    assert_eq!(both["champion"]["ModelName"], "m-1-model");
    assert_eq!(both["challenger"], alone["challenger"]);
    let kept = evidence(&edge, "convergence.json").await;
    assert_eq!(kept["metrics"], metrics);
    assert_eq!(kept["trained"], json!({ "job": "m-2-a", "artifact": "s3://evidence/a/model.tar.gz" }));
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
