//! The gate's groups in what was served, against the champion's holdout.

use super::*;

/// The holdout and live rows are f and m by turns.
const GROUPED: &str = "model: m
data: {bucket: incoming, prefix: m/, label: {column: y}, features: [x, sex]}
train: {image: i}
gate: {fairness: {groups: [{columns: [sex]}], rules: [{measure: DI}, {measure: RD, action: ask}]}}
";
/// The same, but no request knows the group.
const TOLD: &str = "model: m
data: {bucket: incoming, prefix: m/, label: {column: y}, features: [x], context: [sex]}
train: {image: i}
gate: {fairness: {groups: [{columns: [sex]}], rules: [{measure: DI}, {measure: RD, action: ask}]}}
";

fn look() -> Value {
    json!({ "step": "look", "model": "m" })
}

/// A champion of this pipeline, whose holdout selects half of f and of m.
async fn crown_of(edge: &InMemory, yaml: &str) {
    crown(edge).await;
    put(edge, &pipeline(&model()), yaml).await;
    put(edge, &keys().evidence(Generation(1), "pipeline.yaml"), yaml).await;
    let is_feature = yaml == GROUPED;
    let scores: String = (0..1_000)
        .map(|n| {
            let (x, sex) = (f64::from(n) / 1_000.0, ["f", "m"][n as usize % 2]);
            let (features, columns) = match is_feature {
                true => (json!({ "x": x, "sex": sex }), json!({})),
                false => (json!({ "x": x }), json!({ "sex": sex })),
            };
            let label = u8::from(x >= 0.5);
            json!({ "row": format!("h:{n}"), "label": label, "features": features, "columns": columns,
                "SageMakerOutput": { "score": x } })
            .to_string()
                + "\n"
        })
        .collect();
    edge.objects.put(HOME, "runs/m/000001/scores/challenger/accepted/m/h.jsonl.out", scores);
}

/// A score and a group: of the selected so many in ten are m, of the others as many f.
fn row(n: u32, rows: u32, men: u32) -> (f64, &'static str) {
    let x = f64::from(n) / f64::from(rows);
    (x, if (n % 10 < men) == (x >= 0.5) { "m" } else { "f" })
}

/// Requests of one hour that are answered as the champion does, with the group in it where `grouped`.
async fn ask_for(edge: &InMemory, hour: u8, rows: u32, men: u32, grouped: bool) {
    let line = |n| {
        let (x, sex) = row(n, rows, men);
        let asked = if grouped { format!("{x},{sex}") } else { x.to_string() };
        let line = json!({
            "captureData": {
                "endpointInput": { "observedContentType": "text/csv", "mode": "INPUT", "data": asked,
                    "encoding": "CSV" },
                "endpointOutput": { "observedContentType": "application/json", "mode": "OUTPUT",
                    "data": json!({ "score": x }).to_string(), "encoding": "JSON" },
            },
            "eventMetadata": { "eventId": format!("{hour}-{n}"), "inferenceTime": "2026-11-20T08:00:00Z" },
            "eventVersion": "0",
        });
        line.to_string() + "\n"
    };
    let lines: String = (0..rows).map(line).collect();
    let key = format!("capture/m/m/AllTraffic/2026/11/20/{hour:02}/00-00-000-a.jsonl");
    put(edge, &key, &lines).await;
    edge.objects.put(HOME, &key, lines);
}

/// Their truth, which is what the champion says; `groups` tells what stands under that name.
async fn tell(edge: &InMemory, hour: u8, rows: u32, groups: impl Fn(u32) -> Value) {
    let line = |n| {
        let positive = u8::from(f64::from(n) / f64::from(rows) >= 0.5);
        json!({ "groundTruthData": { "data": positive }, "groups": groups(n),
            "eventMetadata": { "eventId": format!("{hour}-{n}") } })
        .to_string()
            + "\n"
    };
    let lines: String = (0..rows).map(line).collect();
    let key = format!("truth/m/{hour:02}.jsonl");
    put(edge, &key, &lines).await;
    edge.objects.put(HOME, &key, lines);
}

async fn stored(edge: &InMemory, key: &str) -> Value {
    serde_json::from_str(&documents(&edge.store).await.unwrap()[key]).unwrap()
}

fn measure<'a>(groups: &'a Value, name: &str) -> &'a Value {
    let measures = groups["groupings"][0]["measures"].as_array().unwrap();
    measures.iter().find(|found| found["measure"] == name).unwrap()
}

fn published(answer: &Value) -> Option<f64> {
    let metrics = answer["metrics"].as_array().unwrap();
    metrics
        .iter()
        .find(|datum| datum["MetricName"] == "WorseGroups")
        .map(|datum| datum["Value"].as_f64().unwrap())
}

#[tokio::test]
async fn groups_of_requests_are_held_to_the_champions_holdout() {
    let edge = edge().await;
    crown_of(&edge, GROUPED).await;
    ask_for(&edge, 8, 2_000, 5, true).await;
    let fair = ask(&edge, look(), at(9)).await.unwrap();
    assert_eq!((&fair["groups"], &fair["news"]), (&json!("too_few"), &json!("none")), "recall needs truth");
    assert_eq!(published(&fair), Some(0.0));
    let holdout = stored(&edge, "monitoring/m/000001/expected.json").await;
    let f = &holdout["groups"]["groupings"][0]["groups"][0];
    assert_eq!(
        (&f["value"], &f["tally"]["rows"], &f["tally"]["selected"]),
        (&json!("f"), &json!(500), &json!(250))
    );

    // As many are selected as before, but of ten of them nine are m.
    ask_for(&edge, 9, 4_000, 9, true).await;
    let unfair = ask(&edge, look(), at(10)).await.unwrap();
    assert_eq!((&unfair["groups"], &unfair["news"]), (&json!("worse"), &json!("bad")));
    assert_eq!((&unfair["drift"], published(&unfair)), (&fair["drift"], Some(1.0)), "no column moved");
    let told = unfair["reason"].as_str().unwrap();
    assert!(
        told.contains("less fairly than on the champion\u{2019}s holdout: sex DI of m to f is"),
        "{told}"
    );
    assert_eq!(stored(&edge, "ledger/m/monitor.json").await["told_groups"], json!(["DI of sex m"]));
    let groups = stored(&edge, "monitoring/m/000001/000002.json").await["groups"].clone();
    let di = measure(&groups, "DI");
    assert_eq!(
        (&di["holdout"], &di["standing"], &di["action"]),
        (&json!(1.0), &json!("worse"), &json!("block"))
    );
    assert!(di["interval"][0].as_f64().unwrap() > 1.25, "{di}");
    assert_eq!(measure(&groups, "RD")["standing"], "too_few");
    assert_eq!(measure(&groups, "AD")["standing"], "too_few");

    // Still so: people know it.
    ask_for(&edge, 10, 4_000, 9, true).await;
    let again = ask(&edge, look(), at(11)).await.unwrap();
    assert_eq!((&again["groups"], &again["news"]), (&json!("worse"), &json!("none")));
}

#[tokio::test]
async fn groups_that_no_request_knows_come_with_the_truth() {
    let edge = edge().await;
    crown_of(&edge, TOLD).await;
    ask_for(&edge, 8, 4_000, 9, false).await;
    let answer = ask(&edge, look(), at(9)).await.unwrap();
    assert_eq!((&answer["groups"], published(&answer)), (&json!("too_few"), None), "nobody knows them yet");
    tell(&edge, 8, 4_000, |n| match n % 4 {
        0 => json!({ "sex": row(n, 4_000, 9).1 }),
        1 => json!({ "sex": "x" }),
        2 => json!("no object"),
        _ => json!({ "sex": row(n, 4_000, 9).1, "more": 1 }),
    })
    .await;
    let answer = ask(&edge, look(), at(10)).await.unwrap();
    assert_eq!(answer["groups"], "worse", "{}", answer["reason"]);
    let groups = stored(&edge, "monitoring/m/000001/000002.json").await["groups"].clone();
    let of = &groups["groupings"][0];
    assert_eq!(
        (&of["source"], &of["other"], &of["unknown"]),
        (&json!("truth"), &json!(1_000), &json!(1_000))
    );
    // Of f the selected are few, but all answers are right.
    assert_eq!(
        (&measure(&groups, "RD")["value"], &measure(&groups, "AD")["value"]),
        (&json!(0.0), &json!(0.0))
    );
    let evidence = stored(&edge, "monitoring/m/000001/000002.json").await;
    assert_eq!((&evidence["unreadable_truths"], &evidence["quality"]["rows"]), (&json!(0), &json!(4_000)));
}

#[tokio::test]
async fn what_an_older_version_left_is_read_and_gets_its_groups() {
    let edge = edge().await;
    crown_of(&edge, GROUPED).await;
    ask_for(&edge, 8, 1_000, 5, true).await;
    ask(&edge, look(), at(9)).await.unwrap();
    // As it was before there were groups: of the holdout, and in what the monitoring remembers.
    let (expected, monitor) = ("monitoring/m/000001/expected.json", keys().monitor());
    let mut older = stored(&edge, expected).await;
    let fields = older.as_object_mut().unwrap();
    assert!(fields.remove("groups").is_some() && fields.remove("threshold").is_some());
    put_json(&edge, expected, &older).await;
    let mut memory = stored(&edge, &monitor).await;
    assert!(memory["join"].as_object_mut().unwrap().remove("groups").is_some());
    put_json(&edge, &monitor, &memory).await;
    ask_for(&edge, 9, 4_000, 9, true).await;
    let answer = ask(&edge, look(), at(10)).await.unwrap();
    assert_eq!(answer["groups"], "worse", "{}", answer["reason"]);
    let f =
        stored(&edge, "monitoring/m/000001/000002.json").await["groups"]["groupings"][0]["groups"][0].clone();
    assert_eq!(f["tally"]["rows"], 2_000, "counted from now on");

    // Without the scores there is no holdout to hold against, and that is told.
    put_json(&edge, expected, &older).await;
    edge.store.delete("runs/m/000001/scores/challenger/accepted/m/h.jsonl.out").await.unwrap();
    ask_for(&edge, 10, 4_000, 9, true).await;
    let answer = ask(&edge, look(), at(11)).await.unwrap();
    assert_eq!(answer["groups"], json!({ "not_watched": "no_holdout" }));
    assert!(
        answer["reason"].as_str().unwrap().ends_with("scores of the champion\u{2019}s holdout are gone.")
    );
    assert_eq!(published(&answer), None);
}

#[tokio::test]
async fn live_answers_are_decided_at_the_champions_own_threshold() {
    let edge = edge().await;
    crown_of(&edge, GROUPED).await;
    let key = keys().evidence(Generation(1), "judgement.json");
    let mut judgement = stored(&edge, &key).await;
    judgement["metrics"]["challenger"] = json!({ "accuracy": 0.75, "threshold": 0.25 });
    put_json(&edge, &key, &judgement).await;
    // The pipeline's own number is for a champion that tells none.
    put(&edge, &pipeline(&model()), &format!("{GROUPED}monitor: {{quality: {{threshold: 0.9}}}}\n")).await;
    ask_for(&edge, 8, 1_000, 5, true).await;
    tell(&edge, 8, 1_000, |_| Value::Null).await;
    ask(&edge, look(), at(9)).await.unwrap();
    let evidence = stored(&edge, "monitoring/m/000001/000001.json").await;
    // Scores from 0.25 to 0.5 answer yes where the truth is no.
    assert_eq!(
        (&evidence["quality"]["accuracy"], &evidence["quality"]["expected"]),
        (&json!(0.75), &json!(0.75))
    );
    let groups = evidence["groups"]["groupings"][0]["groups"].as_array().unwrap();
    let selected: u64 = groups.iter().map(|group| group["tally"]["selected"].as_u64().unwrap()).sum();
    assert_eq!(selected, 750);
}
