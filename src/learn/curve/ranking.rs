//! What is found and what is taken for it, at every threshold.

use serde::Serialize;

use super::thinned;
use crate::learn::metric::Steps;

/// One class against the rest, ranked by its probability. Both have rows.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Ranking {
    /// The area under the curve of all rows, as the metric of that name.
    pub auc: f64,
    pub average_precision: f64,
    /// Share of positive rows.
    pub prevalence: f64,
    /// From (0, 0) to (1, 1), thresholds falling. Straight lines lie between them.
    pub roc: Vec<RocPoint>,
    /// From recall 0 to 1, thresholds falling. A precision holds from the recall before on; the
    /// area of these steps is the average precision.
    pub precision_recall: Vec<PrecisionRecallPoint>,
}

/// What is predicted positive from a threshold on.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct RocPoint {
    /// None where nothing is predicted positive.
    pub threshold: Option<f64>,
    pub false_positive_rate: f64,
    pub true_positive_rate: f64,
}

/// What is predicted positive from a threshold on.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct PrecisionRecallPoint {
    /// None where nothing is predicted positive: its precision is 1 by convention.
    pub threshold: Option<f64>,
    pub recall: f64,
    pub precision: f64,
}

impl Ranking {
    /// Every threshold. None while the rows are of one class.
    pub fn of(labels: &[bool], probabilities: &[f64]) -> Option<Self> {
        let steps = Steps::of(labels, probabilities);
        let (positive, negative) = steps.totals();
        let mut thresholds = probabilities.to_vec();
        thresholds.sort_unstable_by(|a, b| b.total_cmp(a));
        thresholds.dedup();
        let mut ranking = Self {
            auc: steps.auc()?,
            average_precision: steps.average_precision()?,
            prevalence: positive as f64 / (positive + negative) as f64,
            roc: vec![RocPoint {
                threshold: None,
                false_positive_rate: 0.0,
                true_positive_rate: 0.0,
            }],
            precision_recall: vec![PrecisionRecallPoint {
                threshold: None,
                recall: 0.0,
                precision: 1.0,
            }],
        };
        let (mut found, mut wrong) = (0, 0);
        for (threshold, (positives, negatives)) in thresholds.into_iter().zip(steps.0) {
            found += positives;
            wrong += negatives;
            let recall = found as f64 / positive as f64;
            ranking.roc.push(RocPoint {
                threshold: Some(threshold),
                false_positive_rate: wrong as f64 / negative as f64,
                true_positive_rate: recall,
            });
            ranking.precision_recall.push(PrecisionRecallPoint {
                threshold: Some(threshold),
                recall,
                precision: found as f64 / (found + wrong) as f64,
            });
        }
        Some(ranking)
    }

    /// As many points as a picture can show.
    #[must_use]
    pub fn thinned(mut self) -> Self {
        self.roc = thinned(&self.roc, |point| {
            [point.false_positive_rate, point.true_positive_rate]
        });
        self.precision_recall = thinned(&self.precision_recall, |point| {
            [point.recall, point.precision]
        });
        self
    }
}
