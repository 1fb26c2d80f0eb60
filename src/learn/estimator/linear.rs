//! What a linear model has learnt: a sum of coefficients times columns, or one such sum for each class.

use crate::error::Result;
use crate::learn::blocks::for_each_block;
use crate::learn::bytes::{Reader, Writer};
use crate::learn::{Matrix, Output};
use crate::math;

/// Numbers one thread computes at a time.
const SCORES_PER_BLOCK: usize = 1024;
/// What brings any number far from the ends of the range.
const FAR: f64 = 1e-200;

/// Linear functions of the matrix columns as they are.
#[derive(Debug, Clone, PartialEq)]
pub struct LinearModel {
    /// One: the number that is expected, or the log-odds of the positive class. Or one for each class,
    /// by number: its share is `e^value`, divided by the sum of these over the classes.
    pub functions: Vec<LinearFunction>,
    /// The mean of each matrix column over the train rows, by their weights: the row that others are
    /// read against. None in files from before it was kept.
    pub means: Option<Vec<f64>>,
}

/// `intercept + Σ coefficient · x`.
#[derive(Debug, Clone, PartialEq)]
pub struct LinearFunction {
    pub intercept: f64,
    /// One for each matrix column.
    pub coefficients: Vec<f64>,
}

impl LinearFunction {
    pub(super) fn times(&self, by: f64) -> Self {
        let coefficients = self.coefficients.iter();
        Self {
            intercept: by * self.intercept,
            coefficients: coefficients.map(|coefficient| by * coefficient).collect(),
        }
    }

    /// The value for a row of the matrix.
    pub fn at(&self, row: &[f64]) -> f64 {
        let terms = row.iter().zip(&self.coefficients);
        let sum = terms.fold(self.intercept, |sum, (value, coefficient)| {
            sum + value * coefficient
        });
        match sum.is_finite() {
            true => sum,
            false => self.far_away(row),
        }
    }

    /// Where terms leave the range of an f64, against each other even: summed up on a smaller scale, the
    /// end of the range that they lead to.
    fn far_away(&self, row: &[f64]) -> f64 {
        let terms = row.iter().zip(&self.coefficients);
        let sum = terms.fold(self.intercept * FAR, |sum, (value, coefficient)| {
            sum + value * FAR * coefficient
        });
        (sum / FAR).clamp(f64::MIN, f64::MAX)
    }
}

impl LinearModel {
    /// The values of the functions, row after row.
    pub(super) fn values(&self, matrix: &Matrix) -> Vec<f64> {
        let width = self.functions.len();
        let rows = (SCORES_PER_BLOCK / width).max(1);
        let mut values = vec![0.0; matrix.rows() * width];
        for_each_block(&mut values, rows * width, |block, values| {
            for (offset, values) in values.chunks_exact_mut(width).enumerate() {
                let row = matrix.row(block * rows + offset);
                for (value, function) in values.iter_mut().zip(&self.functions) {
                    *value = function.at(row);
                }
            }
        });
        values
    }

    /// The values as log-odds: the probability of the positive class, or of each class.
    pub(super) fn probabilities(&self, matrix: &Matrix) -> Vec<f64> {
        let mut values = self.values(matrix);
        match self.functions.len() {
            1 => values
                .iter_mut()
                .for_each(|value| *value = math::sigmoid(*value)),
            width => values.chunks_exact_mut(width).for_each(math::softmax),
        }
        values
    }

    /// Every number that predicts with its name, in the order of the file.
    pub(crate) fn numbers(&self, columns: &[String]) -> Vec<(String, f64)> {
        let several = self.functions.len() > 1;
        let of_function = |(at, function): (usize, &LinearFunction)| {
            let named = |name: &str| match several {
                true => format!("{name} of class {}", at + 1),
                false => name.to_string(),
            };
            let values = columns.iter().zip(&function.coefficients);
            let values = values.map(|(column, value)| (named(column), *value));
            std::iter::once((named("intercept"), function.intercept))
                .chain(values)
                .collect::<Vec<_>>()
        };
        let functions = self.functions.iter().enumerate();
        functions.flat_map(of_function).collect()
    }

    pub(super) fn write(&self, writer: &mut Writer) {
        for function in &self.functions {
            writer.float(function.intercept);
            for &coefficient in &function.coefficients {
                writer.float(coefficient);
            }
        }
        for &mean in self.means.iter().flatten() {
            writer.float(mean);
        }
    }

    /// Reads what was written for a matrix of `columns` columns and the `output` it gave, with the means
    /// of the columns or without.
    pub(super) fn read(
        reader: &mut Reader<'_>,
        columns: usize,
        output: Output,
        with_means: bool,
    ) -> Result<Self> {
        let function = |_| {
            Ok(LinearFunction {
                intercept: reader.float()?,
                coefficients: reader.floats(columns)?,
            })
        };
        let functions = (0..output.width()).map(function).collect::<Result<_>>()?;
        let means = with_means.then(|| reader.floats(columns)).transpose()?;
        Ok(Self { functions, means })
    }
}
