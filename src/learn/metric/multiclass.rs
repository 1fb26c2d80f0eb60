//! Metrics of the probabilities of several classes.
//!
//! The class of the largest probability is predicted, of equal ones the first. Macro averages are
//! over the classes that some row has or is predicted to have; `auc_ovr` is the mean over the classes
//! of the area under the curve of that class against all others, where some rows are of the class and
//! some are not.

use super::binary::Steps;
use super::{Detail, Evaluation, most_probable, named, no_rows, ratio};
use crate::definition::Task;
use crate::learn::Warning;
use crate::math;

/// A model's rows, ready to be counted with any weights.
pub struct WeighedClasses<'a> {
    classes: usize,
    labels: &'a [u32],
    probabilities: &'a [f64],
    /// The class that is predicted for each row.
    predicted: Vec<usize>,
    log_losses: Vec<f64>,
    /// For each class the rows by falling probability.
    orders: Vec<Vec<usize>>,
}

impl<'a> WeighedClasses<'a> {
    /// `probabilities` has `classes` numbers for each label.
    pub fn of(classes: usize, labels: &'a [u32], probabilities: &'a [f64]) -> Self {
        let rows = || labels.iter().zip(probabilities.chunks_exact(classes));
        let order = |class: usize| {
            let of = |row: usize| probabilities[row * classes + class];
            let mut order: Vec<usize> = (0..labels.len()).collect();
            order.sort_by(|a, b| of(*b).total_cmp(&of(*a)));
            order
        };
        Self {
            classes,
            labels,
            probabilities,
            predicted: rows().map(|(_, row)| most_probable(row)).collect(),
            log_losses: rows()
                .map(|(label, row)| log_loss(row[*label as usize]))
                .collect(),
            orders: (0..classes).map(order).collect(),
        }
    }

    pub fn rows(&self) -> usize {
        self.labels.len()
    }

    /// The metrics in the order of [`Task::metrics`], each row counted as often as its weight says.
    pub fn metrics(&self, weights: &[u64]) -> Vec<Option<f64>> {
        let confusion = self.confusion(weights);
        let total: u64 = weights.iter().sum();
        let right: u64 = (0..self.classes).map(|class| confusion[class][class]).sum();
        let losses = self.log_losses.iter().zip(weights);
        let loss = losses.fold(0.0, |sum, (loss, weight)| sum + loss * *weight as f64);
        let macros = Macros::of(&confusion);
        vec![
            self.auc_ovr(weights),
            macros.mean(|class| ratio(2 * class.right, class.labelled + class.predicted)),
            (total > 0).then(|| ratio(right, total)),
            macros.mean(|class| ratio(class.right, class.predicted)),
            macros.mean(|class| ratio(class.right, class.labelled)),
            (total > 0).then(|| loss / total as f64),
        ]
    }

    /// For each class of the label, the weight of rows that were predicted to be of each class.
    fn confusion(&self, weights: &[u64]) -> Vec<Vec<u64>> {
        let mut confusion = vec![vec![0; self.classes]; self.classes];
        let rows = self.labels.iter().zip(&self.predicted).zip(weights);
        for ((label, predicted), weight) in rows {
            confusion[*label as usize][*predicted] += weight;
        }
        confusion
    }

    fn auc_ovr(&self, weights: &[u64]) -> Option<f64> {
        let of_class = |class: usize| self.steps(class, weights).auc();
        let areas: Vec<f64> = (0..self.classes).filter_map(of_class).collect();
        let sum = areas.iter().fold(0.0, |sum, area| sum + area);
        (!areas.is_empty()).then(|| sum / areas.len() as f64)
    }

    fn steps(&self, class: usize, weights: &[u64]) -> Steps {
        let probability = |row: usize| self.probabilities[row * self.classes + class];
        let ties = self.orders[class].chunk_by(|a, b| probability(*a) == probability(*b));
        let count = |rows: &[usize]| {
            rows.iter().fold((0, 0), |(of_class, others), row| {
                match self.labels[*row] as usize == class {
                    true => (of_class + weights[*row], others),
                    false => (of_class, others + weights[*row]),
                }
            })
        };
        Steps(ties.map(count).collect())
    }
}

/// The rows of each class that has any.
struct Macros(Vec<ClassRows>);

struct ClassRows {
    right: u64,
    labelled: u64,
    predicted: u64,
}

impl Macros {
    fn of(confusion: &[Vec<u64>]) -> Self {
        let rows = confusion.iter().enumerate().map(|(class, row)| ClassRows {
            right: row[class],
            labelled: row.iter().sum(),
            predicted: confusion.iter().map(|row| row[class]).sum(),
        });
        Self(
            rows.filter(|class| class.labelled + class.predicted > 0)
                .collect(),
        )
    }

    fn mean(&self, of: impl Fn(&ClassRows) -> f64) -> Option<f64> {
        let sum = self.0.iter().fold(0.0, |sum, class| sum + of(class));
        (!self.0.is_empty()).then(|| sum / self.0.len() as f64)
    }
}

/// Negative log-likelihood, the probability clipped to [ε, 1 − ε] with the ε of an f64.
fn log_loss(probability: f64) -> f64 {
    -math::ln(probability.clamp(f64::EPSILON, 1.0 - f64::EPSILON))
}

pub(super) fn evaluate(rows: &WeighedClasses<'_>) -> Evaluation {
    let once = vec![1; rows.rows()];
    let metrics = named(Task::Multiclass, &rows.metrics(&once));
    let mut warnings = Vec::new();
    if rows.rows() == 0 {
        warnings.push(no_rows());
    } else if !metrics.contains_key("auc_ovr") {
        warnings.push(Warning::new(
            "The test rows hold one label class, so `auc_ovr` is undefined.",
        ));
    }
    Evaluation {
        metrics,
        detail: Detail::Multiclass {
            confusion: rows.confusion(&once),
        },
        warnings,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Deserialize;

    use super::super::{Detail, Scored, evaluate};

    #[derive(Deserialize)]
    struct Case {
        name: String,
        labels: Vec<u32>,
        probabilities: Vec<Vec<f64>>,
        metrics: BTreeMap<String, f64>,
        confusion: Vec<Vec<u64>>,
    }

    #[derive(Deserialize)]
    struct Reference {
        multiclass: Vec<Case>,
    }

    #[test]
    fn agrees_with_scikit_learn() {
        let text = include_str!("../../../tests/reference/metrics.json");
        let reference: Reference = serde_json::from_str(text).unwrap();
        assert!(reference.multiclass.len() >= 4);
        for case in reference.multiclass {
            let found = evaluate(&Scored::Multiclass {
                classes: case.probabilities[0].len(),
                labels: &case.labels,
                probabilities: &case.probabilities.concat(),
            });
            let Detail::Multiclass { confusion } = &found.detail else {
                panic!("no confusion");
            };
            assert_eq!(*confusion, case.confusion, "{}", case.name);
            assert!(
                found.metrics.keys().eq(case.metrics.keys()),
                "{}",
                case.name
            );
            for (name, value) in found.metrics {
                let distance = (value - case.metrics[&name]).abs();
                assert!(distance < 1e-9, "{} {name}: {value}", case.name);
            }
        }
    }

    #[test]
    fn nothing_is_ever_nan() {
        for labels in [&[0_u32, 0, 0][..], &[2, 2, 2], &[]] {
            let probabilities = [0.2, 0.3, 0.5].repeat(labels.len());
            let found = evaluate(&Scored::Multiclass {
                classes: 3,
                labels,
                probabilities: &probabilities,
            });
            assert_eq!(found.warnings.len(), 1);
            assert!(found.metrics.values().all(|value| value.is_finite()));
        }
    }
}
