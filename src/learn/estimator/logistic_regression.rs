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

use serde::{Deserialize, Serialize};

use super::linear::{LinearFunction, LinearModel};
use super::moments::Moments;
use super::newton::{Problem, Solution};
use super::parameters::{float, integer};
use crate::definition::{Model, Value};
use crate::error::Result;
use crate::learn::{Matrix, Warning, exact};
use crate::math;

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

/// A column is searched as `(x − centre) / scale`.
struct Rescaling {
    centre: f64,
    scale: f64,
}

pub(super) fn fit(
    parameters: &LogisticRegressionParameters,
    matrix: &Matrix,
    labels: &[bool],
) -> (LinearModel, Vec<Warning>) {
    let weights = vec![1.0; matrix.rows()];
    let moments = Moments::of_columns(matrix, &weights);
    let rescalings: Vec<Rescaling> = moments.iter().map(Rescaling::of).collect();
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
    let model = LinearModel {
        functions: vec![on_columns(&solution.coefficients, &rescalings)],
        means: Some(moments.iter().map(|column| column.mean).collect()),
    };
    (model, warnings)
}

impl Rescaling {
    /// Centring makes zeros dense, so it is kept for columns far from zero, where it is needed.
    fn of(moments: &Moments) -> Self {
        let Moments { mean, deviation } = *moments;
        if deviation == 0.0 {
            return Self {
                centre: mean,
                scale: 1.0,
            };
        }
        if !deviation.is_normal() {
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

/// The function on the columns as they are.
fn on_columns(solution: &[f64], rescalings: &[Rescaling]) -> LinearFunction {
    let mut intercept = solution[rescalings.len()];
    let mut coefficients = Vec::with_capacity(rescalings.len());
    for (coefficient, Rescaling { centre, scale }) in solution.iter().zip(rescalings) {
        let coefficient = coefficient / scale;
        intercept -= coefficient * centre;
        coefficients.push(coefficient);
    }
    LinearFunction {
        intercept,
        coefficients,
    }
}
