//! Who won: champion against challenger on the same rows, the tests, and the reasons of the gate.

use super::evidence::Evidence;
use super::groups;
use super::html::{Head, Html, badge, code, paragraph, table, terms, text};
use super::labels;
use super::picture::{self, Scale};
use super::words::{NONE, capital, count, measure, or_none, p_value, plain, signed, time};
use crate::gate::convergence::{Converged, Convergence};
use crate::gate::{Better, Judgement, Metric, Metrics, Task, Test, TestName};

/// The most training metrics that are told.
const METRICS: usize = 40;

/// The section.
pub(super) fn render(evidence: &Evidence) -> Html {
    let mut html = Html::default();
    match &evidence.decision {
        Some(decision) => {
            let word = capital(labels::choice(decision.decision).1);
            html.raw("<p><strong>").text(word).raw(".</strong> ").text(plain(&decision.reason)).raw("</p>\n");
        }
        None => {
            html.add(&paragraph(
                "The run ended before it decided whether to train, or the decision cannot be read.",
            ));
        }
    }
    if let Some(converged) = &evidence.convergence {
        html.add(&training(converged));
    }
    match &evidence.judgement {
        Some(judgement) => {
            html.add(&summary(judgement)).add(&reasons(judgement)).add(&measures(judgement));
            if judgement.policy.task == Task::Binary {
                html.add(&confusion(judgement)).add(&calibration(judgement));
            }
            html.add(&tests(judgement)).add(&service(judgement)).add(&groups::render(judgement));
        }
        None => {
            html.add(&paragraph("No challenger was judged in this run, or the judgement cannot be read."));
        }
    }
    html
}

fn training(converged: &Converged) -> Html {
    let mut html = Html::default();
    html.raw("<h3>Training</h3>\n");
    match converged.check.verdict {
        Convergence::Converged => html.add(&paragraph("The training converged.")),
        Convergence::Failed => html.add(&paragraph("The training gave no usable model:")),
    };
    if !converged.check.faults.is_empty() {
        html.raw("<ul>\n");
        for fault in converged.check.faults.iter().take(METRICS) {
            html.raw("<li>").text(fault).raw("</li>\n");
        }
        html.raw("</ul>\n");
    }
    let metrics = converged.metrics.as_array().map(Vec::as_slice).unwrap_or_default();
    let row = |entry: &serde_json::Value| {
        let name = entry.get("MetricName").and_then(serde_json::Value::as_str).unwrap_or("without a name");
        let value = entry.get("Value").and_then(serde_json::Value::as_f64);
        vec![code(name), text(value.map_or_else(|| "no number".to_owned(), measure))]
    };
    if !metrics.is_empty() {
        let head = [Head::Words("Metric"), Head::Number("Last value")];
        html.add(&table("What the training job reported", &head, metrics.iter().take(METRICS).map(row)));
    }
    html
}

fn summary(judgement: &Judgement) -> Html {
    let mut facts = vec![
        ("The gate says", badge(labels::gate(judgement.verdict))),
        ("Holdout", text(holdout(judgement))),
        ("Level", text(format!("{} two-sided", judgement.policy.alpha))),
    ];
    if let Some(holdout) = &judgement.holdout {
        let level = match holdout.look {
            1 => "these rows judge for the first time".to_owned(),
            look => format!("wins at {:.2e}, after {} judgements on these rows", holdout.level, look - 1),
        };
        facts.push(("Error budget", text(level)));
    }
    if let Some(sample) = judgement.sample {
        facts.push((
            "Rank tests",
            text(format!("a random sample of {} of {} rows", count(sample.kept), count(sample.of))),
        ));
    }
    let mut html = Html::default();
    html.raw("<h3>Judgement</h3>\n").add(&terms(facts));
    if let Some(forced) = &judgement.forced {
        html.add(&paragraph(format_args!(
            "Forced by {} on {}, where the gate had said {}: {}",
            forced.by,
            time(forced.at),
            labels::gate(forced.instead_of).1,
            forced.reason
        )));
    }
    html
}

fn holdout(judgement: &Judgement) -> String {
    let rows = count(judgement.rows);
    match judgement.positives {
        Some(positives) => format!("{rows} rows, {} positive", count(positives)),
        None => format!("{rows} rows, task {}", judgement.policy.task),
    }
}

fn reasons(judgement: &Judgement) -> Html {
    let mut html = Html::default();
    html.raw("<ul class=\"reasons\">\n");
    for reason in &judgement.reasons {
        let label = labels::weight(reason.code.weight());
        html.raw("<li>").add(&badge(label)).raw(" ").add(&code(&reason.check)).raw(" ");
        html.text(&reason.text).raw("</li>\n");
    }
    html.raw("</ul>\n");
    html
}

fn measures(judgement: &Judgement) -> Html {
    let (champion, challenger) = (&judgement.metrics.champion, &judgement.metrics.challenger);
    let rows = judgement.policy.task.metrics().iter().map(|&it| {
        let of = |metrics: &Option<Metrics>| metrics.as_ref().and_then(|metrics| metrics.value(it));
        let (old, new) = (of(champion), of(challenger));
        let change = old.zip(new).map(|(old, new)| new - old);
        let who = change.map_or(NONE, |change| {
            match (change == 0.0, (change > 0.0) == (it.better() == Better::Higher)) {
                (true, _) => "neither",
                (false, true) => "challenger",
                (false, false) => "champion",
            }
        });
        vec![
            text(metric(it)),
            text(or_none(old, measure)),
            text(or_none(new, measure)),
            text(or_none(change, signed)),
            text(match it.better() {
                Better::Higher => "higher",
                Better::Lower => "lower",
            }),
            text(who),
        ]
    });
    let head = [
        Head::Words("Measure"),
        Head::Number("Champion"),
        Head::Number("Challenger"),
        Head::Number("Change"),
        Head::Words("Better is"),
        Head::Words("Ahead"),
    ];
    let mut html = table("Both models on the same holdout rows", &head, rows);
    if champion.is_none() {
        html.add(&paragraph(
            "No champion took part: a first model is judged by its own values against the floors.",
        ));
    }
    html
}

fn confusion(judgement: &Judgement) -> Html {
    let models = [("Champion", &judgement.metrics.champion), ("Challenger", &judgement.metrics.challenger)];
    let rows = models.into_iter().filter_map(|(name, metrics)| {
        let it = metrics.as_ref()?.confusion?;
        let counts = [it.true_positives, it.false_positives, it.true_negatives, it.false_negatives];
        Some(std::iter::once(text(name)).chain(counts.map(|number| text(count(number)))).collect())
    });
    let head = [
        Head::Words("Model"),
        Head::Number("True positives"),
        Head::Number("False positives"),
        Head::Number("True negatives"),
        Head::Number("False negatives"),
    ];
    let mut html = table("Rows at the threshold", &head, rows);
    html.raw("<p class=\"note\">").text(thresholds(judgement)).raw("</p>\n");
    html
}

/// From which scores on the positive class is predicted. Judgements before rules' version 4 had one threshold
/// for both models.
fn thresholds(judgement: &Judgement) -> String {
    let shared = judgement.policy.threshold;
    let own = |metrics: &Option<Metrics>| metrics.as_ref().and_then(|it| it.threshold).unwrap_or(shared);
    let (old, new) = (own(&judgement.metrics.champion), own(&judgement.metrics.challenger));
    if judgement.metrics.champion.is_none() || old == new {
        return format!("A score of {new} or more predicts the positive class.");
    }
    format!(
        "A score of {old} or more of the champion, of {new} or more of the challenger predicts the positive \
         class."
    )
}

fn calibration(judgement: &Judgement) -> Html {
    let Some(challenger) = judgement.metrics.challenger.as_ref().filter(|it| !it.calibration.is_empty())
    else {
        return Html::default();
    };
    let rows = challenger.calibration.iter().map(|bin| {
        vec![
            text(format!("{:.3} to {:.3}", bin.from, bin.to)),
            text(count(bin.rows)),
            text(measure(bin.score)),
            text(measure(bin.positive)),
        ]
    });
    let head = [
        Head::Words("Scores"),
        Head::Number("Rows"),
        Head::Number("Mean score"),
        Head::Number("Share positive"),
    ];
    table("Calibration of the challenger: the last two columns should agree", &head, rows)
}

fn service(judgement: &Judgement) -> Html {
    let Some(service) = &judgement.service else { return Html::default() };
    let models = [("Champion", service.champion.as_ref()), ("Challenger", Some(&service.challenger))];
    let rows = models.into_iter().filter_map(|(model, served)| {
        let served = served?;
        Some(vec![
            text(model),
            text(count(served.rows)),
            text(served.failed.map_or_else(|| NONE.to_owned(), count)),
            text(or_none(served.p50_ms, measure)),
            text(or_none(served.p99_ms, measure)),
        ])
    });
    let head = [
        Head::Words("Model"),
        Head::Number("Requests"),
        Head::Number("Without an answer"),
        Head::Number("Median latency, ms"),
        Head::Number("99th percentile, ms"),
    ];
    table("Service, as it was measured", &head, rows)
}

fn tests(judgement: &Judgement) -> Html {
    if judgement.tests.is_empty() {
        return paragraph("Nothing was tested.");
    }
    let rows = judgement.tests.iter().map(|test| {
        let interval = test
            .interval
            .map_or_else(|| NONE.to_owned(), |it| format!("{} to {}", measure(it.low), measure(it.high)));
        vec![
            text(metric(test.metric)),
            text(name(test.name)),
            text(or_none(test.estimate, measure)),
            text(interval),
            plot(judgement, test),
            text(or_none(test.p_value, p_value)),
            text(or_none(test.adjusted_p_value, p_value)),
            text(or_none(test.margin, measure)),
            text(count(test.n)),
        ]
    });
    let head = [
        Head::Words("Metric"),
        Head::Words("Test"),
        Head::Number("Estimate"),
        Head::Number("Interval"),
        Head::Words("Picture"),
        Head::Number("p-value"),
        Head::Number("p by Holm"),
        Head::Number("Margin"),
        Head::Number("Rows"),
    ];
    let mut html = table("Tests", &head, rows);
    html.add(&paragraph(match judgement.metrics.champion {
        Some(_) => {
            "An estimate is challenger less champion. The dark line is zero, no difference; \
             the dashed line is the margin that a guard allows. For a loss, left of zero is better."
        }
        None => "An estimate is the challenger\u{2019}s own value. The dashed line is the floor.",
    }));
    html
}

fn plot(judgement: &Judgement, test: &Test) -> Html {
    let drawn = || {
        let (estimate, interval) = (test.estimate?, test.interval?);
        let policy = &judgement.policy;
        let compared = judgement.metrics.champion.is_some();
        let limit = if compared {
            let guard = policy.guards().iter().find(|guard| guard.metric == test.metric);
            guard.and_then(|guard| judgement.margin(guard)).map(|margin| match test.metric.better() {
                Better::Higher => -margin,
                Better::Lower => margin,
            })
        } else {
            policy.floors.iter().find(|floor| floor.metric == test.metric).map(|floor| floor.worst)
        };
        // All tests of one metric share a scale.
        let same = judgement.tests.iter().filter(|other| other.metric == test.metric);
        let ends = same.flat_map(|other| {
            let interval = other.interval.map(|it| [it.low, it.high]);
            interval.into_iter().flatten().chain(other.estimate)
        });
        let scale =
            if compared { Scale::around_zero(ends.chain(limit)) } else { Scale::of(ends.chain(limit)) };
        picture::interval(&picture::Interval {
            name: metric(test.metric),
            estimate,
            low: interval.low,
            high: interval.high,
            limit,
            scale: scale?,
        })
    };
    drawn().unwrap_or_else(|| text(NONE))
}

fn metric(metric: Metric) -> &'static str {
    match metric {
        Metric::Auc => "Area under the ROC curve",
        Metric::AveragePrecision => "Average precision",
        Metric::Accuracy => "Accuracy",
        Metric::BalancedAccuracy => "Balanced accuracy",
        Metric::Precision => "Precision",
        Metric::Recall => "Recall",
        Metric::F1 => "F1",
        Metric::Mcc => "Matthews correlation",
        Metric::CalibrationError => "Calibration error",
        Metric::LogLoss => "Log loss",
        Metric::Brier => "Brier score",
        Metric::MacroF1 => "F1, mean of classes",
        Metric::WeightedPrecision => "Precision, weighted",
        Metric::WeightedF1 => "F1, weighted",
        Metric::Mae => "Mean absolute error",
        Metric::Mse => "Mean squared error",
        Metric::Rmse => "Root mean squared error",
        Metric::R2 => "R²",
    }
}

fn name(name: TestName) -> &'static str {
    match name {
        TestName::McnemarExact => "McNemar, exact",
        TestName::McnemarMidP => "McNemar, mid-p",
        TestName::Tango => "Tango, non-inferiority",
        TestName::Delong => "DeLong",
        TestName::PairedT => "paired t",
        TestName::Wilcoxon => "Wilcoxon signed rank",
        TestName::DieboldMariano => "Diebold–Mariano",
        TestName::BootstrapInterval => "bootstrap interval",
        TestName::ClusterJackknife => "jackknife of clusters",
        TestName::Jackknife => "jackknife",
        TestName::JackknifeInterval => "jackknife interval",
        TestName::ClusterBootstrap => "bootstrap of clusters",
        TestName::Bootstrap => "bootstrap",
        TestName::DelongInterval => "DeLong interval",
        TestName::WilsonInterval => "Wilson interval",
        TestName::TInterval => "Student interval",
    }
}
