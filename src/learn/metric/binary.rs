//! Metrics of the probabilities of a positive class.
//!
//! Positive is predicted when the probability is greater than or equal to the threshold.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Detail, Evaluation, no_rows, ratio};
use crate::learn::Warning;
use crate::math;

/// Rows by label and prediction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Confusion {
    #[serde(rename = "tn")]
    pub true_negatives: u64,
    #[serde(rename = "fp")]
    pub false_positives: u64,
    #[serde(rename = "fn")]
    pub false_negatives: u64,
    #[serde(rename = "tp")]
    pub true_positives: u64,
}

impl Confusion {
    /// Counts the rows.
    pub fn count(labels: &[bool], probabilities: &[f64], threshold: f64) -> Self {
        let mut counts = Self::default();
        for (label, probability) in labels.iter().zip(probabilities) {
            match (label, *probability >= threshold) {
                (false, false) => counts.true_negatives += 1,
                (false, true) => counts.false_positives += 1,
                (true, false) => counts.false_negatives += 1,
                (true, true) => counts.true_positives += 1,
            }
        }
        counts
    }

    fn total(&self) -> u64 {
        self.true_negatives + self.false_positives + self.false_negatives + self.true_positives
    }

    pub fn accuracy(&self) -> f64 {
        ratio(self.true_negatives + self.true_positives, self.total())
    }

    /// Of the rows predicted positive, the share that is; 0 if there are none.
    pub fn precision(&self) -> f64 {
        ratio(
            self.true_positives,
            self.true_positives + self.false_positives,
        )
    }

    /// Of the positive rows, the share predicted so; 0 if there are none.
    pub fn recall(&self) -> f64 {
        ratio(
            self.true_positives,
            self.true_positives + self.false_negatives,
        )
    }

    /// The harmonic mean of precision and recall; 0 without any positive, labelled or predicted.
    pub fn f1(&self) -> f64 {
        let Self {
            true_positives,
            false_positives,
            false_negatives,
            ..
        } = *self;
        ratio(
            2 * true_positives,
            2 * true_positives + false_positives + false_negatives,
        )
    }
}

/// Compares probabilities with labels, row by row. Both have the same length.
pub(super) fn evaluate(labels: &[bool], probabilities: &[f64], threshold: f64) -> Evaluation {
    debug_assert_eq!(labels.len(), probabilities.len());
    let confusion = Confusion::count(labels, probabilities, threshold);
    let positive = labels.iter().filter(|label| **label).count() as u64;
    let mut evaluation = Evaluation {
        metrics: BTreeMap::new(),
        detail: Detail::Binary {
            confusion,
            prevalence: ratio(positive, labels.len() as u64),
        },
        warnings: Vec::new(),
    };
    if labels.is_empty() {
        evaluation.warnings.push(no_rows());
        return evaluation;
    }
    for (name, value) in [
        ("accuracy", confusion.accuracy()),
        ("brier", brier(labels, probabilities)),
        ("f1", confusion.f1()),
        ("log_loss", log_loss(labels, probabilities)),
        ("precision", confusion.precision()),
        ("recall", confusion.recall()),
    ] {
        evaluation.metrics.insert(name.to_string(), value);
    }
    evaluation.rank(labels, probabilities);
    evaluation
}

impl Evaluation {
    /// Adds the metrics that depend on the order of the probabilities alone.
    fn rank(&mut self, labels: &[bool], probabilities: &[f64]) {
        let steps = Steps::of(labels, probabilities);
        match (steps.auc(), steps.average_precision()) {
            (Some(auc), Some(average_precision)) => {
                self.metrics.insert("auc".to_string(), auc);
                self.metrics.insert("average_precision".to_string(), average_precision);
            }
            _ => self.warnings.push(Warning::new(
                "The test rows hold one label class, so `auc` and `average_precision` are undefined.",
            )),
        }
    }
}

/// The AUC of scores of any kind, infinities included; none where a class has no rows.
pub(in crate::learn) fn auc(labels: &[bool], scores: &[f64]) -> Option<f64> {
    Steps::of(labels, scores).auc()
}

/// How many positive and negative rows have each distinct probability, highest first.
pub(in crate::learn) struct Steps(pub(in crate::learn) Vec<(u64, u64)>);

impl Steps {
    pub(in crate::learn) fn of(labels: &[bool], probabilities: &[f64]) -> Self {
        let mut rows: Vec<(f64, bool)> = probabilities
            .iter()
            .copied()
            .zip(labels.iter().copied())
            .collect();
        rows.sort_unstable_by(|a, b| b.0.total_cmp(&a.0));
        let ties = rows.chunk_by(|a, b| a.0 == b.0);
        Self(ties.map(count_classes).collect())
    }

    /// Positive rows and negative ones.
    pub(in crate::learn) fn totals(&self) -> (u64, u64) {
        self.0
            .iter()
            .fold((0, 0), |sum, step| (sum.0 + step.0, sum.1 + step.1))
    }

    /// The chance that a positive row ranks above a negative one, ties counting half: the
    /// Mann-Whitney statistic over the number of pairs. Counted in whole numbers, hence exact.
    pub(in crate::learn) fn auc(&self) -> Option<f64> {
        let (positive, negative) = self.totals();
        let mut negatives_below = negative;
        let mut half_wins = 0_u128;
        for &(positives, negatives) in &self.0 {
            negatives_below -= negatives;
            half_wins += u128::from(positives) * u128::from(2 * negatives_below + negatives);
        }
        let pairs = u128::from(positive) * u128::from(negative);
        (pairs > 0).then(|| half_wins as f64 / (2 * pairs) as f64)
    }

    /// `Σ (recall_k − recall_{k−1}) · precision_k` over the distinct probabilities, highest first.
    pub(in crate::learn) fn average_precision(&self) -> Option<f64> {
        let (positive, negative) = self.totals();
        let (mut found, mut taken, mut sum) = (0, 0, 0.0);
        for &(positives, negatives) in &self.0 {
            found += positives;
            taken += positives + negatives;
            sum += ratio(positives, positive) * ratio(found, taken);
        }
        (positive > 0 && negative > 0).then_some(sum)
    }
}

fn count_classes(rows: &[(f64, bool)]) -> (u64, u64) {
    let positive = rows.iter().filter(|(_, label)| *label).count();
    (positive as u64, (rows.len() - positive) as u64)
}

fn log_loss(labels: &[bool], probabilities: &[f64]) -> f64 {
    mean(labels, probabilities, row_log_loss)
}

/// Negative log-likelihood of a label, the probability clipped to [ε, 1 − ε] with the ε of an f64.
pub(in crate::learn) fn row_log_loss(label: bool, probability: f64) -> f64 {
    let of_the_label = if label {
        probability
    } else {
        1.0 - probability
    };
    -math::ln(of_the_label.clamp(f64::EPSILON, 1.0 - f64::EPSILON))
}

fn brier(labels: &[bool], probabilities: &[f64]) -> f64 {
    mean(labels, probabilities, row_brier)
}

/// Squared distance of the probability from the label.
pub(in crate::learn) fn row_brier(label: bool, probability: f64) -> f64 {
    let distance = probability - f64::from(u8::from(label));
    distance * distance
}

/// Sums in row order.
fn mean(labels: &[bool], probabilities: &[f64], of: impl Fn(bool, f64) -> f64) -> f64 {
    let rows = labels.iter().zip(probabilities);
    let sum = rows.fold(0.0, |sum, (label, probability)| {
        sum + of(*label, *probability)
    });
    sum / labels.len() as f64
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::definition::Task;

    #[derive(Deserialize)]
    struct Case {
        name: String,
        labels: Vec<u8>,
        probabilities: Vec<f64>,
        threshold: f64,
        metrics: BTreeMap<String, f64>,
        confusion: Confusion,
    }

    #[derive(Deserialize)]
    struct Reference {
        metrics: Vec<Case>,
    }

    fn confusion(evaluation: &Evaluation) -> Confusion {
        match evaluation.detail {
            Detail::Binary { confusion, .. } => confusion,
            _ => panic!("no confusion"),
        }
    }

    #[test]
    fn agrees_with_scikit_learn() {
        let text = include_str!("../../../tests/reference/learn.json");
        let reference: Reference = serde_json::from_str(text).unwrap();
        assert!(reference.metrics.len() >= 5);
        let declared = BTreeSet::from_iter(Task::Binary.metrics());
        for case in reference.metrics {
            let labels: Vec<bool> = case.labels.iter().map(|label| *label == 1).collect();
            let found = evaluate(&labels, &case.probabilities, case.threshold);
            assert_eq!(confusion(&found), case.confusion, "{}", case.name);
            assert!(
                found.metrics.keys().eq(declared.iter().copied()),
                "{}",
                case.name
            );
            for (name, value) in found.metrics {
                let expected = case.metrics[&name];
                let distance = (value - expected).abs();
                assert!(
                    distance < 1e-9,
                    "{} {name}: {value}, not {expected}",
                    case.name
                );
            }
        }
    }

    #[test]
    fn row_order_does_not_change_rankings() {
        let labels = [true, false, true, false, false];
        let probabilities = [0.5, 0.5, 0.9, 0.1, 0.9];
        let found = evaluate(&labels, &probabilities, 0.5);
        // Six pairs: 1 tied + 1 lost + 1 won, then 1 won + 1 won + 1 tied.
        assert_eq!(found.metrics["auc"], 4.0 / 6.0);
        let reversed = |values: &[f64]| values.iter().rev().copied().collect::<Vec<_>>();
        let labels: Vec<bool> = labels.iter().rev().copied().collect();
        let again = evaluate(&labels, &reversed(&probabilities), 0.5);
        assert_eq!(again.metrics["auc"], found.metrics["auc"]);
        assert_eq!(
            again.metrics["average_precision"],
            found.metrics["average_precision"]
        );
    }

    #[test]
    fn nothing_is_ever_nan() {
        for label in [true, false] {
            let found = evaluate(&[label; 3], &[0.0, 0.5, 1.0], 0.5);
            assert!(!found.metrics.contains_key("auc"));
            assert_eq!(found.warnings.len(), 1);
            assert!(found.metrics.values().all(|value| value.is_finite()));
        }
        let found = evaluate(&[], &[], 0.5);
        assert!(found.metrics.is_empty() && found.warnings.len() == 1);
    }

    /// A change here is a new EVALUATE_VERSION.
    #[test]
    fn golden_vector() {
        let mut random = crate::learn::testing::Random::new(3);
        let probabilities: Vec<f64> = (0..1000)
            .map(|_| (random.unit() * 200.0).round() / 200.0)
            .collect();
        let labels: Vec<bool> = probabilities.iter().map(|p| random.unit() < *p).collect();
        let found = evaluate(&labels, &probabilities, 0.4);
        let bytes: Vec<u8> = found
            .metrics
            .values()
            .flat_map(|value| value.to_le_bytes())
            .collect();
        assert_eq!(
            crate::hash::ObjectId::of_bytes(&bytes).to_string(),
            "a47b7fcff6a95b24ffa38f26222c27d0c84b1f29359c446820ed289f888d8356"
        );
    }
}
