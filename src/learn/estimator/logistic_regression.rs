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

use super::class_weight::ClassWeight;
use super::conjugate;
use super::design::{Design, Rescaling};
use super::linear::{LinearFunction, LinearModel};
use super::log_loss::LogLoss;
use super::moments::Moments;
use super::newton::{Limits, Problem, Solution};
use super::parameters::{float, integer};
use super::softmax_loss::SoftmaxLoss;
use crate::definition::{Model, Value};
use crate::error::{Error, Kind, Result};
use crate::learn::{Examples, Warning, exact};
use crate::math;

/// See [`crate::definition::estimator`] for the meaning and range of each.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogisticRegressionParameters {
    #[serde(default, skip_serializing_if = "ClassWeight::is_none")]
    pub class_weight: ClassWeight,
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
            class_weight: ClassWeight::of(model)?,
            l1: float(model, "l1")?,
            l2: float(model, "l2")?,
            max_iterations: integer(model, "max_iterations")?,
            tolerance: float(model, "tolerance")?,
        })
    }

    fn limits(&self) -> Limits {
        Limits {
            max_iterations: self.max_iterations,
            tolerance: self.tolerance,
        }
    }

    pub(super) fn values(&self) -> Vec<(&'static str, Value)> {
        vec![
            self.class_weight.value(),
            ("l1", Value::Float(self.l1)),
            ("l2", Value::Float(self.l2)),
            ("max_iterations", Value::Integer(self.max_iterations.into())),
            ("tolerance", Value::Float(self.tolerance)),
        ]
    }
}

/// What a coefficient of a class that no train row has would run to: its share is 0.
const NEVER: f64 = f64::MIN;
/// The Hessian of more coefficients takes minutes and gigabytes; steps are then found without it.
const MOST_COEFFICIENTS: usize = 2048;

/// Learns the log-odds of the positive class.
pub(super) fn fit(
    parameters: &LogisticRegressionParameters,
    examples: &Examples<'_>,
    labels: &[bool],
) -> (LinearModel, Vec<Warning>) {
    let weights = examples.row_weights();
    let moments = Moments::of_columns(examples.matrix, &weights);
    let rescalings: Vec<Rescaling> = moments.iter().map(Rescaling::of).collect();
    let start = start(labels, &weights, rescalings.len() + 1);
    let problem = Problem {
        loss: LogLoss {
            design: Design::new(examples.matrix, &rescalings, &weights),
            labels,
        },
        l1: absolute_penalties(parameters.l1, &rescalings),
        penalties: penalties(parameters.l2, &rescalings),
    };
    let solution = problem.minimize(start, parameters.limits(), Problem::newton_step);
    let model = LinearModel {
        functions: vec![on_columns(&solution.coefficients, &rescalings)],
        means: Some(moments.iter().map(|column| column.mean).collect()),
    };
    (model, not_converged(&solution))
}

/// Learns a function for each class. Two classes are learnt as yes and no, which has one penalty and
/// not two, as scikit-learn does: half the log-odds stand for the one and half against the other.
///
/// # Errors
/// [`Kind::DataRefused`] where classes and columns are too many for `l1`.
pub(super) fn fit_classes(
    parameters: &LogisticRegressionParameters,
    examples: &Examples<'_>,
    classes: usize,
    labels: &[u32],
) -> Result<(LinearModel, Vec<Warning>)> {
    let mut present: Vec<u32> = labels.to_vec();
    present.sort_unstable();
    present.dedup();
    let columns = examples.matrix.columns();
    let (learnt, warnings) = match present[..] {
        [_, second] => {
            let labels: Vec<bool> = labels.iter().map(|label| *label == second).collect();
            let (model, warnings) = fit(parameters, examples, &labels);
            let halves = [-0.5, 0.5].map(|half| model.functions[0].times(half));
            let functions = halves.to_vec();
            (LinearModel { functions, ..model }, warnings)
        }
        _ => {
            check_size(parameters.l1, present.len(), columns)?;
            let at = |label: &u32| present.partition_point(|class| class < label) as u32;
            let labels: Vec<u32> = labels.iter().map(at).collect();
            fit_softmax(parameters, examples, present.len(), &labels)
        }
    };
    let absent = LinearFunction {
        intercept: NEVER,
        coefficients: vec![0.0; columns],
    };
    let mut functions = vec![absent; classes];
    for (class, function) in present.iter().zip(learnt.functions) {
        functions[*class as usize] = function;
    }
    let means = learnt.means;
    Ok((LinearModel { functions, means }, warnings))
}

fn fit_softmax(
    parameters: &LogisticRegressionParameters,
    examples: &Examples<'_>,
    classes: usize,
    labels: &[u32],
) -> (LinearModel, Vec<Warning>) {
    let weights = examples.row_weights();
    let moments = Moments::of_columns(examples.matrix, &weights);
    let rescalings: Vec<Rescaling> = moments.iter().map(Rescaling::of).collect();
    let width = rescalings.len() + 1;
    let start = starts(labels, &weights, classes, width);
    let design = Design::new(examples.matrix, &rescalings, &weights);
    let problem = Problem {
        loss: SoftmaxLoss::new(design, labels, classes),
        l1: absolute_penalties(parameters.l1, &rescalings).repeat(classes),
        penalties: penalties(parameters.l2, &rescalings).repeat(classes),
    };
    let limits = parameters.limits();
    let solution = match classes * width <= MOST_COEFFICIENTS {
        true => problem.minimize(start, limits, Problem::newton_step),
        false => problem.minimize(start, limits, |problem, at| {
            Some(conjugate::step(problem, at))
        }),
    };
    let functions = solution.coefficients.chunks_exact(width);
    let model = LinearModel {
        functions: functions
            .map(|coefficients| on_columns(coefficients, &rescalings))
            .collect(),
        means: Some(moments.iter().map(|column| column.mean).collect()),
    };
    (model, not_converged(&solution))
}

/// The soft threshold needs the whole Hessian.
fn check_size(l1: f64, classes: usize, columns: usize) -> Result<()> {
    let coefficients = classes * (columns + 1);
    if l1 == 0.0 || coefficients <= MOST_COEFFICIENTS {
        return Ok(());
    }
    let message = format!(
        "a logistic regression of {classes} classes on {columns} columns has {coefficients} coefficients; \
         with `l1` at most {MOST_COEFFICIENTS} can be learnt"
    );
    Err(Error::new(Kind::DataRefused, message)
        .help("leave `l1` out under [model], or features with many categories"))
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
fn start(labels: &[bool], weights: &[f64], width: usize) -> Vec<f64> {
    let rows = labels.iter().zip(weights);
    let (positive, all) = rows.fold((0.0, 0.0), |(positive, all), (label, weight)| {
        (positive + f64::from(*label) * weight, all + weight)
    });
    let mut start = vec![0.0; width];
    start[width - 1] = math::ln(positive / (all - positive));
    start
}

/// The same for several classes, with intercepts that add up to 0.
fn starts(labels: &[u32], weights: &[f64], classes: usize, width: usize) -> Vec<f64> {
    let mut shares = vec![0.0; classes];
    for (label, weight) in labels.iter().zip(weights) {
        shares[*label as usize] += weight;
    }
    let logs: Vec<f64> = shares.into_iter().map(math::ln).collect();
    let mean = logs.iter().fold(0.0, |sum, log| sum + log) / classes as f64;
    let mut starts = vec![0.0; classes * width];
    for (start, log) in starts.chunks_exact_mut(width).zip(&logs) {
        start[width - 1] = log - mean;
    }
    starts
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
