//! Metrics of predicted numbers.

use serde::{Deserialize, Serialize};

use super::{Detail, Evaluation, named, no_rows};
use crate::definition::Task;
use crate::learn::Warning;

/// How far off predictions are: what happened minus what was predicted, in the unit of the label.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Residuals {
    pub mean: f64,
    /// A twentieth of the rows lies below.
    pub p05: f64,
    pub median: f64,
    /// A twentieth of the rows lies above.
    pub p95: f64,
}

/// A model's rows, ready to be counted with any weights.
pub struct WeighedNumbers<'a> {
    truth: &'a [f64],
    predictions: &'a [f64],
    /// Rows by growing absolute error.
    order: Vec<usize>,
}

impl<'a> WeighedNumbers<'a> {
    /// Both have the same length.
    pub fn of(truth: &'a [f64], predictions: &'a [f64]) -> Self {
        let mut order: Vec<usize> = (0..truth.len()).collect();
        let error = |row: usize| (truth[row] - predictions[row]).abs();
        order.sort_by(|a, b| error(*a).total_cmp(&error(*b)));
        Self {
            truth,
            predictions,
            order,
        }
    }

    fn error(&self, row: usize) -> f64 {
        self.truth[row] - self.predictions[row]
    }

    /// The metrics in the order of [`Task::metrics`], each row counted as often as its weight says.
    /// None where one is undefined, or leaves the range of an f64.
    pub fn metrics(&self, weights: &[u64]) -> Vec<Option<f64>> {
        let total: u64 = weights.iter().sum();
        let mean = |of: &dyn Fn(usize) -> f64| {
            let rows = weights.iter().enumerate();
            let sum = rows.fold(0.0, |sum, (row, weight)| sum + of(row) * *weight as f64);
            sum / total as f64
        };
        let center = mean(&|row| self.truth[row]);
        let squares = mean(&|row| self.error(row) * self.error(row));
        let spread = mean(&|row| (self.truth[row] - center) * (self.truth[row] - center));
        let values = [
            1.0 - squares / spread,
            squares.sqrt(),
            mean(&|row| self.error(row).abs()),
            self.median_error(weights, total),
        ];
        let finite = |value: f64| value.is_finite().then_some(value);
        values.into_iter().map(finite).collect()
    }

    /// The mean of the two middle ones where their number is even.
    fn median_error(&self, weights: &[u64], total: u64) -> f64 {
        let at = |place: u64| {
            let mut below = 0;
            let found = self.order.iter().find(|row| {
                below += weights[**row];
                below > place
            });
            found.map_or(f64::NAN, |row| self.error(*row).abs())
        };
        let middle = total / 2;
        match total % 2 {
            0 if total > 0 => (at(middle - 1) + at(middle)) / 2.0,
            _ => at(middle),
        }
    }

    fn residuals(&self) -> Option<Residuals> {
        let mut errors: Vec<f64> = (0..self.truth.len()).map(|row| self.error(row)).collect();
        let mean = errors.iter().fold(0.0, |sum, error| sum + error) / errors.len() as f64;
        errors.sort_unstable_by(f64::total_cmp);
        let last = errors.len().checked_sub(1)?;
        let at = |share: f64| errors[(share * last as f64).round() as usize];
        Some(Residuals {
            mean,
            p05: at(0.05),
            median: at(0.5),
            p95: at(0.95),
        })
        .filter(|found| found.mean.is_finite())
    }
}

pub(super) fn evaluate(rows: &WeighedNumbers<'_>) -> Evaluation {
    let metrics = named(Task::Regression, &rows.metrics(&vec![1; rows.truth.len()]));
    let mut warnings = Vec::new();
    if rows.truth.is_empty() {
        warnings.push(no_rows());
    } else if metrics.len() < Task::Regression.metrics().len() {
        let constant = rows.truth.iter().all(|truth| *truth == rows.truth[0]);
        warnings.push(Warning::new(match constant {
            true => "The test rows have one label, so `r2` is undefined.",
            false => "Errors leave the range of an f64, so that metrics are missing.",
        }));
    }
    Evaluation {
        metrics,
        detail: Detail::Regression {
            residuals: rows.residuals(),
        },
        warnings,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::{Scored, evaluate};
    use super::*;

    #[derive(Deserialize)]
    struct Case {
        name: String,
        truth: Vec<f64>,
        predictions: Vec<f64>,
        metrics: BTreeMap<String, f64>,
    }

    #[derive(Deserialize)]
    struct Reference {
        regression: Vec<Case>,
    }

    fn of(truth: &[f64], predictions: &[f64]) -> Evaluation {
        evaluate(&Scored::Regression { truth, predictions })
    }

    #[test]
    fn agrees_with_scikit_learn() {
        let text = include_str!("../../../tests/reference/metrics.json");
        let reference: Reference = serde_json::from_str(text).unwrap();
        assert!(reference.regression.len() >= 4);
        for case in reference.regression {
            let found = of(&case.truth, &case.predictions);
            assert!(
                found.metrics.keys().eq(case.metrics.keys()),
                "{}",
                case.name
            );
            for (name, value) in found.metrics {
                let expected = case.metrics[&name];
                let distance = (value - expected).abs() / expected.abs().max(1.0);
                assert!(distance < 1e-9, "{} {name}: {value}", case.name);
            }
        }
    }

    #[test]
    fn what_is_undefined_is_left_out_with_a_reason() {
        let constant = of(&[3.0, 3.0], &[3.0, 4.0]);
        assert!(!constant.metrics.contains_key("r2"));
        let huge = of(&[1e300, -1e300], &[-1e300, 1e300]);
        assert!(!huge.metrics.contains_key("rmse"));
        for found in [constant, huge, of(&[], &[])] {
            assert_eq!(found.warnings.len(), 1);
            assert!(found.metrics.values().all(|value| value.is_finite()));
        }
    }

    /// Rows that count twice are as two rows.
    #[test]
    fn weights_repeat_rows() {
        let (truth, predictions) = ([1.0, 5.0, 2.0, 9.0], [1.5, 4.0, 2.25, 5.0]);
        let weighed = WeighedNumbers::of(&truth, &predictions).metrics(&[2, 0, 1, 3]);
        let (truth, predictions) = (
            [1.0, 1.0, 2.0, 9.0, 9.0, 9.0],
            [1.5, 1.5, 2.25, 5.0, 5.0, 5.0],
        );
        let repeated = WeighedNumbers::of(&truth, &predictions).metrics(&[1; 6]);
        for (a, b) in weighed.iter().zip(repeated) {
            assert!((a.unwrap() - b.unwrap()).abs() < 1e-12);
        }
    }
}
