//! One model's streaming measures.

use super::matrix::of_matrix;
use super::reliability::Reliability;
use crate::blocks::Matrix;
use crate::findings::{Confusion, Metrics};
use crate::policy::{Metric, Policy};
use pawl_stats::delong::Area;
use pawl_stats::moments::Moments;

/// One model's streaming measures.
#[derive(Debug, Clone, Default)]
pub(super) struct ModelMeasures {
    pub(super) confusion: Confusion,
    log_loss: Moments,
    brier: Moments,
    reliability: Reliability,
}

/// How one model did on one row.
pub(super) struct Outcome {
    pub(super) predicted: bool,
    pub(super) right: bool,
    pub(super) log_loss: f64,
    pub(super) brier: f64,
}

impl ModelMeasures {
    pub(super) fn push(&mut self, positive: bool, score: f64, threshold: f64) -> Outcome {
        let predicted = score >= threshold;
        let cell = match (positive, predicted) {
            (true, true) => &mut self.confusion.true_positives,
            (true, false) => &mut self.confusion.false_negatives,
            (false, true) => &mut self.confusion.false_positives,
            (false, false) => &mut self.confusion.true_negatives,
        };
        *cell += 1;
        let kept = score.clamp(f64::EPSILON, 1.0 - f64::EPSILON);
        let log_loss = if positive { -kept.ln() } else { -(-kept).ln_1p() };
        let brier = (score - f64::from(u8::from(positive))).powi(2);
        self.log_loss.push(log_loss);
        self.brier.push(brier);
        self.reliability.push(positive, score);
        Outcome { predicted, right: predicted == positive, log_loss, brier }
    }

    /// The measures, beside an area and a calibration error, which take more than one row at a time.
    pub(super) fn metrics(
        &self,
        policy: &Policy,
        threshold: f64,
        area: Option<Area>,
        calibration: f64,
    ) -> Metrics {
        let matrix = Matrix::from(&self.confusion);
        let value = |metric: Metric| match metric {
            Metric::Auc => area.map(|area| area.auc),
            Metric::AveragePrecision => area.map(|area| area.average_precision),
            Metric::LogLoss => self.log_loss.mean(),
            Metric::Brier => self.brier.mean(),
            Metric::CalibrationError => Some(calibration),
            _ => of_matrix(metric).map(|of| of(&matrix)),
        };
        let values = policy.task.metrics().iter().map(|&metric| (metric, value(metric)));
        Metrics {
            threshold: Some(threshold),
            confusion: Some(self.confusion),
            calibration: self.reliability.bins(),
            ..values.collect()
        }
    }
}
