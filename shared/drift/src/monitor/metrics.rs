//! What a look publishes: data for CloudWatch's PutMetricData, with SageMaker's dimensions, so that the
//! alarms of [`pawl_release::alarms`] find it.

use serde::Serialize;

use super::super::document::Verdict;
use super::super::live::BiasDrift;
use super::document::{MonitoringReport, Publish};
use pawl_base::metrics::{DRIFTED_SHARE, Dimension, LIVE_QUALITY, VARIANT, WORSE_GROUPS};

/// CloudWatch takes 1,000 in one call:
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricData.html>.
const MOST: usize = 1_000;

/// One value.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Datum {
    /// `DriftedShare`, `LiveQuality`, `WorseGroups` or `Drift`.
    pub metric_name: &'static str,
    /// The endpoint, variant and config; for `Drift` the endpoint, feature and axis.
    pub dimensions: Vec<Dimension>,
    /// The value: shares from 0 to 1; `Drift` is 1 where the feature drifts on the axis, else 0.
    pub value: f64,
}

/// The values of one look. What could not be judged is not published: silence is no health.
pub fn data(look: &MonitoringReport, endpoint: &str, config: &str, publish: Publish) -> Vec<Datum> {
    let dimensions = |pairs: &[(&str, &str)]| {
        let dimension =
            |(name, value): &(&str, &str)| Dimension { name: (*name).into(), value: (*value).into() };
        pairs.iter().map(dimension).collect::<Vec<_>>()
    };
    let model =
        dimensions(&[("EndpointName", endpoint), ("VariantName", VARIANT), ("EndpointConfigName", config)]);
    let mut all = Vec::new();
    let share = look.drift.drifted_share();
    let quality = look.quality.level();
    let groups = look.groups.as_ref().and_then(BiasDrift::level);
    for (metric_name, value) in [(DRIFTED_SHARE, share), (LIVE_QUALITY, quality), (WORSE_GROUPS, groups)] {
        if let Some(value) = value {
            all.push(Datum { metric_name, dimensions: model.clone(), value });
        }
    }
    if publish == Publish::Features {
        let whole = look.drift.columns.iter().filter(|finding| finding.segment.is_none());
        let judged = whole.filter(|finding| finding.verdict != Verdict::InsufficientData);
        all.extend(judged.map(|finding| Datum {
            metric_name: "Drift",
            dimensions: dimensions(&[
                ("EndpointName", endpoint),
                ("Feature", &finding.name),
                ("Axis", finding.axis.name()),
            ]),
            value: f64::from(u8::from(finding.verdict == Verdict::Drift)),
        }));
    }
    all.truncate(MOST);
    all
}
