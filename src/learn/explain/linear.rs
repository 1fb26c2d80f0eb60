//! Shapley values of a linear sum: coefficient · (x − mean).

use crate::learn::estimator::LinearFunction;

/// Sums of columns, one for each output.
#[derive(Debug, Clone, PartialEq)]
pub struct LinearSums {
    pub functions: Vec<LinearFunction>,
    /// Of each column over the train rows.
    pub means: Vec<f64>,
}

impl LinearSums {
    /// What the train rows come to on average, which is the sum at their mean.
    pub fn base(&self, output: usize) -> f64 {
        self.functions[output].at(&self.means)
    }

    /// Writes each column's part of how far a row is from the base.
    pub fn explain(&self, output: usize, row: &[f64], into: &mut [f64]) {
        let coefficients = &self.functions[output].coefficients;
        let columns = row.iter().zip(&self.means).zip(coefficients);
        for (into, ((value, mean), coefficient)) in into.iter_mut().zip(columns) {
            *into = coefficient * (value - mean);
        }
    }
}
