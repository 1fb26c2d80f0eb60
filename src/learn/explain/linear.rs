//! Shapley values of a linear sum: coefficient · (x − mean).

/// A sum of columns, for each output.
#[derive(Debug, Clone, PartialEq)]
pub struct LinearSums {
    /// One for each output.
    pub intercepts: Vec<f64>,
    /// Output after output, one for each column.
    pub coefficients: Vec<f64>,
    /// Of each column over the train rows.
    pub means: Vec<f64>,
}

impl LinearSums {
    fn coefficients(&self, output: usize) -> &[f64] {
        let columns = self.means.len();
        &self.coefficients[output * columns..][..columns]
    }

    /// What the train rows come to on average, which is the sum at their mean.
    pub fn base(&self, output: usize) -> f64 {
        let terms = self.coefficients(output).iter().zip(&self.means);
        terms.fold(self.intercepts[output], |sum, (coefficient, mean)| {
            sum + coefficient * mean
        })
    }

    /// Writes each column's part of how far a row is from the base.
    pub fn explain(&self, output: usize, row: &[f64], into: &mut [f64]) {
        let columns = row.iter().zip(&self.means).zip(self.coefficients(output));
        for (into, ((value, mean), coefficient)) in into.iter_mut().zip(columns) {
            *into = coefficient * (value - mean);
        }
    }
}
