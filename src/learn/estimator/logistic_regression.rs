//! Logistic regression: the minimum of
//!
//! > Σ log(1 + e^η) − y·η + ½ · l2 · Σ coefficient² + l1 · Σ |coefficient|, η = intercept + Σ coefficient · x
//!
//! over the coefficients and the intercept, which is not penalized. That is scikit-learn's
//! `LogisticRegression(C = 1 / (l1 + l2), l1_ratio = l1 / (l1 + l2))`, and the coefficients agree with
//! it to the solver's tolerance.
//!
//! The search runs on rescaled columns, so that a feature in microseconds and one in percent are
//! equally easy; the penalty stays on the coefficients of the columns as given. `exp` comes from
//! [`crate::math`]: the last bit of the C library's is not the same on every machine.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::newton::{Problem, Solution};
use super::parameters::{float, integer};
use crate::definition::{Model, Value};
use crate::error::Result;
use crate::learn::blocks::for_each_block;
use crate::learn::bytes::{Reader, Writer};
use crate::learn::{Matrix, Warning, exact};
use crate::math;

/// Rows one thread predicts at a time.
const ROWS_PER_BLOCK: usize = 1024;

/// See [`crate::definition::estimator`] for the meaning and range of each.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogisticRegressionParameters {
    /// Not written where it is 0: model files are what they were.
    #[serde(with = "exact", default, skip_serializing_if = "is_zero")]
    pub l1: f64,
    #[serde(with = "exact")]
    pub l2: f64,
    pub max_iterations: u32,
    #[serde(with = "exact")]
    pub tolerance: f64,
}

/// serde gives the field by reference.
#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_zero(value: &f64) -> bool {
    *value == 0.0
}

impl LogisticRegressionParameters {
    pub(super) fn of(model: &Model) -> Result<Self> {
        Ok(Self {
            l1: float(model, "l1")?,
            l2: float(model, "l2")?,
            max_iterations: integer(model, "max_iterations")?,
            tolerance: float(model, "tolerance")?,
        })
    }

    pub(super) fn values(&self) -> Vec<(&'static str, Value)> {
        vec![
            ("l1", Value::Float(self.l1)),
            ("l2", Value::Float(self.l2)),
            ("max_iterations", Value::Integer(self.max_iterations.into())),
            ("tolerance", Value::Float(self.tolerance)),
        ]
    }
}

/// Coefficients on the matrix columns as they are.
#[derive(Debug, Clone, PartialEq)]
pub struct LogisticRegressionModel {
    pub intercept: f64,
    /// One for each matrix column.
    pub coefficients: Vec<f64>,
}

/// A column is searched as `(x − centre) / scale`.
struct Rescaling {
    centre: f64,
    scale: f64,
}

pub(super) fn fit(
    parameters: &LogisticRegressionParameters,
    matrix: &Matrix,
    labels: &[bool],
) -> (LogisticRegressionModel, Vec<Warning>) {
    let rescalings: Vec<Rescaling> = (0..matrix.columns())
        .into_par_iter()
        .map(|column| Rescaling::of(matrix, column))
        .collect();
    let problem = Problem {
        design: design(matrix, &rescalings),
        width: matrix.columns() + 1,
        labels,
        l1: absolute_penalties(parameters.l1, &rescalings),
        penalties: penalties(parameters.l2, &rescalings),
    };
    let start = start(labels, problem.width);
    let solution = problem.minimize(start, parameters.max_iterations, parameters.tolerance);
    let warnings = not_converged(&solution);
    (
        LogisticRegressionModel::rescaled(&solution.coefficients, &rescalings),
        warnings,
    )
}

impl Rescaling {
    /// Centring makes zeros dense, so it is kept for columns far from zero, where it is needed.
    fn of(matrix: &Matrix, column: usize) -> Self {
        let rows = matrix.rows() as f64;
        let first = matrix.column(column).next().unwrap_or(0.0);
        if matrix.column(column).all(|value| value == first) {
            return Self {
                centre: first,
                scale: 1.0,
            };
        }
        let mean = matrix.column(column).fold(0.0, |sum, value| sum + value) / rows;
        let squares = matrix
            .column(column)
            .fold(0.0, |sum, value| sum + (value - mean) * (value - mean));
        let deviation = (squares / rows).sqrt();
        if !mean.is_finite() || !deviation.is_normal() {
            return Self {
                centre: 0.0,
                scale: 1.0,
            };
        }
        let centre = if mean.abs() > deviation { mean } else { 0.0 };
        Self {
            centre,
            scale: deviation,
        }
    }

    fn apply(&self, value: f64) -> f64 {
        (value - self.centre) / self.scale
    }
}

fn design(matrix: &Matrix, rescalings: &[Rescaling]) -> Vec<f64> {
    let mut design = Vec::with_capacity(matrix.rows() * (matrix.columns() + 1));
    for row in 0..matrix.rows() {
        let values = matrix.row(row).iter().zip(rescalings);
        design.extend(values.map(|(value, rescaling)| rescaling.apply(*value)));
        design.push(1.0);
    }
    design
}

/// `l2 · coefficient²` in terms of the rescaled coefficient, which is `scale · coefficient`.
fn penalties(l2: f64, rescalings: &[Rescaling]) -> Vec<f64> {
    let columns = rescalings
        .iter()
        .map(|Rescaling { scale, .. }| l2 / scale / scale);
    columns.chain([0.0]).collect()
}

/// `l1 · |coefficient|` in the same terms.
fn absolute_penalties(l1: f64, rescalings: &[Rescaling]) -> Vec<f64> {
    let columns = rescalings.iter().map(|Rescaling { scale, .. }| l1 / scale);
    columns.chain([0.0]).collect()
}

/// No effect of any feature: the log-odds of the class rate.
fn start(labels: &[bool], width: usize) -> Vec<f64> {
    let positive = labels.iter().filter(|label| **label).count() as f64;
    let mut start = vec![0.0; width];
    start[width - 1] = math::ln(positive / (labels.len() as f64 - positive));
    start
}

fn not_converged(solution: &Solution) -> Vec<Warning> {
    if solution.converged {
        return Vec::new();
    }
    vec![Warning::new(format!(
        "The logistic regression had not converged after {} iterations; a larger `l2` or \
         `numeric = \"standardize\"` makes it easier.",
        solution.iterations
    ))]
}

impl LogisticRegressionModel {
    fn rescaled(solution: &[f64], rescalings: &[Rescaling]) -> Self {
        let mut intercept = solution[rescalings.len()];
        let mut coefficients = Vec::with_capacity(rescalings.len());
        for (coefficient, Rescaling { centre, scale }) in solution.iter().zip(rescalings) {
            let coefficient = coefficient / scale;
            intercept -= coefficient * centre;
            coefficients.push(coefficient);
        }
        Self {
            intercept,
            coefficients,
        }
    }

    pub(super) fn predict(&self, matrix: &Matrix) -> Vec<f64> {
        let mut probabilities = vec![0.0; matrix.rows()];
        for_each_block(
            &mut probabilities,
            ROWS_PER_BLOCK,
            |block, probabilities| {
                for (offset, probability) in probabilities.iter_mut().enumerate() {
                    let row = matrix.row(block * ROWS_PER_BLOCK + offset);
                    *probability = math::sigmoid(self.log_odds(row));
                }
            },
        );
        probabilities
    }

    fn log_odds(&self, row: &[f64]) -> f64 {
        let terms = row.iter().zip(&self.coefficients);
        terms.fold(self.intercept, |sum, (value, coefficient)| {
            sum + value * coefficient
        })
    }

    /// Every number with its name, in the order of the file.
    pub(crate) fn numbers(&self, columns: &[String]) -> Vec<(String, f64)> {
        let intercept = ("intercept".to_string(), self.intercept);
        let named = columns
            .iter()
            .cloned()
            .zip(self.coefficients.iter().copied());
        std::iter::once(intercept).chain(named).collect()
    }

    pub(super) fn write(&self, writer: &mut Writer) {
        writer.float(self.intercept);
        for &coefficient in &self.coefficients {
            writer.float(coefficient);
        }
    }

    pub(super) fn read(reader: &mut Reader<'_>, columns: usize) -> Result<Self> {
        Ok(Self {
            intercept: reader.float()?,
            coefficients: reader.floats(columns)?,
        })
    }
}
