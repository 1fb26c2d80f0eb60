//! Lasso and elastic net: the minimum of
//!
//! > Σ (y − ŷ)² / (2n) + alpha · l1_ratio · Σ |coefficient| + ½ · alpha · (1 − l1_ratio) · Σ coefficient²
//!
//! over the coefficients and the intercept, which is free; n is the sum of the weights. That is
//! scikit-learn's `ElasticNet(alpha, l1_ratio)`, and its `Lasso(alpha)` with an `l1_ratio` of 1.
//!
//! Each coefficient in turn is minimized alone (Friedman, Hastie & Tibshirani, *Regularization Paths for
//! Generalized Linear Models via Coordinate Descent*, 2010, <https://doi.org/10.18637/jss.v033.i01>),
//! until the duality gap shows how far the minimum can be (Kim et al., *An Interior-Point Method for
//! Large-Scale l1-Regularized Least Squares*, 2007).

use serde::{Deserialize, Serialize};

use super::linear::LinearModel;
use super::parameters::{float, integer};
use super::standardized::Standardized;
use super::vectors::dot;
use crate::definition::{Model, Value};
use crate::error::Result;
use crate::learn::{Examples, Warning, exact};

/// See [`crate::definition::estimator`] for the meaning and range of each.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LassoParameters {
    #[serde(with = "exact")]
    pub alpha: f64,
    #[serde(with = "exact")]
    pub l1_ratio: f64,
    pub max_iterations: u32,
    #[serde(with = "exact")]
    pub tolerance: f64,
}

impl LassoParameters {
    pub(super) fn of(model: &Model) -> Result<Self> {
        Ok(Self {
            alpha: float(model, "alpha")?,
            l1_ratio: float(model, "l1_ratio")?,
            max_iterations: integer(model, "max_iterations")?,
            tolerance: float(model, "tolerance")?,
        })
    }

    pub(super) fn values(&self) -> Vec<(&'static str, Value)> {
        vec![
            ("alpha", Value::Float(self.alpha)),
            ("l1_ratio", Value::Float(self.l1_ratio)),
            ("max_iterations", Value::Integer(self.max_iterations.into())),
            ("tolerance", Value::Float(self.tolerance)),
        ]
    }
}

/// # Errors
/// [`crate::error::Kind::DataRefused`] where squares leave the range of an f64.
pub(super) fn fit(
    parameters: &LassoParameters,
    examples: &Examples<'_>,
    numbers: &[f64],
) -> Result<(LinearModel, Vec<Warning>)> {
    let data = Standardized::of(examples, numbers, examples.row_weights())?;
    let mut search = Search::new(parameters, &data, examples.total_weight());
    let converged = search.run(parameters.max_iterations, parameters.tolerance);
    let warnings = match converged {
        true => Vec::new(),
        false => vec![Warning::new(format!(
            "The lasso had not converged after {} iterations; a larger `alpha` or \
             `max_iterations` helps, and so does `numeric = \"standardize\"`.",
            parameters.max_iterations
        ))],
    };
    Ok((data.model(&search.coefficients)?, warnings))
}

/// Coordinate descent on the standardized columns, where each has penalties of its own.
struct Search {
    columns: Vec<Vec<f64>>,
    /// Sum of the squares of each.
    squares: Vec<f64>,
    target: Vec<f64>,
    /// What the coefficients leave of the target.
    residuals: Vec<f64>,
    coefficients: Vec<f64>,
    /// Of |coefficient|, and of ½ · coefficient².
    l1: Vec<f64>,
    l2: Vec<f64>,
}

impl Search {
    fn new(parameters: &LassoParameters, data: &Standardized<'_>, total: f64) -> Self {
        let columns = 0..data.columns();
        let all = 0..data.rows();
        let values: Vec<Vec<f64>> = columns
            .clone()
            .map(|column| data.column(column, all.clone()))
            .collect();
        let (alpha, ratio) = (parameters.alpha, parameters.l1_ratio);
        let l1 = columns.clone().map(|column| {
            let unit = data.scale(column) * data.target_scale();
            total * alpha * ratio / unit
        });
        let l2 = columns.map(|column| {
            let scale = data.scale(column);
            total * alpha * (1.0 - ratio) / scale / scale
        });
        Self {
            squares: values.iter().map(|column| dot(column, column)).collect(),
            target: data.target(all.clone()),
            residuals: data.target(all),
            coefficients: vec![0.0; values.len()],
            l1: l1.collect(),
            l2: l2.collect(),
            columns: values,
        }
    }

    /// Whether the gap fell to `tolerance` times the sum of the squared target.
    fn run(&mut self, max_iterations: u32, tolerance: f64) -> bool {
        let bar = tolerance * dot(&self.target, &self.target);
        for _ in 0..max_iterations {
            let (moved, largest) = self.sweep();
            // The gap costs as much as a sweep.
            if moved <= tolerance * largest && self.gap() <= bar {
                return true;
            }
        }
        false
    }

    /// Minimizes each coefficient alone. Gives the largest move and the largest coefficient.
    fn sweep(&mut self) -> (f64, f64) {
        let (mut moved, mut largest) = (0.0_f64, 0.0_f64);
        for (at, column) in self.columns.iter().enumerate() {
            if self.squares[at] == 0.0 {
                continue;
            }
            let before = self.coefficients[at];
            let pull = dot(column, &self.residuals) + self.squares[at] * before;
            let soft = (pull.abs() - self.l1[at]).max(0.0).copysign(pull);
            let next = match soft == 0.0 {
                true => 0.0,
                false => soft / (self.squares[at] + self.l2[at]),
            };
            if next != before {
                let by = next - before;
                for (residual, value) in self.residuals.iter_mut().zip(column) {
                    *residual -= by * value;
                }
                self.coefficients[at] = next;
            }
            moved = moved.max((next - before).abs());
            largest = largest.max(next.abs());
        }
        (moved, largest)
    }

    /// How far the loss is above its minimum at most.
    fn gap(&self) -> f64 {
        let mut steepest = 0.0_f64;
        let (mut absolute, mut squares) = (0.0, 0.0);
        for (at, column) in self.columns.iter().enumerate() {
            let (coefficient, l2) = (self.coefficients[at], self.l2[at]);
            absolute += self.l1[at] * coefficient.abs();
            squares += l2 * coefficient * coefficient;
            let slope = (dot(column, &self.residuals) - l2 * coefficient).abs();
            if slope > 0.0 {
                steepest = steepest.max(slope / self.l1[at]);
            }
        }
        // The residuals, shortened until no column pulls harder than its penalty, bound the minimum.
        let share = if steepest > 1.0 { 1.0 / steepest } else { 1.0 };
        let left = dot(&self.residuals, &self.residuals);
        let fit = 0.5 * left * (1.0 + share * share) - share * dot(&self.residuals, &self.target);
        fit + absolute + 0.5 * squares * (1.0 + share * share)
    }
}
