//! A support vector machine of two classes: the widest margin between them, in the space of a kernel.
//!
//! > minimum of ½·|w|² + c · Σ weight · max(0, 1 − y·(w·φ(x) + intercept))
//!
//! That is scikit-learn's `SVC(C = c, kernel, gamma)`; decision values agree with it to the tolerance.
//! Probabilities are a sigmoid of the decision value ([`platt`]), fitted on values of rows that the machine
//! was not learnt from: rows are dealt into five folds by the seed, each class alone, and each fold is
//! decided by a machine of the other four.

mod kernel;
mod model;
mod platt;
mod smo;

use serde::{Deserialize, Serialize};

pub use self::kernel::KernelKind;
use self::kernel::{Kernel, Similarities};
pub use self::model::SvmModel;
pub(in crate::learn) use self::platt::Sigmoid;
use self::smo::Dual;
use super::class_weight::ClassWeight;
use super::parameters::{float, integer, unusable};
use crate::definition::{Model, Value};
use crate::error::{Error, Kind, Result};
use crate::hash::ContentHasher;
use crate::learn::random::Random;
use crate::learn::{Examples, Matrix, Warning, exact};

const FOLDS: usize = 5;
/// Above so many rows people are told that it takes long.
const MANY_ROWS: usize = 20_000;
/// Steps at most, as libsvm.
const STEPS: u64 = 10_000_000;

/// See [`crate::definition::estimator`] for the meaning and range of each.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SvmParameters {
    #[serde(with = "exact")]
    pub c: f64,
    #[serde(default, skip_serializing_if = "ClassWeight::is_none")]
    pub class_weight: ClassWeight,
    /// 0: by the number of columns and their variance.
    #[serde(with = "exact")]
    pub gamma: f64,
    pub kernel: KernelKind,
    pub seed: i64,
    #[serde(with = "exact")]
    pub tolerance: f64,
}

impl SvmParameters {
    pub(super) fn of(model: &Model) -> Result<Self> {
        let kernel = match model.parameters.get("kernel") {
            Some(Value::Text(word)) if word == "linear" => KernelKind::Linear,
            Some(Value::Text(word)) if word == "rbf" => KernelKind::Rbf,
            _ => return Err(unusable("kernel")),
        };
        Ok(Self {
            c: float(model, "c")?,
            class_weight: ClassWeight::of(model)?,
            gamma: float(model, "gamma")?,
            kernel,
            seed: integer(model, "seed")?,
            tolerance: float(model, "tolerance")?,
        })
    }

    pub(super) fn values(&self) -> Vec<(&'static str, Value)> {
        let kernel = match self.kernel {
            KernelKind::Linear => "linear",
            KernelKind::Rbf => "rbf",
        };
        vec![
            ("c", Value::Float(self.c)),
            self.class_weight.value(),
            ("gamma", Value::Float(self.gamma)),
            ("kernel", Value::Text(kernel.to_string())),
            ("seed", Value::Integer(self.seed)),
            ("tolerance", Value::Float(self.tolerance)),
        ]
    }
}

/// Learns from rows of both classes.
///
/// # Errors
/// [`Kind::DataRefused`] where a distance between rows leaves the range of an f64.
pub(super) fn fit(
    parameters: &SvmParameters,
    examples: &Examples<'_>,
    labels: &[bool],
) -> Result<(SvmModel, Vec<Warning>)> {
    let matrix = examples.matrix;
    check_range(matrix)?;
    let kernel = Kernel {
        kind: parameters.kernel,
        gamma: match parameters.gamma == 0.0 {
            true => scale(matrix),
            false => parameters.gamma,
        },
    };
    let weights = examples.row_weights();
    let train = |rows: &[usize]| {
        let matrix = matrix.select_rows(rows);
        let signs = rows.iter().map(|row| if labels[*row] { 1.0 } else { -1.0 });
        let signs: Vec<f64> = signs.collect();
        let bounds = rows.iter().map(|row| parameters.c * weights[*row]);
        machine(
            kernel,
            parameters.tolerance,
            &matrix,
            &signs,
            bounds.collect(),
        )
    };
    let folds = folds(labels, parameters.seed);
    let mut values = vec![0.0; labels.len()];
    let mut converged = true;
    for fold in 0..FOLDS {
        let (held, others): (Vec<usize>, Vec<usize>) =
            (0..labels.len()).partition(|row| folds[*row] == fold);
        // Two rows are one fold, which nothing decides.
        if held.is_empty() || others.is_empty() {
            continue;
        }
        let (machine, done) = train(&others);
        converged &= done;
        let decided = machine.decisions(&matrix.select_rows(&held));
        for (row, value) in held.iter().zip(decided) {
            values[*row] = value;
        }
    }
    let (machine, done) = train(&(0..labels.len()).collect::<Vec<_>>());
    let model = SvmModel {
        sigmoid: Sigmoid::fit(&values, labels),
        ..machine
    };
    Ok((model, warnings(labels.len(), converged && done)))
}

/// A machine without a sigmoid yet; and whether its search came to an end.
fn machine(
    kernel: Kernel,
    tolerance: f64,
    matrix: &Matrix,
    signs: &[f64],
    bounds: Vec<f64>,
) -> (SvmModel, bool) {
    let dual = Dual {
        similarities: Similarities::new(kernel, matrix),
        signs,
        bounds,
    };
    let solution = dual.solve(tolerance, STEPS.max(100 * matrix.rows() as u64));
    let vectors: Vec<usize> = (0..matrix.rows())
        .filter(|row| solution.multipliers[*row] > 0.0)
        .collect();
    let coefficients = vectors.iter();
    let model = SvmModel {
        kernel,
        coefficients: coefficients
            .map(|row| signs[*row] * solution.multipliers[*row])
            .collect(),
        vectors: matrix.select_rows(&vectors),
        intercept: solution.intercept,
        sigmoid: Sigmoid {
            slope: -1.0,
            offset: 0.0,
        },
    };
    (model, solution.converged)
}

/// 1 / (columns · variance of all numbers), as scikit-learn's "scale".
fn scale(matrix: &Matrix) -> f64 {
    let values = matrix.values();
    let count = values.len() as f64;
    let mean = values.iter().fold(0.0, |sum, value| sum + value / count);
    let variance = values
        .iter()
        .fold(0.0, |sum, value| sum + (value - mean) * (value - mean))
        / count;
    match variance.is_normal() {
        true => 1.0 / (matrix.columns() as f64 * variance),
        false => 1.0,
    }
}

fn check_range(matrix: &Matrix) -> Result<()> {
    let all = matrix.values().iter();
    let largest = all.fold(0.0_f64, |most, value| most.max(value.abs()));
    let far = 4.0 * largest * largest * matrix.values().len() as f64;
    if far.is_finite() {
        return Ok(());
    }
    Err(Error::new(
        Kind::DataRefused,
        "a distance between rows leaves the range of an f64",
    )
    .help("bring columns with huge numbers to another unit, or set `numeric = \"standardize\"` under [preprocess]"))
}

/// The fold of each row: the rows of a class in random order, dealt in turn.
fn folds(labels: &[bool], seed: i64) -> Vec<usize> {
    let mut hasher = ContentHasher::new("streamflow svm 1");
    hasher.integer(seed);
    let [a, b, c, d, e, f, g, h, ..] = hasher.finish();
    let mut random = Random::new(u64::from_le_bytes([a, b, c, d, e, f, g, h]));
    let mut folds = vec![0; labels.len()];
    for class in [false, true] {
        let rows = labels.iter().enumerate();
        let rows = rows.filter(|(_, label)| **label == class);
        let mut rows: Vec<usize> = rows.map(|(row, _)| row).collect();
        for at in (1..rows.len()).rev() {
            rows.swap(at, random.below(at + 1));
        }
        for (at, row) in rows.into_iter().enumerate() {
            folds[row] = at % FOLDS;
        }
    }
    folds
}

fn warnings(rows: usize, converged: bool) -> Vec<Warning> {
    let slow = (rows > MANY_ROWS).then(|| {
        Warning::new(format!(
            "The support vector machine held {rows} train rows against each other, which takes long; \
             `logistic_regression` and trees do not."
        ))
    });
    let early = (!converged).then(|| {
        Warning::new(
            "The support vector machine had not converged; `numeric = \"standardize\"`, a smaller `c` or a \
             larger `tolerance` makes it easier.",
        )
    });
    slow.into_iter().chain(early).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learn::testing;

    /// At the minimum, rows between the ends lie on the margin, rows without a multiplier outside it, and
    /// rows at their bound inside.
    #[test]
    fn multipliers_and_margins_belong_together() {
        let (matrix, labels) = testing::classification(200, 4, 3);
        let signs: Vec<f64> = labels.iter().map(|l| if *l { 1.0 } else { -1.0 }).collect();
        let bounds: Vec<f64> = (0..200).map(|row| 1.0 + f64::from(row % 3)).collect();
        for (kind, gamma) in [(KernelKind::Rbf, 0.05), (KernelKind::Linear, 1.0)] {
            let kernel = Kernel { kind, gamma };
            let dual = Dual {
                similarities: Similarities::new(kernel, &matrix),
                signs: &signs,
                bounds: bounds.clone(),
            };
            let multipliers = dual.solve(1e-10, STEPS).multipliers;
            let (model, converged) = machine(kernel, 1e-10, &matrix, &signs, bounds.clone());
            assert!(converged);
            let sum: f64 = model.coefficients.iter().sum();
            assert!(sum.abs() < 1e-9, "{sum}");
            let mut free = 0;
            for (row, decision) in model.decisions(&matrix).iter().enumerate() {
                let margin = signs[row] * decision - 1.0;
                match multipliers[row] {
                    0.0 => assert!(margin > -1e-9, "{margin}"),
                    most if most == bounds[row] => assert!(margin < 1e-9, "{margin}"),
                    _ => {
                        assert!(margin.abs() < 1e-9, "{margin}");
                        free += 1;
                    }
                }
            }
            assert!(free > 0);
        }
    }
}
