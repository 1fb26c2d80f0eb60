//! Where the train rows lie in a column, and how far apart.

use rayon::prelude::*;

use crate::learn::Matrix;

/// Mean and standard deviation (over n, not n − 1) of a column.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Moments {
    /// Finite.
    pub mean: f64,
    /// 0 where all rows are equal; infinite where the squares leave the range of an f64.
    pub deviation: f64,
}

impl Moments {
    /// Of each column. `weights` has one entry for each row of the matrix.
    pub fn of_columns(matrix: &Matrix, weights: &[f64]) -> Vec<Self> {
        let of = |column| Self::of(|| matrix.column(column), weights);
        (0..matrix.columns()).into_par_iter().map(of).collect()
    }

    /// Summed up in the order of the rows.
    pub fn of<I: Iterator<Item = f64>>(values: impl Fn() -> I, weights: &[f64]) -> Self {
        let first = values().next().unwrap_or(0.0);
        if values().all(|value| value == first) {
            // A sum of equal numbers would leave a trace of rounding.
            return Self {
                mean: first,
                deviation: 0.0,
            };
        }
        let weighted = || values().zip(weights);
        let all = weights.iter().fold(0.0, |sum, weight| sum + weight);
        let mut mean = weighted().fold(0.0, |sum, (value, weight)| sum + weight * value) / all;
        if !mean.is_finite() {
            let shares = weighted().fold(0.0, |sum, (value, weight)| sum + weight / all * value);
            mean = shares.clamp(f64::MIN, f64::MAX);
        }
        let squares = weighted().fold(0.0, |sum, (value, weight)| {
            sum + weight * ((value - mean) * (value - mean))
        });
        Self {
            mean,
            // However near they are, rows that differ have one.
            deviation: (squares / all).sqrt().max(f64::from_bits(1)),
        }
    }
}
